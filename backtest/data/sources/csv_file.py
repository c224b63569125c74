"""CSV files as cells: dates in the first column, other columns named by the header."""

import codecs
import csv
import gzip
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader, RawIOBase, StringIO, TextIOWrapper
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import pandas as pd

from backtest.data.sources.cells import Cells, Places, check_names
from backtest.data.sources.files import FileFormat
from backtest.data.sources.regular_file import LARGEST, larger_than
from backtest.errors import DataError

_HEAD = 2**20  # bytes that the header is searched for in; the names of 50,000 series
_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_ROW_NUMBERS = re.compile(r"|Unnamed: \d+")  # names that pandas gives to a column of row numbers
_DATE = ("date", "datetime", "timestamp")


class _Header(NamedTuple):
    """Header of a file: its last line, the records up to it, the columns before the dates, and the names after them."""

    line: int
    records: int
    before: int
    names: list[str]


class _Unpacked(RawIOBase):
    """Bytes of a CSV file, decompressed: not more than `LARGEST`; the last byte is remembered."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if name.endswith(".gz") else file
        self._name, self._size, self.last = name, 0, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        content = self._file.read(len(view))
        view[: len(content)] = content
        self._size += len(content)
        if self._size > LARGEST:  # a small compressed file can be huge
            raise DataError(f"{self._name}: {larger_than()}; expected a file of prices")
        self.last = content[-1:] or self.last
        return len(content)


def header(opened: Callable[[], BinaryIO], name: str) -> list[str]:
    """Return the names in the file's header, after the date column.

    Raises:
        DataError: the file has no header of unique names.
    """
    return _header(opened, name).names


def cells(opened: Callable[[], BinaryIO], name: str) -> Cells:
    """Return all cells of a file, as texts or numbers.

    Args:
        opened: function that opens the file; a file whose name ends in .gz is decompressed.
        name: name of the file, for messages.

    Raises:
        DataError: the file is not CSV.
    """
    top = _header(opened, name)
    frame, ends_with_line = _body(opened, name, top)
    lines: Sequence[int] = range(top.line + 1, top.line + 1 + len(frame))
    has_cells = frame.notna().any(axis=1).to_numpy()
    if not has_cells.all():  # ignore blank lines
        frame, lines = frame[has_cells], np.asarray(lines)[has_cells].tolist()
    if frame.iloc[:, -1].hasnans:
        _check_lengths(opened, name, top)
    for column in range(top.before):
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise DataError(
                f"{name}:{top.line}: the first column has no name and another one is called date; expected row numbers "
                "in a column without a name. Hint: leave one column of dates, the first one."
            )
    dates, values = frame[top.before], frame.iloc[:, top.before + 1 :].set_axis(top.names, axis=1)
    return Cells(dates, values, Places(f"{name}:", lines), ends_with_line)


@contextmanager
def _unpacked(opened: Callable[[], BinaryIO], name: str) -> Iterator[tuple[BinaryIO, _Unpacked]]:
    """Yield a buffered file of the unpacked bytes, and the bytes themselves."""
    with opened() as file, _Unpacked(file, name) as unpacked:
        yield BufferedReader(unpacked), unpacked


def _header(opened: Callable[[], BinaryIO], name: str) -> _Header:
    """Return the first record with a cell that is not blank."""
    with _unpacked(opened, name) as (file, _):
        head = file.read(_HEAD)
    if len(head) == _HEAD and b"\n" not in head and b"\r" not in head:
        raise DataError(f"{name}:1: no line end within {_HEAD / 2**20:.0f} MiB; expected a header")
    text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # a letter may be cut at the end of the head
    records = csv.reader(StringIO(text, newline=""))
    numbered = ((number, [" ".join(word.split()) for word in record]) for number, record in enumerate(records, 1))
    number, names = next(((number, names) for number, names in numbered if any(names)), (0, []))
    if not names:
        raise DataError(f"{name}: empty; expected a header and a row for each date")
    before = _columns_of_row_numbers(names)
    where = f"{name}:{records.line_num}"
    if len(names) < before + 2 or "" in names[before + 1 :]:
        raise DataError(f"{where}: expected a header: the date, then a name for each series, separated by commas")
    check_names(names[before:], where)
    return _Header(records.line_num, number, before, names[before + 1 :])


def _columns_of_row_numbers(names: list[str]) -> int:
    """Return how many columns of row numbers come before the dates, as pandas writes them.

    >>> _columns_of_row_numbers(["", "date", "a"]), _columns_of_row_numbers(["", "a"])
    (1, 0)
    """
    before = next((i for i, name in enumerate(names) if not _ROW_NUMBERS.fullmatch(name)), 0)
    return before if names[before].lower() in _DATE else 0


def _body(opened: Callable[[], BinaryIO], name: str, top: _Header) -> tuple[pd.DataFrame, bool]:
    """Return the rows below the header, with numbered columns, and whether the last line has a line end."""
    columns = range(top.before + 1 + len(top.names))
    try:
        with warnings.catch_warnings(), _unpacked(opened, name) as (file, unpacked):
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a first row longer than the header
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # a text among numbers is reported later
            frame = pd.read_csv(
                file,
                header=None,
                names=columns,
                skiprows=top.records,
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
            return frame, unpacked.last in (b"\n", b"\r")
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=columns, dtype=float), True
    except pd.errors.ParserWarning as problem:
        raise DataError(
            f"{name}: line {top.line + 1} has more columns than the header. Hint: name every column"
        ) from problem
    except pd.errors.ParserError as problem:
        too_long = _TOO_LONG.search(str(problem))
        if too_long:
            expected, line, got = too_long.groups()
            raise DataError(
                f"{name}: line {line} has {got} columns; expected {expected}, as in the header"
            ) from problem
        if "EOF inside string" in str(problem):
            raise DataError(f"{name}: a quotation mark is opened and never closed") from problem
        raise


def _check_lengths(opened: Callable[[], BinaryIO], name: str, top: _Header) -> None:
    """Raise `DataError` if a row has fewer cells than the header: pandas reads the others as missing.

    Missing values at the end of a row are commas without anything between them, as spreadsheets write them.
    """
    expected = top.before + 1 + len(top.names)
    with _unpacked(opened, name) as (file, _):
        records = csv.reader(TextIOWrapper(file, encoding="utf-8-sig", newline=""), skipinitialspace=True)
        for number, record in enumerate(records, 1):
            if number > top.records and len(record) < expected and any(record):
                raise DataError(
                    f"{name}: line {records.line_num} has {len(record)} column{'s'[: len(record) - 1]}; expected "
                    f"{expected}, as in the header. Hint: is the line complete? An empty cell needs its comma too."
                )


RECORDS = (FileFormat((".csv", ".csv.gz"), header, cells).record("csv"),)
