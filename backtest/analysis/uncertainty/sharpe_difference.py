"""Two tests of whether the Sharpe ratios of two strategies differ by more than chance.

Let s_i = mean(e_i) / std(e_i) per period for excess returns e_1, e_2 over the same P periods. In both tests s_1 - s_2
over its standard error is about standard normal if the true ratios are the same; the tests differ in that error:

- Jobson, Korkie (1981) as corrected by Memmel (2003), for returns that are normal and independent over time:
  Var(s_1 - s_2) = (2 - 2ρ + ½ (s_1² + s_2² - 2 s_1 s_2 ρ²)) / P, ρ the correlation of e_1 and e_2.
- Ledoit, Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", for fat tails, volatility
  clusters and serial correlation: the delta method on the means μ_i and second moments γ_i,
  Var = ∇ᵀΨ∇ / P, where Ψ is the long-run covariance of (e_1 - μ_1, e_2 - μ_2, e_1² - γ_1, e_2² - γ_2), by a
  heteroskedasticity and autocorrelation consistent (HAC) kernel.

p-values are two-sided and for a single pair. Among many pairs some p-values are small by chance, which `holm` corrects.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk

FEWEST = 10  # periods: fewer are too few to estimate four moments and their autoregression
_NO_DIFFERENCE = 1e-12  # P × Var below this is rounding: one strategy is a multiple of the other
_LARGEST = 0.97  # limit of singular values of the whitening autoregression (Andrews, Monahan 1992), and of its ρ


@dataclass(frozen=True)
class SharpeTest:
    """Test of the hypothesis that two Sharpe ratios are the same.

    Args:
        standard_error: standard error of the annualised difference; NaN if it cannot be estimated.
        p_value: probability of a difference of this size or larger, up or down, if the true ratios are the same; NaN
            without a standard error.
    """

    standard_error: float
    p_value: float


@dataclass(frozen=True)
class SharpeDifference:
    """Difference of two annualised Sharpe ratios, with two tests.

    Args:
        difference: the first ratio less the second; NaN if either strategy has no risk.
        memmel: test of Jobson, Korkie (1981) and Memmel (2003).
        ledoit_wolf: test of Ledoit, Wolf (2008), with prewhitened HAC.
    """

    difference: float
    memmel: SharpeTest
    ledoit_wolf: SharpeTest

    @property
    def interval(self) -> tuple[float, float] | None:
        """Normal interval of the difference, by the standard error of Ledoit and Wolf; None without that error.

        >>> tested = SharpeTest(0.1, 0.05)
        >>> [round(end, 3) for end in SharpeDifference(0.2, tested, tested).interval]
        [0.004, 0.396]
        """
        half = NormalDist().inv_cdf((1 + LEVEL) / 2) * self.ledoit_wolf.standard_error
        return None if math.isnan(half) else (self.difference - half, self.difference + half)


@one_blas_thread()
def sharpe_difference(excess: Floats, other: Floats, periods_per_year: int) -> SharpeDifference:
    """Return the difference of two annualised Sharpe ratios, with both tests.

    Args:
        excess: (P,) excess returns, decimal per period, no NaN.
        other: (P,) excess returns of the other strategy over the same periods.
        periods_per_year: periods per year of the returns.

    Returns:
        Difference and tests are NaN if either series does not vary. The tests are NaN for fewer than `FEWEST` periods,
        and if one strategy is a multiple of the other, because their Sharpe ratios are then always the same.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> result = sharpe_difference(rng.normal(0.01, 0.02, 240), rng.normal(0.005, 0.02, 240), 12)
        >>> round(result.difference, 2), round(result.memmel.p_value, 4), round(result.ledoit_wolf.p_value, 4)
        (0.53, 0.0908, 0.0581)
    """
    undefined = SharpeTest(math.nan, math.nan)
    if len(excess) < 2 or not has_risk([np.std(excess, ddof=1), np.std(other, ddof=1)]).all():
        return SharpeDifference(math.nan, undefined, undefined)
    columns = np.column_stack([excess, other])
    columns = columns / columns.std(axis=0, ddof=1)  # so that leverage does not change the bandwidth
    ratios = columns.mean(axis=0)
    difference = math.sqrt(periods_per_year) * float(ratios[0] - ratios[1])
    if len(excess) < FEWEST:
        return SharpeDifference(difference, undefined, undefined)
    memmel = memmel_variance(float(ratios[0]), float(ratios[1]), float(np.corrcoef(columns.T)[0, 1]))
    tests = (
        _test(difference, periods_per_year * variance / len(columns)) if variance > _NO_DIFFERENCE else undefined
        for variance in (memmel, ledoit_wolf_variance(columns))
    )
    return SharpeDifference(difference, *tests)


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


@one_blas_thread()
def ledoit_wolf_variance(excess: Floats) -> float:
    """Return P × Var of the difference of two Sharpe ratios per period: ∇ᵀΨ∇ with Ψ from a prewhitened HAC kernel.

    ∇ is the gradient of μ_1 / sqrt(γ_1 - μ_1²) - μ_2 / sqrt(γ_2 - μ_2²). The deviations of the four moments are
    whitened by an autoregression of one lag, whose singular values are cut at 0.97. Ψ of the residuals uses the Parzen
    kernel with the automatic bandwidth and the small-sample factor P / (P - 4), and is recoloured (Andrews 1991;
    Andrews, Monahan 1992; Ledoit, Wolf 2008, section 3.1).

    Args:
        excess: (P, 2) excess returns per period, scaled to a size near 1, such as by their standard deviations.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> round(ledoit_wolf_variance(rng.standard_normal((100_000, 2))), 2)  # 2 by Memmel, as means are near 0
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
    """Return the long-run variance of a weighted sum: Σ_j k(j / S) Γ(j) × T / (T - 4), k the Parzen kernel.

    Args:
        values: (T, 4) residuals.
        weights: (4,) weights of the columns.
    """
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
    """Return α(2) of Andrews (1991), equation 6.4, for the bandwidth, from an autoregression of each column."""
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
