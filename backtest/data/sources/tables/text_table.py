"""Tables as text, such as CSV: the rows below a header, as numbers where they are plain and else as texts."""

import csv
import re
import warnings
from collections.abc import Sequence
from io import BytesIO, TextIOWrapper
from typing import NamedTuple

import numpy as np
import pandas as pd

from backtest.data.sources.tables.cells import Cells, Places
from backtest.data.sources.tables.date_cells import is_date_like
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.french_text import first_french_table, is_french
from backtest.data.sources.tables.header import Header, find_header
from backtest.data.sources.tables.number_cells import MISSING, is_number_like
from backtest.data.sources.tables.unpacking import Opener, unpack
from backtest.errors import DataError

SYMBOLS = ("symbol", "ticker", "asset", "instrument", "security", "isin", "tic", "series", "variable", "name")
"""Names of a column of symbols in a long table."""

_HEAD = 2**20  # bytes that the header is searched for in; the names of 50,000 series
_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_SEPARATOR_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class _Text(NamedTuple):
    """A text file: how it is opened, its name, the settings about it, and its header."""

    opened: Opener
    name: str
    dialect: Dialect
    top: Header


def text_columns(opened: Opener, name: str, dialect: Dialect) -> pd.Index:
    """Return the names of the columns after the dates, or two levels of symbols and fields.

    Raises:
        DataError: the file has no header of unique names.
    """
    top, _, _ = _header(opened, name, dialect)
    return _index(top)


def text_cells(opened: Opener, name: str, dialect: Dialect) -> Cells:
    """Return all cells of a file, as texts or numbers.

    Args:
        opened: function that opens the file.
        name: name of the file, for messages.
        dialect: what the settings state about the file.

    Raises:
        DataError: the file is not a table.
    """
    top, encoding, head = _header(opened, name, dialect)
    written = _written(name, top, encoding)
    if is_french(top, head):
        opened, written = _only_first_table(opened, name, dialect, encoding, top), f"{written}, of Kenneth French"
    text = _Text(opened, name, dialect, top)
    in_percent = written.endswith("French")
    cells = _cells(text, as_text=dialect.decimal == "," or in_percent, written=written, in_percent=in_percent)
    if dialect.decimal is None and cells.decimal == ",":
        return _cells(text, as_text=True, written=written)
    return cells


