"""Is the Sharpe ratio of one strategy higher than that of another, or was it chance? Two tests of the difference.

With s_i = mean(e_i) / std(e_i) per period of excess returns e_1, e_2 over the same P periods, both tests say that
s_1 - s_2 over its standard error is about standard normal if the true ratios are the same, and differ in the error:

- Jobson, Korkie (1981) as corrected by Memmel (2003), for returns that are normal and independent over time:
  Var(s_1 - s_2) = (2 - 2ρ + ½ (s_1² + s_2² - 2 s_1 s_2 ρ²)) / P, ρ the correlation of e_1 and e_2.
- Ledoit, Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", for fat tails, volatility that
  clusters and returns that follow their predecessors: the delta method on the means μ_i and second moments γ_i,
  Var = ∇ᵀΨ∇ / P, where Ψ is the long-run covariance of (e_1 - μ_1, e_2 - μ_2, e_1² - γ_1, e_2² - γ_2), by a
  heteroskedasticity and autocorrelation consistent (HAC) kernel.

p-values are of the two-sided test, of one pair: of many pairs some are small by chance, which `holm` corrects.
"""

import math
from dataclasses import dataclass

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk

FEWEST = 10  # periods: four moments and their autoregression are not estimated from fewer
_NO_DIFFERENCE = 1e-12  # P × Var below this is rounding: one strategy is the other times a constant
_LARGEST = 0.97  # singular value of the autoregression that whitens (Andrews, Monahan 1992), and an autocorrelation


@dataclass(frozen=True)
class SharpeTest:
    """A test that two Sharpe ratios are the same.

    Args:
        standard_error: of the difference, annualised as that is; NaN where it cannot be told.
        p_value: probability of a difference as large or larger, up or down, if there is none; NaN likewise.
    """

    standard_error: float
    p_value: float


@dataclass(frozen=True)
class SharpeDifference:
    """The difference of two annualised Sharpe ratios, and how sure it is.

    Args:
        difference: the first less the second; NaN where either has no risk.
        memmel: by Jobson, Korkie (1981) and Memmel (2003).
        ledoit_wolf: by Ledoit, Wolf (2008), prewhitened HAC.
    """

    difference: float
    memmel: SharpeTest
    ledoit_wolf: SharpeTest


@one_blas_thread()
def sharpe_difference(excess: Floats, other: Floats, periods_per_year: int) -> SharpeDifference:
    """Difference of two annualised Sharpe ratios, with both tests.

    Args:
        excess: (P,) excess returns, decimal per period, no NaN.
        other: (P,) of the other over the same periods.
        periods_per_year: of the returns.

    Returns:
        All of it NaN where either does not vary. The tests are NaN for fewer than `FEWEST` periods, and where one
        strategy is the other times a constant, whose Sharpe ratios are the same however long one looks.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> found = sharpe_difference(rng.normal(0.01, 0.02, 240), rng.normal(0.005, 0.02, 240), 12)
        >>> round(found.difference, 2), round(found.memmel.p_value, 4), round(found.ledoit_wolf.p_value, 4)
        (0.53, 0.0908, 0.0581)
    """
    nothing = SharpeTest(math.nan, math.nan)
    if len(excess) < 2 or not has_risk([np.std(excess, ddof=1), np.std(other, ddof=1)]).all():
        return SharpeDifference(math.nan, nothing, nothing)
    both = np.column_stack([excess, other])
    both = both / both.std(axis=0, ddof=1)  # so that no amount of leverage changes a bandwidth; Sharpe ratios stay
    ratios = both.mean(axis=0)
    difference = math.sqrt(periods_per_year) * float(ratios[0] - ratios[1])
    if len(excess) < FEWEST:
        return SharpeDifference(difference, nothing, nothing)
    memmel = memmel_variance(float(ratios[0]), float(ratios[1]), float(np.corrcoef(both.T)[0, 1]))
    tests = (
        _test(difference, periods_per_year * variance / len(both)) if variance > _NO_DIFFERENCE else nothing
        for variance in (memmel, ledoit_wolf_variance(both))
    )
    return SharpeDifference(difference, *tests)


