"""Scaling: the scaled portfolio has the target volatility, or the gross exposure of the cap."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.risk import (
    apply_multiples,
    multiples_to_volatility,
    portfolio_volatility,
    sample_volatility,
    scale_to_volatility,
    smooth_multiples,
)


@given(seed=st.integers(0, 10**6), target=st.floats(1e-4, 1), cap=st.floats(0.1, 10))
def test_target_is_met_or_cap_binds(seed: int, target: float, cap: float) -> None:
    """One of the two is met to rounding, none is exceeded, and it is the same portfolio: long, short or both."""
    rng = np.random.default_rng(seed)
    returns = rng.standard_normal((3, 30, 4)) * 0.05
    covariance = returns.swapaxes(1, 2) @ returns / 30
    weights = rng.normal(0.3, 0.5, (3, 4))
    scaled = scale_to_volatility(weights, covariance, target, cap)
    reached = np.asarray(portfolio_volatility(scaled, covariance)) / target
    gross = np.abs(scaled).sum(axis=1) / cap
    np.testing.assert_allclose(np.maximum(reached, gross), 1, rtol=1e-13)
    np.testing.assert_allclose(scaled / weights, (scaled / weights)[:, :1] * np.ones(4), rtol=1e-13)


def test_stack_can_have_a_target_for_each_portfolio() -> None:
    """Targets of a stack's own, such as a benchmark's volatility on each date."""
    covariance = np.diag([0.04, 0.01])
    scaled = scale_to_volatility([[1.0, 0.0], [0.0, 1.0]], np.stack([covariance] * 2), [0.1, 0.2])
    assert scaled.tolist() == [[0.5, 0.0], [0.0, 2.0]]


def test_empty_portfolio_stays_empty_and_portfolio_without_risk_is_rejected() -> None:
    """An empty portfolio has nothing to scale; one of a hedge has no leverage that gives it risk."""
    hedge = [[0.04, -0.04], [-0.04, 0.04]]
    assert scale_to_volatility([0.0, 0.0], hedge, 0.1, 3).tolist() == [0.0, 0.0]
    with pytest.raises(NoOptimalPortfolio, match="portfolio 1 has a gross exposure of 1 and a volatility of 0"):
        scale_to_volatility([[0.5, 0.2], [0.5, 0.5]], hedge, 0.1)
    for target, cap in [(0.0, 1.0), (-0.1, 1.0), (0.1, 0.0), (float("nan"), 1.0)]:
        with pytest.raises(BacktestError, match="expected a number above 0"):
            scale_to_volatility([0.5, 0.2], hedge, target, cap)


@given(seed=st.integers(0, 10**6), least=st.floats(0, 3), most=st.floats(0.1, 3))
def test_gross_exposure_is_scaled_within_its_bounds(seed: int, least: float, most: float) -> None:
    """Σ|w| = min(max(L Σ|w|, least), most), the cap winning; and the shares of it stay as they were."""
    rng = np.random.default_rng(seed)
    weights, multiples = rng.normal(0.3, 0.5, (4, 3)), rng.uniform(0.1, 4, 4)
    held = np.abs(weights).sum(axis=1)
    scaled = apply_multiples(weights, multiples, most, least)
    gross = np.abs(scaled).sum(axis=1)
    np.testing.assert_allclose(gross, np.minimum(np.maximum(multiples * held, least), most), rtol=1e-14)
    np.testing.assert_allclose(scaled / gross[:, None], weights / held[:, None], rtol=1e-13)
    assert apply_multiples(np.zeros((2, 3)), np.array([np.nan, 2.0]), most, least).tolist() == [[0.0] * 3] * 2


@given(
    wanted=st.lists(st.floats(0.1, 10) | st.just(float("nan")), min_size=1, max_size=12),
    smoothing=st.floats(0, 0.99),
    cut=st.integers(0, 12),
)
def test_smoothing_is_an_exponential_average_and_can_be_resumed(
    wanted: list[float], smoothing: float, cut: int
) -> None:
    """It equals `ewm` of pandas, unadjusted, which skips missing values; resumed anywhere, it has the same bits.

    pandas divides by the sum of its two weights, which is 1 except for rounding: 1e-14 for each step.
    """
    values = np.array(wanted)
    found = smooth_multiples(values, smoothing)
    expected = pd.Series(values).ewm(alpha=1 - smoothing, adjust=False, ignore_na=True).mean()
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    first = smooth_multiples(values[:cut], smoothing)
    rest = smooth_multiples(values[cut:], smoothing, float(first[-1]) if first.size else np.nan)
    assert np.concatenate([first, rest]).tobytes() == found.tobytes()
    if smoothing == 0:
        assert found[~np.isnan(values)].tolist() == values[~np.isnan(values)].tolist()


@given(seed=st.integers(0, 10**6))
def test_sample_volatility_needs_no_covariance(seed: int) -> None:
    """It equals sqrt(wᵀSw) with NumPy's S; returns of assets that are not held may be missing."""
    rng = np.random.default_rng(seed)
    returns, weights = rng.normal(0, 0.02, (9, 4)), rng.normal(0, 1, 4)
    expected = np.sqrt(weights @ np.cov(returns.T) @ weights)
    assert sample_volatility(weights, returns) == pytest.approx(expected, rel=1e-11)
    weights[2], unknown = 0.0, returns.copy()
    unknown[3, 2] = np.nan
    assert sample_volatility(weights, unknown) == sample_volatility(weights, returns)
    unknown[3, 1] = np.nan
    assert np.isnan(sample_volatility(weights, unknown))


def test_a_constant_return_has_no_volatility() -> None:
    """Seven times 0.1 and their mean differ by rounding, which is not a risk to divide by."""
    assert np.full(7, 0.1).std(ddof=1) > 0
    assert sample_volatility([1.0, 0.0], np.full((7, 2), 0.1)) == 0


@pytest.mark.parametrize("count", [1, 3, 8, 9, 17])
def test_portfolio_of_a_stack_is_scaled_as_alone(count: int) -> None:
    """To the last bit, whatever the other portfolios of the stack."""
    rng = np.random.default_rng(count)
    returns = rng.standard_normal((11, 30, count)) * 0.02
    covariances, weights = returns.swapaxes(1, 2) @ returns / 30, rng.normal(0.3, 0.5, (11, count))

    def scaled(part: slice) -> np.ndarray:
        volatility = portfolio_volatility(weights[part], covariances[part])
        multiples = multiples_to_volatility(weights[part], volatility, 0.01)
        return apply_multiples(weights[part], multiples, 1.5, 0.5)

    together = scaled(slice(None))
    for part in [*(slice(k, k + 1) for k in range(11)), slice(0, 4), slice(3, 9)]:
        assert scaled(part).tobytes() == together[part].tobytes()


def test_gross_exposure_beyond_double_precision_is_refused() -> None:
    for scale in (
        partial(apply_multiples, multiples=1.0),
        partial(multiples_to_volatility, volatility=1.0, target=0.1),
    ):
        with pytest.raises(BacktestError, match="so large that the result is infinite"):
            scale([1.7e308, 1.7e308])


@pytest.mark.parametrize("weight", [1e308, np.inf])
def test_a_sample_volatility_beyond_double_precision_is_refused(weight: float) -> None:
    with pytest.raises(BacktestError, match=r"^weights"):
        sample_volatility([weight, 1.0], [[100.0, 0.0], [-100.0, 0.0]])


def test_each_portfolio_has_one_multiple() -> None:
    with pytest.raises(BacktestError, match=r"multiples of shape \(2,\)"):
        apply_multiples(np.ones((3, 2)), [1.0, 2.0], 3.0)
