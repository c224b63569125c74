"""Assets whose returns vary only by rounding: their variance is zero and their correlations are undefined."""

from collections.abc import Callable

import numpy as np

from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import NO_RISK, has_risk


def columns_that_vary(returns: Floats) -> Bools:
    """Return whether the returns of each column vary by more than rounding, (n,), from (T, n) decimals per period.

    Example:
        >>> deposit = np.diff(100 * 1.003 ** np.arange(60)) / (100 * 1.003 ** np.arange(59))
        >>> columns_that_vary(np.column_stack([deposit, np.full(59, 0.1), np.arange(59) / 1e9])).tolist()
        [False, False, True]
    """
    return has_risk(np.std(returns, axis=0, ddof=1))


def estimate_where_varying(returns: Floats, estimate: Callable[[Floats], Floats]) -> Floats:
    """Return the estimate for the columns that vary, with zeros in the rows and columns of the others.

    Estimators that are built on correlations need this: correlations are undefined if a volatility is zero.

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
    """Set variances that are only rounding, and their covariances, to zero in place.

    Args:
        covariances: (..., n, n) decimal² per period; NaN stays NaN.

    Example:
        >>> clear_rounding(np.array([[1e-32, -1e-17], [-1e-17, 0.0016]])).tolist()
        [[0.0, 0.0], [0.0, 0.0016]]
    """
    is_rounding = np.diagonal(covariances, axis1=-2, axis2=-1) <= NO_RISK**2
    for at in np.argwhere(is_rounding.any(axis=-1)):
        matrix, constant = covariances[tuple(at)], is_rounding[tuple(at)]
        matrix[(constant[:, None] | constant) & ~np.isnan(matrix)] = 0.0
    return covariances
