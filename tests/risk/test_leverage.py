"""Leverage: the scaled portfolio has the target's volatility, or the cap's gross exposure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.risk import portfolio_volatility, scaled_to_volatility


@given(seed=st.integers(0, 10**6), target=st.floats(1e-4, 1), cap=st.floats(0.1, 10))
def test_the_target_is_met_or_the_cap_binds(seed: int, target: float, cap: float) -> None:
    """One of the two is met to rounding, none is exceeded, and it is the same portfolio: long, short or both."""
    rng = np.random.default_rng(seed)
    returns = rng.standard_normal((3, 30, 4)) * 0.05
    covariance = returns.swapaxes(1, 2) @ returns / 30
    weights = rng.normal(0.3, 0.5, (3, 4))
    scaled = scaled_to_volatility(weights, covariance, target, cap)
    reached = np.asarray(portfolio_volatility(scaled, covariance)) / target
    gross = np.abs(scaled).sum(axis=1) / cap
    np.testing.assert_allclose(np.maximum(reached, gross), 1, rtol=1e-13)
    np.testing.assert_allclose(scaled / weights, (scaled / weights)[:, :1] * np.ones(4), rtol=1e-13)


def test_a_target_for_each() -> None:
    """Targets of a stack's own, such as a benchmark's volatility on each date."""
    covariance = np.diag([0.04, 0.01])
    scaled = scaled_to_volatility([[1.0, 0.0], [0.0, 1.0]], np.stack([covariance] * 2), [0.1, 0.2])
    assert scaled.tolist() == [[0.5, 0.0], [0.0, 2.0]]


def test_what_holds_nothing_stays_so_and_what_has_no_risk_is_refused() -> None:
    """An empty portfolio has nothing to scale; one of a hedge has no leverage that gives it risk."""
    hedge = [[0.04, -0.04], [-0.04, 0.04]]
    assert scaled_to_volatility([0.0, 0.0], hedge, 0.1, 3).tolist() == [0.0, 0.0]
    with pytest.raises(NoOptimalPortfolio, match="portfolio 1 has a gross exposure of 1 and a volatility of 0"):
        scaled_to_volatility([[0.5, 0.2], [0.5, 0.5]], hedge, 0.1)
    for target, cap in [(0.0, 1.0), (-0.1, 1.0), (0.1, 0.0), (float("nan"), 1.0)]:
        with pytest.raises(BacktestError, match="expected one above 0"):
            scaled_to_volatility([0.5, 0.2], hedge, target, cap)
