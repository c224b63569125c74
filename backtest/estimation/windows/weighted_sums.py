"""Covariances of rolling windows with equal weights, or with weights that halve with age."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from backtest.estimation.constant_assets import clear_rounding
from backtest.estimation.estimator import Missing
from backtest.estimation.windows.block_sums import anchored_covariances, block_rows, room_for
from backtest.estimation.windows.window_sizes import scatter, shortened_windows
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import NO_RISK

DENSE = 8  # dates within one window: from here on, shared sums are faster than one product a date
LEAST_BLOCKS = 4  # blocks in a window: from here on, shared sums are faster
SMALLEST = 2.0**-900  # weight of a window's first return; with less, shared sums may underflow or overflow
_TOGETHER = 2**15  # elements of windows processed at a time


@one_blas_thread()
def rolling_weighted_covariances(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    *,
    decay: float = 1.0,
    missing: Missing = "complete_assets",
) -> Floats:
    """Return the `weighted_covariance` of the last `window` excess returns, up to and including each given row.

    If windows overlap a lot, their sums are shared (`block_sums`); the result is the same up to rounding.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        decay: weight of a return relative to the weight of the next return.
        missing: as in `window_places`.

    Returns:
        (m, n, n) decimal² per period, symmetric and positive semi-definite up to rounding. NaN in the row and column
        of an asset that is not available, and everywhere if a window begins before the first row. Each matrix depends
        only on the returns of its window. Requesting other dates changes it by no more than rounding; requesting later
        dates does not change it at all.

    Raises:
        EstimationError: `complete_rows` would leave out more than half of a window.

    Example:
        >>> rolling_weighted_covariances(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
        [nan, 0.0002, 5e-05]
    """
    ends, count = np.asarray(rows, dtype=np.intp), excess_returns.shape[1]
    window = min(window, len(excess_returns) + 1)  # a window longer than the data is never full
    covariances = np.empty((len(ends), count, count))
    first = int(np.searchsorted(ends, window - 1))
    covariances[:first] = np.nan
    shared = np.zeros(len(ends), dtype=bool)
    if window >= LEAST_BLOCKS * block_rows(window, count) and decay**window > SMALLEST:
        shared[1:] = np.diff(ends) * DENSE <= window
        shared[:1] = True  # whether or not other dates follow
    anchors = np.where(shared, ends // window, -1)
    alone: list[int] = []
    room = None
    for anchor, group in groupby(range(first, len(ends)), anchors.__getitem__):
        dates = np.array(list(group))
        part = slice(dates[0], dates[-1] + 1)
        if anchor >= 0:
            room = room_for(window, count) if room is None else room
            filled = covariances[part]
            dates = dates[anchored_covariances(excess_returns, rows[part], window, decay, out=filled, room=room)]
        alone.extend(dates)
    parts = min(len(alone), -(-len(alone) * window * count // _TOGETHER))
    for chunk in np.array_split(np.array(alone, np.intp), parts) if parts else ():
        windows = excess_returns[ends[chunk][:, None] + np.arange(1 - window, 1)]
        covariances[chunk] = weighted_covariance(windows, decay)
    for at, columns, returns in shortened_windows(excess_returns, rows, window, missing):
        covariances[at] = scatter(weighted_covariance(returns, decay), columns, count)
    return clear_rounding(covariances)


def weighted_covariance(returns: Floats, decay: float = 1.0) -> Floats:
    """Return the covariance of returns whose weights fall by `decay` per period of age; 1 gives the sample covariance.

    Σ = Σ_t w_t (x_t - m)(x_t - m)ᵀ / (Σw - Σw² / Σw), m = Σ_t w_t x_t / Σw the weighted mean. Like the divisor T - 1
    of the sample covariance, this divisor gives no bias if returns are independent and identically distributed. It
    equals `ewm(alpha=1 - decay).cov()` in pandas.

    Args:
        returns: (..., T, n) decimal per period, the latest last.
        decay: above 0, at most 1.

    Returns:
        (..., n, n) decimal² per period; zeros for an asset whose variance is rounding.

    Example:
        >>> weighted_covariance(np.array([[0.01], [0.03], [0.02]]), 0.5).round(7).tolist()
        [[7.14e-05]]
    """
    weights = relative_weights(returns.shape[-2], decay)
    deviations = returns - returns[..., -1:, :]  # constant returns have a variance of exactly zero
    deviations -= np.matmul(weights, deviations)[..., None, :]
    deviations *= np.sqrt(weights / (1 - weights @ weights))[:, None]
    return clear_rounding(np.matmul(np.swapaxes(deviations, -1, -2), deviations))


@one_blas_thread()
def rolling_weighted_variances(
    excess_returns: Floats, rows: Sequence[int], window: int, *, decay: float = 1.0
) -> Floats:
    """Return the (m, n) diagonals of `rolling_weighted_covariances` with `complete_assets`, at a fraction of the cost.

    >>> rolling_weighted_variances(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
    [nan, 0.0002, 5e-05]
    """
    variances = np.full((len(rows), excess_returns.shape[1]), np.nan)
    window = min(window, len(excess_returns) + 1)  # a window longer than the data is never full
    weights = relative_weights(window, decay)
    for at, row in enumerate(rows):
        if row + 1 >= window:
            deviations = excess_returns[row + 1 - window : row + 1] - excess_returns[row]
            variances[at] = weights @ (deviations - weights @ deviations) ** 2
    variances /= 1 - weights @ weights
    return np.where(variances <= NO_RISK**2, 0.0, variances)


def relative_weights(count: int, decay: float) -> Floats:
    """Return (count,) weights of returns, the latest last, that sum to 1; 1 / Σw² is the effective number of them.

    >>> relative_weights(3, 0.5).round(3).tolist()
    [0.143, 0.286, 0.571]
    """
    weights = np.power(decay, np.arange(count - 1, -1, -1.0))
    return np.asarray(weights / weights.sum())


def rescale_variances(covariances: Floats, variances: Floats) -> Floats:
    """Replace variances and keep correlations, in place: σ_i ρ_ij σ_j.

    The result is DΣD for a diagonal D, so it is positive semi-definite if Σ is. The correlations of an asset whose
    variance in Σ is zero count as zero.

    Args:
        covariances: (m, n, n), overwritten.
        variances: (m, n) variances of the result; NaN for an asset that is not available.

    Example:
        >>> rescale_variances(np.array([[[4.0, 1.0], [1.0, 1.0]]]), np.array([[1.0, 9.0]])).tolist()
        [[[1.0, 1.5], [1.5, 9.0]]]
    """
    diagonal = np.einsum("mii->mi", covariances)
    ratios = np.sqrt(np.divide(variances, diagonal, out=np.zeros_like(diagonal), where=diagonal != 0))
    covariances *= ratios[:, :, None] * ratios[:, None, :]
    diagonal[:] = np.where(np.isnan(diagonal), np.nan, variances)
    return covariances
