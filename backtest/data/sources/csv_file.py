"""CSV files as cells: dates in the first column, other columns named by the header."""

import csv
import gzip
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

import numpy as np
import pandas as pd

from backtest.data.sources.cells import Cells, Places
from backtest.data.sources.files import FileFormat
from backtest.errors import DataError

_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def header(opened: Callable[[], BinaryIO], name: str) -> list[str]:
    """Return the names in the file's header, after the date column.

    Raises:
        DataError: the file has no header of unique names.
    """
    return _header(opened, name)[1]


def cells(opened: Callable[[], BinaryIO], name: str) -> Cells:
    """Return all cells of a file, as texts or numbers.

    Args:
        opened: function that opens the file; a file whose name ends in .gz is decompressed.
        name: name of the file, for messages.

    Raises:
        DataError: the file is not CSV.
    """
    header_line, names = _header(opened, name)
    frame = _body(opened, name, header_line, names)
    lines: Sequence[int] = range(header_line + 1, header_line + 1 + len(frame))
    has_cells = frame.notna().any(axis=1).to_numpy()
    if not has_cells.all():  # ignore blank lines
        frame, lines = frame[has_cells], np.asarray(lines)[has_cells].tolist()
    return Cells(frame["date"], frame[names], Places(f"{name}:", lines))


@contextmanager
def _unzipped(opened: Callable[[], BinaryIO], name: str) -> Iterator[IO[bytes]]:
    with opened() as file:
        if name.endswith(".gz"):
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield cast("IO[bytes]", unzipped)
        else:
            yield file


def _header(opened: Callable[[], BinaryIO], name: str) -> tuple[int, list[str]]:
    """Return the number of the first line that is not blank, and the names in it after the date column."""
    try:
        with _unzipped(opened, name) as lines:
            number, first = next(
                ((n, line) for n, line in enumerate(lines, 1) if line.strip(b"\xef\xbb\xbf \r\n\t")), (0, b"")
            )
            text = first.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise DataError(_unreadable(name, problem)) from problem
    if not first:
        raise DataError(f"{name}: empty; expected a header and a row for each date")
    names = [word.strip() for word in next(csv.reader([text]))[1:]]
    twice = sorted({word for word in names if names.count(word) > 1})
    if not names or "" in names:
        raise DataError(
            f"{name}:{number}: expected a header: the date, then a name for each series, separated by commas"
        )
    if twice:
        raise DataError(f"{name}:{number}: column {', '.join(twice)} appears twice; expected each name once")
    return number, names


def _body(opened: Callable[[], BinaryIO], name: str, header_line: int, names: Sequence[str]) -> pd.DataFrame:
    try:
        with warnings.catch_warnings(), _unzipped(opened, name) as file:
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a first row longer than the header
            return pd.read_csv(
                file,
                header=None,
                names=["date", *names],
                skiprows=header_line,
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=["date", *names], dtype=float)
    except pd.errors.ParserWarning as problem:
        raise DataError(
            f"{name}: line {header_line + 1} has more columns than the header. Hint: name every column"
        ) from problem
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError) as problem:
        raise DataError(_unreadable(name, problem)) from problem


def _unreadable(name: str, problem: Exception) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return f"{name}: not UTF-8 text. Hint: save it as CSV in UTF-8; a compressed file's name ends in .gz"
    too_long = _TOO_LONG.search(str(problem))
    if too_long:
        expected, line, got = too_long.groups()
        return f"{name}: line {line} has {got} columns; expected {expected}, as in the header"
    if "EOF inside string" in str(problem):
        return f"{name}: a quotation mark is opened and never closed"
    words = problem.strerror if isinstance(problem, OSError) else str(problem).partition("\n")[0]
    return f"{name}: cannot be read as a table ({words or type(problem).__name__})"


RECORDS = (FileFormat((".csv", ".csv.gz"), header, cells).record("csv"),)
