"""Compiled measures of many draws of the bootstrap: one pass for each draw, without storing its rows."""

import numpy as np

from backtest.analysis.uncertainty.bootstrap_kernel import after, any_row, bits, next_row, stream
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import kernel

_ROUNDING = 1e-12  # of a sum of squares: the variance of a draw that repeats a single period


@kernel
def measure_draws(seed: int, first: int, begin: np.uint64, periods: Floats, measures: Floats) -> None:
    """Fill in each draw's growth, standard deviations, mean and deepest drawdown.

    Args:
        seed: seed of all draws.
        first: number of the first draw.
        begin: probability that a block begins, from `bootstrap_kernel.block_chance`.
        periods: (P, 3) growth, 1 + return; return less its mean; excess return less its mean.
        measures: (5, k) output: growth over all periods; standard deviation (ddof 1) of the returns; mean and standard
            deviation of the excess returns less their mean; lowest NAV / peak.
    """
    count = len(periods)
    for draw in range(measures.shape[1]):
        state = stream(seed, first + draw)
        at = any_row(bits(state), count) - 1
        nav, below_peak, lowest = 1.0, 1.0, 1.0
        total = squares = excess_total = excess_squares = 0.0
        for _ in range(count):
            state = after(state)
            at = next_row(bits(state), at, begin, count)
            growth, deviation, excess = periods[at, 0], periods[at, 1], periods[at, 2]
            nav *= growth
            below_peak = min(below_peak * growth, 1.0)
            lowest = min(lowest, below_peak)
            total += deviation
            squares += deviation * deviation
            excess_total += excess
            excess_squares += excess * excess
        measures[0, draw] = nav
        measures[1, draw] = _deviation(total, squares, count)
        measures[2, draw] = excess_total / count
        measures[3, draw] = _deviation(excess_total, excess_squares, count)
        measures[4, draw] = lowest


@kernel
def _deviation(total: float, squares: float, count: int) -> float:
    about_mean = squares - total * total / count
    return np.sqrt(about_mean / (count - 1)) if about_mean > _ROUNDING * squares else 0.0
