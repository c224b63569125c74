"""Instantaneous shocks of some assets, and their effect on a portfolio."""

from dataclasses import dataclass

import numpy as np

from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats

_SMALLEST = 1e-12  # of the largest eigenvalue: smaller ones are the rounding of a singular covariance


@dataclass(frozen=True, eq=False)
class ShockEffect:
    """Effect of instantaneous returns on a portfolio, decimal.

    Args:
        returns: (N,) return of each asset.
        contributions: (N,) contribution of each asset to the change of NAV.
        nav_change: change of NAV, the sum of the contributions.
        leverage: gross exposure / NAV after the shock; NaN if nothing is left of NAV.
    """

    returns: Floats
    contributions: Floats
    nav_change: float
    leverage: float


def effect_of(weights: Floats, returns: Floats) -> ShockEffect:
    """Return the effect of instantaneous returns of all assets on a portfolio.

    Args:
        weights: (N,) exposure / NAV before the shock; the loan, 1 - Σw, keeps its value.
        returns: (N,) return of each asset, -1 or more.

    Examples:
        >>> effect = effect_of(np.array([1.5, 0.5]), np.array([-0.2, 0.0]))
        >>> round(effect.nav_change, 4), round(effect.leverage, 4)
        (-0.3, 2.4286)
    """
    contributions = weights * returns
    change = float(contributions.sum())
    gross = float(np.abs(weights * (1 + returns)).sum())
    return ShockEffect(returns, contributions, change, gross / (1 + change) if change > -1 else np.nan)


def expected_returns(shocks: Floats, covariance: Floats) -> Floats:
    """Return the returns of all assets, with assets that are not shocked at their expectation given the shocks.

    The expectation is Σ_us Σ_ss⁺ x for shocks x of the assets s and the other assets u, which have mean zero; -1 where
    it would be less.

    Args:
        shocks: (N,) return of each shocked asset, above -1; NaN for the other assets.
        covariance: (N, N) covariance of returns; zeros for an asset that no shock reaches.

    Raises:
        BacktestError: a shock is -1 or less.

    Examples:
        >>> covariance = np.array([[0.04, 0.01], [0.01, 0.01]])
        >>> expected_returns(np.array([-0.2, np.nan]), covariance).tolist()  # the beta of the second asset is 0.25
        [-0.2, -0.05]
    """
    if np.any(shocks <= -1):
        raise BacktestError(f"shocks: got {np.nanmin(shocks)}, expected a return above -1 such as -0.2 for -20 %")
    given = ~np.isnan(shocks)
    returns = shocks.copy()
    if given.any():
        inverse = np.linalg.pinv(covariance[np.ix_(given, given)], rcond=_SMALLEST, hermitian=True)
        returns[~given] = np.maximum(covariance[np.ix_(~given, given)] @ (inverse @ shocks[given]), -1)
    return np.nan_to_num(returns)


def with_correlation(covariance: Floats, correlation: float) -> Floats:
    """Return a covariance with the same volatilities, and one correlation of all pairs of assets.

    Args:
        covariance: (N, N) covariance of returns.
        correlation: correlation, from 0 to 1, so that the result is a covariance for any N.

    Examples:
        >>> with_correlation(np.array([[0.04, 0.0], [0.0, 0.01]]), 0.5).round(4).tolist()
        [[0.04, 0.01], [0.01, 0.01]]
    """
    deviations = np.sqrt(np.diag(covariance))
    moved: Floats = correlation * np.outer(deviations, deviations)
    np.fill_diagonal(moved, np.diag(covariance))
    return moved


def likely_loss(weights: Floats, covariance: Floats, deviations: float) -> Floats:
    """Return the most likely returns of all assets when a portfolio loses some of its standard deviations.

    They are -z Σw / √(w'Σw), not below -1; zeros for a portfolio without risk.

    Args:
        weights: (N,) exposure / NAV.
        covariance: (N, N) covariance of returns over the horizon.
        deviations: z, number of standard deviations.

    Examples:
        >>> likely_loss(np.array([1.0, 1.0]), np.diag([0.0009, 0.0016]), 2.0).round(4).tolist()
        [-0.036, -0.064]
    """
    moves = covariance @ weights
    variance = float(weights @ moves)
    if variance <= 0:
        return np.zeros_like(weights)
    losses: Floats = np.maximum(-deviations * moves / np.sqrt(variance), -1)
    return losses
