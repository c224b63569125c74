"""Spacing of dates: rows per year, sessions of the week, and the dates before the first and after the last one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from backtest.data.dates.frequencies import DAYS, FREQUENCIES, MONTHS, frequency_name
from backtest.errors import DataError
from backtest.numerics.arrays import Bools, Dates, Ints

TOLERANCE = 1.1  # largest ratio between the counted rows per year and the frequency assigned to them
DAILY = 180.0  # rows a year above which dates count as daily: five sessions a week less the holidays of two markets
LONGEST_CLOSURE = 13
"""Calendar days between the sessions before and after the longest closure of an exchange.

Taiwan was closed between 17 and 30 January 2023 for the new year, Japan and China close for up to 11 days, New York was
closed for 7 days in 2001 and for 12 in 1933.
"""

_WEEK, _YEAR = 7, 365.25
_DAILY_STEP = 4  # calendar days
_OUTLIER = 1.75  # times the usual step: a row is missing, or there is an extra row
_REGIME = 3  # consecutive outliers, beyond which they are a different spacing
_MOST_LOST, _STRAY = 0.2, 0.05  # shares of the rows
_BY_SESSIONS = {5: 252, 6: 300, 7: 365}
_SOME_SESSIONS = 260  # rows that show the sessions of a week, which may change over a history
_PRIOR = 4  # sessions without a holiday that are added to a short history
_WORKWEEK = (0, 1, 2, 3, 4)
_SETS = (
    _WORKWEEK,
    (6, 0, 1, 2, 3),  # the Gulf, Israel up to 2025
    (5, 6, 0, 1, 2),  # Iran
    (1, 2, 3, 4, 5),  # dates a day late
    (0, 1, 2, 3, 4, 5),  # New York up to 1952
    (6, 0, 1, 2, 3, 4),
    (5, 6, 0, 1, 2, 3),
    (0, 1, 2, 3, 4, 5, 6),
)


@dataclass(frozen=True)
class Spacing:
    """Frequency of rising dates.

    Args:
        rows_per_year: counted over the time that the dates cover, without isolated long gaps.
        periods_per_year: the supported frequency within 10 % of the rows per year; None if all are further away.
        usual: median step in calendar days.
        sessions: days of the week with sessions, Monday is 0; empty unless most steps are of a few days.
    """

    rows_per_year: float
    periods_per_year: int | None
    usual: int
    sessions: tuple[int, ...] = ()

    @property
    def rounded(self) -> int:
        """Return the supported periods per year, else the rounded rows per year."""
        return self.periods_per_year or round(self.rows_per_year)

    @property
    def in_words(self) -> str:
        """Return the periods per year for messages: `12`, or `about 36.5` for an unsupported number."""
        return str(self.periods_per_year or f"about {self.rows_per_year:.3g}")

    @property
    def is_daily(self) -> bool:
        """Return whether the dates are the sessions of a market, on four days a week or more."""
        return bool(self.sessions) and self.rows_per_year >= DAILY

    def same_frequency(self, other: "Spacing") -> bool:
        """Return whether two series can share the dates of a run: both daily, or with one number of periods a year."""
        return (self.is_daily and other.is_daily) or self.periods_per_year == other.periods_per_year


def spacing_of(dates: pd.DatetimeIndex) -> Spacing:
    """Infer the frequency of dates.

    Daily dates are counted as sessions per week, so that a few days suffice and holidays do not matter; all others as
    steps per elapsed time.

    Args:
        dates: at least two, strictly rising.

    >>> spacing_of(pd.date_range("2020-01-31", periods=6, freq="ME")).periods_per_year
    12
    >>> print(spacing_of(pd.date_range("2020-01-01", periods=20, freq="10D")).periods_per_year)
    None
    """
    days = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    steps = np.diff(days)
    usual = int(np.partition(steps, (steps.size - 1) // 2)[(steps.size - 1) // 2])
    if usual <= _DAILY_STEP:
        return _daily(days, steps, usual)
    rows = _rows_per_year(steps, usual)
    nearest = _nearest(rows)
    if nearest in (12, 13) and _one_a_month(dates, steps):
        nearest = 12
    elif 20 < rows < 30 and _two_a_month(dates, steps):
        nearest = 24
    return Spacing(rows, nearest, usual)


def infer_periods_per_year(dates: pd.DatetimeIndex, label: str = "the data", caveats: Sequence[str] = ()) -> int:
    """Return the number of periods per year of dates: one of `FREQUENCIES`.

    Args:
        dates: at least two, strictly rising.
        label: name of the data in messages.
        caveats: caveats to add to the message.

    Raises:
        DataError: no supported frequency is within 10 % of the rows per year.

    >>> infer_periods_per_year(pd.bdate_range("2020-01-01", periods=300))
    252
    """
    spacing = spacing_of(dates)
    if spacing.periods_per_year is None:
        raise DataError(" ".join([_unclear(spacing, dates, label), *(f"Note: {caveat}." for caveat in caveats)]))
    return spacing.periods_per_year


def _unclear(spacing: Spacing, dates: pd.DatetimeIndex, label: str) -> str:
    """Return the message for dates of no supported frequency."""
    rows = spacing.rows_per_year
    if _nearest(rows) is not None:
        return (
            f"{label}: {len(dates)} dates from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}, too few to tell how many "
            "sessions a week has. Hint: set data.periods_per_year: 252 for five sessions, 300 for six, 365 for seven."
        )
    near = [number for number in FREQUENCIES if number <= rows][:1] + [n for n in FREQUENCIES if n > rows][-1:]
    candidates = " or ".join(f"{number} ({frequency_name(number)})" for number in sorted(near))
    days = "day" if spacing.usual == 1 else "days"
    return (
        f"{label}: {len(dates):,} dates from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}, about {rows:.3g} a year "
        f"(median step {spacing.usual} {days}); expected a frequency within 10 % of {candidates}. "
        f"Hint: set data.periods_per_year, such as {max(1, round(rows))}, or use dates with one spacing."
    )


def _nearest(rows: float) -> int | None:
    """Return the supported frequency nearest by ratio, None if it is not within the tolerance."""
    nearest = min(FREQUENCIES, key=lambda number: abs(np.log(rows / number)))
    return nearest if abs(np.log(rows / nearest)) <= np.log(TOLERANCE) else None


def _isolated(outliers: Bools, most: float) -> Bools:
    """Return which outlying steps are isolated faults: they are few, and do not form a stretch with another spacing."""
    edges = np.flatnonzero(np.diff(outliers.astype(np.int8), prepend=0, append=0))
    single = np.zeros(len(outliers), dtype=bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        single[start:end] = end - start <= _REGIME
    return single if np.count_nonzero(single) <= most else np.zeros_like(single)


def _rows_per_year(steps: Ints, usual: int) -> float:
    """Return steps per year, leaving out isolated outliers and an unfinished last period."""
    if steps.size > 1 and steps[-1] < 0.9 * usual:
        steps = steps[:-1]
    lost = steps.size / 8  # at random, give or take three deviations
    most = max(1.0, lost + 3 * float(np.sqrt(lost * 7 / 8)))
    regular = steps[~_isolated((steps > _OUTLIER * usual) | (steps < usual / _OUTLIER), most)]
    regular = regular if regular.size else steps
    return float(_YEAR * regular.size / regular.sum())


def _daily(days: Ints, steps: Ints, usual: int) -> Spacing:
    """Infer the sessions of a week, and the frequency: from the sessions or, if they change, from the rows per year."""
    covered = np.ones(int(days[-1] - days[0]) + 1, dtype=bool)
    for row in np.flatnonzero(_isolated(steps > LONGEST_CLOSURE, max(2, steps.size / 100))).tolist():
        covered[days[row] + 1 - days[0] : days[row + 1] - days[0]] = False
    passed = np.bincount(weekday(np.arange(days[0], days[-1] + 1)[covered]), minlength=_WEEK)
    present = np.bincount(weekday(days), minlength=_WEEK)
    off = [_misplaced(week, passed, present) for week in _SETS]
    best = [week for week, count in zip(_SETS, off, strict=True) if count == min(off)]
    unclear = best[0] != _WORKWEEK and len({len(days) for days in best}) > 1
    week, few = list(best[0]), unclear and covered.size < 2 * _WEEK
    expected = int(passed[week].sum())
    rows = float(len(week) * (_YEAR / _WEEK) * (days.size + _PRIOR) / (expected + _PRIOR))
    lost = 1 - (int(present[week].sum()) + _PRIOR) / (expected + _PRIOR)
    by_day = (present[week] + 2) / (passed[week] + 2)  # a holiday does not remove a day of the week
    steady = lost < _MOST_LOST and by_day.min() >= 0.5 and days.size - present[week].sum() <= _STRAY * days.size
    number = None if few else _BY_SESSIONS[len(week)] if steady else _nearest(rows)
    return Spacing(rows, number, usual, _WORKWEEK if few else best[0])


def _misplaced(week: tuple[int, ...], passed: Ints, present: Ints) -> int:
    """Return the number of missing sessions on days with sessions, plus the number of dates on other days."""
    is_open = np.isin(np.arange(_WEEK), week)
    return int((passed - present)[is_open].sum() + present[~is_open].sum())


def weekday(days: Ints) -> Ints:
    """Return the day of the week (Monday is 0) of days since 1970-01-01, which was a Thursday.

    >>> weekday(np.array([0, 4]))
    array([3, 0])
    """
    numbers = days + 3
    return numbers - numbers // _WEEK * _WEEK  # % is five times as slow


def _one_a_month(dates: pd.DatetimeIndex, steps: Ints) -> bool:
    """Return whether a few dates are monthly rather than four-weekly, although February has four weeks."""
    if steps.size > 5 or (dates.year * 12 + dates.month).has_duplicates:
        return False
    to_end = dates.days_in_month - dates.day
    by_day = np.ptp(dates.day) <= 1 or bool((dates.day <= 4).all() or (to_end <= 3).all())
    return by_day or not (steps == DAYS[13]).all()


def _two_a_month(dates: pd.DatetimeIndex, steps: Ints) -> bool:
    """Return whether dates are the 1st and 15th of months, or the 15th and the last, give or take a weekend."""
    if (steps == DAYS[26]).all() and not dates.day.isin((1, 15)).all():
        return False
    day, to_end = dates.day, dates.days_in_month - dates.day
    first_and_middle = (day <= 4) | ((day >= 15) & (day <= 18))
    middle_and_last = ((day >= 12) & (day <= 16)) | (to_end <= 3)
    return bool(first_and_middle.all() or middle_and_last.all())


def are_between(dates: pd.DatetimeIndex, start: date | None, end: date | None) -> Bools:
    """Return which dates are from `start` to `end`, both included; None sets no limit.

    >>> are_between(pd.date_range("2020-01-30", periods=3), None, date(2020, 1, 31)).tolist()
    [True, True, False]
    """
    between = np.ones(len(dates), dtype=bool)
    if start is not None:
        between &= dates >= pd.Timestamp(start)
    if end is not None:
        between &= dates <= pd.Timestamp(end)
    return between


def periods_between(days: Dates, periods_per_year: int) -> Ints:
    """(n - 1,) periods from each date to the next: days, ISO weeks, calendar months or multiples of them."""
    numbers: Ints = days.astype(np.int64)
    if periods_per_year == 52:
        numbers = (numbers + 3) // 7  # 1970-01-01 was a Thursday
    if periods_per_year in MONTHS:
        numbers = days.astype("datetime64[M]").astype(np.int64) // MONTHS[periods_per_year]
    steps = np.diff(numbers)
    return np.rint(steps * (periods_per_year / 365.25)).astype(np.int64) if periods_per_year in (24, 26, 13) else steps


def period_before(dates: pd.DatetimeIndex, known: pd.DatetimeIndex | None = None) -> pd.Timestamp:
    """Return the end of the period before the first date, where the first return of a series begins.

    Args:
        dates: at least two, strictly rising.
        known: sessions of other series, which show whether the weekday before a daily date was a holiday.

    >>> period_before(pd.date_range("2020-03-31", periods=3, freq="ME"))
    Timestamp('2020-02-29 00:00:00')
    >>> period_before(pd.bdate_range("2020-03-30", periods=3))
    Timestamp('2020-03-27 00:00:00')
    """
    spacing, first = spacing_of(dates), dates[0]
    number = spacing.periods_per_year or 0
    if number in MONTHS:
        return _months_on(first, -MONTHS[number])
    if number == 24:
        return _months_on(dates[1], -1)
    if not spacing.sessions:
        return pd.Timestamp(first - pd.Timedelta(days=DAYS.get(number, spacing.usual)))
    before = _session(first, -1, spacing_of(dates[:_SOME_SESSIONS]).sessions)
    if known is None or before in known:
        return before
    closed = known[(known < before) & (known > before - pd.Timedelta(days=_WEEK))]
    return pd.Timestamp(closed[-1]) if len(closed) else before


def period_after(dates: pd.DatetimeIndex, periods_per_year: int) -> pd.Timestamp:
    """Return the date expected after the last one.

    Args:
        dates: at least two, strictly rising.
        periods_per_year: periods per year of the dates.

    >>> period_after(pd.bdate_range("2020-03-26", periods=2), 252)
    Timestamp('2020-03-30 00:00:00')
    """
    last = dates[-1]
    if periods_per_year in MONTHS:
        return _months_on(last, MONTHS[periods_per_year])
    if periods_per_year == 24:
        return _months_on(dates[-2], 1)
    if periods_per_year < DAILY:
        return pd.Timestamp(last + pd.Timedelta(days=DAYS.get(periods_per_year, round(_YEAR / periods_per_year))))
    recent = spacing_of(dates[-_SOME_SESSIONS:])
    sessions = recent.sessions if recent.is_daily else _WORKWEEK
    return _session(last, 1, tuple(range(_WEEK)) if periods_per_year == 365 else sessions)


def _months_on(day: pd.Timestamp, months: int) -> pd.Timestamp:
    """Return the date some months later: a month's end if the date is near its own month's end, else the same day."""
    if (day + pd.Timedelta(days=4)).month != day.month:
        return pd.Timestamp((day + pd.offsets.MonthEnd(0)).replace(day=1) + pd.offsets.MonthEnd(months + (months > 0)))
    return pd.Timestamp(day + pd.DateOffset(months=months))


def _session(other: pd.Timestamp, step: int, sessions: tuple[int, ...]) -> pd.Timestamp:
    """Return the nearest session before or after a date; New Year's Day is not a session unless markets never close."""
    day = other + pd.Timedelta(days=step)
    while day.weekday() not in sessions or (len(sessions) < _WEEK and (day.month, day.day) == (1, 1)):
        day += pd.Timedelta(days=step)
    return pd.Timestamp(day)


def days_between(dates: pd.DatetimeIndex) -> Ints:
    """Return (T,) calendar days since the previous date, 0 for the first of T dates.

    >>> days_between(pd.DatetimeIndex(["2020-01-31", "2020-02-29"])).tolist()
    [0, 29]
    """
    numbers = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.diff(numbers, prepend=numbers[:1])