def _header(opened: Opener, name: str, dialect: Dialect) -> tuple[Header, str, str]:
    """Return the header, the encoding, and the beginning of the text."""
    with unpack(opened, name, dialect.sheet) as (file, encoding, _):
        head = file.read(_HEAD)
    wide = 2 if encoding.startswith("utf-16") else 1
    if len(head) == _HEAD and b"\n" not in head and b"\r" not in head:
        raise DataError(f"{name}:1: no line end within {_HEAD / 2**20:.0f} MiB; expected a header")
    whole = head if len(head) < _HEAD else head[: len(head) // wide * wide]
    text = _decoded(whole, encoding, is_whole=len(head) < _HEAD)
    return find_header(text, name, dialect.separator), encoding, text


def _decoded(content: bytes, encoding: str, *, is_whole: bool) -> str:
    if is_whole:
        return content.decode(encoding)
    for cut in range(4):  # a letter may be cut at the end of the head
        try:
            return content[: len(content) - cut].decode(encoding)
        except UnicodeDecodeError as problem:
            if problem.start < len(content) - 8:
                raise
    return content.decode(encoding)


def _written(name: str, top: Header, encoding: str) -> str:
    words = f"text separated by {_SEPARATOR_WORDS.get(top.separator, repr(top.separator))}"
    packed = {".gz": ", packed by gzip", "zip": ", in a zip archive"}.get(name.lower()[-3:], "")
    return words + packed + (", in UTF-16" if encoding.startswith("utf-16") else "")


def _index(top: Header) -> pd.Index:
    """Return the named columns without row numbers and dates."""
    columns = _columns(top)
    if top.fields:
        return pd.MultiIndex.from_tuples([(top.names[i], top.fields[i]) for i in columns])
    return pd.Index([top.names[i] for i in columns], dtype=object)


def _columns(top: Header) -> list[int]:
    return [i for i, name in enumerate(top.names) if name and i >= top.before and i != top.date]


def _only_first_table(opened: Opener, name: str, dialect: Dialect, encoding: str, top: Header) -> Opener:
    with unpack(opened, name, dialect.sheet) as (file, _, _):
        content = first_french_table(file.read().decode(encoding), top.line).encode(encoding)
    return lambda: BytesIO(content)


def _cells(text: _Text, *, as_text: bool, written: str, in_percent: bool = False) -> Cells:
    name, top = text.name, text.top
    frame, ends_with_line = _body(text, as_text=as_text)
    lines: Sequence[int] = range(top.line + 1, top.line + 1 + len(frame))
    has_cells = frame.notna().any(axis=1).to_numpy()
    if not has_cells.all():  # ignore blank lines
        frame, lines = frame[has_cells], np.asarray(lines)[has_cells].tolist()
    rows = _rows_of_table(frame, top)
    below = len(frame) - rows
    frame, lines = frame.iloc[:rows], lines[:rows]
    columns = _columns(top)
    if len(frame) and frame[columns[-1]].hasnans:
        _check_lengths(text, columns[-1] + 1, lines[-1])
    _check_nameless(frame, top, columns, name)
    values = frame[columns].set_axis(_index(top), axis=1)
    if below:  # a column with a text below its numbers
        values = values.apply(_as_numbers)
        written += f", {below} line{'s'[: below - 1]} below the table"
    places = Places(f"{name}:", lines)
    return Cells(frame[top.date], values, places, name, text.dialect, written, in_percent, ends_with_line)


def _body(text: _Text, *, as_text: bool) -> tuple[pd.DataFrame, bool]:
    """Return the rows below the header, with numbered columns, and whether the last line has a line end."""
    name, top = text.name, text.top
    columns = range(max(top.width, len(top.names)))
    of_text = [top.date, *(i for i, each in enumerate(top.names) if each.lower() in SYMBOLS)]
    try:
        with warnings.catch_warnings(), unpack(text.opened, name, text.dialect.sheet) as (file, encoding, unpacked):
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a first row longer than the header
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # a text among numbers is reported later
            frame = pd.read_csv(
                file,
                sep=top.separator,
                header=None,
                names=columns,
                skiprows=top.records,
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                encoding=encoding,
                dtype=str if as_text else dict.fromkeys(of_text, str),
                na_values=MISSING,
            )
            return frame, unpacked.ends_with_line
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


def _rows_of_table(frame: pd.DataFrame, top: Header) -> int:
    """Return the number of rows without a note below the table: lines of text without a date or a number.

    A note contains a letter, so that a line that was cut off is not one.
    """
    rows = len(frame)
    has_dates = rows and is_date_like(str(frame.iloc[0, top.date]))
    while rows and has_dates:
        cells = [str(cell) for cell in frame.iloc[rows - 1] if not pd.isna(cell)]
        first = str(frame.iloc[rows - 1, top.date])
        is_note = any(letter.isalpha() for letter in first) and first != "nan" and len(first) > 3
        if not is_note or any(is_date_like(cell) or is_number_like(cell) for cell in cells):
            break
        rows -= 1
    return rows or len(frame)


def _as_numbers(column: "pd.Series") -> "pd.Series":
    """Return a column of texts as numbers if all of them are."""
    numbers = pd.to_numeric(column, errors="coerce")
    return column if (numbers.isna() & column.notna()).any() else numbers


def _check_nameless(frame: pd.DataFrame, top: Header, columns: Sequence[int], name: str) -> None:
    """Raise `DataError` unless columns before the date have row numbers, and others without a name nothing."""
    for column in range(top.before):
        if not pd.api.types.is_numeric_dtype(frame[column]) and not frame[column].astype(str).str.isdigit().all():
            raise DataError(
                f"{name}:{top.line}: the first column has no name and another one is called date; expected row numbers "
                "in a column without a name. Hint: leave one column of dates, the first one."
            )
    others = [i for i in range(frame.shape[1]) if i >= top.before and i != top.date and i not in columns]
    full = [i for i in others if frame[i].notna().any()]
    if full:
        raise DataError(f"{name}:{top.line}: column {full[0] + 1} has no name; expected a name for each series")


def _check_lengths(text: _Text, expected: int, last: int) -> None:
    """Raise `DataError` if a row has fewer cells than the header: pandas reads the others as missing.

    Missing values at the end of a row are separators without anything between them, as spreadsheets write them.
    """
    name, top = text.name, text.top
    with unpack(text.opened, name, text.dialect.sheet) as (file, encoding, _):
        lines = TextIOWrapper(file, encoding=encoding, newline="")
        records = csv.reader(lines, delimiter=top.separator, skipinitialspace=True)
        for number, record in enumerate(records, 1):
            if records.line_num > last:
                return
            if number > top.records and len(record) < expected and any(record):
                raise DataError(
                    f"{name}: line {records.line_num} has {len(record)} column{'s'[: len(record) - 1]}; expected "
                    f"{expected}, as in the header. Hint: is the line complete? An empty cell needs its comma too."
                )
