"""Paths in a manifest: relative to the folder of the report, so that a project can be moved or shared as a whole."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FILES = ("config_file", "config_files")  # values are paths
_HASHES = ("own_code", "strategy_files")  # hashes by path


def from_report(path: str, folder: Path) -> str:
    """Return a path relative to the folder of a report; an absolute one if they share no more than the root.

    Args:
        path: a path, which may begin with `~`; a relative path, or the name of a class without a file, is returned as
            it is.
        folder: folder of the report, without links.

    >>> from_report("/srv/configs/erc.yaml", Path("/srv/reports/erc"))
    '../../configs/erc.yaml'
    >>> from_report("/data/erc.yaml", Path("/srv/reports/erc"))
    '/data/erc.yaml'
    """
    file = os.path.expanduser(path)  # noqa: PTH111 - Path raises RuntimeError without a home folder
    if not Path(file).is_absolute() or Path(file).parts[:2] != folder.parts[:2]:
        return path
    return Path(os.path.relpath(file, folder)).as_posix()


def path_in_report(path: str, folder: Path) -> Path:
    """Return the path that a manifest in a folder names.

    >>> path_in_report("../../configs/erc.yaml", Path("reports/erc")).as_posix()
    'configs/erc.yaml'
    """
    return Path(os.path.normpath(folder / os.path.expanduser(path)))  # noqa: PTH111 - see above


def manifest_from_report(manifest: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the manifest of a run or a comparison with the paths of `from_report`, also inside its lists.

    Args:
        manifest: a manifest, which may come from another version.
        folder: folder of the report.
    """
    place, made = folder.resolve(), dict(manifest)
    for key, value in manifest.items():
        if key.endswith((*_FILES, *_HASHES)):
            made[key] = _relative(value, place, keys=key.endswith(_HASHES))
        elif isinstance(value, list):
            made[key] = [manifest_from_report(item, folder) if isinstance(item, Mapping) else item for item in value]
    return made


def _relative(value: Any, folder: Path, *, keys: bool) -> Any:
    """Return a path, or the values or the keys of a mapping, as paths from a folder; hashes stay as they are."""
    if isinstance(value, Mapping):
        nested = {name: _relative(item, folder, keys=keys) for name, item in value.items()}
        flat = keys and all(isinstance(item, str) for item in value.values())
        return {from_report(str(name), folder): item for name, item in value.items()} if flat else nested
    return from_report(value, folder) if isinstance(value, str) else value
