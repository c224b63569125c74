"""The break-even spread: where a levered strategy's advantage over its benchmark is what its loan costs.

Spreads are decimals per year here, over the cash return. A strategy's return at another spread than the one it was
simulated at is, for its interval alone, r_t - (s - s₀) × exposure_t, the exposure being loan / NAV × days / 360 at the
opening of the period. That is exact where weights are set anew in every period and trades are free; else it leaves out
what the interest since the last rebalance does to leverage, and to the size of the next trade.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from backtest.analysis.performance import cagr, sharpe

Array = NDArray[np.float64]
Excess = Callable[[Array, Array], float]

BOUND = 0.20  # no spread beyond this, up or down, is looked at: no lender of margin asks for more
LEVEL = 0.95  # of the intervals
DRAWS = 2000
SEED = 1994

_FIRST_STEP = BOUND / 16


@dataclass(frozen=True)
class BreakEvenSpread:
    """The spread at which a measure of two strategies is the same, and its bootstrap interval.

    Args:
        spread: decimal per year; infinite where it is beyond `BOUND`, NaN where no spread changes anything.
        interval: its ends at `LEVEL`, likewise.
    """

    spread: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class CurvePoint:
    """What is left of the advantage at a spread.

    Args:
        spread: decimal per year.
        excess_return: compound return less the benchmark's, decimal per year.
        excess_sharpe: Sharpe ratio less the benchmark's.
    """

    spread: float
    excess_return: float
    excess_sharpe: float


@dataclass(frozen=True, eq=False)
class PairedReturns:
    """Two strategies over the same P periods, one of them with a loan.

    Args:
        own: (P,) of the strategy, decimal per period: simple returns, or those above cash.
        exposure: (P,) its loan at the opening over its NAV, times days / 360.
        other: (P,) of the benchmark.
        spread: at which `own` was earned, decimal per year.
    """

    own: Array
    exposure: Array
    other: Array
    spread: float

    def at(self, spread: float) -> Array:
        """(P,) the strategy's returns, had the loan cost this spread."""
        returns: Array = self.own - (spread - self.spread) * self.exposure
        return returns

    def take(self, rows: NDArray[np.int64]) -> "PairedReturns":
        """The same of some periods, in this order."""
        return PairedReturns(self.own[rows], self.exposure[rows], self.other[rows], self.spread)


def compound_excess(own: Array, other: Array, years: float) -> float:
    """Compound annual return of one less that of the other; what has lost everything has -1.

    >>> round(compound_excess(np.array([0.1, 0.1]), np.array([0.0, 0.0]), 2.0), 12)
    0.1
    """
    ends = (float(np.prod(np.maximum(1 + returns, 0.0))) for returns in (own, other))
    return cagr(next(ends), years) - cagr(next(ends), years)


def sharpe_excess(own: Array, other: Array, periods_per_year: int) -> float:
    """Sharpe ratio of one less that of the other, both of returns above cash; NaN where one has no risk.

    >>> round(sharpe_excess(np.array([0.02, 0.0, 0.01]), np.array([0.01, -0.01, 0.0]), 12), 4)
    3.4641
    """
    return sharpe(own, periods_per_year) - sharpe(other, periods_per_year)


