"""Sweeps on a Dask cluster: the same table as in this process, whatever the workers share."""

import builtins
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import backtest as bt
from backtest.errors import ConfigError
from backtest.sweeps.cluster import Shared, _tasks
from backtest.sweeps.run_sweep import SweepPlan

CONFIG = Path(__file__).parents[2] / "configs/levered_erc.yaml"
GRID = {
    "estimation.window": ["2Y", "3Y"],
    "costs.trading_bps": [5, 50],
    "strategy.target_volatility": [0.08, 0.1],
    "financing.maintenance_margin": [None, 0.3],
}


def test_a_cluster_gives_the_same_table() -> None:
    """Workers in threads of this process; tasks and data go through the scheduler all the same."""
    from distributed import LocalCluster

    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        found = bt.sweep(CONFIG, GRID, scheduler=cluster.scheduler_address)
    pd.testing.assert_frame_equal(found.frame, bt.sweep(CONFIG, GRID).frame, check_exact=True)


def test_a_worker_gets_market_data_and_loads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = SweepPlan.of(CONFIG, GRID)
    groups = plan.groups.groups
    markets = [(group.config, plan.steps.market(group.config)) for group in groups[:1]]
    markets += [(other, plan.steps.market(other)) for other in groups[0].config.benchmarks]
    sent = pickle.dumps(Shared(plan.groups.terms, markets))
    monkeypatch.setattr("backtest.runs.steps.load", None)
    received = pickle.loads(sent)  # noqa: S301 - this test's own bytes
    numbers = received.runs.prepare(groups[0])()
    assert not numbers.errors


def test_tasks_have_one_estimate_of_risk_and_every_run_once() -> None:
    groups = SweepPlan.of(CONFIG, GRID).groups.groups
    tasks = list(_tasks(groups))
    assert [len({repr(group.config.estimation) for group in task}) for task in tasks] == [1] * len(tasks)
    assert sorted(int(run) for task in tasks for group in task for run in group.runs) == list(range(16))


def test_a_scheduler_that_cannot_be_reached_is_an_error() -> None:
    with pytest.raises(ConfigError, match="expected an address such as tcp://"):
        bt.sweep(CONFIG, GRID, scheduler="nonsense")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without(name: str, *given: Any, **named: Any) -> Any:
        if name == "distributed":
            raise ImportError(name)
        return usual(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match="Hint: the extra cluster"):
        bt.sweep(CONFIG, GRID, scheduler="local")
