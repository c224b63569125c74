"""Numbers of the runs of one group: the decisions once, then one path after another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from backtest.analysis.metrics.performance import cagr, years_between
from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig
from backtest.data.dates.months_and_years import is_whole_year
from backtest.data.market_data import MarketData
from backtest.engine.kernels.state import Orders
from backtest.engine.many_paths import ManyPaths
from backtest.engine.path import Path
from backtest.engine.terms import Terms
from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread
from backtest.runs.decide.shared_work import Kept
from backtest.runs.plan import Decided, Plan
from backtest.runs.run_result import lost_before_the_end
from backtest.runs.steps import Steps
from backtest.sweeps.sweep_groups import Group

NUMBERS = (
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "max_drawdown",
    "average_gross_exposure",
    "turnover_per_year",
    "trading_cost_per_year",
    "financing_cost_per_year",
    "financing_drag_per_year",
)
"""Numbers of each run, as in `BacktestResult.headline` for a run of a year or more."""

MOMENTS = ("skew", "kurtosis")
"""Further numbers, of returns above cash, that the chance of the best run depends on."""

_WIDTH = len(NUMBERS) + len(MOMENTS)
_MEASURED = 10  # elements that the kernel fills in
_MOST_ORDERS = 64
_BY_RUN = ("numbers", "dates", "periods", "per_year")


@dataclass(frozen=True, eq=False)
class GroupNumbers:
    """Numbers of the runs of a group.

    Args:
        runs: (m,) positions of the runs in the sweep.
        numbers: (m, k) by `NUMBERS`, then `MOMENTS`; NaN for a run that failed, and where undefined.
        dates: (m, 2) first and last date of NAV; NaT for a run that failed.
        periods: (m,) number of returns; 0 for a run that failed.
        per_year: (m,) periods per year of the data; 0 for a run that failed.
        errors: messages of failed runs by position in `runs`.
    """

    runs: Ints
    numbers: Floats
    dates: NDArray[np.datetime64]
    periods: Ints
    per_year: Ints
    errors: dict[int, str]

    @classmethod
    def empty(cls, runs: Ints) -> "GroupNumbers":
        """Return the numbers of runs before any is known."""
        count = len(runs)
        dates = np.full((count, 2), np.datetime64("NaT"), dtype="datetime64[D]")
        periods, per_year = np.zeros((2, count), dtype=np.int64)
        return cls(runs, np.full((count, _WIDTH), np.nan), dates, periods, per_year, {})

    @classmethod
    def joined(cls, parts: Sequence["GroupNumbers"]) -> "GroupNumbers":
        """Return the numbers of several parts, by rising position in the sweep."""
        runs = np.concatenate([part.runs for part in parts])
        order = np.argsort(runs)
        places = np.argsort(order)  # of each run in the result
        begins = np.cumsum([0, *(len(part.runs) for part in parts)])
        errors = {
            int(places[begin + k]): text
            for begin, part in zip(begins, parts, strict=False)
            for k, text in part.errors.items()
        }
        joined = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in _BY_RUN}
        return cls(runs=runs[order], errors=errors, **joined)

    def take(self, part: "GroupNumbers") -> None:
        """Take over the numbers of some of these runs, which are all runs of a sweep in order."""
        for name in _BY_RUN:
            getattr(self, name)[part.runs] = getattr(part, name)
        self.errors.update({int(part.runs[k]): text for k, text in part.errors.items()})


class GroupRuns:
    """Runs of one group after another, with the work that groups share.

    Args:
        steps: the steps of runs.
        terms: see `SweepGroups.terms`.
    """

    def __init__(self, steps: Steps, terms: Mapping[int, Sequence[RunConfig]]) -> None:
        self._steps, self._configs = steps, terms
        self._data: MarketData | None = None
        self._terms: dict[tuple[int, int], Terms | BacktestError] = {}
        self._orders: Kept[Orders] = Kept(_MOST_ORDERS)
        self._bands: dict[int, Ints] = {}

    def prepare(self, group: Group) -> Callable[[], GroupNumbers]:
        """Make the decisions of a group, and return a function that simulates its paths, in any thread."""
        numbers = GroupNumbers.empty(group.runs)
        try:
            plan, _ = self._steps.plan(group.config)
            benchmarks = self._steps.benchmarks(plan)
            decided = self._steps.decided(plan)
        except BacktestError as problem:
            numbers.errors.update(dict.fromkeys(range(len(group.runs)), str(problem)))
            return lambda: numbers
        paths = self._paths(group, decided)
        return partial(_simulate, decided.plan, paths, numbers, [benchmark.result for benchmark in benchmarks])

    def _paths(self, group: Group, decided: Decided) -> list[Callable[[], Path]]:
        """Return functions that simulate the path of each run, or raise why they cannot."""
        if decided.plan.data is not self._data:
            self._data = decided.plan.data
            self._terms.clear()
        terms = [self._terms_of(group.market, int(j), decided.plan) for j in group.terms]
        if group.config.follows_its_path:
            plans = [self._plan(group.market, int(j), decided.plan) for j in group.terms]
            return [
                partial(_raise, each)
                if isinstance(each, BacktestError)
                else partial(replace(decided, plan=plan).path, each)
                for each, plan in zip(terms, plans, strict=True)
            ]
        paths, bands = decided.many_paths(), self._bands_of(group.market)[group.terms]
        orders = {
            first: self._orders_of(group.market, first, decided, paths) for first in dict.fromkeys(bands.tolist())
        }
        return [
            partial(_raise, each) if isinstance(each, BacktestError) else partial(paths.path, each, orders[first])
            for each, first in zip(terms, bands.tolist(), strict=True)
        ]

    def _plan(self, market: int, j: int, plan: Plan) -> Plan:
        """Return the plan with the terms of a run."""
        return plan.under(self._configs[market][j], plan.benchmarks)

    def _terms_of(self, market: int, j: int, plan: Plan) -> Terms | BacktestError:
        """Return the terms of a run, or why they do not fit the market data."""
        if (market, j) not in self._terms:
            try:
                self._terms[market, j] = self._plan(market, j, plan).terms
            except BacktestError as problem:
                self._terms[market, j] = problem
        return self._terms[market, j]

    def _bands_of(self, market: int) -> Ints:
        """Return the position of the first terms of the market with the same bands, for each of its terms."""
        if market not in self._bands:
            settings = [config.rebalance for config in self._configs[market]]
            firsts: list[int] = []
            for j, own in enumerate(settings):
                firsts.append(next((first for first in dict.fromkeys(firsts) if settings[first] == own), j))
            self._bands[market] = np.array(firsts)
        return self._bands[market]

    def _orders_of(self, market: int, j: int, decided: Decided, paths: ManyPaths) -> Orders:
        """Return the orders of decisions with the bands of some terms."""
        key = decided.plan.data, tuple(decided.rows), decided.plan.lag, market, j
        return self._orders.get(key, lambda: decided.orders(paths, self._plan(market, j, decided.plan)))


def _raise(problem: BacktestError) -> Path:
    raise problem


@one_blas_thread()
def _simulate(
    plan: Plan, paths: Sequence[Callable[[], Path]], numbers: GroupNumbers, benchmarks: Sequence[BacktestResult]
) -> GroupNumbers:
    """Simulate the paths of a group, and fill in their numbers."""
    from backtest.analysis.metrics.headline_kernel import measure
    from backtest.engine.kernels.totals_kernel import Totals
    from backtest.numerics.pairwise_kernel import new_halves

    dates, cash_returns = plan.data.dates, plan.data.cash_returns.to_numpy()
    per_year, days = plan.data.periods_per_year, dates.to_numpy().astype("datetime64[D]")
    room, work, found = Totals(*np.empty((5, 2 * len(dates)))), np.empty((2, len(dates))), np.empty(_MEASURED)
    halves, lengths = new_halves(), dict[tuple[int, int], tuple[float, bool]]()
    for k, simulate in enumerate(paths):
        try:
            path = simulate()
            for benchmark in benchmarks:
                if len(benchmark.nav) < len(path.nav):
                    raise lost_before_the_end(benchmark)
            totals = path.totals(room)
        except BacktestError as problem:
            numbers.errors[k] = str(problem)
            continue
        nav, start = path.nav, path.start
        last = start + len(nav) - 1
        measure(nav, cash_returns[start : last + 1], totals, per_year, work, halves, found)
        numbers.dates[k] = days[start], days[last]
        numbers.periods[k], numbers.per_year[k] = last - start, per_year
        if (start, last) not in lengths:
            whole_year = is_whole_year(dates[[start, last]], per_year)
            lengths[start, last] = years_between(days[start], days[last]), whole_year
        numbers.numbers[k] = _row(float(nav[-1]), found, *lengths[start, last])
    return numbers


def _row(growth: float, found: Floats, years: float, whole_year: bool) -> list[float]:
    """Return the numbers of a run from its growth and measures; see `NUMBERS` and `MOMENTS`."""
    volatility, sharpe, drawdown, exposure, *sums, skew, kurtosis = map(float, found)
    a_year = [total / years if whole_year else float("nan") for total in sums]
    growth_a_year = cagr(growth, years) if whole_year else float("nan")
    return [growth - 1, growth_a_year, volatility, sharpe, drawdown, exposure, *a_year, skew, kurtosis]
