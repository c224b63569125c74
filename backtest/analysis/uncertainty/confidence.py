"""Confidence intervals of the headline numbers by the stationary bootstrap (Politis, Romano 1994).

Histories as long as the run are drawn from its own periods, in blocks, and each number is computed for each history.
The intervals hold the middle 95 % of the results. They show how much chance alone could change the numbers if the
periods came from the same distribution; they do not cover a change of that distribution. The interval of the maximum
drawdown covers the drawdowns of resampled histories, of which the realised one is a single draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED, block_length, percentile_interval, stable_decimals
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

Interval = tuple[float, float]

DRAWS = (10_000, 20_000)  # minimum and maximum
FEWEST = 24  # periods: two years of months; fewer are too few to draw from

_PERIODS = 25_000_000  # of all draws together, 2.5 ns each
_THREADS_WORTH = 400_000  # fewest periods for a thread of its own, about a millisecond of work


@dataclass(frozen=True)
class Confidence:
    """Intervals at `bootstrap.LEVEL` of the headline numbers; None if a number has no interval.

    Args:
        draws: number of histories drawn; 0 without intervals.
        mean_block: mean number of periods in a block; NaN without intervals.
        cagr: decimal per year.
        volatility: decimal per year.
        sharpe: annualised.
        max_drawdown: decimal, below 0; the deeper end first.
        decimals: by measure, the number of decimals of its interval that hardly depend on the seed.
    """

    draws: int
    mean_block: float
    cagr: Interval | None
    volatility: Interval | None
    sharpe: Interval | None
    max_drawdown: Interval | None
    decimals: Mapping[str, int] = field(default_factory=dict)


def confidence(
    returns: Floats, excess_returns: Floats, years: float | None, periods_per_year: int, *, seed: int = SEED
) -> Confidence:
    """Return percentile intervals of CAGR, volatility, Sharpe ratio and maximum drawdown.

    Blocks have geometric lengths. Their mean is the block length of Politis, White (2004) for the excess returns or for
    the squared deviations of returns, whichever is longer: the second preserves periods of high volatility, which
    matter for volatility and drawdown. The seed is fixed, so the same run has the same intervals.

    Args:
        returns: (P,) decimal per period, no NaN.
        excess_returns: (P,) excess returns of the same periods, which are drawn together with the returns.
        years: length of the run, above 0; None for less than a year, which has no CAGR.
        periods_per_year: periods per year of the returns.
        seed: seed of the random numbers.

    Returns:
        Without any interval (all None) for fewer than `FEWEST` periods, if returns do not vary, and if all of NAV is
        lost in one period, which most draws would then contain. Only the Sharpe ratio has no interval if a draw has no
        Sharpe ratio.

    Example:
        >>> months = np.random.default_rng(1).normal(0.008, 0.04, 240)
        >>> intervals = confidence(months, months - 0.002, 20.0, 12)
        >>> [round(end, 2) for end in intervals.sharpe], [round(end, 2) for end in intervals.max_drawdown]
        ([-0.19, 0.59], [-0.51, -0.17])
    """
    if len(returns) < FEWEST or not has_risk(np.std(returns)) or returns.min() <= -1:
        return Confidence(0, float("nan"), None, None, None, None)
    squares = (returns - returns.mean()) ** 2
    varying = (
        [excess_returns] if has_risk(np.std(excess_returns)) else []
    )  # otherwise the block length would depend on rounding
    length = max(map(block_length, [*varying, squares]))
    draws = draw_count(len(returns))
    measures = measures_of_draws(returns, excess_returns, length, draws, seed)
    annual = np.sqrt(periods_per_year)
    deviations = np.where(has_risk(measures[3]), measures[3], np.nan)
    draws_by_measure = {
        "cagr": np.full(1, np.nan) if years is None else measures[0] ** (1 / years) - 1,
        "volatility": annual * measures[1],
        "sharpe": annual * measures[2] / deviations,
        "max_drawdown": measures[4],
    }
    known = {name: values for name, values in draws_by_measure.items() if not np.isnan(values).any()}
    intervals = {name: percentile_interval(values, LEVEL) for name, values in known.items()}
    return Confidence(
        draws,
        length,
        **{name: intervals.get(name) for name in draws_by_measure},
        decimals={name: stable_decimals(values, LEVEL) for name, values in known.items()},
    )


def draw_count(count: int) -> int:
    """Return the number of draws for a number of periods: `_PERIODS` periods in all, within the limits of `DRAWS`.

    A longer history has narrower intervals, which need fewer draws for the same number of digits.

    >>> draw_count(288), draw_count(1_260), draw_count(12_600)
    (20000, 19841, 10000)
    """
    least, most = DRAWS
    return max(least, min(most, _PERIODS // count))


def measures_of_draws(returns: Floats, excess_returns: Floats, length: float, draws: int, seed: int = SEED) -> Floats:
    """Return the measures of each draw of the bootstrap: the draws of `bootstrap.stationary_rows` with the same seed.

    Args:
        returns: (P,) decimal per period, no NaN.
        excess_returns: (P,) excess returns of the same periods.
        length: mean number of periods in a block, 1 or more.
        draws: number of draws, k.
        seed: seed of the random numbers.

    Returns:
        (5, k): growth of 1; standard deviation (ddof 1) of the returns; mean and standard deviation of the excess
        returns; maximum drawdown. Decimals per period.
    """
    from backtest.analysis.uncertainty.bootstrap_kernel import block_chance  # Numba takes a while to load
    from backtest.analysis.uncertainty.confidence_kernel import measure_draws
    from backtest.numerics.numba_kernels import share_out

    centre, begin = excess_returns.mean(), block_chance(length)
    periods = np.column_stack([1 + returns, returns - returns.mean(), excess_returns - centre])
    measures = np.empty((5, draws))

    def work(first: int, end: int) -> None:
        measure_draws(seed, first, begin, periods, measures[:, first:end])

    share_out(work, draws, least=_THREADS_WORTH // len(returns))
    measures[2] += centre
    measures[4] -= 1
    return measures
