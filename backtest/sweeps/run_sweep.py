"""`sweep`: many runs of one configuration with varied settings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from backtest.config.grid.load_sweep import LoadedSweep, load_sweep
from backtest.data.market_data import MarketData
from backtest.errors import ConfigError
from backtest.numerics.arrays import Ints
from backtest.runs.pipeline import Config, data_settings_of
from backtest.runs.steps import Steps
from backtest.sweeps.sweep_groups import Group, SweepGroups, groups_of
from backtest.sweeps.sweep_numbers import GroupNumbers, GroupRuns
from backtest.sweeps.sweep_result import Sweep

_WAITING = 2  # groups for each worker whose decisions are made and whose paths wait
_CHUNK = 256  # paths simulated in one task


def sweep(
    config: Config,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    workers: int | None = None,
    offline: bool = False,
    on_runs: Callable[[int, int], None] = lambda done, total: None,
) -> Sweep:
    """Run a configuration with every combination of settings.

    Runs share all work that does not differ: data, covariances, decisions. A run that fails is a row with its error.
    Wrong settings are reported before anything runs.

    Args:
        config: see `bt.run`; a file may have a section `sweep:`.
        settings: values of each setting by dotted name; or the section `sweep:` as a mapping.
        overrides: values that replace settings of all runs.
        market: see `bt.run`.
        workers: threads that simulate; default: one for each core.
        offline: see `bt.run`.
        on_runs: called with the number of finished runs, and of all.

    Raises:
        ConfigError: a mistake in the configuration or in a setting.

    Example:
        >>> found = sweep("configs/erc.yaml", {"estimation.window": ["3Y", "5Y"], "costs.trading_bps": [5, 50]})
        >>> found.frame[["estimation.window", "costs.trading_bps", "sharpe"]].round(3)
            estimation.window  costs.trading_bps  sharpe
        run                                             
        0                  3Y                  5   0.706
        1                  3Y                 50   0.692
        2                  5Y                  5   0.699
        3                  5Y                 50   0.687
    """
    loaded = load_sweep(config, settings, overrides, data_settings_of(market))
    groups = checked_groups(loaded, market)
    found = GroupNumbers.empty(np.arange(len(loaded.points)))
    done = 0
    for numbers in run_groups(groups, Steps(offline=offline, market=market), workers=workers):
        found.take(numbers)
        done += len(numbers.runs)
        on_runs(done, len(loaded.points))
    return Sweep(loaded.config, loaded.points, found, market)


def checked_groups(loaded: LoadedSweep, market: MarketData | None = None) -> SweepGroups:
    """Check all settings of a sweep, and return its runs by shared decisions.

    Raises:
        ConfigError: a setting is wrong.
    """
    try:
        return groups_of(loaded.config, loaded.points, data_settings_of(market))
    except ConfigError as problem:
        raise loaded.placed(problem) from problem


def run_groups(
    groups: SweepGroups, steps: Steps, *, workers: int | None = None, skip: frozenset[int] = frozenset()
) -> Iterator[GroupNumbers]:
    """Yield the numbers of groups, or of parts of them, as they are known.

    Decisions are made one group after another; paths are simulated by compiled code in other threads meanwhile.

    Args:
        groups: the groups.
        steps: the steps of runs.
        workers: threads that simulate; default: one for each core.
        skip: positions of groups that are left out.
    """
    from backtest.numerics.numba_kernels import cores

    runs = GroupRuns(steps, groups.terms)
    most = cores() if workers is None else workers
    if most < 1:
        raise ConfigError(f"workers: got {workers}; expected 1 or more")
    todo = [group for at, group in enumerate(groups.groups) if at not in skip]
    if most == 1:
        for part in _parts(todo):
            yield runs.prepare(part)()
        return
    with ThreadPoolExecutor(most) as threads:
        waiting: set[Future[GroupNumbers]] = set()
        try:
            for part in _parts(todo):
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


def _parts(groups: Sequence[Group]) -> Iterator[Group]:
    """Yield groups in parts of at most `_CHUNK` runs."""
    for group in groups:
        for first in range(0, len(group.runs), _CHUNK):
            yield group.part(slice(first, first + _CHUNK))
