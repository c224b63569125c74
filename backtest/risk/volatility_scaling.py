"""Scaling of a portfolio to a target volatility, immediately or smoothed, within bounds of gross exposure."""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk
from backtest.risk.measures.contributions import portfolio_volatility


def scale_to_volatility(
    weights: ArrayLike, covariance: ArrayLike, target: ArrayLike, max_gross_exposure: float = np.inf
) -> Floats:
    """Scale weights by min(target / sqrt(wᵀΣw), max_gross_exposure / Σ|w|).

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        covariance: (n, n), or (m, n, n); decimal² per period.
        target: target volatility, decimal per period (not annualised); a number, or (m,) for a stack.
        max_gross_exposure: largest Σ|w|, multiple of NAV; it overrides the target.

    Returns:
        (n,), or (m, n); fractions of NAV. A portfolio that holds nothing stays empty.

    Raises:
        BacktestError: the shapes do not fit, or the target or the cap is not above zero.
        NoOptimalPortfolio: a portfolio holds something but has no risk, so scaling cannot reach the target.

    >>> scale_to_volatility([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], 0.12).round(4).tolist()
    [0.7498, 0.4999]
    >>> scale_to_volatility([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]], 0.12, max_gross_exposure=1).tolist()
    [0.6, 0.4]
    """
    multiples = multiples_to_volatility(weights, portfolio_volatility(weights, covariance), target)
    return apply_multiples(weights, multiples, max_gross_exposure)


def multiples_to_volatility(weights: ArrayLike, volatility: ArrayLike, target: ArrayLike) -> Floats:
    """Return the multiples that give portfolios a target volatility: target / volatility.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        volatility: volatility of the unscaled portfolios, decimal per period; a number, or (m,).
        target: target volatility, decimal per period; a number, or (m,).

    Returns:
        A number (an array without dimensions), or (m,); NaN for a portfolio that holds nothing.

    Raises:
        BacktestError: a target is not above zero.
        NoOptimalPortfolio: a portfolio holds something but has no risk, or an unknown risk.

    >>> multiples_to_volatility([[0.6, 0.4], [0.0, 0.0]], [0.08, 0.0], 0.12).round(2).tolist()
    [1.5, nan]
    """
    risk, targets = np.asarray(volatility, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not (targets > 0).all():
        raise BacktestError(f"a target volatility of {targets.min():g}; expected a number above 0")
    gross = np.abs(np.asarray(weights, dtype=np.float64)).sum(axis=-1)
    invested = gross > 0
    for k in np.flatnonzero(invested & ~has_risk(risk, gross)):
        raise NoOptimalPortfolio(
            f"{f'portfolio {k}' if risk.size > 1 else 'the portfolio'} has a gross exposure of {gross.flat[k]:g} and a "
            f"volatility of {risk.flat[k]:g}; expected a volatility above zero to scale; hint: a longer window"
        )
    return np.where(invested, targets / np.where(invested, risk, 1.0), np.nan)


@one_blas_thread()
def sample_volatility(weights: ArrayLike, excess_returns: ArrayLike) -> float:
    """Return the standard deviation (ddof 1) of the returns of fixed weights over the rows of a window.

    It equals sqrt(wᵀSw), S the sample covariance of these rows, without computing S.

    Args:
        weights: (n,) fractions of NAV.
        excess_returns: (T, n) decimal per period.

    Returns:
        Decimal per period; 0 if it is only rounding (`tolerances`), NaN if a return of a held asset is missing.

    >>> round(sample_volatility([0.5, 0.5], [[0.01, 0.03], [0.0, -0.02], [0.02, 0.0]]), 6)
    0.015275
    """
    held = np.asarray(weights, dtype=np.float64)
    nonzero = held != 0
    earned = (np.asarray(excess_returns, dtype=np.float64)[:, nonzero] * held[nonzero]).sum(axis=1)
    deviation = float(earned.std(ddof=1))
    return deviation if has_risk(deviation, np.abs(held[nonzero]).sum()) or np.isnan(deviation) else 0.0


def smooth_multiples(multiples: Floats, smoothing: float, before: float = np.nan) -> Floats:
    """Smooth multiples: L_k = smoothing × L_{k-1} + (1 - smoothing) × multiple_k, for k = 0 to m - 1.

    Args:
        multiples: (m,) NaN if nothing is held, which leaves L unchanged.
        smoothing: in [0, 1).
        before: L_{-1}; NaN without an earlier multiple, so that L_0 is the first multiple.

    Returns:
        (m,) NaN until the first multiple that is not NaN.

    >>> smooth_multiples(np.array([2.0, 1.0, np.nan, 3.0]), 0.5).tolist()
    [2.0, 1.5, 1.5, 2.25]
    """
    smooth, last = np.empty_like(multiples), before
    for k, value in enumerate(multiples.tolist()):
        if np.isnan(last):
            last = value
        elif not np.isnan(value):
            last = smoothing * last + (1 - smoothing) * value
        smooth[k] = last
    return smooth


def apply_multiples(
    weights: ArrayLike, multiples: ArrayLike, max_gross_exposure: float = np.inf, min_gross_exposure: float = 0.0
) -> Floats:
    """Multiply weights by multiples that are first brought within bounds of gross exposure Σ|w|.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        multiples: factors of the weights; a number, or (m,). The multiple of an empty portfolio is ignored.
        max_gross_exposure: largest Σ|w| afterwards, multiple of NAV.
        min_gross_exposure: smallest Σ|w| afterwards; the cap wins if the two conflict.

    Returns:
        (n,), or (m, n); fractions of NAV. A portfolio that holds nothing stays empty.

    Raises:
        BacktestError: the cap is not above zero.

    >>> weights = [[0.6, 0.4], [0.3, -0.2]]
    >>> apply_multiples(weights, [5.0, 1.0], max_gross_exposure=3, min_gross_exposure=0.75).round(2).tolist()
    [[1.8, 1.2], [0.45, -0.3]]
    """
    if not max_gross_exposure > 0:
        raise BacktestError(f"a cap of {max_gross_exposure:g} on gross exposure; expected a number above 0")
    held = np.asarray(weights, dtype=np.float64)
    gross = np.abs(held).sum(axis=-1)
    invested = gross > 0
    safe = np.where(invested, gross, 1.0)
    bounded = np.minimum(np.maximum(multiples, min_gross_exposure / safe), max_gross_exposure / safe)
    scaled: Floats = held * np.where(invested, bounded, 1.0)[..., None]
    return scaled
