"""Groups of runs that share their decisions, and the terms of the paths in each group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import BaseModel

from backtest.config import RunConfig, load_config
from backtest.config.grid.points import Points
from backtest.data.data_settings import DataSettings
from backtest.numerics.arrays import Bools, Ints

_OF_THE_PATH = ("costs", "financing", "fees", "rebalance.bands", "rebalance.minimum_trade")
_OF_DECISIONS = "costs.impact"  # decides when an asset can be held
_OF_THE_MARKET = ("data", "initial_capital", "benchmark", "rebalance")


def path_names(points: Points) -> list[str]:
    """Return the varied settings that only the path reads: costs, financing, fees and bands.

    Example:
        >>> from backtest.config.grid.points import Points
        >>> names = ("estimation.window", "costs.trading_bps", "costs.impact.eta")
        >>> path_names(Points(dict.fromkeys(names, [1]), np.zeros((1, 3), dtype=np.int64)))
        ['costs.trading_bps']
    """
    return [name for name, values in points.values.items() if _is_of_the_path(name, values)]


def _is_of_the_path(name: str, values: Sequence[Any]) -> bool:
    inside = any(name == section or name.startswith(f"{section}.") for section in _OF_THE_PATH)
    with_impact = any(isinstance(value, Mapping) and "impact" in value for value in values)
    return inside and not name.startswith(_OF_DECISIONS) and not with_impact


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ only in settings of the path.

    Args:
        config: configuration of the decisions.
        runs: positions of the runs in the sweep.
        terms: configuration of the terms of each run, by position in `SweepGroups.terms`.
        market: position of the first group with the same market, whose configurations of terms apply.
    """

    config: RunConfig
    runs: Ints
    terms: Ints
    market: int

    def part(self, runs: slice) -> "Group":
        """Return some of the runs."""
        return replace(self, runs=self.runs[runs], terms=self.terms[runs])

    def pieces(self, most: int) -> "Iterator[Group]":
        """Yield the runs in pieces of at most so many."""
        for first in range(0, len(self.runs), most):
            yield self.part(slice(first, first + most))

    def without(self, done: Bools) -> "Group":
        """Return the runs that are not done."""
        kept = ~done[self.runs]
        return replace(self, runs=self.runs[kept], terms=self.terms[kept])


@dataclass(frozen=True, eq=False)
class SweepGroups:
    """All runs of a sweep by shared decisions.

    Args:
        groups: the groups, in an order in which neighbours share most work.
        terms: by `Group.market`, the configurations whose sections `costs`, `financing`, `fees` and `rebalance` are the
            terms of its runs.
    """

    groups: Sequence[Group]
    terms: Mapping[int, Sequence[RunConfig]]


def groups_of(config: RunConfig, points: Points, data: DataSettings | None = None) -> SweepGroups:
    """Check all settings of a sweep, and return its runs by shared decisions.

    Args:
        config: the configuration that is varied.
        points: the settings of each run.
        data: data section of a market in memory.

    Raises:
        ConfigError: a setting is wrong.
    """
    of_path = path_names(points)
    paths, path_of_run = points.only(of_path).distinct()
    decisions, decision_of_run = points.only([name for name in points.names if name not in of_path]).distinct()
    of_market = [name for name in decisions.names if name.split(".")[0] in _OF_THE_MARKET]
    market_of_decision = decisions.only(of_market).distinct()[1]
    order = np.argsort(decision_of_run, kind="stable")
    ends = np.searchsorted(decision_of_run[order], np.arange(len(decisions) + 1))
    groups: list[Group] = []
    terms: dict[int, list[RunConfig]] = {}
    for k in range(len(decisions)):
        own = _load(config, decisions.overrides(k), data)
        # the dates of a strategy that has its own are part of the terms
        market = int(market_of_decision[k]) if own.strategy.model.decision_dates() is None else ~k
        if market not in terms:
            terms[market] = _terms(own, paths, data)
        runs = order[ends[k] : ends[k + 1]]
        groups.append(Group(own, runs, path_of_run[runs], market))
    return SweepGroups(sorted(groups, key=_shared_work), terms)


def _terms(config: RunConfig, paths: Points, data: DataSettings | None) -> list[RunConfig]:
    """Return the configuration with each combination of terms.

    Sections are checked one by one, since no rule of one of them reads another.
    """
    found: list[dict[str, Any]] = [{} for _ in range(len(paths))]
    for section in dict.fromkeys(name.split(".")[0] for name in paths.names):
        own = paths.only([name for name in paths.names if name.split(".")[0] == section])
        values, which = own.distinct()
        loaded = [getattr(_load(config, values.overrides(k), data), section) for k in range(len(values))]
        for sections, k in zip(found, which, strict=True):
            sections[section] = loaded[k]
    return [BaseModel.model_copy(config, update=sections) for sections in found]


def _load(config: RunConfig, overrides: dict[str, Any], data: DataSettings | None) -> RunConfig:
    """Return a configuration with some settings replaced, all checked."""
    return load_config(config, overrides, data=data) if overrides else config


def _shared_work(group: Group) -> tuple[str, ...]:
    """Return a key that puts groups with the same data, then the same covariances and answers, next to each other."""
    config = group.config
    parts = config.data, config.start, config.end, config.estimation, config.strategy
    return tuple(repr(part) for part in parts)
