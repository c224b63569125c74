"""`monte_carlo`: a strategy run through many drawn continuations of its history, with its financing and margin."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.uncertainty.bootstrap import SEED, stationary_rows
from backtest.config import RunConfig, load_config
from backtest.data.market_data import MarketData
from backtest.engine.build_terms import build_terms
from backtest.engine.market_periods import Periods
from backtest.engine.path import Path
from backtest.engine.simulation import path_of
from backtest.engine.terms import Terms
from backtest.errors import ConfigError, SimulationError
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread
from backtest.runs.decide.decision_settings import DecisionSettings, agenda_of
from backtest.runs.decide.shared_work import SharedWork
from backtest.runs.pipeline import Config, data_settings_of
from backtest.runs.plan import Decisions, Plan
from backtest.runs.steps import Steps
from backtest.studies.drawn_markets import DrawnMarket

HORIZONS = (1, 3, 5, 10, 20, 30)
"""Years that a table of results shows, as far as they are simulated."""

_MOST = 2**31

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """Paths of a strategy and of its benchmark through the same drawn continuations of history.

    Args:
        config: the configuration.
        years: years after the last date of the history.
        block: mean number of periods in a block of drawn ones.
        nav: (k, P) NAV of each path by date, 1 on the first trade, 0 from ruin on.
        benchmark_nav: (k, P) the same for the first benchmark; None without one.
        called: (k,) first date of each path with a margin call, as position; P without one.
        dates: (P,) dates.
        periods_per_year: periods per year.
    """

    config: RunConfig
    years: int
    block: float
    nav: Floats
    benchmark_nav: Floats | None
    called: Ints
    dates: pd.DatetimeIndex
    periods_per_year: int

    @property
    def fan(self) -> pd.DataFrame:
        """(P, 5) quantiles of NAV by date: 5, 25, 50, 75 and 95 %."""
        return pd.DataFrame(
            np.quantile(self.nav, QUANTILES, axis=0).T, self.dates, pd.Index(QUANTILES, name="quantile")
        )

    @property
    def table(self) -> pd.DataFrame:
        """By horizon in years: growth of 1 as 5, 50 and 95 % quantiles, and shares of the paths, decimal.

        `loss`: NAV below the first; `margin_call` and `ruin`: it came up to then; `ahead`: NAV above the benchmark's,
        NaN without one. A share p of k paths has a standard error of √(p (1 - p) / k) by the draws alone.
        """
        rows = {}
        for years in (each for each in HORIZONS if each <= self.years):
            at = min(years * self.periods_per_year, self.nav.shape[1] - 1)
            nav, other = self.nav[:, at], None if self.benchmark_nav is None else self.benchmark_nav[:, at]
            low, middle, high = np.quantile(nav, (0.05, 0.5, 0.95))
            rows[years] = {
                "low": low,
                "median": middle,
                "high": high,
                "loss": (nav < 1).mean(),
                "margin_call": (self.called <= at).mean(),
                "ruin": (nav == 0).mean(),
                "ahead": np.nan if other is None else (nav > other).mean(),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("years")

    @property
    def sentence(self) -> str:
        """The chances at the last horizon in words."""
        last = self.table.iloc[-1].to_dict()
        parts = [f"{last['loss']:.1%} end with a loss"]
        if getattr(self.config.financing, "maintenance_margin", None) is not None:
            parts.append(f"{last['margin_call']:.1%} have a margin call")
        if not np.isnan(last["ahead"]):
            parts.append(f"{last['ahead']:.1%} end ahead of the benchmark")
        listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
        years = f"{self.table.index[-1]} {'year' if self.years == 1 else 'years'}"
        return f"Of {len(self.nav):,} continuations of the history over {years}, {listed}."


def monte_carlo(
    config: Config,
    overrides: Mapping[str, Any] | None = None,
    *,
    years: int = 10,
    paths: int = 1000,
    block: float | None = None,
    seed: int = SEED,
    market: MarketData | None = None,
    offline: bool = False,
    on_path: Callable[[int], None] = lambda _: None,
) -> MonteCarlo:
    """Run a strategy and its first benchmark through drawn continuations of their common history.

    Each path begins on the last date of the data, with its last prices to look back on. Later periods are blocks of
    the history, drawn by the stationary bootstrap, with all assets, cash and loans of a period together. Each path
    makes all decisions of its own and pays costs, financing and margin calls, as a run does. No path has what the
    history does not have, such as a longer rise of rates.

    Args:
        config: see `bt.run`.
        overrides: see `bt.run`.
        years: years after the last date, 1 or more, at most the years of the history.
        paths: number of paths, 1 or more.
        block: mean number of periods in a block; default: one year of them.
        seed: seed of the draws.
        market: see `bt.run`.
        offline: see `bt.run`.
        on_path: called with the number of finished paths.

    Raises:
        ConfigError: an argument is out of range, or trades are at the open.
        DataError: an asset lacks prices, or the dates are irregular.
        SimulationError: the history is shorter than `years`.
        BacktestError: see `bt.run`.

    Example:
        >>> found = monte_carlo("configs/levered_erc.yaml", years=5, paths=100)
        >>> found.nav.shape, found.table.index.tolist()
        ((100, 61), [1, 3, 5])
    """
    for name, value, least in (("years", years, 1), ("paths", paths, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < _MOST:
            raise ConfigError(f"{name}: got {value!r:.80}, expected a whole number from {least} to {_MOST - 1:,}")
    loaded = load_config(config, overrides, data=data_settings_of(market))
    plan, _ = Steps(offline=offline, market=market).plan(loaded)
    if plan.at_opens:
        raise ConfigError(
            "rebalance.execution: trades at the open need open prices, which are not drawn; expected close"
        )
    number = plan.data.periods_per_year
    count, known = years * number, len(plan.data.dates) - 1
    if count > known:
        raise SimulationError(f"years: got {years}, expected at most the {known / number:.1f} years of the history")
    length = number if block is None else block
    if isinstance(length, bool) or not isinstance(length, int | float) or not 1 <= length <= known:
        raise ConfigError(f"block: got {block!r:.80}, expected a number of periods from 1 to {known:,}")
    rows = stationary_rows(known, float(length), paths, seed=seed)[:, :count] + 1
    world = _World(plan, count)
    made = _Made.empty(paths, count + 1 - plan.lag, benchmark=plan.benchmark is not None)
    for k in range(0, paths, world.most_paths):
        world.follow(rows[k : k + world.most_paths], made.part(slice(k, k + world.most_paths)))
        on_path(min(k + world.most_paths, paths))
    return MonteCarlo(
        loaded, years, float(length), made.nav, made.benchmark, made.called, pd.DatetimeIndex(world.dates), number
    )


@dataclass(frozen=True, eq=False)
class _Made:
    """Room for paths: (k, P) NAV of strategy and benchmark, and (k,) the first margin call."""

    nav: Floats
    benchmark: Floats | None
    called: Ints

    @classmethod
    def empty(cls, paths: int, dates: int, *, benchmark: bool) -> "_Made":
        other = np.zeros((paths, dates)) if benchmark else None
        return cls(np.zeros((paths, dates)), other, np.full(paths, dates))

    def part(self, paths: slice) -> "_Made":
        """Return the room of some paths."""
        return _Made(self.nav[paths], None if self.benchmark is None else self.benchmark[paths], self.called[paths])


class _World:
    """Drawn continuations of the markets of a plan and of its benchmark.

    Args:
        plan: the plan.
        count: number of drawn periods.
    """

    def __init__(self, plan: Plan, count: int) -> None:
        self._plans = (plan,) if plan.benchmark is None else (plan, plan.benchmark)
        self._warm = max(each.agenda.rows[each.first] for each in self._plans) + 1
        self._drawn = [DrawnMarket(each.data, self._warm, count) for each in self._plans]
        self.dates = self._drawn[0].dates[self._warm - 1 + plan.lag :]
        self._known: dict[str, Terms] = {}  # by name of the configuration
        self.most_paths = self._most_paths(count)

    def _most_paths(self, count: int) -> int:
        """Return how many histories can be decided on at once, one after the other in one market.

        It is more than one if decisions look back on neither a longer history nor an earlier decision. Two histories
        that are decided on both ways show this.
        """
        most = min(drawn.most_paths for drawn in self._drawn)
        if most == 1 or any(plan.config.follows_its_path for plan in self._plans):
            return 1
        rows = stationary_rows(len(self._plans[0].data.dates) - 1, 12.0, 2)[:, :count] + 1
        together, first, second = (self._paths(part) for part in (rows, rows[:1], rows[1:]))
        alone = ((*one, *other) for one, other in zip(first, second, strict=True))
        return most if all(map(_are_equal, together, alone)) else 1

    def follow(self, rows: Ints, made: _Made) -> None:
        """Simulate the paths of some draws into their room; a path that ends in ruin stays at 0."""
        own, *other = self._paths(rows)
        for k, path in enumerate(own):
            made.nav[k, : len(path.nav)] = path.nav
            call = path.first_margin_call
            made.called[k] = made.called[k] if call is None else call
        if made.benchmark is not None:
            for k, path in enumerate(other[0]):
                made.benchmark[k, : len(path.nav)] = path.nav

    @one_blas_thread()
    def _paths(self, rows: Ints) -> list[list[Path]]:
        """Return the paths of each plan through these draws."""
        starts = range(self._warm - 1, self._drawn[0].length * len(rows), self._drawn[0].length)
        shared, made = SharedWork(), list[Plan]()
        for plan, drawn in reversed(list(zip(self._plans, self._drawn, strict=True))):
            data = drawn.after(rows)
            made.append(_plan_from(plan.config, data, next(iter(made), None), shared, starts))
        return [self._stacked(plan, starts) for plan in reversed(made)]

    def _stacked(self, plan: Plan, starts: range) -> list[Path]:
        """Return the paths of several histories in one market, decided on in one stack of dates."""
        count, settings = self._drawn[0].length - self._warm + 1, DecisionSettings.of(plan.config)
        if plan.config.follows_its_path:
            return [plan.decide(plan.data.dates[starts[0] + plan.lag]).path(plan.terms)]
        rows = np.array(plan.agenda.rows)
        decisions = Decisions.of(plan.config, plan.agenda, slice(0, len(rows)), plan.data)
        followed = None if plan.benchmark is None else plan.benchmark.followed
        targets = decisions.decide_all(partial(plan.shared.answers, settings, plan.data, followed))
        periods, bands, terms = plan.periods, plan.bands, self._terms(plan)
        checks = None if bands is None else np.array(bands.check)
        found = []
        for start in starts:
            own = (rows >= start) & (rows < start + count)
            if checks is not None and bands is not None:
                inside = checks[(checks >= start) & (checks < start + count)] - start
                bands = replace(bands, check=tuple(inside.tolist()))
            part, least = _part(periods, slice(start, start + count), starts[0]), plan.config.rebalance.minimum_trade
            order = rows[own] - start, targets[own], plan.lag, terms
            found.append(path_of(part, *order, bands=bands, minimum_trade=least))
        return found

    def _terms(self, plan: Plan) -> Terms:
        """Return the terms after the end of the history, the same for all paths of a plan."""
        name = plan.config.name
        if name not in self._known:
            config, dates = plan.config, plan.data.dates[self._warm - 1 : self._drawn[0].length]
            data = plan.data.on(dates)
            self._known[name] = build_terms(config.costs, config.financing, config.fees, data, config.initial_capital)
        return self._known[name]


def _are_equal(paths: Iterable[Path], others: Iterable[Path]) -> bool:
    """Return whether NAVs are equal but for rounding, which differs by the position in a stack."""
    return all(
        len(path.nav) == len(other.nav) and np.allclose(path.nav, other.nav, rtol=1e-12, atol=0)
        for path, other in zip(paths, others, strict=True)
    )


def _plan_from(config: RunConfig, data: MarketData, benchmark: Plan | None, shared: SharedWork, starts: range) -> Plan:
    """Return a plan that decides on the last date of the history, and on its own dates after it."""
    later = np.array([] if config.rebalance.frequency == "never" else shared.decision_rows(config, data))
    after = (later - starts[0]) % starts.step <= starts.step - starts[0] - 1  # not in the warm-up of a history
    rows = sorted({*starts, *later[after & (later > starts[0])].tolist()})
    followed = None if benchmark is None else benchmark.followed
    agenda = agenda_of(rows, DecisionSettings.of(config), data, followed, shared.covariances)
    return Plan(config, data, () if benchmark is None else (benchmark,), agenda, 0, shared)


def _part(periods: Periods, span: slice, first: int) -> Periods:
    """Return the periods of a history; its calendar is the one of the first history."""
    loans = None if periods.loan_returns is None else periods.loan_returns[span]
    days = periods.days[first : first + span.stop - span.start]
    return Periods(periods.prices[span], periods.cash_returns[span], days, loans)
