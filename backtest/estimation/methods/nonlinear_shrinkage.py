"""Analytical nonlinear shrinkage by Ledoit and Wolf: each sample eigenvalue moves by its own amount."""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from backtest.errors import EstimationError
from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.windows.rolling import rolling_covariances, symmetrize
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import EPSILON

LEAST_OBSERVATIONS = 12  # the kernel of a smaller sample reaches below zero, where eigenvalues cannot be
_REACH = math.sqrt(5)  # of the Epanechnikov kernel, in bandwidths
_FAR = 10.0  # bandwidths: here the closed form has lost a hundred units in the last place; series terms needed:
_TERMS = 11


class NonlinearShrinkage(Estimator):
    """Analytical nonlinear shrinkage (Ledoit and Wolf 2020): the sample's eigenvectors with better eigenvalues.

    The matrix is positive definite even with more assets than returns. The window needs 13 returns or more.

    Definitions: docs/conventions/estimation.md#shrinkage
    """

    covariance: Literal["nonlinear_shrinkage"] = "nonlinear_shrinkage"
    formula: ClassVar[str] = "Σ d u uᵀ, u the eigenvectors of the sample covariance"
    source: ClassVar[str] = "Ledoit, Wolf (2020), Annals of Statistics 48"
    least_returns: ClassVar[int] = LEAST_OBSERVATIONS + 1

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return rolling_covariances(excess_returns, rows, window, nonlinear_shrinkage_covariance, self.missing)


def nonlinear_shrinkage_covariance(returns: Floats) -> Floats:
    """Return Σ = Σ_i d_i u_i u_iᵀ: u the eigenvectors of the sample covariance S, d its shrunk eigenvalues.

    The density of the eigenvalues and its Hilbert transform, both kernel estimates, determine the shrinkage. Source:
    Ledoit and Wolf (2020), "Analytical nonlinear shrinkage of large-dimensional covariance matrices", Annals of
    Statistics 48, section 4, and its formulas for more assets than returns. Because the mean is estimated, the number
    of observations is N = T - 1, which is also the divisor of S.

    If N >= n, directions in which no return varies (an asset that is a combination of others) keep a variance of zero
    and do not count as assets in the formula, which is its limit. If N < n and the returns have a rank below N (the
    same return twice), N is that rank.

    Args:
        returns: (T, n) decimal per period, none missing.

    Returns:
        (n, n) decimal² per period.

    Raises:
        EstimationError: there are fewer than 12 observations, for which the method is not defined.

    Example:
        >>> returns = np.random.default_rng(0).normal(0, 0.01, (60, 40))  # independent, equal variances
        >>> sample, shrunk = np.cov(returns.T), nonlinear_shrinkage_covariance(returns)
        >>> [bool(np.abs(matrix - 0.0001 * np.eye(40)).max() < 0.00003) for matrix in (sample, shrunk)]
        [False, True]
    """
    observations, assets = len(returns) - 1, returns.shape[1]
    deviations = returns - returns.mean(axis=0)
    wide = assets > observations
    products = deviations @ deviations.T if wide else deviations.T @ deviations
    eigenvalues, vectors = np.linalg.eigh(products / observations)
    nonzero = eigenvalues > max(returns.shape) * EPSILON * eigenvalues[-1]
    eigenvalues, vectors = eigenvalues[nonzero], vectors[:, nonzero]
    known = len(eigenvalues) if wide else observations
    if known < LEAST_OBSERVATIONS:
        raise EstimationError(
            f"nonlinear shrinkage: {known} observations (different returns of a window, less one); expected "
            f"{LEAST_OBSERVATIONS} or more; use a longer window or covariance: ledoit_wolf"
        )
    if not eigenvalues.size:
        return np.zeros((assets, assets))
    if not wide:
        shrunk = shrink_eigenvalues(eigenvalues, len(eigenvalues), observations)[0]
        return symmetrize((vectors * shrunk) @ vectors.T)
    vectors = deviations.T @ vectors / np.sqrt(eigenvalues * observations)
    shrunk, null = shrink_eigenvalues(eigenvalues, assets, known)
    return symmetrize((vectors * (shrunk - null)) @ vectors.T + null * np.eye(assets))


def shrink_eigenvalues(eigenvalues: Floats, assets: int, observations: int) -> tuple[Floats, float]:
    """Return the eigenvalues of the estimate, from the sample eigenvalues above zero.

    Args:
        eigenvalues: (min(n, N),) above zero.
        assets: n.
        observations: N, 12 or more.

    Returns:
        The eigenvalues that replace the given ones, and the eigenvalue that replaces the n - N zeros (0.0 if N >= n).
    """
    ratio, bandwidth = assets / observations, observations ** (-1 / 3)
    density, transform = _density_and_hilbert_transform(eigenvalues, bandwidth)
    if assets <= observations:
        real = 1 - ratio - math.pi * ratio * eigenvalues * transform
        return eigenvalues / ((math.pi * ratio * eigenvalues * density) ** 2 + real**2), 0.0
    at_zero = float(_kernels_hilbert_transform(np.array(-1 / bandwidth))) / bandwidth * np.mean(1 / eigenvalues)
    null = 1 / (math.pi * (assets - observations) / observations * at_zero)
    return 1 / (math.pi**2 * eigenvalues * (density**2 + transform**2)), float(null)


def _density_and_hilbert_transform(eigenvalues: Floats, bandwidth: float) -> tuple[Floats, Floats]:
    """Return the density of the eigenvalues and its Hilbert transform, at each eigenvalue.

    The Epanechnikov kernels have widths in proportion to the eigenvalues.
    """
    widths = bandwidth * eigenvalues
    x = (eigenvalues[:, None] - eigenvalues) / widths
    density = 3 / (4 * _REACH) * np.mean(np.maximum(1 - x**2 / 5, 0.0) / widths, axis=1)
    return density, np.mean(_kernels_hilbert_transform(x) / widths, axis=1)


def _kernels_hilbert_transform(x: Floats) -> Floats:
    """Return (1/π) PV ∫ κ(t) / (t - x) dt of the Epanechnikov kernel κ(t) = 3 (1 - t²/5) / (4 sqrt(5)).

    The closed form is used for small x. Its two terms of size x cancel to 1/x. For large x, where one eigenvalue is a
    small fraction of another, that would leave no digits, so the series of the moments of κ is used instead:
    Σ_k 3 (5/x²)^k / ((2k+1) (2k+3)).
    """
    near = np.abs(x) < _FAR
    quotient = np.abs(np.divide(_REACH - x, _REACH + x, out=np.zeros_like(x), where=x != -_REACH))
    inside = near & (quotient > 0)  # at both ends of the kernel the factor of the logarithm is zero
    logarithm = np.log(quotient, out=np.zeros_like(x), where=inside)
    closed = (3 / (4 * _REACH) * (1 - x**2 / 5) * logarithm - 3 / 10 * x) / math.pi
    u = 5 / np.where(near, _FAR, x) ** 2
    series = np.zeros_like(x)
    for k in range(_TERMS, -1, -1):
        series = series * u + 3 / ((2 * k + 1) * (2 * k + 3))
    transform: Floats = np.where(near, closed, -series / (math.pi * np.where(near, 1.0, x)))
    return transform
