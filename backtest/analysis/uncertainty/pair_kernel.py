"""Compiled draws of pairs of histories from the models of two runs whose periods stay together."""

import numpy as np

from backtest.analysis.uncertainty.batches import BATCHES
from backtest.analysis.uncertainty.bootstrap_kernel import after, any_row, bits, stream
from backtest.analysis.uncertainty.history_kernel import Model, drawn_autocorrelation, uniform
from backtest.analysis.uncertainty.volatility_kernel import filter_shocks
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.numba_kernels import inlined_kernel, kernel


@kernel
def draw_variance_ratios(seed: int, begin: int, end: int, one: Model, other: Model, ends: Ints, out: Floats) -> None:
    """Fill in the log ratio of variances, less the sample's, over its standard error, of the draws begin..end - 1.

    Args:
        seed: seed of all draws.
        begin: number of the first draw.
        end: number after the last draw.
        one: model of a run.
        other: model of the other run, over the same periods.
        ends: (BATCHES,) number of periods up to the end of each batch.
        out: (k,) output.
    """
    count = len(one.values)
    variances, other_variances = np.empty(count), np.empty(count)
    shocks, other_shocks = np.empty(count), np.empty(count)
    moments = np.empty((4, BATCHES))  # sums and sums of squares of both
    for draw in range(begin, end):
        # -------------------------------------------------------- shocks by the parameters of the draw, for each run
        row, other_row = one.rows[draw], other.rows[draw]
        alpha, phi = one.parameters[row, 0], one.parameters[row, 1]
        other_alpha, other_phi = other.parameters[other_row, 0], other.parameters[other_row, 1]
        filter_shocks(one.residuals, one.parameters[row], one.first, variances, shocks)
        filter_shocks(other.residuals, other.parameters[other_row], other.first, other_variances, other_shocks)

        # -------------------------------- an autocorrelation that both miss alike, and a period of the run as the start
        state = stream(seed, draw)
        normal = 0.0
        for _ in range(4):
            state = after(state)
            normal += uniform(bits(state)) - 0.5
        follows = drawn_autocorrelation(one.autocorrelation, normal, count)
        other_follows = drawn_autocorrelation(other.autocorrelation, normal, count)
        fresh, other_fresh = np.sqrt(1 - follows * follows), np.sqrt(1 - other_follows * other_follows)
        state = after(state)
        start = any_row(bits(state), count)
        value, other_value = one.values[start], other.values[start]
        variance, other_variance = variances[start], other_variances[start]

        # -------------------------------------------------------------- periods, whose shocks are of the same period
        t = 0
        for batch in range(BATCHES):
            total = square = other_total = other_square = 0.0
            while t < ends[batch]:
                state = after(state)
                chosen = any_row(bits(state), count)
                shock, other_shock = np.sqrt(variance) * shocks[chosen], np.sqrt(other_variance) * other_shocks[chosen]
                variance = 1 - phi + alpha * shock * shock + (phi - alpha) * variance
                other_variance = (
                    1 - other_phi + other_alpha * other_shock * other_shock + (other_phi - other_alpha) * other_variance
                )
                value = follows * value + fresh * shock
                other_value = other_follows * other_value + other_fresh * other_shock
                total += value
                square += value * value
                other_total += other_value
                other_square += other_value * other_value
                t += 1
            moments[0, batch], moments[1, batch] = total, square
            moments[2, batch], moments[3, batch] = other_total, other_square
        out[draw] = _studentised(moments, ends)


@kernel
def _studentised(moments: Floats, ends: Ints) -> float:
    """Return the log ratio of two variances over its standard error by batches; see `batches.batch_errors`."""
    count = ends[-1]
    mean, other_mean = moments[0].sum() / count, moments[2].sum() / count
    variance = moments[1].sum() / count - mean * mean
    other_variance = moments[3].sum() / count - other_mean * other_mean
    squares, begin = 0.0, 0
    for batch in range(BATCHES):
        size = ends[batch] - begin
        influence = _spread(moments[0, batch], moments[1, batch], mean, size) / variance
        influence -= _spread(moments[2, batch], moments[3, batch], other_mean, size) / other_variance
        squares += influence * influence
        begin = ends[batch]
    error = np.sqrt(BATCHES / (BATCHES - 1) * squares) / count
    return float(np.log(variance / other_variance) / error)


@inlined_kernel
def _spread(total: float, square: float, mean: float, size: int) -> float:
    """Return the sum of squared deviations from the mean of all batches."""
    return square - 2 * mean * total + size * mean * mean
