"""`Plan`: a configured strategy and its market data, ready to decide target weights and simulate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from backtest.analysis.metrics.ex_ante import ExAnteRisk, class_members, ex_ante_risk
from backtest.config import RunConfig
from backtest.config.terms_check import add_places_in
from backtest.data.market_data import MarketData
from backtest.engine.build_terms import build_terms
from backtest.engine.kernels.state import Orders
from backtest.engine.many_paths import ManyPaths
from backtest.engine.market_periods import Periods
from backtest.engine.opens import with_opens
from backtest.engine.path import Bands, Path
from backtest.engine.settings.schedule import rebalance_rows
from backtest.engine.simulation import Decide, no_trade_before_the_end, path_of
from backtest.engine.terms import Terms
from backtest.errors import ConfigError
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.blas import one_blas_thread
from backtest.runs.decide.decision_rows import check_lengths
from backtest.runs.decide.decision_settings import DecisionSettings, Followed, agenda_of, ask_on
from backtest.runs.decide.shared_work import SharedWork
from backtest.strategy import Strategy
from backtest.strategy.agenda import Agenda
from backtest.strategy.decisions import ViewBatch, answer, answers
from backtest.strategy.scaling import Scaling


@dataclass(frozen=True, eq=False)
class Setup:
    """Run setup: a configuration and its market data, from which a plan can be made at any time.

    Args:
        config: settings of the run.
        data: market data of the run, on the dates that its benchmark has too.
        benchmark: setup of the benchmark.
    """

    config: RunConfig
    data: MarketData
    benchmark: "Setup | None" = None

    def plan(self) -> "Plan":
        """Find the dates on which the strategy and its benchmark can decide."""
        return Plan.of(self.config, self.data, None if self.benchmark is None else self.benchmark.plan())

    @property
    def markets(self) -> tuple[MarketData, ...]:
        """Market data of the run and of its benchmark."""
        return (self.data, *(() if self.benchmark is None else self.benchmark.markets))

    def on(self, cut: Callable[[MarketData], MarketData]) -> "Setup":
        """Cut all market data to other dates; return this setup itself if nothing changes."""
        data, benchmark = cut(self.data), None if self.benchmark is None else self.benchmark.on(cut)
        same = data is self.data and benchmark is self.benchmark
        return self if same else Setup(self.config, data, benchmark)


@dataclass(frozen=True, eq=False)
class Plan:
    """A configured strategy, its market data, and the dates on which it decides.

    Args:
        config: settings of the run.
        data: market data of the run.
        benchmarks: plans of the benchmarks; the strategy may follow the first one.
        agenda: all rebalance dates.
        first: position in the agenda of the first date with enough history.
        shared: work shared with other plans.
    """

    config: RunConfig
    data: MarketData
    benchmarks: "tuple[Plan, ...]"
    agenda: Agenda
    first: int
    shared: SharedWork

    @classmethod
    @one_blas_thread()
    def of(
        cls,
        config: RunConfig,
        data: MarketData,
        benchmark: "Plan | None" = None,
        shared: SharedWork | None = None,
    ) -> "Plan":
        """Find the dates on which the strategy can decide."""
        check_lengths(config, data.periods_per_year)
        followed = None if benchmark is None else benchmark.followed
        settings, shared = DecisionSettings.of(config), shared or SharedWork()
        rows = shared.decision_rows(config, data)
        agenda = agenda_of(rows, settings, data, followed, shared.covariances)
        first = shared.first(config, data, followed, agenda)
        return cls(config, data, () if benchmark is None else (benchmark,), agenda, first, shared)

    def under(self, config: RunConfig, benchmarks: "tuple[Plan, ...]") -> "Plan":
        """Return the plan of another configuration with the same `DecisionSettings`, and the same first benchmark."""
        same = config == self.config and benchmarks == self.benchmarks
        return self if same else replace(self, config=config, benchmarks=benchmarks)

    @property
    def benchmark(self) -> "Plan | None":
        """Plan of the benchmark that relative numbers are about."""
        return next(iter(self.benchmarks), None)

    @property
    def setup(self) -> Setup:
        """Setup of the plan, without the covariances stored in the agenda."""
        return Setup(self.config, self.data, None if self.benchmark is None else self.benchmark.setup)

    def views(self, rows: Sequence[int]) -> ViewBatch:
        """Return the views that the strategy is shown on these rows."""
        followed = None if self.benchmark is None else self.benchmark.followed
        return ask_on(rows, DecisionSettings.of(self.config), self.data, followed)

    @property
    def followed(self) -> Followed:
        """The plan as a benchmark whose target weights a strategy may look at."""
        first = self.agenda.rows[self.first]
        return Followed(DecisionSettings.of(self.config), self.data, first, self.config.follows_its_path)

    @property
    def lag(self) -> int:
        """Number of rows from a decision to its trade."""
        return self.config.rebalance.lag(self.data.periods_per_year)

    @property
    def at_opens(self) -> bool:
        """True if trades are made at the open."""
        return self.config.rebalance.execution == "open"

    @property
    def first_row(self) -> int:
        """Position of the first date of NAV that the strategy's own history allows."""
        return self.agenda.rows[self.first] + self.lag - self.at_opens

    @property
    def first_trade(self) -> pd.Timestamp:
        """First date of NAV: the date of the first trade, or of the last close before a trade at the open.

        It is the latest of the strategy's own date, the configured start, and the benchmarks' dates.

        Raises:
            SimulationError: the date would be the last date of the data, or after it.
        """
        row = self.first_row
        if self.config.start is not None:
            row = max(row, int(self.data.dates.searchsorted(pd.Timestamp(self.config.start))))
        if row >= len(self.data.dates) - 1:
            raise no_trade_before_the_end(len(self.data.dates))
        own = self.data.dates[row]
        return max(own, *(benchmark.first_trade for benchmark in self.benchmarks)) if self.benchmarks else own

    @cached_property
    def terms(self) -> Terms:
        """Costs, financing and fees, as configured.

        Raises:
            ConfigError: the terms do not fit the market data.
        """
        config = self.config
        try:
            return build_terms(config.costs, config.financing, config.fees, self.data, config.initial_capital)
        except ConfigError as problem:
            raise add_places_in(problem, config.file) from problem

    @property
    def bands(self) -> Bands | None:
        """Configured bands: the drift of weights that is not traded."""
        given = self.config.rebalance.bands
        if given is None:
            return None
        check = () if given.check is None else rebalance_rows(self.data.dates, given.check)
        return Bands(
            np.inf if given.absolute is None else given.absolute,
            np.inf if given.relative is None else given.relative,
            given.to == "edge",
            tuple(check),
            given.also_on_schedule,
        )

    def beginning(self, first_trade: pd.Timestamp) -> tuple[Agenda, int]:
        """Return an agenda, and the position in it of the decision that is traded on a date."""
        begin = int(np.flatnonzero(self.data.dates == first_trade)[0]) - self.lag + self.at_opens
        if begin in self.agenda.rows:
            return self.agenda, list(self.agenda.rows).index(begin)
        later = [row for row in self.agenda.rows if row > begin]
        followed = None if self.benchmark is None else self.benchmark.followed
        settings = DecisionSettings.of(self.config)
        return agenda_of([begin, *later], settings, self.data, followed, self.shared.covariances), 0

    @one_blas_thread()
    def decide(self, first_trade: pd.Timestamp) -> "Decided":
        """Ask the strategy for its decisions.

        Args:
            first_trade: date of the first trade, not before the plan's own.
        """
        _ = self.terms  # terms that do not fit the market data are reported before the strategy is asked
        agenda, first = self.beginning(first_trade)
        span = slice(first, first + 1 if self.config.rebalance.frequency == "never" else len(agenda.rows))
        decisions = Decisions.of(self.config, agenda, span, self.data)
        decide: Floats | Decide = decisions.decide_at
        if not self.config.follows_its_path:
            followed = None if self.benchmark is None else self.benchmark.followed
            settings = DecisionSettings.of(self.config)
            decide = decisions.decide_all(partial(self.shared.answers, settings, self.data, followed))
        return Decided(self, agenda.rows[span], decisions, decide, self.periods)

    @property
    def periods(self) -> Periods:
        """Market data as the arrays of the simulation."""
        return with_opens(self.data) if self.at_opens else Periods.of(self.data)


