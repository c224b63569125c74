"""`run`: from a configuration to a result, the steps of a backtest in order."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.analysis.build import build_result
from backtest.analysis.ex_ante import ExAnteRisk, class_members, ex_ante_risk
from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.data.common_dates import on_common_dates
from backtest.data.loading import access_for, load
from backtest.data.market import MarketData
from backtest.engine.schedule import rebalance_rows
from backtest.engine.simulation import Decide, Periods, SimulationResult, no_trade_before_the_end, simulate
from backtest.engine.terms import Terms
from backtest.errors import SimulationError
from backtest.estimation.estimator import window_rows
from backtest.strategy import Strategy
from backtest.strategy.agenda import Agenda, first_answer
from backtest.strategy.decisions import Questions, answer, answers
from backtest.strategy.view import History

Array = NDArray[np.float64]
_log = logging.getLogger(__name__)


def run(
    config: RunConfig | str | Path,
    *,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BacktestResult:
    """Run a backtest, and its benchmark over the same dates. Writes nothing but what it fetches, to the cache.

    Args:
        config: a configuration, or the path of one.
        offline: ask no source, whatever the age of what the cache has; as `data.offline`.
        refresh: fetch the whole history of each series anew.
        on_step: told the name of each step as it begins.

    Raises:
        BacktestError: anything wrong in the configuration, the data, or what the strategy answers.

    Example:
        >>> result = run("configs/erc.yaml")
        >>> result.summary()["start"]
        '1989-01-31'
    """
    if not isinstance(config, RunConfig):
        config = load_config(config)
    on_step("data")
    access = partial(access_for, offline=offline, refresh=refresh, started=datetime.now(UTC), known={})
    data = load(config.data, config.folder, access(config.data))
    if config.benchmark is None:
        on_step("strategy")
        plan = Plan.of(config, data)
        return _told(plan.result(plan.first_trade))
    on_step("benchmark")
    other = load(config.benchmark.data, config.benchmark.folder, access(config.benchmark.data))
    data, other, notes = on_common_dates(data, other)
    benchmark = Plan.of(config.benchmark, other)
    plan = Plan.of(config, data, benchmark)
    first_trade = max(plan.first_trade, benchmark.first_trade)
    compared = benchmark.result(first_trade)
    on_step("strategy")
    result = plan.result(first_trade)
    if len(compared.nav) < len(result.nav):
        raise SimulationError(
            f"the benchmark {compared.name} lost all of its capital on {compared.nav.index[-1]:%Y-%m-%d}; "
            "nothing can be compared with it after that. Hint: less leverage in it, or another benchmark."
        )
    complete = replace(
        result,
        benchmark=compared.until(result.nav.index[-1]),
        notes=(*result.notes, *notes, *_of_benchmark(other.notes, data.notes)),
        warnings=(*result.warnings, *_of_benchmark(other.warnings, data.warnings)),
    )
    return _told(complete)


def _told(result: BacktestResult) -> BacktestResult:
    """The same, its warnings in the log too."""
    for warning in result.warnings:
        _log.warning("%s", warning)
    return result


def _of_benchmark(said: Sequence[str], already: Sequence[str]) -> list[str]:
    """What has to be said of the benchmark's data, and is not said of the run's."""
    return [f"benchmark: {one}" for one in said if one not in already]


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
        agenda = agenda_of(rebalance_rows(data.dates, config.rebalance.frequency), config, data, benchmark)
        return cls(config, data, benchmark, agenda, first_answer(config.strategy.model, agenda))

    @property
    def lag(self) -> int:
        """Rows from a decision to its trade."""
        return self.config.rebalance.lag(self.data.periods_per_year)

    @property
    def first_trade(self) -> pd.Timestamp:
        """The date of the first trade.

        Raises:
            SimulationError: it would come on the last date of the data, or after it.
        """
        row = self.agenda.rows[self.first] + self.lag
        if row >= len(self.data.dates) - 1:
            raise no_trade_before_the_end(len(self.data.dates))
        return self.data.dates[row]

    def beginning(self, first_trade: pd.Timestamp) -> tuple[Agenda, int]:
        """An agenda, and the position in it of the decision that is traded on the given date."""
        begin = int(np.flatnonzero(self.data.dates == first_trade)[0]) - self.lag
        if begin in self.agenda.rows:
            return self.agenda, list(self.agenda.rows).index(begin)
        later = [row for row in self.agenda.rows if row > begin]
        return agenda_of([begin, *later], self.config, self.data, self.benchmark), 0

    def result(self, first_trade: pd.Timestamp) -> BacktestResult:
        """Simulate from a first trade on this date, which may be later than the strategy's own."""
        agenda, first = self.beginning(first_trade)
        span = slice(first, first + 1 if self.config.rebalance.frequency == "never" else len(agenda.rows))
        rows = agenda.rows[span]
        decisions = Decisions.of(self.config.strategy.model, agenda, span, self.data)
        decide: Array | Decide = decisions.one
        if not self.config.strategy.model.reads_current_weights:
            decide = decisions.together()
        terms = Terms.of(self.config.costs, self.config.financing, self.config.fees, self.data.assets)
        periods = Periods(
            self.data.returns.to_numpy(),
            ~np.isnan(self.data.prices.to_numpy()),
            self.data.cash_returns.to_numpy(),
            self.data.days,
        )
        path = simulate(periods, rows, decide, self.lag, terms)
        return build_result(
            path,
            self.data,
            rows=rows,
            risk=decisions.risk,
            name=self.config.name,
            strategy=self.config.strategy.name,
            settings=self.config.resolved(),
            notes=(*self.data.notes, *run_notes(self.data, path, rows, decisions.holdable, terms)),
        )


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


def run_notes(
    data: MarketData, path: SimulationResult, rows: Sequence[int], holdable: NDArray[np.bool_], terms: Terms
) -> list[str]:
    """What a reader has to be told of this run."""
    notes = []
    dates = data.dates[path.start :]
    joins = np.diff(holdable.astype(int), axis=0) > 0
    for k, i in np.argwhere(joins):
        notes.append(f"{data.assets[i]} joins on {data.dates[rows[k + 1]]:%Y-%m-%d}, when its window is full")
    for at, i in path.unpriced_sales:
        notes.append(f"{data.assets[i]} has no price on {dates[at]:%Y-%m-%d}: turned into cash at its last price")
    if path.shortfall > 0:
        notes.append(
            f"all capital was lost on {dates[len(path.nav) - 1]:%Y-%m-%d}, where the run ends; the lender lost "
            f"{path.shortfall:.4f} of the first NAV besides"
        )
    if path.loan.any() and terms.spread == 0:
        notes.append("loans pay the cash return alone: no financing.spread_bps is set")
    if not terms.trading_cost.any():
        notes.append("trades are free: no costs.trading_bps is set")
    return notes
