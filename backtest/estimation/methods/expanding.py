"""The sample covariance of all returns so far."""

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
    """The sample covariance of all excess returns so far, `window` of them at least.

    It begins at the first row since which all assets that are there have returns (by `missing: complete_assets`,
    without a gap): an asset that joins shortens the history of all.
    """

    covariance: Literal["expanding"] = "expanding"
    formula: ClassVar[str] = "Σ x xᵀ / (T - 1) over all returns so far, at least `window` of them"

    def covariances(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """As `Estimator.covariances`."""
        return expanding_sample_covariance(
            excess_returns, rows, window_rows(self.window, periods_per_year), self.missing
        )


@one_blas_thread()
def expanding_sample_covariance(
    excess_returns: Floats, rows: Sequence[int], least: int, missing: Missing = "complete_assets"
) -> Floats:
    """Sample covariance of all excess returns up to and including each of the given rows.

    Σ = XᵀX / (T - 1), X the deviations from the mean of the T returns. The sums of products go on from date to date,
    of returns less their mean at the first of the dates; they begin anew where assets join or leave.

    Args:
        excess_returns: (T, n) decimal per period; NaN where an asset has none.
        rows: m rising positions in 0..T-1.
        least: number of returns that an asset needs, at least 2.
        missing: as in `window_places`.

    Returns:
        (m, n, n) decimal² per period, NaN in the row and column of an asset that is not there. Other dates asked for
        change it by no more than rounding, later ones not at all.

    Raises:
        EstimationError: by `complete_rows` more than half of the rows would be left out.

    Example:
        >>> expanding_sample_covariance(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
        [nan, 0.0002, 0.0001]
    """
    count = excess_returns.shape[1]
    covariances = np.full((len(rows), count, count), np.nan)
    sums = None
    for at, columns, kept in window_places(excess_returns, rows, least, missing, expanding=True):
        if sums is None or not sums.go_on_to(columns, kept):
            sums = _Sums(excess_returns, columns, kept)
        covariances[at] = scatter(sums.covariance_at(kept), columns, count)
    return clear_rounding(covariances)


class _Sums:
    """Sums of the products of the returns of some assets, less their first mean, up to some row."""

    def __init__(self, excess_returns: Floats, columns: NDArray[np.intp], kept: NDArray[np.intp]) -> None:
        self._returns, self._columns, self._first, self._done = excess_returns, columns, kept[0], 0
        self._shift = excess_returns[np.ix_(kept, columns)].mean(axis=0)
        self._products, self._sum = np.zeros((columns.size, columns.size)), np.zeros(columns.size)

    def go_on_to(self, columns: NDArray[np.intp], kept: NDArray[np.intp]) -> bool:
        """Whether this window is the last one, and more rows."""
        return bool(kept[0] == self._first) and np.array_equal(columns, self._columns)

    def covariance_at(self, kept: NDArray[np.intp]) -> Floats:
        """The covariance of the returns on these rows, of which those before are the first."""
        shifted = self._returns[np.ix_(kept[self._done :], self._columns)] - self._shift
        self._products += shifted.T @ shifted
        self._sum += shifted.sum(axis=0)
        self._done = len(kept)
        mean = self._sum / np.sqrt(len(kept))
        covariance: Floats = (self._products - mean[:, None] * mean) / (len(kept) - 1)
        if (mean**2 > ILL_CONDITIONED * (len(kept) - 1) * np.diagonal(covariance)).any():
            return weighted_covariance(self._returns[np.ix_(kept, self._columns)])
        return covariance
