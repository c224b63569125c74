"""Compiled draws of other histories from the model of a run: one pass for each draw, without storing its periods.

Each draw has its own stream of random bits (`bootstrap_kernel`), so draws are the same on any number of cores.
"""

from typing import NamedTuple

import numpy as np

from backtest.analysis.uncertainty.batches import BATCHES
from backtest.analysis.uncertainty.bootstrap_kernel import after, any_row, bits, stream
from backtest.analysis.uncertainty.volatility_kernel import filter_shocks
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.numba_kernels import inlined_kernel, kernel

LOG_VARIANCE, SHARPE, GROWTH, VARIANCE_ERROR, SHARPE_ERROR, GROWTH_ERROR, DRAWDOWN = range(7)  # rows of the output

_LOWEST = 1e-6  # growth of a period, so that no draw loses more than everything
_MOST_RESCALING = 5.0  # of the deviation of a path
_UNIT = 2.0**-53
_11 = np.uint64(11)


class Model(NamedTuple):
    """A run's model as arrays.

    Args:
        values: (P,) excess returns, of mean 0 and variance 1.
        residuals: (P,) of their autoregression, of mean 0 and variance 1.
        autocorrelation: of the values.
        first: h_1.
        parameters: (n, 3) α, φ and v.
        rows: (k,) row of the parameters of each draw.
    """

    values: Floats
    residuals: Floats
    autocorrelation: float
    first: float
    parameters: Floats
    rows: Ints


class Scale(NamedTuple):
    """Numbers that turn values into returns.

    Args:
        sharpe: mean over deviation of the excess returns, per period.
        mean: mean of the returns, decimal per period.
        deviation: standard deviation of the excess returns, decimal per period.
    """

    sharpe: float
    mean: float
    deviation: float


@kernel
def draw_histories(seed: int, begin: int, end: int, model: Model, scale: Scale, ends: Ints, out: Floats) -> None:
    """Fill in the statistics of the draws begin..end - 1.

    Args:
        seed: seed of all draws.
        begin: number of the first draw.
        end: number after the last draw.
        model: model of the run.
        scale: numbers that turn its values into returns.
        ends: (BATCHES,) number of periods up to the end of each batch.
        out: (7, k) output: log of the variance over the sample's; Sharpe ratio and mean log growth per period; standard
            errors of the three; maximum drawdown of a path with the mean and the deviation of another draw.
    """
    count, draws = len(model.values), out.shape[1]
    variances, gains, shocks = np.empty(count), np.empty(count), np.empty(count)
    sums, squares, logs = np.empty(BATCHES), np.empty(BATCHES), np.empty(BATCHES)
    filtered, mean, deviation = -1, 0.0, 1.0
    for draw in range(begin - 1, end):
        # ------------------------------------------------- shocks by the parameters of the draw, which often repeat
        row = model.rows[max(draw, 0)]  # the path of the first draw has the error of one more draw like it
        alpha, phi = model.parameters[row, 0], model.parameters[row, 1]
        if row != filtered:
            filter_shocks(model.residuals, model.parameters[row], model.first, variances, shocks)
            for t in range(count):  # an array expression takes seconds to compile
                gains[t] = alpha * shocks[t] * shocks[t] + (phi - alpha)
            filtered = row

        # ---------------------------------------------------- an autocorrelation, and a period of the run as the start
        state = stream(seed, draw % (draws + 1))
        normal = 0.0
        for _ in range(4):
            state = after(state)
            normal += uniform(bits(state)) - 0.5
        follows = drawn_autocorrelation(model.autocorrelation, normal, count)
        state = after(state)
        start = any_row(bits(state), count)
        value, variance, fresh = model.values[start], variances[start], np.sqrt(1 - follows * follows)

        # ------------------------------------------- periods; the path has the error of mean and deviation so far
        path_mean = 1 + scale.mean - scale.deviation * mean
        path_deviation = scale.deviation * min(1 / deviation, _MOST_RESCALING)
        below_peak, lowest, t = 1.0, 1.0, 0
        for batch in range(BATCHES):
            total, square, growth = 0.0, 0.0, 1.0
            while t < ends[batch]:
                state = after(state)
                chosen = any_row(bits(state), count)
                value = follows * value + fresh * np.sqrt(variance) * shocks[chosen]
                variance = 1 - phi + gains[chosen] * variance
                total += value
                square += value * value
                growth *= max(1 + scale.mean + scale.deviation * value, _LOWEST)
                below_peak = min(below_peak * max(path_mean + path_deviation * value, _LOWEST), 1.0)
                lowest = min(lowest, below_peak)
                t += 1
            sums[batch], squares[batch], logs[batch] = total, square, np.log(growth)

        # ----------------------------------------------------------------------------------- statistics and errors
        mean = sums.sum() / count
        deviation = np.sqrt(max(squares.sum() / count - mean * mean, 0.0))
        if draw >= begin:
            _fill_in(sums, squares, logs, scale.sharpe, ends, out[:, draw])
            out[DRAWDOWN, draw] = lowest - 1


@kernel
def _fill_in(sums: Floats, squares: Floats, logs: Floats, sharpe: float, ends: Ints, out: Floats) -> None:
    """Fill in the three statistics of a draw and their standard errors by batches; see `batches.batch_errors`."""
    count = ends[-1]
    mean, growth = sums.sum() / count, logs.sum() / count
    variance = squares.sum() / count - mean * mean
    deviation = np.sqrt(max(variance, 0.0))
    drawn_sharpe = (mean + sharpe) / deviation
    spread_squares = tilt_squares = gain_squares = 0.0
    begin = 0
    for batch in range(BATCHES):
        size = ends[batch] - begin
        spread = (squares[batch] - 2 * mean * sums[batch] + size * mean * mean) / variance - size
        tilt = (sums[batch] - size * mean) / deviation - 0.5 * drawn_sharpe * spread
        gain = logs[batch] - size * growth
        spread_squares += spread * spread
        tilt_squares += tilt * tilt
        gain_squares += gain * gain
        begin = ends[batch]
    factor = BATCHES / (BATCHES - 1) / count**2
    out[LOG_VARIANCE], out[SHARPE], out[GROWTH] = np.log(variance), drawn_sharpe, growth
    out[VARIANCE_ERROR] = np.sqrt(factor * spread_squares)
    out[SHARPE_ERROR] = np.sqrt(factor * tilt_squares)
    out[GROWTH_ERROR] = np.sqrt(factor * gain_squares)


@inlined_kernel
def uniform(random: np.uint64) -> np.float64:
    """Return a number from 0 to 1 by the high 53 of random bits."""
    return np.float64(random >> _11) * _UNIT


@inlined_kernel
def drawn_autocorrelation(estimate: float, four_uniforms: float, count: int) -> np.float64:
    """Return an autocorrelation around the estimate with variance 1 / P, about normal, below 0.95 in size.

    Args:
        estimate: autocorrelation of the sample.
        four_uniforms: sum of four uniform numbers from -½ to ½, of variance ⅓.
        count: number of periods, P.
    """
    drawn: np.float64 = estimate + four_uniforms * np.sqrt(3.0 / count)
    return min(max(drawn, np.float64(-0.95)), np.float64(0.95))
