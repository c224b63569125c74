"""Covariances of many overlapping windows, each return multiplied about three times instead of once a window.

Rows 0, W, 2W, ... are anchors: a window of W rows holds exactly one. The products of the returns before an anchor are
summed backwards from it, those after it forwards, in blocks of rows; a window is a sum of both, with what it has of two
more blocks at its ends. Nothing is ever subtracted that was added before, so no digits are lost where volatility falls
after a crisis, and a window depends on no value outside it. (The trick is that of a queue made of two stacks.)

Returns are taken less that of the anchor, which lies in all of its windows (the shifted-data algorithm of Chan, Golub
and LeVeque 1983, "Algorithms for Computing the Sample Variance"). With d the mean of what is left,
Σ = (Σ_t x_t x_tᵀ - W d dᵀ) / (W - 1); its rounding error is about 1 + W d² / Σ(x - d)² times that of a product of
deviations from the mean. Where that is large (the anchor's return is an outlier) the window is worked out by itself.

Weights that halve with age are, seen from the anchor, the same for all of its windows but for one factor.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.blas import one_blas_thread

BLOCKS = 16  # of a window; more are more sums, fewer are longer ends
LEAST_BLOCK = 16  # rows: below, adding a block up costs more than multiplying its rows
MEMORY = 2**27  # bytes that the blocks' sums of one anchor may take
ILL_CONDITIONED = 100.0  # W d² / Σ(x - d)²: two digits lost of sixteen
SHARED = 100  # assets from which on matrices are worth a thread
_TOGETHER = 2**15  # elements that are worked on at a time: they stay in the processor's cache


def block_rows(window: int, count: int) -> int:
    """Rows of a block for a window and a number of assets.

    >>> block_rows(756, 6), block_rows(756, 500), block_rows(756, 1000)
    (47, 47, 91)
    """
    return max(window // BLOCKS, LEAST_BLOCK, -(-2 * window * 8 * count**2 // MEMORY))


def room_for(window: int, count: int) -> Floats:
    """(2, b, n + 1, n + 1) memory for the sums of the blocks on both sides of an anchor, to be used again and again."""
    return np.empty((2, window // block_rows(window, count) + 1, count + 1, count + 1))


def anchored_covariances(
    excess_returns: Floats, rows: Sequence[int], window: int, decay: float, *, out: Floats, room: Floats
) -> Bools:
    """Weighted covariances of windows that hold the same anchor, `window` × (rows[0] // window).

    Args:
        excess_returns: (T, n) decimal per period.
        rows: (m,) rising positions, all with the same rows // window, at least window - 1.
        window: number of returns.
        decay: weight of a return over that of the one after it, 1 for the sample covariance.
        out: (m, n, n) that is filled with the covariances; NaN in the row and column of an asset with a NaN in the
            window.
        room: of `room_for` the same window and number of assets; what was in it does not matter.

    Returns:
        (m,) True where rounding errors are larger than need be, for any asset: to be worked out in another way.
    """
    from backtest.estimation.windows.sums_kernel import combine
    from backtest.numerics.numba_kernels import share_out

    ends, count = np.asarray(rows) + 1, excess_returns.shape[1]
    anchor, step = int(rows[0] // window * window), block_rows(window, count)
    begin, end = ends[0] - window, ends[-1]
    shifted = np.zeros((end - begin + 1, count + 1))  # the last column for the sums of the others, the last row empty
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
            rest = shifted[at] if together > 1 else shifted[at[at >= 0]][None]  # of large matrices no empty rows
            products = np.matmul(rest.transpose(0, 2, 1), rest)
            blocks = room[0], after[part] // step, room[1], before[part] // step
            combine(products, *blocks, factors[part], divisor, ILL_CONDITIONED, out[part], worse[part])

    with one_blas_thread():
        share_out(add_blocks, 2, least=2 if count < SHARED else 1)
        share_out(add_up, len(ends), least=len(ends) if count < SHARED else 1)
    return worse


def _sum_of_weights(window: int, decay: float) -> tuple[float, float]:
    """Σw, the last weight being 1, and the divisor Σw - Σw² / Σw of a covariance without bias."""
    if decay == 1:
        return window, window - 1
    weights = np.power(decay, np.arange(window))
    total = float(weights.sum())
    return total, total - float(weights @ weights) / total


def _past_whole_blocks(lengths: NDArray[np.intp], step: int, begin: int, direction: int) -> NDArray[np.intp]:
    """(m, step - 1) places of what `lengths` rows from `begin` on have past their last whole block, then -1."""
    of_block = np.arange(step - 1)
    places = begin + direction * ((lengths // step * step)[:, None] + of_block)
    return np.where(of_block < (lengths % step)[:, None], places, -1)


def _block_sums(rows: Floats, step: int, sums: Floats) -> None:
    """Σ x xᵀ over the first 0, 1, ... whole blocks of `step` rows, into the first of `sums`."""
    whole, count = len(rows) // step, rows.shape[1]
    blocks = np.ascontiguousarray(rows[: whole * step]).reshape(whole, step, count)
    sums[0] = 0.0
    together = max(1, _TOGETHER // count**2)
    for first in range(0, whole, together):
        part = blocks[first : first + together]
        for k, product in enumerate(np.matmul(part.transpose(0, 2, 1), part), first):
            np.add(sums[k], product, out=sums[k + 1])
