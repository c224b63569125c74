"""`Match`: solves for the financing spread at which a strategy with fixed decisions equals its benchmark."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from backtest.analysis.break_even_spread.break_even_result import BreakEven, BreakEvenSpread, CurvePoint
from backtest.analysis.break_even_spread.spread_search import (
    Measure,
    PairedReturns,
    bootstrap_interval,
    break_even_spread,
    compound_return,
    sharpe_ratio,
)
from backtest.analysis.metrics.performance import years_between
from backtest.analysis.result import BacktestResult
from backtest.analysis.uncertainty.batches import FEWEST
from backtest.analysis.uncertainty.bootstrap import block_length
from backtest.engine.path import Path
from backtest.engine.terms import Terms
from backtest.numerics.arrays import Floats
from backtest.numerics.day_counts import INTEREST_YEAR
from backtest.runs.plan import Decided

GRID = tuple(step / 400 for step in range(17))  # 0 to 4 % a year in steps of 25 bp
_NONE = BreakEvenSpread(float("nan"))


@dataclass(frozen=True, eq=False)
class Side:
    """The measure to equate, and the rate subtracted from each side's returns.

    Args:
        measure: a function of returns.
        rate: (P,) subtracted from the strategy's returns, decimal per period.
        other: (P,) the benchmark's returns less its own rate.
    """

    measure: Measure
    rate: Floats
    other: Floats

    def excess(self, own: Floats) -> float:
        """Difference between the strategy's measure and the benchmark's; a ruined strategy has fewer returns."""
        return float(self.measure(own - self.rate[: len(own)]) - self.measure(self.other))


@dataclass(frozen=True, eq=False)
class Match:
    """Decisions of a strategy, simulated at different spreads against a finished benchmark.

    Args:
        decided: decisions of the strategy.
        terms: its configured terms.
        benchmark: result of the benchmark, over all dates of both.
        sides: the comparison by compound return, and by Sharpe ratio.
    """

    decided: Decided
    terms: Terms
    benchmark: BacktestResult
    sides: tuple[Side, Side]

    @classmethod
    def of(cls, decided: Decided, benchmark: BacktestResult) -> "Match":
        """Match decisions against the result of their benchmark."""
        dates, other = benchmark.nav.index, benchmark.returns.to_numpy()
        ends = dates[0].to_datetime64(), dates[-1].to_datetime64()
        years = years_between(*ends) if benchmark.whole_year else 1.0  # total returns give the same break-even
        cash = decided.plan.data.cash_returns.loc[dates[1:]].to_numpy()
        by_sharpe = partial(sharpe_ratio, periods_per_year=decided.plan.data.periods_per_year)
        sides = (
            Side(partial(compound_return, years=years), np.zeros(len(other)), other),
            Side(by_sharpe, cash, benchmark.excess_returns.to_numpy()),
        )
        return cls(decided, decided.plan.terms, benchmark, sides)

    @property
    def dates(self) -> pd.DatetimeIndex:
        """Dates of NAV, P + 1 of them."""
        return pd.DatetimeIndex(self.benchmark.nav.index)

    def path(self, spread: float) -> Path:
        """Return the strategy's path at a spread, decimal per year: on its loan, all its futures, or its funds."""
        return self.decided.path(self.terms.with_spread(spread))

    def break_even(self, *, intervals: bool) -> BreakEven | None:
        """Solve for both break-even spreads; None if the strategy loses all capital even at a spread of zero.

        Args:
            intervals: also compute the curve and, for `FEWEST` periods or more, the bootstrap intervals.
        """
        free, configured = self.path(0.0), self._configured
        if len(free.nav) < len(self.dates):
            return None
        borrows = bool(free.ledger().loan.any())
        enough = intervals and len(free.nav) > FEWEST
        block = block_length(returns_of(free) - self.sides[0].other) if enough else float("nan")
        by_return, by_sharpe = (self.spread(side, block) if borrows else _NONE for side in self.sides)
        spreads = {*GRID, *(() if np.isnan(configured) else (configured, 2 * configured))}
        return BreakEven(
            name=self.decided.plan.config.name,
            benchmark=self.benchmark.name,
            start=self.dates[0],
            end=self.dates[-1],
            financing=self.decided.plan.config.financing.kind,
            configured=self._point(configured, self.decided.path(self.terms)),
            borrows=borrows,
            by_return=by_return,
            by_sharpe=by_sharpe,
            curve=tuple(self.point(spread) for spread in sorted(spreads)) if intervals else (),
            block=block,
            whole_year=self.benchmark.whole_year,
        )

    def point(self, spread: float) -> CurvePoint:
        """Return both excess measures at a spread, decimal per year."""
        return self._point(spread, self.path(spread))

    def spread(self, side: Side, block: float) -> BreakEvenSpread:
        """Solve for the spread that makes one measure equal.

        Args:
            side: the measure.
            block: mean block length of the bootstrap interval in periods; NaN for no interval.
        """
        solution = break_even_spread(lambda spread: side.excess(returns_of(self.path(spread))))
        if np.isnan(block):
            return BreakEvenSpread(solution)
        base = solution if np.isfinite(solution) else 0.0
        path = self.path(base)
        own, count = returns_of(path), len(path.nav) - 1
        days = self.decided.plan.data.days[-len(self.dates) + 1 :][:count]
        exposure = path.ledger().loan[1:] / path.nav[:-1] * days / INTEREST_YEAR
        pairs = PairedReturns(own - side.rate[:count], exposure, side.other[:count], base)
        return BreakEvenSpread(solution, *bootstrap_interval(pairs, side.measure, length=block))

    @property
    def _configured(self) -> float:
        """Configured spread, decimal per year; NaN if it varies by asset, date or size of the loan."""
        return self.terms.financing.configured_spread

    def _point(self, spread: float, path: Path) -> CurvePoint:
        by_return, by_sharpe = (side.excess(returns_of(path)) for side in self.sides)
        return CurvePoint(spread, by_return, by_sharpe)


def returns_of(path: Path) -> Floats:
    """Return the simple returns of NAV, decimal per period."""
    returns: Floats = path.nav[1:] / path.nav[:-1] - 1
    return returns
