"""How sure the headline numbers are: intervals by the stationary bootstrap (Politis, Romano 1994).

Histories as long as the run are drawn from its own periods, in blocks, and each has numbers of its own. The intervals
hold the middle 95 % of them. They say what chance leaves open had the years been others of the same kind; not what
other times would bring. That of the maximum drawdown is of the deepest fall of such a history: the one that was had is
one of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.analysis.bootstrap import LEVEL, SEED, block_length, percentile_interval, stationary_blocks
from backtest.tolerances import has_risk

Array = NDArray[np.float64]
Interval = tuple[float, float]

DRAWS = 1000
FEWEST = 24  # periods: two years of months; fewer have too little in them to draw from

_AT_ONCE = 2**16  # periods of draws that are worked on together


@dataclass(frozen=True)
class Confidence:
    """Intervals at `bootstrap.LEVEL` of the headline numbers; None where there is none.

    Args:
        mean_block: mean number of periods in a block; NaN where nothing was drawn.
        cagr: decimal per year.
        volatility: decimal per year.
        sharpe: annualised.
        max_drawdown: decimal, below 0; the deeper end first.
    """

    mean_block: float
    cagr: Interval | None
    volatility: Interval | None
    sharpe: Interval | None
    max_drawdown: Interval | None


def confidence(returns: Array, excess_returns: Array, years: float | None, periods_per_year: int) -> Confidence:
    """Percentile intervals of CAGR, volatility, Sharpe ratio and maximum drawdown.

    Blocks are of geometric length. Their mean is that of Politis, White (2004) for the excess returns or for the
    squared deviations of returns, whichever is longer: the second keeps spells of high volatility together, on which
    volatility and drawdown depend. The seed is fixed, so that the same run has the same intervals.

    Args:
        returns: (P,) decimal per period, no NaN.
        excess_returns: (P,) above cash, over the same periods, which are drawn together.
        years: that the P periods last, above 0; None for less than a year, which has no CAGR.
        periods_per_year: of them.

    Returns:
        All of it None for fewer than `FEWEST` periods, where returns do not vary, and where all of NAV is lost in one,
        as it then is in most draws; that of the Sharpe ratio alone where a draw has none.

    Example:
        >>> months = np.random.default_rng(1).normal(0.008, 0.04, 240)
        >>> found = confidence(months, months - 0.002, 20.0, 12)
        >>> [round(end, 2) for end in found.sharpe], [round(end, 2) for end in found.max_drawdown]
        ([-0.17, 0.57], [-0.52, -0.17])
    """
    if len(returns) < FEWEST or not has_risk(np.std(returns)) or returns.min() <= -1:
        return Confidence(float("nan"), None, None, None, None)
    squares = (returns - returns.mean()) ** 2
    varying = [excess_returns] if has_risk(np.std(excess_returns)) else []  # else its blocks are those of rounding
    length = max(map(block_length, [*varying, squares]))
    measures = measures_of_draws(returns, excess_returns, length)
    annual = np.sqrt(periods_per_year)
    deviations = np.where(has_risk(measures[3]), measures[3], np.nan)
    cagr, volatility, sharpe, max_drawdown = (
        None if np.isnan(values).any() else percentile_interval(values, LEVEL)
        for values in (
            np.full(1, np.nan) if years is None else measures[0] ** (1 / years) - 1,
            annual * measures[1],
            annual * measures[2] / deviations,
            measures[4],
        )
    )
    return Confidence(length, cagr, volatility, sharpe, max_drawdown)


def measures_of_draws(returns: Array, excess_returns: Array, length: float, draws: int = DRAWS) -> Array:
    """What each draw of the bootstrap comes to, by the rows of `bootstrap.stationary_rows` from `bootstrap.SEED` on.

    Args:
        returns: (P,) decimal per period, no NaN.
        excess_returns: (P,) of the same periods.
        length: mean number of periods in a block, 1 or more.
        draws: k.

    Returns:
        (5, k): the growth of 1; the standard deviation (ddof 1) of the returns; mean and standard deviation of the
        excess returns, decimals per period; the maximum drawdown.
    """
    from backtest.analysis.confidence_kernel import measure_draws  # Numba takes a while to load

    rng, count = np.random.default_rng(SEED), len(returns)
    centre = excess_returns.mean()
    periods = np.column_stack([1 + returns, returns - returns.mean(), excess_returns - centre])
    measures, together = np.empty((5, draws)), max(1, _AT_ONCE // count)
    begins, starts = np.empty((together, count), dtype=bool), np.empty((together, count), dtype=np.int64)
    for first in range(0, draws, together):
        end = min(first + together, draws)
        for draw in range(end - first):
            begins[draw], starts[draw] = stationary_blocks(count, length, rng)
        measure_draws(begins[: end - first], starts[: end - first], periods, measures[:, first:end])
    measures[2] += centre
    measures[4] -= 1
    return measures
