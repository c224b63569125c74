"""`Plan`: a strategy before its data. What it decides, on which dates, and the path that follows under given terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.analysis.ex_ante import ExAnteRisk, class_members, ex_ante_risk
from backtest.config import RunConfig
from backtest.data.market import MarketData
from backtest.engine.schedule import rebalance_rows
from backtest.engine.simulation import Decide, Periods, SimulationResult, no_trade_before_the_end, simulate
from backtest.engine.terms import Terms
from backtest.estimation.estimator import window_rows
from backtest.strategy import Strategy
from backtest.strategy.agenda import Agenda, first_answer
from backtest.strategy.decisions import Questions, answer, answers
from backtest.strategy.view import History

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """A strategy before its data, and the dates on which it decides.

    Args:
        config: its settings.
        data: its market.
        benchmark: the plan of its benchmark.
        agenda: all rebalance dates.
        first: position among them of the first on which the strategy has what it needs.
    """

    config: RunConfig
    data: MarketData
    benchmark: "Plan | None"
    agenda: Agenda
    first: int

    @classmethod
    def of(cls, config: RunConfig, data: MarketData, benchmark: "Plan | None" = None) -> "Plan":
        """Find out on which dates the strategy can decide."""
        rows = rebalance_rows(data.dates, config.rebalance.frequency, config.rebalance.day)
        agenda = agenda_of(rows, config, data, benchmark)
        return cls(config, data, benchmark, agenda, first_answer(config.strategy.model, agenda))

    @property
    def lag(self) -> int:
        """Rows from a decision to its trade."""
        return self.config.rebalance.lag(self.data.periods_per_year)

    @property
    def first_trade(self) -> pd.Timestamp:
        """The date of the first trade: the later of the strategy's own and of its benchmark's.

        Raises:
            SimulationError: it would come on the last date of the data, or after it.
        """
        row = self.agenda.rows[self.first] + self.lag
        if row >= len(self.data.dates) - 1:
            raise no_trade_before_the_end(len(self.data.dates))
        own = self.data.dates[row]
        return own if self.benchmark is None else max(own, self.benchmark.first_trade)

    @property
    def terms(self) -> Terms:
        """Costs, financing and fees, as configured."""
        return Terms.of(self.config.costs, self.config.financing, self.config.fees, self.data.assets)

    def beginning(self, first_trade: pd.Timestamp) -> tuple[Agenda, int]:
        """An agenda, and the position in it of the decision that is traded on the given date."""
        begin = int(np.flatnonzero(self.data.dates == first_trade)[0]) - self.lag
        if begin in self.agenda.rows:
            return self.agenda, list(self.agenda.rows).index(begin)
        later = [row for row in self.agenda.rows if row > begin]
        return agenda_of([begin, *later], self.config, self.data, self.benchmark), 0

    def decided(self, first_trade: pd.Timestamp) -> "Decided":
        """Ask the strategy, from a first trade on this date, which may be later than its own."""
        agenda, first = self.beginning(first_trade)
        span = slice(first, first + 1 if self.config.rebalance.frequency == "never" else len(agenda.rows))
        decisions = Decisions.of(self.config.strategy.model, agenda, span, self.data)
        decide: Array | Decide = decisions.one
        if not self.config.strategy.model.reads_current_weights:
            decide = decisions.together()
        return Decided(self, agenda.rows[span], decisions, decide)


@dataclass(frozen=True, eq=False)
class Decided:
    """A plan whose strategy has been asked: all that a path needs but its terms.

    Args:
        plan: the plan.
        rows: (m,) positions of the decisions in the data.
        decisions: what is kept of them.
        decide: (m, n) target weights; of a strategy that reads what it holds, a function that asks it along the path.
    """

    plan: Plan
    rows: Sequence[int]
    decisions: "Decisions"
    decide: Array | Decide

    def path(self, terms: Terms) -> SimulationResult:
        """The path from the first trade to the end of the data under these terms."""
        data = self.plan.data
        periods = Periods(
            data.returns.to_numpy(), ~np.isnan(data.prices.to_numpy()), data.cash_returns.to_numpy(), data.days
        )
        return simulate(periods, self.rows, self.decide, self.plan.lag, terms)


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a strategy decides, and what is kept of it; of a covariance, no more than it says of the target weights.

    Args:
        strategy: that is asked.
        agenda: all rebalance dates.
        first: position in it of the first decision.
        targets: (m, n) fractions of NAV; NaN where nothing was decided.
        holdable: (m, n) which assets could be held.
        risk: of the target weights.
        members: (k, n) which assets belong to each class.
    """

    strategy: Strategy
    agenda: Agenda
    first: int
    targets: Array
    holdable: NDArray[np.bool_]
    risk: ExAnteRisk
    members: NDArray[np.bool_]

    @classmethod
    def of(cls, strategy: Strategy, agenda: Agenda, span: slice, data: MarketData) -> "Decisions":
        """Those of a span of dates of the agenda, to be made."""
        count, members = span.stop - span.start, class_members(data.assets, data.classes)[1]
        targets, contributions, volatilities = np.full((3, count, len(data.assets)), np.nan)
        risk = ExAnteRisk(contributions, volatilities, np.full((count, len(members)), np.nan))
        return cls(strategy, agenda, span.start, targets, np.zeros(targets.shape, dtype=bool), risk, members)

    def together(self) -> Array:
        """The (m, n) target weights of all of them."""
        made = 0
        for questions in self.agenda.since(self.first, self.first + len(self.targets)):
            self._keep(made, answers(self.strategy, questions), questions)
            made += len(questions.rows)
            del questions  # its covariances go before the next come
        return self.targets

    def one(self, k: int, current_weights: Array) -> Array:
        """The (n,) target weights of the k-th, of a strategy that reads what it holds."""
        questions, at = self.agenda.at(self.first + k)
        targets = answer(self.strategy, questions, at, current_weights)
        self._keep(k, targets[None], questions.part(slice(at, at + 1)))
        return targets

    def _keep(self, first: int, targets: Array, questions: Questions) -> None:
        part, risk = slice(first, first + len(targets)), ex_ante_risk(targets, questions.covariances, self.members)
        self.targets[part], self.holdable[part] = targets, questions.holdable
        self.risk.contributions[part] = risk.contributions
        self.risk.asset_volatilities[part] = risk.asset_volatilities
        self.risk.class_volatilities[part] = risk.class_volatilities


