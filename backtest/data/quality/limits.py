"""Refusal of values that cannot be used. Each message names the place, the value and the remedy."""

import numpy as np
import pandas as pd

from backtest.data.series_table import SeriesTable
from backtest.errors import DataError

LARGEST = 1e60  # products of larger returns exceed double precision; no price in any currency is as large


MISSING_MARK = -0.9999  # missing values in Kenneth French's files, divided by 100


def check_rows(table: SeriesTable) -> None:
    """Raise `DataError` unless there are two rows or more, with strictly rising dates."""
    dates = pd.DatetimeIndex(table.values.index)
    if len(dates) < 2:
        count = "no rows" if len(dates) == 0 else "one row"
        raise DataError(
            f"{table.label}: {count} of data; expected at least two dates. Hint: check that the file is complete."
        )
    steps = np.diff(dates.to_numpy())
    wrong = np.flatnonzero(steps <= np.timedelta64(0, "s"))
    if wrong.size:
        row = int(wrong[0]) + 1
        before, this = dates[row - 1], dates[row]
        what = "appears twice" if before == this else f"comes after {before:%Y-%m-%d}"
        raise DataError(
            f"{table.where(row)}: date {this:%Y-%m-%d} {what}; expected each date once, oldest first. "
            "Hint: sort the file by date and leave one row for each."
        )


def check_values(table: SeriesTable) -> None:
    """Raise `DataError` if a price is not above zero, a return not above -1, or a value outside the plausible range."""
    low, word = (-1.0, "return") if table.are_returns else (0.0, "price")
    values = table.values.to_numpy()
    if table.are_returns:
        _check_missing_marks(table)
    lowest, highest = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)  # ignoring NaN
    if (low if table.are_returns else 1 / LARGEST) < lowest and highest < LARGEST:
        return
    beyond = np.abs(values) > LARGEST
    if not table.are_returns:
        beyond |= (values > 0) & (values < 1 / LARGEST)
    wrong = (values <= low) | beyond
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        date = pd.DatetimeIndex(table.values.index)[row]
        more = int(wrong.sum()) - 1
        expected = f"a finite number above {low:g}"
        if np.isfinite(values[row, column]) and beyond[row, column]:
            expected = f"a number from {1 / LARGEST:g} to {LARGEST:g}"
        hint = "leave the cell empty where there is no price; for returns set data.values: returns."
        if not table.places:
            name = table.values.columns[column]
            hint = f"leave the date out, with data.exclude: {{{name}: [{date:%Y-%m-%d}]}}, or NaN in a frame."
        if table.are_returns:
            hint = "returns are simple and decimals, 0.01 for 1 %, not logarithms."
        raise DataError(
            f"{table.where(row)}: {table.values.columns[column]} on {date:%Y-%m-%d}: a {word} of "
            f"{values[row, column]:g}{f' (and {more} more)' if more else ''}; expected {expected}. Hint: {hint}"
        )


def _check_missing_marks(table: SeriesTable) -> None:
    """Raise `DataError` if a return is French's mark for a missing value, -99.99 %."""
    marks = np.argwhere(table.values.to_numpy() == MISSING_MARK)
    if marks.size:
        row, column = (int(i) for i in marks[0])
        more = f" (and {len(marks) - 1} more)" if len(marks) > 1 else ""
        raise DataError(
            f"{table.where(row)}: {table.values.columns[column]} on {table.values.index[row]:%Y-%m-%d}: a return of "
            f"{MISSING_MARK:g}{more}, which stands for a missing value of -99.99 %. Hint: leave the cell empty."
        )


def check_not_empty(name: str, table: SeriesTable) -> None:
    """Raise `DataError` unless the first column of a table has a value."""
    if np.isnan(table.values.to_numpy()[:, 0]).all():
        raise DataError(f"{table.label}: {name} has no value at all. Hint: leave it out.")


def check_growth(table: SeriesTable) -> None:
    """Raise `DataError` if returns compound to an implausible level."""
    if not table.are_returns:
        return
    logs = np.nancumsum(np.log1p(table.values.to_numpy(dtype=float)), axis=0)
    beyond = np.argwhere(np.abs(logs) > np.log(LARGEST))
    if beyond.size:
        row, column = (int(i) for i in beyond[0])
        raise DataError(
            f"{table.label}: the returns of {table.values.columns[column]} compound to a factor of 1e"
            f"{logs[row, column] / np.log(10):.0f} by {table.values.index[row]:%Y-%m-%d}; expected decimals, 0.01 for "
            "1 %. Hint: are they percent, or gross returns such as 1.01?"
        )
