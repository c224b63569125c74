"""Estimates over rolling windows: which assets a window can speak of, and what stands for the others."""

from collections.abc import Callable, Sequence

import numpy as np

from backtest.estimation.constant_assets import clear_rounding
from backtest.estimation.estimator import Missing
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
    """An estimate from the last `window` excess returns, up to and including each of the given rows.

    Args:
        excess_returns: (T, n) decimal per period; NaN where an asset has none.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        estimate: from (window, k) returns, none missing, to their (k, k) covariance.
        missing: what a gap inside a window leaves out, the asset or the row (`window_sizes`).

    Returns:
        (m, n, n) decimal² per period, NaN for what is left out, zeros for an asset whose variance is rounding. Each
        matrix depends on its own window alone, bit for bit.

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


def scale_correlation(correlation: Floats, volatilities: Floats) -> Floats:
    """(n, n) covariance of a correlation matrix and (n,) volatilities: σ_i ρ_ij σ_j, its diagonal σ_i² exactly."""
    covariance: Floats = correlation * volatilities[:, None] * volatilities
    np.fill_diagonal(covariance, volatilities**2)
    return symmetrize(covariance)


def symmetrize(matrix: Floats) -> Floats:
    """(n, n) the mean of a matrix and its transpose: symmetric to the last bit where it was so up to rounding."""
    return (matrix + matrix.T) / 2


def unit_diagonal(matrix: Floats) -> Floats:
    """(n, n) the correlation matrix of a covariance whose variances are above zero."""
    volatilities = np.sqrt(np.diagonal(matrix))
    correlation: Floats = matrix / volatilities[:, None] / volatilities
    np.fill_diagonal(correlation, 1.0)
    return symmetrize(correlation)
