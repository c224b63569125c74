"""Rebalance dates: the last date in the data of each period; the lag's default."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.engine.schedule import RebalanceSettings, rebalance_rows

DAYS = st.sets(st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("1996-12-31").date()), min_size=1, max_size=200)
PERIODS: dict[str, Callable[[Any], object]] = {
    "daily": lambda day: day,
    "weekly": lambda day: day.isocalendar()[:2],
    "monthly": lambda day: (day.year, day.month),
    "quarterly": lambda day: (day.year, (day.month - 1) // 3),
    "yearly": lambda day: day.year,
}


@pytest.mark.parametrize("frequency", list(PERIODS))
@given(days=DAYS)
def test_the_last_date_of_each_period_in_the_data(frequency: str, days: set[object]) -> None:
    """Any calendar, with any holes: grouped with the standard library's dates, not with pandas'."""
    ordered = sorted(days, key=str)
    last: dict[object, int] = defaultdict(int)
    for row, day in enumerate(ordered):
        last[PERIODS[frequency](day)] = row
    dates = pd.DatetimeIndex([str(day) for day in ordered])
    assert rebalance_rows(dates, frequency) == sorted(last.values())  # type: ignore[arg-type]  # a name from the table above


def test_a_week_over_new_year_is_one_week() -> None:
    """2019-12-31 and 2020-01-02 are in ISO week 1 of 2020; 2021-01-01 is in week 53 of 2020."""
    dates = pd.DatetimeIndex(["2019-12-27", "2019-12-31", "2020-01-02", "2020-12-31", "2021-01-01", "2021-01-04"])
    assert rebalance_rows(dates, "weekly") == [0, 2, 4, 5]


@pytest.mark.parametrize(("periods", "lag"), [(365, 1), (252, 1), (52, 1), (12, 0), (4, 0), (1, 0)])
def test_the_lag_by_default(periods: int, lag: int) -> None:
    assert RebalanceSettings().lag(periods) == lag
    assert RebalanceSettings(execution_lag=3).lag(periods) == 3
