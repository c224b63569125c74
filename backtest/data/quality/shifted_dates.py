"""Caveats about dates that look a day early or late."""

import re

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import spacing_of

_FEWEST = 14  # dates that show the trading days of a market
_COMMON, _RARE = 0.1, 0.01  # shares of the dates
_LONDON = ["00:00", "23:00"]  # midnight there in winter and summer, in UTC
_MIDNIGHTS = {True: [_LONDON], False: [_LONDON, ["22:00", "23:00"], ["23:00"]]}
"""Times of day in UTC that are midnight in Europe, by whether the dates are sessions of a market with weekends."""


def shifted(dates: pd.DatetimeIndex, clock: str | None = None) -> str | None:
    """Return a caveat if days of the week or times of day suggest that each date is a day off, else None.

    Args:
        dates: strictly rising.
        clock: the times of day that the dates were written with, from `clock_of`.

    >>> print(shifted(pd.bdate_range("2020-01-01", periods=60) + pd.Timedelta(days=1)))
    sessions on Saturdays and none on Mondays: the dates are probably a day late
    """
    spacing = spacing_of(dates) if len(dates) >= _FEWEST else None
    early, late = _days_off(dates) if spacing is not None and spacing.is_daily else (False, False)
    daily = spacing is not None and spacing.is_daily and len(spacing.sessions) < 7  # then days of the week show more
    times = re.findall(r"\d\d:\d\d", clock or "")
    if (early and any(time >= "12:00" for time in times)) or (not early and times in _MIDNIGHTS[daily]):
        return (
            f"the dates have times of day ({clock}), most likely midnight of another time zone, which was lost: dates "
            "with such a time are then a day early. Hint: write the local date of each row"
        )
    if early:
        return (
            "sessions on Sundays and none on Fridays: a market that is open from Sunday to Thursday, or dates that are "
            "a day early, such as midnight of another time zone written in UTC"
        )
    return "sessions on Saturdays and none on Mondays: the dates are probably a day late" if late else None


def _days_off(dates: pd.DatetimeIndex) -> tuple[bool, bool]:
    """Return whether daily dates have Sundays and no Fridays, and whether they have Saturdays and no Mondays."""
    share = np.bincount(dates.day_of_week, minlength=7) / len(dates)
    early = share[6] > _COMMON and max(share[4], share[5]) < _RARE
    return bool(early), bool(share[5] > _COMMON and max(share[6], share[0]) < _RARE)
