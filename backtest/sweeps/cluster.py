"""Runs of a sweep on a Dask cluster: each task is a few groups, and data is sent once to each worker."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backtest.config import RunConfig
from backtest.data.market_data import MarketData
from backtest.errors import ConfigError
from backtest.runs.steps import Steps
from backtest.sweeps.sweep_groups import Group
from backtest.sweeps.sweep_numbers import GroupNumbers, GroupRuns

LOCAL = "local"
_RUNS = 2_000  # of a task: about half a second for 50 years of days
_RETRIES = 5  # of a task, after Dask itself has given it up because its workers died

Terms = Mapping[int, Sequence[RunConfig]]


@dataclass(frozen=True, eq=False)
class Shared:
    """Inputs that each worker gets once.

    Args:
        terms: see `SweepGroups.terms`.
        markets: the market data of configurations, which workers do not load themselves.
    """

    terms: Terms
    markets: Sequence[tuple[RunConfig, MarketData]]

    @cached_property
    def runs(self) -> GroupRuns:
        """Runs of this worker, with the work that its tasks share."""
        steps = Steps()
        for config, market in self.markets:
            steps.hold(config, market)
        return GroupRuns(steps, self.terms)

    def __reduce__(self) -> tuple[Any, ...]:
        return Shared, (self.terms, self.markets)


def run_on_cluster(scheduler: str, groups: Sequence[Group], terms: Terms, steps: Steps) -> Iterator[GroupNumbers]:
    """Yield the numbers of groups as workers return them, in any order.

    A task whose worker dies is repeated by another one.

    Args:
        scheduler: address of a scheduler, such as `tcp://10.0.0.1:8786`; or `local`, for worker processes on this
            machine.
        groups: the groups.
        terms: see `SweepGroups.terms`.
        steps: the steps that load market data, once, in this process.

    Raises:
        ConfigError: the package `distributed` is missing, or the scheduler cannot be reached.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as problem:
        raise ConfigError("scheduler: needs the package distributed. Hint: the extra cluster") from problem
    given = Shared(terms, _markets(groups, steps))
    with _client(Client, scheduler) as client:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # large inputs: they are sent once
            shared = client.submit(_same, given, pure=False)  # scattered data would be lost with its workers
        parts = {client.submit(_numbers, part, shared, pure=False): (part, 0) for part in _tasks(groups)}
        finished = as_completed(list(parts), with_results=True, raise_errors=False)  # type: ignore[no-untyped-call]
        for task, found in finished:
            part, tried = parts.pop(task)
            if isinstance(found, list):
                yield from found
                continue
            if tried == _RETRIES:
                raise ConfigError(f"scheduler: a task was given up: {found}. Hint: --resume continues the sweep")
            again = client.submit(_numbers, part, shared, pure=False)
            parts[again] = part, tried + 1
            finished.add(again)  # type: ignore[no-untyped-call]


def _same(shared: Shared) -> Shared:
    """Return the inputs as the result of a task, which another worker repeats if its own dies."""
    return shared


def _client(client: Any, scheduler: str) -> Any:
    if scheduler == LOCAL:
        return client(host="127.0.0.1", threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50)
    try:
        return client(scheduler, timeout=10)
    except (OSError, ValueError) as problem:
        raise ConfigError(
            f"scheduler: {scheduler}: {problem}; expected an address such as tcp://10.0.0.1:8786"
        ) from problem


def _numbers(groups: Sequence[Group], shared: Shared) -> list[GroupNumbers]:
    """Return the numbers of some groups, in a worker."""
    return [shared.runs.prepare(group)() for group in groups]


def _tasks(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Yield neighbouring groups in tasks of about `_RUNS` runs; a task has one estimate of risk if it can."""
    part: list[Group] = []
    for group in groups:
        for piece in group.pieces(_RUNS):
            known = part and repr(part[-1].config.estimation) == repr(piece.config.estimation)
            if part and (not known or sum(len(each.runs) for each in part) + len(piece.runs) > _RUNS):
                yield part
                part = []
            part.append(piece)
    if part:
        yield part


def _markets(groups: Sequence[Group], steps: Steps) -> list[tuple[RunConfig, MarketData]]:
    """Return the market data of all configurations of the groups and of their benchmarks, each once."""
    found: dict[tuple[str, str], tuple[RunConfig, MarketData]] = {}
    for group in groups:
        for config in (group.config, *group.config.benchmarks):
            key = repr(config.data), str(config.folder)
            if key not in found:
                found[key] = config, steps.market(config)
    return list(found.values())
