"""Differences of mean return, Sharpe ratio and volatility: their definition, and tests where the answer is known."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from backtest.analysis.metrics.performance import sharpe, volatility
from backtest.analysis.uncertainty.batches import FEWEST, batch_errors, variance_influences
from backtest.analysis.uncertainty.differences import _drawn_scores, differences, mean_difference, volatility_p_value
from backtest.analysis.uncertainty.sharpe_difference import sharpe_difference
from backtest.analysis.uncertainty.volatility_model import fit_volatility
from support.builders.synthetic_result import synthetic_result


def pair(seed: int, count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Normal returns with correlation 0.8 and the same distribution."""
    one, other = np.random.default_rng(seed).standard_normal((2, count))
    return 0.005 + 0.03 * one, 0.005 + 0.03 * (0.8 * one + 0.6 * other)


def test_differences_are_differences_of_annualised_measures() -> None:
    one, other = pair(0)
    found = differences(one, other, 12)
    assert found["mean_return"].difference == pytest.approx(12 * (one.mean() - other.mean()), abs=1e-15)
    assert found["sharpe"].difference == pytest.approx(sharpe(one, 12) - sharpe(other, 12), abs=1e-12)
    assert found["volatility"].difference == pytest.approx(volatility(one, 12) - volatility(other, 12), abs=1e-12)
    robust = sharpe_difference(one, other, 12).robust
    assert (found["sharpe"].standard_error, found["sharpe"].p_value) == (robust.standard_error, robust.p_value)
    assert found["sharpe"].years_needed == pytest.approx(
        10 * (2.801585 * robust.standard_error / found["sharpe"].difference) ** 2, rel=1e-6
    )
    assert math.isnan(found["volatility"].years_needed)


def test_the_p_value_of_means_of_independent_periods_is_near_the_t_test() -> None:
    """150 histories: both scores are nearly the same function of the mean, and the errors differ by a fifth or so."""
    ours, theirs = [], []
    for seed in range(150):
        one, other = pair(seed)
        ours.append(mean_difference(one, other, 12).p_value)
        theirs.append(float(ttest_1samp(one - other, 0).pvalue))
    assert np.mean(np.abs(np.subtract(ours, theirs))) < 0.1
    assert 0.003 < np.mean(np.array(ours) < 0.05) < 0.05 + 3 * 0.018


def test_the_p_value_of_volatility_counts_draws_further_out_than_the_sample() -> None:
    one, other = pair(3)
    error = batch_errors((variance_influences(one) - variance_influences(other))[:, None])[0]
    score = math.log(one.var() / other.var()) / error
    drawn = _drawn_scores(fit_volatility(one), fit_volatility(other), 200, 1)
    expected = (1 + np.sum(np.abs(drawn) >= abs(score))) / 201
    assert volatility_p_value(one, other, draws=200, seed=1) == expected


def test_equal_volatilities_are_rejected_at_most_one_time_in_twenty() -> None:
    """The test is cautious in short histories: of 100 pairs, 5 ∓ 2.2 may be rejected by chance."""
    p_values = [volatility_p_value(*pair(seed), draws=199) for seed in range(100)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 2 * 0.022
    assert np.median(p_values) > 0.4


def test_a_volatility_three_times_as_high_is_found() -> None:
    one, other = pair(4, 288)
    assert volatility_p_value(3 * one, other, draws=199) == 1 / 200
    assert differences(3 * one, other, 12)["volatility"].p_value == 1 / 1000


def test_the_sign_and_the_scale_of_returns_do_not_matter() -> None:
    """Cash leverage of both: the same shocks, so the same draws."""
    one, other = pair(5)
    plain, levered = (differences(by * one, by * other, 12) for by in (1.0, 2.5))
    for measure, difference in plain.items():
        assert levered[measure].p_value == pytest.approx(difference.p_value, rel=1e-9)
    assert differences(other, one, 12)["mean_return"].p_value == pytest.approx(plain["mean_return"].p_value, rel=1e-12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pair(1)[0], pair(1)[0] * 1.7),
        (np.full(120, 0.01), pair(1)[0]),
        (pair(1, FEWEST - 1)[0], pair(1, FEWEST - 1)[1]),
    ],
    ids=["levered copy", "no risk", "few periods"],
)
def test_volatility_has_no_test_without_two_risks(one: np.ndarray, other: np.ndarray) -> None:
    assert math.isnan(volatility_p_value(one, other))
    assert math.isnan(differences(one, other, 12)["sharpe"].p_value)
    assert math.isnan(differences(one, other, 12)["sharpe"].years_needed)


def test_a_strategy_that_is_its_benchmark_has_no_difference_and_no_test() -> None:
    one, _ = pair(2)
    for difference in differences(one, one, 12).values():
        assert difference.difference == 0
        assert math.isnan(difference.p_value)


def test_one_period_has_no_test() -> None:
    found = differences(np.array([0.01]), np.array([0.02]), 12)
    assert found["mean_return"].difference == pytest.approx(-0.12)
    assert all(math.isnan(one.p_value) for one in found.values())


def test_the_summary_has_the_differences_from_the_benchmark() -> None:
    result = synthetic_result(60)
    assert result.benchmark is not None
    found = differences(result.excess_returns.to_numpy(), result.benchmark.excess_returns.to_numpy(), 12)
    entry = result.summary()["benchmark"]["differences"]
    assert set(entry) == {"mean_return", "sharpe", "volatility"}
    assert entry["sharpe"]["years_needed"] == found["sharpe"].years_needed
    assert entry["volatility"]["p_value"] == found["volatility"].p_value
    assert "differences" not in synthetic_result(60, benchmark=False).summary()
