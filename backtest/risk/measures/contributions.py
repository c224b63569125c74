"""Contributions of positions to the volatility of a portfolio.

The volatility is homogeneous of degree one in the weights, so by Euler's theorem it is the sum of the weights times its
derivatives. The derivative is the marginal contribution of a position, the product is its risk contribution, and the
product divided by the volatility is its percentage contribution. Source: Maillard, Roncalli and Teïletche (2010), "The
Properties of Equally Weighted Risk Contribution Portfolios", equation 1; Roncalli (2013), "Introduction to Risk Parity
and Budgeting", section 2.1. Tasche (2000), "Risk Contributions and Performance Measurement", proves that no other split
measures the effect of a small change in a position.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError
from backtest.numerics.array_arguments import as_floats, check_result, check_shapes, portfolio_arrays
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import cancels, has_risk
from backtest.risk.accuracy import VARIANCE_ROUNDING


def portfolio_volatility(weights: ArrayLike, covariance: ArrayLike) -> np.float64 | Floats:
    """Return the volatility sqrt(wᵀΣw) per period: in the unit of the covariance's square root, not annualised.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period. One of the two may be a stack and the other
            not. It is assumed to be symmetric and not checked.

    Returns:
        A number, or (m,) for a stack; decimal per period, 0 if it is only rounding (`tolerances`). NaN if the weights
        or the covariance contain NaN, even at a weight of zero.

    Raises:
        BacktestError: the shapes do not fit, or the variance is below zero by more than rounding.

    >>> round(float(portfolio_volatility([0.25, 0.75], [[0.0225, 0.0015], [0.0015, 0.0025]])), 6)
    0.058095
    """
    return np.sqrt(_products(*portfolio_arrays(weights, covariance))[1])


def risk_contributions(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """Return risk contributions w_i (Σw)_i / sqrt(wᵀΣw) per period, which add up to the portfolio's volatility.

    They are in the unit of the covariance's square root; multiply by sqrt(periods_per_year) to annualise them.
    A position that hedges the others has a contribution below zero. A portfolio without risk has
    contributions of zero.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period. One of the two may be a stack and the other
            not. It is assumed to be symmetric and not checked.

    Returns:
        (n,), or (m, n) for a stack; decimal per period. A NaN in the weights or the covariance makes
        all contributions of that portfolio NaN, even at a weight of zero.

    Raises:
        BacktestError: the shapes do not fit, or the variance is below zero by more than rounding.

    >>> risk_contributions([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]]).round(4)
    array([0.0881, 0.0079])
    """
    products, variance = _products(*portfolio_arrays(weights, covariance))
    volatility = np.sqrt(variance)[..., None]
    return np.divide(products, volatility, out=np.zeros_like(products), where=volatility != 0)


@one_blas_thread()
def marginal_risk_contributions(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """Return marginal contributions (Σw)_i / sqrt(wᵀΣw) per period: derivatives of the volatility by each weight.

    A marginal contribution is the rise in volatility per unit of weight added and paid for in cash. A weight times its
    marginal contribution is its risk contribution.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period. One of the two may be a stack and the other
            not. It is assumed to be symmetric and not checked.

    Returns:
        (n,), or (m, n) for a stack; decimal per period. NaN for a portfolio without risk, where the derivative
        does not exist, and for a portfolio with a NaN in its weights or covariance.

    Raises:
        BacktestError: the shapes do not fit, or the variance is below zero by more than rounding.

    >>> marginal_risk_contributions([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]]).round(4)
    array([0.1468, 0.0198])
    """
    w, sigma = portfolio_arrays(weights, covariance)
    volatility = np.sqrt(_products(w, sigma)[1])[..., None]
    slopes: Floats = np.matvec(sigma, w)
    return np.divide(slopes, volatility, out=np.full_like(slopes, np.nan), where=volatility != 0)


def percentage_contributions(contributions: ArrayLike) -> Floats:
    """Return percentage contributions c_i / Σ c to volatility or another measure, as fractions that add up to 1.

    Args:
        contributions: (n,), or (m, n) for a stack: contribution of each position, or class, to a measure of risk.

    Returns:
        The same shape; below 0 for a hedge. NaN if the contributions contain a NaN, or if their sum is not above zero,
        because a portfolio without risk has no shares of risk.

    Raises:
        BacktestError: the shape does not fit, or a contribution is infinite.

    >>> percentage_contributions(risk_contributions([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]])).round(3)
    array([0.918, 0.082])
    """
    parts = np.asfortranarray(
        as_floats(contributions, "contributions")
    )  # as in tables, so that both give the same bits
    check_shapes(("contributions", parts, "n"))
    with np.errstate(over="ignore", invalid="ignore"):
        total = parts.sum(axis=-1, keepdims=True)
        shares: Floats = np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0)
        check_result(np.where(total > 0, shares, total), contributions=parts)
    return shares


@one_blas_thread()
def sleeve_covariance(weights: ArrayLike, covariance: ArrayLike, members: ArrayLike) -> Floats:
    """Return the covariance of the sleeves of a portfolio.

    A sleeve is the portfolio's holdings of one class; its return includes the weights.
    Σ_gh = Σ_ij w_i Σ_ij w_j over the assets i of class g and j of class h. A portfolio of sleeves with weights of 1 has
    the volatility of the whole portfolio. Functions of assets therefore apply to classes: the risk contribution of a
    class is the sum of its assets' contributions, its own variance is on the diagonal, and the classes have a
    diversification ratio.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period.
        members: (k, n) True if an asset belongs to a class.

    Returns:
        (k, k), or (m, k, k); decimal² per period. NaN in the arguments gives NaN.

    Raises:
        BacktestError: the shapes do not fit, or a number is infinite.

    >>> risk, weights = [[0.04, 0.0, 0.0], [0.0, 0.01, 0.005], [0.0, 0.005, 0.01]], [0.25, 0.25, 0.5]
    >>> sleeves = sleeve_covariance(weights, risk, [[True, False, False], [False, True, True]])
    >>> risk_contributions([1.0, 1.0], sleeves).round(4)
    array([0.0302, 0.0528])
    """
    w, sigma, groups = as_floats(weights, "weights"), as_floats(covariance, "covariance"), as_floats(members, "members")
    check_shapes(("weights", w, "n"), ("covariance", sigma, "nn"), ("members", groups, "kn"))
    with np.errstate(over="ignore", invalid="ignore"):
        sleeves = w[..., None, :] * groups
        slopes = np.matvec(sigma[..., None, :, :], sleeves)  # several times faster than a product of thin matrices
        result = np.asarray(sleeves @ slopes.swapaxes(-1, -2))
    check_result(result, weights=w, covariance=sigma, members=groups)
    return result


@one_blas_thread()
def _products(w: Floats, sigma: Floats) -> tuple[Floats, Floats]:
    """Return w_i (Σw)_i, (..., n), and their sum, the variance, which is at least zero: (...)."""
    with np.errstate(over="ignore", invalid="ignore"):
        products: Floats = w * np.matvec(sigma, w)
        variance = np.asarray(products.sum(axis=-1))
    check_result(variance, weights=w, covariance=sigma)
    _check_variances(np.diagonal(sigma, axis1=-2, axis2=-1))
    if (variance < 0).any():
        rounding = VARIANCE_ROUNDING * np.vecdot(np.abs(w), np.matvec(np.abs(sigma), np.abs(w)))
        wrong = variance < -rounding
        if wrong.any():
            where = f"[{np.argmax(wrong)}]" if variance.ndim else ""
            raise BacktestError(
                f"covariance{where}: the portfolio's variance is {variance[wrong][0]:.3g}, expected zero "
                f"or above; hint: the matrix is not positive semi-definite, which happens with correlations "
                f"estimated from different dates"
            )
        variance = np.maximum(variance, 0.0)
    return products, np.where(_is_rounding(variance, w, sigma), 0.0, variance)


def _check_variances(variances: Floats) -> None:
    if (variances < 0).any():
        wrong = variances < -VARIANCE_ROUNDING * np.abs(variances).max(axis=-1, keepdims=True)
        for *stack, asset in np.argwhere(wrong).tolist():
            raise BacktestError(
                f"covariance{stack or ''}: the variance of asset {asset} is {variances[(*stack, asset)]:.3g}, expected "
                f"zero or above"
            )


def _is_rounding(variance: Floats, weights: Floats, covariance: Floats) -> Bools:
    """Return whether portfolios have no risk: it is rounding next to the riskiest asset, or risks cancel out."""
    sizes = np.abs(weights)
    deviations = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    largest = deviations.max(axis=-1) * sizes.sum(axis=-1)
    cancelled = cancels(variance, np.vecdot(sizes, deviations), sizes.shape[-1])
    return np.asarray(cancelled | (~has_risk(np.sqrt(variance), largest) & np.isfinite(variance)))
