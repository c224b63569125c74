"""Risk contributions are w_i times the derivative of the volatility, and add up to it.

1. numbers worked out by hand, with their source;
2. Euler: they add up to the volatility, and each is a derivative, by finite differences;
3. classes have the contributions of their assets, added up;
4. stacks, broadcasting and DataFrames give the same as one problem at a time;
5. NaN propagates; no risk gives zeros; wrong shapes and negative variances are named.
"""

import re
from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from backtest.errors import BacktestError
from backtest.numerics.tolerances import NO_RISK
from backtest.risk.measures.contributions import (
    marginal_risk_contributions,
    percentage_contributions,
    portfolio_volatility,
    risk_contributions,
    sleeve_covariance,
)

# The article's example: volatilities 15 and 5 %, correlation 0.2.
STOCKS_AND_BONDS = np.array([[0.0225, 0.0015], [0.0015, 0.0025]])


def test_sixty_forty_has_92_percent_of_its_risk_in_stocks() -> None:
    # By hand: w∘Σw = (0.6 × 0.0141, 0.4 × 0.0019) = (0.00846, 0.00076), variance 0.00922.
    contributions = risk_contributions([0.6, 0.4], STOCKS_AND_BONDS)
    np.testing.assert_allclose(contributions, np.array([0.00846, 0.00076]) / np.sqrt(0.00922), rtol=1e-14)
    assert percentage_contributions(contributions) == pytest.approx([0.918, 0.082], abs=5e-4)
    marginal = marginal_risk_contributions([0.6, 0.4], STOCKS_AND_BONDS)
    np.testing.assert_allclose(marginal, np.array([0.0141, 0.0019]) / np.sqrt(0.00922), rtol=1e-14)


def test_quarter_stocks_has_equal_contributions_and_a_volatility_of_581_basis_points() -> None:
    contributions = risk_contributions([0.25, 0.75], STOCKS_AND_BONDS)
    assert contributions[0] == pytest.approx(contributions[1], rel=1e-14)
    assert portfolio_volatility([0.25, 0.75], STOCKS_AND_BONDS) == pytest.approx(0.0581, abs=5e-5)


def test_a_hedge_contributes_below_zero() -> None:
    assert risk_contributions([1.0, 0.2], [[0.04, -0.01], [-0.01, 0.01]])[1] < 0
    assert risk_contributions([1.0, -0.5], STOCKS_AND_BONDS)[1] < 0


