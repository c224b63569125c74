"""Conversion of a file's cells to dates and numbers; errors name the first invalid cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd

from backtest.errors import DataError
from backtest.numerics.arrays import Floats


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
    """Cells of a file: dates, the other columns, and the place of each row."""

    dates: "pd.Series"
    values: pd.DataFrame
    places: Sequence[str]


def check_exists(path: Path) -> None:
    """Raise `DataError` unless there is an accessible file or folder at this path."""
    try:
        path.stat()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. Hint: data.path is relative to the configuration.") from None
    except (OSError, ValueError) as problem:
        words = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise DataError(f"{path}: cannot be read ({words})") from None


def to_dates(cells: "pd.Series", places: Sequence[str]) -> tuple[pd.DatetimeIndex, str | None]:
    """Return local dates without time of day and time zone, and the times of day that were dropped.

    Args:
        cells: texts, numbers such as 20200131, or dates.
        places: places of the cells, for messages.

    Returns:
        The dates, and the times of day as `clock_of` writes them.

    Raises:
        DataError: a cell is not an ISO date.
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
        what = "no date" if pd.isna(cell) else f"{str(cell)!r} is not a date"
        raise DataError(f"{places[wrong[0]]}: {what}; expected ISO dates such as 2020-01-31")
    written = pd.DatetimeIndex(parsed)
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
            f"{places[wrong[0]]}: {name}: {str(cells.iloc[wrong[0]])!r} is not a number. "
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
