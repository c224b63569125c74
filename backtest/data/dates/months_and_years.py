"""Calendar months and years: months dated at their end, and whether dates cover a year."""

import numpy as np
import pandas as pd

from backtest.data.dates.frequencies import MONTHS
from backtest.data.dates.spacing import period_after
from backtest.errors import DataError

_FEWEST = 6  # dates of a month's first weekdays; some of the first days of six months are on a weekend
_HOLIDAYS, _MOST = 5, 0.7  # weekdays before the first session, and the share of months without any
_WEEKEND = pd.Timedelta(days=4)  # with a holiday; a month's last session may be this far before the anniversary


def last_of_months(values: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """Return the last value of each month that is over, dated at its end, and a note if the last month is not over.

    A month is over if no weekday of it follows the last date; if that weekday was a holiday, the month is left out
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
    """Return whether monthly dates near their month's end are followed by a last date in mid-month.

    >>> unfinished_month(pd.DatetimeIndex(["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-17"]))
    True
    """
    return len(dates) > 2 and bool((dates[:-1].day > 24).all()) and int(dates[-1].day) <= 24


def to_month_ends(dates: pd.DatetimeIndex, where: str) -> pd.DatetimeIndex:
    """Return monthly dates moved to the end of a calendar month: see `to_period_ends`.

    >>> to_month_ends(pd.DatetimeIndex(["2020-02-01", "2020-03-30"]), "x.csv").strftime("%F").tolist()
    ['2020-02-29', '2020-03-31']
    """
    return to_period_ends(dates, 1, where)


def to_period_ends(dates: pd.DatetimeIndex, months: int, where: str) -> pd.DatetimeIndex:
    """Return dates of months moved to their month's end, and labels at the begin of longer periods moved likewise.

    Values of first trading days belong to the end of the month before, to which they are nearer. Labels on the first
    day of calendar periods, whatever the day of the week, stand for the whole period, and become its last day. Other
    dates of quarters, half-years and years stay.

    Args:
        dates: one a period, rising.
        months: months in a period.
        where: name of the data in messages.

    Raises:
        DataError: two rows fall into the same month.

    >>> quarters = pd.DatetimeIndex(["2020-01-01", "2020-04-01", "2020-07-01"])
    >>> to_period_ends(quarters, 3, "x.csv").strftime("%F").tolist()
    ['2020-03-31', '2020-06-30', '2020-09-30']
    """
    if are_first_sessions(dates):
        ends = dates - pd.offsets.MonthEnd(1)
    elif _begin_periods(dates, months):
        ends = dates + pd.offsets.MonthEnd(months)
    else:
        ends = dates if months > 1 else dates + pd.offsets.MonthEnd(0)
    if ends.has_duplicates:
        twice = ends[ends.duplicated()][0]
        both = ", ".join(dates[ends == twice].strftime("%Y-%m-%d"))
        raise DataError(
            f"{where}: the rows are monthly, yet {twice:%Y-%m} has more than one ({both}); "
            "expected one row a month. Hint: leave one of them out."
        )
    return ends


def are_first_sessions(dates: pd.DatetimeIndex) -> bool:
    """Return whether dates are the first weekdays of months, up to a few holidays, and not merely the first days.

    >>> are_first_sessions(pd.date_range("2015-01-01", periods=6, freq="BMS"))
    True
    """
    days = dates.to_numpy().astype("datetime64[D]")
    first = dates.to_numpy().astype("datetime64[M]").astype("datetime64[D]") + (dates.month == 1)  # not New Year's Day
    late = np.busday_count(np.busday_offset(first, 0, roll="forward"), days)
    on_weekdays = bool((dates.day_of_week < 5).all() and (dates.day > 1).any())
    return len(dates) >= _FEWEST and on_weekdays and bool((late <= _HOLIDAYS).all() and np.mean(late <= 0) >= _MOST)


def _begin_periods(dates: pd.DatetimeIndex, months: int) -> bool:
    """Return whether all dates are the first days of calendar periods of some months."""
    return bool((dates.day == 1).all() and ((dates.month - 1) % months == 0).all())


def is_whole_year(dates: pd.DatetimeIndex, periods_per_year: int) -> bool:
    """Return whether dates cover a year or more; GIPS does not allow shorter returns to be annualised.

    The anniversary of the first date may fall on a weekend. A year is therefore covered if the anniversary comes before
    the next date that the data would have. Monthly and longer periods have to add up to twelve months.

    Args:
        dates: (P,) dates of NAV, rising, two or more.
        periods_per_year: periods per year of the dates.

    Example:
        >>> days = pd.bdate_range("2021-12-31", "2022-12-30")  # 31 December 2022 is a Saturday
        >>> is_whole_year(days, 252), is_whole_year(days[:-1], 252), is_whole_year(days[[0, -1]], 12)
        (True, False, True)
    """
    first, last = dates[0], dates[-1]
    anniversary = first + pd.DateOffset(years=1)
    if periods_per_year in MONTHS:
        months = 12 * (last.year - first.year) + last.month - first.month
        return bool(months >= 12 and last >= anniversary - _WEEKEND)
    return bool(last >= anniversary or period_after(dates, periods_per_year) > anniversary)
