"""Why there are no weights of given risk budgets: words for what the compiled core could not solve."""

from contextlib import suppress

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import EPSILON, cancels
from backtest.risk.accuracy import BUDGET_ACCURACY, COVARIANCE_TOLERANCE
from backtest.risk.measures.correlation import no_variance, without_risk

ASSETS_IN_MESSAGES = 10
NEGLIGIBLE = 1e-6  # weights up to this are left out of messages


def reason(covariance: Floats, budgets: Floats, weights: Floats, assets: Ints) -> str:
    """The first of these that is true: what is given is no covariance, a portfolio has no risk, precision is short.

    Args:
        covariance: (n, n).
        budgets: (n,), all above zero, summing to 1.
        weights: (n,) the best that was found, of any kind: negative, infinite or NaN ones are not looked at.
        assets: (n,) what the assets are called in the message.
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
            f"its correlations have an eigenvalue of {lowest:.3g}, expected none below zero (a positive semi-definite "
            f"matrix); hint: estimate all entries from the same dates, or shrink the matrix"
        )
    return _out_of_reach(correlation, volatility, budgets, weights, assets)


def _out_of_reach(correlation: Floats, volatility: Floats, budgets: Floats, weights: Floats, assets: Ints) -> str:
    """A long-only portfolio without risk, or budgets beyond double precision."""
    found = weights * volatility
    if not (np.isfinite(found).all() and (found > 0).all()):
        found = np.sqrt(budgets)
    least, ratio = _least_risky(correlation, found)
    held = least / volatility
    held /= held.sum()
    portfolio = f"the portfolio of {in_words(held, assets)}"
    if cancels(ratio, 1.0, len(assets)):
        return (
            f"no portfolio has these risk budgets, since {portfolio} has no risk: all its assets' risks "
            f"cancel out; hint: leave one of them out, or estimate from more observations than assets"
        )
    return (
        f"the risk budgets are met only to {_error(correlation, found, budgets):.1e} of each, expected "
        f"{BUDGET_ACCURACY:.0e}: beyond "
        f"double precision, as the smallest budget is {budgets.min():.1e} and {portfolio} has {np.sqrt(ratio):.1e} of "
        f"its assets' average volatility; hint: give zero in place of very small budgets, shrink the covariance, or "
        f"leave one of these assets out"
    )


def in_words(weights: Floats, assets: Ints) -> str:
    """The largest of positive weights, (n,), and how many more there are.

    >>> in_words(np.array([0.25, 0.75, 0.0]), np.array([0, 1, 2]))
    '0.75 of asset 1, 0.25 of asset 0'
    """
    shown = [i for i in np.argsort(-weights, kind="stable") if weights[i] > NEGLIGIBLE]
    named = ", ".join(f"{weights[i]:.6g} of asset {assets[i]}" for i in shown[:ASSETS_IN_MESSAGES])
    rest = len(shown) - ASSETS_IN_MESSAGES
    return named + (f" and {rest} more" if rest > 0 else "")


def _least_risky(correlation: Floats, found: Floats) -> tuple[Floats, float]:
    """The y >= 0, (n,), of least yᵀCy / (Σy)², and that ratio.

    The least of |Fz|² + (1 - Σz)² with FᵀF = C is proportional to it: non-negative least squares.
    """
    from scipy.optimize import nnls  # takes a second to import, and is needed only on the way to an error

    values, vectors = np.linalg.eigh(correlation)
    system = np.vstack([np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T, np.ones(len(values))])
    candidates = [found]
    with suppress(RuntimeError):  # it may give up: then what was found has to do
        candidates.insert(0, nnls(system, np.eye(len(system))[-1])[0])
    ratios = [max(float(y @ correlation @ y), 0.0) / float(y.sum()) ** 2 for y in candidates]
    best = int(np.argmin(ratios))
    return candidates[best], ratios[best]


def _error(correlation: Floats, y: Floats, budgets: Floats) -> float:
    """Largest |share - b| / b, with what the last bit of a weight may move it by."""
    products = y * (correlation @ y)
    variance = float(products.sum())
    if not variance > 0:
        return float("inf")
    return float(
        ((np.abs(products / variance - budgets) + EPSILON * y * (np.abs(correlation) @ y) / variance) / budgets).max()
    )
