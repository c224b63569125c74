"""Own classes run in other processes, however these are started and whatever sends the work."""

import os
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import joblib
import pytest
from dask.delayed import delayed

import backtest as bt
from backtest.config import load_config

FILES = {
    "strategies/calmest.py": """
from backtest.strategy import Strategy

class Calmest(Strategy):
    '''All in the calmest asset.'''
    share: float = 1.0

    def target_weights(self, view):
        return {view.volatility.idxmin(): self.share}
""",
    "estimators/doubled.py": """
from backtest.estimation.methods.sample_covariance import Sample

class Doubled(Sample):
    '''Twice the sample covariance.'''

    def estimate(self, excess_returns, rows, periods_per_year):
        return 2 * super().estimate(excess_returns, rows, periods_per_year)
""",
    "metrics/best_period.py": """
from backtest import Metric

class BestPeriod(Metric):
    '''Largest return of a single period.'''

    def value(self, result):
        return result.returns.max()
""",
    "own.yaml": """
name: own
data: {source: sample, assets: [us_stocks, gold], cash: us_tbill, start: 2005-01-01}
strategy: {name: calmest, share: 0.5}
estimation: {covariance: doubled, window: 36}
report: {metrics: [best_period]}
""",
}


@pytest.fixture
def config(tmp_path: Path) -> bt.RunConfig:
    """A configuration whose strategy, estimator and metric are files, which other processes have not loaded."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load_config(tmp_path / "own.yaml")


def outcome(config: bt.RunConfig) -> tuple[int, bytes, dict[str, Any], float]:
    """Return the process, the NAV, the settings and the metric of a run."""
    result = bt.run(config)
    return os.getpid(), result.nav.to_numpy().tobytes(), result.settings["estimation"], result.headline()["best_period"]


def in_a_pool(method: str, config: bt.RunConfig) -> Any:
    with get_context(method).Pool(1) as pool:
        return pool.apply(outcome, (config,))


def in_loky(config: bt.RunConfig) -> Any:
    (found,) = joblib.Parallel(n_jobs=2, backend="loky")([joblib.delayed(outcome)(config)])
    return found


def in_dask(config: bt.RunConfig) -> Any:
    return delayed(outcome)(config).compute(scheduler="processes", num_workers=1)


WAYS: dict[str, Callable[[bt.RunConfig], Any]] = {
    "spawn": partial(in_a_pool, "spawn"),
    "fork": partial(in_a_pool, "fork"),
    "joblib": in_loky,
    "dask": in_dask,
}


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # on forks of a process with threads
@pytest.mark.parametrize("way", WAYS)
def test_own_classes_run_in_another_process(config: bt.RunConfig, way: str) -> None:
    if way == "fork" and sys.platform == "win32":
        pytest.skip("Windows cannot fork")
    process, *found = WAYS[way](config)
    assert process != os.getpid()
    assert found == list(outcome(config)[1:])


def test_a_result_can_be_sent(config: bt.RunConfig) -> None:
    """Its tables are the same on the other side."""
    result = bt.run(config)
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(contents, (result,)) == contents(result)


def contents(result: bt.BacktestResult) -> tuple[bytes, float]:
    return result.nav.to_numpy().tobytes(), result.headline()["best_period"]
