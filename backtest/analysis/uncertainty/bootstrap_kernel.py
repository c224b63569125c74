"""Compiled random rows of the stationary bootstrap.

Each draw has its own stream of random bits: SplitMix64 (Steele, Lea, Flood 2014), started from a hash of the seed and
the number of the draw. Draws are therefore the same on any number of cores.
"""

import numpy as np

from backtest.numerics.arrays import Ints
from backtest.numerics.numba_kernels import inlined_kernel, kernel

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@kernel
def draw_rows(seed: int, first: int, begin: np.uint64, rows: Ints) -> None:
    """Fill in the rows of the draws `first`, `first` + 1, and so on.

    Args:
        seed: seed of all draws, below 2^32.
        first: number of the first draw, below 2^32.
        begin: probability that a block begins, from `block_chance`.
        rows: (k, P) output, positions of the drawn periods.
    """
    draws, count = rows.shape
    for draw in range(draws):
        state = stream(seed, first + draw)
        at = any_row(bits(state), count) - 1
        for column in range(count):
            state = after(state)
            at = next_row(bits(state), at, begin, count)
            rows[draw, column] = at


def block_chance(length: float) -> np.uint64:
    """Return the probability 1 / length that a block begins, in units of 2^-32."""
    return np.uint64(round(2**32 / length))


@inlined_kernel
def stream(seed: int, draw: int) -> np.uint64:
    """Return the state before the first bits of a draw."""
    return bits((np.uint64(seed) << _32) + np.uint64(draw))


@inlined_kernel
def after(state: np.uint64) -> np.uint64:
    """Return the next state."""
    return state + _STEP


@inlined_kernel
def bits(state: np.uint64) -> np.uint64:
    """Return 64 random bits of a state."""
    mixed = (state ^ (state >> _30)) * _FIRST
    mixed = (mixed ^ (mixed >> _27)) * _SECOND
    return mixed ^ (mixed >> _31)


@inlined_kernel
def any_row(random: np.uint64, count: int) -> np.int64:
    """Choose one of `count` rows by the low half of random bits."""
    return np.int64(((random & _LOW) * np.uint64(count)) >> _32)


@inlined_kernel
def next_row(random: np.uint64, at: np.int64, begin: np.uint64, count: int) -> np.int64:
    """Return the row after `at`: the next one, the first one after the last, or any row if a block begins.

    The high half of the bits decides whether a block begins. The code has no branch, because a processor could not
    predict it; arithmetic takes half as long.
    """
    following = at + 1
    following -= count * np.int64(following == count)
    return following + np.int64((random >> _32) < begin) * (any_row(random, count) - following)
