"""Realised risk contributions add up to the volatility of NAV's excess returns, and are covariances with them.

1. period by period, the parts add up to the excess return of NAV, whatever was borrowed, shorted, paid or lost;
2. over a run and over windows, contributions add up to the volatility, and each equals NumPy's covariance over it;
3. cash that earns cash adds nothing, a loan adds its spread; classes add up; no return after a window's end counts.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.metrics import performance
from backtest.analysis.metrics.ex_ante import by_class
from backtest.analysis.metrics.realised_risk import (
    CASH_AND_COSTS,
    excess_contributions,
    realised_risk_contributions,
    realised_risk_of_a_year,
    rolling_realised_risk,
)
from backtest.reporting.charts.chart_risk import risk
from support.builders.market_files import dates_of, random_levels, write_config, write_csv
from support.builders.synthetic_result import synthetic_result

CONFIGS = Path(__file__).parents[3] / "configs"


def run(folder: Path, strategy: dict[str, Any], ruin: bool = False, **terms: Any) -> BacktestResult:
    """Run two assets on daily data for a year and a half, rebalanced weekly, traded a day later."""
    rng = np.random.default_rng(11)
    dates = dates_of("daily", 400, rng)
    levels = pd.DataFrame(random_levels(dates, [0.2, 0.06, 0.002], rng), index=dates, columns=["spx", "ust", "bills"])
    if ruin:
        levels.iloc[200:, :2] *= 0.3
    write_csv(levels, folder / "market.csv")
    config = write_config(
        folder / "run.yaml",
        data={
            "source": "csv", "path": "market.csv", "assets": ["spx", "ust"], "cash": "bills",
            "classes": {"spx": "equities", "ust": "bonds"},
        },
        estimation={"covariance": "sample", "window": 20},
        strategy=strategy,
        rebalance={"frequency": "weekly", "execution_lag": 1},
        **terms,
    )  # fmt: skip
    return bt.run(config)


LEVERED = {"name": "levered_erc", "target_volatility": 0.2}
PAID: dict[str, Any] = {
    "costs": {"trading_bps": 15},
    "financing": {"spread_bps": 60, "cash_spread_bps": 20, "borrow_fee_bps": 30},
    "fees": {"management_bps": 25, "expense_ratio_bps": 12},
}


def kinds(folder: Path) -> dict[str, BacktestResult]:
    results = {
        "free": run(folder, {"name": "equal_weight"}),
        "levered": run(folder, LEVERED, **PAID),
        "ruined": run(folder, LEVERED, ruin=True, **PAID),
        "synthetic, short": synthetic_result(60, gross=1.7, short=True),
    }
    assert results["levered"].loan.max() > 0.2
    assert results["ruined"].nav.iloc[-1] == 0
    return results


def test_parts_add_up_to_the_excess_return_of_every_period(tmp_path: Path) -> None:
    for name, result in kinds(tmp_path).items():
        parts = excess_contributions(result)
        assert list(parts.columns) == [*result.assets, CASH_AND_COSTS]
        np.testing.assert_allclose(parts.sum(axis=1), result.excess_returns, rtol=0, atol=1e-12, err_msg=name)


def test_contributions_are_covariances_over_the_volatility_and_add_up_to_it(tmp_path: Path) -> None:
    for name, result in kinds(tmp_path).items():
        contributions = realised_risk_contributions(result)
        excess, parts = result.excess_returns.to_numpy(), excess_contributions(result)
        volatility = performance.volatility(excess, result.periods_per_year)
        assert contributions.sum() == pytest.approx(volatility, rel=1e-12), name
        for contribution, part in zip(contributions, parts.to_numpy().T, strict=True):
            covariance = np.cov(part, excess)[0, 1] * result.periods_per_year
            assert contribution == pytest.approx(covariance / volatility, rel=1e-9, abs=1e-12), name


def test_contributions_by_hand_if_one_asset_moves() -> None:
    """Three periods, one asset up and down, the other still: all of the risk is the first's.

    Weights of 1/2 each, returns of the first 0.02, -0.02, 0.02, no cash return, no cost: its parts are 0.01, -0.01,
    0.01, of mean 0.01 / 3 and of variance 0.01² × ((2/3)² + (4/3)² + (2/3)²) / 2 = 0.01² × 4/3.
    """
    result = synthetic_result(3, ("a", "b"), benchmark=False, free=True)
    result.nav[:] = [1.0, 1.01, 1.01 * 0.99, 1.01 * 0.99 * 1.01]
    result.weights[:] = 0.5
    result.cash_returns[:] = 0.0
    result.contributions[:] = 0.0
    result.contributions["a"] = result.nav.diff().fillna(0.0)
    contributions = realised_risk_contributions(result)
    assert contributions["a"] == pytest.approx(np.sqrt(12 * 4 / 3) * 0.01, rel=1e-12)
    assert contributions["b"] == contributions[CASH_AND_COSTS] == 0


def test_cash_contributes_nothing_and_a_loan_its_spread(tmp_path: Path) -> None:
    half = run(tmp_path, {"name": "sixty_forty"})
    assert excess_contributions(half)[CASH_AND_COSTS].abs().max() < 1e-15  # no cost, no spread: rounding alone
    levered = run(tmp_path, LEVERED, financing={"spread_bps": 60})
    spread = -levered.financing_drag.iloc[1:] / levered.nav.to_numpy()[:-1]
    np.testing.assert_allclose(excess_contributions(levered)[CASH_AND_COSTS], spread, rtol=0, atol=1e-15)
    assert spread.min() < -1e-6


def test_rolling_contributions_equal_the_contributions_of_each_window(tmp_path: Path) -> None:
    result = run(tmp_path, LEVERED, **PAID)
    window, periods = 60, len(result.returns)
    table = rolling_realised_risk(result, window)
    ends = result.nav.index.get_indexer(table.index)
    assert set(table.index) == {day for day in result.target_weights.index if day >= result.nav.index[window]}
    parts, excess = excess_contributions(result), result.excess_returns
    for end, (_, row) in zip(ends, table.iterrows(), strict=True):
        covariance = np.cov(parts.iloc[end - window : end].T, excess.iloc[end - window : end])[-1, :-1]
        deviation = excess.iloc[end - window : end].std()
        np.testing.assert_allclose(row, np.sqrt(252) * covariance / deviation, rtol=1e-9, atol=1e-12)
    whole = rolling_realised_risk(result, periods)
    assert list(whole.index) == [result.nav.index[-1]]
    np.testing.assert_array_equal(whole.iloc[0], realised_risk_contributions(result))
    assert rolling_realised_risk(result, periods + 1).empty
    assert list(rolling_realised_risk(result, periods + 1).columns) == list(table.columns)


@pytest.mark.parametrize(("periods_per_year", "rows"), [(12, 1), (4, 9), (1, 0)])
def test_12_month_risk_needs_two_returns_a_year(periods_per_year: int, rows: int) -> None:
    """Yearly data gives no number: it must not be the risk of two years under the name of one."""
    result = synthetic_result(12, periods_per_year=periods_per_year)
    table = realised_risk_of_a_year(result, result.nav.index)
    assert len(table) == rows
    assert result.realised_risk.empty is (rows == 0)
    panels = (risk(result) or {"panels": []})["panels"]
    assert any("12 months" in panel["title"] for panel in panels) is (rows > 0)


def test_later_returns_do_not_change_a_window(tmp_path: Path) -> None:
    result = run(tmp_path, LEVERED, **PAID)
    end = result.nav.index[150]
    cut = rolling_realised_risk(result.until(end), 60)
    assert len(cut) > 10
    assert cut.to_numpy().tobytes() == rolling_realised_risk(result, 60).loc[:end].to_numpy().tobytes()


def test_contributions_of_classes_add_up() -> None:
    result = bt.run(CONFIGS / "erc.yaml")
    contributions = realised_risk_contributions(result)[result.assets]
    sums = by_class(contributions.to_frame().T, result.classes).iloc[0]
    assert sums["commodities"] == pytest.approx(contributions["gold"] + contributions["crude_oil"], rel=1e-15)
    assert sums.sum() == pytest.approx(contributions.sum(), rel=1e-14)


def test_contributions_are_undefined_without_risk_or_with_too_few_returns() -> None:
    still = synthetic_result(20, still=True, free=True)
    assert realised_risk_contributions(still).tolist() == [0.0] * 4
    assert realised_risk_contributions(synthetic_result(1)).isna().all()
    with pytest.raises(ValueError, match="2 rows or more"):
        rolling_realised_risk(still, 1)
