"""`Candidates`: the runs that a walk-forward chooses among, over the same dates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from pydantic import BaseModel

from backtest.config import RunConfig
from backtest.config.grid.load_walk_forward import LoadedWalkForward
from backtest.data.data_settings import DataSettings
from backtest.errors import BacktestError, ConfigError, SimulationError
from backtest.numerics.arrays import Floats
from backtest.runs.plan import Decided, Plan
from backtest.runs.steps import Steps
from backtest.sweeps.sweep_groups import groups_of


@dataclass(frozen=True, eq=False)
class Candidates:
    """Plans of N candidates, which differ in their decisions alone.

    Args:
        numbers: (N,) their positions in the grid.
        configs: their configurations.
        plans: their plans, which begin as early as their own windows allow.
        order: positions of the candidates in an order in which neighbours share most work.
    """

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
        try:
            groups = groups_of(sweep.config, sweep.points, data).groups
        except ConfigError as problem:
            raise sweep.placed(problem) from problem
        found = {int(group.runs[0]): _without_start(group.config) for group in groups}
        plans = {number: _plan(number, config, steps) for number, config in found.items()}
        numbers = sorted(found)
        for number in numbers:
            why = _misfit(plans[number], plans[numbers[0]])
            if why:
                raise sweep.refused(sweep.points.names[0], f"candidate {number} {why}")
        return cls(
            numbers,
            [found[number] for number in numbers],
            [plans[number] for number in numbers],
            [numbers.index(number) for number in found],
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def plan(self) -> Plan:
        """Plan of the first candidate; data, dates and terms are the same for all."""
        return self.plans[0]

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


def _plan(number: int, config: RunConfig, steps: Steps) -> Plan:
    """Return the plan of a candidate.

    Raises:
        DataError: the market data cannot be loaded, for any candidate.
        SimulationError: this candidate cannot decide; the message names it.
    """
    for each in (config, *config.benchmarks):
        steps.market(each)
    try:
        plan = steps.plan(config)[0]
        _ = plan.first_trade
    except BacktestError as problem:
        raise SimulationError(f"candidate {number}: {problem}") from problem
    plan.agenda.forget()
    return plan


def _misfit(plan: Plan, first: Plan) -> str:
    """Return why a candidate cannot be followed with the first one by the same path; empty if it can."""
    if plan.config.follows_its_path:
        return (
            "decides by its own holdings or NAV, but the path may hold what another candidate left behind; expected "
            "strategies and leverage that do not"
        )
    if plan.agenda.rows != first.agenda.rows:
        return (
            "decides on other dates than the first one; expected the same dates, such as rebalance.frequency: monthly"
        )
    return ""


def _without_start(config: RunConfig) -> RunConfig:
    """Return a configuration that begins as early as its windows allow; only the chosen path has a start."""
    return BaseModel.model_copy(config, update={"start": None})
