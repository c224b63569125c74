"""Returns simulated from the models themselves: GARCH or GJR volatilities, and dynamic conditional correlations."""

import numpy as np

from backtest.numerics.arrays import Floats


def garch_returns(units: Floats, alpha: float, gamma: float, beta: float) -> Floats:
    """Return (T, n) returns of variance 0.0001 on average, from independent or correlated (T, n) units."""
    omega = 1e-4 * (1 - alpha - gamma / 2 - beta)
    variance, returns = np.full(units.shape[1], 1e-4), np.empty_like(units)
    for t, z in enumerate(units):
        returns[t] = z * np.sqrt(variance)
        variance = omega + (alpha + gamma * (returns[t] < 0)) * returns[t] ** 2 + beta * variance
    return returns + 0.0003


def dcc_units(seed: int, count: int, target: Floats, news: float, memory: float) -> Floats:
    """Return (T, n) normal draws of variance one, whose correlations move as by Engle (2002)."""
    random, q, units = np.random.default_rng(seed), target, np.empty((count, len(target)))
    for t in range(count):
        scale = np.sqrt(np.diagonal(q))
        units[t] = np.linalg.cholesky(q / np.outer(scale, scale)) @ random.normal(size=len(target))
        q = (1 - news - memory) * target + news * np.outer(units[t], units[t]) + memory * q
    return units
