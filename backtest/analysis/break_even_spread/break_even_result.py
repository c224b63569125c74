"""Break-even spreads of a levered run against its benchmark, as the search returns them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class BreakEvenSpread:
    """The spread at which a measure of two strategies is the same, and its bootstrap interval.

    Args:
        spread: decimal per year; infinite where it is beyond `BOUND`, NaN where no spread changes anything.
        interval: its ends at `bootstrap.LEVEL`, likewise; None where it was not asked for.
        decimals: decimals of the ends that hardly depend on the seed.
    """

    spread: float
    interval: tuple[float, float] | None = None
    decimals: int = 12


@dataclass(frozen=True)
class CurvePoint:
    """Advantage that is left at a spread.

    Args:
        spread: decimal per year; NaN for terms that are no one spread.
        excess_return: compound return less the benchmark's, decimal per year; over less than a year the
            difference of total returns.
        excess_sharpe: Sharpe ratio less the benchmark's.
    """

    spread: float
    excess_return: float
    excess_sharpe: float


@dataclass(frozen=True, eq=False)
class BreakEven:
    """Spreads at which a levered strategy ties its benchmark.

    Args:
        name: of the run.
        benchmark: name of its benchmark, whose own financing stays as configured.
        start: first date of NAV.
        end: last date of NAV.
        financing: whose spread it is: on `margin` that of the loan, of `futures` one basis for all, of a
            `leveraged_fund` the swap spread.
        configured: the excess of the run as configured; its spread is NaN where that is by asset, date or size.
        borrows: whether the run ever finances anything; if not, no spread changes anything, and both spreads are NaN.
        by_return: where the compound returns are the same.
        by_sharpe: where the Sharpe ratios are the same.
        curve: the excess by rising spread; empty where it was not asked for.
        block: mean length of the bootstrap's blocks, periods; NaN without intervals, which are not worked out for fewer
            than `confidence.FEWEST` periods.
        whole_year: whether the run covers a year or more; if not, excess returns are not rates per year.
    """

    name: str
    benchmark: str
    start: pd.Timestamp
    end: pd.Timestamp
    financing: str
    configured: CurvePoint
    borrows: bool
    by_return: BreakEvenSpread
    by_sharpe: BreakEvenSpread
    curve: tuple[CurvePoint, ...]
    block: float
    whole_year: bool = True

    @property
    def line(self) -> pd.Series:
        """Excess compound return by rising spread, decimals: the curve, where it is nothing, and as configured."""
        points = {point.spread: point.excess_return for point in self.curve}
        if np.isfinite(self.by_return.spread):
            points[self.by_return.spread] = 0.0  # what it is found by
        if not np.isnan(self.configured.spread):
            points[self.configured.spread] = self.configured.excess_return
        return pd.Series(points, dtype=float).sort_index()

    def at(self, spread: float) -> CurvePoint:
        """The point of the curve at one of its spreads."""
        return next(point for point in self.curve if point.spread == spread)
