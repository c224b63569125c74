"""Headline numbers of a path, compiled, with the same bits as the measures of `performance` and `RunNumbers`."""

import numpy as np

from backtest.engine.kernels.totals_kernel import Totals
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel, uncounted_kernel
from backtest.numerics.pairwise_kernel import pairwise_sum
from backtest.numerics.tolerances import NO_RISK

VOLATILITY, SHARPE, MAX_DRAWDOWN, EXPOSURE, TURNOVER, TRADING, FINANCING, DRAG, SKEW, KURTOSIS = range(10)
"""Elements of the result."""


@uncounted_kernel
def measure(
    nav: Floats,
    cash_returns: Floats,
    totals: Totals,
    periods_per_year: int,
    work: Floats,
    halves: Floats,
    numbers: Floats,
) -> None:
    """Fill in the numbers of a path: measures by year, and costs and turnover as sums over the path.

    Args:
        nav: (P,) NAV.
        cash_returns: (P,) cash returns of the periods that end at these dates; the first is not read.
        totals: exposure, turnover and costs, (P,) each.
        periods_per_year: periods per year.
        work: (2, P) scratch arrays.
        halves: scratch table of `pairwise_kernel.new_halves`.
        numbers: (10,) filled in; skew and kurtosis are population moments of the returns above cash.
    """
    count, returns, other = len(nav) - 1, work[0], work[1]
    # 1. Volatility of returns, and the maximum drawdown.
    peak, deepest = nav[0], 0.0
    for t in range(count):
        returns[t] = nav[t + 1] / nav[t] - 1
        peak = max(peak, nav[t + 1])
        below = nav[t + 1] / peak - 1
        deepest = min(deepest, below if below < -NO_RISK else 0.0)
    annual = np.sqrt(float(periods_per_year))
    numbers[VOLATILITY] = annual * _deviation(returns, other, halves, count)
    numbers[MAX_DRAWDOWN] = deepest
    # 2. Sharpe ratio, skew and kurtosis of returns above cash.
    for t in range(count):
        returns[t] -= cash_returns[t + 1]
    mean = pairwise_sum(returns, count, halves) / count
    volatility = annual * _deviation(returns, other, halves, count)
    numbers[SHARPE] = periods_per_year * mean / volatility if volatility > 0 else np.nan
    second = third = fourth = 0.0
    for t in range(count):
        away = returns[t] - mean
        square = away * away
        second += square
        third += square * away
        fourth += square * square
    risky = second > count * NO_RISK * NO_RISK
    numbers[SKEW] = third / count / (second / count) ** 1.5 if risky else np.nan
    numbers[KURTOSIS] = fourth / count / (second / count) ** 2 if risky else np.nan
    # 3. Exposure, turnover, and costs over the NAV before each period.
    numbers[EXPOSURE] = pairwise_sum(totals.gross_exposure, count + 1, halves) / (count + 1)
    numbers[TURNOVER] = pairwise_sum(totals.turnover, count + 1, halves)
    numbers[TRADING] = _over_nav(totals.trading, nav, other, halves, count)
    numbers[FINANCING] = _over_nav(totals.financing, nav, other, halves, count)
    numbers[DRAG] = _over_nav(totals.spread_cost, nav, other, halves, count)


@inlined_kernel
def _deviation(values: Floats, work: Floats, halves: Floats, count: int) -> float:
    """Return the standard deviation, ddof 1; 0 if it is rounding, NaN for fewer than two values."""
    deviation = np.nan
    if count > 1:
        mean = pairwise_sum(values, count, halves) / count
        for t in range(count):
            away = values[t] - mean
            work[t] = away * away
        deviation = np.sqrt(pairwise_sum(work, count, halves) / (count - 1))
        deviation = deviation if deviation > NO_RISK else 0.0
    return deviation


@inlined_kernel
def _over_nav(flow: Floats, nav: Floats, work: Floats, halves: Floats, count: int) -> float:
    """Return the sum of a flow over the NAV before its period."""
    for t in range(count):
        work[t] = flow[t + 1] / nav[t]
    return pairwise_sum(work, count, halves)
