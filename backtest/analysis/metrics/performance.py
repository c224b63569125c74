"""Performance measures: pure functions of arrays of returns per period.

All arrays are (P,) decimals without NaN; rates are returned per year. An undefined measure, such as a Sharpe ratio
without volatility, is NaN. A measure is also NaN if there are too few observations, because it would be the same number
for any observations (the Sortino ratio of one loss, the correlation of two returns).
"""

from typing import cast

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import NO_RISK, has_risk


def years_between(first: np.datetime64, last: np.datetime64) -> float:
    """Return the calendar days between two dates / 365.25.

    >>> years_between(np.datetime64("2000-01-01"), np.datetime64("2004-01-01"))
    4.0
    """
    return float((last - first) / np.timedelta64(1, "D")) / 365.25


def cagr(growth: float, years: float) -> float:
    """Return the compound annual growth rate, growth^(1 / years) - 1.

    Args:
        growth: last NAV / first NAV, 0 or more.
        years: length of the run, above 0.

    >>> round(cagr(1.21, 2.0), 12)
    0.1
    """
    return float(growth ** (1 / years) - 1)


def volatility(returns: Floats, periods_per_year: int) -> float:
    """Return sqrt(periods_per_year) × standard deviation (ddof 1) of returns.

    NaN for fewer than two returns, and exactly 0 if the deviation is rounding.

    >>> round(volatility(np.array([0.02, 0.0, 0.01]), 12), 6)
    0.034641
    """
    if len(returns) < 2:
        return float("nan")
    deviation = float(np.std(returns, ddof=1))
    return float(np.sqrt(periods_per_year)) * deviation if has_risk(deviation) else 0.0


def sharpe(excess_returns: Floats, periods_per_year: int) -> float:
    """Return the annualised mean excess return over its annualised standard deviation (Sharpe 1994), NaN if that is 0.

    >>> round(sharpe(np.array([0.02, 0.0, 0.01]), 12), 4)
    3.4641
    """
    deviation = volatility(excess_returns, periods_per_year)
    return periods_per_year * float(excess_returns.mean()) / deviation if deviation > 0 else float("nan")


def sortino(excess_returns: Floats, periods_per_year: int) -> float:
    """Return the annualised mean excess return over the annualised downside deviation (Sortino, Price 1994).

    The target is the cash return, and the divisor is the number of all periods. NaN if no return is below the cash
    return, and for fewer than two returns.

    >>> round(sortino(np.array([0.03, -0.01]), 12), 4)  # 12 × 0.01 / (sqrt(12) × sqrt(0.0001 / 2))
    4.899
    """
    if len(excess_returns) < 2:
        return float("nan")
    downside = float(np.sqrt(np.mean(np.minimum(excess_returns, 0.0) ** 2)))
    if not has_risk(downside):
        return float("nan")
    return periods_per_year * float(excess_returns.mean()) / (float(np.sqrt(periods_per_year)) * downside)


def standardised_moment(returns: Floats, order: int) -> float:
    """Return the population moment of the standardised returns: skew for order 3, excess kurtosis + 3 for order 4.

    NaN if the returns do not vary, and for fewer returns than the order: the skew of two returns is always 0, and the
    fourth moment of three is always 1.5.

    >>> standardised_moment(np.array([-1.0, 1.0, -1.0, 1.0]), 4)
    1.0
    """
    if len(returns) < order or not has_risk(np.std(returns)):
        return float("nan")
    return float(np.mean(((returns - returns.mean()) / np.std(returns)) ** order))


def value_at_risk(returns: Floats) -> tuple[float, float]:
    """Return historical VaR and CVaR at 95 %, decimals per period; losses are positive.

    VaR is the 5 % quantile of returns, interpolated linearly at position (P - 1) / 20 of the sorted returns (Hyndman,
    Fan 1996, type 7). CVaR is the mean of all returns at or below it. NaN for fewer than two returns.

    >>> [round(loss, 6) for loss in value_at_risk(np.linspace(-0.1, 0.1, 21))]
    [0.09, 0.095]
    """
    if len(returns) < 2:
        return float("nan"), float("nan")
    ordered = np.sort(returns)
    whole, part = divmod(len(returns) - 1, 20)
    quantile = ordered[whole]
    if part:
        quantile = quantile + (ordered[whole + 1] - quantile) * (part / 20)
    return -float(quantile), -float(ordered[ordered <= quantile].mean())


@one_blas_thread()
def beta_alpha(excess: Floats, benchmark_excess: Floats, periods_per_year: int) -> tuple[float, float]:
    """Return beta and Jensen's alpha per year of excess returns on the benchmark's (Jensen 1968).

    beta = cov(e, b) / var(b); alpha = periods_per_year × (mean(e) - beta × mean(b)). NaN if the benchmark does not
    vary, and for fewer than three periods, because a line fits any two points.

    >>> beta, alpha = beta_alpha(np.array([0.03, -0.01, 0.01]), np.array([0.01, -0.01, 0.0]), 12)
    >>> round(beta, 6), round(alpha, 6)
    (2.0, 0.12)
    """
    if len(excess) < 3 or not has_risk(np.std(benchmark_excess)):
        return float("nan"), float("nan")
    spread = benchmark_excess - benchmark_excess.mean()
    variance = float(spread @ spread)
    beta = float(spread @ (excess - excess.mean())) / variance
    return beta, periods_per_year * float(excess.mean() - beta * benchmark_excess.mean())


@one_blas_thread()
def correlation(returns: Floats, other: Floats) -> float:
    """Return Pearson's correlation; NaN if either does not vary, and for fewer than three returns (two give ±1).

    >>> round(correlation(np.array([0.01, 0.02, 0.04]), np.array([0.02, 0.03, 0.05])), 6)
    1.0
    """
    if len(returns) < 3 or not (has_risk(np.std(returns)) and has_risk(np.std(other))):
        return float("nan")
    return float(np.corrcoef(returns, other)[0, 1])


def capture(returns: Floats, benchmark: Floats, up: bool) -> float:
    """Return the up or down capture: geometric mean return over the benchmark's, in periods when it rose or fell.

    NaN if there is no such period. A benchmark return within `NO_RISK` of zero is rounding, not a rise or a fall.

    >>> round(capture(np.array([0.01, -0.03]), np.array([0.02, -0.01]), up=True), 12)
    0.5
    """
    chosen = benchmark > NO_RISK if up else benchmark < -NO_RISK
    if not chosen.any():
        return float("nan")

    def geometric(values: Floats) -> float:
        return cast("float", float(np.prod(1 + values)) ** (1 / len(values)) - 1)

    return geometric(returns[chosen]) / geometric(benchmark[chosen])
