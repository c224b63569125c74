"""Rows of a sweep: the headline numbers of the run with the same settings, to the last bit."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.numerics.arrays import Floats
from backtest.sweeps.sweep_numbers import NUMBERS
from backtest.sweeps.sweep_result import text_of

ROOT = Path(__file__).parents[2]
DAYS, ASSETS = 620, ("stocks", "bonds", "gold")
BASE = {
    "strategy": {"name": "levered_erc", "target_volatility": 0.15, "max_gross_exposure": 4},
    "estimation": {"window": 60},
    "initial_capital": 1_000_000,
}


@pytest.fixture(scope="module")
def market() -> bt.MarketData:
    """Random daily prices with a fall of a fifth in a day, so that margin calls happen."""
    random = np.random.default_rng(3)
    returns = random.normal(0.0004, 0.01, (DAYS, 3)) * [1.2, 0.4, 1.0]
    returns[400, 0] = -0.2
    dates = pd.bdate_range("2020-01-01", periods=DAYS)
    frame = pd.DataFrame((1 + returns).cumprod(axis=0), index=dates, columns=list(ASSETS))
    return bt.MarketData.from_prices(frame, cash=0.02, periods_per_year=252)


CASES: dict[str, dict[str, Any]] = {
    "loans": {
        "grid": {
            "financing": [
                {"spread_bps": 40},
                {"spread_bps": 150, "cash_spread_bps": 30},
                {"tiers": {0: 50, 500_000: 90}},
            ],
            "costs": [{}, {"trading_bps": 8}, {"trading_bps": {"stocks": 3, "bonds": 1, "gold": 9}, "fixed": 2}],
            "estimation.window": [60, 90],
        }
    },
    "bands": {
        "grid": {
            "rebalance.bands": [
                None,
                {"absolute": 0.03},
                {"absolute": 0.05, "check": "daily"},
                {"relative": 0.2, "to": "edge", "check": "weekly"},
                {"absolute": 0.04, "also_on_schedule": True, "check": "weekly"},
            ],
            "rebalance.minimum_trade": [0.0, 0.01],
            "strategy": ["erc", "inverse_volatility", {"name": "levered_erc", "target_volatility": 0.1}],
        }
    },
    "margin calls, fees and futures": {
        "any_of": [
            {"financing": [{"maintenance_margin": 0.3, "initial_margin": 0.35}, {"kind": "futures", "basis_bps": 20}]},
            {"financing": [{"kind": "leveraged_fund", "leverage": 3.0, "expense_ratio_bps": 90}]},
            {"fees": [{"management_bps": 50}, {"performance": {"rate": 0.2, "every": "yearly"}}]},
        ],
        "grid": {"rebalance.frequency": ["monthly", "weekly"], "rebalance.execution_lag": [1, 2]},
    },
    "shorts and dates": {
        "together": [{"start": ["2020-06-01", "2020-06-01"], "end": ["2021-03-31", "2022-03-31"]}],
        "any_of": [
            {"strategy": [{"name": "all_weather", "weights": {"stocks": 1.5, "bonds": -0.4, "gold": 0.2}}]},
            {
                "strategy": ["erc"],
                "leverage": [
                    {"target_volatility": 0.1},
                    {"target_volatility": 0.1, "max_gross_exposure": 1.5},
                    {"target_volatility": 0.1, "smoothing": 0.5},
                ],
            },
        ],
        "grid": {"financing.borrow_fee_bps": [0, 60]},
    },
}


@pytest.mark.parametrize("case", CASES)
def test_rows_are_the_headline_numbers_of_runs_to_the_last_bit(case: str, market: bt.MarketData) -> None:
    found = bt.sweep(BASE, CASES[case], market=market, workers=2)
    for run in range(len(found)):
        row, result = found.frame.loc[run], found.result(run)
        assert pd.isna(row["error"]), row["error"]
        headline = result.headline()  # a run of less than a year has no rates
        np.testing.assert_array_equal(row[list(NUMBERS)].to_list(), [headline.get(name, np.nan) for name in NUMBERS])
        assert (row["first_date"], row["last_date"]) == (result.nav.index[0], result.nav.index[-1])
        assert row["periods"] == len(result.nav) - 1
        given = found.settings(run)  # a setting may be named as what a run has, such as its start
        assert {name: str(row[name]) for name in given} == {name: text_of(value) for name, value in given.items()}


def test_rows_do_not_depend_on_the_number_of_workers(market: bt.MarketData) -> None:
    one, two = (bt.sweep(BASE, CASES["bands"], market=market, workers=count).frame for count in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_moments_are_those_of_returns_above_cash(market: bt.MarketData) -> None:
    found = bt.sweep(BASE, {"estimation.window": [60]}, market=market)
    excess = found.result(0).excess_returns.to_numpy()
    away: Floats = (excess - excess.mean()) / excess.std()
    row = found.frame[["skew", "kurtosis"]].to_numpy()[0].tolist()
    assert row == pytest.approx([(away**3).mean(), (away**4).mean()], rel=1e-9)  # rounding of other sums


def test_a_run_that_fails_is_a_row_with_its_error(market: bt.MarketData) -> None:
    """Costs of half of what is traded leave nothing of a levered portfolio."""
    found = bt.sweep(BASE, {"costs.trading_bps": [5, 9_000], "estimation.window": [60, 5_000]}, market=market)
    errors = found.frame["error"]
    assert errors.isna().tolist() == [True, False, False, False]
    assert "would cost all of the NAV" in errors[2]
    assert "window" in errors[1]
    assert found.frame.loc[1:, list(NUMBERS)].isna().all(axis=None)
    assert found.failed == 3
    with pytest.raises(bt.BacktestError, match="would cost all of the NAV"):
        found.result(2)


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    """All of its parts at once, with fewer draws of the sample."""
    page = (ROOT / "docs/guide/sweeps.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "shown.yaml"
    file.write_text(
        f"extends: {ROOT / 'configs/levered_erc.yaml'}\nname: shown\n{shown.replace('count: 100', 'count: 2')}"
    )
    found = bt.sweep(file)
    assert len(found) == 3 * 5 * 5 * 2 * 2 * 4 * 2
    assert found.failed == 0
