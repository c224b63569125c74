"""Sample covariance of all returns so far."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from backtest.estimation.constant_assets import clear_rounding
from backtest.estimation.estimator import Estimator, Missing, window_rows
from backtest.estimation.windows.block_sums import ILL_CONDITIONED
from backtest.estimation.windows.weighted_sums import weighted_covariance
from backtest.estimation.windows.window_sizes import scatter, window_places
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread


class Expanding(Estimator):
    """Sample covariance of all excess returns so far, at least `window` of them.

    The history begins at the first row from which all available assets have returns (without a gap, if `missing` is
    `complete_assets`). An asset that joins therefore shortens the history of all assets.

    Definitions: docs/conventions/estimation.md#sample-and-expanding-windows
    """

    covariance: Literal["expanding"] = "expanding"
    formula: ClassVar[str] = "Σ x xᵀ / (T - 1) over all returns so far, at least `window` of them"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        return expanding_sample_covariance(
            excess_returns, rows, window_rows(self.window, periods_per_year), self.missing
        )


@one_blas_thread()
def expanding_sample_covariance(
    excess_returns: Floats, rows: Sequence[int], least: int, missing: Missing = "complete_assets"
) -> Floats:
    """Return the sample covariance of all excess returns up to and including each of the given rows.

    Σ = XᵀX / (T - 1), X the deviations from the mean of the T returns. Running sums of products are carried from date
    to date, of returns less their mean on the first date. They start again when assets join or leave.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        least: number of returns that an asset needs, at least 2.
        missing: as in `window_places`.

    Returns:
        (m, n, n) decimal² per period, NaN in the row and column of an asset that is not available. Requesting other
        dates changes a matrix by no more than rounding; requesting later dates does not change it at all.

    Raises:
        EstimationError: `complete_rows` would leave out more than half of the rows.

    Example:
        >>> expanding_sample_covariance(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
        [nan, 0.0002, 0.0001]
    """
    count = excess_returns.shape[1]
    covariances = np.full((len(rows), count, count), np.nan)
    sums = None
    for at, columns, rows_used in window_places(excess_returns, rows, least, missing, expanding=True):
        if sums is None or not sums.extends(columns, rows_used):
            sums = _Sums(excess_returns, columns, rows_used)
        covariances[at] = scatter(sums.covariance_at(rows_used), columns, count)
    return clear_rounding(covariances)


class _Sums:
    """Running sums of products of the returns of some assets, less the mean of their first window."""

    def __init__(self, excess_returns: Floats, columns: NDArray[np.intp], rows_used: NDArray[np.intp]) -> None:
        self._returns, self._columns, self._first, self._done = excess_returns, columns, rows_used[0], 0
        self._shift = excess_returns[np.ix_(rows_used, columns)].mean(axis=0)
        self._products, self._sum = np.zeros((columns.size, columns.size)), np.zeros(columns.size)

    def extends(self, columns: NDArray[np.intp], rows_used: NDArray[np.intp]) -> bool:
        """Return whether a window extends the previous window: same assets, same first row."""
        return bool(rows_used[0] == self._first) and np.array_equal(columns, self._columns)

    def covariance_at(self, rows_used: NDArray[np.intp]) -> Floats:
        """Add the new rows, and return the covariance of the returns on all rows."""
        shifted = self._returns[np.ix_(rows_used[self._done :], self._columns)] - self._shift
        self._products += shifted.T @ shifted
        self._sum += shifted.sum(axis=0)
        self._done = len(rows_used)
        mean = self._sum / np.sqrt(len(rows_used))
        covariance: Floats = (self._products - mean[:, None] * mean) / (len(rows_used) - 1)
        if (mean**2 > ILL_CONDITIONED * (len(rows_used) - 1) * np.diagonal(covariance)).any():
            return weighted_covariance(self._returns[np.ix_(rows_used, self._columns)])
        return covariance
