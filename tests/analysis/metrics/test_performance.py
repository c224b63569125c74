"""Every measure against a value worked out by hand; the arithmetic is in the docstring."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.analysis.metrics import performance
from backtest.analysis.metrics.drawdown import Drawdown, drawdown, worst_drawdowns

EXACT = 1e-12  # a few roundings of numbers near 1

RETURNS = np.array([0.10, -0.05, 0.02, -0.01])


def test_cagr_counts_calendar_days() -> None:
    """1.21 in two years of 365.25 days is 10 % a year; from rows it would depend on the calendar."""
    years = performance.years_between(np.datetime64("2020-01-01"), np.datetime64("2022-01-01"))
    assert years == pytest.approx(731 / 365.25, abs=EXACT)
    assert performance.cagr(1.21, 2.0) == pytest.approx(0.1, abs=EXACT)
    assert performance.cagr(0.0, 3.0) == -1.0


def test_volatility_has_ddof_one() -> None:
    """Mean 0.015; deviations 0.085, -0.065, 0.005, -0.025; squares add up to 0.0121; / 3, × 12, root: 0.22."""
    assert performance.volatility(RETURNS, 12) == pytest.approx(math.sqrt(12 * 0.0121 / 3), abs=EXACT)
    assert performance.volatility(np.full(5, 0.01), 12) == 0.0
    assert math.isnan(performance.volatility(np.array([0.01]), 12))


def test_sharpe_uses_excess_returns_and_is_undefined_without_risk() -> None:
    """12 × 0.015 / sqrt(12 × 0.0121 / 3). A constant excess return has no risk to divide by: the ratio is not zero."""
    assert performance.sharpe(RETURNS, 12) == pytest.approx(0.18 / math.sqrt(12 * 0.0121 / 3), abs=EXACT)
    assert math.isnan(performance.sharpe(np.full(5, 0.01), 12))


def test_sortino_divides_by_all_periods() -> None:
    """Downside: sqrt((0.05² + 0.01²) / 4) = sqrt(0.00065). 12 × 0.015 / (sqrt(12) × sqrt(0.00065))."""
    assert performance.sortino(RETURNS, 12) == pytest.approx(0.18 / math.sqrt(12 * 0.00065), abs=EXACT)
    assert math.isnan(performance.sortino(np.array([0.01, 0.02]), 12))


def test_moments_are_population_moments() -> None:
    """0 and 1 in the shares 3/4 and 1/4: skew (1 - 2p) / sqrt(pq) = 2 / sqrt(3), kurtosis (1 - 3pq) / (pq) = 7/3."""
    values = np.array([0.0, 0.0, 0.0, 1.0])
    assert performance.standardised_moment(values, 3) == pytest.approx(2 / math.sqrt(3), abs=EXACT)
    assert performance.standardised_moment(values, 4) == pytest.approx(7 / 3, abs=EXACT)
    assert math.isnan(performance.standardised_moment(np.full(4, 0.3), 3))


def test_value_at_risk_interpolates_and_is_positive_for_a_loss() -> None:
    """11 returns -0.10, -0.09, ..., 0: position 10/20 = 0.5, so VaR = 0.095; only -0.10 lies below: CVaR = 0.10."""
    var, cvar = performance.value_at_risk(np.arange(-10, 1) / 100)
    assert var == pytest.approx(0.095, abs=EXACT)
    assert cvar == pytest.approx(0.10, abs=EXACT)


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=60))
def test_value_at_risk_equals_numpys_default_quantile(values: list[float]) -> None:
    """Type 7 is the default of NumPy and pandas, so one line of theirs must agree; CVaR is never the smaller loss."""
    var, cvar = performance.value_at_risk(np.array(values))
    assert var == pytest.approx(-np.quantile(values, 0.05), abs=EXACT)
    assert cvar >= var - EXACT


def test_beta_and_jensens_alpha_of_a_linear_relation_are_exact() -> None:
    """With e = 0.001 + 2 b exactly, beta is 2 and alpha 12 × 0.001."""
    other = np.array([0.01, -0.02, 0.03, 0.00])
    beta, alpha = performance.beta_alpha(0.001 + 2 * other, other, 12)
    assert beta == pytest.approx(2.0, abs=EXACT)
    assert alpha == pytest.approx(0.012, abs=EXACT)
    assert all(math.isnan(value) for value in performance.beta_alpha(other, np.full(4, 0.01), 12))


def test_capture_compounds_and_splits_by_the_benchmark() -> None:
    """Up: benchmark (1.1 × 1.1)^½ - 1 = 0.1, strategy (1.21 × 1)^½ - 1 = 0.1: 1. Down: -0.05 / -0.1 = 0.5."""
    ours, theirs = np.array([0.21, 0.0, -0.05]), np.array([0.1, 0.1, -0.1])
    assert performance.capture(ours, theirs, up=True) == pytest.approx(1.0, abs=EXACT)
    assert performance.capture(ours, theirs, up=False) == pytest.approx(0.5, abs=EXACT)
    assert math.isnan(performance.capture(ours, np.abs(theirs), up=False))


def test_correlation_with_a_constant_is_undefined() -> None:
    assert performance.correlation(RETURNS, -RETURNS) == pytest.approx(-1.0, abs=EXACT)
    assert math.isnan(performance.correlation(RETURNS, np.zeros(4)))


def test_drawdown_names_peak_trough_and_recovery() -> None:
    """1, 1.2, 0.9, 1.2, 1.08, 1.14: -25 % from the second date, back on the fourth; -10 % from there, never back."""
    dates = pd.date_range("2020-01-31", periods=6, freq="ME")
    nav = pd.Series([1.0, 1.2, 0.9, 1.2, 1.08, 1.14], index=dates)
    first, second = worst_drawdowns(nav)
    assert first == Drawdown(first.depth, dates[1], dates[2], dates[3])
    assert second == Drawdown(second.depth, dates[3], dates[4], None)
    assert [first.depth, second.depth] == pytest.approx([-0.25, -0.10], abs=EXACT)
    assert worst_drawdowns(pd.Series([1.0, 1.0, 1.1], index=dates[:3])) == []


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=40))
def test_drawdown_is_never_above_zero_and_zero_at_each_new_peak(values: list[float]) -> None:
    below = drawdown(np.array(values))
    assert (below <= 0).all()
    assert below[int(np.argmax(values))] == 0.0
