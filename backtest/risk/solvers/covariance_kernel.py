"""Compiled checks of a covariance matrix: risk of every asset, correlations within ±1, positive semi-definiteness.

Import this file where the work begins, because it imports Numba.
"""

from math import inf, sqrt

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import reordered_kernel
from backtest.numerics.tolerances import NO_RISK
from backtest.risk.accuracy import COVARIANCE_TOLERANCE

FULL_CHECK = 32  # assets; above this size a full check of positive semi-definiteness costs more than solving


@reordered_kernel
def has_correlations(cov: Floats, vol: Floats) -> bool:
    """Return whether the correlations of a symmetric matrix lie within ±1, up to the tolerance."""
    beyond = 0.0
    for i in range(vol.size):
        limit = (1.0 + COVARIANCE_TOLERANCE) * vol[i]
        for j in range(i):
            beyond += 0.0 if abs(cov[i, j]) <= limit * vol[j] else 1.0
    return beyond == 0.0


@reordered_kernel
def is_semidefinite(cov: Floats, vol: Floats, factor: Floats) -> bool:
    """Return whether the correlations, with their diagonal raised by the tolerance, have a Cholesky factor."""
    for i in range(vol.size):
        for j in range(i + 1):
            total = cov[i, j] / (vol[i] * vol[j])
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = total / factor[j, j]
            elif total + COVARIANCE_TOLERANCE > 0.0:
                factor[i, i] = sqrt(total + COVARIANCE_TOLERANCE)
            else:
                return False
    return True


@reordered_kernel
def all_have_risk(vol: Floats) -> bool:
    """Return whether the smallest volatility is more than rounding next to the largest; False for NaN."""
    least, largest = inf, 0.0
    for i in range(vol.size):
        least = min(least, vol[i])
        largest = max(largest, vol[i])
    return least > NO_RISK * largest


@reordered_kernel
def may_be_a_covariance(cov: Floats, vol: Floats) -> bool:
    """Return whether a symmetric Σ is positive semi-definite: fully checked up to FULL_CHECK assets, above by pairs."""
    if vol.size > FULL_CHECK:
        return has_correlations(cov, vol)
    return is_semidefinite(cov, vol, np.empty((vol.size, vol.size)))
