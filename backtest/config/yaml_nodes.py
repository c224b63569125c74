"""Trees of YAML 1.2 nodes, each of which knows its file, line and column, and their values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Location = Sequence[str | int]

# YAML 1.2.2, section 10.3.2 (the library's own rules are wider: they read 60_40 as a number)
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True)
class GivenMark:
    """Place of a value that comes from Python or the command line instead of a file.

    Args:
        name: file, or nameless path in the folder, that paths in the value are relative to.
        origin: origin of the value in messages, such as `overrides`.
    """

    name: str
    origin: str


def is_whole_number(text: str) -> bool:
    """Return whether a plain scalar is a whole number: decimal, octal or hexadecimal."""
    return bool(_INT.fullmatch(text) or _OTHER_INT.fullmatch(text))


def core_scalar(text: str) -> str | int | float | bool | None:
    """Return the meaning of a plain scalar by the core schema of YAML 1.2.

    >>> [core_scalar(text) for text in ("NO", "60_40", "1e-4", "010", "~")]
    ['NO', '60_40', 0.0001, 10, None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".", "") if text[-1] in "fFnN" else text)  # .inf and .nan
    return text


def plain(node: Node, problems: list[str], location: tuple[str | int, ...] = ()) -> Any:
    """Return the values below a node as plain Python; if a key is repeated, its last value counts.

    Args:
        node: the node.
        problems: receives a line for each key that is repeated or is not a scalar.
        location: location of the node in its document.
    """
    if isinstance(node, SequenceNode):
        return [plain(item, problems, (*location, i)) for i, item in enumerate(node.value)]
    if not isinstance(node, MappingNode):
        return scalar(node)
    values: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            problems.append(f"{place(key)}: {dotted(location)}: a list or mapping as a name; expected text")
            continue
        name = str(key.value)
        if name in values:
            at = f"{place(key)}: {dotted((*location, name))}"
            problems.append(f"{at}: appears twice; expected each setting once")
        values[name] = plain(value, problems, (*location, name))
    return values


def scalar(node: Node) -> Any:
    """Return the value of a scalar node; quoted and block text is always text."""
    return core_scalar(node.value) if isinstance(node, ScalarNode) and not node.style else node.value


def child(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """Return the key and the value one step below a node, or None; if a key is repeated, the last pair."""
    return children(node).get(step if isinstance(node, SequenceNode) else str(step))


def children(node: Node) -> dict[str | int, tuple[Node, Node]]:
    """Return the keys and the values one step below a node, by name or position."""
    if isinstance(node, MappingNode):
        return {str(key.value): (key, value) for key, value in node.value}
    return {i: (item, item) for i, item in enumerate(node.value)} if isinstance(node, SequenceNode) else {}


def node_to_mark(key: Node, value: Node) -> Node:
    """Return the node whose position is shown for a value: its key if the value is empty and so marked a line below."""
    empty = isinstance(value, ScalarNode) and not value.value and not value.style
    return key if empty else value


def place(node: Node) -> str:
    """Return `file:line:column` of a node, or the origin of a node that was made from a Python value."""
    mark = node.start_mark
    return mark.origin if isinstance(mark, GivenMark) else f"{mark.name}:{mark.line + 1}:{mark.column + 1}"


def dotted(location: Location) -> str:
    """Return a location as messages write it.

    >>> dotted(("data", "assets", 2))
    'data.assets[2]'
    """
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
