"""The sample covariance of all returns so far."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from backtest.estimation.estimator import Array, Estimator, window_rows
from backtest.estimation.windows import complete_windows, scattered


class Expanding(Estimator):
    """The sample covariance of all excess returns since the first, `window` of them at least."""

    covariance: Literal["expanding"] = "expanding"

    def covariances(self, excess_returns: Array, rows: Sequence[int], periods_per_year: int) -> Array:
        """As `Estimator.covariances`."""
        least, count = window_rows(self.window, periods_per_year), excess_returns.shape[1]
        covariances = np.full((len(rows), count, count), np.nan)
        for at, columns, returns in complete_windows(excess_returns, rows, least, self.missing, expanding=True):
            deviations = returns - returns.mean(axis=0)
            covariances[at] = scattered(deviations.T @ deviations / (len(returns) - 1), columns, count)
        return covariances
