"""From the sums of two sides of an anchor to covariances, compiled: one pass over memory instead of six."""

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
    """Covariances (S - s sᵀ) / divisor of windows whose sums S are those of their ends and of whole blocks.

    Args:
        ends: (m, n + 1, n + 1) sums of what a window has past its whole blocks; the last column, without its last
            element, for s.
        forwards: (b, n + 1, n + 1) sums over the first 0, 1, ... whole blocks after the anchor.
        after: (m,) which of them each window has.
        backwards: the same before the anchor.
        before: the same.
        factors: (m,) by which all sums of a window are multiplied.
        divisor: of all windows.
        limit: of s_i² as a multiple of what is left, beyond which rounding is larger than need be.
        out: (m, n, n) that is filled.
        worse: (m,) that is filled: whether any asset is beyond the limit.
    """
    count = out.shape[1]
    sums = np.empty(count)
    for k in range(out.shape[0]):
        end, forward, backward = ends[k], forwards[after[k]], backwards[before[k]]
        factor, covariance = factors[k], out[k]
        for i in range(count):
            sums[i] = (end[i, count] + forward[i, count] + backward[i, count]) * factor
        worse[k] = False
        for i in range(count):
            for j in range(count):
                total = (end[i, j] + forward[i, j] + backward[i, j]) * factor
                covariance[i, j] = (total - sums[i] * sums[j]) / divisor
            worse[k] |= sums[i] * sums[i] > limit * (covariance[i, i] * divisor)
