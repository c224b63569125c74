"""Inputs of all comparisons with peers: random ones from a seed, and runs of shipped configurations."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

import backtest as bt
from backtest.analysis.metrics.records.benchmark_records import AGAINST_BENCHMARK
from backtest.numerics.arrays import Floats
from support.builders.synthetic_result import FREQUENCIES, synthetic_result

CONFIGS = Path(__file__).parents[3] / "configs"
RANDOM = {  # seed, periods, assets, periods per year
    "two_days": (1, 300, 2, 252),
    "five_days": (2, 504, 5, 252),
    "three_months": (3, 120, 3, 12),
    "eight_months": (4, 241, 8, 12),
}
REAL = {"real_days": "daily/erc.yaml", "real_months": "erc.yaml"}


@dataclass(frozen=True)
class PeerInput:
    """Returns of some assets, and a run with its benchmark and cash.

    Args:
        assets: (T, n) decimal per period.
        result: a run; its assets are others if the input is random.
    """

    assets: pd.DataFrame
    result: bt.BacktestResult

    @property
    def values(self) -> Floats:
        """(T, n) returns of the assets, decimal per period."""
        return self.assets.to_numpy()

    @property
    def first(self) -> Floats:
        """(T,) returns of the first asset, decimal per period."""
        return np.ascontiguousarray(self.values[:, 0])

    @property
    def covariance(self) -> Floats:
        """(n, n) sample covariance, decimal² per period."""
        return np.asarray(np.cov(self.values.T), np.float64)

    @property
    def budgets(self) -> Floats:
        """(n,) risk budgets that rise from asset to asset, and sum to 1."""
        rising = np.arange(1.0, self.assets.shape[1] + 1)
        return np.asarray(rising / rising.sum(), np.float64)

    @property
    def per_year(self) -> int:
        """Periods per year of the run."""
        return self.result.periods_per_year

    @property
    def returns(self) -> pd.Series:
        """(P,) returns of the run, decimal per period."""
        return self.result.returns

    @property
    def cash(self) -> pd.Series:
        """(P,) returns of cash, decimal per period."""
        return self.result.cash_returns.loc[self.returns.index]

    @property
    def excess(self) -> pd.Series:
        """(P,) returns of the run above cash, decimal per period."""
        return self.result.excess_returns

    @property
    def benchmark(self) -> pd.Series:
        """(P,) returns of the benchmark, decimal per period."""
        assert self.result.benchmark is not None
        return self.result.benchmark.returns

    @property
    def active(self) -> pd.Series:
        """(P,) returns less the returns of the benchmark, decimal per period."""
        return self.returns - self.benchmark

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Metrics of the run alone and of the run against its benchmark, by their keys in `summary.json`."""
        summary = self.result.summary()
        return summary | {metric.key: summary["benchmark"][metric.key] for metric in AGAINST_BENCHMARK}


@cache
def peer_input(name: str) -> PeerInput:
    """Return an input by its name."""
    if name in REAL:
        result = bt.run(CONFIGS / REAL[name])
        return PeerInput(result.asset_returns.iloc[1:], result)
    seed, periods, assets, per_year = RANDOM[name]
    result = synthetic_result(periods, periods_per_year=per_year, seed=seed)
    return PeerInput(_random_returns(seed, periods, assets, per_year), result)


def _random_returns(seed: int, periods: int, assets: int, per_year: int) -> pd.DataFrame:
    """Return fat-tailed returns with a common factor, and volatilities from 5 % to 25 % per year."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(5, (periods, assets)) + rng.uniform(0.2, 1.2, assets) * rng.standard_normal((periods, 1))
    volatilities = rng.uniform(0.05, 0.25, assets) / np.sqrt(per_year)
    dates = pd.date_range("2003-12-31", periods=periods, freq=FREQUENCIES[per_year], name="date")
    return pd.DataFrame(0.04 / per_year + volatilities * shocks, index=dates, columns=[f"a{k}" for k in range(assets)])
