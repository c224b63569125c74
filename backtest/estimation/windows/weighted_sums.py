"""Covariances of rolling windows whose returns have equal weights, or weights that halve with age."""

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

DENSE = 8  # dates in a window's time, from which on shared sums are faster than a product for each
LEAST_BLOCKS = 4  # of a window, the same
SMALLEST = 2.0**-900  # weight of a window's first return, below which shared sums may leave the range of numbers
_TOGETHER = 2**15  # elements of windows that are worked on at a time


@one_blas_thread()
def rolling_weighted_covariances(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    *,
    decay: float = 1.0,
    missing: Missing = "complete_assets",
) -> Floats:
    """`weighted_covariance` of the last `window` excess returns, up to and including each of the given rows.

    Where windows overlap much their sums are shared (`block_sums`): the same up to rounding.

    Args:
        excess_returns: (T, n) decimal per period; NaN where an asset has none.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        decay: weight of a return over that of the one after it.
        missing: as in `window_places`.

    Returns:
        (m, n, n) decimal² per period, symmetric and positive semi-definite up to rounding. NaN in the row and column
        of an asset that is not there, and where a window reaches before the first row. Each matrix depends on the
        returns of its window alone; which other dates are asked for changes it by no more than rounding, and later
        ones not at all.

    Raises:
        EstimationError: by `complete_rows` more than half of a window would be left out.

    Example:
        >>> rolling_weighted_covariances(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
        [nan, 0.0002, 5e-05]
    """
    ends, count = np.asarray(rows, dtype=np.intp), excess_returns.shape[1]
    window = min(window, len(excess_returns) + 1)  # one that is never full, however long
    covariances = np.empty((len(ends), count, count))
    first = int(np.searchsorted(ends, window - 1))
    covariances[:first] = np.nan
    shared = np.zeros(len(ends), dtype=bool)
    if window >= LEAST_BLOCKS * block_rows(window, count) and decay**window > SMALLEST:
        shared[1:] = np.diff(ends) * DENSE <= window
        shared[:1] = True  # whether or not others come after it
    anchors = np.where(shared, ends // window, -1)
    alone: list[int] = []
    room = None
    for anchor, group in groupby(range(first, len(ends)), anchors.__getitem__):
        dates = np.array(list(group))
        part = slice(dates[0], dates[-1] + 1)
        if anchor >= 0:
            room = room_for(window, count) if room is None else room
            kept = covariances[part]
            dates = dates[anchored_covariances(excess_returns, rows[part], window, decay, out=kept, room=room)]
        alone.extend(dates)
    parts = min(len(alone), -(-len(alone) * window * count // _TOGETHER))
    for some in np.array_split(np.array(alone, np.intp), parts) if parts else ():
        windows = excess_returns[ends[some][:, None] + np.arange(1 - window, 1)]
        covariances[some] = weighted_covariance(windows, decay)
    for at, columns, returns in shortened_windows(excess_returns, rows, window, missing):
        covariances[at] = scatter(weighted_covariance(returns, decay), columns, count)
    return clear_rounding(covariances)


def weighted_covariance(returns: Floats, decay: float = 1.0) -> Floats:
    """Covariance of returns whose weights fall by `decay` with each period of age; the sample covariance at 1.

    Σ = Σ_t w_t (x_t - m)(x_t - m)ᵀ / (Σw - Σw² / Σw), m = Σ_t w_t x_t / Σw the weighted mean: without bias where
    returns are independent and alike, as the divisor T - 1 of the sample covariance is. pandas has the same as
    `ewm(alpha=1 - decay).cov()`.

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
    deviations = returns - returns[..., -1:, :]  # so that those that are all the same have no variance, to the last bit
    deviations -= np.matmul(weights, deviations)[..., None, :]
    deviations *= np.sqrt(weights / (1 - weights @ weights))[:, None]
    return clear_rounding(np.matmul(np.swapaxes(deviations, -1, -2), deviations))


@one_blas_thread()
def rolling_weighted_variances(
    excess_returns: Floats, rows: Sequence[int], window: int, *, decay: float = 1.0
) -> Floats:
    """(m, n) the diagonals of `rolling_weighted_covariances` by `complete_assets`, at a small part of their cost.

    >>> rolling_weighted_variances(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
    [nan, 0.0002, 5e-05]
    """
    variances = np.full((len(rows), excess_returns.shape[1]), np.nan)
    window = min(window, len(excess_returns) + 1)  # one that is never full, however long
    weights = relative_weights(window, decay)
    for at, row in enumerate(rows):
        if row + 1 >= window:
            deviations = excess_returns[row + 1 - window : row + 1] - excess_returns[row]
            variances[at] = weights @ (deviations - weights @ deviations) ** 2
    variances /= 1 - weights @ weights
    return np.where(variances <= NO_RISK**2, 0.0, variances)


def relative_weights(count: int, decay: float) -> Floats:
    """(count,) weights of returns, the latest last, adding up to 1. 1 / Σw² is the number of effective observations.

    >>> relative_weights(3, 0.5).round(3).tolist()
    [0.143, 0.286, 0.571]
    """
    weights = np.power(decay, np.arange(count - 1, -1, -1.0))
    return np.asarray(weights / weights.sum())


def rescale_variances(covariances: Floats, variances: Floats) -> Floats:
    """The same correlations with other variances: σ_i ρ_ij σ_j, in place.

    It is DΣD for a diagonal D, and so positive semi-definite where Σ is. Where Σ has a variance of zero there is no
    correlation, and it counts as zero.

    Args:
        covariances: (m, n, n), overwritten.
        variances: (m, n) of the result; NaN for an asset that is not there.

    Example:
        >>> rescale_variances(np.array([[[4.0, 1.0], [1.0, 1.0]]]), np.array([[1.0, 9.0]])).tolist()
        [[[1.0, 1.5], [1.5, 9.0]]]
    """
    own = np.einsum("mii->mi", covariances)
    ratios = np.sqrt(np.divide(variances, own, out=np.zeros_like(own), where=own != 0))
    covariances *= ratios[:, :, None] * ratios[:, None, :]
    own[:] = np.where(np.isnan(own), np.nan, variances)
    return covariances
