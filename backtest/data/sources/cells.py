"""Conversion of a file's cells to dates and numbers; errors name the first invalid cell."""

import reprlib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import pandas as pd

from backtest.errors import DataError
from backtest.numerics.arrays import Floats

_YEARS = range(1000, 3000)
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


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a file.

    Args:
        dates: cells of the dates.
        values: cells of the other columns.
        places: place of each row, for messages.
        ends_with_line: whether the last line has a line end; a file that was cut off hardly ever has one.
    """

    dates: "pd.Series"
    values: pd.DataFrame
    places: Sequence[str]
    ends_with_line: bool = True


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


def to_dates(cells: "pd.Series", places: Sequence[str]) -> tuple[pd.DatetimeIndex, str | None]:
    """Return local dates without time of day and time zone, and the times of day that were dropped.

    Args:
        cells: texts, numbers such as 20200131, or dates.
        places: places of the cells, for messages.

    Returns:
        The dates, and the times of day as `clock_of` writes them.

    Raises:
        DataError: a cell is not an ISO date, or its year is not plausible.
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        parsed = cells
    else:
        texts = cells.astype(str)  # 20200131 is a date, not nanoseconds
        try:
            parsed = pd.to_datetime(texts, format="ISO8601", errors="coerce")
        except ValueError:  # the file has both summer and winter time
            parsed = pd.to_datetime(texts.str.slice(0, 10), format="ISO8601", errors="coerce")
    wrong = np.flatnonzero(parsed.isna().to_numpy())
    if wrong.size:
        cell = cells.iloc[wrong[0]]
        what = "no date" if pd.isna(cell) else f"{reprlib.repr(str(cell))} is not a date"
        raise DataError(f"{places[wrong[0]]}: {what}; expected ISO dates such as 2020-01-31")
    written = pd.DatetimeIndex(parsed)
    beyond = np.flatnonzero((written.year < _YEARS[0]) | (written.year > _YEARS[-1]))
    if beyond.size:
        cell = reprlib.repr(str(cells.iloc[beyond[0]]))
        raise DataError(f"{places[beyond[0]]}: date {cell}; expected years from {_YEARS[0]} to {_YEARS[-1]}")
    return written.tz_localize(None).normalize().as_unit("s").rename("date"), clock_of(written)


def to_numbers(cells: "pd.Series", name: str, places: Sequence[str]) -> Floats:
    """Return the cells of a column as doubles; NaN for empty cells.

    Args:
        cells: texts or numbers.
        name: name of the column, for messages.
        places: places of the cells, for messages.

    Raises:
        DataError: a cell is not a number.
    """
    if cells.dtype == np.float64:
        return cells.to_numpy()
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return cells.to_numpy(dtype=float, na_value=float("nan"))
    numbers = pd.to_numeric(cells.astype(str).where(cells.notna()), errors="coerce")
    wrong = np.flatnonzero((numbers.isna() & cells.notna()).to_numpy())
    if wrong.size:
        raise DataError(
            f"{places[wrong[0]]}: {name}: {reprlib.repr(str(cells.iloc[wrong[0]]))} is not a number. "
            "Hint: use a decimal point, no thousands separators, and an empty cell for no value."
        )
    return numbers.to_numpy(dtype=float, na_value=float("nan"))


def clock_of(dates: pd.DatetimeIndex) -> str | None:
    """Return the times of day of dates and their zone, None if all are midnight or if there are more than two.

    >>> clock_of(pd.DatetimeIndex(["2020-01-01 23:00:00+00:00", "2020-07-01 22:00:00+00:00"]))
    '22:00 and 23:00 UTC'
    """
    minutes = np.unique(dates.hour * 60 + dates.minute)
    if minutes.size > 2 or not minutes.any():
        return None
    zone = "" if dates.tz is None else f" {dates.tz}"
    return " and ".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes.tolist()) + zone
