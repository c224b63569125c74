"""Break-even spreads of a levered run against its benchmark, as the search returns them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class BreakEvenSpread:
    """Spread at which a measure is the same for two strategies, and its bootstrap interval.

    Args:
        spread: decimal per year; infinite beyond `spread_search.BOUND`, NaN if the spread has no effect.
        interval: ends of the interval at `bootstrap.LEVEL`, decimals per year, infinite beyond the bound; None if it
            was not computed.
        decimals: number of decimals of the ends that hardly depend on the seed.
    """

    spread: float
    interval: tuple[float, float] | None = None
    decimals: int = 12


@dataclass(frozen=True)
class CurvePoint:
    """Advantage over the benchmark at a spread.

    Args:
        spread: decimal per year; NaN for terms without a single spread.
        excess_return: compound return less the benchmark's, decimal per year; difference of total returns for less
            than a year.
        excess_sharpe: Sharpe ratio less the benchmark's.
    """

    spread: float
    excess_return: float
    excess_sharpe: float


@dataclass(frozen=True, eq=False)
class BreakEven:
    """Break-even spreads: the financing spreads at which a levered strategy equals its benchmark.

    Args:
        name: name of the run.
        benchmark: name of its benchmark, whose own financing stays as configured.
        start: first date of NAV.
        end: last date of NAV.
        financing: kind of financing that the spread belongs to: the loan on `margin`, a basis common to all
            `futures`, or the swap spread of a `leveraged_fund`.
        configured: advantage of the run as configured; its spread is NaN if spreads differ by asset, date or size.
        borrows: True if the run ever finances anything; otherwise the spread has no effect, and both spreads are NaN.
        by_return: spread at which the compound returns are the same.
        by_sharpe: spread at which the Sharpe ratios are the same.
        curve: advantage by rising spread; empty if it was not computed.
        block: mean length of the bootstrap's blocks, periods; NaN without intervals, which need
            `batches.FEWEST` periods.
        whole_year: True if the run covers a year or more; otherwise excess returns are not annualised.
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
        """Excess compound return by rising spread, decimals: the curve, the break-even, and the run as configured."""
        points = {point.spread: point.excess_return for point in self.curve}
        if np.isfinite(self.by_return.spread):
            points[self.by_return.spread] = 0.0  # by definition
        if not np.isnan(self.configured.spread):
            points[self.configured.spread] = self.configured.excess_return
        return pd.Series(points, dtype=float).sort_index()

    def at(self, spread: float) -> CurvePoint:
        """Return the point of the curve at one of its spreads."""
        return next(point for point in self.curve if point.spread == spread)
