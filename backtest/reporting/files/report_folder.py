"""The folder of a report: what may be replaced, and how the new one comes into its place in one step."""

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
"""Where runs and comparisons go by default, and whose shelf is kept."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A temporary folder beside this one, to be filled; at the end it stands in its place, an earlier report is gone.

    Where the filling is cut off or fails, an earlier report stays whole and the temporary folder goes.

    Args:
        folder: where the files are to stand; its parents are made.

    Raises:
        ReportError: the folder cannot be written, or holds files that are no report.
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
    """Raise `ReportError` unless the folder is absent, empty or a report of ours, in a place that can be written."""
    try:
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        filled = nearest == folder and nearest.is_dir() and any(folder.iterdir())
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    if not nearest.is_dir():
        raise ReportError(f"{nearest}: a file stands where the report's folder should be. Hint: another --output.")
    if not os.access(nearest if nearest != folder else folder.absolute().parent, os.W_OK | os.X_OK):
        raise ReportError(f"{folder}: cannot be written (no permission in {nearest}). Hint: another --output.")
    if filled and not _is_ours(folder):
        raise ReportError(
            f"{folder}: holds files but no {MANIFEST} of a report, so it is not replaced. "
            "Hint: another --output, or empty it yourself."
        )


def _is_ours(folder: Path) -> bool:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("made_by") == MADE_BY


def _unwritable(folder: Path, problem: OSError) -> ReportError:
    return ReportError(f"{folder}: cannot be written ({problem.strerror or problem}). Hint: another --output.")


def _swap(new: Path, folder: Path) -> None:
    """Put a finished folder into place; what stood there is removed only once the new one is."""
    if not folder.exists():
        new.rename(folder)
        return
    if _exchange(new, folder):
        return  # the earlier report now stands at the temporary place, which the caller removes
    old = new.with_name(f"{new.name}-old")
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(new: Path, folder: Path) -> bool:
    """Exchange two folders in one step, so that a kill finds one or the other there; False where that cannot be."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2  # Linux 3.15 and glibc 2.28, or newer
    except (AttributeError, OSError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(renameat2(here, os.fsencode(new), here, os.fsencode(folder), exchange) == 0)
