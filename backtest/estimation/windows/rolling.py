"""Estimates over rolling windows, with NaN for the assets that a window leaves out."""

from collections.abc import Callable, Sequence

import numpy as np

from backtest.estimation.constant_assets import clear_rounding
from backtest.estimation.estimator import Missing
from backtest.estimation.windows.weighted_sums import rolling_weighted_covariances
from backtest.estimation.windows.window_sizes import complete_windows, scatter
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread


@one_blas_thread()
def rolling_covariances(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    estimate: Callable[[Floats], Floats],
    missing: Missing = "complete_assets",
) -> Floats:
    """Apply an estimate to the last `window` excess returns, up to and including each of the given rows.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        estimate: function from (window, k) returns, none missing, to their (k, k) covariance.
        missing: whether a gap inside a window leaves out the asset or the row (`window_sizes`).

    Returns:
        (m, n, n) decimal² per period, NaN for assets that are left out, zeros for an asset whose variance is rounding.
        Each matrix depends only on its own window, bit for bit.

    Example:
        >>> from backtest.estimation.methods.semi_covariance import semi_covariance
        >>> returns = np.array([[-0.2, np.nan], [0.1, -0.1], [0.3, -0.3]])
        >>> rolling_covariances(returns, [0, 1, 2], 2, semi_covariance).round(3).tolist()[1]
        [[0.02, nan], [nan, nan]]
    """
    assets = excess_returns.shape[1]
    covariances = np.full((len(rows), assets, assets), np.nan)
    for at, columns, returns in complete_windows(excess_returns, rows, window, missing):
        covariances[at] = scatter(estimate(np.ascontiguousarray(returns)), columns, assets)
    return clear_rounding(covariances)


@one_blas_thread()
def shrunk_samples(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    shrink: Callable[[Floats, Floats], Floats],
    missing: Missing = "complete_assets",
) -> Floats:
    """Apply a shrinkage to the sample covariances of windows, whose products of returns overlapping windows share.

    Args:
        excess_returns: see `rolling_covariances`, as for the other arguments.
        rows: m rising positions.
        window: number of returns.
        shrink: function of the (k, k) sample covariance, divisor T, and of the (T, k) returns, to a (k, k) covariance.
        missing: treatment of gaps.

    Returns:
        (m, n, n) as from `rolling_covariances`. Each matrix depends only on its own window, up to rounding.
    """
    if missing == "complete_rows":  # windows differ in length, and share nothing
        return rolling_covariances(
            excess_returns, rows, window, lambda returns: shrink(_sample(returns), returns), missing
        )
    covariances = rolling_weighted_covariances(excess_returns, rows, window, missing=missing)
    for at, columns, returns in complete_windows(excess_returns, rows, window, missing):
        inside = np.ix_(columns, columns) if columns.size < excess_returns.shape[1] else (slice(None), slice(None))
        covariances[at][inside] = shrink(covariances[at][inside] * ((len(returns) - 1) / len(returns)), returns)
    return clear_rounding(covariances)


def _sample(returns: Floats) -> Floats:
    """Return the (k, k) sample covariance of (T, k) returns, divisor T."""
    deviations = returns - returns.mean(axis=0)
    sample: Floats = deviations.T @ deviations / len(returns)
    return sample


def scale_correlation(correlation: Floats, volatilities: Floats) -> Floats:
    """Return the (n, n) covariance σ_i ρ_ij σ_j of correlations and (n,) volatilities; its diagonal is exactly σ_i²."""
    covariance: Floats = correlation * volatilities[:, None] * volatilities
    np.fill_diagonal(covariance, volatilities**2)
    return symmetrize(covariance)


def symmetrize(matrix: Floats) -> Floats:
    """Return the mean of an (n, n) matrix and its transpose, which is symmetric to the last bit."""
    return (matrix + matrix.T) / 2


def unit_diagonal(matrix: Floats) -> Floats:
    """Return the (n, n) correlation matrix of a covariance whose variances are above zero."""
    volatilities = np.sqrt(np.diagonal(matrix))
    correlation: Floats = matrix / volatilities[:, None] / volatilities
    np.fill_diagonal(correlation, 1.0)
    return symmetrize(correlation)
