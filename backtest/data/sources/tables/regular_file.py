"""Regular files of a plausible size, and one clear error for whatever a library raises while it reads a file."""

import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backtest.errors import BacktestError, DataError

LARGEST = 2 * 2**30
"""Bytes of a file of prices, unpacked. A century of daily prices of 2,000 series takes about 1 GiB as text."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_LONGEST = 200  # letters of a library's message


def not_readable(path: Path, largest: int = LARGEST) -> str | None:
    """Return why a path is not a file to read; None for a regular file. Nothing is opened.

    Reading a named pipe waits for a writer, and reading a device may never end.

    Args:
        path: the file.
        largest: the largest size in bytes.

    Raises:
        OSError: there is no such file.
        ValueError: the path contains a null character.

    >>> not_readable(Path("/"))
    'a folder'
    """
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        return _KINDS.get(stat.S_IFMT(about.st_mode), "not a file")
    return larger_than(largest) if about.st_size > largest else None


def larger_than(limit: int = LARGEST) -> str:
    """Return the words for a file that is larger than a limit in bytes.

    >>> larger_than()
    'larger than 2,048 MiB'
    """
    return f"larger than {limit / 2**20:,.10g} MiB"


def open_regular(path: Path, name: str) -> BinaryIO:
    """Open a file of data.

    Args:
        path: the file.
        name: name of the file, for messages.

    Raises:
        DataError: it does not exist, cannot be opened, is not a regular file, or is too large.
    """
    with clear_errors(name):
        check_exists(path)
        problem = not_readable(path)
        if problem is not None:
            raise DataError(f"{name}: {problem}; expected a file of prices")
        return path.open("rb")


def check_exists(path: Path) -> None:
    """Raise `DataError` unless there is an accessible file or folder at this path."""
    try:
        path.stat()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. Hint: paths are relative to the configuration.") from None
    except (OSError, ValueError) as problem:
        raise DataError(f"{path}: {_words(problem)}") from None


@contextmanager
def clear_errors(name: str) -> Iterator[None]:
    """Turn any exception into a `DataError` that names the file; errors raised on purpose pass through.

    csv, gzip, zlib, pandas, Arrow and json have errors of their own, and a damaged file also leads them to errors that
    nobody foresaw, such as KeyError. This is the only place that knows them.

    Args:
        name: name of the file.

    >>> with clear_errors("p.csv.gz"):
    ...     _ = gzip.decompress(b"prices")
    Traceback (most recent call last):
    backtest.errors.DataError: p.csv.gz: damaged, it cannot be unpacked. Hint: is it complete? Save it again.
    """
    try:
        yield
    except BacktestError:
        raise
    except Exception as problem:
        raise DataError(f"{name}: {_words(problem)}") from problem


def _words(problem: Exception) -> str:
    if isinstance(problem, MemoryError):
        return "too large for the memory of this machine"
    if isinstance(problem, UnicodeDecodeError):
        return "not UTF-8 text. Hint: save it in UTF-8; the name of a compressed CSV file ends in .gz"
    if isinstance(problem, (gzip.BadGzipFile, EOFError, zlib.error)):
        return "damaged, it cannot be unpacked. Hint: is it complete? Save it again."
    if isinstance(problem, OSError) and problem.strerror:
        return f"cannot be read ({problem.strerror})"
    first_line = "".join(filter(str.isprintable, str(problem).strip().partition("\n")[0]))
    words = first_line if isinstance(problem, (OSError, ValueError)) else f"{type(problem).__name__}: {first_line}"
    return f"cannot be read as a table ({words[:_LONGEST]})"
