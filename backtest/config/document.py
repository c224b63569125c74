"""A YAML 1.2 document that remembers where each value stands."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from backtest.errors import ConfigError

Location = Sequence[str | int]

_LONGEST = 1000  # digits: what is longer is no number anyone means
_DEEPEST = 20  # no configuration nests more than a few levels

# YAML 1.2.2, section 10.3.2 (the library's own rules are wider: they take 60_40 for a number)
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def core_scalar(text: str) -> str | int | float | bool | None:
    """What a plain scalar means by the core schema of YAML 1.2.

    >>> [core_scalar(text) for text in ("NO", "60_40", "1e-4", "010", "~")]
    ['NO', '60_40', 0.0001, 10, None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) < _LONGEST:
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".", "") if text[-1] in "fFnN" else text)  # .inf and .nan
    return text


class Document:
    """A parsed file: `values`, plain Python; `at`, the place of a value; `problems`, what is wrong with the YAML.

    Args:
        path: the file; it stands in all messages as given.

    Raises:
        ConfigError: no such file, not text, not YAML, or not a mapping.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self._root = self._parse(self._read())
        self.values: dict[str, Any] = self._plain(self._root, ())

    def _read(self) -> str:
        try:
            if self.path.is_dir():
                raise ConfigError(f"{self.path}: a folder; expected a YAML file")
            return self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as problem:
            raise ConfigError(
                f"{self.path}: no such file. Hint: the path is relative to the current folder."
            ) from problem
        except OSError as problem:
            raise ConfigError(f"{self.path}: cannot be read ({problem.strerror})") from problem
        except UnicodeDecodeError as problem:
            raise ConfigError(f"{self.path}: not UTF-8 text, so not YAML") from problem

    def _parse(self, text: str) -> MappingNode:
        try:
            root = YAML(typ="rt").compose(text)
        except MarkedYAMLError as problem:
            mark = problem.problem_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
            raise ConfigError(f"{self.path}{place}: not YAML: {problem.problem}") from problem
        except RecursionError as problem:
            raise ConfigError(f"{self.path}: nested more than {_DEEPEST} deep") from problem
        except YAMLError as problem:
            raise ConfigError(f"{self.path}: not YAML: {str(problem).splitlines()[0]}") from problem
        if not isinstance(root, MappingNode):
            got = "nothing" if root is None else "a list" if isinstance(root, SequenceNode) else "a single value"
            raise ConfigError(f"{self.path}:1:1: got {got}; expected settings such as `name: erc`")
        return root

    def _plain(self, node: Node, location: tuple[str | int, ...]) -> Any:
        if len(location) > _DEEPEST:  # an alias inside what it stands for, or nonsense
            raise ConfigError(f"{self._place(node)}: {dotted(location[:3])}...: nested more than {_DEEPEST} deep")
        if isinstance(node, SequenceNode):
            return [self._plain(item, (*location, i)) for i, item in enumerate(node.value)]
        if not isinstance(node, MappingNode):
            plain_text = isinstance(node, ScalarNode) and not node.style  # quoted and block text stays text
            return core_scalar(node.value) if plain_text else node.value
        plain: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problems.append(
                    f"{self._place(key)}: {dotted(location)}: a list or mapping as a name; expected text"
                )
                continue
            name = str(key.value)
            if name in plain:
                where = f"{self._place(key)}: {dotted((*location, name))}"
                self.problems.append(f"{where}: stands twice; expected each setting once")
            plain[name] = self._plain(value, (*location, name))
        return plain

    def _place(self, node: Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def at(self, location: Location, key: bool = False) -> str:
        """`file:line:column` of the value at a location (of its key where `key`), or of the nearest one above it."""
        node: Node = self._root
        place = self._place(node)
        for step in location:
            found = _child(node, step)
            if found is None:
                break
            name, node = found
            left_out = isinstance(node, ScalarNode) and not node.value and not node.style  # stands on the next line
            place = self._place(name if key or left_out else node)
        return place

    def value(self, location: Location) -> Any:
        """The plain value at a location that is there."""
        value: Any = self.values
        for step in location:
            value = value[step]
        return value

    def has(self, location: Location) -> bool:
        """Whether a value stands at this location."""
        node: Node = self._root
        for step in location:
            found = _child(node, step)
            if found is None:
                return False
            node = found[1]
        return True


def _child(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        for name, value in reversed(node.value):  # of a key that stands twice, the last one counts
            if str(name.value) == str(step):
                return name, value
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def dotted(location: Location) -> str:
    """A location as it is written in messages.

    >>> dotted(("data", "assets", 2))
    'data.assets[2]'
    """
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
