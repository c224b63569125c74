"""Folder of a report: checks before an earlier one is replaced, and the replacement in one step."""

import ctypes
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backtest.errors import ReportError
from backtest.reporting.files.manifest import MADE_BY, MANIFEST

REPORTS = Path("reports")
"""Default folder of runs and comparisons, which has an index page."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Provide a temporary folder that replaces this folder, and an earlier report in it, at the end of the context.

    If filling it is interrupted or fails, an earlier report stays intact and the temporary folder is removed.

    Args:
        folder: final folder of the files; missing parents are created.

    Raises:
        ReportError: the folder cannot be written, or holds files that are not a report.
    """
    check_replaceable(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    try:
        yield temporary
        temporary.chmod(0o755)
        _swap(temporary, folder)
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_replaceable(folder: Path) -> None:
    """Raise `ReportError` unless the folder is absent, empty or a report of this program, and can be written."""
    try:
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        filled = nearest == folder and nearest.is_dir() and any(folder.iterdir())
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    if not nearest.is_dir():
        raise ReportError(f"{nearest}: is a file; expected a folder for the report. Hint: choose another --output.")
    if not os.access(nearest if nearest != folder else folder.absolute().parent, os.W_OK | os.X_OK):
        raise ReportError(f"{folder}: cannot be written (no permission in {nearest}). Hint: choose another --output.")
    if filled and not _is_ours(folder):
        raise ReportError(
            f"{folder}: holds files but no {MANIFEST} of a report, so it is not replaced. "
            "Hint: choose another --output, or empty the folder."
        )


def _is_ours(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY


def _unwritable(folder: Path, problem: OSError) -> ReportError:
    return ReportError(f"{folder}: cannot be written ({problem.strerror or problem}). Hint: choose another --output.")


def _swap(new: Path, folder: Path) -> None:
    """Move a finished folder into place; the earlier folder is removed only afterwards."""
    if not folder.exists():
        new.rename(folder)
        return
    if _exchange(new, folder):
        return  # the temporary folder now holds the earlier report, which the caller removes
    old = new.with_name(f"{new.name}-old")
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
