"""Measures of diversification: the diversification ratio and the effective number of bets.

`effective_number_of_bets` counts risk contributions, whatever the correlations: equal contributions of n assets are n
bets, even if all assets follow the same market. `diversification_ratio` falls with correlation, and its square is also
a number of independent bets (Choueifaty, Froidure and Reynier 2013, "Properties of the most diversified portfolio").
`minimum_torsion` counts bets that are uncorrelated by construction.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.numerics.array_arguments import portfolio_arrays
from backtest.numerics.arrays import Floats
from backtest.risk.measures.contributions import percentage_contributions, portfolio_volatility


def diversification_ratio(weights: ArrayLike, covariance: ArrayLike) -> np.float64 | Floats:
    """Return the weighted average of volatilities over the volatility of the portfolio: Σ|w_i| σ_i / sqrt(wᵀΣw).

    The ratio is 1 without any diversification, and sqrt(n) for n uncorrelated assets of equal risk. Source: Choueifaty
    and Coignard (2008), "Toward Maximum Diversification", for long portfolios. A short position counts by its size.
    With `sleeve_covariance` and weights of 1 it is the ratio of classes.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period. One of the two may be a stack and the other not.

    Returns:
        A number, or (m,) for a stack; 1 or more. NaN for a portfolio without risk, and if the weights or the
        covariance contain NaN.

    Raises:
        BacktestError: the shapes do not fit, or the variance is below zero by more than rounding.

    >>> round(float(diversification_ratio([0.25, 0.75], [[0.0225, 0.0015], [0.0015, 0.0025]])), 4)
    1.291
    """
    w, sigma = portfolio_arrays(weights, covariance)
    volatility = np.asarray(portfolio_volatility(w, sigma))
    alone = np.sqrt(np.maximum(np.diagonal(sigma, axis1=-2, axis2=-1), 0.0))
    average = np.asarray(np.vecdot(np.abs(w), alone))
    ratio: np.float64 | Floats = np.divide(
        average, volatility, out=np.full_like(average, np.nan), where=volatility != 0
    )[()]
    return ratio


def effective_number_of_bets(contributions: ArrayLike) -> np.float64 | Floats:
    """Return 1 / Σ p_i² of the percentage contributions p: an inverse Herfindahl index.

    The number is n if all n assets contribute equally, as in any ERC portfolio, and 1 if a single asset has all the
    risk. A hedge, whose contribution is below zero, lowers it; it is below 1 if large bets offset each other. Source:
    Roncalli (2013), "Introduction to Risk Parity and Budgeting"; Carli, Deguest and Martellini (2014), "Improved Risk
    Reporting with Factor-Based Diversification Measures", where it is the effective number of correlated bets.

    Args:
        contributions: (n,), or (m, n) for a stack: contributions of assets or classes to volatility or another measure.

    Returns:
        A number, or (m,) for a stack. NaN if the contributions contain a NaN or do not sum to more than zero.

    Raises:
        BacktestError: the shape does not fit, or a contribution is infinite.

    >>> round(float(effective_number_of_bets([0.0881, 0.0079])), 2)
    1.18
    """
    shares = percentage_contributions(contributions)
    with np.errstate(over="ignore"):  # shares beyond 1e154 are no bets at all
        number: np.float64 | Floats = 1 / np.vecdot(shares, shares)
    return number
