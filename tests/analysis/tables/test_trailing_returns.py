"""Returns of the last years, and the best and worst months and years, by their definitions."""

import numpy as np
import pandas as pd
import pytest

from backtest.analysis.tables.trailing_returns import best_and_worst, trailing_returns


def monthly(count: int, end: str = "2020-12-31") -> pd.Series:
    growth = 1 + np.random.default_rng(3).normal(0.01, 0.04, count)
    return pd.Series(np.cumprod(growth), pd.date_range(end=end, periods=count, freq="ME"))


def test_a_span_counts_from_its_anniversary_and_is_left_out_before_the_first_date() -> None:
    nav = monthly(61)
    found = trailing_returns(nav)
    assert list(found.index) == [1, 3, 5]
    for years in (1, 3, 5):
        assert found[years] == pytest.approx((nav.iloc[-1] / nav.iloc[-1 - 12 * years]) ** (1 / years) - 1, rel=1e-12)
    assert list(trailing_returns(nav.iloc[1:]).index) == [1, 3]


def test_an_anniversary_may_be_no_session() -> None:
    """The anniversary of Monday, 2020-11-30 is a Saturday; the nearest session is the Friday."""
    dates = pd.bdate_range("2018-01-01", "2020-11-30")
    nav = pd.Series(np.linspace(1.0, 2.0, len(dates)), dates)
    assert trailing_returns(nav)[1] == pytest.approx(2 / nav["2019-11-29"] - 1, rel=1e-12)


def test_all_capital_lost_is_a_return_of_minus_one() -> None:
    nav = pd.Series([1.0, 1.0, 0.0], pd.to_datetime(["2018-12-31", "2019-12-31", "2020-12-31"]))
    assert trailing_returns(nav).to_dict() == {1: -1.0}


def test_months_and_years_that_are_covered_in_part_do_not_count() -> None:
    nav = monthly(31, "2020-06-30")  # from December 2017
    found = best_and_worst(nav, 12)
    months = nav / nav.shift() - 1
    assert found.loc["month", "count"] == 30
    assert found.loc["month", "best"] == pytest.approx(months.max(), rel=1e-12)
    assert found.loc["month", "worst_in"] == f"{months.idxmin():%Y-%m}"
    assert found.loc["month", "positive"] == pytest.approx(np.mean(months.to_numpy()[1:] > 0), rel=1e-12)
    years = {year: nav[f"{year}-12-31"] / nav[f"{year - 1}-12-31"] - 1 for year in (2018, 2019)}
    assert found.loc["year", "best"] == pytest.approx(max(years.values()), rel=1e-12)
    assert found.loc["year", "worst"] == pytest.approx(min(years.values()), rel=1e-12)
    assert found.loc["year", "count"] == 2


def test_a_run_within_a_month_has_neither() -> None:
    assert best_and_worst(pd.Series([1.0, 1.1], pd.to_datetime(["2020-01-10", "2020-01-13"])), 252).empty
