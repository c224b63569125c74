"""Assets whose returns vary by rounding alone: their variance is zero, and they have no correlations."""

from collections.abc import Callable

import numpy as np

from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import NO_RISK, has_risk


def columns_that_vary(returns: Floats) -> Bools:
    """Return whether the returns of each column vary by more than rounding: (n,) for (T, n) decimals per period.

    Example:
        >>> deposit = np.diff(100 * 1.003 ** np.arange(60)) / (100 * 1.003 ** np.arange(59))
        >>> columns_that_vary(np.column_stack([deposit, np.full(59, 0.1), np.arange(59) / 1e9])).tolist()
        [False, False, True]
    """
    return has_risk(np.std(returns, axis=0, ddof=1))


def estimate_where_varying(returns: Floats, estimate: Callable[[Floats], Floats]) -> Floats:
    """Return the estimate for the columns that vary; zeros in the rows and columns of those that do not.

    For estimators built on correlations, which are not defined where a volatility is zero.

    Example:
        >>> estimate_where_varying(np.array([[0.5, 0.0], [-0.5, 0.0]]), lambda returns: returns.T @ returns).tolist()
        [[0.5, 0.0], [0.0, 0.0]]
    """
    moving = columns_that_vary(returns)
    if moving.all():
        return estimate(returns)
    covariance = np.zeros((returns.shape[1], returns.shape[1]))
    if moving.any():
        covariance[np.ix_(moving, moving)] = estimate(np.ascontiguousarray(returns[:, moving]))
    return covariance


def clear_rounding(covariances: Floats) -> Floats:
    """Set variances that are rounding to zero, with all their covariances, in place.

    Args:
        covariances: (..., n, n) decimal² per period; NaN stays NaN.

    Example:
        >>> clear_rounding(np.array([[1e-32, -1e-17], [-1e-17, 0.0016]])).tolist()
        [[0.0, 0.0], [0.0, 0.0016]]
    """
    flat = np.diagonal(covariances, axis1=-2, axis2=-1) <= NO_RISK**2
    for at in np.argwhere(flat.any(axis=-1)):
        matrix, own = covariances[tuple(at)], flat[tuple(at)]
        matrix[(own[:, None] | own) & ~np.isnan(matrix)] = 0.0
    return covariances
