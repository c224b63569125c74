"""Search for the break-even spread: the financing spread at which a levered strategy equals its benchmark.

Spreads are decimals per year over the cash return. The interval approximates the return at a spread s, for a strategy
that was simulated at s₀, by r_t - (s - s₀) × exposure_t, where the exposure is loan / NAV × days / 360 at the opening
of the period. This is exact if weights are rebalanced in every period and trades are free. Otherwise it ignores the
effect of the interest since the last rebalance on leverage and on the size of the next trade.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backtest.analysis.break_even_spread.roots import nearest_roots
from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED, percentile_interval, stable_decimals, stationary_rows
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import has_risk

Measure = Callable[[Floats], Floats]
"""Function of (..., P) returns to (...,) numbers, such as their compound return per year."""

BOUND = 0.20  # bound of the search above and below zero: no margin lender charges more
DRAWS = 2000

_BATCH = 2**16  # number of returns drawn in one batch


@dataclass(frozen=True, eq=False)
class PairedReturns:
    """Returns of a strategy with a loan and of its benchmark over the same P periods, or k draws of them.

    Args:
        own: (..., P) returns of the strategy, decimal per period: simple or excess returns.
        exposure: (..., P) its loan over its NAV at the opening of the period, times days / 360.
        other: (..., P) returns of the benchmark.
        spread: spread at which `own` was simulated, decimal per year.
    """

    own: Floats
    exposure: Floats
    other: Floats
    spread: float

    def at(self, spread: float | Floats) -> Floats:
        """Return the (..., P) returns of the strategy at another spread, or at a spread for each draw."""
        returns: Floats = self.own - (np.asarray(spread)[..., None] - self.spread) * self.exposure
        return returns

    def take(self, rows: Ints) -> "PairedReturns":
        """Return the pair for some periods, in the given order; (k, P) rows make k draws."""
        return PairedReturns(self.own[rows], self.exposure[rows], self.other[rows], self.spread)


def compound_return(returns: Floats, years: float) -> Floats:
    """Return the compound annual return; -1 if everything is lost.

    Args:
        returns: (..., P) simple returns, decimal per period.
        years: length of the P periods, above 0.

    >>> round(float(compound_return(np.array([0.1, 0.1]), 2.0)), 12)
    0.1
    """
    ends: Floats = np.prod(np.maximum(1 + returns, 0.0), axis=-1) ** (1 / years) - 1
    return ends


def sharpe_ratio(returns: Floats, periods_per_year: int) -> Floats:
    """Return the annualised Sharpe ratio of excess returns; NaN without risk, like `performance.sharpe`.

    Args:
        returns: (..., P) excess returns, decimal per period.
        periods_per_year: periods per year of the returns.

    >>> round(float(sharpe_ratio(np.array([0.02, 0.0, 0.01]), 12)), 4)
    3.4641
    """
    if returns.shape[-1] < 2:
        return np.full(returns.shape[:-1], np.nan)
    deviation = returns.std(axis=-1, ddof=1)
    ratio: Floats = np.sqrt(periods_per_year) * returns.mean(axis=-1) / np.where(has_risk(deviation), deviation, np.nan)
    return ratio


def break_even_spread(excess: Callable[[float], float]) -> float:
    """Return the spread nearest to zero at which an excess is zero.

    The search goes up if the strategy is ahead at a spread of zero, and down if it is behind. The compound return falls
    with the spread, so it has a single break-even; a Sharpe ratio falls with it except far from zero.

    Args:
        excess: function of a spread, decimal per year, to the excess of the strategy over its benchmark.

    Returns:
        The spread, decimal per year. If the excess keeps its sign up to `BOUND`, the spread is infinite with that sign.
        NaN if the excess at zero is NaN.

    Example:
        >>> round(break_even_spread(lambda spread: 0.01 - 0.5 * spread), 12), break_even_spread(lambda spread: -1.0)
        (0.02, -inf)
    """
    return float(nearest_roots(lambda spreads, _: np.array([excess(float(spread)) for spread in spreads]), 1, BOUND)[0])


def bootstrap_interval(
    pairs: PairedReturns, measure: Measure, *, length: float, draws: int = DRAWS, seed: int = SEED
) -> tuple[tuple[float, float], int]:
    """Return the percentile interval of the break-even spread by the stationary bootstrap (Politis, Romano 1994).

    Periods are drawn in blocks, the same for both strategies and the loan, and each draw has its own break-even. As an
    excess falls with the spread, the interval holds the spreads at which the excess is not significantly different from
    zero. Its ends are order statistics, so a spread is never interpolated with one beyond `BOUND`.

    Args:
        pairs: both strategies, at or near the break-even.
        measure: the measure to equate.
        length: mean number of periods in a block.
        draws: number of draws.
        seed: seed of the random numbers.

    Returns:
        Both ends at `bootstrap.LEVEL`, decimal per year, infinite beyond `BOUND`; and the number of their decimals that
        hardly depend on the seed.
    """
    count = len(pairs.own)
    batch = max(1, _BATCH // count)
    batches = [
        stationary_rows(count, length, min(batch, draws - first), first=first, seed=seed)
        for first in range(0, draws, batch)
    ]
    spreads = np.concatenate([_break_evens(pairs.take(rows), measure) for rows in batches])
    return percentile_interval(spreads, LEVEL), stable_decimals(np.clip(spreads, -BOUND, BOUND), LEVEL)


def _break_evens(drawn: PairedReturns, measure: Measure) -> Floats:
    """Return the (k,) break-even spreads of k draws."""
    other = measure(drawn.other)

    def excess(spreads: Floats, which: Ints) -> Floats:
        chosen = drawn
        if len(which) < len(other):
            chosen = PairedReturns(drawn.own[which], drawn.exposure[which], drawn.other, drawn.spread)
        return measure(chosen.at(spreads)) - other[which]

    return nearest_roots(excess, len(other), BOUND)
