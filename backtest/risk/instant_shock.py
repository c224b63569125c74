"""Instantaneous shocks of some assets, and their effect on a portfolio."""

from dataclasses import dataclass

import numpy as np

from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats


@dataclass(frozen=True, eq=False)
class ShockEffect:
    """Effect of instantaneous shocks on a portfolio, decimal.

    Args:
        returns: (N,) return of each asset.
        contributions: (N,) contribution of each asset to the change of NAV.
        nav_change: change of NAV.
        leverage: gross exposure / NAV after the shock; NaN if nothing is left of NAV.
    """

    returns: Floats
    contributions: Floats
    nav_change: float
    leverage: float


def shock_effect(weights: Floats, shocks: Floats, covariance: Floats) -> ShockEffect:
    """Return the effect of shocks on a portfolio, with the other assets at their expectation given the shocks.

    The expectation is Σ_us Σ_ss⁺ x for shocks x of the assets s and the other assets u, which have mean zero.

    Args:
        weights: (N,) exposure / NAV before the shock; the loan, 1 - Σw, keeps its value.
        shocks: (N,) return of each shocked asset, above -1; NaN for the other assets.
        covariance: (N, N) covariance of returns.

    Raises:
        BacktestError: a shock is -1 or less.

    Examples:
        >>> covariance = np.array([[0.04, 0.01], [0.01, 0.01]])
        >>> effect = shock_effect(np.array([1.0, 0.5]), np.array([-0.2, np.nan]), covariance)
        >>> round(effect.nav_change, 6)  # the beta of the second asset is 0.25
        -0.225
    """
    if np.any(shocks <= -1):
        raise BacktestError(f"shocks: got {np.nanmin(shocks)}, expected a return above -1 such as -0.2 for -20 %")
    given = ~np.isnan(shocks)
    returns = shocks.copy()
    inverse = np.linalg.pinv(covariance[np.ix_(given, given)], hermitian=True)
    returns[~given] = covariance[np.ix_(~given, given)] @ inverse @ shocks[given]
    contributions = weights * returns
    change = float(contributions.sum())
    gross = float(np.abs(weights * (1 + returns)).sum())
    return ShockEffect(returns, contributions, change, gross / (1 + change) if change > -1 else np.nan)
