"""Level of one part of a series of the library: closes, returns, rates and yields as total-return levels."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from backtest.data.dates.months_and_years import last_of_months
from backtest.data.prepare.levels import levels_of
from backtest.data.prepare.rates.par_bond import as_par_bond
from backtest.data.prepare.rates.quoted_rates import rate_level
from backtest.data.prepare.total_return import total_return_level
from backtest.data.raw_series import RawSeries
from backtest.data.series_table import SeriesTable
from backtest.data.sources.library.recipes import Part
from backtest.errors import DataError
from backtest.numerics.arrays import Floats

_INDEXATION_LAG = 3  # months from an index of consumer prices to the first of the month on which it applies


def part_level(part: Part, raw: Sequence[RawSeries], *, monthly: bool) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the level of a part by date, without missing values, and its caveats.

    Args:
        part: place of the part, and the transformation of its values.
        raw: the series and, for an indexed part, the consumer prices.
        monthly: whether to keep the last value of each month that is over, dated at its end.

    Raises:
        DataError: the values cannot be used, or there are fewer than two.
    """
    series = _since(raw[0], part.since)
    if part.maturity is not None:
        series = as_par_bond(series, part.maturity)
    level, notes = _level(series)
    level = level.dropna()
    if part.indexed_to is not None:
        level = (level * reference_index(raw[1].values["level"], pd.DatetimeIndex(level.index))).dropna()
    if monthly and len(level):
        level = last_of_months(level.to_frame())[0].iloc[:, 0]
    if len(level) < 2:
        raise DataError(f"{part}: fewer than two values" + (f" since {part.since}" if part.since else ""))
    return level, (*series.notes, *notes)


def _since(raw: RawSeries, since: date | None) -> RawSeries:
    return raw if since is None else replace(raw, values=raw.values[raw.values.index >= pd.Timestamp(since)])


def _level(raw: RawSeries) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the total-return level of a raw series, and caveats of its calculation."""
    if raw.kind == "closes":
        return total_return_level(raw.values)
    if raw.kind == "returns":
        table, notes = levels_of(SeriesTable(raw.values.dropna(), raw.label, are_returns=True))
        return table.values["return"], notes
    if raw.rate is not None:
        quoted = raw.values["rate"].dropna()
        dates = pd.DatetimeIndex(quoted.index)
        return pd.Series(rate_level(dates, quoted.to_numpy(), raw.rate, dates), index=dates), ()
    return raw.values["level"], ()


def reference_index(prices: pd.Series, dates: pd.DatetimeIndex) -> Floats:
    """Return the (N,) index of consumer prices that an inflation-linked Treasury is indexed to, on the day after dates.

    On the first of a month it is the index of three months before; between two firsts it is linear (31 CFR 356,
    appendix B). The next day is the day on which a trade of the date is settled. So at a month's end the index is two
    months old, and it has been published. A month without an index lies on the line between its neighbours.

    Args:
        prices: index by month, dated within the month.
        dates: (N,) dates; NaN before the first index applies, and after the last one does.

    >>> prices = pd.Series([100.0, 103.0], index=pd.DatetimeIndex(["2020-01-31", "2020-02-29"]))
    >>> reference_index(prices, pd.DatetimeIndex(["2020-03-31", "2020-04-10"])).tolist()
    [100.0, 101.0]
    """
    known = prices.dropna()
    firsts = (pd.DatetimeIndex(known.index).to_period("M") + _INDEXATION_LAG).to_timestamp()
    days, at = (dates.to_numpy().astype("datetime64[D]").astype(float) for dates in (dates, firsts))
    index: Floats = np.interp(days + 1, at, known.to_numpy(dtype=float), left=np.nan, right=np.nan)
    return index
