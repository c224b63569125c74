"""Expected shortfall of a portfolio, Gaussian and historical, and the contributions of its positions.

Expected shortfall at a level of 95 % is the average loss of the worst 5 % of outcomes; a loss is above zero. Unlike
value at risk it is a coherent measure of risk (Artzner, Delbaen, Eber and Heath 1999; Acerbi and Tasche 2002, "On the
coherence of expected shortfall"): diversification never increases it. It is homogeneous of degree one in the weights,
so by Euler's theorem weights times derivatives add up to it (Tasche 2000, "Risk Contributions and Performance
Measurement").

Gaussian: normal returns of mean μ and covariance Σ have ES = -wᵀμ + sqrt(wᵀΣw) φ(z) / (1 - level), z the quantile of
the level (Roncalli 2013, "Introduction to Risk Parity and Budgeting", section 2.1).

Historical: the average of the worst (1 - level) × T of T past returns. If that number is not whole, the last
observation counts by the remaining fraction, and observations of equal loss at that place share the fraction evenly.
This is the minimum over v of v + E[max(loss - v, 0)] / (1 - level) (Rockafellar and Uryasev 2002,
"Conditional value-at-risk for general loss distributions"), which is coherent. The `cvar_95` of a run's summary counts
the last observation in full: the two agree if T / 20 is whole; otherwise `cvar_95` is lower.
"""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError
from backtest.numerics.array_arguments import as_floats, check_result, check_shapes, portfolio_arrays
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.risk.measures.contributions import (
    marginal_risk_contributions,
    portfolio_volatility,
    risk_contributions,
)


def gaussian_expected_shortfall(
    weights: ArrayLike, covariance: ArrayLike, mean: ArrayLike | None = None, level: float = 0.95
) -> np.float64 | Floats:
    """Return the expected shortfall of normal returns, per period; positive = loss.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period. One of the two may be a stack and the other not.
        mean: (n,), or (m, n); expected returns, decimal per period. None means zero, the usual choice for short
            periods.
        level: fraction of outcomes outside the tail, above 0 and below 1.

    Returns:
        A number, or (m,) for a stack; decimal per period. NaN if a weight, the covariance or a mean is NaN.

    Raises:
        BacktestError: the shapes do not fit, the variance is below zero by more than rounding, or the level is not a
            fraction.

    >>> round(float(gaussian_expected_shortfall([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], [0.05, 0.02])), 4)
    0.1601
    """
    w, sigma, means = _arrays(weights, covariance, mean)
    with np.errstate(over="ignore", invalid="ignore"):
        earned = np.vecdot(w, means)
    check_result(earned, weights=w, mean=means)
    shortfall: np.float64 | Floats = _tail_factor(level) * portfolio_volatility(w, sigma) - earned
    return shortfall


def marginal_gaussian_shortfall(
    weights: ArrayLike, covariance: ArrayLike, mean: ArrayLike | None = None, level: float = 0.95
) -> Floats:
    """Return derivatives of the Gaussian expected shortfall: φ(z) / (1 - level) × (Σw)_i / sqrt(wᵀΣw) - μ_i.

    Arguments and errors are the same as in `gaussian_expected_shortfall`.

    Returns:
        (n,), or (m, n); decimal per period. NaN for a portfolio without risk, where the derivative does not exist, and
        if an argument contains NaN.

    >>> marginal_gaussian_shortfall([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], [0.05, 0.02]).round(4)
    array([0.2529, 0.0208])
    """
    w, sigma, means = _arrays(weights, covariance, mean)
    return _tail_factor(level) * marginal_risk_contributions(w, sigma) - means


def gaussian_shortfall_contributions(
    weights: ArrayLike, covariance: ArrayLike, mean: ArrayLike | None = None, level: float = 0.95
) -> Floats:
    """Return contributions of positions to the Gaussian expected shortfall: weights times derivatives.

    Arguments and errors are the same as in `gaussian_expected_shortfall`. With means of zero, the percentage
    contributions equal the percentage contributions to volatility.

    Returns:
        (n,), or (m, n); decimal per period, positive = loss; they add up to `gaussian_expected_shortfall`. For a
        portfolio without risk only the means are left, -w_i μ_i. NaN for all positions if an argument contains NaN.

    >>> gaussian_shortfall_contributions([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], [0.05, 0.02]).round(4)
    array([0.1517, 0.0083])
    """
    w, sigma, means = _arrays(weights, covariance, mean)
    with np.errstate(over="ignore", invalid="ignore"):
        earned = w * means
    check_result(earned, weights=w, mean=means)
    earned = np.where(np.isnan(earned).any(axis=-1, keepdims=True), np.nan, earned)
    return _tail_factor(level) * risk_contributions(w, sigma) - earned


