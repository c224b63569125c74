"""The text of a YAML file, and the tree of its nodes, within limits that no configuration needs to exceed.

Aliases are counted as often as they appear: ten lines of aliases of aliases can stand for a billion values.
"""

import re
import warnings
from functools import lru_cache
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from backtest.config.yaml_nodes import dotted, is_whole_number, place
from backtest.data.sources.tables.regular_file import not_readable
from backtest.errors import UNPRINTABLE, ConfigError

_MOST_BYTES = 2**18  # thousands of assets fit; the parser reads some 100,000 a second
_MOST_VALUES = 100_000
DEEPEST = 20  # no configuration nests more than a few levels
_LONGEST_TEXT = 4_096  # characters: the longest path of Linux
_MOST_DIGITS = 40
_MOST_LINES = 10  # texts that are named
_AT_LINE_ENDS = str.maketrans("", "", "\n\r\t")


def read_text(path: Path, *, relative_to: str = "the current folder") -> str:
    """Return the text of a YAML file.

    Args:
        path: the file.
        relative_to: the folder that a relative path starts from, for the message about a missing file.

    Raises:
        ConfigError: the file does not exist, cannot be read, is too long, or is not UTF-8 text.
    """
    try:
        if reason := not_readable(path, _MOST_BYTES):
            raise ConfigError(f"{path}: {reason}; expected a YAML file")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:  # its message has the path, which may be an address with secrets
        raise ConfigError(f"{path}: no such file. Hint: the path is relative to {relative_to}.") from None
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path}: not UTF-8 text, so not YAML") from problem
    except (OSError, ValueError) as problem:  # ValueError: a null character in the path
        raise ConfigError(f"{path}: cannot be read ({getattr(problem, 'strerror', problem)})") from None


class _NamedText(StringIO):
    """Text with the name of its file, which the parser copies into the mark of each node."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


@lru_cache(maxsize=32)
def parse(text: str, path: Path) -> MappingNode:
    """Return the root of a YAML text whose nodes are marked with the path of its file.

    Nodes are never changed, so configurations that extend the same file share them.

    Raises:
        ConfigError: not YAML, not a mapping, too many or too deeply nested values, or text that cannot be printed.
    """
    for number, line in enumerate(text.split("\n"), 1):
        found = UNPRINTABLE.search(line.translate(_AT_LINE_ENDS))
        if found:
            at = f"{path}:{number}:{line.index(found[0]) + 1}"
            raise ConfigError(f"{at}: not YAML: the character U+{ord(found[0]):04X}, which cannot be printed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ReusedAnchorWarning)
            root = YAML(typ="safe", pure=True).compose(_NamedText(text, str(path)))
    except ReusedAnchorWarning as problem:
        line, column = re.findall(r"line (\d+), column (\d+)", str(problem))[-1]
        raise ConfigError(f"{path}:{line}:{column}: an anchor that is defined twice; expected a new name") from problem
    except MarkedYAMLError as problem:
        mark = problem.problem_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ConfigError(f"{path}{at}: not YAML: {problem.problem}") from problem
    except RecursionError as problem:
        raise ConfigError(f"{path}: nested more than {DEEPEST} levels deep") from problem
    except YAMLError as problem:
        raise ConfigError(f"{path}: not YAML: {str(problem).splitlines()[0]}") from problem
    if not isinstance(root, MappingNode):
        got = "nothing" if root is None else "a list" if isinstance(root, SequenceNode) else "a single value"
        raise ConfigError(f"{path}:1:1: got {got}; expected settings such as `name: erc`")
    problems: list[str] = []
    _count(root, (), {}, problems)
    if problems:
        raise ConfigError(*problems[:_MOST_LINES])
    return root


def _count(node: Node, location: tuple[str | int, ...], counts: dict[int, int], problems: list[str]) -> int:
    """Return the number of values below a node, with aliases written out; check the text of each scalar once.

    Args:
        node: the node.
        location: location of the node in its document.
        counts: numbers of nodes counted before, by identity.
        problems: receives a line for each scalar that is too long or cannot be printed.

    Raises:
        ConfigError: too many values, or nested too deeply, for example by an alias inside its own anchor.
    """
    if len(location) > DEEPEST:
        raise ConfigError(f"{place(node)}: {dotted(location[:3])}...: nested more than {DEEPEST} levels deep")
    if id(node) in counts:
        return counts[id(node)]
    count = 1
    if isinstance(node, ScalarNode):
        wrong = _wrong_text(node)
        if wrong:
            problems.append(f"{place(node)}: {dotted(location)}: {wrong}")
    else:
        for step, inner in _inner_nodes(node):
            count += _count(inner, (*location, step), counts, problems)
            if count > _MOST_VALUES:
                raise ConfigError(f"{place(node)}: {dotted(location)}: more than {_MOST_VALUES:,} values, with aliases")
    counts[id(node)] = count
    return count


def _inner_nodes(node: Node) -> list[tuple[str | int, Node]]:
    """Return the nodes one step below a node with their names; a key is a node too."""
    if isinstance(node, MappingNode):
        names = [(key.value if isinstance(key, ScalarNode) else "?", key, value) for key, value in node.value]
        return [(name, inner) for name, *pair in names for inner in pair]
    return list(enumerate(node.value))


def _wrong_text(node: ScalarNode) -> str:
    """Return what is wrong with the text of a scalar; empty if nothing is."""
    text = str(node.value)
    if not node.style and len(text) > _MOST_DIGITS and is_whole_number(text):
        return f"a number of {len(text):,} digits; expected {_MOST_DIGITS} at most"
    if len(text) > _LONGEST_TEXT:
        return f"a text of {len(text):,} characters; expected {_LONGEST_TEXT:,} at most"
    found = UNPRINTABLE.search(text)
    return f"a text with the character U+{ord(found[0]):04X}; expected one line that can be printed" if found else ""
