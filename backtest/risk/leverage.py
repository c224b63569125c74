"""Leverage: a portfolio scaled to a volatility."""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.risk.contributions import FloatArray, portfolio_volatility


def scaled_to_volatility(
    weights: ArrayLike, covariance: ArrayLike, target: ArrayLike, max_gross_exposure: float = np.inf
) -> FloatArray:
    """Weights times min(target / sqrt(wᵀΣw), max_gross_exposure / Σ|w|): the cap wins where the two conflict.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period.
        target: volatility, decimal per period (not annualised); a number, or (m,) for a stack.
        max_gross_exposure: the most of Σ|w|, multiple of NAV.

    Returns:
        (n,), or (m, n); fractions of NAV. A portfolio that holds nothing stays so.

    Raises:
        BacktestError: the shapes do not fit, or target or cap is not above zero.
        NoOptimalPortfolio: a portfolio that holds something and has no risk, so that no leverage gives it any.

    >>> scaled_to_volatility([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], 0.12).round(4).tolist()
    [0.7498, 0.4999]
    >>> scaled_to_volatility([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], 0.12, max_gross_exposure=1).tolist()
    [0.6, 0.4]
    """
    held, wanted = np.asarray(weights, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not ((wanted > 0).all() and max_gross_exposure > 0):
        raise BacktestError(
            f"leverage: a target of {wanted.min():g} and a cap of {max_gross_exposure:g}; expected both above 0"
        )
    volatility, gross = np.asarray(portfolio_volatility(held, covariance)), np.abs(held).sum(axis=-1)
    some = gross > 0
    for k in np.flatnonzero(some & ~(volatility > 0)):
        raise NoOptimalPortfolio(
            f"portfolio {k} has a gross exposure of {gross.flat[k]:g} and a volatility of {volatility.flat[k]:g}; "
            f"expected one above zero, to be scaled; hint: a longer estimation.window"
        )
    safe = np.where(some, volatility, 1.0)
    leverage = np.minimum(wanted / safe, max_gross_exposure / np.where(some, gross, 1.0))
    return held * leverage[..., None]
