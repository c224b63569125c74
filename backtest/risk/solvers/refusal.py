"""Explanations of risk-budgeting problems that the compiled core could not solve."""

from contextlib import suppress

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import EPSILON, cancels
from backtest.risk.accuracy import BUDGET_ACCURACY, COVARIANCE_TOLERANCE
from backtest.risk.measures.correlation import no_variance, without_risk

ASSETS_IN_MESSAGES = 10
NEGLIGIBLE = 1e-6  # weights up to this size are left out of messages


def reason(covariance: Floats, budgets: Floats, weights: Floats, assets: Ints) -> str:
    """Explain a problem without solution: an invalid covariance, a portfolio without risk, or too little precision.

    Args:
        covariance: (n, n).
        budgets: (n,), all above zero, summing to 1.
        weights: (n,) the best weights found; ignored if one is negative, infinite or NaN.
        assets: (n,) positions of the assets, for the message.
    """
    if not np.isfinite(covariance).all():
        i, j = np.argwhere(~np.isfinite(covariance))[0]
        return (
            f"the entry [{assets[i]}, {assets[j]}] is {covariance[i, j]:g}, expected finite numbers; hint: "
            f"an asset without data has to be left out, or given a budget of zero"
        )
    variances = np.diagonal(covariance)
    for i in without_risk(variances[None])[:, 1]:
        return f"{no_variance(variances, i, assets[i])}; hint: leave the asset out, or give it a budget of zero"
    volatility = np.sqrt(variances)
    with np.errstate(over="ignore"):  # only where correlations are far beyond 1
        correlation = np.clip(covariance / volatility / volatility[:, None], -1e9, 1e9)
    for i, j in np.argwhere(np.abs(correlation - correlation.T) > COVARIANCE_TOLERANCE):
        return (
            f"the entry [{assets[i]}, {assets[j]}] is {covariance[i, j]:.12g}, but [{assets[j]}, {assets[i]}] is "
            f"{covariance[j, i]:.12g}, expected a symmetric matrix"
        )
    lowest = float(np.linalg.eigvalsh(correlation)[0])
    if lowest < -COVARIANCE_TOLERANCE:
        return (
            f"its correlations have an eigenvalue of {lowest:.3g}, expected zero or above (a positive semi-definite "
            f"matrix); hint: estimate all entries from the same dates, or shrink the matrix"
        )
    return _out_of_reach(correlation, volatility, budgets, weights, assets)


def _out_of_reach(correlation: Floats, volatility: Floats, budgets: Floats, weights: Floats, assets: Ints) -> str:
    """Explain a failure by a long-only portfolio without risk, or by budgets beyond double precision."""
    y = weights * volatility
    if not (np.isfinite(y).all() and (y > 0).all()):
        y = np.sqrt(budgets)
    least, ratio = _least_risky(correlation, y)
    held = least / volatility
    held /= held.sum()
    portfolio = f"the portfolio of {in_words(held, assets)}"
    if cancels(ratio, 1.0, len(assets)):
        return (
            f"no portfolio has these risk budgets, because {portfolio} has no risk: the risks of its assets "
            f"cancel out; hint: leave one of them out, or estimate from more observations than assets"
        )
    return (
        f"the risk budgets are met only to {_error(correlation, y, budgets):.1e} of each, expected "
        f"{BUDGET_ACCURACY:.0e}: beyond "
        f"double precision, as the smallest budget is {budgets.min():.1e} and {portfolio} has {np.sqrt(ratio):.1e} of "
        f"its assets' average volatility; hint: give zero in place of very small budgets, shrink the covariance, or "
        f"leave one of these assets out"
    )


def in_words(weights: Floats, assets: Ints) -> str:
    """List the largest of (n,) positive weights, and the number of the others.

    >>> in_words(np.array([0.25, 0.75, 0.0]), np.array([0, 1, 2]))
    '0.75 of asset 1, 0.25 of asset 0'
    """
    shown = [i for i in np.argsort(-weights, kind="stable") if weights[i] > NEGLIGIBLE]
    named = ", ".join(f"{weights[i]:.6g} of asset {assets[i]}" for i in shown[:ASSETS_IN_MESSAGES])
    rest = len(shown) - ASSETS_IN_MESSAGES
    return named + (f" and {rest} more" if rest > 0 else "")


def _least_risky(correlation: Floats, start: Floats) -> tuple[Floats, float]:
    """Return the (n,) y >= 0 of least yᵀCy / (Σy)², and that ratio.

    It is proportional to the minimum of |Fz|² + (1 - Σz)² with FᵀF = C, a non-negative least-squares problem.
    """
    from scipy.optimize import nnls  # takes a second to import, and is needed only on the way to an error

    values, vectors = np.linalg.eigh(correlation)
    system = np.vstack([np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T, np.ones(len(values))])
    candidates = [start]
    with suppress(RuntimeError):  # if it does not converge, the start is used
        candidates.insert(0, nnls(system, np.eye(len(system))[-1])[0])
    ratios = [max(float(y @ correlation @ y), 0.0) / float(y.sum()) ** 2 for y in candidates]
    best = int(np.argmin(ratios))
    return candidates[best], ratios[best]


def _error(correlation: Floats, y: Floats, budgets: Floats) -> float:
    """Return the largest |share - b| / b, including the effect of the last bit of a weight."""
    products = y * (correlation @ y)
    variance = float(products.sum())
    if not variance > 0:
        return float("inf")
    return float(
        ((np.abs(products / variance - budgets) + EPSILON * y * (np.abs(correlation) @ y) / variance) / budgets).max()
    )
