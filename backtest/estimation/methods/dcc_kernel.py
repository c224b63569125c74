"""Compiled likelihood of dynamic conditional correlations."""

import math

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import reordered_kernel

_ROUNDING = 1e-13  # times n: a unit variance of which less is left, given the assets before it, is singular


@reordered_kernel
def mean_negative_log_likelihood(units: Floats, target: Floats, news: float, memory: float) -> float:
    """Return ½ mean_t (log|R_t| + z_tᵀ R_t⁻¹ z_t) for (T, n) z and (n, n) target; infinite if an R_t is singular.

    With the Cholesky factor Q = LLᵀ, log|R| = 2 Σ log L_ii - Σ log Q_ii, and zᵀR⁻¹z = |L⁻¹u|² with
    u_i = z_i sqrt(Q_ii).
    """
    count, assets = units.shape
    q = target.copy()
    lower = np.zeros_like(target)
    solved = np.zeros(assets)
    constant = 1.0 - news - memory
    total = 0.0
    for t in range(count):
        # Factorise Q_t row by row, solve L s = u along with it, and add the terms of the likelihood.
        for i in range(assets):
            value = units[t, i] * math.sqrt(q[i, i])
            for j in range(i):
                entry = q[i, j]
                for k in range(j):
                    entry -= lower[i, k] * lower[j, k]
                lower[i, j] = entry / lower[j, j]
                value -= lower[i, j] * solved[j]
            left = q[i, i]
            for k in range(i):
                left -= lower[i, k] * lower[i, k]
            if left <= _ROUNDING * assets * q[i, i]:
                return np.inf
            lower[i, i] = math.sqrt(left)
            solved[i] = value / lower[i, i]
            total += math.log(left / q[i, i]) + solved[i] * solved[i]
        # Update the lower triangle of Q for the next date.
        for i in range(assets):
            for j in range(i + 1):
                q[i, j] = constant * target[i, j] + news * units[t, i] * units[t, j] + memory * q[i, j]
    negative_log_likelihood = 0.5 * total / count
    return float(negative_log_likelihood)
