"""Index of consumer prices: one value a month, and the latest month known on each date."""

import numpy as np
import pandas as pd

from backtest.data.dates.months_and_years import to_month_ends
from backtest.data.dates.spacing import spacing_of
from backtest.data.preparation import Preparation
from backtest.data.raw_series import INCOME_UNKNOWN, RawSeries
from backtest.errors import DataError


def consumer_prices(data: Preparation, dates: pd.DatetimeIndex) -> tuple[pd.Series | None, tuple[str, ...]]:
    """Return the index of consumer prices up to the last date of a run, and caveats; None if the run has no index.

    Args:
        data: preparation with the raw index.
        dates: (T,) dates of the run.

    Raises:
        DataError: the series is not a monthly index, or does not cover the dates.
    """
    spec = data.series.consumer_prices
    if spec is None:
        return None, ()
    index = monthly_index(data.raw[spec])
    check_covers(index, dates)
    caveats = (*(note for note in data.raw[spec].notes if note != INCOME_UNKNOWN), *unpublished(index, dates))
    return index[index.index <= dates[-1]], tuple(f"{spec.name}: {caveat}" for caveat in caveats)


def monthly_index(raw: RawSeries) -> pd.Series:
    """Return the index by month, dated at the month's end.

    Args:
        raw: levels, one a month; a month without a value was never published.

    Raises:
        DataError: the series does not hold levels, or does not have one value a month.

    >>> months = pd.DatetimeIndex(["2020-01-01", "2020-02-01", "2020-03-01"], name="date")
    >>> monthly_index(RawSeries(pd.DataFrame({"level": [257.971, 258.678, 258.115]}, index=months), "cpi", "levels"))
    date
    2020-01-31    257.971
    2020-02-29    258.678
    2020-03-31    258.115
    Name: consumer_prices, dtype: float64
    """
    if raw.kind != "levels":
        raise DataError(f"{raw.label}: {raw.kind}, not an index of consumer prices; expected levels, one a month")
    level = raw.values["level"].dropna()
    dates = pd.DatetimeIndex(level.index)
    spacing = spacing_of(dates) if len(dates) > 1 else None
    if spacing is None or spacing.periods_per_year != 12:
        many = "too few" if spacing is None else spacing.in_words
        raise DataError(f"{raw.label}: {many} values a year; expected an index of consumer prices, one a month")
    return level.set_axis(to_month_ends(dates, raw.label), axis=0).rename("consumer_prices")


def newest_known(dates: pd.DatetimeIndex) -> pd.PeriodIndex:
    """Return the newest month whose index was known on each date.

    The index of month m is published in month m + 1 and counts as known from the last day of that month on: at a
    month's end the index of the previous month is known, within a month the index of two months before.

    >>> newest_known(pd.DatetimeIndex(["2020-02-28", "2020-02-29"])).astype(str).tolist()
    ['2019-12', '2020-01']
    """
    return pd.PeriodIndex(dates.to_period("M") - np.where(dates.is_month_end, 1, 2))


def unpublished(index: pd.Series, dates: pd.DatetimeIndex) -> tuple[str, ...]:
    """Return a note on the months that a run needs and the index lacks; prices count as unchanged in these months.

    >>> index = pd.Series([100.0, 101.0], index=pd.DatetimeIndex(["2025-09-30", "2025-11-30"]))
    >>> unpublished(index, pd.DatetimeIndex(["2025-10-31", "2025-12-31"]))
    ('1 month without a value counts as unchanged: 2025-10',)
    """
    first, last = newest_known(dates[[0, -1]])
    lacking = pd.period_range(first, last, freq="M").difference(pd.DatetimeIndex(index.index).to_period("M"))
    if lacking.empty:
        return ()
    counts = "month without a value counts" if len(lacking) == 1 else "months without a value count"
    named = ", ".join(map(str, lacking[:5])) + (", …" if len(lacking) > 5 else "")
    return (f"{len(lacking)} {counts} as unchanged: {named}",)


def check_covers(index: pd.Series, dates: pd.DatetimeIndex) -> None:
    """Raise `DataError` unless the index covers the months known on the first and on the last date of a run."""
    months = pd.DatetimeIndex(index.index).to_period("M")
    needed = newest_known(dates[[0, -1]])
    if months[0] <= needed[0] and months[-1] >= needed[-1]:
        return
    late = months[0] > needed[0]
    hint = "a later data.start" if late else "an earlier data.end"
    raise DataError(
        f"data.consumer_prices: {'begins' if late else 'ends'} with {months[0] if late else months[-1]}; "
        f"expected {needed[0]} to {needed[-1]}, the months known on {dates[0]:%Y-%m-%d} and {dates[-1]:%Y-%m-%d}, the "
        f"run's first and last dates. Hint: {hint}, or a longer index."
    )
