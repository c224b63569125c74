"""Two tests of whether the Sharpe ratios of two strategies differ by more than chance.

Let s_i = mean(e_i) / std(e_i) per period for excess returns e_1, e_2 over the same P periods. In both tests s_1 - s_2
over its standard error has a known distribution if the true ratios are the same; the tests differ in that error:

- Jobson, Korkie (1981) as corrected by Memmel (2003), for returns that are normal and independent over time:
  Var(s_1 - s_2) = (2 - 2ρ + ½ (s_1² + s_2² - 2 s_1 s_2 ρ²)) / P, ρ the correlation of e_1 and e_2.
- The robust test, for fat tails and serial correlation: the standard error of the mean difference of the influences
  z - s (z² - 1) / 2, z the standard scores of a strategy's excess returns, by `long_run.cosine_error`; Student's t.

p-values are two-sided and for a single pair. Among many pairs some p-values are small by chance, which `holm` corrects.
"""

import math
from dataclasses import dataclass

import numpy as np

from backtest.analysis.uncertainty.batches import FEWEST, sharpe_influences
from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.analysis.uncertainty.long_run import cosine_error, half_width, two_sided
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk

_NO_DIFFERENCE = 1e-12  # P × Var below this is rounding: one strategy is a multiple of the other


@dataclass(frozen=True)
class SharpeTest:
    """Test of the hypothesis that two Sharpe ratios are the same.

    Args:
        standard_error: standard error of the annualised difference; NaN if it cannot be estimated.
        p_value: probability of a difference of this size or larger, up or down, if the true ratios are the same; NaN
            without a standard error.
        freedom: degrees of freedom of Student's t; infinite for the normal distribution.
    """

    standard_error: float
    p_value: float
    freedom: float = math.inf


@dataclass(frozen=True)
class SharpeDifference:
    """Difference of two annualised Sharpe ratios, with two tests.

    Args:
        difference: the first ratio less the second; NaN if either strategy has no risk.
        memmel: test of Jobson, Korkie (1981) and Memmel (2003).
        robust: test with the cosine standard error.
    """

    difference: float
    memmel: SharpeTest
    robust: SharpeTest

    @property
    def interval(self) -> tuple[float, float] | None:
        """Interval of the difference by the robust standard error and Student's t; None without that error.

        >>> tested = SharpeTest(0.1, 0.05, 20)
        >>> [round(end, 3) for end in SharpeDifference(0.2, tested, tested).interval]
        [-0.009, 0.409]
        """
        half = half_width(LEVEL, self.robust.freedom) * self.robust.standard_error
        return None if math.isnan(half) else (self.difference - half, self.difference + half)


@one_blas_thread()
def sharpe_difference(excess: Floats, other: Floats, periods_per_year: int) -> SharpeDifference:
    """Return the difference of two annualised Sharpe ratios, with both tests.

    Args:
        excess: (P,) excess returns, decimal per period, no NaN.
        other: (P,) excess returns of the other strategy over the same periods.
        periods_per_year: periods per year of the returns.

    Returns:
        Difference and tests are NaN if either series does not vary. The tests are NaN for fewer than `batches.FEWEST`
        periods, and if one strategy is a multiple of the other, because their Sharpe ratios are then always the same.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> result = sharpe_difference(rng.normal(0.01, 0.02, 240), rng.normal(0.005, 0.02, 240), 12)
        >>> round(result.difference, 2), round(result.memmel.p_value, 2), round(result.robust.p_value, 2)
        (0.53, 0.09, 0.09)
    """
    undefined = SharpeTest(math.nan, math.nan)
    if len(excess) < 2 or not has_risk([np.std(excess, ddof=1), np.std(other, ddof=1)]).all():
        return SharpeDifference(math.nan, undefined, undefined)
    columns = np.column_stack([excess, other])
    columns = columns / columns.std(axis=0, ddof=1)
    ratios = columns.mean(axis=0)
    difference = math.sqrt(periods_per_year) * float(ratios[0] - ratios[1])
    if len(excess) < FEWEST:
        return SharpeDifference(difference, undefined, undefined)
    variance = memmel_variance(float(ratios[0]), float(ratios[1]), float(np.corrcoef(columns.T)[0, 1]))
    if variance <= _NO_DIFFERENCE:
        return SharpeDifference(difference, undefined, undefined)
    influences = sharpe_influences(excess) - sharpe_influences(other)
    return SharpeDifference(
        difference,
        _normal_test(difference, periods_per_year * variance / len(columns)),
        _robust_test(difference, influences, periods_per_year),
    )


def holm(p_values: Floats) -> Floats:
    """Return p-values of several tests, corrected so that any of them is below 5 % by chance in at most 5 % of cases.

    The j-th smallest of m p-values is multiplied by m - j + 1, and raised to the corrected value before it if that is
    larger: Holm (1979), "A simple sequentially rejective multiple test procedure". The correction is valid for any
    dependence between the tests.

    Args:
        p_values: (m,) p-values of the single tests; tests with NaN do not count.

    Returns:
        (m,) at most 1; NaN where `p_values` is NaN.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).round(4).tolist()
        [0.03, 0.06, 0.06, 0.02]
    """
    corrected = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return corrected


def memmel_variance(sharpe: float, other: float, correlation: float) -> float:
    """Return P × Var of the difference of two Sharpe ratios per period, for normal returns independent over time.

    2 - 2ρ + ½ (s_1² + s_2² - 2 s_1 s_2 ρ²): Jobson, Korkie (1981), "Performance hypothesis testing with the Sharpe and
    Treynor measures", with the correction of Memmel (2003), Finance Letters 1.

    Args:
        sharpe: Sharpe ratio of the first strategy, per period.
        other: Sharpe ratio of the second strategy, per period.
        correlation: correlation of their excess returns.

    Example:
        >>> memmel_variance(0.2, 0.2, 0.5), memmel_variance(0.2, 0.2, 1.0)
        (1.03, 0.0)
    """
    return 2 - 2 * correlation + 0.5 * (sharpe**2 + other**2 - 2 * sharpe * other * correlation**2)


def _normal_test(difference: float, variance: float) -> SharpeTest:
    error = math.sqrt(variance)
    return SharpeTest(error, math.erfc(abs(difference) / error / math.sqrt(2)))


def _robust_test(difference: float, influences: Floats, periods_per_year: int) -> SharpeTest:
    error, freedom = cosine_error(influences)
    annual = math.sqrt(periods_per_year) * error
    return SharpeTest(annual, two_sided(difference / annual, freedom), freedom)
