"""Standard errors of means of serially correlated periods: the equal-weighted cosine estimator (EWC).

Lazarus, Lewis, Stock, Watson (2018), "HAR inference: recommendations for practice", J. Business & Economic Statistics.
"""

import math

import numpy as np

from backtest.analysis.uncertainty.batches import batch_errors
from backtest.numerics.arrays import Floats

_FREEDOM = 0.4  # times P^(2/3), the paper's rule
_LEVEL, _POWER = 1.959964, 0.841621  # normal quantiles at 0.975 and 0.8


def cosine_error(influences: Floats) -> tuple[float, int]:
    """Return the standard error of a statistic, and its degrees of freedom B = 0.4 × P^(2/3), rounded, at least 1.

    The long-run variance is the mean of the first B squared cosine coefficients,
    Λ_j = sqrt(2 / P) Σ_t ψ_t cos(π j (t - ½) / P); the error is its square root over sqrt(P).

    Args:
        influences: (P,) influence of each period on the statistic, of mean 0; P is `batches.BATCHES` or more.

    Returns:
        The error, NaN for a statistic without variance (as in `batches.batch_errors`), and B.

    Example:
        >>> error, freedom = cosine_error(np.random.default_rng(1).normal(size=1_000))
        >>> round(error * 1_000**0.5, 1), freedom
        (1.0, 40)
    """
    count = len(influences)
    freedom = max(1, round(_FREEDOM * count ** (2 / 3)))
    mirrored = np.fft.rfft(np.concatenate([influences, influences[::-1]]))  # twice the cosine sums, but for a phase
    error = math.sqrt(float(np.mean(np.abs(mirrored[1 : freedom + 1]) ** 2)) / 2) / count
    return (math.nan if np.isnan(batch_errors(influences[:, None])[0]) else error), freedom


def two_sided(score: float, freedom: int) -> float:
    """Return the probability of a score of this size or larger, up or down, by Student's t.

    >>> round(two_sided(2.228, 10), 3)
    0.05
    """
    from scipy.special import stdtr  # takes a while to import

    return float(2 * stdtr(freedom, -abs(score)))


def half_width(level: float, freedom: float) -> float:
    """Return half the length of an interval by Student's t, in standard errors.

    >>> round(half_width(0.95, 10), 3)
    2.228
    """
    from scipy.special import stdtrit  # takes a while to import

    return float(stdtrit(freedom, (1 + level) / 2))


def years_needed(difference: float, standard_error: float, years: float) -> float:
    """Return the years that a test at 5 % needs to find a difference in four of five histories.

    Years × ((z_0.975 + z_0.8) × error / difference)², as the error falls with the square root of the years; z are
    quantiles of the normal distribution, 1.960 and 0.842.

    Args:
        difference: the difference as observed, taken as the true one.
        standard_error: its standard error over the years observed.
        years: length of the observed history, above 0.

    Returns:
        Infinite for no difference; NaN without a standard error.

    Example:
        >>> round(years_needed(0.1, 0.2, 24.0))
        753
    """
    if math.isnan(standard_error):
        return math.nan
    return years * ((_LEVEL + _POWER) * standard_error / difference) ** 2 if difference else math.inf
