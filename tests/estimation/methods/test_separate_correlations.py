"""Volatilities and correlations of different windows and horizons, compared with numpy, and their purpose."""

import numpy as np
import pytest
from pydantic import ValidationError

from backtest.errors import EstimationError
from backtest.estimation.estimator import lengths
from backtest.estimation.methods.sample_covariance import rolling_sample_covariance
from backtest.estimation.methods.separate_correlations import SeparateCorrelations, rolling_separate_correlations
from support.builders.covariance_error import error

RETURNS = np.random.default_rng(12).normal(0.0005, 0.01, (300, 4)) * [1.0, 0.3, 2.0, 1.0]
RETURNS[:, 1:] += 0.4 * RETURNS[:, :1]


def test_one_window_and_one_period_give_the_sample_covariance() -> None:
    rows = list(range(99, 300, 5))
    found = rolling_separate_correlations(RETURNS, rows, 100, 100)
    assert error(found, rolling_sample_covariance(RETURNS, rows, 100)) < 1e-14


@pytest.mark.parametrize(("window", "correlation_window", "periods"), [(30, 200, 1), (200, 30, 1), (60, 150, 5)])
def test_volatilities_and_correlations_equal_numpys(window: int, correlation_window: int, periods: int) -> None:
    """All returns of the sums lie in the window: there are correlation_window - periods + 1 sums."""
    (found,) = rolling_separate_correlations(RETURNS, [280], window, correlation_window, periods=periods)
    volatilities = RETURNS[281 - window : 281].std(axis=0, ddof=1)
    of_window = RETURNS[281 - correlation_window : 281]
    sums = np.array([of_window[k : k + periods].sum(axis=0) for k in range(correlation_window - periods + 1)])
    assert error(found, np.corrcoef(sums.T) * np.outer(volatilities, volatilities)) < 1e-13


def test_sums_recover_correlations_of_assets_that_close_at_different_hours() -> None:
    """The same returns by the hour, closing half a day apart: days share a half, five days 4.5 of 5.

    So the correlations are 0.5 and 0.9, with a standard error of (1 - ρ²) / sqrt(n): 0.004 by days, and about
    sqrt(5) times 0.001 for sums that overlap. The volatilities are daily volatilities in both.
    """
    halves = np.random.default_rng(13).normal(size=(40_001, 2))
    early, late = halves[:-1].sum(axis=1), halves[:-1, 1] + halves[1:, 0]
    returns = 0.01 * np.column_stack([early, late])
    days, weeks = (
        rolling_separate_correlations(returns, [39_999], 40_000, 40_000, periods=periods)[0] for periods in (1, 5)
    )
    assert np.diagonal(days) == pytest.approx(np.diagonal(weeks), rel=1e-12)
    correlations = [matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1]) for matrix in (days, weeks)]
    assert correlations == pytest.approx([0.5, 0.9], abs=0.015)


def test_a_volatility_without_a_correlation_is_kept() -> None:
    """An asset that moved only in the window of its volatility has correlations of zero."""
    returns = RETURNS[:120].copy()
    returns[60:, 2] = 0.001
    (found,) = rolling_separate_correlations(returns, [119], 100, 50)
    assert found[2, 2] == pytest.approx(returns[20:, 2].var(ddof=1), rel=1e-12)
    assert not found[2, [0, 1, 3]].any()
    assert np.linalg.eigvalsh(found)[0] > 0


def test_sums_do_not_span_a_row_that_is_left_out() -> None:
    """Ten days of returns, the sixth missing, sums over two days: days 1-2, ..., 4-5, 7-8, ..., 9-10."""
    returns = RETURNS[:10].copy()
    returns[5, 0] = np.nan
    (found,) = rolling_separate_correlations(returns, [9], 6, 10, periods=2, missing="complete_rows")
    pairs = [k for k in range(9) if k not in (4, 5)]
    correlations = np.corrcoef(np.array([returns[k] + returns[k + 1] for k in pairs]).T)
    volatilities = returns[[4, 6, 7, 8, 9]].std(axis=0, ddof=1)
    assert error(found, correlations * np.outer(volatilities, volatilities)) < 1e-13


def test_too_few_complete_sums_are_an_error() -> None:
    """Each missing row removes five sums: three of 30 rows leave 11 sums of 26."""
    returns = RETURNS[:30].copy()
    returns[[8, 15, 21], 0] = np.nan
    with pytest.raises(EstimationError, match=r"11 of 26 rows of returns, or of sums .* expected at least half"):
        rolling_separate_correlations(returns, [29], 30, 30, periods=5, missing="complete_rows")


def test_window_too_short_for_the_sums_is_rejected() -> None:
    """A window too short for any data is refused with the settings, another one once the data is known."""
    with pytest.raises(ValidationError, match="the window of the correlations, 5, holds at most 5 returns; expected 6"):
        SeparateCorrelations(window=5, correlation_periods=5)
    with pytest.raises(EstimationError, match="a correlation window of 1 rows holds 0 sums of 5 returns; expected two"):
        SeparateCorrelations(window=20, correlation_window="1Y", correlation_periods=5).covariances(RETURNS, [100], 1)


def test_the_window_of_the_correlations_needs_a_row_more_than_a_sum() -> None:
    """The other window needs two rows, for a variance; without a second window the first one is for both."""
    two = SeparateCorrelations(window=20, correlation_window=30, correlation_periods=5)
    assert lengths(two) == {"window": (20, 2), "correlation_window": (30, 6)}
    assert lengths(SeparateCorrelations(window=20, correlation_periods=5)) == {"window": (20, 6)}
