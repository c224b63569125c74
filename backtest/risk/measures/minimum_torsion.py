"""Uncorrelated bets as close as possible to the assets: the minimum torsion of Meucci, Santangelo and Deguest.

Principal components are also uncorrelated (Meucci 2009, "Managing Diversification"), but investors do not bet on them,
they change from date to date, and they are arbitrary if variances are equal. The minimum torsion rotates the assets
only as far as is needed to make them uncorrelated. Source: Meucci, Santangelo and Deguest (2015), "Risk budgeting and
diversification based on optimised uncorrelated factors", with the scales of the bets free and the recursion of its
appendix.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError
from backtest.numerics.array_arguments import portfolio_arrays
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import EPSILON, has_risk
from backtest.risk.measures.contributions import portfolio_volatility

_SWEEPS = 1_000
_SETTLED = 1e-12  # largest change of a bet's scale in the last sweep, in units of the asset's own scale


@one_blas_thread()
def minimum_torsion_shares(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """Return the share of a portfolio's variance in each of its n minimum-torsion bets, one for each asset.

    With correlations R, c = R^½ and D diagonal, the bets z in units of the assets' volatilities belong to the
    orthogonal q and the D that minimise ||c - D q||, the distance of bets from assets. For given D, q is the orthogonal
    factor of Dc; for given q, D is the diagonal of qc. The two steps alternate, starting from D = 1. The shares are
    p = (q c y)² / |c y|², y = σ∘w.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period, positive definite. One of the two may be a stack and the
            other not.

    Returns:
        (n,), or (m, n); fractions of 0 or more that sum to 1. NaN for a portfolio without weights, and if the
        weights or the covariance contain NaN.

    Raises:
        BacktestError: the shapes do not fit, the covariance is singular, or the iteration does not converge.

    >>> minimum_torsion_shares([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]]).round(3)
    array([0.909, 0.091])
    """
    w, sigma = portfolio_arrays(weights, covariance)
    portfolio_volatility(w, sigma)  # raises if the portfolio's variance is infinite or below zero
    if sigma.ndim == 2:
        bets = np.matvec(_exposures(sigma, "covariance"), w)
    else:
        exposures = [_exposures(matrix, f"covariance[{k}]") for k, matrix in enumerate(sigma)]
        bets = np.matvec(np.reshape(exposures, sigma.shape), w)
    variance = np.vecdot(bets, bets)[..., None]
    shares: Floats = np.divide(bets**2, variance, out=np.full_like(bets, np.nan), where=variance > 0)
    return shares


def effective_number_of_torsion_bets(weights: ArrayLike, covariance: ArrayLike) -> np.float64 | Floats:
    """Return the effective number of uncorrelated bets: exp(-Σ p_k ln p_k) of the `minimum_torsion_shares` p.

    The number is n if every bet has the same share of the variance, and 1 if one bet has all of it. Meucci, Santangelo
    and Deguest (2015) call it the effective number of bets. Arguments and errors are the same as in
    `minimum_torsion_shares`.

    Returns:
        A number, or (m,) for a stack, from 1 to n; NaN if the shares are NaN.

    >>> round(float(effective_number_of_torsion_bets([0.25, 0.75], [[0.0225, 0.0015], [0.0015, 0.0025]])), 6)
    2.0
    """
    shares = minimum_torsion_shares(weights, covariance)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares != 0)
    number: np.float64 | Floats = np.exp(-np.vecdot(shares, logarithms))
    return number


def _exposures(covariance: Floats, name: str) -> Floats:
    """Return the (n, n) map from weights to bets in units of risk, q c diag(σ); NaN if the covariance contains NaN."""
    volatility = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    if np.isnan(covariance).any():
        return np.full_like(covariance, np.nan)
    singular = not has_risk(volatility, volatility.max()).all()
    if not singular:
        spread, axes = np.linalg.eigh(covariance / np.outer(volatility, volatility))
        singular = bool(spread[0] <= len(spread) * EPSILON * spread[-1])
    if singular:
        raise BacktestError(
            f"{name}: it is singular, so it does not have n uncorrelated bets; expected a positive definite matrix. "
            "Hint: leave out assets without volatility and combinations of others, or estimate with shrinkage."
        )
    root = axes * np.sqrt(spread) @ axes.T
    return np.asarray(_rotation(root, name) @ root * volatility)


def _rotation(root: Floats, name: str) -> Floats:
    """Return the orthogonal q that minimises ||root - D q||."""
    scale = np.ones(len(root))
    for _ in range(_SWEEPS):
        left, _, right = np.linalg.svd(scale[:, None] * root)
        rotation: Floats = left @ right
        before, scale = scale, np.vecdot(rotation, root)
        if np.abs(scale - before).max() <= _SETTLED:
            return rotation
    raise BacktestError(f"{name}: its minimum torsion does not converge in {_SWEEPS} sweeps; it is nearly singular")
