"""Compiled GARCH(1,1): likelihoods of many parameters in one pass, and the filter of one.

h_1 is given, h_{t+1} = (1 - φ) v + α u_t² + (φ - α) h_t. Shocks are u_t / sqrt(h_t).
"""

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import kernel

FREEDOM = 8.0  # degrees of freedom of the shocks: fat tails, as of months of stocks

_BLOCK = 32  # periods whose factors are multiplied before a logarithm is taken; products stay within 1e±220


@kernel
def log_likelihoods(squares: Floats, parameters: Floats, first: Floats) -> Floats:
    """Return the log likelihood of each row of parameters, but for a constant.

    The shocks have Student's t distribution with `FREEDOM` degrees of freedom and unit variance:
    Σ [-½ log h_t - (FREEDOM + 1) / 2 × log(1 + u_t² / ((FREEDOM - 2) h_t))].

    Args:
        squares: (P,) u_t², of mean 1.
        parameters: (n, 3) α, φ and v.
        first: (n,) h_1 of each row.

    Returns:
        (n,)
    """
    alpha, beta = parameters[:, 0].copy(), parameters[:, 1] - parameters[:, 0]
    constant = (1 - parameters[:, 1]) * parameters[:, 2]
    variances, found = first.copy(), np.zeros(len(first))
    heights, tails = np.empty(len(first)), np.empty(len(first))
    for begin in range(0, len(squares), _BLOCK):
        heights[:], tails[:] = 1.0, 1.0
        for square in squares[begin : begin + _BLOCK]:
            for row in range(len(first)):  # the inner loop: rows do not depend on each other, periods do
                variance = variances[row]
                heights[row] *= variance
                tails[row] *= 1 + square / ((FREEDOM - 2) * variance)
                variances[row] = constant[row] + alpha[row] * square + beta[row] * variance
        found -= 0.5 * np.log(heights) + (FREEDOM + 1) / 2 * np.log(tails)
    return found


@kernel
def filter_shocks(residuals: Floats, parameters: Floats, first: float, variances: Floats, shocks: Floats) -> None:
    """Fill in the variances over their mean v, and the shocks, centred and of variance 1.

    Args:
        residuals: (P,) u_t.
        parameters: (3,) α, φ and v.
        first: h_1.
        variances: (P,) output, h_t / v.
        shocks: (P,) output.
    """
    count, alpha, phi, mean_variance = len(residuals), parameters[0], parameters[1], parameters[2]
    variance, total, squares = first, 0.0, 0.0
    for t in range(count):
        variances[t] = variance / mean_variance
        shocks[t] = residuals[t] / np.sqrt(variance)
        total += shocks[t]
        variance = (1 - phi) * mean_variance + alpha * residuals[t] ** 2 + (phi - alpha) * variance
    for t in range(count):
        shocks[t] -= total / count
        squares += shocks[t] * shocks[t]
    deviation = np.sqrt(squares / count)
    for t in range(count):
        shocks[t] /= deviation
