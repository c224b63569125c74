"""Correlations cleaned of noise by the Marchenko-Pastur law of random matrices."""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from backtest.estimation.constant_assets import estimate_where_varying
from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.windows.rolling import scale_correlation, shrunk_samples, unit_diagonal
from backtest.numerics.arrays import Floats


class Denoised(Estimator):
    """Sample volatilities, and correlations whose eigenvalues within the noise are replaced by their mean.

    Source: López de Prado (2020). A detoned covariance is not offered: without the market's eigenvector the matrix is
    singular, and its risk budgets say nothing about the risk of the portfolio.

    Definitions: docs/conventions/estimation.md#denoised-correlations
    """

    covariance: Literal["denoised"] = "denoised"
    formula: ClassVar[str] = (
        "s_i ρ_ij s_j, s from the sample, the eigenvalues of ρ that are noise replaced by their mean"
    )
    source: ClassVar[str] = "López de Prado (2020); edge: Laloux et al. (1999)"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return shrunk_samples(excess_returns, rows, window, _denoise_sample, self.missing)


def denoised_covariance(returns: Floats) -> Floats:
    """Return Σ_ij = s_i ρ_ij s_j: s the sample standard deviations (divisor T - 1), ρ the denoised sample correlation.

    Args:
        returns: (T, n) decimal per period, none missing.

    Returns:
        (n, n) decimal² per period; zeros for an asset whose returns do not vary.

    Example:
        >>> returns = np.random.default_rng(0).normal(0, 0.01, (60, 20))  # independent assets
        >>> off_diagonal = denoised_covariance(returns)[~np.eye(20, dtype=bool)]
        >>> bool(np.abs(off_diagonal).max() < 1e-15)
        True
    """
    return estimate_where_varying(returns, _denoise)


def _denoise(returns: Floats) -> Floats:
    deviations = returns - returns.mean(axis=0)
    return _denoise_sample(deviations.T @ deviations / len(returns), returns)


def _denoise_sample(sample: Floats, returns: Floats) -> Floats:
    """Return the denoised covariance, divisor T - 1, of a sample covariance with divisor T."""
    count, moving = len(returns), np.diagonal(sample) > 0
    if not moving.all():
        covariance = np.zeros_like(sample)
        if moving.any():
            covariance[np.ix_(moving, moving)] = _denoise_sample(sample[np.ix_(moving, moving)], returns[:, moving])
        return covariance
    unbiased = sample * (count / (count - 1))
    correlation = denoised_correlation(unit_diagonal(unbiased), count)
    return scale_correlation(correlation, np.sqrt(np.diagonal(unbiased)))


def denoised_correlation(correlation: Floats, observations: int) -> Floats:
    """Return the correlation matrix with all eigenvalues up to `noise_edge` replaced by their mean.

    The result is scaled to a unit diagonal again. Source: López de Prado (2020), "Machine Learning for Asset
    Managers", section 2.5.1 (the constant residual eigenvalue). The book fits the variance of the noise to a kernel
    density of the eigenvalues instead. With the few assets of a portfolio that fit depends on the width of the kernel
    and finds factors that do not exist.

    Args:
        correlation: (n, n).
        observations: T, the number of returns behind the estimate.

    Returns:
        (n, n), positive semi-definite, with a unit diagonal.
    """
    eigenvalues, vectors = np.linalg.eigh(correlation)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    noise = eigenvalues <= noise_edge(eigenvalues, observations)  # at least the smallest, as it is below the mean
    eigenvalues[noise] = eigenvalues[noise].mean()
    return unit_diagonal((vectors * eigenvalues) @ vectors.T)


def noise_edge(eigenvalues: Floats, observations: int) -> float:
    """Return the largest eigenvalue that noise alone would give: λ₊ = σ² (1 + sqrt(n/T))² (Marchenko, Pastur 1967).

    σ² is 1 if no eigenvalue is above that edge. Otherwise the largest eigenvalue is the market, and σ² is the mean of
    the other eigenvalues: the variance that the market leaves. This is the choice of Laloux, Cizeau, Bouchaud and
    Potters (1999), "Noise dressing of financial correlation matrices", Physical Review Letters 83, up to one asset in
    n.

    Args:
        eigenvalues: (n,) rising eigenvalues of a correlation matrix.
        observations: T, the number of returns behind the estimate.

    Example:
        >>> round(noise_edge(np.array([0.5, 0.6, 0.7, 2.2]), 100), 12)  # 0.6 (1 + sqrt(4/100))²
        0.864
    """
    edge = (1 + math.sqrt(len(eigenvalues) / observations)) ** 2
    return edge if eigenvalues[-1] <= edge else edge * float(eigenvalues[:-1].mean())
