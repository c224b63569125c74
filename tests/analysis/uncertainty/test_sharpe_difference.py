"""Differences of Sharpe ratios: both standard errors by independent formulas, and the tests' size by simulation."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from backtest.analysis.metrics.performance import sharpe
from backtest.analysis.uncertainty.batches import FEWEST, sharpe_influences
from backtest.analysis.uncertainty.long_run import cosine_error
from backtest.analysis.uncertainty.sharpe_difference import (
    SharpeDifference,
    holm,
    memmel_variance,
    sharpe_difference,
)


def pairs(rng: np.random.Generator, count: int, *, follows: float = 0.0, freedom: float = math.inf) -> np.ndarray:
    """Return (count, 2) returns with correlation 0.5, equal means and deviations: autocorrelated, or with fat tails."""
    shocks = rng.standard_normal((count + 50, 3))
    if math.isfinite(freedom):
        shocks = rng.standard_t(freedom, (count + 50, 3))
    for k in range(1, len(shocks)):
        shocks[k] += follows * shocks[k - 1]
    both: np.ndarray = 0.002 + 0.01 * (shocks[50:, :2] + shocks[50:, 2:])
    return both


def difference_of(both: np.ndarray) -> SharpeDifference:
    return sharpe_difference(both[:, 0], both[:, 1], 12)


# 1. The difference


def test_the_difference_equals_the_difference_of_annualised_ratios() -> None:
    both = pairs(np.random.default_rng(0), 100)
    expected = sharpe(both[:, 0], 12) - sharpe(both[:, 1], 12)
    assert difference_of(both).difference == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 10_000), leverage=st.floats(0.1, 10.0))
def test_swapping_the_two_only_changes_the_sign_and_leverage_changes_nothing(seed: int, leverage: float) -> None:
    """A strategy held k times, in excess of cash, has k times the returns; 1e-9: sums of squares of other sizes."""
    both = pairs(np.random.default_rng(seed), 60)
    one, exchanged, levered = (difference_of(b) for b in (both, both[:, ::-1], both * [leverage, 1.0]))
    assert exchanged.difference == pytest.approx(-one.difference, abs=1e-12)
    for test in ("memmel", "robust"):
        errors = [getattr(found, test).standard_error for found in (one, exchanged, levered)]
        assert errors == pytest.approx([errors[0]] * 3, rel=1e-9)


def test_p_values_are_two_sided() -> None:
    found = difference_of(pairs(np.random.default_rng(1), 80))
    score = abs(found.difference) / found.memmel.standard_error
    assert found.memmel.p_value == pytest.approx(2 * norm.sf(score), abs=1e-12)
    score = abs(found.difference) / found.robust.standard_error
    assert found.robust.p_value == pytest.approx(2 * t.sf(score, round(0.4 * 80 ** (2 / 3))), abs=1e-12)


# 2. Undefined differences


def test_returns_without_risk_have_no_difference() -> None:
    found = sharpe_difference(np.full(20, 0.01), np.linspace(-0.01, 0.02, 20), 12)
    assert math.isnan(found.difference)
    assert math.isnan(found.memmel.p_value)
    assert math.isnan(found.robust.p_value)


@pytest.mark.parametrize("multiple", [1.0, 1.7])
def test_a_strategy_and_its_levered_copy_have_no_test(multiple: float) -> None:
    """The error is zero except for rounding, and a ratio of rounding errors would look like a test."""
    one = pairs(np.random.default_rng(2), 240)[:, 0]
    found = sharpe_difference(one, multiple * one, 12)
    assert found.difference == pytest.approx(0, abs=1e-12)
    assert math.isnan(found.memmel.p_value)
    assert math.isnan(found.robust.p_value)


def test_too_few_periods_have_a_difference_and_no_test() -> None:
    both = pairs(np.random.default_rng(3), FEWEST)
    short = difference_of(both[:-1])
    assert math.isfinite(short.difference)
    assert math.isnan(short.memmel.p_value)
    assert math.isnan(short.robust.p_value)
    assert math.isfinite(difference_of(both).robust.p_value)
    assert math.isnan(sharpe_difference(both[:1, 0], both[:1, 1], 12).difference)


# 3. Memmel's error


def test_the_variance_for_uncorrelated_returns_is_twice_los_variance() -> None:
    """Lo (2002): P × Var of a Sharpe ratio of normal returns is 1 + s² / 2; for two independent ratios, the sum."""
    assert memmel_variance(0.3, 0.1, 0.0) == pytest.approx((1 + 0.3**2 / 2) + (1 + 0.1**2 / 2), abs=1e-15)


@given(s=st.floats(-1, 1), other=st.floats(-1, 1), correlation=st.floats(-0.99, 0.99))
def test_the_variance_equals_the_delta_method_on_normal_moments(s: float, other: float, correlation: float) -> None:
    """Numerical derivatives of the ratios in means and variances, and the covariances that normal returns give them.

    With unit variances: cov(mean) = ρ, cov(variance) = 2 ρ², none across. Differences of step 1e-5 leave 1e-9.
    """
    at = np.array([s, other, 1.0, 1.0])
    gradient = numerical_gradient(lambda m: m[0] / np.sqrt(m[2]) - m[1] / np.sqrt(m[3]), at)
    covariance = np.zeros((4, 4))
    covariance[:2, :2] = [[1, correlation], [correlation, 1]]
    covariance[2:, 2:] = [[2, 2 * correlation**2], [2 * correlation**2, 2]]
    assert memmel_variance(s, other, correlation) == pytest.approx(gradient @ covariance @ gradient, abs=1e-8)


def numerical_gradient(function: Callable[[np.ndarray], float], at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    steps = step * np.eye(len(at))
    return np.array([(function(at + one) - function(at - one)) / (2 * step) for one in steps])


# 4. The robust error


def test_the_robust_error_is_the_cosine_error_of_influences() -> None:
    both = pairs(np.random.default_rng(6), 150, follows=0.4)
    error, _ = cosine_error(sharpe_influences(both[:, 0]) - sharpe_influences(both[:, 1]))
    assert difference_of(both).robust.standard_error == pytest.approx(math.sqrt(12) * error, rel=1e-12)


def test_the_robust_error_on_independent_normal_returns_equals_memmels() -> None:
    """The cosine error of 100,000 periods has 862 squares, so its error is sqrt(2 / 862) / 2 = 2.4 %; three of them."""
    both = pairs(np.random.default_rng(4), 100_000)
    found = difference_of(both)
    assert found.robust.standard_error == pytest.approx(found.memmel.standard_error, rel=0.072)


# 5. The size of the tests: the share of rejections without a true difference


def rejected(count: int, *, follows: float = 0.0, freedom: float = math.inf, draws: int = 600) -> tuple[float, float]:
    rng = np.random.default_rng(2008)
    found = [difference_of(pairs(rng, count, follows=follows, freedom=freedom)) for _ in range(draws)]
    return (
        float(np.mean([one.memmel.p_value < 0.05 for one in found])),
        float(np.mean([one.robust.p_value < 0.05 for one in found])),
    )


@pytest.mark.parametrize(("freedom", "count"), [(math.inf, 240), (5.0, 240), (math.inf, 60)])
def test_both_tests_reject_one_time_in_twenty_on_independent_returns(freedom: float, count: int) -> None:
    """With 600 draws the standard error is 0.9 %: 2.3 to 7.7 % is 5 % ∓ 3 of them."""
    assert all(0.023 <= share <= 0.077 for share in rejected(count, freedom=freedom))


def test_only_the_robust_test_keeps_its_size_on_autocorrelated_returns() -> None:
    """With an autocorrelation of 0.3 the variance of a mean is (1 + 0.3) / (1 - 0.3) = 1.86 times Memmel's.

    So Memmel's test rejects as often as a normal lies beyond 1.96 / sqrt(1.86), 15 % of the time. The robust test
    stays within 8 %.
    """
    memmel, robust = rejected(240, follows=0.3)
    assert memmel == pytest.approx(2 * norm.sf(1.96 / math.sqrt(1.3 / 0.7)), abs=0.035)
    assert robust <= 0.08


def test_a_true_difference_is_detected() -> None:
    """Means 0.012 and 0.002 at a deviation of 0.0141: over 240 months the error is 0.06 a month, the difference 0.7."""
    both = pairs(np.random.default_rng(5), 240) + np.array([0.01, 0.0])
    found = difference_of(both)
    assert max(found.memmel.p_value, found.robust.p_value) < 1e-6


# 6. Many pairs


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.999))
def test_a_corrected_p_value_is_the_level_at_which_holms_procedure_rejects(p_values: list[float], level: float) -> None:
    """The procedure itself: from the smallest up, each against level / (remaining tests), until one is not rejected."""
    corrected, rejected = holm(np.array(p_values)), set[int]()
    for place, test in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[test] * (len(p_values) - place) > level:
            break
        rejected.add(test)
    assert {test for test, p in enumerate(corrected) if p <= level} == rejected


def test_pairs_without_a_test_do_not_count_in_the_correction() -> None:
    assert holm(np.array([math.nan, 0.02, 0.01])).tolist()[1:] == [0.02, 0.02]
    assert math.isnan(holm(np.array([math.nan]))[0])
