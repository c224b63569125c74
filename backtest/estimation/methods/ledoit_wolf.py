"""Linear shrinkage by Ledoit and Wolf: to a multiple of identity, and to constant correlation.

Both compute their intensity from the sample covariance with divisor T, as the papers do (the estimator `sample` has
divisor T - 1). T is the number of returns in the window, and their mean is subtracted.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from backtest.estimation.constant_assets import estimate_where_varying
from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.windows.rolling import rolling_covariances, scale_correlation, shrunk_samples, unit_diagonal
from backtest.numerics.arrays import Floats


class LedoitWolf(Estimator):
    """Shrinkage of the sample covariance to a multiple of identity (Ledoit and Wolf 2004a).

    It moves variances towards their mean. Among assets of very different volatilities, such as bonds and equities, this
    changes risk shares more than noise does; `ledoit_wolf_constant_correlation` keeps the variances.

    Definitions: docs/conventions/estimation.md#shrinkage
    """

    covariance: Literal["ledoit_wolf"] = "ledoit_wolf"
    formula: ClassVar[str] = "(1 - δ) S + δ μ I, S = Σ x xᵀ / T, μ its mean variance"
    source: ClassVar[str] = "Ledoit, Wolf (2004), J. Multivariate Analysis 88"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return shrunk_samples(excess_returns, rows, window, _shrink, self.missing)


class LedoitWolfConstantCorrelation(Estimator):
    """Shrinkage to the covariance in which all correlations equal their mean (Ledoit and Wolf 2004b).

    Definitions: docs/conventions/estimation.md#shrinkage
    """

    covariance: Literal["ledoit_wolf_constant_correlation"] = "ledoit_wolf_constant_correlation"
    formula: ClassVar[str] = "(1 - δ) S + δ F, F with the variances and the mean correlation of S"
    source: ClassVar[str] = "Ledoit, Wolf (2004), J. Portfolio Management 30"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return rolling_covariances(excess_returns, rows, window, constant_correlation_covariance, self.missing)


def ledoit_wolf_covariance(returns: Floats) -> Floats:
    """Shrink to identity: Σ = (1 - δ) S + δ μ I, μ the mean variance, S the sample covariance with divisor T.

    δ = min(b², d²) / d², with d² = |S - μI|² and b² = Σ_t |x_t x_tᵀ - S|² / T², the squared error of S; |A|² is the sum
    of squares over n. Source: Ledoit and Wolf (2004a), "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, section 3.3.

    Args:
        returns: (T, n) decimal per period, none missing.

    Returns:
        (n, n) decimal² per period; positive definite wherever δ > 0.

    Example:
        >>> returns = np.array([[0.01, 0.0], [-0.01, 0.0], [0.01, 0.02], [-0.01, -0.02]])
        >>> ledoit_wolf_covariance(returns).round(6).tolist()  # of S = [[1, 1], [1, 2]] / 10000, δ = 0.6
        [[0.00013, 4e-05], [4e-05, 0.00017]]
    """
    deviations = returns - returns.mean(axis=0)
    return _shrink(deviations.T @ deviations / len(returns), returns)


def _shrink(sample: Floats, returns: Floats) -> Floats:
    """Return a sample covariance, divisor T, shrunk to identity."""
    count, assets = returns.shape
    deviations = returns - returns.mean(axis=0)
    mean_variance = np.trace(sample) / assets
    away = sample - mean_variance * np.eye(assets)
    distance = np.sum(away**2)
    sizes = np.vecdot(deviations, deviations)
    error = (np.vecdot(sizes, sizes) / count - np.sum(sample**2)) / count
    intensity = min(max(error, 0.0) / distance, 1.0) if distance > 0 else 0.0
    return shrink_to_identity(sample, intensity)


def shrink_to_identity(sample: Floats, intensity: float) -> Floats:
    """Return (1 - δ) S + δ μ I, where μ is the mean of the variances in S, (n, n), and δ is the intensity."""
    covariance = (1 - intensity) * sample
    covariance[np.diag_indices_from(covariance)] += intensity * np.trace(sample) / len(sample)
    return covariance


def constant_correlation_covariance(returns: Floats) -> Floats:
    """Shrink to constant correlation: Σ = (1 - δ) S + δ F, F_ij = ρ sqrt(S_ii S_jj), ρ the mean correlation.

    δ = (a - b) / (γ T) within 0 and 1, where γ = Σ (F_ij - S_ij)², a is the sum of the asymptotic variances of sqrt(T)
    S_ij, and b is the sum of their asymptotic covariances with sqrt(T) F_ij. Source: Ledoit and Wolf (2004b), "Honey, I
    shrunk the sample covariance matrix", Journal of Portfolio Management 30, appendices A and B. Their sums over all
    pairs are written here as products of sums over assets, which avoids a matrix of fourth moments.

    Args:
        returns: (T, n) decimal per period, none missing.

    Returns:
        (n, n) decimal² per period, with the variances of S (divisor T). Positive semi-definite because F is: the mean
        correlation of any sample is at least -1 / (n - 1). Zeros for an asset whose returns do not vary.

    Example:
        >>> returns = np.array([[0.01, 0.0], [-0.01, 0.0], [0.01, 0.02], [-0.01, -0.02]])
        >>> constant_correlation_covariance(returns).round(6).tolist()  # two assets have only one correlation
        [[0.0001, 0.0001], [0.0001, 0.0002]]
    """
    return estimate_where_varying(returns, _constant_correlation)


def _constant_correlation(returns: Floats) -> Floats:
    count, assets = returns.shape
    deviations = returns - returns.mean(axis=0)
    sample = deviations.T @ deviations / count
    variances = np.diagonal(sample).copy()
    correlation = unit_diagonal(sample)
    mean_correlation = (correlation.sum() - assets) / max(assets * (assets - 1), 1)
    target = scale_correlation(mean_correlation * np.ones_like(sample), np.sqrt(variances))
    np.fill_diagonal(target, variances)

    of_sample = np.sum(np.sum(deviations**2, axis=1) ** 2) / count - np.sum(sample**2)
    units = deviations / np.sqrt(variances)
    cubes = units * units * units
    of_diagonal = np.sum(variances**2 * (np.mean(cubes * units, axis=0) - 1))
    of_all = np.mean((cubes @ variances) * (units @ variances)) - variances @ correlation @ variances
    of_target = (1 - mean_correlation) * of_diagonal + mean_correlation * of_all

    distance = np.sum((target - sample) ** 2)
    intensity = min(max((of_sample - of_target) / (distance * count), 0.0), 1.0) if distance > 0 else 1.0
    covariance: Floats = (1 - intensity) * sample + intensity * target
    return covariance
