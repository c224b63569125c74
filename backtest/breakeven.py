"""`break_even`: the financing spread at which a levered strategy only ties its benchmark.

The market is loaded and the strategy asked once, as its target weights do not depend on the spread; what is repeated is
the path. A strategy that reads what it holds is asked anew along each path.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.analysis.breakeven import (
    BreakEvenSpread,
    CurvePoint,
    Excess,
    PairedReturns,
    block_length,
    bootstrap_interval,
    break_even_spread,
    compound_excess,
    sharpe_excess,
)
from backtest.analysis.performance import years_between
from backtest.config import RunConfig, load_config
from backtest.engine.simulation import Path as SimulatedPath
from backtest.engine.terms import Terms
from backtest.errors import ConfigError, SimulationError
from backtest.pipeline import lost_before_the_end, plan_of, warnings_of
from backtest.plan import Decided, Plan

Array = NDArray[np.float64]
_log = logging.getLogger(__name__)

GRID = tuple(step / 400 for step in range(17))  # 0 to 4 % a year in steps of 25 bp
_NONE = BreakEvenSpread(float("nan"), (float("nan"), float("nan")))


@dataclass(frozen=True, eq=False)
class BreakEven:
    """Where a levered strategy ties its benchmark.

    Args:
        name: of the run.
        benchmark: name of its benchmark, whose own financing stays as configured.
        start: first date of NAV.
        end: last date of NAV.
        configured: `financing.spread_bps` of the run, decimal per year.
        borrows: whether the run ever has a loan; if not, no spread changes anything, and both spreads are NaN.
        by_return: where the compound returns are the same.
        by_sharpe: where the Sharpe ratios are the same.
        curve: the excess at `GRID`, at the configured spread and at twice that, by rising spread.
        block: mean length of the bootstrap's blocks, periods.
    """

    name: str
    benchmark: str
    start: pd.Timestamp
    end: pd.Timestamp
    configured: float
    borrows: bool
    by_return: BreakEvenSpread
    by_sharpe: BreakEvenSpread
    curve: tuple[CurvePoint, ...]
    block: float

    def at(self, spread: float) -> CurvePoint:
        """The point of the curve at one of its spreads."""
        return next(point for point in self.curve if point.spread == spread)


def break_even(
    config: RunConfig | str | Path,
    *,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BreakEven:
    """Find the break-even spreads of a configuration's run against its benchmark, with intervals and the curve.

    Args:
        config: a configuration with a benchmark, or the path of one.
        offline: ask no source, whatever the age of what the cache has.
        refresh: fetch the whole history of each series anew.
        on_step: told the name of each step as it begins.

    Raises:
        ConfigError: the configuration is wrong, or has no benchmark.
        SimulationError: the benchmark, or the strategy with a spread of zero, loses all of its capital.
        BacktestError: as `run`.

    Example:
        >>> found = break_even("configs/levered_erc.yaml")
        >>> round(1e4 * found.by_return.spread), found.borrows
        (130, True)
    """
    if not isinstance(config, RunConfig):
        config = load_config(config)
    if config.benchmark is None:
        raise ConfigError(
            f"{config.name} has no benchmark, and so nothing to break even with. "
            "Hint: benchmark: 60_40.yaml, a configuration beside it."
        )
    plan, _ = plan_of(config, offline=offline, refresh=refresh, on_step=on_step)
    for warning in warnings_of(plan):
        _log.warning("%s", warning)
    on_step("strategy")
    match = Match.of(plan)
    free = match.path(0.0)
    if len(free.nav) < len(match.dates):
        raise SimulationError(
            f"{config.name} loses all of its capital even where its loan costs no more than cash, on "
            f"{match.dates[len(free.nav) - 1]:%Y-%m-%d}: there is nothing to break even with. Hint: less leverage."
        )
    on_step("break-even")
    borrows, block = bool(free.ledger().loan.any()), block_length(returns_of(free) - match.measures[0].other)
    by_return, by_sharpe = (match.spread(measure, block) if borrows else _NONE for measure in match.measures)
    configured = plan.terms.spread
    return BreakEven(
        name=config.name,
        benchmark=config.benchmark.name,
        start=match.dates[0],
        end=match.dates[-1],
        configured=configured,
        borrows=borrows,
        by_return=by_return,
        by_sharpe=by_sharpe,
        curve=tuple(match.point(spread) for spread in sorted({*GRID, configured, 2 * configured})),
        block=block,
    )


@dataclass(frozen=True, eq=False)
class Measure:
    """What is to be the same of both: a measure of returns above a rate.

    Args:
        excess: of the strategy's over the benchmark's.
        rate: (P,) what is taken off the strategy's returns first, decimal per period.
        other: (P,) the benchmark's returns, a rate of its own taken off.
    """

    excess: Excess
    rate: Array
    other: Array


@dataclass(frozen=True, eq=False)
class Match:
    """A strategy that has decided, its loan's spread still open, beside a benchmark's finished path.

    Args:
        decided: the strategy.
        terms: all its terms; of their spread no use is made.
        dates: of NAV, P + 1 of them.
        measures: by compound return, and by Sharpe ratio.
    """

    decided: Decided
    terms: Terms
    dates: pd.DatetimeIndex
    measures: tuple[Measure, Measure]

    @classmethod
    def of(cls, plan: Plan) -> "Match":
        """Ask the strategy of a plan, and simulate its benchmark."""
        benchmark, first_trade = cast("Plan", plan.benchmark), plan.first_trade
        path = benchmark.decided(first_trade).path(benchmark.terms)
        dates = benchmark.data.dates[path.start :]
        if len(path.nav) < len(dates):
            raise lost_before_the_end(benchmark.config.name, dates[len(path.nav) - 1])
        other, years = returns_of(path), years_between(dates[0].to_datetime64(), dates[-1].to_datetime64())
        cash, others_cash = (one.data.cash_returns.loc[dates[1:]].to_numpy() for one in (plan, benchmark))
        by_return = Measure(partial(compound_excess, years=years), np.zeros(len(other)), other)
        by_sharpe = partial(sharpe_excess, periods_per_year=plan.data.periods_per_year)
        measures = (by_return, Measure(by_sharpe, cash, other - others_cash))
        return cls(plan.decided(first_trade), plan.terms, dates, measures)

    def path(self, spread: float) -> SimulatedPath:
        """The strategy's path where its loan costs this spread, decimal per year."""
        return self.decided.path(self.terms.with_spread(spread))

    def excess(self, measure: Measure, spread: float) -> float:
        """The strategy's measure less the benchmark's at a spread."""
        return self._excess(measure, self.path(spread))

    def point(self, spread: float) -> CurvePoint:
        """Both at a spread."""
        path = self.path(spread)
        return CurvePoint(spread, *(self._excess(measure, path) for measure in self.measures))

    def spread(self, measure: Measure, block: float) -> BreakEvenSpread:
        """The spread at which a measure is the same of both, and its interval by blocks of this mean length."""
        found = break_even_spread(partial(self.excess, measure))
        base = found if np.isfinite(found) else 0.0
        path = self.path(base)
        own, count = returns_of(path), len(path.nav) - 1
        exposure = path.ledger().loan[1:] / path.nav[:-1] * self._days[:count] / 360
        pairs = PairedReturns(own - measure.rate[:count], exposure, measure.other[:count], base)
        return BreakEvenSpread(found, bootstrap_interval(pairs, measure.excess, length=block))

    @property
    def _days(self) -> NDArray[np.int64]:
        return self.decided.plan.data.days[-len(self.dates) + 1 :]

    @staticmethod
    def _excess(measure: Measure, path: SimulatedPath) -> float:
        own = returns_of(path)  # fewer than the benchmark's after a ruin
        return measure.excess(own - measure.rate[: len(own)], measure.other)


def returns_of(path: SimulatedPath) -> Array:
    """The simple returns of NAV, decimal per period."""
    returns: Array = path.nav[1:] / path.nav[:-1] - 1
    return returns
