"""Autocorrelation of returns and the volatility that it hides, against algebra, theory and simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.analysis import BacktestResult
from backtest.analysis.metrics import performance
from backtest.analysis.metrics.smoothing import (
    FEWEST,
    adjusted_volatility,
    autocorrelation,
    autocorrelation_error,
    lag_count,
    smoothing,
)
from support.builders.synthetic_result import synthetic_result


def with_returns(returns: np.ndarray, periods_per_year: int = 12, notes: tuple[str, ...] = ()) -> BacktestResult:
    result = synthetic_result(len(returns), periods_per_year=periods_per_year, benchmark=False)
    nav = np.cumprod(np.append(1.0, 1 + returns))
    return replace(result, nav=pd.Series(nav, index=result.nav.index, name="nav"), notes=notes)


def averages(periods: int, seed: int, days: int = 21) -> tuple[np.ndarray, np.ndarray]:
    """Return (periods,) changes of a random walk from month-end to month-end, and of its averages over months."""
    walk = np.random.default_rng(seed).normal(0.0, 0.002, (periods + 1, days)).cumsum().reshape(periods + 1, days)
    return np.diff(walk[:, -1]), np.diff(walk.mean(axis=1))


@given(seed=st.integers(0, 2**16), count=st.integers(FEWEST, 200), periods_per_year=st.sampled_from([4, 12]))
def test_with_all_lags_the_adjusted_variance_equals_the_variance_of_yearly_sums(
    seed: int, count: int, periods_per_year: int
) -> None:
    """Σ_{|k|<q} (q - |k|) Σ_t e_t e_{t-k} is the sum of (Σ e)² over all windows of q, including those over the ends.

    So it is never below zero, and Lo's formula needs no lags to be left out. 1e-12 is rounding.
    """
    returns = np.random.default_rng(seed).normal(0.01, 0.03, count)
    deviations = returns - returns.mean()
    sums = np.convolve(deviations, np.ones(periods_per_year))
    variance = float(sums @ sums) / (count - 1)
    assert adjusted_volatility(returns, periods_per_year) ** 2 == pytest.approx(variance, rel=1e-12)


def test_lags_beyond_eleven_are_left_out_of_daily_data() -> None:
    returns = np.random.default_rng(1).normal(0.0, 0.01, 2_000)
    series = pd.Series(returns - returns.mean())
    expected = 252.0
    for lag in range(1, 12):
        covariance = float((series * series.shift(lag)).sum() / (series**2).sum())
        expected += 2 * (252 - lag) * covariance
    plain = performance.volatility(returns, 252)
    assert adjusted_volatility(returns, 252) == pytest.approx(plain * np.sqrt(expected / 252), rel=1e-12)
    assert adjusted_volatility(returns, 1) == performance.volatility(returns, 1)  # a year is one period
    assert lag_count(365) == 11


def test_the_adjustment_recovers_the_variance_that_averaging_hides() -> None:
    """Working (1960): with n steps a month, changes of averages have the variance (2 n² + 1) / (3 n²) and the
    autocorrelation (n² - 1) / (2 (2 n² + 1)), a quarter in the limit.

    A year of them, 12 + 2 × 11 / 4 of their variance, has 0.97 of the walk's own. With 20,000 months the errors of the
    three are near 1 / sqrt(20,000) = 0.007, and of the adjusted one 2 sqrt(Σ k²) / 12 times that. Four errors are
    allowed.
    """
    ends, smoothed = averages(20_000, 0)
    step = 4 / np.sqrt(20_000)
    assert smoothed.var() / ends.var() == pytest.approx((2 * 21**2 + 1) / (3 * 21**2), abs=step)
    first = (21**2 - 1) / (2 * (2 * 21**2 + 1))
    assert autocorrelation(smoothed) == pytest.approx(first, abs=step)
    theory = np.sqrt((2 * 21**2 + 1) / (3 * 21**2) * (1 + 2 * first * 11 / 12))
    ratio = adjusted_volatility(smoothed, 12) / performance.volatility(ends, 12)
    assert ratio == pytest.approx(theory, abs=step * 2 * np.sqrt(506) / 12 / 2)
    assert theory > 0.98


def test_monthly_averages_are_detected_as_smoothed_and_month_ends_are_not() -> None:
    """Twenty years of months: 240 × 0.25² = 15 = 3.9², so the autocorrelation is nearly four errors above zero."""
    ends, smoothed = averages(240, 1)
    note = "bonds: modelled from monthly average yields, which understates volatility"
    found = smoothing(with_returns(smoothed, notes=(note, "trades are free")))
    assert found is not None
    assert found.notes == (note,)
    assert found.lags == 11
    assert found.autocorrelation == pytest.approx(autocorrelation(smoothed), rel=1e-9)  # NAV's ratios round
    assert found.adjusted_volatility > 1.1 * found.volatility
    assert smoothing(with_returns(ends)) is None
    assert smoothing(with_returns(smoothed, 1)) is None  # yearly data has nothing to adjust


@pytest.mark.parametrize("clusters", [False, True])
def test_uncorrelated_returns_are_rarely_detected_as_smoothed(clusters: bool) -> None:
    """One in twenty at most, even with clustered volatility, for which 1 / sqrt(P) would be too small an error.

    With 600 series a chance of 5 % has an error of 0.9 %: three errors are allowed. The requirement of a higher
    adjusted volatility makes the share smaller than 5 %.
    """
    rng, times, count = np.random.default_rng(3), 600, 500
    spells = np.repeat(rng.choice([0.5, 2.5], (times, count // 20)), 20, axis=1) if clusters else 1.0
    returns = 0.01 * spells * rng.normal(size=(times, count))
    first = np.array([autocorrelation(one) for one in returns])
    robust = np.array([autocorrelation_error(one) for one in returns])
    assert 0.02 <= float((first > 1.645 * robust).mean()) <= 0.05 + 3 * 0.009
    if clusters:
        assert float((first > 1.645 / np.sqrt(count)).mean()) > 0.08  # the share with the plain error


def test_leverage_scales_the_volatilities_and_not_the_autocorrelation() -> None:
    returns = np.random.default_rng(2).normal(0.01, 0.03, 120)
    assert autocorrelation(3 * returns) == pytest.approx(autocorrelation(returns), abs=1e-12)
    assert autocorrelation_error(3 * returns) == pytest.approx(autocorrelation_error(returns), rel=1e-12)
    assert adjusted_volatility(3 * returns, 12) == pytest.approx(3 * adjusted_volatility(returns, 12), rel=1e-12)


def test_too_few_or_constant_returns_have_no_smoothing() -> None:
    few, still = synthetic_result(FEWEST - 1), synthetic_result(60, still=True)
    for one in (few, still):
        summary = one.summary()
        assert np.isnan(summary["autocorrelation"])
        assert np.isnan(summary["adjusted_volatility"])
        assert smoothing(one) is None
    assert np.isnan(autocorrelation_error(few.returns.to_numpy()))
    enough = synthetic_result(FEWEST).summary()
    assert enough["adjusted_volatility"] > 0
    assert -1 < enough["autocorrelation"] < 1


def test_a_daily_wave_has_no_adjusted_volatility_and_a_monthly_wave_has_one() -> None:
    """For a wave of 16 periods ρ_k is cos(2π k / 16), and 1 + 2 Σ_{k<=11} ρ_k is sin(23 π / 16) / sin(π / 16) = -5."""
    wave = np.sin(np.arange(480) * 2 * np.pi / 16)
    assert np.isnan(adjusted_volatility(wave, 252))
    assert np.isfinite(adjusted_volatility(wave, 12))
