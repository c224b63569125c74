"""The spread of a tie is the spread at which two runs of the engine earn the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.origins.ties import tie_spread
from backtest.errors import DataError
from support.builders.synthetic_result import synthetic_result

RATIOS, VOLATILITIES = st.floats(-1, 2), st.floats(0.02, 0.4)


def result(periods: int = 250) -> BacktestResult:
    """Return a run of stocks, bonds and gold."""
    made = synthetic_result(periods, ("stocks", "bonds", "gold"))
    return replace(made, classes={"stocks": "equities", "bonds": "bonds", "gold": "commodities"})


@given(RATIOS, RATIOS, VOLATILITIES, st.floats(0.1, 0.9), st.floats(-0.9, 0.9))
def test_both_earn_the_same_at_the_spread(
    stock: float, bond: float, volatility: float, calmer: float, correlation: float
) -> None:
    """ERC of two assets has the Sharpe ratio (S_1 + S_2) / √(2 + 2ρ), so no weights are needed to check the spread."""
    calm = volatility * calmer
    spread = tie_spread(stock, bond, volatility, calm, correlation)
    first, second = 0.6 * volatility, 0.4 * calm
    balanced = np.sqrt(first**2 + second**2 + 2 * correlation * first * second)
    parity = np.sqrt(2 + 2 * correlation) * volatility * calm / (volatility + calm)
    leverage = balanced / parity
    if leverage <= 1:
        assert np.isnan(spread)
    elif leverage > 1 + 1e-6:  # the spread is a difference over L - 1
        levered = balanced * (stock + bond) / np.sqrt(2 + 2 * correlation) - spread * (leverage - 1)
        assert levered == pytest.approx(stock * first + bond * second, abs=1e-9)


def test_runs_of_the_engine_tie_at_the_spread() -> None:
    """With the weights of the whole history, monthly trades without costs, and a loan at the spread over cash.

    Cash earns nothing, so mean returns are mean excess returns; loans pay by actual days of a year of 360.
    """
    rng = np.random.default_rng(3)
    draws = rng.multivariate_normal([0.006, 0.003], [[0.0016, 0.0001], [0.0001, 0.0002]], 240)
    dates = pd.date_range("2000-01-31", periods=241, freq="ME")
    prices = pd.DataFrame(np.vstack([np.ones(2), (1 + draws).cumprod(axis=0)]), index=dates, columns=["s", "b"])
    market = bt.MarketData.from_prices(prices, cash=0.0, classes={"s": "equities", "b": "bonds"})
    base = {"rebalance": {"frequency": "monthly", "execution_lag": 0}, "estimation": {"window": 12}}
    balanced = bt.run({**base, "strategy": "sixty_forty"}, market=market)
    found = balanced.ties().history.loc["whole"].astype(float).to_dict()
    first, second = found["stock_volatility"], found["bond_volatility"]
    weights = np.array([second, first]) / (first + second)
    held = balanced.asset_returns.iloc[1:].to_numpy()
    leverage = (held @ [0.6, 0.4]).std() / (held @ weights).std()
    strategy = {"name": "sixty_forty", "weights": dict(zip("sb", map(float, weights), strict=True))}
    terms = {"leverage": {"multiple": float(leverage)}, "financing": {"spread_bps": found["spread"] * 1e4}}
    levered = bt.run({**base, **terms, "strategy": strategy}, market=market)
    means = [float(run.nav.pct_change().mean()) * 12 for run in (balanced, levered)]
    spread_by_days = abs(found["spread"]) * (leverage - 1) * 6 / 360  # 365.25 days a year, and months of 28 to 31
    assert means[1] == pytest.approx(means[0], abs=spread_by_days)
    assert leverage > 1.2
    assert found["spread"] != 0


def test_history_is_of_decades_and_the_map_of_the_whole() -> None:
    """The spread is linear in the Sharpe ratio of bonds."""
    run = result()
    calm = run.asset_returns.assign(bonds=run.asset_returns["bonds"] / 4)
    found = replace(run, asset_returns=calm).ties()
    assert list(found.history.index) == ["whole", "2000s", "2010s", "2020s", "last 10 years"]
    whole = {name: float(found.history[name]["whole"]) for name in map(str, found.history.columns)}
    del whole["spread"]
    row = found.spreads.iloc[3]
    whole["correlation"] = float(found.spreads.index[3])
    first, last = (tie_spread(**(whole | {"bond_sharpe": ratio})) for ratio in (-0.4, 1.2))
    np.testing.assert_allclose(row, np.linspace(first, last, len(row)), rtol=0, atol=1e-12)
    assert "of 3 decades." in found.sentence


def test_a_run_without_stocks_or_bonds_is_refused() -> None:
    run = result()
    with pytest.raises(DataError, match=r"^ties: no asset of the class bonds"):
        replace(run, classes={"stocks": "equities"}).ties()
    with pytest.raises(DataError, match=r"^ties: the run has 20 months"):
        result(20).ties()
    with pytest.raises(DataError, match=r"^ties: the run has 4 periods a year"):
        replace(run, periods_per_year=4).ties()
    flat = run.asset_returns.assign(bonds=0.0)
    with pytest.raises(DataError, match=r"vary$"):
        replace(run, asset_returns=flat, cash_returns=run.cash_returns * 0).ties()
