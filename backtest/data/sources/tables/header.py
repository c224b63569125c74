"""Header of a table: the separator of a text, the rows of names, and the column of dates, found by the rows below."""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import NamedTuple

from backtest.data.sources.tables.cells import check_names
from backtest.data.sources.tables.date_cells import is_date_like
from backtest.data.sources.tables.number_cells import MISSING, is_number_like
from backtest.errors import DataError

_ROW_NUMBERS = re.compile(r"|Unnamed: \d+")  # names that pandas gives to a column of row numbers
DATE = ("date", "datetime", "timestamp")
_SEPARATORS = (",", ";", "\t", "|")
_SEARCHED, _ROWS = 200, 8  # records that a header is searched in, and rows of data that suffice
_FIRST = 4  # columns that the dates are searched in
FIELDS = frozenset(
    {"open", "high", "low", "close", "adj close", "volume", "dividends", "stock splits", "capital gains"}
)
"""Names of columns of a symbol, as yfinance writes them, in small letters."""

Records = Sequence[tuple[int, Sequence[str]]]  # last line of a record, and its cells


class Header(NamedTuple):
    """Header of a table.

    Args:
        separator: character between the cells.
        line: line of the last row of names.
        records: records up to it.
        before: columns of row numbers before the dates.
        date: number of the column of dates.
        names: names of all columns, empty without a name; of two levels the symbols.
        fields: names of the fields by column, if there are two levels.
        above: text above the names.
        width: columns, of which those after the names are empty.
    """

    separator: str
    line: int
    records: int
    before: int
    date: int
    names: tuple[str, ...]
    fields: tuple[str, ...]
    above: str
    width: int


def find_header(text: str, name: str, separator: str | None = None) -> Header:
    r"""Return the header of a text.

    Args:
        text: the beginning of a file.
        name: name of the file, for messages.
        separator: character between the cells; None to recognise it.

    Raises:
        DataError: there is no header of unique names.

    >>> find_header("date;A;B\n31.01.2020;100,5;99", "p.csv").names
    ('date', 'A', 'B')
    """
    candidates = [separator] if separator else [each for each in _SEPARATORS if each in text] or [","]
    parsed = [(each, *_data_of(text, each)) for each in candidates]
    best, records, data = max(parsed, key=lambda attempt: (len(attempt[2]), len(_first(attempt[1])[1])))
    if not any(any(cells) for _, cells in records):
        raise DataError(f"{name}: empty; expected a header and a row for each date")
    at, names, fields, top = _rows_of_names(records, data)
    line = records[at][0]
    where = f"{name}:{line}"
    _check_width(names, where, best, [each for each, _, rows in parsed if rows])
    sample = [records[row][1] for row in data]
    before = _columns_of_row_numbers(names)
    date = _column_of_dates(names, sample, before)
    _check_unique(names, fields, before, date, where)
    above = "\n".join(best.join(cells) for _, cells in records[:top] if any(cells))
    width = max([len(names), *(len(row) for row in sample if not any(row[len(names) :]))])
    return Header(best, line, at + 1, before, date, tuple(names), tuple(fields), above, width)


def _data_of(text: str, separator: str) -> tuple[Records, list[int]]:
    """Return the first records of a text, and the numbers of those that are rows of data."""
    records, rows = list[tuple[int, list[str]]](), list[int]()
    try:
        for number, (line, cells) in enumerate(islice(_records(text, separator), _SEARCHED)):
            records.append((line, cells))
            if _is_data(cells):
                rows.append(number)
            if len(rows) == _ROWS:
                break
    except csv.Error:  # a cell that is too long: not the separator
        if not records:
            raise
    return records, rows


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, skipinitialspace=separator != "\t")
    for record in reader:
        yield reader.line_num, [" ".join(cell.split()) for cell in record]


def _is_data(cells: Sequence[str]) -> bool:
    """Return whether a record has a date among its first cells, and a number."""
    dates = [i for i, cell in enumerate(cells[:_FIRST]) if is_date_like(cell)]
    return bool(dates) and any(
        is_number_like(cell) or cell in MISSING for i, cell in enumerate(cells[:64]) if i != dates[0]
    )


def _first(records: Records) -> tuple[int, Sequence[str]]:
    return next((record for record in records if any(record[1])), (0, ()))


