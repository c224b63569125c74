"""Compiled step from the sums on both sides of an anchor to covariances: one pass over memory instead of six."""

import numpy as np

from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.numba_kernels import kernel


@kernel
def combine(
    ends: Floats,
    forwards: Floats,
    after: Ints,
    backwards: Floats,
    before: Ints,
    factors: Floats,
    divisor: float,
    limit: float,
    out: Floats,
    worse: Bools,
) -> None:
    """Fill in the covariances (S - s sᵀ) / divisor of windows, whose sums S add up their ends and whole blocks.

    Args:
        ends: (m, n + 1, n + 1) sums over the rows of a window outside its whole blocks; the last column, without its
            last element, is for s.
        forwards: (b, n + 1, n + 1) sums over the first 0, 1, ... whole blocks after the anchor.
        after: (m,) number of whole blocks of each window after the anchor.
        backwards: (b, n + 1, n + 1) sums over the first 0, 1, ... whole blocks before the anchor.
        before: (m,) number of whole blocks of each window before the anchor.
        factors: (m,) factors of all sums of a window.
        divisor: divisor of all windows.
        limit: largest s_i² as a multiple of the remaining sum of squares; beyond it, rounding is avoidably large.
        out: (m, n, n), filled with covariances.
        worse: (m,), filled with whether any asset is beyond the limit.
    """
    count = out.shape[1]
    sums = np.empty(count)
    for k in range(out.shape[0]):
        end, forward, backward = ends[k], forwards[after[k]], backwards[before[k]]
        factor, covariance = factors[k], out[k]
        # Sums of the returns, from the last column of each part.
        for i in range(count):
            sums[i] = (end[i, count] + forward[i, count] + backward[i, count]) * factor
        # Sums of products, less the product of the sums; and whether that difference has lost digits.
        worse[k] = False
        for i in range(count):
            for j in range(count):
                total = (end[i, j] + forward[i, j] + backward[i, j]) * factor
                covariance[i, j] = (total - sums[i] * sums[j]) / divisor
            worse[k] |= sums[i] * sums[i] > limit * (covariance[i, i] * divisor)
