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
_LONGEST_CHAIN = 20  # files
_Pairs = dict[str, tuple[Node, Node]]

_KIND_SETTING: Mapping[str, str] = {"strategy": "name", "estimation": "covariance", "financing": "kind"}
"""Setting of a section that names its kind; the kind of `leverage:` follows from the settings that it has."""
_BY_NAME = frozenset({"assets", "classes", "fx", "splice"})
"""Settings of `data:` whose keys are names of assets or currencies."""


def resolve_extends(path: Path, problems: list[str]) -> MappingNode:
    """Return the settings of a file merged with those it extends; each node is marked with its own file.

    Relative paths of prices are rewritten, where files are in different folders, to be relative to the first file.

    Args:
        path: the file.
        problems: receives a line for each repeated key in any of the files.

    Raises:
        ConfigError: a file is missing, is not text, YAML or a mapping, or the files extend each other in a circle.
    """
    return _resolve(path, read_text(path), problems, ())


def _resolve(path: Path, text: str, problems: list[str], extended_by: tuple[Path, ...]) -> MappingNode:
    root = parse(text, path)
    plain(root, problems)
    pair = child(root, EXTENDS)
    if pair is None:
        return root
    at, given = f"{place(node_to_mark(*pair))}: {EXTENDS}", scalar(pair[1])
    if not isinstance(given, str):
        raise ConfigError(f"{at}: expected the path of another configuration, such as erc.yaml")
    base, chain = path.parent / given, (*extended_by, path)
    try:
        base_text = read_text(base, relative_to="this configuration's folder")
    except ConfigError as problem:
        raise ConfigError(f"{at}: {problem}") from problem
    if realpath(base) in map(realpath, chain):
        files = " extends ".join(map(str, (*chain, base)))
        raise ConfigError(f"{at}: a circle: {files}; expected a chain that ends with a file that extends no other")
    if len(chain) > _LONGEST_CHAIN:
        raise ConfigError(f"{at}: a chain of more than {_LONGEST_CHAIN} files")
    inherited: Node = _resolve(base, base_text, problems, chain)
    if base.parent != path.parent:
        inherited = _relocate(inherited, PurePath(given).parent)
    return _replace(root, {**_pairs(inherited), **_merge(inherited, root)})


def _pairs(node: Node) -> _Pairs:
    """Return the keys and values of a mapping by name."""
    return {str(key.value): (key, value) for key, value in node.value}


def _merge(base: Node, own: Node) -> _Pairs:
    """Return the settings and sections of a file, each section merged with the inherited one of its kind."""
    merged, inherited = _pairs(own), _pairs(base)
    for name in merged.keys() & inherited.keys():
        (_, before), (key, section) = inherited[name], merged[name]
        if isinstance(before, MappingNode) and isinstance(section, MappingNode) and _same_kind(name, before, section):
            merged[name] = key, _replace(section, {**_pairs(before), **_pairs(section)})
    return merged


def _replace(node: MappingNode, pairs: _Pairs) -> MappingNode:
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
    """Return the settings below a node, with a folder prepended to relative paths of prices."""
    if isinstance(node, MappingNode):
        pairs = _pairs(node).items()
        return _replace(
            node, {name: (key, _relocate(value, folder, (*location, name))) for name, (key, value) in pairs}
        )
    path = scalar(node)
    if not (isinstance(node, ScalarNode) and _is_price_path(location) and isinstance(path, str)):
        return node
    if is_address(path) or path.startswith("~"):
        return node
    moved = copy(node)
    moved.value, moved.style = (folder / path).as_posix(), '"'
    return moved


def _is_price_path(location: tuple[str, ...]) -> bool:
    """Return whether a location is the path of the data section, or the path of one series."""
    match location:
        case ("data", "path"):
            return True
        case ("data", setting, "path"):
            return setting not in _BY_NAME
        case ("data", setting, _, "path"):
            return setting in _BY_NAME
    return False
