"""Scaling of a portfolio to a target volatility, immediately or smoothed, within bounds of gross exposure."""

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.numerics.array_arguments import as_finite, as_floats, check_result, check_shapes
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
        BacktestError: the shapes do not fit, a weight is not finite, or a target is not a finite number above zero.
        NoOptimalPortfolio: a portfolio holds something but has no risk, or an unknown risk.

    >>> multiples_to_volatility([[0.6, 0.4], [0.0, 0.0]], [0.08, 0.0], 0.12).round(2).tolist()
    [1.5, nan]
    """
    held, risk, targets = (
        as_finite(weights, "weights"),
        as_floats(volatility, "volatility"),
        as_floats(target, "target"),
    )
    check_shapes(("weights", held, "n"), ("volatility", risk, ""), ("target", targets, ""))
    for wrong in targets[~((targets > 0) & (targets < np.inf))]:
        raise BacktestError(f"a target volatility of {wrong:g}; expected a number above 0")
    gross, risk, targets = np.broadcast_arrays(_gross_exposure(held), risk, targets)
    invested = gross > 0
    for k in np.flatnonzero(invested & ~(has_risk(risk, gross) & (risk < np.inf))):
        raise NoOptimalPortfolio(
            f"{f'portfolio {k}' if risk.size > 1 else 'the portfolio'} has a gross exposure of {gross.flat[k]:g} and a "
            f"volatility of {risk.flat[k]:g}; expected a volatility above zero to scale; hint: a longer window"
        )
    with np.errstate(over="ignore"):
        multiples = targets / np.where(invested, risk, 1.0)
    check_result(multiples, volatility=risk, target=targets)
    return np.where(invested, multiples, np.nan)


@one_blas_thread()
def sample_volatility(weights: ArrayLike, excess_returns: ArrayLike) -> float:
    """Return the standard deviation (ddof 1) of the returns of fixed weights over the rows of a window.

    It equals sqrt(wᵀSw), S the sample covariance of these rows, without computing S.

    Args:
        weights: (n,) fractions of NAV.
        excess_returns: (T, n) decimal per period, T of 2 or more.

    Returns:
        Decimal per period; 0 if it is only rounding (`tolerances`), NaN if a weight or a return of a held asset is
        missing.

    Raises:
        BacktestError: the shapes do not fit, there are fewer than two periods, or a number is infinite.

    >>> round(sample_volatility([0.5, 0.5], [[0.01, 0.03], [0.0, -0.02], [0.02, 0.0]]), 6)
    0.015275
    """
    held, excess = as_floats(weights, "weights"), as_floats(excess_returns, "excess_returns")
    check_shapes(("weights", held, "n"), ("excess_returns", excess, "Tn"), stacks=False)
    if len(excess) < 2:
        raise BacktestError("excess_returns: got one period, expected two or more, which a standard deviation needs")
    nonzero = held != 0
    with np.errstate(over="ignore", invalid="ignore"):
        earned = (excess[:, nonzero] * held[nonzero]).sum(axis=1)
        deviation = float(earned.std(ddof=1))
    check_result(np.asarray(deviation), weights=held, excess_returns=excess)
    return deviation if has_risk(deviation, np.abs(held[nonzero]).sum()) or np.isnan(deviation) else 0.0


def smooth_multiples(multiples: ArrayLike, smoothing: float, before: float = np.nan) -> Floats:
    """Smooth multiples: L_k = smoothing × L_{k-1} + (1 - smoothing) × multiple_k, for k = 0 to m - 1.

    Args:
        multiples: (m,) NaN if nothing is held, which leaves L unchanged.
        smoothing: in [0, 1).
        before: L_{-1}; NaN without an earlier multiple, so that L_0 is the first multiple.

    Returns:
        (m,) NaN until the first multiple that is not NaN.

    Raises:
        BacktestError: the multiples are not (m,), a number is infinite, or the smoothing is not in [0, 1).

    >>> smooth_multiples(np.array([2.0, 1.0, np.nan, 3.0]), 0.5).tolist()
    [2.0, 1.5, 1.5, 2.25]
    """
    values = as_floats(multiples, "multiples")
    if values.ndim != 1:
        raise BacktestError(f"multiples: got the shape {values.shape}, expected (m,)")
    check_result(values, multiples=values)
    if not 0 <= smoothing < 1 or np.isinf(before):
        raise BacktestError(f"smoothing {smoothing:g} after {before:g}; expected 0 or more, below 1, and no infinity")
    if smoothing == 0:
        return _carried(values, before)
    smooth, last = np.empty_like(values), before
    for k, value in enumerate(values.tolist()):
        if np.isnan(last):
            last = value
        elif not np.isnan(value):
            last = smoothing * last + (1 - smoothing) * value
        smooth[k] = last
    return smooth


def _carried(values: Floats, before: float) -> Floats:
    """Return (m,) values, each NaN replaced by the value before it."""
    latest = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(latest >= 0, values[latest], before)


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
        BacktestError: the shapes do not fit, a weight or the multiple of a portfolio that holds something is not
            finite, the cap is not above zero, or the floor is below zero or infinite.

    >>> weights = [[0.6, 0.4], [0.3, -0.2]]
    >>> apply_multiples(weights, [5.0, 1.0], max_gross_exposure=3, min_gross_exposure=0.75).round(2).tolist()
    [[1.8, 1.2], [0.45, -0.3]]
    """
    if not max_gross_exposure > 0:
        raise BacktestError(f"a cap of {max_gross_exposure:g} on gross exposure; expected a number above 0")
    if not 0 <= min_gross_exposure < np.inf:
        raise BacktestError(f"a floor of {min_gross_exposure:g} on gross exposure; expected a finite number, 0 or more")
    held, factors = as_finite(weights, "weights"), as_floats(multiples, "multiples")
    check_shapes(("weights", held, "n"), ("multiples", factors, ""))
    gross = _gross_exposure(held)
    invested = gross > 0
    factors, safe = as_finite(np.where(invested, factors, 1.0), "multiples"), np.where(invested, gross, 1.0)
    with np.errstate(over="ignore"):
        bounded = np.minimum(np.maximum(factors, min_gross_exposure / safe), max_gross_exposure / safe)
        scaled: Floats = held * np.where(invested, bounded, 1.0)[..., None]
    check_result(scaled, weights=held, multiples=factors)
    return scaled


def _gross_exposure(weights: Floats) -> Floats:
    with np.errstate(over="ignore"):
        gross = np.asarray(np.abs(weights).sum(axis=-1))
    check_result(gross, weights=weights)
    return gross
