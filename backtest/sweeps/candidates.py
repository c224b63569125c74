"""`Candidates`: the runs that a walk-forward chooses among, over the same dates."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from backtest.analysis.metrics.ex_ante import ExAnteRisk, class_members
from backtest.config import RunConfig
from backtest.config.grid.load_walk_forward import UNIVERSE, LoadedWalkForward
from backtest.config.grid.points import Points
from backtest.data.data_settings import DataSettings
from backtest.errors import BacktestError, ConfigError, SimulationError
from backtest.numerics.arrays import Floats
from backtest.runs.plan import Decided, Decisions, Plan
from backtest.runs.steps import Steps
from backtest.sweeps.sweep_groups import groups_of


@dataclass(frozen=True, eq=False)
class Candidates:
    """Plans of N candidates, which differ in their decisions alone.

    Args:
        plan: a plan with all assets; the path has its data, dates and terms.
        numbers: (N,) their positions in the grid.
        configs: their configurations.
        plans: their plans, which begin as early as their own windows allow.
        order: positions of the candidates in an order in which neighbours share most work.
    """

    plan: Plan
    numbers: Sequence[int]
    configs: Sequence[RunConfig]
    plans: Sequence[Plan]
    order: Sequence[int]

    @classmethod
    def of(cls, loaded: LoadedWalkForward, steps: Steps, data: DataSettings | None) -> "Candidates":
        """Check all candidates, and find the dates on which they can decide.

        Raises:
            BacktestError: a candidate is wrong, decides on other dates than the rest, or depends on its own path.
        """
        sweep = loaded.sweep
        points, universes = _with_universes(loaded)
        try:
            groups = groups_of(sweep.config, points, None if universes else data).groups
        except ConfigError as problem:
            raise sweep.placed(problem) from problem
        whole = steps.plan(_without_start(sweep.config))[0] if universes else None
        found = {int(group.runs[0]): _without_start(group.config) for group in groups}
        plans = {number: _plan(number, config, steps, whole) for number, config in found.items()}
        numbers = sorted(found)
        whole = whole or plans[numbers[0]]
        for number in numbers:
            why = _misfit(plans[number], whole)
            if why:
                raise sweep.refused(sweep.points.names[0], f"candidate {number} {why}")
        return cls(
            whole,
            numbers,
            [found[number] for number in numbers],
            [plans[number] for number in numbers],
            [numbers.index(number) for number in found],
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def begin(self) -> pd.Timestamp:
        """First date on which all candidates can have NAV."""
        return max(plan.first_trade for plan in self.plans)

    def decided(self, first_trade: pd.Timestamp) -> Iterator[tuple[int, Decided]]:
        """Yield the position of each candidate and its decisions, as of a run that begins on a date."""
        for k in self.order:
            decided = self.plans[k].decide(first_trade)
            decided.decisions.agenda.forget()
            yield k, decided

    def navs(self, first_trade: pd.Timestamp, keep: Callable[[int, Decided], None] = lambda *_: None) -> Floats:
        """Return the (P, N) NAV of runs that begin on a date, at each date; NaN after a ruin.

        Args:
            first_trade: the date.
            keep: called with the position and the decisions of each candidate.
        """
        dates = self.plan.data.dates
        navs = np.full((len(dates) - int(dates.searchsorted(first_trade)), len(self)), np.nan)
        for k, decided in self.decided(first_trade):
            nav = decided.path(decided.plan.terms).nav
            navs[: len(nav), k] = nav
            keep(k, decided)
        return navs


def _with_universes(loaded: LoadedWalkForward) -> tuple[Points, bool]:
    """Return the settings of the candidates, and whether their assets differ; assets are as the configuration has them.

    Raises:
        ConfigError: an asset is not one of the configuration.
    """
    points, assets = loaded.sweep.points, loaded.sweep.config.data.assets
    if UNIVERSE not in points.values:
        return points, False
    universes = []
    for names in points.values[UNIVERSE]:
        if not isinstance(names, list | tuple):
            raise loaded.sweep.refused(
                UNIVERSE, f"got {names!r}; expected lists of assets, such as [[gold], [gold, bonds]]"
            )
        unknown = [str(name) for name in names if name not in assets]
        if unknown:
            raise loaded.sweep.refused(
                UNIVERSE, f"{unknown[0]}: not an asset of the configuration; expected some of {', '.join(assets)}"
            )
        universes.append({name: assets[name] for name in names} if isinstance(assets, Mapping) else list(names))
    return Points({**points.values, UNIVERSE: universes}, points.codes), True


def _plan(number: int, config: RunConfig, steps: Steps, whole: Plan | None) -> Plan:
    """Return the plan of a candidate.

    Args:
        number: the candidate.
        config: its configuration.
        steps: the steps of runs.
        whole: plan with all assets, if candidates have some of them.

    Raises:
        DataError: the market data cannot be loaded, for any candidate.
        SimulationError: this candidate cannot decide; the message names it.
    """
    for each in (config, *config.benchmarks) if whole is None else ():
        steps.market(each)
    try:
        if whole is None:
            plan = steps.plan(config)[0]
        else:
            data = steps.part(whole.data, config.data.names)
            plan = Plan.of(config, data, whole.benchmark, whole.shared).under(config, whole.benchmarks)
        _ = plan.first_trade
    except BacktestError as problem:
        raise SimulationError(f"candidate {number}: {problem}") from problem
    plan.agenda.forget()
    return plan


def _misfit(plan: Plan, whole: Plan) -> str:
    """Return why a candidate cannot be followed by the path; empty if it can."""
    if plan.config.follows_its_path:
        return (
            "decides by its own holdings or NAV, but the path may hold what another candidate left behind; expected "
            "strategies and leverage that do not"
        )
    if plan.agenda.rows != whole.agenda.rows:
        return "decides on other dates than the rest; expected the same dates, such as rebalance.frequency: monthly"
    return ""


def _without_start(config: RunConfig) -> RunConfig:
    """Return a configuration that begins as early as its windows allow; only the chosen path has a start."""
    return BaseModel.model_copy(config, update={"start": None})


def with_all_assets(decided: Decided, whole: Plan, first_trade: pd.Timestamp) -> Decisions:
    """Return the decisions of a candidate by all assets of a plan, where the candidate may have some of them.

    Args:
        decided: decisions of the candidate, from a first trade on.
        whole: the plan with all assets.
        first_trade: date of the first trade.
    """
    own, data, decisions = decided.plan.data, whole.data, decided.decisions
    if own.assets == data.assets:
        return decisions
    columns, count = [data.assets.index(name) for name in own.assets], len(data.assets)
    classes, members = class_members(data.assets, data.classes)
    own_classes = [classes.index(name) for name in class_members(own.assets, own.classes)[0]]
    risk, agenda = decisions.risk, whole.beginning(first_trade)
    unknown = np.isnan(risk.contributions).any(axis=1, keepdims=True)
    held = np.where(unknown, np.nan, 0.0)  # risk of what is not held
    return replace(
        decisions,
        agenda=agenda[0],
        first=agenda[1],
        members=members,
        targets=_spread(decisions.targets, columns, count, 0.0),
        holdable=_spread(decisions.holdable, columns, count, fill=True),  # by another candidate
        risk=ExAnteRisk(
            _spread(risk.contributions, columns, count, held),
            _spread(risk.asset_volatilities, columns, count, np.nan),
            _spread(risk.class_volatilities, own_classes, len(classes), held),
        ),
    )


def _spread(values: Any, columns: Sequence[int], count: int, fill: Any) -> Any:
    """Return (m, n) values in their columns of an array with n columns, and `fill` elsewhere."""
    spread = np.full((len(values), count), fill, dtype=values.dtype)
    spread[:, columns] = values
    return spread
