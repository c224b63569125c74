"""The break-even spread: where a levered strategy's advantage over its benchmark is what its financing costs.

Spreads are decimals per year here, over the cash return. A strategy's return at another spread than the one it was
simulated at is, for its interval alone, r_t - (s - s₀) × exposure_t, the exposure being loan / NAV × days / 360 at the
opening of the period. That is exact where weights are set anew in every period and trades are free; else it leaves out
what the interest since the last rebalance does to leverage, and to the size of the next trade.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backtest.analysis.break_even_spread.roots import nearest_roots
from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED, percentile_interval, stable_decimals, stationary_rows
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import has_risk

Measure = Callable[[Floats], Floats]
"""(..., P) returns -> (...,), such as their compound return a year."""

BOUND = 0.20  # no spread beyond this, up or down, is looked at: no lender of margin asks for more
DRAWS = 2000

_AT_ONCE = 2**16  # returns of draws that are worked on together


@dataclass(frozen=True, eq=False)
class PairedReturns:
    """Two strategies over the same P periods, one of them with a loan; or k draws of such.

    Args:
        own: (..., P) of the strategy, decimal per period: simple returns, or those above cash.
        exposure: (..., P) its loan at the opening over its NAV, times days / 360.
        other: (..., P) of the benchmark.
        spread: at which `own` was earned, decimal per year.
    """

    own: Floats
    exposure: Floats
    other: Floats
    spread: float

    def at(self, spread: float | Floats) -> Floats:
        """(..., P) the strategy's returns, had the loan cost this spread, or each draw's a spread of its own."""
        returns: Floats = self.own - (np.asarray(spread)[..., None] - self.spread) * self.exposure
        return returns

    def take(self, rows: Ints) -> "PairedReturns":
        """The same of some periods, in this order; (k, P) rows make k draws."""
        return PairedReturns(self.own[rows], self.exposure[rows], self.other[rows], self.spread)


def compound_return(returns: Floats, years: float) -> Floats:
    """Compound annual return; what has lost everything has -1.

    >>> round(float(compound_return(np.array([0.1, 0.1]), 2.0)), 12)
    0.1
    """
    ends: Floats = np.prod(np.maximum(1 + returns, 0.0), axis=-1) ** (1 / years) - 1
    return ends


def sharpe_ratio(returns: Floats, periods_per_year: int) -> Floats:
    """Sharpe ratio of returns above cash; NaN where there is no risk, as of `performance.sharpe`.

    >>> round(float(sharpe_ratio(np.array([0.02, 0.0, 0.01]), 12)), 4)
    3.4641
    """
    if returns.shape[-1] < 2:
        return np.full(returns.shape[:-1], np.nan)
    deviation = returns.std(axis=-1, ddof=1)
    ratio: Floats = np.sqrt(periods_per_year) * returns.mean(axis=-1) / np.where(has_risk(deviation), deviation, np.nan)
    return ratio


def break_even_spread(excess: Callable[[float], float]) -> float:
    """The spread nearest to zero at which an excess is zero.

    It is looked for upwards where the strategy is ahead, and downwards where it is behind. The compound return falls
    with the spread, so that there is one; a Sharpe ratio falls with it except far from zero.

    Args:
        excess: of the strategy over its benchmark at a spread, decimal per year.

    Returns:
        The spread; infinite, of the sign of the excess at zero, where that keeps its sign up to `BOUND`; NaN where the
        excess at zero is.

    Example:
        >>> round(break_even_spread(lambda spread: 0.01 - 0.5 * spread), 12), break_even_spread(lambda spread: -1.0)
        (0.02, -inf)
    """
    return float(nearest_roots(lambda spreads, _: np.array([excess(float(one)) for one in spreads]), 1, BOUND)[0])


def bootstrap_interval(
    pairs: PairedReturns, measure: Measure, *, length: float, draws: int = DRAWS, seed: int = SEED
) -> tuple[tuple[float, float], int]:
    """The percentile interval of the break-even spread by the stationary bootstrap (Politis, Romano 1994).

    Periods are drawn in blocks, the same for both strategies and the loan, and each draw has its own break-even. As an
    excess falls with the spread, the interval is that of the spreads at which the excess is not told from zero. Its
    ends are order statistics: nothing is interpolated between a spread and one beyond `BOUND`.

    Args:
        pairs: both strategies, at or near the break-even.
        measure: that is to be the same of both.
        length: mean number of periods in a block.
        draws: bootstrap samples.
        seed: of the random numbers.

    Returns:
        Both ends at `bootstrap.LEVEL`, decimal per year, infinite where they are beyond `BOUND`; and the decimals of
        them that hardly depend on the seed.
    """
    count = len(pairs.own)
    spreads, together = np.empty(draws), max(1, _AT_ONCE // count)
    for first in range(0, draws, together):
        end = min(first + together, draws)
        rows = stationary_rows(count, length, end - first, first=first, seed=seed)
        spreads[first:end] = _break_evens(pairs.take(rows), measure)
    return percentile_interval(spreads, LEVEL), stable_decimals(np.clip(spreads, -BOUND, BOUND), LEVEL)


def _break_evens(drawn: PairedReturns, measure: Measure) -> Floats:
    """(k,) of k draws."""
    other = measure(drawn.other)

    def ahead(spreads: Floats, which: Ints) -> Floats:
        some = drawn
        if len(which) < len(other):
            some = PairedReturns(drawn.own[which], drawn.exposure[which], drawn.other, drawn.spread)
        return measure(some.at(spreads)) - other[which]

    return nearest_roots(ahead, len(other), BOUND)
