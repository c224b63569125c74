"""Uncorrelated bets as near to the assets as can be: the minimum torsion of Meucci, Santangelo and Deguest.

Principal components are uncorrelated too (Meucci 2009, "Managing Diversification"), but are no one's bets, change from
date to date, and are arbitrary where variances are equal. The minimum torsion turns the assets just as far as
is needed to make them uncorrelated. Source: Meucci, Santangelo and Deguest (2015), "Risk budgeting and diversification
based on optimised uncorrelated factors", with the scales of the bets free and the recursion of its appendix.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import EPSILON, has_risk
from backtest.risk.measures.contributions import portfolio_volatility

_SWEEPS = 1_000
_SETTLED = 1e-12  # largest change of a bet's scale in the last sweep, where 1 is the asset's own


def minimum_torsion_shares(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """Share of the variance of a portfolio in each of its n minimum-torsion bets, which are named after the assets.

    With correlations R, c = R^½ and D diagonal, the bets z in units of the assets' volatilities are those of the
    orthogonal q and D that minimise ||c - D q||, the distance of bets from assets: for given D, q is the orthogonal
    factor of Dc; for given q, D is the diagonal of qc. The two are taken in turns from D = 1. The shares are then
    p = (q c y)² / |c y|², y = σ∘w.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period, positive definite. One of the two may be a stack and the
            other not.

    Returns:
        (n,), or (m, n); fractions of 0 or more which add up to 1. NaN for a portfolio without weights, and where a
        weight or the covariance has a NaN.

    Raises:
        BacktestError: the shapes do not fit, the covariance is singular, or the torsion does not settle.

    >>> minimum_torsion_shares([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]]).round(3)
    array([0.909, 0.091])
    """
    w, sigma = np.asarray(weights, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    portfolio_volatility(w, sigma)  # says what is wrong with the shapes
    if sigma.ndim == 2:
        bets = np.matvec(_exposures(sigma, "covariance"), w)
    else:
        turns = [_exposures(one, f"covariance[{k}]") for k, one in enumerate(sigma)]
        bets = np.matvec(np.reshape(turns, sigma.shape), w)
    variance = np.vecdot(bets, bets)[..., None]
    shares: Floats = np.divide(bets**2, variance, out=np.full_like(bets, np.nan), where=variance > 0)
    return shares


def effective_number_of_torsion_bets(weights: ArrayLike, covariance: ArrayLike) -> np.float64 | Floats:
    """Effective number of uncorrelated bets: exp(-Σ p_k ln p_k) of the `minimum_torsion_shares` p.

    n where every bet has the same part of the variance, 1 where one has all of it. This is the number that Meucci,
    Santangelo and Deguest (2015) call the effective number of bets; arguments and errors as of
    `minimum_torsion_shares`.

    Returns:
        A number, or (m,) for a stack, from 1 to n; NaN where the shares are.

    >>> round(float(effective_number_of_torsion_bets([0.25, 0.75], [[0.0225, 0.0015], [0.0015, 0.0025]])), 6)
    2.0
    """
    shares = minimum_torsion_shares(weights, covariance)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares != 0)
    number: np.float64 | Floats = np.exp(-np.vecdot(shares, logarithms))
    return number


def _exposures(covariance: Floats, name: str) -> Floats:
    """(n, n) that turns weights into the bets' parts of the volatility: q c diag(σ); NaN where the covariance is."""
    volatility = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    if np.isnan(covariance).any():
        return np.full_like(covariance, np.nan)
    singular = not has_risk(volatility, volatility.max()).all()
    if not singular:
        spread, axes = np.linalg.eigh(covariance / np.outer(volatility, volatility))
        singular = bool(spread[0] <= len(spread) * EPSILON * spread[-1])
    if singular:
        raise BacktestError(
            f"{name}: it is singular, and has no n uncorrelated bets; expected a positive definite matrix. "
            "Hint: leave out assets without volatility and combinations of others, or estimate with shrinkage."
        )
    root = axes * np.sqrt(spread) @ axes.T
    return np.asarray(_rotation(root, name) @ root * volatility)


def _rotation(root: Floats, name: str) -> Floats:
    """The orthogonal q of the minimum of ||root - D q||."""
    scale = np.ones(len(root))
    for _ in range(_SWEEPS):
        left, _, right = np.linalg.svd(scale[:, None] * root)
        rotation: Floats = left @ right
        before, scale = scale, np.vecdot(rotation, root)
        if np.abs(scale - before).max() <= _SETTLED:
            return rotation
    raise BacktestError(f"{name}: its minimum torsion does not settle in {_SWEEPS} sweeps; it is too near singular")