def _rows_of_names(records: Records, data: list[int]) -> tuple[int, list[str], list[str], int]:
    """Return the number of the last row of names, the names, the fields of two levels, and the number of the first row.

    The names are the nearest record above the data that is not a row itself. Without data they are the first record.
    """
    above = [number for number in range(data[0] if data else 0) if any(records[number][1])]
    while len(above) > 1 and _is_bad_data(records[above[-1]][1], records[above[-2]][1]):
        above.pop()
    if not above:
        number = next(number for number, (_, cells) in enumerate(records) if any(cells))
        return number, _names(records[number][1]), [], number
    at, cells = above[-1], records[above[-1]][1]
    only_index_name = len(above) > 2 and len(cells) > 1 and cells[0] and not any(cells[1:])
    upper = above[-3:-1] if only_index_name else above[-2:]
    if len(upper) == 2:
        first, second = (list(records[number][1]) for number in upper)
        if len(first) == len(second) > 1:
            if _are_fields(first[1:]):
                return at, [cells[0], *second[1:]], ["", *first[1:]], upper[0]
            if _are_fields(second[1:]):
                return at, [cells[0], *first[1:]], ["", *second[1:]], upper[0]
    return at, _names(cells), [], at


def _is_bad_data(cells: Sequence[str], above: Sequence[str]) -> bool:
    """Return whether a record above the first row of data is a row with a fault, as the one above it has the names."""
    has_numbers = len(cells) == len(above) and any(map(is_number_like, cells[1:]))
    return is_date_like(cells[0]) or (has_numbers and not any(map(is_number_like, above)))


def _are_fields(names: Sequence[str]) -> bool:
    return all(name.lower() in FIELDS for name in names if name) and any(names)


def _names(cells: Sequence[str]) -> list[str]:
    """Return names without the `#` before the first one and without the brackets of Stooq."""
    names = [cell[1:-1] if cell.startswith("<") and cell.endswith(">") and len(cell) > 2 else cell for cell in cells]
    return [names[0].removeprefix("#").strip(), *names[1:]]


def _check_width(names: Sequence[str], where: str, separator: str, fitting: Sequence[str]) -> None:
    before = _columns_of_row_numbers(names)
    last = max((i for i, name in enumerate(names) if name), default=0)
    if last < before + 1 or "" in names[before + 1 : last + 1]:
        hint = "" if fitting else " Hint: state another character between the cells by separator: ';'"
        what = {",": "commas", ";": "semicolons", "\t": "tabs"}.get(separator, repr(separator))
        raise DataError(
            f"{where}: expected a header: the date, then a name for each series, separated by {what}.{hint}"
        )


def _columns_of_row_numbers(names: Sequence[str]) -> int:
    """Return how many columns of row numbers come before the dates, as pandas writes them.

    >>> _columns_of_row_numbers(["", "date", "a"]), _columns_of_row_numbers(["", "a"])
    (1, 0)
    """
    before = next((i for i, name in enumerate(names) if not _ROW_NUMBERS.fullmatch(name)), 0)
    return before if names[before].lower() in DATE else 0


def _column_of_dates(names: Sequence[str], sample: Sequence[Sequence[str]], before: int) -> int:
    """Return the column of dates: the first one, unless its cells are not dates and another column's are."""

    def has_dates(column: int) -> bool:
        return any(len(row) > column and is_date_like(row[column]) for row in sample)

    named = [i for i, name in enumerate(names) if name.lower() in DATE]
    if before or not sample or (has_dates(0) and named[:1] in ([], [0])):
        return before
    return next((i for i in (*named, *range(min(_FIRST, len(names)))) if has_dates(i)), 0)


def _check_unique(names: Sequence[str], fields: Sequence[str], before: int, date: int, where: str) -> None:
    others = [i for i, name in enumerate(names) if name and i >= before and i != date]
    if fields:
        check_names([f"{names[i]} {fields[i]}" for i in others], where)
        return
    check_names([names[i] for i in (date, *others) if names[i]], where)
    again = [names[i] for i in others if names[i].lower() == names[date].lower() in DATE]
    if again:
        raise DataError(f"{where}: columns {names[date]} and {again[0]}; expected one column of dates")
