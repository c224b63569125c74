"""Cells of a file: dates, other columns, and the place of each row."""

import reprlib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
import pandas as pd

from backtest.data.sources.tables.date_cells import DateColumn, to_dates
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.number_cells import Decimal, decimal_of, to_numbers
from backtest.errors import DataError
from backtest.numerics.arrays import Floats

_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of letters, line ends


@dataclass(frozen=True)
class Places(Sequence[str]):
    """Places of the rows of a file, which are formatted only when a message needs them.

    >>> Places("prices.csv:", range(2, 5))[-1]
    'prices.csv:4'
    """

    before: str
    numbers: Sequence[int]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> "Places": ...
    def __getitem__(self, index: int | slice) -> "str | Places":
        if isinstance(index, slice):
            return Places(self.before, self.numbers[index])
        return f"{self.before}{self.numbers[index]}"

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Any) -> "Places":
        """Return the places of some rows, given by a mask or a slice."""
        return self[rows] if isinstance(rows, slice) else Places(self.before, np.asarray(self.numbers)[rows].tolist())


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a file.

    Args:
        dates: cells of the dates.
        values: cells of the other columns; a frame with two levels of columns has symbols and their fields.
        places: place of each row, for messages.
        name: name of the file.
        dialect: what the settings state about the file.
        written: how the file is written, in words.
        in_percent: whether the values are percentages without a sign, as in Kenneth French's files.
        ends_with_line: whether the last line has a line end; a file that was cut off hardly ever has one.
        whole: table of which this is a part, whose dates and decimal mark it has.
        rows: rows of the whole table that are in this part: a mask or a slice; None for all.
    """

    dates: "pd.Series"
    values: pd.DataFrame
    places: Places
    name: str
    dialect: Dialect = field(default_factory=Dialect)
    written: str = ""
    in_percent: bool = False
    ends_with_line: bool = True
    whole: "Cells | None" = None
    rows: Any = None

    @cached_property
    def date_column(self) -> DateColumn:
        """Return the dates.

        Raises:
            DataError: a cell is not a date.
        """
        if self.whole is None:
            return to_dates(self.dates, self.places, self.dialect.date_format)
        written = self.whole.date_column
        return written if self.rows is None else written._replace(dates=written.dates[self.rows])

    @cached_property
    def decimal(self) -> Decimal:
        """Return the decimal mark of texts, as stated or as recognised from all columns.

        Raises:
            DataError: it cannot be told.
        """
        if self.whole is not None:
            return self.whole.decimal
        if self.dialect.decimal is not None:
            return "," if self.dialect.decimal == "," else "."
        columns = [self.values.iloc[:, i] for i in range(self.values.shape[1])]
        if all(pd.api.types.is_numeric_dtype(column) for column in columns):
            return "."
        return decimal_of(columns, self.name)

    def numbers(self, column: str) -> Floats:
        """Return a column as doubles; NaN for empty cells.

        Raises:
            DataError: a cell is not a number.
        """
        cells = self.values[column]
        decimal = "." if pd.api.types.is_numeric_dtype(cells) else self.decimal
        return to_numbers(cells, column, self.places, decimal, in_percent=self.in_percent)

    def part(self, values: pd.DataFrame | None = None, rows: Any = None) -> "Cells":
        """Return some columns, and some rows given by a mask or a slice."""
        columns = self.values if values is None else values
        if rows is None:
            return replace(self, values=columns, whole=self, rows=None)
        return replace(
            self, dates=self.dates[rows], values=columns[rows], places=self.places.take(rows), whole=self, rows=rows
        )


def check_names(names: Sequence[str], where: str) -> None:
    """Raise `DataError` if names of columns cannot be shown on a terminal or are not unique.

    Args:
        names: names of the columns.
        where: place of the names, for messages.
    """
    odd = next((name for name in names if any(unicodedata.category(letter) in _UNSEEN for letter in name)), None)
    if odd is not None:
        raise DataError(f"{where}: column {reprlib.repr(odd)} has a control character in its name; expected text")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(f"{where}: column {', '.join(twice)} appears twice; expected each name once")
