"""Sums in NumPy's order, compiled, so that a compiled measure has the same bits as the NumPy measure it stands for.

NumPy adds a contiguous array in eight interleaved sums and, above 128 elements, in halves; the rounding grows with
log n instead of n (Higham 1993).
"""

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel, uncounted_kernel

_BLOCK = 128
_AT = np.uint64  # an unsigned position, which Numba does not compare with zero at each access


_DEEPEST = 64  # halvings of an array

RIGHT, LEFT = range(2)  # rows of the scratch table: size of a right half that is still to come, sum of the left half


def new_halves() -> Floats:
    """Return the scratch table of `pairwise_sum`."""
    return np.zeros((2, _DEEPEST))


@uncounted_kernel
def pairwise_sum(values: Floats, count: int, halves: Floats) -> float:
    """Return the sum of the first elements, to the last bit as `numpy.sum` has it.

    Args:
        values: contiguous array; NaN gives NaN.
        count: number of elements.
        halves: scratch table of `new_halves`.

    Example:
        >>> values = np.random.default_rng(0).normal(size=1000)
        >>> bool(pairwise_sum(values, 1000, new_halves()) == values.sum())
        True
    """
    first, depth, size, total = 0, 0, count, 0.0
    while True:
        # Halve the elements down to a block. Numba cannot store the compiled code of a recursion.
        while size > _BLOCK:
            half = size // 2
            half -= half % 8
            halves[RIGHT, depth] = size - half
            depth += 1
            size = half
        total = _block_sum(values, first, size)
        first += size
        # Add the sums of halves that are complete; a left half waits for the right one.
        while depth > 0 and halves[RIGHT, depth - 1] == 0.0:
            depth -= 1
            total = halves[LEFT, depth] + total
        if depth == 0:
            return total
        halves[LEFT, depth - 1], size = total, int(halves[RIGHT, depth - 1])
        halves[RIGHT, depth - 1] = 0.0


@inlined_kernel
def _block_sum(values: Floats, first: int, count: int) -> float:
    """Return the sum of up to 128 elements in eight interleaved sums."""
    total, k = 0.0, _AT(first)
    if count >= 8:
        end = _AT(first + count - count % 8)
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
