"""Sums in NumPy's order, compiled, so that a compiled measure has the same bits as the NumPy measure it stands for.

NumPy adds a contiguous array in eight interleaved sums and, above 128 elements, in halves; the rounding grows with
log n instead of n (Higham 1993).
"""

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import uncounted_kernel

_BLOCK = 128
_AT = np.uint64  # an unsigned position, which Numba does not compare with zero at each access


@uncounted_kernel
def pairwise_sum(values: Floats, first: int, count: int) -> float:
    """Return the sum of `count` elements from `first` on, to the last bit as `numpy.sum` has it.

    Args:
        values: contiguous array; NaN gives NaN.
        first: position of the first element.
        count: number of elements.

    Example:
        >>> values = np.random.default_rng(0).normal(size=1000)
        >>> pairwise_sum(values, 0, 1000) == values.sum()
        True
    """
    if count > _BLOCK:
        half = count // 2
        half -= half % 8
        return pairwise_sum(values, first, half) + pairwise_sum(values, first + half, count - half)
    if count < 8:
        total = 0.0
        for k in range(first, first + count):
            total += values[k]
        return total
    k, end = _AT(first), _AT(first + count - count % 8)
    a, b, c, d = values[k], values[k + _AT(1)], values[k + _AT(2)], values[k + _AT(3)]
    e, f, g, h = values[k + _AT(4)], values[k + _AT(5)], values[k + _AT(6)], values[k + _AT(7)]
    k += _AT(8)
    while k < end:
        a += values[k]
        b += values[k + _AT(1)]
        c += values[k + _AT(2)]
        d += values[k + _AT(3)]
        e += values[k + _AT(4)]
        f += values[k + _AT(5)]
        g += values[k + _AT(6)]
        h += values[k + _AT(7)]
        k += _AT(8)
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    while k < _AT(first + count):
        total += values[k]
        k += _AT(1)
    return total