@dataclass(frozen=True, eq=False)
class Decided:
    """A plan with its decisions: everything that a path needs except terms.

    Args:
        plan: the plan.
        rows: (m,) positions of the decisions in the data.
        decisions: records of the decisions.
        decide: (m, n) target weights; if they depend on current weights or NAV, a function that is called along the
            path.
        periods: market data as the arrays of the simulation.
    """

    plan: Plan
    rows: Sequence[int]
    decisions: "Decisions"
    decide: Floats | Decide
    periods: Periods

    @one_blas_thread()
    def path(self, terms: Terms) -> Path:
        """Simulate from the first trade to the end of the data under these terms."""
        rows, lag = self._timing
        least = self.plan.config.rebalance.minimum_trade
        return path_of(self.periods, rows, self.decide, lag, terms, bands=self._bands(self.plan), minimum_trade=least)

    def many_paths(self) -> ManyPaths:
        """Return the paths of these decisions under many terms; target weights must not depend on the path."""
        return ManyPaths(self.periods, *self._timing, targets=self.decisions.targets)

    def orders(self, paths: ManyPaths, plan: Plan) -> Orders:
        """Return the orders of a plan with the same decisions, which may have other bands."""
        return paths.orders(self._bands(plan), plan.config.rebalance.minimum_trade)

    @property
    def _timing(self) -> tuple[Sequence[int], int]:
        """Rows of the decisions among the periods, and rows from a decision to its trade."""
        if self.plan.at_opens:
            return [2 * row + 1 for row in self.rows], 2 * self.plan.lag - 1
        return self.rows, self.plan.lag

    def _bands(self, plan: Plan) -> Bands | None:
        """Bands of a plan, by row of the periods."""
        bands = plan.bands
        if bands is None or not plan.at_opens:
            return bands
        return replace(bands, check=tuple(2 * row + 1 for row in bands.check))


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decisions of a strategy. Covariances are discarded once the ex-ante risk of the target weights is known.

    Args:
        strategy: the strategy.
        leverage: scaling of its target weights.
        agenda: all rebalance dates.
        first: position in the agenda of the first decision.
        targets: (m, n) target weights after scaling, fractions of NAV; NaN before a decision.
        multiples: (m,) multiples of the scaling, smoothed, before bounds apply; NaN without scaling.
        holdable: (m, n) True where an asset could be held.
        risk: ex-ante risk of the target weights.
        members: (k, n) True where an asset belongs to a class.
    """

    strategy: Strategy
    leverage: Scaling | None
    agenda: Agenda
    first: int
    targets: Floats
    multiples: Floats
    holdable: Bools
    risk: ExAnteRisk
    members: Bools

    @classmethod
    def of(cls, config: RunConfig, agenda: Agenda, span: slice, data: MarketData) -> "Decisions":
        """Allocate the decisions of a span of dates of the agenda."""
        count, members = span.stop - span.start, class_members(data.assets, data.classes)[1]
        targets, contributions, volatilities = np.full((3, count, len(data.assets)), np.nan)
        risk = ExAnteRisk(contributions, volatilities, np.full((count, len(members)), np.nan))
        holdable, multiples = np.zeros(targets.shape, dtype=bool), np.full(count, np.nan)
        return cls(
            config.strategy.model, config.leverage, agenda, span.start, targets, multiples, holdable, risk, members
        )

    def decide_all(self, ask: Callable[[ViewBatch], Floats] | None = None) -> Floats:
        """Make all decisions, and return their (m, n) target weights.

        Args:
            ask: function that returns the strategy's answers for some dates; default: ask the strategy.
        """
        made, ask = 0, ask or partial(answers, self.strategy)
        for batch in self.agenda.slices(self.first, self.first + len(self.targets)):
            self._record(made, ask(batch), batch)
            made += len(batch.rows)
            del batch  # frees its covariances before the next batch
        return self.targets

    def decide_at(self, k: int, current_weights: Floats, nav: float) -> Floats:
        """Make the k-th decision from current weights and NAV in units of the first; return (n,) target weights."""
        batch, at = self.agenda.at(self.first + k)
        weights = answer(self.strategy, batch, at, current_weights)
        targets: Floats = self._record(k, weights[None], batch.part(slice(at, at + 1)), nav)[0]
        return targets

    def _record(self, first: int, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:
        """Scale answers, record them with their risk, and return the (m, n) target weights."""
        part, targets = slice(first, first + len(weights)), weights
        if self.leverage is not None:
            multiples = self.leverage.multiples(weights, batch, nav)
            self.multiples[part] = self.leverage.smooth(multiples, self.multiples[first - 1] if first > 0 else np.nan)
            targets = self.leverage.apply(weights, self.multiples[part])
        risk = ex_ante_risk(targets, batch.covariances, self.members)
        self.targets[part], self.holdable[part] = targets, batch.holdable
        self.risk.contributions[part] = risk.contributions
        self.risk.asset_volatilities[part] = risk.asset_volatilities
        self.risk.class_volatilities[part] = risk.class_volatilities
        return targets
