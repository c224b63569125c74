"""Tolerances of floating-point rounding, including the definition of "no risk".

"No risk" means a standard deviation that rounding alone explains. A return is a ratio of two prices less one, so its
rounding is about 1e-16, however small the return is. Growth at exactly one rate therefore has a sample deviation near
1e-16 a period, and levels written with 15 digits have a deviation near 1e-14. Prices that move at all, such as the
value of a deposit whose rate changes by a basis point once in ten years, have a deviation of 1e-9 or more. The limit
lies in between. It is relative to the numbers that a deviation is computed from:

- 1e-12 for returns per period, because they are ratios of prices less one;
- 1e-12 × Σ|w| for the returns of a portfolio, and for its volatility by a covariance;
- 1e-12 × the largest deviation for an asset in a covariance matrix, whose unit is unknown.

A variance wᵀΣw has more rounding, because large numbers cancel out; see `cancels`.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.numerics.arrays import Bools

ROUNDING = 1e-12
"""Largest amount, as a fraction of NAV, that rounding alone explains; smaller amounts count as zero.

The same limit applies to differences from a target, a band, a margin requirement or a peak of NAV. A NAV is some
hundred sums and products of positions and cash, each rounded by some 1e-16 of NAV, and the smallest amount that anyone
trades or owes, such as a cent of a billion, is 1e-11.
"""

NO_RISK = 1e-12
"""Largest standard deviation that is rounding, as a fraction of the numbers that it is computed from."""

SUM_ROUNDING = 1e-12
"""Largest difference of two sums of weights, or of bounds on weights, that counts as rounding.

Weights have a size of one, so a sum of n of them is rounded by at most n × 1e-16: 1e-13 for a thousand assets.
"""

EPSILON = float(np.finfo(np.float64).eps)
"""Distance from 1 to the next larger double: twice the largest relative rounding of one operation."""

FEWEST_ROUNDINGS = 64
"""Number of roundings, of one `EPSILON` each, that are allowed in a variance, even if it has fewer terms."""


def has_risk(deviation: ArrayLike, size: ArrayLike = 1.0) -> Bools:
    """Return whether standard deviations are more than the rounding of numbers of a given size; False for NaN.

    Args:
        deviation: standard deviations of any shape and unit.
        size: size of the numbers that they are computed from, in the same unit; 1 for returns per period.

    Example:
        >>> growth = np.diff(100 * 1.003 ** np.arange(60)) / (100 * 1.003 ** np.arange(59))
        >>> bool(0 < np.std(growth) < 1e-15), bool(has_risk(np.std(growth))), bool(has_risk(1e-9))
        (True, False, True)
    """
    return np.asarray(np.asarray(deviation) > NO_RISK * np.asarray(size))


def cancels(variance: ArrayLike, gross: ArrayLike, assets: int) -> Bools:
    """Return whether variances wᵀΣw are no more than the rounding of terms that cancel out.

    Args:
        variance: wᵀΣw.
        gross: Σ|w_i|σ_i, the volatility if nothing cancelled out.
        assets: n.

    Example:
        >>> bool(cancels(1e-17, 1.0, 2)), bool(cancels(1e-12, 1.0, 2))
        (True, False)
    """
    limit = max(FEWEST_ROUNDINGS, assets) * EPSILON
    return np.asarray(np.asarray(variance) <= limit * np.asarray(gross) ** 2)
