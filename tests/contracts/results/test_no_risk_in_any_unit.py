"""Covariances without risk: the limit is relative to the largest volatility, because a covariance has no known unit."""

from collections.abc import Callable

import numpy as np
import pytest

from backtest.errors import BacktestError
from backtest.risk import (
    diversification_ratio,
    gaussian_shortfall_parity_weights,
    hierarchical_risk_parity_weights,
    historical_shortfall_parity_weights,
    inverse_variance_weights,
    maximum_diversification_weights,
    minimum_variance_weights,
    multiples_to_volatility,
    portfolio_volatility,
    risk_contributions,
    risk_parity_weights,
    sample_volatility,
    volatilities,
)
from backtest.risk.solvers.hierarchical import _bisect

OPTIMISERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "risk budgets": risk_parity_weights,
    "inverse volatility": volatilities,
    "inverse variance": inverse_variance_weights,
    "hierarchical": hierarchical_risk_parity_weights,
    "minimum variance": minimum_variance_weights,
    "maximum diversification": maximum_diversification_weights,
    "gaussian shortfall": gaussian_shortfall_parity_weights,
}
MOVING = np.array([[0.0016, 0.0001, 0.0], [0.0001, 0.0002, 0.0], [0.0, 0.0, 0.0]])
UNITS = [1e-24, 1e-4, 1.0, 1e4, 1e24]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_variance_at_rounding_level_next_to_the_largest_is_refused_in_any_unit(optimiser: str, unit: float) -> None:
    """A deviation of 8e-17 a month next to 4 % is refused; 4e-8, a millionth of the largest one, is solved."""
    rounding, small = (MOVING + np.diag([0, 0, deviation**2]) for deviation in (8e-17, 4e-8))
    with pytest.raises(BacktestError, match=r"the variance of asset 2 is .* while the largest is .*: rounding of"):
        OPTIMISERS[optimiser](rounding * unit)
    found = OPTIMISERS[optimiser](small * unit)
    assert np.isfinite(found).all()
    if optimiser != "inverse volatility":  # deviations in their own unit
        np.testing.assert_allclose(found, OPTIMISERS[optimiser](small), rtol=1e-9)  # of weights down to 1e-12


def test_a_rounded_variance_is_refused_in_a_stack_unless_its_budget_is_zero() -> None:
    rounding, good = MOVING + np.diag([0, 0, 6.4e-33]), MOVING + np.diag([0, 0, 0.01])
    with pytest.raises(BacktestError, match=r"covariance\[1\]: the variance of asset 2 is 6\.4e-33 while"):
        risk_parity_weights(np.stack([good, rounding]))
    held_out = risk_parity_weights(rounding, [0.5, 0.5, 0.0])
    np.testing.assert_allclose(held_out, risk_parity_weights(good, [0.5, 0.5, 0.0]), rtol=1e-12)


@pytest.mark.parametrize("unit", UNITS)
def test_every_measure_agrees_that_a_portfolio_has_no_risk(unit: float) -> None:
    """An asset that varies by rounding, and twins that cancel out, have no volatility, contributions or ratio."""
    twins = np.array([[0.04, 0.04], [0.04, 0.04]]) * (1 + 4e-16 * np.array([[1, 0], [0, 1]]))
    for weights, covariance in (
        ([0.0, 0.0, 1.0], MOVING + np.diag([0, 0, 6.4e-33])),
        ([1.0, -1.0], twins),
        ([3.0, -3.0], twins),
    ):
        sigma = covariance * unit
        assert portfolio_volatility(weights, sigma) == 0
        assert not risk_contributions(weights, sigma).any()
        assert np.isnan(diversification_ratio(weights, sigma))
        with pytest.raises(BacktestError, match="a volatility of 0; expected a volatility above zero"):
            multiples_to_volatility(weights, portfolio_volatility(weights, sigma), 0.1)
    nearly = np.array([[0.04, 0.04 * (1 - 1e-10)], [0.04 * (1 - 1e-10), 0.04]]) * unit
    assert portfolio_volatility([1.0, -1.0], nearly) == pytest.approx(0.2 * np.sqrt(2e-10 * unit), rel=1e-4)


def test_the_sample_volatility_of_a_window_has_the_same_limit() -> None:
    rng = np.random.default_rng(1)
    moves = rng.normal(0, 0.01, 30)
    levels = 100 * (1 + 1 / 300) ** np.arange(31)
    growth = levels[1:] / levels[:-1] - 1
    returns = np.column_stack([moves, growth, moves + 1e-16 * rng.normal(size=30)])
    assert sample_volatility([0.0, 1.0, 0.0], returns) == 0
    assert sample_volatility([100.0, 0.0, -100.0], returns) == 0
    assert sample_volatility([1e-6, 1.0, 0.0], returns) == pytest.approx(1e-6 * moves.std(ddof=1), rel=1e-9)
    with pytest.raises(BacktestError, match="a volatility of 8e-17; expected a volatility above zero"):
        multiples_to_volatility([0.0, 1.0, 0.0], 8e-17, 0.03)


def test_a_cluster_whose_risks_cancel_out_up_to_rounding_is_refused() -> None:
    """Two pairs of opposites in the order of the tree: their shares are not defined, whatever the last bits are."""
    opposites = np.asarray(np.kron(np.eye(2), [[1.0, -1 + 2e-16], [-1 + 2e-16, 1.0]]), np.float64)
    with pytest.raises(BacktestError, match="neither half of 4 neighbouring assets has variance"):
        _bisect(np.ones((1, 4)), opposites[None])


def test_returns_that_are_zero_up_to_rounding_have_no_expected_shortfall() -> None:
    rng = np.random.default_rng(2)
    returns = np.column_stack([rng.normal(0, 0.03, 60), 1e-17 * rng.normal(size=60)])
    with pytest.raises(BacktestError, match="all returns of asset 1 are zero up to rounding"):
        historical_shortfall_parity_weights(returns)
