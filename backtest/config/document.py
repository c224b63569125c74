"""A configuration as written in its file and in those it extends, or as given in Python, with places of its values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import Node, SequenceNode

from backtest.config.extends import EXTENDS, pairs_of, resolve_extends, resolve_from, with_pairs
from backtest.config.given_values import fields_of, nodes_of, override
from backtest.config.yaml_nodes import GivenMark, Location, children, node_to_mark, place, plain
from backtest.data.data_settings import DataSettings


class Document:
    """A configuration merged with the files it extends, and with overrides.

    Attributes:
        path: the file; messages show it as given. For settings from Python, a path without a name in the folder that
            their paths are relative to.
        problems: mistakes in the YAML itself, such as repeated keys, in all files.
        values: plain Python values of the merged settings, without `extends`.
        overrides: dotted names of the overrides.

    Args:
        given: the file, or settings as nested mappings.
        overrides: values that replace settings, by dotted name.
        path: file that the paths in settings from Python are relative to.
        data: data section in place of the configuration's own.

    Raises:
        ConfigError: a file is missing, is not text, YAML or a mapping, or the files extend each other in a circle.
    """

    def __init__(
        self,
        given: Path | Mapping[str, Any],
        overrides: Mapping[str, Any] | None = None,
        path: Path = Path(),
        data: DataSettings | None = None,
    ) -> None:
        self.path = given if isinstance(given, Path) else path
        self.problems: list[str] = []
        self._children: dict[int, dict[str | int, tuple[Node, Node]]] = {}
        if isinstance(given, Path):
            root = resolve_extends(given, self.problems)
        else:
            root = resolve_from(nodes_of(given, self._mark("settings")), path, self.problems)
        if data is not None:
            own = nodes_of({"data": fields_of(data)}, self._mark("market"))
            root = with_pairs(root, {**pairs_of(root), **pairs_of(own)})
        self._root = override(root, overrides, self._mark("overrides")) if overrides else root
        self.overrides = tuple(overrides or ())
        self.values: dict[str, Any] = plain(self._root, [])
        self.values.pop(EXTENDS, None)

    def at(self, location: Location, key: bool = False) -> str:
        """Return `file:line:column` of a value (of its key if `key` is set), or of the nearest value above it."""
        return place(self._node(location, key=key))

    def folder_of(self, location: Location) -> Path:
        """Return the folder of the file that contains a value; paths in the value are relative to it."""
        return Path(self._node(location).start_mark.name).parent

    def value(self, location: Location) -> Any:
        """Return the plain value at an existing location."""
        value: Any = self.values
        for step in location:
            value = value[step]
        return value

    def has(self, location: Location) -> bool:
        """Return whether a location exists."""
        node: Node = self._root
        for step in location:
            pair = self._child(node, step)
            if pair is None:
                return False
            node = pair[1]
        return True

    def _mark(self, origin: str) -> GivenMark:
        return GivenMark(str(self.path), origin)

    def _node(self, location: Location, *, key: bool = False) -> Node:
        node: Node = self._root
        target = node
        for step in location:
            pair = self._child(node, step)
            if pair is None:
                break
            name, node = pair
            target = name if key else node_to_mark(name, node)
        return target

    def _child(self, node: Node, step: str | int) -> tuple[Node, Node] | None:
        """Return the key and the value one step below a node; a node's children are indexed once for all messages."""
        if id(node) not in self._children:
            self._children[id(node)] = children(node)
        return self._children[id(node)].get(step if isinstance(node, SequenceNode) else str(step))