def holm(p_values: Floats) -> Floats:
    """p-values of several tests, corrected so that chance makes any of them as small as 5 % in at most 5 % of cases.

    The j-th smallest of m is multiplied by m - j + 1, and is no smaller than those before it: Holm (1979), "A simple
    sequentially rejective multiple test procedure". It holds however the tests depend on each other.

    Args:
        p_values: (m,) of the single tests; NaN where there is none, which does not count.

    Returns:
        (m,) at most 1; NaN where the test has none.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).round(4).tolist()
        [0.03, 0.06, 0.06, 0.02]
    """
    found = np.full(len(p_values), np.nan)
    there = np.flatnonzero(~np.isnan(p_values))
    order = there[np.argsort(p_values[there], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return found


def memmel_variance(sharpe: float, other: float, correlation: float) -> float:
    """P × Var of the difference of two Sharpe ratios per period, of normal returns independent over time.

    2 - 2ρ + ½ (s_1² + s_2² - 2 s_1 s_2 ρ²): Jobson, Korkie (1981), "Performance hypothesis testing with the Sharpe and
    Treynor measures", with the correction of Memmel (2003), Finance Letters 1.

    Args:
        sharpe: of one, per period.
        other: of the other, per period.
        correlation: of their returns.

    Example:
        >>> memmel_variance(0.2, 0.2, 0.5), memmel_variance(0.2, 0.2, 1.0)
        (1.03, 0.0)
    """
    return 2 - 2 * correlation + 0.5 * (sharpe**2 + other**2 - 2 * sharpe * other * correlation**2)


@one_blas_thread()
def ledoit_wolf_variance(excess: Floats) -> float:
    """P × Var of the difference of two Sharpe ratios per period, ∇ᵀΨ∇ with Ψ by a prewhitened HAC kernel.

    ∇ is the gradient of μ_1 / sqrt(γ_1 - μ_1²) - μ_2 / sqrt(γ_2 - μ_2²). The four moments' deviations are whitened by
    an autoregression of one lag, whose singular values are cut at 0.97; Ψ of what is left is by the Parzen kernel with
    the automatic bandwidth and the divisor for small samples, P / (P - 4), and recoloured (Andrews 1991; Andrews,
    Monahan 1992; Ledoit, Wolf 2008, section 3.1).

    Args:
        excess: (P, 2) excess returns per period, of a size near 1: they may be divided by their deviations.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> round(ledoit_wolf_variance(rng.standard_normal((100_000, 2))), 2)  # by Memmel 2, the means being near 0
        1.98
    """
    means, squares = excess.mean(axis=0), (excess**2).mean(axis=0)
    cubed = (squares - means**2) ** 1.5
    sign = np.array([1.0, -1.0])
    gradient = np.concatenate([sign * squares / cubed, -0.5 * sign * means / cubed])
    deviations = np.column_stack([excess - means, excess**2 - squares])
    lagged, current = deviations[:-1], deviations[1:]
    solved = np.linalg.lstsq(lagged, current, rcond=None)[0].T
    left, sizes, right = np.linalg.svd(solved)
    autoregression = (left * np.minimum(sizes, _LARGEST)) @ right
    recoloured = np.linalg.solve((np.eye(4) - autoregression).T, gradient)
    return _long_run_variance(current - lagged @ autoregression.T, recoloured)


def _long_run_variance(values: Floats, weights: Floats) -> float:
    """Of the weighted sum of the (T, 4) values: Σ_j k(j / S) Γ(j) × T / (T - 4), k the Parzen kernel."""
    count = len(values)
    bandwidth = min(2.6614 * (_persistence(values) * count) ** 0.2, count - 1.0)
    summed = values @ weights
    variance = float(summed @ summed)
    for lag in range(1, math.ceil(bandwidth)):
        variance += 2 * _parzen(lag / bandwidth) * float(summed[lag:] @ summed[:-lag])
    return variance / (count - 4)


def _parzen(x: float) -> float:
    return 1 - 6 * x**2 + 6 * x**3 if x <= 0.5 else 2 * (1 - x) ** 3


def _persistence(values: Floats) -> float:
    """α(2) of Andrews (1991), 6.4, that sets the bandwidth, by an autoregression of one lag of each column."""
    values = values - values.mean(axis=0)
    lagged, current = values[:-1], values[1:]
    energy = (lagged**2).sum(axis=0)
    rho = np.divide((lagged * current).sum(axis=0), energy, out=np.zeros(len(energy)), where=energy > 0)
    rho = np.clip(rho, -_LARGEST, _LARGEST)
    fourth = ((current - rho * lagged) ** 2).mean(axis=0) ** 2
    total = float((fourth / (1 - rho) ** 4).sum())
    return float((4 * rho**2 * fourth / (1 - rho) ** 8).sum()) / total if total > 0 else 0.0


def _test(difference: float, variance: float) -> SharpeTest:
    error = math.sqrt(variance)
    return SharpeTest(error, math.erfc(abs(difference) / error / math.sqrt(2)))
