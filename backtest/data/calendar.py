"""Dates: how often the data comes, and months dated at their end."""

import numpy as np
import pandas as pd

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
    days = float(np.median(np.diff(dates.to_numpy().astype("datetime64[D]").astype(np.int64))))
    nearest = min(_SPACING, key=lambda periods: abs(np.log(days / _SPACING[periods])))
    if nearest == 252 and float(np.mean(dates.day_of_week >= 5)) > _WEEKEND_SHARE:
        return 365
    return nearest


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