def break_even_spread(excess: Callable[[float], float]) -> float:
    """The spread nearest to zero at which an excess is zero.

    Spreads are tried outwards from zero, each twice the one before, up where the strategy is ahead and down where it is
    behind, until the sign changes; Brent's method (1973) finds the root between the last two. The compound return falls
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
    from scipy.optimize import brentq

    at_zero = excess(0.0)
    if np.isnan(at_zero) or at_zero == 0:
        return at_zero
    near, far = 0.0, float(np.copysign(_FIRST_STEP, at_zero))
    while abs(far) <= BOUND:
        if excess(far) * at_zero <= 0:
            return float(brentq(excess, near, far, xtol=1e-13, rtol=1e-14))
        near, far = far, 2 * far
    return float(np.copysign(np.inf, at_zero))


def bootstrap_interval(
    pairs: PairedReturns, excess: Excess, *, length: float, draws: int = DRAWS, seed: int = SEED
) -> tuple[float, float]:
    """The percentile interval of the break-even spread by the stationary bootstrap (Politis, Romano 1994).

    Periods are drawn in blocks, the same for both strategies and the loan, and each draw has its own break-even. As an
    excess falls with the spread, the interval is that of the spreads at which the excess is not told from zero. Its
    ends are order statistics: nothing is interpolated between a spread and one beyond `BOUND`.

    Args:
        pairs: both strategies, at or near the break-even.
        excess: of the first returns over the second.
        length: mean number of periods in a block.
        draws: bootstrap samples.
        seed: of the random numbers.

    Returns:
        Both ends at `LEVEL`, decimal per year, infinite where they are beyond `BOUND`.
    """

    def ahead(spread: float, drawn: PairedReturns) -> float:
        return excess(drawn.at(spread), drawn.other)

    rng = np.random.default_rng(seed)
    spreads = np.empty(draws)
    for k in range(draws):
        drawn = pairs.take(stationary_rows(len(pairs.own), length, rng))
        spreads[k] = break_even_spread(partial(ahead, drawn=drawn))
    low, high = np.quantile(spreads, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    return float(low), float(high)


def stationary_rows(count: int, length: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """One draw of the stationary bootstrap: blocks of geometric length from anywhere, the first row after the last.

    Args:
        count: number of periods.
        length: mean number of periods in a block, 1 or more.
        rng: where chance comes from.

    Returns:
        (count,) positions of the periods drawn.

    Example:
        >>> stationary_rows(6, 3.0, np.random.default_rng(1)).tolist()
        [1, 2, 1, 2, 3, 4]
    """
    begins, here = rng.random(count) < 1 / length, np.arange(count)
    begins[0] = True
    block = np.maximum.accumulate(np.where(begins, here, 0))
    rows: NDArray[np.int64] = (rng.integers(count, size=count)[block] + here - block) % count
    return rows


def block_length(values: Array) -> float:
    """The mean block length for which the stationary bootstrap of a mean errs least (Politis, White 2004).

    b = (2 G² / D)^(1/3) × P^(1/3) with G = Σ λ(k / M) |k| R(k), D = 2 (Σ λ(k / M) R(k))², sums over |k| <= M, R the
    autocovariances, λ the flat-top window; D as corrected by Patton, Politis, White (2009). M is twice the first lag of
    five in a row (more beyond 10^5 periods) whose autocorrelations are below 2 sqrt(log10(P) / P).

    Args:
        values: (P,) a series without NaN.

    Returns:
        Periods: 1 or more, at most 3 sqrt(P) and a third of P; 1 where the series is too short to tell, or constant.

    Example:
        >>> block_length(np.tile([1.0, 1.0, -1.0, -1.0], 4)) > 1, block_length(np.ones(20))
        (True, 1.0)
    """
    count, quiet_lags = len(values), max(5, int(np.log10(max(len(values), 1))))
    most = int(np.ceil(np.sqrt(count))) + quiet_lags
    deviations = values - values.mean()
    if most >= count or not np.ptp(values) > 0:
        return 1.0
    covariances = np.array([deviations[k:] @ deviations[: count - k] / count for k in range(most + 1)])
    loud = np.abs(covariances) >= 2 * np.sqrt(np.log10(count) / count) * covariances[0]
    quiet = (k for k in range(1, most - quiet_lags + 1) if not loud[k : k + quiet_lags].any())
    last = min(2 * next(quiet, most), most)
    lags = np.arange(1, last + 1)
    weighted = np.minimum(1.0, 2 * (1 - lags / last)) * covariances[1 : last + 1]
    slope, spectrum = 2 * float(lags @ weighted), float(covariances[0] + 2 * weighted.sum())
    if spectrum == 0:
        return 1.0
    length = (slope**2 / spectrum**2 * count) ** (1 / 3)
    return float(np.clip(length, 1.0, np.ceil(min(3 * np.sqrt(count), count / 3))))
