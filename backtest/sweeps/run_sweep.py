"""`sweep`: many runs of one configuration with varied settings."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backtest.config.grid.load_sweep import LoadedSweep, load_sweep
from backtest.data.market_data import MarketData
from backtest.errors import ConfigError
from backtest.numerics.arrays import Bools
from backtest.runs.pipeline import Config, data_settings_of
from backtest.runs.steps import Steps
from backtest.sweeps.cluster import run_on_cluster
from backtest.sweeps.run_store import RunStore
from backtest.sweeps.sweep_groups import SweepGroups, groups_of
from backtest.sweeps.sweep_numbers import GroupNumbers, GroupRuns
from backtest.sweeps.sweep_report import write_sweep_page
from backtest.sweeps.sweep_result import Sweep

_WAITING = 2  # groups for each worker whose decisions are made and whose paths wait
_CHUNK = 256  # paths simulated in one task
_SECONDS = 2.0  # between two writes of finished runs
_TRIED = 8  # groups, and runs of each, by which the time is estimated
_ROW_BYTES = 160  # of a run in the table


def sweep(
    config: Config,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    replace: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    offline: bool = False,
    on_runs: Callable[[int, int], None] = lambda *_: None,
) -> Sweep:
    """Run a configuration with every combination of settings.

    Runs share all work that does not differ: data, covariances, decisions. A run that fails is a row with its error.
    Wrong settings are reported before anything runs.

    Args:
        config: see `bt.run`; a file may have a section `sweep:`.
        settings: values of each setting by dotted name; or the section `sweep:` as a mapping.
        overrides: values that replace settings of all runs.
        market: see `bt.run`.
        folder: folder that runs are written to as they finish, with a page at the end; default: none.
        resume: continue the unfinished sweep in the folder; its finished runs are not repeated.
        replace: remove an earlier sweep in the folder.
        workers: threads that simulate; default: one for each core.
        scheduler: address of a Dask scheduler whose workers run the sweep, or `local` for processes on this machine.
        offline: see `bt.run`.
        on_runs: called with the number of finished runs, and of all.

    Raises:
        ConfigError: a mistake in the configuration or in a setting.
        ReportError: the folder cannot be written, or has another sweep.

    Example:
        >>> found = sweep("configs/erc.yaml", {"estimation.window": ["3Y", "5Y"], "costs.trading_bps": [5, 50]})
        >>> [round(ratio, 3) for ratio in found.frame["sharpe"]]
        [0.713, 0.682, 0.705, 0.679]
    """
    plan = SweepPlan.of(config, settings, overrides, market=market, offline=offline)
    return plan.run(
        folder=folder, resume=resume, replace=replace, workers=workers, scheduler=scheduler, on_runs=on_runs
    )


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """A checked sweep, ready to run.

    Args:
        loaded: the configuration and the settings of each run.
        groups: its runs by shared decisions.
        steps: the steps of runs.
        market: market data in place of the `data` sections.
    """

    loaded: LoadedSweep
    groups: SweepGroups
    steps: Steps
    market: MarketData | None

    @classmethod
    def of(
        cls,
        config: Config,
        settings: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        market: MarketData | None = None,
        offline: bool = False,
    ) -> "SweepPlan":
        """Check all settings of a sweep; see `sweep`.

        Raises:
            ConfigError: a mistake in the configuration or in a setting.
        """
        loaded = load_sweep(config, settings, overrides, data_settings_of(market))
        try:
            groups = groups_of(loaded.config, loaded.points, data_settings_of(market))
        except ConfigError as problem:
            raise loaded.placed(problem) from problem
        return cls(loaded, groups, Steps(offline=offline, market=market), market)

    def __len__(self) -> int:
        return len(self.loaded.points)

    @property
    def name(self) -> str:
        """Name of the configuration."""
        return self.loaded.config.name

    def run(
        self,
        *,
        folder: str | Path | None = None,
        resume: bool = False,
        replace: bool = False,
        workers: int | None = None,
        scheduler: str | None = None,
        on_runs: Callable[[int, int], None] = lambda *_: None,
    ) -> Sweep:
        """Run all of it; see `sweep`."""
        worker_count(workers)  # a wrong number is reported before anything is written
        if folder is not None:
            store = RunStore(Path(folder), self.loaded, resume=resume, replace=replace)
            found = _stored(store, partial(self._numbers, workers, scheduler, store.done), on_runs)
        elif resume or replace:
            raise ConfigError("resume, replace: without a folder; expected folder too")
        else:
            found, done = GroupNumbers.empty(np.arange(len(self))), 0
            for numbers in self._numbers(workers, scheduler):
                found.take(numbers)
                done += len(numbers.runs)
                on_runs(done, len(self))
        made = Sweep(self.loaded.config, self.loaded.points, found, self.steps, self.market)
        if folder is not None:
            write_sweep_page(made, Path(folder))
        return made

    def _numbers(self, workers: int | None, scheduler: str | None, done: Bools | None = None) -> Iterator[GroupNumbers]:
        return run_groups(self.groups, self.steps, workers=workers, scheduler=scheduler, done=done)

    def seconds(self, workers: int | None = None) -> float:
        """Return how long the sweep takes, from the time of some runs of a few groups."""
        runs, groups = GroupRuns(self.steps, self.groups.terms), self.groups.groups
        for first in groups[:1]:
            runs.prepare(first.part(slice(1)))()  # data and compiled code are loaded once
        tried = groups[:: max(1, len(groups) // _TRIED)]
        begin = time.perf_counter()
        ready = [runs.prepare(group.part(slice(_TRIED))) for group in tried]
        decided = time.perf_counter()
        for simulate in ready:
            simulate()
        count = sum(min(len(group.runs), _TRIED) for group in tried)
        simulated = (time.perf_counter() - decided) / count * len(self)
        return (decided - begin) / len(tried) * len(groups) + simulated / worker_count(workers)

    def in_words(self, seconds: float | None = None) -> str:
        """Return the size of the sweep in a sentence.

        Args:
            seconds: how long it takes, if that is known.
        """
        configs = [group.config for group in self.groups.groups]
        decisions = f"{len(configs):,} set{'s' * (len(configs) > 1)} of decisions"
        estimates = len(dict.fromkeys(repr((config.data, config.estimation)) for config in configs))
        size = len(self) * _ROW_BYTES / 1e6
        about = "" if seconds is None else f", about {seconds:,.0f} s and {size:,.1f} MB"
        return f"{len(self):,} runs: {decisions}, {estimates:,} estimate{'s' * (estimates > 1)} of risk{about}"


def _stored(
    store: RunStore, run: Callable[[], Iterator[GroupNumbers]], on_runs: Callable[[int, int], None]
) -> GroupNumbers:
    """Run what is not stored yet, and store it every few seconds, and when the sweep is interrupted."""
    waiting: list[GroupNumbers] = []
    done, total, written = int(store.done.sum()), len(store.done), time.monotonic()
    try:
        try:
            for numbers in run():
                waiting.append(numbers)
                done += len(numbers.runs)
                on_runs(done, total)
                if time.monotonic() - written > _SECONDS:
                    store.add(waiting)
                    waiting, written = [], time.monotonic()
        finally:
            if waiting:
                store.add(waiting)
        store.finish()
    finally:
        store.close()
    return store.found


def run_groups(
    groups: SweepGroups,
    steps: Steps,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    done: Bools | None = None,
) -> Iterator[GroupNumbers]:
    """Yield the numbers of groups, or of parts of them, as they are known.

    Decisions are made one group after another; paths are simulated by compiled code in other threads meanwhile.

    Args:
        groups: the groups.
        steps: the steps of runs.
        workers: threads that simulate; default: one for each core.
        scheduler: see `run_on_cluster`; in place of threads.
        done: (R,) runs that are left out.
    """
    runs, most = GroupRuns(steps, groups.terms), worker_count(workers)
    todo = groups.groups if done is None else [group.without(done) for group in groups.groups]
    if scheduler is not None:
        yield from run_on_cluster(scheduler, [group for group in todo if len(group.runs)], groups.terms, steps)
        return
    parts = (piece for group in todo for piece in group.pieces(_CHUNK))
    if most == 1:
        for part in parts:
            yield runs.prepare(part)()
        return
    with ThreadPoolExecutor(most) as threads:
        waiting: set[Future[GroupNumbers]] = set()
        try:
            for part in parts:
                waiting.add(threads.submit(runs.prepare(part)))
                if len(waiting) >= most * _WAITING:
                    finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (each.result() for each in finished)
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in finished)
        finally:
            for each in waiting:
                each.cancel()


def worker_count(workers: int | None) -> int:
    """Return the number of threads that simulate; None is one for each core.

    Raises:
        ConfigError: it is not 1 or more.
    """
    from backtest.numerics.numba_kernels import cores

    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ConfigError(f"workers: got {workers!r}; expected a whole number, 1 or more")
    return cores() if workers is None else workers
