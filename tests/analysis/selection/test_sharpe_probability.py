"""Probabilistic and deflated Sharpe ratios equal the published examples, and follow from their definitions."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from backtest.analysis.selection.sharpe_probability import (
    deflated_sharpe,
    expected_best_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
)


def test_deflated_sharpe_ratio_equals_the_article() -> None:
    """Bailey, López de Prado (2014), "The deflated Sharpe ratio": SR0 = 0.1132 a day, DSR = 0.9004."""
    variance = 0.5 / 250
    assert round(float(expected_best_sharpe(100, variance)), 4) == 0.1132
    deflated = deflated_sharpe(2.5 / math.sqrt(250), 1250, -3.0, 10.0, trials=100, variance=variance)
    assert round(float(deflated), 4) == 0.9004


@pytest.mark.parametrize(
    ("periods_per_year", "skew", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_minimum_track_record_equals_the_article(
    periods_per_year: int, skew: float, kurtosis: float, years: float
) -> None:
    """Bailey, López de Prado (2012): years until an annual Sharpe ratio of 2 is above 1 with 95 % confidence."""
    annual = math.sqrt(periods_per_year)
    found = minimum_track_record(2 / annual, skew, kurtosis, threshold=1 / annual)
    assert round(float(found) / periods_per_year, 2) == years


def test_the_probability_after_the_minimum_track_record_is_the_confidence() -> None:
    periods = minimum_track_record(0.1, -0.5, 5.0, threshold=0.02, confidence=0.9)
    assert float(probabilistic_sharpe(0.1, periods, -0.5, 5.0, threshold=0.02)) == pytest.approx(0.9, rel=1e-12)


@pytest.mark.parametrize("trials", [10, 100, 10_000])
def test_expected_best_is_near_the_mean_of_the_largest_of_normal_numbers(trials: int) -> None:
    """The formula is a limit for large N: its error is 2.4 % at 10 trials, and less with more."""
    exact = quad(lambda x: x * trials * norm.pdf(x) * norm.cdf(x) ** (trials - 1), -10, 10, limit=200)[0]
    assert float(expected_best_sharpe(trials, 1.0)) == pytest.approx(exact, rel=0.025)


def test_one_trial_is_not_deflated() -> None:
    plain = probabilistic_sharpe(0.1, 120, -0.5, 5.0)
    assert deflated_sharpe(0.1, 120, -0.5, 5.0, trials=1, variance=0.01) == plain


def test_expected_best_never_falls_with_more_trials() -> None:
    best = expected_best_sharpe(np.linspace(1.0, 50.0, 500), 1.0)
    assert (np.diff(best) >= 0).all()
    assert best[0] == 0


def test_arrays_give_the_numbers_of_each_trial() -> None:
    ratios = np.array([0.05, 0.1])
    both = deflated_sharpe(ratios, 120, np.array([0.0, -1.0]), 4.0, trials=20, variance=0.01)
    alone = [deflated_sharpe(r, 120, s, 4.0, trials=20, variance=0.01) for r, s in ((0.05, 0.0), (0.1, -1.0))]
    np.testing.assert_array_equal(both, alone)


def test_numbers_without_meaning_are_nan() -> None:
    assert np.isnan(probabilistic_sharpe(0.1, 1, 0.0, 3.0))
    assert np.isnan(probabilistic_sharpe(float("nan"), 120, 0.0, 3.0))
    assert np.isnan(expected_best_sharpe(float("nan"), 1.0))
    assert np.isnan(minimum_track_record(float("nan"), 0.0, 3.0))
