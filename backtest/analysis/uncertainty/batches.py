"""Standard errors by batches: sums over consecutive periods differ by chance, and keep what follows from day to day."""

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import has_risk

BATCHES = 12
FEWEST = 24  # periods: two in each batch, or two years of months; fewer are too few to draw from and to test

_LEAST = 1e-3  # of the error of independent periods


def batch_ends(count: int) -> Ints:
    """Return the number of periods up to the end of each batch.

    Args:
        count: number of periods, P, `BATCHES` or more.

    Example:
        >>> batch_ends(30).tolist()
        [2, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 30]
    """
    return count * np.arange(1, BATCHES + 1) // BATCHES


def batch_errors(influences: Floats) -> Floats:
    """Return the standard error of each statistic: sqrt(q / (q - 1) × Σ_b (Σ_{t in b} ψ_t)²) / P with q batches.

    Args:
        influences: (P, m) influence of each period on each statistic, ψ, of mean 0; P is `BATCHES` or more.

    Returns:
        (m,) NaN for a statistic without variance: its influences are rounding, or cancel out from period to period.
        Influences that alternate exactly add up to nothing, however long the history is, and an interval would have no
        length. The limit is a thousandth of the error that independent periods would have.

    Example:
        >>> normal = np.random.default_rng(1).normal(size=(1_200, 1))
        >>> round(float(batch_errors(normal - normal.mean())[0]) * 1_200**0.5, 1)
        1.0
    """
    count = len(influences)
    sums = np.add.reduceat(influences, np.append(0, batch_ends(count)[:-1]), axis=0)
    errors: Floats = np.sqrt(BATCHES / (BATCHES - 1) * (sums**2).sum(axis=0)) / count
    deviations = influences.std(axis=0)
    varies = has_risk(deviations) & (errors * np.sqrt(count) > _LEAST * deviations)
    return np.where(varies, errors, np.nan)


def variance_influences(returns: Floats) -> Floats:
    """Return the influence of each period on the log of the variance: (r - mean)² / variance - 1.

    Args:
        returns: (P,) not constant.
    """
    squares: Floats = (returns - returns.mean()) ** 2
    spread: Floats = squares / squares.mean() - 1
    return spread


def sharpe_influences(excess_returns: Floats) -> Floats:
    """Return the influence of each period on the Sharpe ratio S per period: z - S (z² - 1) / 2, z the standard score.

    Args:
        excess_returns: (P,) not constant.
    """
    deviation = excess_returns.std()
    scores: Floats = (excess_returns - excess_returns.mean()) / deviation
    influences: Floats = scores - 0.5 * (excess_returns.mean() / deviation) * (scores**2 - 1)
    return influences
