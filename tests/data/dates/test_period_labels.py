"""Labels of months, quarters and years: each value is dated at the end of the period that it belongs to."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.dates.months_and_years import are_first_sessions, to_period_ends
from backtest.data.market_data import MarketData, load

ENDS = pd.date_range("2015-01-31", periods=60, freq="ME", name="date")
MOVES = np.random.default_rng(0).normal(0.005, 0.03, (60, 2))


def market(folder: Path, dates: pd.DatetimeIndex, ends: pd.DatetimeIndex = ENDS, **settings: Any) -> MarketData:
    """Return market data of A, dated at the ends of periods, and of B, which has other labels."""
    levels = 100 * np.cumprod(1 + MOVES[: len(ends)], axis=0)
    pd.DataFrame({"A": levels[:, 0]}, index=ends).to_csv(folder / "a.csv")
    pd.DataFrame({"B": levels[:, 1]}, index=dates.rename("date")).to_csv(folder / "b.csv")
    assets = {"A": {"path": "a.csv"}, "B": {"path": "b.csv"}}
    given = {"source": "csv", "assets": assets, "cash": 0.02, **settings}
    return load(DataSettings.model_validate({**given, "path": "a.csv"}), folder)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (ENDS + pd.offsets.BMonthBegin(1), "values of first trading days are dated at the end of the month before"),
        (ENDS - pd.offsets.MonthBegin(1), "monthly rows are dated at their month's end"),
        (pd.bdate_range("2015-01-30", periods=60, freq="BME"), "monthly rows are dated at their month's end"),
    ],
    ids=["first trading day after", "first day, as Yahoo", "last trading day"],
)
def test_months_of_two_files_are_the_same_whatever_their_labels(
    tmp_path: Path, dates: pd.DatetimeIndex, words: str
) -> None:
    data = market(tmp_path, dates)
    assert data.dates.equals(ENDS)
    np.testing.assert_allclose(data.returns["B"].iloc[1:], MOVES[1:, 1], rtol=0, atol=1e-14)
    assert data.notes == (f"b.csv: {words}",)


@pytest.mark.parametrize(
    ("ends", "begins", "words"),
    [
        (("2005-03-31", "QE"), ("2005-01-01", "QS"), "quarterly rows are dated at their quarter's end"),
        (("2005-12-31", "YE"), ("2005-01-01", "YS"), "yearly rows are dated at their year's end"),
        (("2005-06-30", "6ME"), ("2005-01-01", "6MS"), "semi-annual rows are dated at their half-year's end"),
    ],
    ids=["quarters", "years", "half-years"],
)
def test_labels_at_the_begin_of_a_period_become_its_end(
    tmp_path: Path, ends: tuple[str, str], begins: tuple[str, str], words: str
) -> None:
    """A quarter's value is known at its end; at its begin, it would be seen three months too early."""
    last, first = (pd.date_range(start, periods=12, freq=step, name="date") for start, step in (ends, begins))
    data = market(tmp_path, first, last)
    assert data.dates.equals(last)
    np.testing.assert_allclose(data.returns["B"].iloc[1:], MOVES[1:12, 1], rtol=0, atol=1e-14)
    assert data.notes == (f"b.csv: {words}",)


def test_holidays_and_years_do_not_hide_first_trading_days() -> None:
    """New Year's Day is never a session, and a golden week delays one in twelve."""
    months = pd.date_range("2015-01-01", periods=36, freq="BMS")
    late = months.where(months.month != 10, months + pd.offsets.BDay(5))
    late = pd.DatetimeIndex(late.where(late.month != 1, late + pd.offsets.BDay(1)))
    assert are_first_sessions(late)
    assert to_period_ends(late, 1, "x")[0] == pd.Timestamp("2014-12-31")
    assert are_first_sessions(
        pd.DatetimeIndex([f"{year}-01-0{day}" for year, day in enumerate((2, 4, 3, 2, 2, 2), 2015)])
    )


@pytest.mark.parametrize("day", [1, 2, 5, 15])
def test_a_fixed_day_of_the_month_is_no_first_trading_day(day: int) -> None:
    dates = pd.date_range("2015-01-01", periods=24, freq="MS") + pd.Timedelta(days=day - 1)
    assert not are_first_sessions(dates)
    assert to_period_ends(dates, 1, "x").equals(pd.date_range("2015-01-31", periods=24, freq="ME"))


def test_other_dates_of_longer_periods_stay() -> None:
    quarters = pd.date_range("2015-03-30", periods=8, freq="QE") - pd.Timedelta(days=1)
    assert to_period_ends(quarters, 3, "x").equals(quarters)
    fiscal = pd.date_range("2015-02-01", periods=8, freq="3MS")
    assert to_period_ends(fiscal, 3, "x").equals(fiscal)
