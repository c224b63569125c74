"""Rebalance dates: one date in the data of each period, by default the last, and the default lag."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import backtest as bt
from backtest.engine.settings.schedule import RebalanceSettings, rebalance_rows
from support.builders.market_files import write_config, write_csv

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
def test_rebalance_dates_are_the_last_of_each_period_in_the_data(frequency: str, days: set[object]) -> None:
    """Any calendar, with any holes: grouped with dates of the standard library, not of pandas."""
    ordered = sorted(days, key=str)
    last: dict[object, int] = defaultdict(int)
    for row, day in enumerate(ordered):
        last[PERIODS[frequency](day)] = row
    dates = pd.DatetimeIndex([str(day) for day in ordered])
    assert rebalance_rows(dates, frequency) == sorted(last.values())  # type: ignore[arg-type]  # a name from the table above


@pytest.mark.parametrize("frequency", ["weekly", "monthly", "quarterly", "yearly"])
@given(days=DAYS, n=st.one_of(st.integers(-8, -1), st.integers(1, 8)))
def test_an_offset_selects_the_nth_date_of_each_period(frequency: str, days: set[object], n: int) -> None:
    """Counted in lists of each period's rows, whatever dates are missing; short periods give their nearest date."""
    ordered = sorted(days, key=str)
    rows: dict[object, list[int]] = defaultdict(list)
    for row, day in enumerate(ordered):
        rows[PERIODS[frequency](day)].append(row)
    periods = [rows[period] for period in sorted(rows, key=str)] if frequency == "yearly" else list(rows.values())
    if n < -1:
        periods = periods[:-1]  # the last period may continue after the data
    expected = {one[min(n, len(one)) - 1] if n > 0 else one[max(n, -len(one))] for one in periods}
    dates = pd.DatetimeIndex([str(day) for day in ordered])
    assert rebalance_rows(dates, frequency, n) == sorted(expected | {len(ordered) - 1})  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(("day", "n"), [("first", 1), ("last", -1)])
def test_first_and_last_are_words_for_numbers(day: Literal["first", "last"], n: int) -> None:
    dates = pd.bdate_range("2019-12-20", "2021-03-10")
    assert rebalance_rows(dates, "monthly", day) == rebalance_rows(dates, "monthly", n)
    assert rebalance_rows(dates, "monthly") == rebalance_rows(dates, "monthly", "last")


def test_offsets_count_sessions_in_months_with_holidays() -> None:
    """New York in 2018: January opened on the 2nd, and on Good Friday, March 30, there was no trading.

    February has 19 sessions: its 20th is its last. The data's own last date, April 10, is a rebalance date in any case.
    """
    closed = ["2018-01-01", "2018-01-15", "2018-02-19", "2018-03-30"]
    dates = pd.bdate_range("2018-01-01", "2018-04-10").difference(pd.DatetimeIndex(closed))

    def on(day: Literal["first", "last"] | int) -> list[str]:
        return [f"{dates[row]:%m-%d}" for row in rebalance_rows(dates, "monthly", day)]

    assert on("first") == ["01-02", "02-01", "03-01", "04-02", "04-10"]
    assert on("last") == ["01-31", "02-28", "03-29", "04-10"]
    assert on(20) == ["01-30", "02-28", "03-28", "04-10"]
    assert on(-2) == ["01-30", "02-27", "03-28", "04-10"]


def test_an_offset_selects_the_month_of_a_quarter_in_monthly_data() -> None:
    """The n-th date of monthly data in a quarter is its n-th month: an offset of the calendar."""
    dates = pd.date_range("2020-01-31", periods=12, freq="ME")
    assert [dates[row].month for row in rebalance_rows(dates, "quarterly", 1)] == [1, 4, 7, 10, 12]
    assert [dates[row].month for row in rebalance_rows(dates, "quarterly", 2)] == [2, 5, 8, 11, 12]