@st.composite
def portfolios(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw long and short weights of 1 to 8 assets, and a covariance of any rank."""
    n = draw(st.integers(1, 8))
    loadings = draw(hnp.arrays(float, (n, draw(st.integers(1, 8))), elements=st.floats(-1, 1, width=32)))
    weights = draw(hnp.arrays(float, n, elements=st.floats(-2, 2, width=32)))
    return weights, loadings @ loadings.T


@given(portfolios())
def test_contributions_add_up_to_the_volatility(problem: tuple[np.ndarray, np.ndarray]) -> None:
    contributions = risk_contributions(*problem)
    size = np.abs(contributions).sum()
    assert contributions.sum() == pytest.approx(portfolio_volatility(*problem), rel=1e-12, abs=1e-12 * size)


def test_each_contribution_is_its_weight_times_the_derivative_of_the_volatility() -> None:
    rng = np.random.default_rng(1)
    loadings = rng.normal(size=(6, 9))
    covariance, weights, step = loadings @ loadings.T, rng.normal(size=6), 1e-5
    shifts = step * np.eye(6)
    slopes = [
        (portfolio_volatility(weights + s, covariance) - portfolio_volatility(weights - s, covariance)) / step / 2
        for s in shifts
    ]
    np.testing.assert_allclose(risk_contributions(weights, covariance), weights * slopes, rtol=1e-7)
    np.testing.assert_allclose(marginal_risk_contributions(weights, covariance), slopes, rtol=1e-7)
    np.testing.assert_allclose(weights * marginal_risk_contributions(weights, covariance),
                               risk_contributions(weights, covariance), rtol=1e-12)  # fmt: skip


@given(portfolios())
def test_shares_add_up_to_one_or_there_is_no_risk_to_share(problem: tuple[np.ndarray, np.ndarray]) -> None:
    contributions = risk_contributions(*problem)
    shares = percentage_contributions(contributions)
    if contributions.sum() > 0:
        assert shares.sum() == pytest.approx(1, abs=1e-12 * np.abs(shares).sum())
    else:
        assert np.isnan(shares).all()


@given(portfolios(), st.integers(0, 2**32 - 1))
def test_sleeve_contributes_the_sum_of_its_assets(problem: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    """Its volatility equals the volatility of its assets held alone; all sleeves together are the whole portfolio.

    A volatility within the limit of no risk counts as zero. The limit is relative to the largest deviation of a matrix,
    which the matrix of sleeves does not have if that asset is not held: up to the limit the two may differ.
    """
    weights, covariance = problem
    no_risk = (3 * NO_RISK * np.abs(weights).sum() * np.sqrt(np.diagonal(covariance).max())) ** 2  # of three sleeves
    members = np.random.default_rng(seed).integers(3, size=len(weights)) == np.arange(3)[:, None]
    sleeves = sleeve_covariance(weights, covariance, members)
    parts = risk_contributions(np.ones(3), sleeves)
    size = float(np.abs(weights) @ np.abs(covariance) @ np.abs(weights))
    variance = float(portfolio_volatility(weights, covariance)) ** 2
    assert portfolio_volatility(np.ones(3), sleeves) ** 2 == pytest.approx(
        variance, rel=1e-12, abs=1e-12 * size + no_risk
    )
    if variance > 1e-6 * size:  # otherwise a contribution is rounding over the root of rounding
        expected = members @ risk_contributions(weights, covariance)
        np.testing.assert_allclose(parts, expected, rtol=0, atol=1e-12 * size / np.sqrt(variance))
    alone = [float(portfolio_volatility(np.where(held, weights, 0.0), covariance)) ** 2 for held in members]
    np.testing.assert_allclose(np.diagonal(sleeves), alone, rtol=0, atol=1e-12 * size + no_risk)


def test_a_stack_equals_its_problems_one_at_a_time() -> None:
    rng = np.random.default_rng(2)
    loadings, weights = rng.normal(size=(7, 5, 8)), rng.normal(size=(7, 5))
    stack = loadings @ loadings.swapaxes(1, 2)
    each = [risk_contributions(w, s) for w, s in zip(weights, stack, strict=True)]
    np.testing.assert_allclose(risk_contributions(weights, stack), each, rtol=1e-12)
    np.testing.assert_allclose(portfolio_volatility(weights, stack), np.sum(each, axis=1), rtol=1e-12)
    one_covariance = [risk_contributions(w, stack[0]) for w in weights]
    np.testing.assert_allclose(risk_contributions(weights, stack[0]), one_covariance, rtol=1e-12)
    one_portfolio = [risk_contributions(weights[0], s) for s in stack]
    np.testing.assert_allclose(risk_contributions(weights[0], stack), one_portfolio, rtol=1e-12)
    assert risk_contributions(weights[:0], stack[:0]).shape == (0, 5)
    slopes = [marginal_risk_contributions(w, s) for w, s in zip(weights, stack, strict=True)]
    np.testing.assert_allclose(marginal_risk_contributions(weights, stack), slopes, rtol=1e-12)
    np.testing.assert_allclose(percentage_contributions(each), np.divide(each, np.sum(each, axis=1)[:, None]))
    members = np.arange(5) % 2 == np.arange(2)[:, None]
    sleeves = [sleeve_covariance(w, s, members) for w, s in zip(weights, stack, strict=True)]
    np.testing.assert_allclose(sleeve_covariance(weights, stack, members), sleeves, rtol=1e-12, atol=1e-14)


def test_pandas_objects_are_accepted() -> None:
    frame = pd.DataFrame(STOCKS_AND_BONDS, index=["stocks", "bonds"], columns=["stocks", "bonds"])
    contributions = risk_contributions(pd.Series([0.6, 0.4], ["stocks", "bonds"]), frame)
    assert isinstance(contributions, np.ndarray)
    np.testing.assert_array_equal(contributions, risk_contributions([0.6, 0.4], STOCKS_AND_BONDS))


def test_nan_affects_only_its_own_portfolio() -> None:
    contributions = risk_contributions([[0.5, np.nan], [0.5, 0.5]], STOCKS_AND_BONDS)
    assert np.isnan(contributions[0]).all()
    assert np.isfinite(contributions[1]).all()
    assert np.isnan(risk_contributions([1.0, 0.0], [[0.04, np.nan], [np.nan, 0.01]])).all()


def test_no_risk_gives_zeros() -> None:
    np.testing.assert_array_equal(risk_contributions([0.0, 0.0], STOCKS_AND_BONDS), [0.0, 0.0])
    np.testing.assert_array_equal(risk_contributions([0.5, 0.5], [[1, -1], [-1, 1]]), [0.0, 0.0])
    # Perfect hedges of volatilities 0.1 and 0.3: the variance comes out at some -1e-19, by rounding.
    almost = np.array([[0.01, -0.03], [-0.03, 0.09]]) * (1 + 1e-16)
    assert portfolio_volatility([0.75, 0.25], almost - 1e-18) == 0.0


def test_portfolio_without_risk_has_no_derivative_and_no_shares() -> None:
    assert np.isnan(marginal_risk_contributions([0.0, 0.0], STOCKS_AND_BONDS)).all()
    assert np.isnan(percentage_contributions([[0.0, 0.0], [-0.2, 0.1]])).all()
    mixed = marginal_risk_contributions([[0.0, 0.0], [1.0, 0.0]], STOCKS_AND_BONDS)
    assert mixed[1] == pytest.approx([0.15, 0.01])
    assert np.isnan(percentage_contributions([0.1, np.nan])).all()


@pytest.mark.parametrize(
    ("weights", "covariance"),
    [
        ([0.5, 0.5, 0.0], STOCKS_AND_BONDS),
        ([0.5, 0.5], STOCKS_AND_BONDS[:1]),
        (np.ones((3, 2)), np.ones((4, 2, 2))),
        (1.0, [[0.04]]),
        (np.ones((1, 1, 2)), STOCKS_AND_BONDS),
    ],
)
def test_shapes_that_do_not_fit_are_named(weights: ArrayLike, covariance: ArrayLike) -> None:
    shape = re.escape(str(np.shape(weights)))
    with pytest.raises(BacktestError, match=f"weights of shape {shape} .* expected "):
        risk_contributions(weights, covariance)


@pytest.mark.parametrize(
    "measure",
    [portfolio_volatility, risk_contributions, marginal_risk_contributions],
    ids=lambda measure: measure.__name__,
)
def test_a_variance_beyond_double_precision_is_refused(measure: Callable[..., object]) -> None:
    with pytest.raises(BacktestError, match=r"^weights and covariance: the numbers are so large"):
        measure([1e200, 0.0], STOCKS_AND_BONDS)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_variance_of_an_asset_below_zero_is_rounding_up_to_a_billionth_of_the_largest(unit: float) -> None:
    """The limit is relative, so the unit of the covariance does not matter."""
    assert portfolio_volatility([1.0, 0.0], unit * np.diag([4.0, -3.9e-9])) == pytest.approx(2 * np.sqrt(unit))
    with pytest.raises(BacktestError, match=r"^covariance: the variance of asset 1 is -"):
        portfolio_volatility([1.0, 0.0], unit * np.diag([4.0, -4.1e-9]))
    with pytest.raises(BacktestError, match=r"^covariance\[1\]: the variance of asset 0 is -"):
        portfolio_volatility([1.0, 0.0], unit * np.array([np.eye(2), np.diag([-4.1e-9, 4.0])]))
    with pytest.raises(BacktestError, match="variance of asset 0"):
        portfolio_volatility([1.0, 0.0], -unit * np.eye(2))


def test_a_negative_variance_is_an_error_that_names_the_problem() -> None:
    wrong = np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(BacktestError, match=r"^covariance: the portfolio's variance is -2, .* semi-definite"):
        portfolio_volatility([1.0, -1.0], wrong)
    with pytest.raises(BacktestError, match=r"^covariance\[1\]: the portfolio's variance is -2"):
        risk_contributions([1.0, -1.0], [np.eye(2), wrong])


def test_contributions_of_a_stack_of_stacks_are_refused() -> None:
    with pytest.raises(BacktestError, match=r"contributions: got the shape \(1, 1, 2\), expected \(n,\)"):
        percentage_contributions(np.ones((1, 1, 2)))
