"""The sample covariance over a rolling window."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backtest.estimation.estimator import Array, Estimator, window_rows


class Sample(Estimator):
    """The sample covariance of the last `window` excess returns, divisor window - 1."""

    covariance: Literal["sample"] = "sample"

    def covariances(self, excess_returns: Array, rows: Sequence[int], periods_per_year: int) -> Array:
        """As `Estimator.covariances`."""
        return rolling_sample_covariance(excess_returns, rows, window_rows(self.window, periods_per_year))


def rolling_sample_covariance(
    excess_returns: NDArray[np.float64], rows: Sequence[int], window: int
) -> NDArray[np.float64]:
    """Sample covariance of the last `window` excess returns, up to and including each of the given rows.

    Σ = XᵀX / (window - 1), X the deviations from the window's own mean.

    Args:
        excess_returns: (T, n) decimal per period.
        rows: m positions in 0..T-1.
        window: number of returns, at least 2.

    Returns:
        (m, n, n) decimal² per period. The row and column of an asset that lacks any of the window's returns (NaN, or
        a window reaching before the first row) are NaN. Each matrix depends on its own window alone, bit for bit.

    Example:
        >>> rolling_sample_covariance(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
        [nan, 0.0002, 5e-05]
    """
    count = excess_returns.shape[1]
    covariances = np.full((len(rows), count, count), np.nan)
    for k, row in enumerate(rows):
        if row + 1 >= window:
            deviations = excess_returns[row + 1 - window : row + 1]
            deviations = deviations - deviations.mean(axis=0)
            covariances[k] = deviations.T @ deviations / (window - 1)
    return covariances
