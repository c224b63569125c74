"""Amounts below rounding are not traded: an asset at its target keeps its units, costs nothing, and is not listed."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.analysis.metrics.forecasts import forecasts_in_force, volatility_forecasts
from backtest.analysis.tables.trade_list import trade_list
from backtest.engine.market_periods import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import Terms, TradingTerms
from support.builders.engine_markets import all_priced
from support.builders.market_files import write_config, write_csv

LIMIT = 1e-12  # of NAV


def market(returns: list[list[float]]) -> Periods:
    moves = np.array([[0.0] * len(returns[0]), *returns])
    return all_priced(moves, np.zeros(len(moves)), np.arange(len(moves)))


def run(folder: Path, levels: pd.DataFrame, **sections: Any) -> bt.BacktestResult:
    write_csv(levels, folder / "prices.csv")
    data = {"source": "csv", "path": "prices.csv", "assets": dict.fromkeys(levels, "equities"), "cash": 0.0}
    return bt.run(write_config(folder / "mine.yaml", data={**data, **sections.pop("data", {})}, **sections))


def random_levels(count: int, length: int = 400, seed: int = 1) -> pd.DataFrame:
    moves = np.random.default_rng(seed).normal(0.0003, 0.01, (length, count))
    dates = pd.bdate_range("2020-01-01", periods=length)
    return pd.DataFrame(100 * np.cumprod(1 + moves, axis=0), index=dates, columns=list("abcdef")[:count])


@pytest.mark.parametrize("frequency", ["daily", "weekly", "monthly"])
@pytest.mark.parametrize("lag", [0, 1])
def test_a_fixed_cost_is_charged_for_the_one_purchase_of_a_single_asset(
    tmp_path: Path, frequency: str, lag: int
) -> None:
    """An asset at 100 % of NAV stays there: its purchase costs 5 of 10,000, and nothing is charged after that."""
    result = run(
        tmp_path,
        random_levels(1),
        strategy={"name": "equal_weight"},
        rebalance={"frequency": frequency, "execution_lag": lag},
        costs={"fixed": 5},
        initial_capital=10_000,
    )
    assert result.costs["trading"].sum() == pytest.approx(5e-4, rel=1e-15)
    assert len(result.trades) == len(trade_list(result)) == 1


def test_a_run_without_costs_lists_no_trade_that_trades_nothing(tmp_path: Path) -> None:
    """Weekly decisions of 100 % in one asset differ from the holdings by up to 1e-16."""
    result = run(tmp_path, random_levels(1), strategy={"name": "equal_weight"}, rebalance={"frequency": "weekly"})
    assert result.trades["a"].to_list() == [1.0]
    assert result.summary()["turnover_per_year"] > 0
    assert result.turnover.iloc[1] == 0.5
    assert not result.turnover.iloc[2:].any()


def test_a_decision_that_needs_no_trade_counts_as_traded(tmp_path: Path) -> None:
    """The forecast in force is the forecast of the last decision, although only the first decision needs a trade."""
    result = run(
        tmp_path,
        random_levels(1),
        strategy={"name": "erc"},
        estimation={"window": 60},
        rebalance={"frequency": "monthly", "execution_lag": 1},
    )
    assert len(result.trades) == 1
    decided = result.trade_dates.iloc[:-1]
    assert decided.notna().all()
    assert (decided > decided.index).all()
    forecasts = forecasts_in_force(result)["portfolio"] * np.sqrt(252)
    assert forecasts.iloc[-2] == pytest.approx(volatility_forecasts(result)["portfolio"].iloc[-2], rel=1e-15)


def test_a_run_that_holds_nothing_has_no_trades(tmp_path: Path) -> None:
    """With weights of zero, NAV is cash at interest, and all tables exist."""
    levels = random_levels(2)
    result = run(
        tmp_path,
        levels,
        data={"cash": 0.02},
        strategy={"name": "sixty_forty", "weights": {"a": 0.0, "b": 0.0}},
        costs={"trading_bps": 10, "fixed": 5},
        initial_capital=1000,
    )
    years = (result.nav.index[-1] - result.nav.index[0]).days / 365.25
    assert result.nav.iloc[-1] == pytest.approx(1.02**years, rel=1e-12)
    assert result.trades.empty
    assert trade_list(result).empty
    assert result.events.empty
    assert result.summary()["turnover_per_year"] == 0


def test_an_asset_at_its_target_keeps_its_units_while_others_are_traded() -> None:
    """A stays at 0.5, B goes from 0.25 to 0.35. Trading A would cost 10 %, B costs 1 %.

    The first trade costs x = (0.1 × 0.5 + 0.01 × 0.25) (1 - x) = 0.0525 / 1.0525. In the second z = 0.35 (1 - x) - 0.25
    and x = 0.01 z, so x = 0.001 / 1.0035: nothing for A, although its units are then worth 0.5 / (1 - x) of NAV.
    """
    targets = np.array([[0.5, 0.25], [0.5, 0.35]])
    path = simulate(market([[0.0, 0.0]] * 3), [0, 1], targets, 0, Terms(TradingTerms(np.array([0.1, 0.01]))))
    x = 0.001 / 1.0035
    assert path.nav == pytest.approx([1, (1 - x) / 1.0525, (1 - x) / 1.0525, (1 - x) / 1.0525], rel=1e-15)
    assert path.weights[1] == pytest.approx([0.5 / (1 - x), 0.35], rel=1e-15)
    assert path.trades[1].tolist() == [0.0, pytest.approx(0.35 * (1 - x) - 0.25, rel=1e-14)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_each_asset_that_is_traded_pays_the_fixed_cost_and_no_other(seed: int) -> None:
    """Targets and prices are on coarse grids, so weights often hit their targets; the cost is k Σ|z| N + F n."""
    rng = np.random.default_rng(seed)
    count, length = int(rng.integers(1, 5)), 12
    returns, targets = rng.choice([0.0, 0.0, 1.0, -0.5], (length, count)), rng.choice([0, 0.25, 0.5], (length, count))
    targets[0] = 0.0  # the cost of a first trade would be booked with the next row
    terms = Terms(TradingTerms(np.full(count, 0.01), fixed=1e-3))
    path = simulate(market(returns.tolist()), list(range(length)), targets, 0, terms)
    assert len(set(path.trade_rows.tolist())) == len(path.trade_rows)
    for at, sizes in zip(path.trade_rows.tolist(), np.abs(path.trades), strict=True):
        traded, before = sizes > 0, path.nav[at] + path.trading[at]
        assert traded.any()
        assert (sizes[traded] > LIMIT / 2).all()
        paid = before * 0.01 * sizes.sum() + 1e-3 * int(traded.sum())
        assert path.trading[at] == pytest.approx(paid, rel=1e-12)
    still = np.setdiff1d(np.arange(1, len(path.nav)), path.trade_rows)
    assert not path.trading[still].any()


def test_a_position_at_its_target_is_not_sold_because_selling_it_would_cost_all_of_nav() -> None:
    """The position, bought for 0.3, falls to 0.175. Selling it would cost more than NAV, but nothing is traded."""
    terms = Terms(TradingTerms(np.zeros(1), fixed=0.3))
    path = simulate(market([[0.0], [-0.75], [1.0], [0.0]]), [0, 1, 2, 3], np.ones((4, 1)), 0, terms)
    assert path.nav == pytest.approx([1.0, 0.7, 0.175, 0.35, 0.35], rel=1e-15)
    assert path.trade_rows.tolist() == [0]
    assert path.executed.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("least", "is_made"), [(0.25, True), (0.25 + 2**-40, False)])
def test_only_trades_below_the_limit_are_not_made(least: float, is_made: bool) -> None:
    """A trade from 0.5 to 0.75 of NAV, exactly, is made if the limit is a quarter. The purchase of 0.5 always is."""
    targets = np.array([[0.5], [0.75]])
    path = simulate(market([[0.0]] * 3), [0, 1], targets, 0, Terms(TradingTerms(np.zeros(1))), minimum_trade=least)
    assert path.weights[1:].ravel().tolist() == [0.75 if is_made else 0.5] * 3


def test_only_traded_assets_have_to_be_paid_for() -> None:
    """Three tickets of 0.2 leave 0.4. Selling all three would cost 0.6, but only C is traded, for 0.2: x is a half."""
    targets = np.array([[0.3, 0.3, 0.4], [0.3, 0.3, 0.3]])
    path = simulate(market([[0.0] * 3] * 3), [0, 1], targets, 0, Terms(TradingTerms(np.zeros(3), fixed=0.2)))
    assert path.nav == pytest.approx([1.0, 0.2, 0.2, 0.2], rel=1e-14)
    assert path.weights[1] == pytest.approx([0.6, 0.6, 0.3], rel=1e-14)