@one_blas_thread()
def historical_expected_shortfall(weights: ArrayLike, returns: ArrayLike, level: float = 0.95) -> np.float64 | Floats:
    """Return the average loss of the worst (1 - level) × T of T past periods, the last in part; positive = loss.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum. They are held
            constant over all periods.
        returns: (T, n), or (m, T, n); asset returns, decimal per period. One of the two may be a stack and the other
            not. If (1 - level) × T is below 1, the tail is the worst period.
        level: fraction of periods outside the tail, above 0 and below 1.

    Returns:
        A number, or (m,) for a stack; decimal per period. NaN if a weight or a return is NaN, even at a weight of zero.

    Raises:
        BacktestError: the shapes do not fit, there is no period, or the level is not a fraction.

    >>> returns = [[0.02, 0.0], [-0.04, 0.01], [0.01, 0.01], [-0.02, -0.02]]
    >>> round(float(historical_expected_shortfall([0.5, 0.5], returns, level=0.625)), 6)  # (0.02 + 0.015 / 2) / 1.5
    0.018333
    """
    losses, tail, _, _ = _tail(weights, returns, level)
    shortfall: np.float64 | Floats = np.vecdot(tail, losses)
    return shortfall


@one_blas_thread()
def marginal_historical_shortfall(weights: ArrayLike, returns: ArrayLike, level: float = 0.95) -> Floats:
    """Return the average loss of each asset in the portfolio's tail: derivatives of the historical expected shortfall.

    The measure has a kink where losses at the end of the tail are equal. There the result is the subgradient that
    treats equal losses alike.

    Arguments and errors are the same as in `historical_expected_shortfall`.

    Returns:
        (n,), or (m, n); decimal per period, positive = loss. NaN for all assets if a weight or a return is NaN.

    >>> returns = [[0.02, 0.0], [-0.04, 0.01], [0.01, 0.01], [-0.02, -0.02]]
    >>> marginal_historical_shortfall([0.5, 0.5], returns, level=0.625).round(4)
    array([0.0267, 0.01  ])
    """
    _, tail, _, history = _tail(weights, returns, level)
    return np.asarray(-np.vecmat(tail, history))


@one_blas_thread()
def historical_shortfall_contributions(weights: ArrayLike, returns: ArrayLike, level: float = 0.95) -> Floats:
    """Return contributions of positions to the historical expected shortfall: their average losses in the tail.

    Arguments and errors are the same as in `historical_expected_shortfall`.

    Returns:
        (n,), or (m, n); decimal per period, positive = loss; they add up to `historical_expected_shortfall`. NaN for
        all positions if a weight or a return is NaN.

    >>> returns = [[0.02, 0.0], [-0.04, 0.01], [0.01, 0.01], [-0.02, -0.02]]
    >>> historical_shortfall_contributions([0.5, 0.5], returns, level=0.625).round(4)
    array([0.0133, 0.005 ])
    """
    _, tail, w, history = _tail(weights, returns, level)
    return np.asarray(-w * np.vecmat(tail, history))


def _tail(weights: ArrayLike, returns: ArrayLike, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the portfolio's losses and each period's share of its tail, (..., T), and both arguments as arrays."""
    w, history = as_floats(weights, "weights"), as_floats(returns, "returns")
    check_shapes(("weights", w, "n"), ("returns", history, "Tn"))
    with np.errstate(over="ignore", invalid="ignore"):
        losses = -np.matvec(history, w)
    check_result(losses, weights=w, returns=history)
    known = np.isfinite(losses).all(axis=-1, keepdims=True)
    parts = _tail_parts(np.where(known, losses, 0.0), (1 - checked_level(level)) * history.shape[-2])
    return losses, np.where(known, parts, np.nan), w, history


def _tail_parts(losses: Floats, size: float) -> Floats:
    """Return weights of the periods that sum to 1: the `size` largest losses, equal ones at the end in equal parts."""
    periods = losses.shape[-1]
    last = periods - min(int(np.ceil(size)), periods)
    end = np.partition(losses, last, axis=-1)[..., last, None]
    inside, at_the_end = losses > end, losses == end
    left = np.maximum(size - inside.sum(axis=-1, keepdims=True), 0.0) / at_the_end.sum(axis=-1, keepdims=True)
    return np.asarray((inside + at_the_end * left) / size)


def _tail_factor(level: float) -> float:
    """Return the expected shortfall of a standard normal loss: φ(z) / (1 - level)."""
    from statistics import NormalDist

    normal = NormalDist()
    return normal.pdf(normal.inv_cdf(checked_level(level))) / (1 - level)


def checked_level(level: float) -> float:
    """Return a level.

    Raises:
        BacktestError: it is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise BacktestError(f"expected shortfall: level {level}; expected a number above 0 and below 1, such as 0.95")
    return level


def _arrays(weights: ArrayLike, covariance: ArrayLike, mean: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Return the arguments as arrays whose shapes fit, with means of zero by default."""
    w, sigma = portfolio_arrays(weights, covariance)
    means = np.zeros(w.shape[-1]) if mean is None else as_floats(mean, "mean")
    check_shapes(("weights", w, "n"), ("covariance", sigma, "nn"), ("mean", means, "n"))
    check_result(means, mean=means)
    return w, sigma, means
