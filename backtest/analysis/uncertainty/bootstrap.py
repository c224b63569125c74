"""Stationary bootstrap (Politis, Romano 1994): samples made of blocks with random start and random length."""

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread

LEVEL = 0.95  # confidence level of all intervals
SEED = 1994  # seed of all draws, so that the same run gives the same intervals

_MOST_DECIMALS = 12


def stationary_rows(count: int, length: float, draws: int, *, first: int = 0, seed: int = SEED) -> Ints:
    """Return draws of the stationary bootstrap: blocks of geometric length that begin anywhere and wrap at the end.

    Args:
        count: number of periods, P.
        length: mean number of periods in a block, 1 or more.
        draws: number of draws, k.
        first: number of the first draw; each draw depends on the seed and its number alone.
        seed: seed of the random numbers.

    Returns:
        (k, P) positions of the drawn periods.

    Example:
        >>> stationary_rows(6, 3.0, 2).tolist()
        [[4, 5, 0, 1, 2, 3], [1, 2, 3, 5, 4, 5]]
    """
    from backtest.analysis.uncertainty.bootstrap_kernel import block_chance, draw_rows  # Numba takes a while to load

    rows = np.empty((draws, count), dtype=np.int64)
    draw_rows(seed, first, block_chance(length), rows)
    return rows


def percentile_interval(values: Floats, level: float) -> tuple[float, float]:
    """Return the percentile interval of draws. Its ends are order statistics, so draws may be infinite.

    Args:
        values: (k,) the measure of each draw, no NaN.
        level: share of the draws inside the interval.

    Example:
        >>> percentile_interval(np.arange(1.0, 101.0), 0.90)
        (5.0, 95.0)
    """
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


def stable_decimals(values: Floats, level: float) -> int:
    """Return the number of decimals of a percentile interval that hardly depend on the seed.

    Args:
        values: (k,) the measure of each draw, finite or NaN.
        level: share of the draws inside the interval.

    Returns:
        At most 12, also for NaN; negative for tens, hundreds and so on.

    Example:
        >>> draws = np.random.default_rng(1).normal(0.5, 0.1, 40_000)
        >>> stable_decimals(draws, 0.95), stable_decimals(draws[:1_000], 0.95), stable_decimals(1e4 * draws, 0.95)
        (2, 1, -2)
    """
    return decimals_beyond(float(seed_margins(values, level).max()))


def seed_margins(values: Floats, level: float) -> Floats:
    """Return two standard errors of each end of a percentile interval, by which another seed may move it.

    The standard error of a quantile at p of k draws is half the distance between the order statistics
    sqrt(k p (1 - p)) ranks below and above it.

    Args:
        values: (k,) the measure of each draw, finite or NaN.
        level: share of the draws inside the interval.

    Returns:
        (2,) of the lower and the upper end.
    """
    count, tail = len(values), (1 - level) / 2
    ranks = np.sqrt(count * tail * (1 - tail))
    places = np.array([tail * count + np.array([-ranks, ranks]), (1 - tail) * count + np.array([-ranks, ranks])])
    places = np.clip(places.astype(int), 0, count - 1)
    around = np.partition(values, places.ravel())[places]
    distances: Floats = np.ptp(around, axis=1)
    return distances


def decimals_beyond(margin: float) -> int:
    """Return the largest number of decimals whose last one is worth an amount or more; at most 12, also for NaN."""
    return _MOST_DECIMALS if not margin > 10.0**-_MOST_DECIMALS else int(np.floor(-np.log10(margin)))


@one_blas_thread()
def block_length(values: Floats) -> float:
    """Return the mean block length that minimises the error of the bootstrap of a mean (Politis, White 2004).

    b = (2 G² / D)^(1/3) × P^(1/3) with G = Σ λ(k / M) |k| R(k), D = 2 (Σ λ(k / M) R(k))², sums over |k| <= M, R the
    autocovariances, λ the flat-top window; D as corrected by Patton, Politis, White (2009). M is twice the first lag
    that is followed by five autocorrelations (more beyond 10^5 periods) below 2 sqrt(log10(P) / P).

    Args:
        values: (P,) a series without NaN.

    Returns:
        Periods: at least 1, at most 3 sqrt(P) and P / 3, rounded up; 1 if the series is too short or constant.

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
