"""Exponential weights, compared with pandas' `ewm`, the sample covariance, and the weights of RiskMetrics."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from backtest.estimation.methods.ewma import EWMA, rolling_ewma_covariance
from backtest.estimation.methods.sample_covariance import rolling_sample_covariance
from backtest.estimation.windows.weighted_sums import relative_weights
from support.builders.covariance_error import error

RETURNS = np.random.default_rng(8).normal(0.0005, 0.01, (400, 4)) * [1.0, 0.3, 2.0, 1.0]


@pytest.mark.parametrize(("window", "half_life"), [(40, 10), (100, 1), (100, 11), (252, 63), (252, 500)])
def test_covariance_equals_pandas_ewm_of_each_window(window: int, half_life: int) -> None:
    """The weights, the weighted mean and the divisor are computed return by return."""
    rows = list(range(300, 400, 9))
    found = rolling_ewma_covariance(RETURNS, rows, window, half_life, half_life)
    for matrix, row in zip(found, rows, strict=True):
        of_window = pd.DataFrame(RETURNS[row + 1 - window : row + 1]).ewm(halflife=half_life).cov(bias=False)
        assert error(matrix, of_window.loc[window - 1].to_numpy()) < 1e-12


def test_long_half_life_gives_the_sample_covariance() -> None:
    """All weights are alike and the divisor is T - 1, up to window / half-life, a ten-millionth here."""
    found = rolling_ewma_covariance(RETURNS, [399], 100, 1e9, 1e9)
    assert error(found, rolling_sample_covariance(RETURNS, [399], 100)) < 1e-7


def test_weights_equal_riskmetrics_weights() -> None:
    """λ = 0.94 is a half-life of 11.2 days, and 99.9 % of its weight is on 112 days (Technical Document, table 5.7)."""
    half_life = np.log(0.5) / np.log(0.94)
    assert round(half_life, 1) == 11.2
    weights = relative_weights(1000, 0.94)
    assert weights[-1] == pytest.approx(0.06, rel=1e-12)
    assert weights[-112:].sum() == pytest.approx(0.999, abs=5e-5)
    assert weights[:-1] / weights[1:] == pytest.approx(0.94, rel=1e-12)


def test_effective_observations_are_2_9_half_lives() -> None:
    """1 / Σw² = (1 + λ) / (1 - λ), near 2 half-lives / log 2 = 2.885 half-lives."""
    weights = relative_weights(5000, 0.5 ** (1 / 100))
    assert 1 / (weights @ weights) / 100 == pytest.approx(2 / np.log(2), rel=1e-4)


def test_volatilities_and_correlations_can_have_separate_half_lives() -> None:
    rows = [250, 399]
    found = rolling_ewma_covariance(RETURNS, rows, 200, 10, 60)
    fast = rolling_ewma_covariance(RETURNS, rows, 200, 10, 10)
    slow = rolling_ewma_covariance(RETURNS, rows, 200, 60, 60)
    for matrix, quick, steady in zip(found, fast, slow, strict=True):
        np.testing.assert_allclose(np.diagonal(matrix), np.diagonal(quick), rtol=1e-12)
        volatilities, others = np.sqrt(np.diagonal(matrix)), np.sqrt(np.diagonal(steady))
        correlations = matrix / np.outer(volatilities, volatilities)
        np.testing.assert_allclose(correlations, steady / np.outer(others, others), rtol=0, atol=1e-14)


def test_tiny_weights_at_the_start_of_a_window_lose_no_digits() -> None:
    """With weights down to 2^-1000 sums are no longer shared, and yet the earlier storm is forgotten."""
    returns = np.random.default_rng(9).normal(size=(1300, 2))
    returns[:200] *= 1e100
    (found,) = rolling_ewma_covariance(returns, [1290], 1100, 1, 1)
    (wanted,) = rolling_ewma_covariance(returns, [1290], 400, 1, 1)
    assert error(found, wanted) < 1e-12


def test_half_lives_in_years_use_the_periods_of_the_data() -> None:
    got = EWMA(window=48, half_life="1Y").covariances(RETURNS, [399], 12)
    assert got.tobytes() == rolling_ewma_covariance(RETURNS, [399], 48, 12, 12).tobytes()


@pytest.mark.parametrize(
    ("half_life", "words"),
    [
        (0, "a half-life of 0; expected one period or more"),
        (-3, "a half-life of -3"),
        ("3X", "'3X' is not a half-life"),
    ],
)
def test_invalid_half_lives_are_rejected(half_life: int | str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        EWMA(half_life=half_life)
