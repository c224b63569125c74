"""Levels of files of returns."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import period_before
from backtest.data.table import Table


def levels_of(
    table: Table, start: date | None = None, known: pd.DatetimeIndex | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Return returns as levels, 1 at the end of the period before the first return, and a note for blank returns.

    Each series has its own first return; its level is 1 on the date before it, which is the row before in the file, or
    the end of the period before the file begins. A blank return inside a history leaves the level of its date blank,
    unless it is before the run begins.

    Args:
        table: returns by date, two or more.
        start: of the run.
        known: dates of other series.

    >>> dates = pd.DatetimeIndex(["2020-01-31", "2020-02-29"])
    >>> levels_of(Table(pd.DataFrame({"a": [0.5, 0.1]}, index=dates), "x", are_returns=True))[0].values["a"].round(2)
    2019-12-31    1.00
    2020-01-31    1.50
    2020-02-29    1.65
    Name: a, dtype: float64
    """
    dates, returns = pd.DatetimeIndex(table.values.index), table.values.to_numpy(dtype=float)
    there = ~np.isnan(returns)
    alive = np.logical_or.accumulate(there, axis=0) & np.logical_or.accumulate(there[::-1], axis=0)[::-1]
    blank = alive & ~there
    if start is not None:
        blank &= (dates >= pd.Timestamp(start))[:, None]
    levels = np.full((len(dates) + 1, returns.shape[1]), np.nan)
    levels[1:] = np.where(alive & ~blank, np.cumprod(1 + np.nan_to_num(returns), axis=0), np.nan)
    levels[there.argmax(axis=0), np.arange(returns.shape[1])] = np.where(there.any(axis=0), 1.0, np.nan)
    index = dates.insert(0, period_before(dates, known)).as_unit("s").rename(dates.name)
    notes = tuple(
        f"{name}: {count} blank {'return counts' if count == 1 else 'returns count'} as 0"
        for name, count in zip(table.values.columns, blank.sum(axis=0).tolist(), strict=True)
        if count
    )
    return replace(
        table, values=pd.DataFrame(levels, index=index, columns=table.values.columns), are_returns=False
    ), notes
