"""A researcher's module: the examples of the design of the Python interface, in the words of a user."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

import backtest as bt

Array = npt.NDArray[np.float64]
CLASSES = {"spx": "equities", "ust": "bonds"}


def prices() -> pd.DataFrame:
    """Return six years of months of two assets, as total-return levels."""
    returns = np.random.default_rng(1).normal(0.005, [0.04, 0.01], (72, 2))
    dates = pd.date_range("2015-01-31", periods=72, freq="ME")
    return pd.DataFrame(100 * (1 + returns).cumprod(axis=0), dates, [*CLASSES])


def market() -> bt.MarketData:
    """Return market data from prices in memory."""
    return bt.MarketData.from_prices(prices(), cash=0.02, classes=CLASSES, currency="USD", periods_per_year=12)


def market_of_returns() -> bt.MarketData:
    """Return the same market data from returns."""
    returns = prices().pct_change().iloc[1:]
    return bt.MarketData.from_returns(returns, cash=0.02, classes=CLASSES, periods_per_year=12)


def from_a_file() -> bt.BacktestResult:
    """Return the run of a configuration."""
    return bt.run("configs/erc.yaml")


def with_overrides() -> bt.BacktestResult:
    """Return the run of a configuration with other settings."""
    return bt.run("configs/erc.yaml", {"estimation.window": "3Y", "financing.spread_bps": 80})


def from_a_mapping(data: bt.MarketData) -> bt.BacktestResult:
    """Return a run of settings and data in memory."""
    return bt.run({"strategy": "erc", "estimation": {"window": "3Y"}}, market=data)


def spreads(data: bt.MarketData) -> list[float]:
    """Return the CAGR at each of three spreads; only the path is repeated."""
    config = {"strategy": {"name": "levered_erc"}, "estimation": {"window": "1Y"}}
    prepared = bt.prepare(config, market=data)
    return [prepared.run({"financing.spread_bps": spread}).headline()["cagr"] for spread in (0, 80, 160)]


def swept(data: bt.MarketData) -> pd.DataFrame:
    """Return a frame with a row for each combination of settings."""
    config = {"strategy": "levered_erc", "estimation": {"window": "1Y"}}
    grid = {"estimation.window": [12, 24], "financing.spread_bps": [0, 80]}
    return bt.sweep(config, grid, market=data, workers=4).frame


def several(data: bt.MarketData) -> list[bt.BacktestResult]:
    """Return runs with other windows from the same date on."""
    windows = [{"strategy": "erc", "name": window, "estimation": {"window": window}} for window in ("1Y", "3Y")]
    return bt.run_all([*windows], {"start": "2018-06-30"}, market=data)


def against(benchmark: str | Mapping[str, object], data: bt.MarketData) -> bt.BacktestResult:
    """Return a run next to a benchmark: a strategy, a series, weights or settings."""
    return bt.run({"strategy": "erc", "estimation": {"window": "1Y"}, "benchmark": benchmark}, market=data)


def reported(result: bt.BacktestResult, folder: Path) -> Path:
    """Write a report and draw a chart."""
    assert bt.plot.growth(result).axes
    return bt.write_report(result, folder)


def weights_of(covariance: Array) -> tuple[Array, Array]:
    """Return risk-parity weights with and without budgets."""
    equal = np.asarray(bt.risk_parity_weights(covariance, budgets=None))
    return equal, np.asarray(bt.risk_parity_weights(covariance, budgets=[0.7, 0.3]))


class Momentum(bt.Strategy):
    """All of NAV in the asset that grew most over a window."""

    window: str = "1Y"

    def target_weights(self, view: bt.MarketView) -> dict[str, float]:
        """Return the weight of one asset; before the window is full, the run begins later."""
        growth = (1 + view.last(self.window).returns).prod()
        return {str(growth.idxmax()): 1.0}


class Attributes(bt.Strategy):
    """A strategy that reads all that a view has."""

    def target_weights(self, view: bt.MarketView) -> pd.Series:
        """Return equal weights, from the shapes of the view."""
        n = len(view.assets)
        assert view.prices.shape == view.returns.shape == view.excess_returns.shape == (len(view.cash_returns), n)
        assert view.prices.index[-1] == view.as_of
        assert view.covariance.shape == (n, n)
        assert len(view.volatility) == len(view.benchmark_target_weights) == len(view.universe) == n
        assert (view.classes["spx"], view.periods_per_year) == ("equities", 12)
        return pd.Series(1 / n, index=list(view.assets))
