"""Weights inversely proportional to variance."""

import numpy as np
from numpy.typing import ArrayLike

from backtest.numerics.arrays import Floats
from backtest.risk.measures.correlation import volatilities


def inverse_variance_weights(covariance: ArrayLike) -> Floats:
    """Return weights w_i = (1/σ_i²) / Σ_j (1/σ_j²), which have the least variance if assets are uncorrelated.

    Args:
        covariance: (n, n), or (m, n, n) for a stack; of any unit. Only the diagonal is read.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions above zero, summing to 1.

    Raises:
        BacktestError: the shape does not fit.
        NoOptimalPortfolio: a variance is NaN, infinite or not above zero.

    >>> inverse_variance_weights([[0.04, 0.01], [0.01, 0.01]]).tolist()
    [0.2, 0.8]
    """
    volatility = volatilities(covariance)
    inverse = (volatility.min(axis=1, keepdims=True) / volatility) ** 2
    weights: Floats = inverse / inverse.sum(axis=1, keepdims=True)
    return weights.reshape(np.shape(covariance)[:-1])