def agenda_of(rows: Sequence[int], config: RunConfig, data: MarketData, benchmark: Plan | None) -> Agenda:
    """The questions of these rows, some at a time."""
    window = window_rows(config.estimation.window, data.periods_per_year)
    ask = partial(ask_on, config=config, data=data, benchmark=benchmark)
    return Agenda(data.dates, rows, ask, count=len(data.assets), window=window)


def ask_on(rows: Sequence[int], config: RunConfig, data: MarketData, benchmark: Plan | None) -> Questions:
    """What may be asked of a strategy on these rows: covariances, holdable assets and the benchmark's weights."""
    prices = data.prices.to_numpy()
    excess_returns = data.excess_returns.to_numpy()
    covariances = config.estimation.covariances(excess_returns, rows, data.periods_per_year)
    holdable = np.ones((len(rows), len(data.assets)), dtype=bool)
    if config.data.ragged:
        full = np.isfinite(np.diagonal(covariances, axis1=1, axis2=2))
        holdable = full & ~np.isnan(prices[list(rows)])
    history = History(
        data.dates,
        data.assets,
        prices,
        data.returns.to_numpy(),
        data.cash_returns.to_numpy(),
        MappingProxyType(dict(data.classes)),
        data.periods_per_year,
        () if benchmark is None else benchmark.data.assets,
    )
    followed = None
    if benchmark is not None and not benchmark.config.strategy.model.reads_current_weights:
        followed = benchmark_weights(benchmark, data.dates[list(rows)])
    return Questions(history, rows, covariances, holdable, followed)


def benchmark_weights(benchmark: Plan, dates: pd.DatetimeIndex) -> Array:
    """Target weights of the benchmark, asked on each of these dates (or its last before): (m, k), NaN for none."""
    rows = benchmark.data.dates.searchsorted(dates, side="right") - 1
    weights = np.full((len(rows), len(benchmark.data.assets)), np.nan)
    can = rows >= benchmark.agenda.rows[benchmark.first]
    if can.any():
        questions = ask_on([int(row) for row in rows[can]], benchmark.config, benchmark.data, None)
        weights[can] = answers(benchmark.config.strategy.model, questions)
    return weights
