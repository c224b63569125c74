"""Dates: how often the data comes, and months dated at their end."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.errors import DataError

_SPACING = {252: 1.0, 52: 7.0, 12: 30.4375, 4: 91.3125, 1: 365.25}
_WEEKEND_SHARE = 0.1  # a market traded every day has 2/7 of its dates on weekends, one of weekdays has none


def infer_periods_per_year(dates: pd.DatetimeIndex) -> int:
    """Periods per year by the median spacing of dates: 252 (365 where weekends are traded), 52, 12, 4 or 1.

    The nearest frequency by ratio is taken; rows are never counted, so holidays and gaps do not matter.

    Args:
        dates: at least two, strictly rising.

    >>> infer_periods_per_year(pd.date_range("2020-01-31", periods=6, freq="ME"))
    12
    """
    numbers = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    days = _median(np.diff(numbers))
    nearest = min(_SPACING, key=lambda periods: abs(np.log(days / _SPACING[periods])))
    weekend = (numbers + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    return 365 if nearest == 252 and np.count_nonzero(weekend) > _WEEKEND_SHARE * numbers.size else nearest


def _median(steps: NDArray[np.int64]) -> float:
    """The median by counting, as nearly all steps are the same few days."""
    up_to = np.cumsum(np.bincount(steps))
    lower, upper = np.searchsorted(up_to, [(steps.size + 1) // 2, steps.size // 2 + 1])
    return float(lower + upper) / 2


def period_before(first: pd.Timestamp, periods_per_year: int) -> pd.Timestamp:
    """The end of the period before the one that ends on `first`, as the first return of a series begins there.

    >>> period_before(pd.Timestamp("2020-03-31"), 12), period_before(pd.Timestamp("2020-03-30"), 252)
    (Timestamp('2020-02-29 00:00:00'), Timestamp('2020-03-27 00:00:00'))
    """
    if periods_per_year > 12:
        days = {365: pd.offsets.Day(), 252: pd.offsets.BDay(), 52: pd.offsets.Week()}
        return pd.Timestamp(first - days[periods_per_year])
    return pd.Timestamp(first - pd.offsets.MonthEnd(12 // periods_per_year))


def last_of_months(values: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """The last value of each month that is over, dated at its end, and a note where the last month is not over.

    A month is over if no weekday of it comes after the last date; where that day was a holiday the month is left out
    until the next date is known.

    Args:
        values: (T, k) levels by date, each row with a value.

    >>> days = pd.DataFrame({"a": range(45)}, index=pd.date_range("2020-01-01", periods=45))
    >>> last_of_months(days)
    (             a
    2020-01-31  30, '2020-02 is left out: it is not over on 2020-02-14')
    """
    dates = pd.DatetimeIndex(values.index)
    months = dates.to_numpy().astype("datetime64[M]")
    last = np.flatnonzero(np.append(months[1:] != months[:-1], True))
    note = None
    next_day = dates[-1].to_datetime64().astype("datetime64[D]") + np.timedelta64(1, "D")
    following = np.busday_offset(next_day, 0, roll="forward")
    if following.astype("datetime64[M]") == months[-1]:
        last, note = last[:-1], f"{dates[-1]:%Y-%m} is left out: it is not over on {dates[-1]:%Y-%m-%d}"
    return values.iloc[last].set_axis(dates[last] + pd.offsets.MonthEnd(0), axis=0), note


def unfinished_month(dates: pd.DatetimeIndex) -> bool:
    """Whether monthly dates, all near their month's end, end with one in mid-month: a month under way.

    >>> unfinished_month(pd.DatetimeIndex(["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-17"]))
    True
    """
    return len(dates) > 2 and bool((dates[:-1].day > 24).all()) and int(dates[-1].day) <= 24


def to_month_ends(dates: pd.DatetimeIndex, where: str) -> pd.DatetimeIndex:
    """Monthly dates moved to the end of their calendar month.

    Raises:
        DataError: two rows fall into the same month.

    >>> to_month_ends(pd.DatetimeIndex(["2020-02-01", "2020-03-30"]), "x.csv").strftime("%F").tolist()
    ['2020-02-29', '2020-03-31']
    """
    ends = dates + pd.offsets.MonthEnd(0)
    if ends.has_duplicates:
        twice = ends[ends.duplicated()][0]
        both = ", ".join(dates[ends == twice].strftime("%Y-%m-%d"))
        raise DataError(
            f"{where}: the rows are monthly, yet {twice:%Y-%m} has more than one ({both}); "
            "expected one row a month. Hint: leave one of them out."
        )
    return ends