@pytest.mark.parametrize("n", [*range(1, 24), -1, -2, -5])
def test_later_data_never_removes_a_rebalance_date(n: int) -> None:
    """Cut on any day, the data has the same rebalance dates before its last date, except a -n not yet known to be one.

    So no trade is made because the data ends soon; from -2 on, what the longer data adds lies in the cut's last month.
    """
    dates = pd.bdate_range("2019-12-20", "2020-06-17")
    whole = rebalance_rows(dates, "monthly", n)
    for end in range(1, len(dates)):
        cut = rebalance_rows(dates[:end], "monthly", n)
        assert cut[-1] == end - 1
        month = dates[end - 1].to_period("M")
        later = {row for row in whole if row < end - 1 and n < -1 and dates[row].to_period("M") == month}
        assert set(cut[:-1]) == {row for row in whole if row < end - 1} - later


@pytest.mark.parametrize("frequency", ["daily", "never"])
def test_an_offset_outside_every_period_is_refused(frequency: Literal["daily", "never"]) -> None:
    """A day that selects no date is refused."""
    assert RebalanceSettings(frequency=frequency).day == "last"
    with pytest.raises(ValidationError, match="no day can be chosen"):
        RebalanceSettings(frequency=frequency, day=3)


def test_a_week_over_new_year_is_one_week() -> None:
    """2019-12-31 and 2020-01-02 are in ISO week 1 of 2020; 2021-01-01 is in week 53 of 2020."""
    dates = pd.DatetimeIndex(["2019-12-27", "2019-12-31", "2020-01-02", "2020-12-31", "2021-01-01", "2021-01-04"])
    assert rebalance_rows(dates, "weekly") == [0, 2, 4, 5]


@pytest.mark.parametrize(("periods", "lag"), [(365, 1), (252, 1), (52, 1), (12, 0), (4, 0), (1, 0)])
def test_the_default_lag_depends_on_the_spacing_of_dates(periods: int, lag: int) -> None:
    assert RebalanceSettings().lag(periods) == lag
    assert RebalanceSettings(execution_lag=3).lag(periods) == 3


@pytest.mark.parametrize("day", ["first", 5, -3])
def test_a_run_decides_on_that_day_and_sees_nothing_after_it(day: Literal["first"] | int, tmp_path: Path) -> None:
    """Prices after March 2021 overwritten: until then decisions and NAV are the same, bit for bit."""
    dates = pd.bdate_range("2020-01-01", "2021-06-15")
    rng = np.random.default_rng(6)
    levels = pd.DataFrame(100 * np.cumprod(1 + 0.01 * rng.standard_normal((len(dates), 3)), axis=0), index=dates)
    others = levels.copy()
    others.loc["2021-04-01":] = 1e4 / levels.loc["2021-04-01":]
    results = []
    for name, prices in (("before", levels), ("after", others)):
        write_csv(prices.set_axis(["a", "b", "c"], axis=1), tmp_path / f"{name}.csv")
        config = write_config(
            tmp_path / f"{name}.yaml",
            data={"source": "csv", "path": f"{name}.csv", "assets": ["a", "b", "c"], "cash": 0.01},
            estimation={"covariance": "sample", "window": 60},
            strategy={"name": "erc"},
            rebalance={"frequency": "monthly", "day": day},
        )
        results.append(bt.run(config))
    before, after = results
    decided = before.target_weights.index
    expected = dates[rebalance_rows(dates, "monthly", day)]
    assert len(decided) > 12
    assert decided.equals(expected[expected >= decided[0]])
    assert before.trade_dates.iloc[:-1].to_list() == dates[dates.get_indexer(decided[:-1]) + 1].to_list()
    pd.testing.assert_frame_equal(
        before.target_weights[:"2021-03-31"], after.target_weights[:"2021-03-31"], rtol=0, atol=0
    )
    pd.testing.assert_series_equal(before.nav[:"2021-03-31"], after.nav[:"2021-03-31"], rtol=0, atol=0)
    assert not before.nav.equals(after.nav)
