"""Dates that are missing from a series or do not belong to it."""

import numpy as np

from backtest.data.dates.frequencies import PERIODS
from backtest.data.dates.spacing import LONGEST_CLOSURE, periods_between, weekday
from backtest.numerics.arrays import Dates

_LONGEST_STEP = {365: 2, 300: LONGEST_CLOSURE, 252: LONGEST_CLOSURE}  # for all other frequencies: 1 period
_STRAY = 0.1  # of the dates on the commonest day of the week; fewer are not sessions
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def longest_gap(days: Dates, periods_per_year: int) -> tuple[int, str] | None:
    """Return the row before the longest gap between dates and its description, None if there is no gap.

    Args:
        days: (n,) rising dates.
        periods_per_year: one of `frequencies.FREQUENCIES`.
    """
    steps = periods_between(days, periods_per_year)
    longest = _LONGEST_STEP.get(periods_per_year, 1)
    if steps.size == 0 or steps.max() <= longest:
        return None
    row = int(steps.argmax())
    return row, (
        f"no value for {steps[row]} {PERIODS[periods_per_year].noun}s, from {days[row]} to {days[row + 1]}"
        f"{and_more(int((steps > longest).sum()) - 1)}; expected at most {longest} from one to the next"
    )


def stray_days(days: Dates) -> tuple[int, int, str] | None:
    """Return the first and last row of dates on days of the week that hardly ever have sessions, and a description.

    Args:
        days: (n,) rising dates of sessions on five or six days of the week.
    """
    days_of_week = weekday(days.astype(np.int64))
    counts = np.bincount(days_of_week, minlength=7)
    stray = (counts > 0) & (counts < _STRAY * counts.max())
    rows = np.flatnonzero(stray[days_of_week])
    if not rows.size:
        return None
    first, last = int(rows[0]), int(rows[-1])
    where = f"{days[first]} is" if rows.size == 1 else f"{rows.size} dates from {days[first]} to {days[last]} are"
    if not stray[:5].any():
        return first, last, f"{where} on a weekend; expected weekdays, like the other dates"
    names = " or ".join(_WEEKDAYS[day] for day in np.flatnonzero(stray).tolist())
    rest = ", ".join(_WEEKDAYS[day] for day in np.flatnonzero(~stray & (counts > 0)).tolist())
    return first, last, f"{where} on a {names}; expected {rest}, like the other dates"


def and_more(others: int) -> str:
    """Return a remark on the number of others, empty for no others."""
    return f" (and {others} more)" if others else ""
