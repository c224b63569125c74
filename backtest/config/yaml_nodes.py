"""YAML 1.2 files as trees of nodes, each of which knows its file, line and column."""

import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from backtest.errors import ConfigError

Location = Sequence[str | int]

_LONGEST = 1000  # digits: a longer number is a mistake
_DEEPEST = 20  # no configuration nests more than a few levels

# YAML 1.2.2, section 10.3.2 (the library's own rules are wider: they read 60_40 as a number)
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class _NamedText(StringIO):
    """Text with the name of its file, which the parser copies into the mark of each node."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


def core_scalar(text: str) -> str | int | float | bool | None:
    """Return the meaning of a plain scalar by the core schema of YAML 1.2.

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


def read_text(path: Path, *, relative_to: str = "the current folder") -> str:
    """Return the text of a YAML file.

    Args:
        path: the file.
        relative_to: the folder that a relative path starts from, for the message about a missing file.

    Raises:
        ConfigError: the file does not exist, cannot be read, or is not UTF-8 text.
    """
    try:
        if path.is_dir():
            raise ConfigError(f"{path}: a folder; expected a YAML file")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:  # its message has the path, which may be an address with secrets
        raise ConfigError(f"{path}: no such file. Hint: the path is relative to {relative_to}.") from None
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path}: not UTF-8 text, so not YAML") from problem
    except (OSError, ValueError) as problem:  # ValueError: a null character in the path
        raise ConfigError(f"{path}: cannot be read ({getattr(problem, 'strerror', problem)})") from None


def parse(text: str, path: Path) -> MappingNode:
    """Return the root of a YAML text whose nodes are marked with the path of its file.

    Raises:
        ConfigError: not YAML, nested too deeply, or not a mapping.
    """
    try:
        root = YAML(typ="rt").compose(_NamedText(text, str(path)))
    except MarkedYAMLError as problem:
        mark = problem.problem_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ConfigError(f"{path}{at}: not YAML: {problem.problem}") from problem
    except RecursionError as problem:
        raise ConfigError(f"{path}: nested more than {_DEEPEST} levels deep") from problem
    except YAMLError as problem:
        raise ConfigError(f"{path}: not YAML: {str(problem).splitlines()[0]}") from problem
    if not isinstance(root, MappingNode):
        got = "nothing" if root is None else "a list" if isinstance(root, SequenceNode) else "a single value"
        raise ConfigError(f"{path}:1:1: got {got}; expected settings such as `name: erc`")
    return root


def plain(node: Node, problems: list[str], location: tuple[str | int, ...] = ()) -> Any:
    """Return the values below a node as plain Python; if a key is repeated, its last value counts.

    Args:
        node: the node.
        problems: receives a line for each key that is repeated or is not a scalar.
        location: location of the node in its document.

    Raises:
        ConfigError: nested too deeply, for example an alias inside its own anchor.
    """
    if len(location) > _DEEPEST:
        raise ConfigError(f"{place(node)}: {dotted(location[:3])}...: nested more than {_DEEPEST} levels deep")
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
    if isinstance(node, MappingNode):
        for name, value in reversed(node.value):
            if str(name.value) == str(step):
                return name, value
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def node_to_mark(key: Node, value: Node) -> Node:
    """Return the node whose position is shown for a value: its key if the value is empty and so marked a line below."""
    empty = isinstance(value, ScalarNode) and not value.value and not value.style
    return key if empty else value


def place(node: Node) -> str:
    """Return `file:line:column` of a node."""
    mark = node.start_mark
    return f"{mark.name}:{mark.line + 1}:{mark.column + 1}"


def dotted(location: Location) -> str:
    """Return a location as messages write it.

    >>> dotted(("data", "assets", 2))
    'data.assets[2]'
    """
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
