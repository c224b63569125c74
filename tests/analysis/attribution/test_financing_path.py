"""Financing rates by month, against the rates of a synthetic run."""

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.attribution.financing_path import financing_path
from support.builders.synthetic_result import synthetic_result

COLUMNS = ["rate", "cash_rate", "spread", "loan"]


def test_the_rate_of_a_month_is_interest_over_the_average_loan_in_it() -> None:
    """One month of daily data by hand: the loan costs 3 % / 252 a day, and a quarter of the cost is the drag."""
    result = synthetic_result(60, gross=1.5, periods_per_year=252)
    table = financing_path(result)
    dates = pd.DatetimeIndex(result.nav.index)
    days = np.append(0.0, np.diff(dates.to_numpy()) / np.timedelta64(1, "D"))
    within = (dates.year == 2004) & (dates.month == 2)
    date = dates[within][-1]
    loan, opening = result.loan.to_numpy(), np.append(np.nan, result.nav.to_numpy()[:-1])
    financed = float((loan * days / 360)[within].sum())
    rate = float(result.costs["financing"][within].sum()) / financed
    average = float((loan / opening * days)[within].sum() / days[within].sum())
    expected = [rate, 0.75 * rate, 0.25 * rate, average]
    assert table.loc[[date]].to_numpy()[0] == pytest.approx(expected, rel=1e-12)
    assert average == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("periods_per_year", [252, 365, 52, 12, 4, 1])
def test_dates_are_month_ends_or_the_ends_of_longer_periods(periods_per_year: int) -> None:
    result = synthetic_result(40, gross=1.5, periods_per_year=periods_per_year)
    dates = pd.DatetimeIndex(result.nav.index[1:])
    last = pd.Series(dates, index=dates.to_period("M")).groupby(level=0).last()
    assert list(financing_path(result).index) == list(last)


def test_the_months_average_to_the_rate_of_the_summary() -> None:
    result = bt.run("configs/levered_erc.yaml")
    table = financing_path(result)
    days = pd.Series(
        np.append(0.0, np.diff(result.nav.index.to_numpy()) / np.timedelta64(1, "D")), index=result.nav.index
    )
    financed = (result.loan * days / 360)[table.index]  # each month of monthly data is one period
    average = float((table["rate"] * financed).sum() / financed.sum())
    assert average == pytest.approx(result.summary()["average_financing_rate"], rel=1e-12)
    assert (table["rate"] - table["cash_rate"] - table["spread"]).abs().max() < 1e-12
    spread = 0.005 * np.ones(len(table))  # as configured: 50 basis points
    assert table["spread"].to_numpy() == pytest.approx(spread, rel=1e-9)  # flows are differences of larger numbers


def test_months_without_a_loan_are_left_out() -> None:
    result = synthetic_result(12, gross=1.5)
    result.loan.iloc[3:7] = 0.0
    assert len(financing_path(result)) == 8
    for one in (synthetic_result(12), synthetic_result(1), synthetic_result(12, still=True)):
        assert list(financing_path(one).columns) == COLUMNS
        assert financing_path(one).empty
    assert np.isfinite(financing_path(synthetic_result(12, gross=1.5, ruined=True)).to_numpy()).all()
