"""Leverage: a portfolio scaled to a volatility, smoothly or at once, within bounds of gross exposure."""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk
from backtest.risk.measures.contributions import portfolio_volatility


def scaled_to_volatility(
    weights: ArrayLike, covariance: ArrayLike, target: ArrayLike, max_gross_exposure: float = np.inf
) -> Floats:
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
    multiples = multiples_to_volatility(weights, portfolio_volatility(weights, covariance), target)
    return levered(weights, multiples, max_gross_exposure)


def multiples_to_volatility(weights: ArrayLike, volatility: ArrayLike, target: ArrayLike) -> Floats:
    """Multiples that give portfolios a volatility: target / volatility.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        volatility: of the portfolios as they are, decimal per period; a number, or (m,).
        target: the wanted one, decimal per period; a number, or (m,).

    Returns:
        A number (an array without dimensions), or (m,); NaN for a portfolio that holds nothing.

    Raises:
        BacktestError: a target is not above zero.
        NoOptimalPortfolio: a portfolio that holds something and has no risk, or none that is known.

    >>> multiples_to_volatility([[0.6, 0.4], [0.0, 0.0]], [0.08, 0.0], 0.12).round(2).tolist()
    [1.5, nan]
    """
    risk, wanted = np.asarray(volatility, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not (wanted > 0).all():
        raise BacktestError(f"a target volatility of {wanted.min():g}; expected one above 0")
    gross = np.abs(np.asarray(weights, dtype=np.float64)).sum(axis=-1)
    some = gross > 0
    for k in np.flatnonzero(some & ~has_risk(risk, gross)):
        raise NoOptimalPortfolio(
            f"{f'portfolio {k}' if risk.size > 1 else 'the portfolio'} has a gross exposure of {gross.flat[k]:g} and a "
            f"volatility of {risk.flat[k]:g}; expected one above zero, to be scaled; hint: a longer window"
        )
    return np.where(some, wanted / np.where(some, risk, 1.0), np.nan)


@one_blas_thread()
def sample_volatility(weights: ArrayLike, excess_returns: ArrayLike) -> float:
    """Standard deviation (ddof 1) of what fixed weights would have earned over the rows of a window.

    It is sqrt(wᵀSw), S the sample covariance of these rows, and needs no S.

    Args:
        weights: (n,) fractions of NAV.
        excess_returns: (T, n) decimal per period.

    Returns:
        Decimal per period; 0 where it is rounding (`tolerances`), NaN where a return of what is held is
        missing.

    >>> round(sample_volatility([0.5, 0.5], [[0.01, 0.03], [0.0, -0.02], [0.02, 0.0]]), 6)
    0.015275
    """
    held = np.asarray(weights, dtype=np.float64)
    some = held != 0
    earned = (np.asarray(excess_returns, dtype=np.float64)[:, some] * held[some]).sum(axis=1)
    deviation = float(earned.std(ddof=1))
    return deviation if has_risk(deviation, np.abs(held[some]).sum()) or np.isnan(deviation) else 0.0


def smoothed(wanted: Floats, smoothing: float, before: float = np.nan) -> Floats:
    """L_k = smoothing × L_{k-1} + (1 - smoothing) × wanted_k, for k = 0 to m - 1.

    Args:
        wanted: (m,) multiples; NaN where nothing is held, which leaves L as it was.
        smoothing: in [0, 1).
        before: L_{-1}; NaN where there is none: then the first L is what is wanted.

    Returns:
        (m,) NaN until something is wanted.

    >>> smoothed(np.array([2.0, 1.0, np.nan, 3.0]), 0.5).tolist()
    [2.0, 1.5, 1.5, 2.25]
    """
    found, last = np.empty_like(wanted), before
    for k, value in enumerate(wanted.tolist()):
        if np.isnan(last):
            last = value
        elif not np.isnan(value):
            last = smoothing * last + (1 - smoothing) * value
        found[k] = last
    return found


def levered(
    weights: ArrayLike, multiples: ArrayLike, max_gross_exposure: float = np.inf, min_gross_exposure: float = 0.0
) -> Floats:
    """Weights times their multiple, which is first brought within bounds of gross exposure Σ|w|.

    Args:
        weights: (n,), or (m, n) for a stack of portfolios; fractions of NAV, of any sign and sum.
        multiples: what to multiply by; a number, or (m,). Of what holds nothing none is looked at.
        max_gross_exposure: the most of Σ|w| afterwards, multiple of NAV.
        min_gross_exposure: the least of it; the cap wins where the two conflict.

    Returns:
        (n,), or (m, n); fractions of NAV. A portfolio that holds nothing stays so.

    Raises:
        BacktestError: the cap is not above zero.

    >>> levered([[0.6, 0.4], [0.3, -0.2]], [5.0, 1.0], max_gross_exposure=3, min_gross_exposure=0.75).round(2).tolist()
    [[1.8, 1.2], [0.45, -0.3]]
    """
    if not max_gross_exposure > 0:
        raise BacktestError(f"a cap of {max_gross_exposure:g} on gross exposure; expected one above 0")
    held = np.asarray(weights, dtype=np.float64)
    gross = np.abs(held).sum(axis=-1)
    some = gross > 0
    safe = np.where(some, gross, 1.0)
    bounded = np.minimum(np.maximum(multiples, min_gross_exposure / safe), max_gross_exposure / safe)
    scaled: Floats = held * np.where(some, bounded, 1.0)[..., None]
    return scaled
