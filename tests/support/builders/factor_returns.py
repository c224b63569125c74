"""Random returns of assets that share factors."""

import numpy as np

from backtest.numerics.arrays import Floats


def returns_of_one_factor(seed: int, count: int, assets: int) -> Floats:
    """Return fat-tailed returns with a market factor, and volatilities of their own."""
    random = np.random.default_rng(seed)
    market = random.normal(size=(count, 1)) * random.uniform(0.3, 1.2, assets)
    return np.asarray((market + random.standard_t(5, (count, assets))) * random.uniform(0.01, 0.1, assets))


def returns_of_blocks(seed: int, count: int, assets: int, factors: int) -> Floats:
    """Return returns with a market factor and a factor for each block, all of the same weight."""
    random = np.random.default_rng(seed)
    blocks = random.normal(size=(count, factors))[:, np.arange(assets) % factors]
    market, own = random.normal(size=(count, 1)), random.normal(size=(count, assets))
    return np.asarray((0.5 * market + 0.9 * blocks + own) * random.uniform(0.01, 0.1, assets))
