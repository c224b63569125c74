"""A user's module that uses every public name; mypy checks it, strictly, with the rest of the tests."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

import backtest as bt
from backtest.data.raw_series import RawSeries

Array = npt.NDArray[np.float64]


class Calmest(bt.Strategy):
    """A share of NAV in the calmest asset."""

    share: float = 0.5

    def target_weights(self, view: bt.MarketView) -> dict[str, float]:
        """Return the weight of one asset."""
        return {str(view.volatility.idxmin()): self.share}


class Diagonal(bt.Estimator):
    """Sample variances, without covariances."""

    def estimate(self, excess_returns: Array, rows: Sequence[int], periods_per_year: int) -> Array:
        """Return diagonal matrices, NaN before the window is full."""
        window = 36 if self.window == "3Y" else periods_per_year
        found = np.full((len(rows), excess_returns.shape[1], excess_returns.shape[1]), np.nan)
        for k, row in enumerate(rows):
            if row >= window:
                variances = excess_returns[row + 1 - window : row + 1].var(axis=0)
                found[k] = np.where(np.isnan(variances), np.nan, np.diag(variances))
        return found


class Constant(bt.Source):
    """Prices that never move."""

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002
        """Return a year of levels."""
        dates = pd.date_range("2020-01-01", periods=366, name="date")
        return RawSeries(pd.DataFrame({"level": 1.0}, index=dates), symbol, "levels")


class BestPeriod(bt.Metric):
    """Largest return of a single period."""

    form = "percent"
    better = "higher"

    def value(self, result: bt.BacktestResult) -> float:
        """Return the largest return."""
        return float(result.returns.max())


def market() -> bt.MarketData:
    """Return eight years of months of two assets."""
    dates = pd.date_range("2015-01-31", periods=96, freq="ME")
    returns = np.random.default_rng(1).normal(0.005, [0.04, 0.01], (96, 2))
    return bt.MarketData.from_returns(pd.DataFrame(returns, dates, ["stocks", "bonds"]), cash=0.01)


def runs(data: bt.MarketData) -> list[bt.BacktestResult]:
    """Return runs of own classes, which are given as objects, and of shipped ones."""
    settings = {"strategy": Calmest(share=0.4), "estimation": Diagonal(), "report": {"metrics": [BestPeriod]}}
    own = bt.run(settings, market=data)
    prepared = bt.prepare({"strategy": "erc", "estimation": {"window": "3Y"}}, market=data)
    return [own, prepared.run(), *bt.run_all([{"strategy": "equal_weight"}], {"costs.trading_bps": 5}, market=data)]


def best_of(data: bt.MarketData) -> float:
    """Return the highest Sharpe ratio of a sweep."""
    found = bt.sweep({"strategy": "erc"}, {"estimation.window": ["2Y", "3Y"]}, market=data)
    return float(found.best("sharpe", 1)["sharpe"].iloc[0])


def chosen_again(data: bt.MarketData) -> list[int]:
    """Return the candidate that a walk-forward chooses each year."""
    vary = {"estimation.window": ["1Y", "2Y"]}
    found = bt.walk_forward({"strategy": "erc"}, {"window": "2Y"}, vary, market=data)
    return [] if found.walk_forward is None else [int(each) for each in found.walk_forward.choices["candidate"]]


def chance_of_a_loss(data: bt.MarketData) -> float:
    """Return the share of continuations of the history that end with a loss."""
    found = bt.monte_carlo({"strategy": "erc"}, years=1, paths=5, market=data)
    return float(found.table["loss"].iloc[-1])


def lowest_of(data: bt.MarketData) -> float:
    """Return the lowest Sharpe ratio of a quarterly strategy over the days on which it may decide."""
    found = bt.robustness({"strategy": "erc", "rebalance": {"frequency": "quarterly"}}, market=data)
    return float(found.ranges("day")["min"]["sharpe"])


def worst_of(data: bt.MarketData) -> float:
    """Return the largest loss of NAV in the scenarios of a stress test."""
    return float(bt.stress({"strategy": "erc"}, {"stocks": -0.3}, market=data).scenarios["nav_change"].min())


def checked_again(config: bt.RunConfig) -> bt.RunConfig:
    """Return a configuration whose settings were checked again."""
    return config.model_copy(update={"name": "again"})


def report(result: bt.BacktestResult, folder: Path) -> tuple[Path, Figure]:
    """Return the written report and a figure."""
    bt.write_report(result, folder)
    return folder / "tearsheet.html", bt.plot.growth(result)


def spread(config: Path) -> float:
    """Return the break-even spread of a configuration, in basis points."""
    return 1e4 * bt.break_even(config).by_return.spread


def sharpe_ratios(results: list[bt.BacktestResult]) -> dict[str, float]:
    """Return the Sharpe ratio of each result."""
    metrics = bt.compare([*results]).metrics
    return {str(name): float(metrics[name].to_dict()["sharpe"]) for name in metrics}


def to_buy(result: bt.BacktestResult) -> dict[str, float]:
    """Return the value of each order of an account with a million in cash."""
    account = pd.DataFrame({"symbol": ["cash"], "value": [1_000_000]})
    return {str(name): float(value) for name, value in bt.orders(result, holdings=account).table["value"].items()}


def shares(covariance: Array) -> Array:
    """Return the contributions to volatility of the portfolio of equal contributions, as shares of it."""
    contributions = np.asarray(bt.risk_contributions(bt.risk_parity_weights(covariance), covariance))
    return np.asarray(contributions / contributions.sum())


def conforms() -> str:
    """Return the version, or the rule that is broken."""
    try:
        bt.testing.check_strategy(Calmest)
        bt.testing.check_estimator(Diagonal)
        bt.testing.check_metric(BestPeriod)
        bt.testing.check_source(Constant, "ONE")
    except bt.BacktestError as broken:
        return str(broken)
    return bt.__version__
