"""Folder of a report: checks before an earlier one is replaced, and the replacement in one step.

A process locks its temporary folder. The system ends the lock with the process, so an unlocked temporary folder belongs
to a process that was killed, and can be removed.
"""

import ctypes
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Any

from backtest.errors import ReportError
from backtest.reporting.files.manifest import MADE_BY, MANIFEST, plain_json, read_manifest

_TEMPORARY = f".{MADE_BY}-"
_LONGEST_INSIDE = 64  # characters of the longest path of a file inside a report


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Provide a temporary folder that replaces this folder, and an earlier report in it, at the end of the context.

    If filling it is interrupted or fails, an earlier report stays intact and the temporary folder is removed. If the
    process is killed, the next one that writes a report next to it removes the temporary folder.

    Args:
        folder: final folder of the files; missing parents are created, and a link is followed.

    Raises:
        ReportError: the folder cannot be written, or holds files that are not a report.
    """
    target = check_replaceable(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(target.parent) as temporary:
            yield temporary
            _swap(temporary, target)
    except OSError as problem:
        raise _unwritable(folder, problem) from problem


def check_replaceable(folder: Path) -> Path:
    """Return the folder that a path leads to, if it is absent, empty or a report of this program, and can be replaced.

    Raises:
        ReportError: the folder cannot be written or replaced, or holds files that are not a report.
    """
    try:
        target = _follow(folder)
        nearest = next(place for place in (target, *target.parents) if place.exists())
        if not nearest.is_dir():
            raise ReportError(f"{nearest}: is a file; expected a folder for the report. Hint: choose another --output.")
        missing = [nearest / part for part in target.relative_to(nearest).parts]
        for place in (*missing, target / ("x" * _LONGEST_INSIDE)):
            with suppress(FileNotFoundError):
                place.lstat()  # fails if the name is too long
        _check_free(target, folder)
        with _temporary(target.parent if nearest == target else nearest):
            pass  # fails without permission, or on a read-only file system
    except (OSError, ValueError) as problem:  # ValueError: a null character, or no Unicode text
        raise _unwritable(folder, problem) from problem
    return target


def check_same_settings(folder: Path, settings: Any) -> None:
    """Raise an error if a folder holds the report of other settings.

    Settings are the same if they are equal in full, defaults included. Data, own code and versions may have changed.

    Args:
        folder: folder of a report, which may be absent.
        settings: `config` of the manifest of a run, or `comparison` of the manifest of a comparison.

    Raises:
        ReportError: it does.
    """
    if _has_other_settings(folder, settings):
        raise ReportError(
            f"{folder}: holds the report of other settings, so it is not replaced. "
            "Hint: --replace (in Python replace=True), or choose another folder."
        )


def _has_other_settings(folder: Path, settings: Any) -> bool:
    manifest = _our_manifest(folder)
    if manifest is None:
        return False
    return bool(manifest.get("config", manifest.get("comparison")) != plain_json(settings))


def folder_for(chosen: Path | None, default: Path, settings: Any, *, replace: bool) -> Path:
    """Return the folder of a report: the chosen one, or the first of the default and those numbered after it.

    A chosen folder is never numbered, because a program that reads it would not notice.

    Args:
        chosen: folder that the user chose; None for the default.
        default: folder without a number, such as `reports/erc`; the next is `reports/erc-2`.
        settings: see `check_same_settings`.
        replace: take the folder even if it holds the report of other settings.

    Raises:
        ReportError: see `check_replaceable`; or the chosen folder holds the report of other settings.
    """
    folder = chosen or default
    if chosen is None and not replace:
        numbered = (default.with_name(f"{default.name}-{number}") for number in count(2))
        folder = next(place for place in chain([default], numbered) if not _has_other_settings(place, settings))
    check_replaceable(folder)
    if not replace:
        check_same_settings(folder, settings)
    return folder


def _follow(folder: Path) -> Path:
    """Return the absolute path of a folder without links."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if place.is_symlink() and not place.exists():
            raise ReportError(
                f"{folder}: cannot be written, because {place} is a link that leads nowhere. "
                "Hint: remove the link, or choose another --output."
            )
    return folder.resolve()


def _check_free(target: Path, folder: Path) -> None:
    """Raise an error for a folder that must not or cannot be replaced."""
    str(folder).encode()  # fails if the name is not Unicode text, which no page or terminal could show
    if Path.cwd().is_relative_to(target):
        why = "is the folder that you are in, or a folder above it"
    elif target.is_mount():
        why = "is a mount point"
    elif target.is_dir() and any(target.iterdir()) and _our_manifest(target) is None:
        why = f"holds files but no {MANIFEST} of a report"
    elif target.is_dir() and not os.access(target, os.W_OK | os.X_OK):
        why = "is read-only"
    else:
        return
    hint = ", or empty the folder" if why.startswith("holds") else f", such as {(folder / 'mine').as_posix()}"
    raise ReportError(f"{folder}: {why}, so it is not replaced. Hint: choose another --output{hint}.")


def _our_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a report of this program; None without one that can be read."""
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY else None


def _unwritable(folder: Path, problem: OSError | ValueError) -> ReportError:
    reason = getattr(problem, "strerror", None) or problem
    return ReportError(f"{folder}: cannot be written ({reason}). Hint: choose another --output.")


@contextmanager
def _temporary(parent: Path) -> Iterator[Path]:
    """Provide a new, locked folder, and remove it at the end, and abandoned ones; its permissions follow the umask."""
    _remove_abandoned(parent)
    lock = None
    while lock is None:  # another process may take a new folder for an abandoned one, until it is locked
        folder = parent / f"{_TEMPORARY}{secrets.token_hex(4)}.tmp"
        folder.mkdir()
        try:
            lock = _lock(folder)
        except OSError:  # no folder can be locked here, so none is taken for abandoned
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _remove_abandoned(parent: Path) -> None:
    """Remove the temporary folders of processes that were killed."""
    for folder in parent.glob(f"{_TEMPORARY}{'[0-9a-f]' * 8}.tmp"):
        with suppress(OSError):
            lock = _lock(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """Return the descriptor of a folder that is locked until it is closed; None if another process has the folder.

    Raises:
        OSError: folders cannot be locked on this system or file system.
    """
    if sys.platform == "win32":
        raise OSError("folders cannot be locked")
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _swap(new: Path, folder: Path) -> None:
    """Move a finished folder into place; the earlier folder is removed only afterwards."""
    if not folder.exists():
        new.rename(folder)
        return
    if _exchange(new, folder):
        return  # the temporary folder now holds the earlier report, which the caller removes
    old = new.with_name(new.name.replace(_TEMPORARY, ".earlier-report-"))  # never taken for abandoned
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(new: Path, folder: Path) -> bool:
    """Exchange two folders atomically; return False if the system cannot do that."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2  # Linux 3.15 and glibc 2.28, or newer
    except (AttributeError, OSError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(renameat2(here, os.fsencode(new), here, os.fsencode(folder), exchange) == 0)
