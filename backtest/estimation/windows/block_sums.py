"""Covariances of many overlapping windows, in which each return is multiplied about three times in total.

Rows 0, W, 2W, ... are anchors: a window of W rows holds exactly one. Products of returns are summed in blocks of rows,
backwards from the anchor and forwards from it. A window is the sum of whole blocks on both sides, plus its rows in one
incomplete block at each end. Sums are never subtracted, so no digits are lost when volatility falls after a crisis, and
a window does not depend on values outside it. (A queue made of two stacks uses the same trick.)

The anchor's return is subtracted from all returns, because it lies in all windows of the anchor (the shifted-data
algorithm of Chan, Golub and LeVeque 1983, "Algorithms for Computing the Sample Variance"). With d the mean of the
shifted returns x, Σ = (Σ_t x_t x_tᵀ - W d dᵀ) / (W - 1). Its rounding error is about 1 + W d² / Σ(x - d)² times the
rounding error of a product of deviations from the mean. If this factor is large (the anchor's return is an outlier),
the window is computed by itself.

Weights that halve with age are the same for all windows of an anchor, up to one factor a window.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.blas import one_blas_thread

BLOCKS = 16  # per window; more blocks mean more sums, fewer blocks mean longer ends
LEAST_BLOCK = 16  # rows; adding up a smaller block costs more than multiplying its rows
MEMORY = 2**27  # bytes: limit for the block sums of one anchor
ILL_CONDITIONED = 100.0  # W d² / Σ(x - d)²: two digits lost of sixteen
SHARED = 100  # assets: from this size on, matrices are worth a thread
_TOGETHER = 2**15  # elements processed at a time, so that they stay in the processor's cache


def block_rows(window: int, count: int) -> int:
    """Return the number of rows in a block, for a window and a number of assets.

    >>> block_rows(756, 6), block_rows(756, 500), block_rows(756, 1000)
    (47, 47, 91)
    """
    return max(window // BLOCKS, LEAST_BLOCK, -(-2 * window * 8 * count**2 // MEMORY))


def room_for(window: int, count: int) -> Floats:
    """Allocate (2, b, n + 1, n + 1) reusable memory for the block sums on both sides of an anchor."""
    return np.empty((2, window // block_rows(window, count) + 1, count + 1, count + 1))


def anchored_covariances(
    excess_returns: Floats, rows: Sequence[int], window: int, decay: float, *, out: Floats, room: Floats
) -> Bools:
    """Fill in weighted covariances of windows that hold the same anchor, row `window` × (rows[0] // window).

    Args:
        excess_returns: (T, n) decimal per period.
        rows: (m,) rising positions, all with the same rows // window, at least window - 1.
        window: number of returns.
        decay: weight of a return relative to the weight of the next return; 1 for the sample covariance.
        out: (m, n, n), filled with the covariances; NaN in the row and column of an asset with a NaN in the window.
        room: memory from `room_for`, for the same window and number of assets; its contents do not matter.

    Returns:
        (m,) True if the rounding error of any asset is avoidably large; these windows need another computation.
    """
    from backtest.estimation.windows.sums_kernel import combine
    from backtest.numerics.numba_kernels import share_out

    ends, count = np.asarray(rows) + 1, excess_returns.shape[1]
    anchor, step = int(rows[0] // window * window), block_rows(window, count)
    begin, end = ends[0] - window, ends[-1]
    shifted = np.zeros((end - begin + 1, count + 1))  # last column: for the sums of the others; last row: zeros
    np.subtract(excess_returns[begin:end], excess_returns[anchor], out=shifted[:-1, :-1])
    total, divisor = _sum_of_weights(window, decay)
    shifted[:-1, -1] = 1 / np.sqrt(total)
    if decay != 1:
        shifted[:-1] *= np.power(decay, (anchor - np.arange(begin, end)) / 2)[:, None]
    sides = (shifted[anchor - begin : -1], shifted[: anchor - begin][::-1])
    after, before = ends - anchor, anchor - (ends - window)  # rows of each window
    places_after = _past_whole_blocks(after, step, anchor - begin, 1)
    places_before = _past_whole_blocks(before, step, anchor - begin - 1, -1)
    places = np.hstack([places_after, places_before])
    worse = np.zeros(len(ends), dtype=bool)
    factors = np.power(decay, after - 1.0)
    together = max(1, _TOGETHER // count**2)

    def add_blocks(first: int, last: int) -> None:
        for side in range(first, last):
            _block_sums(sides[side], step, room[side])

    def add_up(first: int, last: int) -> None:
        for part in (slice(k, min(k + together, last)) for k in range(first, last, together)):
            at = places[part]
            rest = shifted[at] if together > 1 else shifted[at[at >= 0]][None]  # large matrices: without empty rows
            products = np.matmul(rest.transpose(0, 2, 1), rest)
            blocks = room[0], after[part] // step, room[1], before[part] // step
            combine(products, *blocks, factors[part], divisor, ILL_CONDITIONED, out[part], worse[part])

    with one_blas_thread():
        share_out(add_blocks, 2, least=2 if count < SHARED else 1)
        share_out(add_up, len(ends), least=len(ends) if count < SHARED else 1)
    return worse


def _sum_of_weights(window: int, decay: float) -> tuple[float, float]:
    """Return Σw, where the last weight is 1, and the divisor Σw - Σw² / Σw of an unbiased covariance."""
    if decay == 1:
        return window, window - 1
    weights = np.power(decay, np.arange(window))
    total = float(weights.sum())
    return total, total - float(weights @ weights) / total


def _past_whole_blocks(lengths: NDArray[np.intp], step: int, begin: int, direction: int) -> NDArray[np.intp]:
    """Return (m, step - 1) positions of the rows after the last whole block of `lengths` rows from `begin`, then -1."""
    of_block = np.arange(step - 1)
    places = begin + direction * ((lengths // step * step)[:, None] + of_block)
    return np.where(of_block < (lengths % step)[:, None], places, -1)


def _block_sums(rows: Floats, step: int, sums: Floats) -> None:
    """Write Σ x xᵀ over the first 0, 1, ... whole blocks of `step` rows into `sums`."""
    whole, count = len(rows) // step, rows.shape[1]
    blocks = np.ascontiguousarray(rows[: whole * step]).reshape(whole, step, count)
    sums[0] = 0.0
    together = max(1, _TOGETHER // count**2)
    for first in range(0, whole, together):
        part = blocks[first : first + together]
        for k, product in enumerate(np.matmul(part.transpose(0, 2, 1), part), first):
            np.add(sums[k], product, out=sums[k + 1])
