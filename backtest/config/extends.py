"""`extends:`: a configuration takes the settings of another file and replaces some of them.

A section merges setting by setting. Each setting replaces the inherited one as a whole, including lists and mappings
such as `weights`. A section of another kind (another strategy, estimator, financing or leverage) inherits nothing.
"""

from collections.abc import Mapping
from copy import copy
from os.path import realpath
from pathlib import Path, PurePath

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from backtest.config.run_config import RunConfig
from backtest.config.yaml_nodes import child, node_to_mark, place, plain, scalar
from backtest.config.yaml_text import parse, read_text
from backtest.data.sources.address import is_address
from backtest.errors import ConfigError
from backtest.strategy.scaling import kind_of_leverage

EXTENDS = "extends"
TITLE = "title"
"""Setting that belongs to a name: a file or an override with another name does not keep the title."""

_LONGEST_CHAIN = 20  # files
Pairs = dict[str, tuple[Node, Node]]

_KIND_SETTING: Mapping[str, str] = {"strategy": "name", "estimation": "covariance", "financing": "kind"}
"""Setting of a section that names its kind; the kind of `leverage:` follows from the settings that it has."""
_BY_NAME = frozenset({"assets", "classes", "exclude", "fx", "splice"})
"""Settings of `data:` whose keys are names of assets or currencies."""


def resolve_extends(path: Path, problems: list[str]) -> MappingNode:
    """Return the settings of a file merged with those it extends; each node is marked with its own file.

    Relative paths are rewritten, where files are in different folders, to be relative to the first file.

    Args:
        path: the file.
        problems: receives a line for each repeated key in any of the files.

    Raises:
        ConfigError: a file is missing, is not text, YAML or a mapping, or the files extend each other in a circle.
    """
    return resolve_from(parse(read_text(path), path), path, problems)


def resolve_from(root: MappingNode, path: Path, problems: list[str], extended_by: tuple[Path, ...] = ()) -> MappingNode:
    """Return settings merged with those they extend; see `resolve_extends`.

    Args:
        root: the settings.
        path: their file, or a path without a name in the folder that their paths are relative to.
        problems: receives a line for each repeated key in any of the files.
        extended_by: files that extend this one, in order.
    """
    plain(root, problems)
    pair = child(root, EXTENDS)
    if pair is None:
        return root
    at, given = f"{place(node_to_mark(*pair))}: {EXTENDS}", scalar(pair[1])
    if not isinstance(given, str):
        raise ConfigError(f"{at}: expected the path of another configuration, such as erc.yaml")
    base, chain = path.parent / given, (*extended_by, path)
    try:
        base_text = read_text(base, relative_to="this configuration's folder" if path.name else "the current folder")
    except ConfigError as problem:
        raise ConfigError(f"{at}: {problem}") from problem
    if realpath(base) in map(realpath, chain):
        files = " extends ".join(map(str, (*chain, base)))
        raise ConfigError(f"{at}: a circle: {files}; expected a chain that ends with a file that extends no other")
    if len(chain) > _LONGEST_CHAIN:
        raise ConfigError(f"{at}: a chain of more than {_LONGEST_CHAIN} files")
    inherited: Node = resolve_from(parse(base_text, base), base, problems, chain)
    if base.parent != path.parent:
        inherited = _relocate(inherited, PurePath(given).parent)
    own = merged_pairs(inherited, root)
    kept = {name: pair for name, pair in pairs_of(inherited).items() if name != TITLE or "name" not in own}
    return with_pairs(root, {**kept, **own})


def pairs_of(node: Node) -> Pairs:
    """Return the keys and values of a mapping by name."""
    return {str(key.value): (key, value) for key, value in node.value}


def merged_pairs(base: Node, own: Node) -> Pairs:
    """Return the settings and sections of a file, each section merged with the inherited one of its kind."""
    merged, inherited = pairs_of(own), pairs_of(base)
    for name in merged.keys() & inherited.keys():
        (_, before), (key, section) = inherited[name], merged[name]
        before = _in_full(name, before)
        if isinstance(before, MappingNode) and isinstance(section, MappingNode) and _same_kind(name, before, section):
            merged[name] = key, with_pairs(section, {**pairs_of(before), **pairs_of(section)})
    return merged


def _in_full(name: str, section: Node) -> Node:
    """Return `strategy: erc` as `strategy: {name: erc}`, and other sections unchanged."""
    if name != "strategy" or not isinstance(section, ScalarNode):
        return section
    setting = ScalarNode(section.tag, "name", start_mark=section.start_mark, style='"')
    return MappingNode(section.tag, [(setting, section)], start_mark=section.start_mark)


def with_pairs(node: MappingNode, pairs: Pairs) -> MappingNode:
    """Return a copy of a mapping node with other keys and values."""
    changed = copy(node)
    changed.value = list(pairs.values())
    return changed


def _same_kind(name: str, base: MappingNode, own: MappingNode) -> bool:
    """Return True if a section states no kind, or the kind of the inherited section (stated or by default)."""
    before, after = plain(base, []), plain(own, [])
    if name == "leverage":
        return kind_of_leverage(after) in (None, kind_of_leverage(before))
    setting = _KIND_SETTING.get(name)
    if setting is None or setting not in after:
        return True
    return bool(after[setting] == before.get(setting, getattr(RunConfig.model_fields[name].default, setting, None)))


def _relocate(node: Node, folder: PurePath, location: tuple[str, ...] = ()) -> Node:
    """Return the settings below a node, with a folder prepended to relative paths."""
    if isinstance(node, MappingNode):
        pairs = pairs_of(node).items()
        return with_pairs(
            node, {name: (key, _relocate(value, folder, (*location, name))) for name, (key, value) in pairs}
        )
    path = scalar(node)
    if not (isinstance(node, ScalarNode) and _is_path(location) and isinstance(path, str)):
        return node
    if is_address(path) or path.startswith("~"):
        return node
    moved = copy(node)
    moved.value, moved.style = (folder / path).as_posix(), '"'
    return moved


def _is_path(location: tuple[str, ...]) -> bool:
    """Return whether a location is the path of the data section, of one series, or of a file of the strategy."""
    match location:
        case ("data", "path"):
            return True
        case ("data", setting, "path"):
            return setting not in _BY_NAME
        case ("strategy", *_, "file"):
            return True
        case ("data", setting, _, "path"):
            return setting in _BY_NAME
    return False
