"""Checked decomposition of a covariance into volatilities and correlations.

Optimisers work on correlations, because volatilities may differ by orders of magnitude.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backtest.errors import NoOptimalPortfolio
from backtest.numerics.array_arguments import as_floats, check_shapes
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import has_risk
from backtest.risk.accuracy import COVARIANCE_TOLERANCE

SINGULAR = 1e-8  # an eigenvalue of correlations below this counts as zero


class Parts(NamedTuple):
    """Parts of a stack of covariances: volatilities (m, n), correlations (m, n, n), and which are singular, (m,)."""

    volatility: Floats
    correlation: Floats
    singular: Bools


def volatilities(covariance: ArrayLike) -> Floats:
    """Return volatilities σ_i = sqrt(Σ_ii) of one covariance or a stack; only the diagonal is read.

    Args:
        covariance: (n, n), or (m, n, n) for a stack; of any unit. An array, nested lists or a DataFrame.

    Returns:
        (m, n) volatilities per period, above zero; m is 1 for a single matrix.

    Raises:
        BacktestError: the shape does not fit.
        NoOptimalPortfolio: a variance is NaN, infinite, not above zero, or only rounding next to the largest variance
            (`backtest.numerics.tolerances`).

    >>> volatilities([[0.04, 0.003], [0.003, 0.01]]).round(6).tolist()
    [[0.2, 0.1]]
    """
    stack, names = _as_stack(covariance)
    variances = np.diagonal(stack, axis1=1, axis2=2)
    for k, i in without_risk(variances):
        raise NoOptimalPortfolio(
            f"{names[k]}: {no_variance(variances[k], i, i)}; hint: a longer estimation.window, or leave the asset out"
        )
    return np.asarray(np.sqrt(variances), np.float64)


def without_risk(variances: Floats) -> NDArray[np.intp]:
    """Return the positions, (k, 2), of variances in (m, n) that are not finite or are only rounding.

    >>> without_risk(np.array([[0.04, 0.01], [0.04, 1e-32]])).tolist()
    [[1, 1]]
    """
    finite = np.isfinite(variances)
    deviations = np.sqrt(np.where(finite, np.maximum(variances, 0.0), 0.0))
    return np.argwhere(~(finite & has_risk(deviations, deviations.max(axis=1, keepdims=True))))


def no_variance(variances: Floats, i: np.intp, asset: np.int64 | np.intp) -> str:
    """Describe the i-th of (n,) variances, which is zero, invalid or rounding, for a message about `asset`."""
    words = f"the variance of asset {asset} is {variances[i]:g}"
    if not variances[i] > 0 or not np.isfinite(variances[i]):
        return f"{words}, expected a variance above zero"
    largest = variances[np.isfinite(variances)].max()
    return f"{words} while the largest is {largest:g}: rounding of returns that do not vary; expected more than that"


def volatilities_and_correlations(covariance: ArrayLike) -> Parts:
    """Return volatilities and correlations Σ_ij / (σ_i σ_j) of one covariance or a stack.

    Args:
        covariance: as in `volatilities`.

    Returns:
        (m, n) volatilities per period; (m, n, n) correlations, exactly symmetric, with a diagonal of exactly 1; and
        (m,) whether the correlations have an eigenvalue below `SINGULAR`.

    Raises:
        BacktestError: the shape does not fit.
        NoOptimalPortfolio: an entry is NaN or infinite, a variance is not above zero, or the matrix is not
            symmetric or not positive semi-definite (beyond rounding).

    >>> volatility, correlation, singular = volatilities_and_correlations([[0.04, 0.003], [0.003, 0.01]])
    >>> volatility.round(6).tolist(), correlation.round(6).tolist(), singular.tolist()
    ([[0.2, 0.1]], [[[1.0, 0.15], [0.15, 1.0]]], [False])
    """
    volatility = volatilities(covariance)
    stack, names = _as_stack(covariance)
    with np.errstate(over="ignore"):  # reported below
        correlation = stack / volatility[:, :, None]
        correlation /= volatility[:, None, :]
    if not np.isfinite(correlation).all():
        k, i, j = np.argwhere(~np.isfinite(correlation))[0]
        raise NoOptimalPortfolio(
            f"{names[k]}: the entry [{i}, {j}] is {stack[k, i, j]:g}, expected finite numbers; hint: leave out assets "
            f"without data"
        )
    transposed = correlation.swapaxes(1, 2)
    if np.abs(correlation - transposed).max(initial=0.0) > COVARIANCE_TOLERANCE:
        k, i, j = np.argwhere(np.abs(correlation - transposed) > COVARIANCE_TOLERANCE)[0]
        raise NoOptimalPortfolio(
            f"{names[k]}: the entry [{i}, {j}] is {stack[k, i, j]:.12g}, but [{j}, {i}] is {stack[k, j, i]:.12g}, "
            f"expected a symmetric matrix"
        )
    correlation = 0.5 * (correlation + transposed)
    np.einsum("mii->mi", correlation)[:] = 1.0
    singular = ~eigenvalues_above(correlation, SINGULAR)
    doubtful = np.flatnonzero(singular)
    for k in doubtful[~eigenvalues_above(correlation[doubtful], -COVARIANCE_TOLERANCE)]:
        raise NoOptimalPortfolio(
            f"{names[k]}: its correlations have an eigenvalue of {np.linalg.eigvalsh(correlation[k])[0]:.3g}, expected "
            f"zero or above (a positive semi-definite matrix); hint: estimate all entries from the same dates, or "
            f"shrink the matrix"
        )
    return Parts(volatility, correlation, singular)


def _as_stack(covariance: ArrayLike) -> tuple[Floats, list[str]]:
    """Return the covariance as a stack (m, n, n), and a name of each matrix for messages."""
    sigma = as_floats(covariance, "covariance")
    check_shapes(("covariance", sigma, "nn"))
    stack = sigma.reshape(-1, *sigma.shape[-2:])
    return stack, [f"covariance[{k}]" if sigma.ndim == 3 else "covariance" for k in range(len(stack))]


def eigenvalues_above(matrices: Floats, least: float) -> Bools:
    """Return (m,) booleans: whether all eigenvalues of each matrix of a stack (m, n, n) are above `least`."""
    shifted = matrices - least * np.eye(matrices.shape[-1])
    try:
        np.linalg.cholesky(shifted)
    except np.linalg.LinAlgError:
        return np.array([_has_cholesky_factor(matrix) for matrix in shifted])
    return np.ones(len(matrices), dtype=bool)


def _has_cholesky_factor(matrix: Floats) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
