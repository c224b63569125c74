"""A wide CSV file: the first column the date, one column a series."""

import csv
import gzip
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from backtest.data.cells import check_there, to_dates, to_numbers
from backtest.data.table import Column, Table
from backtest.errors import DataError

_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def columns(path: Path) -> list[Column]:
    """The names in the file's header.

    Raises:
        DataError: no such file, or one without a header of unique names.
    """
    return [Column(name, "asset") for name in _header(path)[1]]


def read(path: Path, names: Sequence[str], values: str) -> Table:
    """The named series of a file; `values` says whether it holds prices or returns.

    Raises:
        DataError: no such file, a column that is not there, a date or number that cannot be read.
    """
    header_line, header = _header(path)
    missing = [name for name in names if name not in header]
    if missing:
        raise DataError(f"{path.name}: no column {', '.join(missing)}; it has {', '.join(header)}")
    frame = _body(path, header_line, header)
    lines = np.arange(header_line + 1, header_line + 1 + len(frame))
    there = frame.notna().any(axis=1).to_numpy()  # blank lines are nothing
    frame, lines = frame[there], lines[there]
    places = [f"{path.name}:{line}" for line in lines]
    numbers = to_numbers(frame[list(names)], places)
    return Table(numbers.set_axis(to_dates(frame["date"], places), axis=0), path.name, values == "returns", places)


def _header(path: Path) -> tuple[int, list[str]]:
    """The number of the first line that is not blank, and the names in it after the date's."""
    check_there(path)
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig", newline="") as lines
        ):
            number, first = next(((n, line) for n, line in enumerate(lines, 1) if line.strip()), (0, ""))
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise DataError(_unreadable(path, problem)) from problem
    if not first:
        raise DataError(f"{path.name}: empty; expected a header and a row for each date")
    names = [name.strip() for name in next(csv.reader([first]))[1:]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or "" in names:
        raise DataError(
            f"{path.name}:{number}: expected a header: the date, then a name for each series, separated by commas"
        )
    if twice:
        raise DataError(f"{path.name}:{number}: column {', '.join(twice)} stands twice; expected each name once")
    return number, names


def _body(path: Path, header_line: int, header: Sequence[str]) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a first row longer than the header
            return pd.read_csv(
                path,
                header=None,
                names=["date", *header],
                skiprows=header_line,
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=["date", *header], dtype=float)
    except pd.errors.ParserWarning as problem:
        raise DataError(
            f"{path.name}: line {header_line + 1} has more columns than the header. Hint: name them all"
        ) from problem
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError) as problem:
        raise DataError(_unreadable(path, problem)) from problem


def _unreadable(path: Path, problem: Exception) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return f"{path.name}: not UTF-8 text. Hint: save it as CSV in UTF-8; a compressed file's name ends in .gz"
    too_long = _TOO_LONG.search(str(problem))
    if too_long:
        expected, line, got = too_long.groups()
        return f"{path.name}: line {line} has {got} columns; expected {expected}, as in the header"
    if "EOF inside string" in str(problem):
        return f"{path.name}: a quotation mark is opened and never closed"
    words = problem.strerror if isinstance(problem, OSError) else str(problem).partition("\n")[0]
    return f"{path.name}: cannot be read as a table ({words or type(problem).__name__})"
