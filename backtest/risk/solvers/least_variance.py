"""Long-only minimum-variance and maximum-diversification portfolios: two readings of one quadratic program.

Sources: Markowitz (1952), "Portfolio Selection"; Clarke, de Silva and Thorley (2011), "Minimum-Variance Portfolio
Composition"; Choueifaty and Coignard (2008), "Toward Maximum Diversification". `convex` solves the program.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import SUM_ROUNDING
from backtest.risk.measures.correlation import volatilities_and_correlations
from backtest.risk.solvers import convex


@one_blas_thread()
def minimum_variance_weights(covariance: ArrayLike, max_weight: float | None = None) -> Floats:
    """Return long-only weights of least variance: minimise ½ wᵀΣw with Σw = 1 and 0 <= w_i <= max_weight.

    Without a cap, every asset in the portfolio has the same covariance with it, the portfolio's variance, and every
    other asset has a higher covariance. The portfolio therefore holds assets of low beta (Clarke, de Silva and Thorley
    2011). Most assets of a large universe get a weight of exactly zero. The returned weights have been checked against
    the conditions of optimality.

    The solution is unique unless the covariance is singular. If correlations have an eigenvalue below 1e-8, each asset
    gets additional variance of 1e-8 times its own. Among all portfolios of least variance this picks the portfolio of
    least Σ(w_i σ_i)², so that twins share equally, to an accuracy of about 1e-8.

    Args:
        covariance: (n, n), or (m, n, n) for a stack of problems; of any unit, as the weights do not depend on it.
        max_weight: largest weight of an asset, fraction of the portfolio above 0; None: no cap.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions, zero or above, summing to 1.

    Raises:
        BacktestError: a shape does not fit, or max_weight is not above zero.
        NoOptimalPortfolio: the covariance is not valid (NaN, a variance not above zero, not symmetric or not positive
            semi-definite), no portfolio is within the caps, or the conditions are not met to 1e-11.

    >>> minimum_variance_weights([[0.04, 0.0], [0.0, 0.01]]).round(4).tolist()
    [0.2, 0.8]
    >>> minimum_variance_weights([[0.04, 0.02], [0.02, 0.01]]).tolist()  # the covariance exceeds the lesser variance
    [0.0, 1.0]
    >>> minimum_variance_weights([[0.04, 0.0], [0.0, 0.01]], max_weight=0.7).round(4).tolist()
    [0.3, 0.7]
    """
    volatility, correlation, singular = volatilities_and_correlations(covariance)
    count = volatility.shape[1]
    upper = np.full_like(volatility, np.inf)
    if max_weight is not None:
        if not max_weight > 0:
            raise BacktestError(f"max_weight: got {max_weight:g}, expected a fraction above 0")
        if not caps_leave_room(count, max_weight):
            raise NoOptimalPortfolio(
                f"{count} assets of at most {max_weight:g} each add up to {count * max_weight:g}, expected 1 or more; "
                f"hint: a max_weight of {1 / count:.6g} or above"
            )
        if count * max_weight <= 1 + SUM_ROUNDING:  # all at their caps; rounding could leave no room
            return np.full(np.shape(covariance)[:-1], 1 / count)
        upper = max_weight * volatility
    unit = volatility.min(axis=1, keepdims=True)
    weights = convex.solve(correlation, unit / volatility, upper / unit, singular) * (unit / volatility)
    return _normalise(weights, np.shape(covariance))


def caps_leave_room(assets: int, max_weight: float) -> bool:
    """Return whether weights of at most `max_weight` can sum to 1 over this number of assets.

    >>> caps_leave_room(3, 1 / 3), caps_leave_room(3, 0.3)
    (True, False)
    """
    return assets * max_weight >= 1 - SUM_ROUNDING


@one_blas_thread()
def maximum_diversification_weights(covariance: ArrayLike) -> Floats:
    """Return long-only weights of the largest diversification ratio wᵀσ / sqrt(wᵀΣw).

    With y_i = w_i σ_i the ratio is Σy / sqrt(yᵀCy), C the correlations: y is the portfolio of least variance in the
    correlations, and w_i = y_i / σ_i scaled to Σw = 1 (Choueifaty and Coignard 2008). Every asset held has the same
    correlation with the portfolio, and every other asset has a higher one (Choueifaty, Froidure and Reynier 2013,
    "Properties of the Most Diversified Portfolio"). The weights are inverse-volatility weights if all correlations are
    equal. Singular correlations are treated as in `minimum_variance_weights`.

    Args:
        covariance: (n, n), or (m, n, n) for a stack of problems; of any unit.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions, zero or above, summing to 1.

    Raises:
        BacktestError: a shape does not fit.
        NoOptimalPortfolio: the covariance is not valid, or the conditions are not met to 1e-11.

    >>> maximum_diversification_weights([[0.04, 0.006], [0.006, 0.01]]).round(4).tolist()
    [0.3333, 0.6667]
    """
    volatility, correlation, singular = volatilities_and_correlations(covariance)
    y = convex.solve(correlation, np.ones_like(volatility), np.full_like(volatility, np.inf), singular)
    return _normalise(y / volatility, np.shape(covariance))


def _normalise(weights: Floats, shape: tuple[int, ...]) -> Floats:
    scaled: Floats = weights / weights.sum(axis=1, keepdims=True)
    return scaled.reshape(shape[:-1])
