"""Risk budgeting: the weights whose shares of risk equal the budgets, and no others.

1. published numbers, each together with the theorem that makes them right: shares equal budgets;
2. other algorithms as the oracle: plain coordinate descent, and scipy's optimiser on the log barrier;
3. properties: scale, order, twins, zero budgets, singular matrices, stacks.
Its failures, and hard problems, are in test_budgeting_failures.py.
"""

from fractions import Fraction

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from backtest.risk.measures.contributions import portfolio_volatility, risk_contributions
from backtest.risk.solvers import barrier_kernel
from backtest.risk.solvers.budgeting import risk_parity_weights


def covariance_of(volatilities: list[float], correlations: np.ndarray) -> np.ndarray:
    volatility = np.array(volatilities)
    return np.asarray(volatility[:, None] * correlations * volatility)


def assert_shares_are(budgets: ArrayLike, weights: np.ndarray, covariance: np.ndarray, rtol: float = 1e-10) -> None:
    contributions = risk_contributions(weights, covariance)
    np.testing.assert_allclose(contributions / contributions.sum(), np.asarray(budgets), rtol=rtol)
    assert weights.sum() == pytest.approx(1, abs=1e-14)


# 1. Published numbers


def test_maillard_roncalli_teiletche_2010_without_correlation() -> None:
    # "The Properties of Equally Weighted Risk Contribution Portfolios", the example with ρ = 0.
    covariance = covariance_of([0.1, 0.2, 0.3, 0.4], np.eye(4))
    weights = risk_parity_weights(covariance)
    np.testing.assert_allclose(weights, [0.48, 0.24, 0.16, 0.12], rtol=1e-14)
    assert_shares_are([0.25] * 4, weights, covariance)


def test_richard_roncalli_2019_four_assets() -> None:
    # "Constrained Risk Budgeting Portfolios", the ERC portfolio before its constraints.
    correlations = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    correlations[2, 3] = correlations[3, 2] = 0.75
    covariance = covariance_of([0.1, 0.15, 0.2, 0.3], correlations)
    weights = risk_parity_weights(covariance)
    np.testing.assert_allclose(weights, [0.4101, 0.2734, 0.1899, 0.1266], atol=5e-5)
    assert portfolio_volatility(weights, covariance) == pytest.approx(0.1278, abs=5e-5)
    assert_shares_are([0.25] * 4, weights, covariance)


def test_riskparityportfolio_three_assets_with_budgets() -> None:
    # A test case of the Python package riskparityportfolio.
    covariance = np.array([[1, 0.0015, -0.0119], [0.0015, 1, -0.0308], [-0.0119, -0.0308, 1]])
    budgets = [0.1594, 0.0126, 0.8280]
    weights = risk_parity_weights(covariance, budgets)
    np.testing.assert_allclose(weights, [0.2798628, 0.08774909, 0.63238811], atol=5e-8)
    assert_shares_are(budgets, weights, covariance)


@pytest.mark.parametrize("correlation", [-0.9999, -0.5, 0.0, 0.2, 0.999999, 1.0])
def test_two_assets_are_inverse_to_volatility_whatever_their_correlation(correlation: float) -> None:
    # Maillard, Roncalli and Teïletche (2010), section 2.2. With ρ = 0.2 it is the article's 25 / 75 %.
    covariance = covariance_of([0.15, 0.05], np.array([[1, correlation], [correlation, 1]]))
    np.testing.assert_allclose(risk_parity_weights(covariance), [0.25, 0.75], rtol=1e-12)


def test_two_assets_with_budgets_by_the_closed_form() -> None:
    # Roncalli (2013), section 2.2.1: w in (0, 1) with b2 σ1² w² + (b2 - b1) ρσ1σ2 w (1-w) = b1 σ2² (1-w)².
    b1, b2, v1, v2, c = 0.6, 0.4, 0.0225, 0.0025, 0.0015
    quadratic = np.array([b2 * v1 - (b2 - b1) * c - b1 * v2, (b2 - b1) * c + 2 * b1 * v2, -b1 * v2])
    root = [r for r in np.roots(quadratic) if 0 < r < 1]
    weights = risk_parity_weights([[v1, c], [c, v2]], [b1, b2])
    np.testing.assert_allclose(weights, [root[0], 1 - root[0]], rtol=1e-11)


# 2. Other algorithms


def coordinate_descent(covariance: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """Griveau-Billion, Richard and Roncalli (2013), as printed; slow, and simple enough to be right."""
    x = 1 / np.sqrt(np.diagonal(covariance))
    for _ in range(10_000):
        before = x.copy()
        for i in range(x.size):
            others = covariance[i] @ x - covariance[i, i] * x[i]
            root = np.sqrt(others**2 + 4 * covariance[i, i] * budgets[i])
            x[i] = (root - others) / (2 * covariance[i, i])
        if np.abs(x / before - 1).max() < 1e-14:
            break
    return np.asarray(x / x.sum())


def by_scipy(covariance: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """The log barrier as a function of z = log x, which needs no bounds, by scipy's exact trust region."""

    def barrier(z: np.ndarray) -> float:
        return float(0.5 * np.exp(z) @ covariance @ np.exp(z) - budgets @ z)

    def gradient(z: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(z) * (covariance @ np.exp(z)) - budgets)

    def hessian(z: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(z) * covariance * np.exp(z)[:, None] + np.diag(gradient(z) + budgets))

    start = np.full(len(budgets), -0.5 * np.log(covariance.sum()))
    found = minimize(barrier, start, method="trust-exact", jac=gradient, hess=hessian, options={"gtol": 1e-9})
    return np.asarray(np.exp(found.x) / np.exp(found.x).sum())


@pytest.mark.parametrize("seed", range(20))
def test_two_other_algorithms_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    returns = rng.normal(size=(3 * n, n)) @ rng.normal(size=(n, n)) * rng.uniform(0.3, 3, n)
    covariance, budgets = np.cov(returns.T), rng.dirichlet(np.full(n, 2.0))
    weights = risk_parity_weights(covariance, budgets)
    np.testing.assert_allclose(weights, coordinate_descent(covariance, budgets), rtol=1e-9)
    np.testing.assert_allclose(weights, by_scipy(covariance, budgets), rtol=1e-7)


# 3. Properties


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw a covariance of 2 to 8 assets far from singular, volatilities up to 1000:1, and budgets above 1/100."""
    n = draw(st.integers(2, 8))
    loadings = draw(hnp.arrays(float, (n, n), elements=st.floats(-1, 1, width=32)))
    specific = draw(hnp.arrays(float, n, elements=st.floats(0.125, 1, width=32)))
    scale = 10 ** draw(hnp.arrays(float, n, elements=st.floats(-1.5, 1.5, width=32)))
    shares = draw(hnp.arrays(float, n, elements=st.floats(0.125, 1, width=32)))
    return (loadings @ loadings.T + np.diag(specific)) * scale * scale[:, None], shares / shares.sum()


@given(problems())
def test_shares_of_risk_equal_the_budgets_and_weights_are_positive(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    weights = risk_parity_weights(*problem)
    assert (weights > 0).all()
    assert_shares_are(problem[1], weights, problem[0])


@given(problems(), st.floats(-250, 250))
def test_the_unit_of_the_covariance_does_not_matter(problem: tuple[np.ndarray, np.ndarray], exponent: float) -> None:
    covariance, budgets = problem
    weights = risk_parity_weights(covariance * 10**exponent, budgets)
    np.testing.assert_allclose(weights, risk_parity_weights(covariance, budgets), rtol=1e-10)


@given(problems(), st.data())
def test_an_asset_twice_as_volatile_gets_half(problem: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    covariance, budgets = problem
    leverage = data.draw(hnp.arrays(float, len(budgets), elements=st.floats(0.01, 100)))
    expected = risk_parity_weights(covariance, budgets) / leverage
    weights = risk_parity_weights(covariance * leverage * leverage[:, None], budgets)
    np.testing.assert_allclose(weights, expected / expected.sum(), rtol=1e-10)


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_assets_does_not_matter(problem: tuple[np.ndarray, np.ndarray], random: object) -> None:
    covariance, budgets = problem
    order = np.random.default_rng(random.getrandbits(32)).permutation(len(budgets))  # type: ignore[attr-defined]
    weights = risk_parity_weights(covariance[np.ix_(order, order)], budgets[order])
    np.testing.assert_allclose(weights, risk_parity_weights(covariance, budgets)[order], rtol=1e-10)


@given(problems(), st.floats(0.05, 0.95), st.floats(0.01, 100))
def test_a_twin_shares_the_budget_and_changes_nothing_else(
    problem: tuple[np.ndarray, np.ndarray], part: float, leverage: float
) -> None:
    covariance, budgets = problem
    scale = np.append(np.ones(len(budgets)), leverage)
    twins = np.append(np.arange(len(budgets)), 0)  # the last asset is the first one, levered: singular
    doubled = covariance[np.ix_(twins, twins)] * scale * scale[:, None]
    shared = np.append(budgets, budgets[0] * (1 - part))
    shared[0] *= part
    exposure = risk_parity_weights(doubled, shared) * scale
    together = np.append(exposure[0] + exposure[-1], exposure[1:-1])
    np.testing.assert_allclose(together / together.sum(), risk_parity_weights(covariance, budgets), rtol=1e-9)
    assert exposure[0] / together[0] == pytest.approx(part, rel=1e-9)


@given(problems(), st.data())
def test_a_budget_of_zero_is_a_weight_of_zero(problem: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    covariance, budgets = problem
    held = data.draw(hnp.arrays(bool, len(budgets)).filter(np.any))
    shares = np.where(held, budgets, 0) / budgets[held].sum()
    covariance[~held], covariance[:, ~held] = np.nan, np.nan  # not looked at
    weights = risk_parity_weights(covariance, shares)
    assert (weights[~held] == 0).all()
    rest = risk_parity_weights(covariance[np.ix_(held, held)], shares[held])
    np.testing.assert_allclose(weights[held], rest, rtol=1e-10)


def test_fewer_observations_than_assets_are_solved() -> None:
    rng = np.random.default_rng(3)
    returns = rng.normal(size=(12, 30)) + 1.5 * rng.normal(size=(12, 1))
    covariance = np.cov(returns.T)
    assert np.linalg.matrix_rank(covariance) == 11
    assert_shares_are(np.full(30, 1 / 30), risk_parity_weights(covariance), covariance)


@settings(max_examples=25)
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_a_stack_equals_its_problems_one_at_a_time(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(9, n, n))
    stack = loadings @ loadings.swapaxes(1, 2) + 0.3 * np.eye(n)
    budgets = rng.dirichlet(np.full(n, 3.0), size=9)
    if n > 1:
        budgets[::3, 0] = 0
    budgets /= budgets.sum(axis=1, keepdims=True)
    each = [risk_parity_weights(c, b) for c, b in zip(stack, budgets, strict=True)]
    np.testing.assert_allclose(risk_parity_weights(stack, budgets), each, rtol=1e-10)
    alike = [risk_parity_weights(c) for c in stack]
    np.testing.assert_allclose(risk_parity_weights(stack), alike, rtol=1e-10)
    same = [risk_parity_weights(c, budgets[1]) for c in stack]
    np.testing.assert_allclose(risk_parity_weights(stack, budgets[1]), same, rtol=1e-10)


def test_a_stack_may_share_its_signs() -> None:
    stack = np.array([covariance_of([0.1, 0.2], np.array([[1.0, r], [r, 1.0]])) for r in (-0.3, 0.0, 0.5)])
    shared = risk_parity_weights(stack, signs=[1, -1])
    np.testing.assert_array_equal(shared, risk_parity_weights(stack, signs=[[1, -1]] * 3))


def test_extreme_shapes_and_number_types_are_accepted() -> None:
    np.testing.assert_array_equal(risk_parity_weights([[0.04]]), [1.0])
    assert risk_parity_weights(np.zeros((0, 3, 3))).shape == (0, 3)
    np.testing.assert_array_equal(risk_parity_weights(np.diag([0.04, 0]), [1, 0]), [1.0, 0.0])
    frame = pd.DataFrame([[0.04, 0.01], [0.01, 0.09]], index=["a", "b"], columns=["a", "b"])
    weights = risk_parity_weights(frame, pd.Series([0.3, 0.7], ["a", "b"]))
    assert isinstance(weights, np.ndarray)
    np.testing.assert_array_equal(weights, risk_parity_weights(frame.to_numpy(), [0.3, 0.7]))


def test_inputs_are_not_modified() -> None:
    covariance, budgets = np.array([[[0.04, 0.01], [0.01, 0.09]]]), np.array([[1.0, 0.0]])
    covariance.flags.writeable = budgets.flags.writeable = False
    risk_parity_weights(covariance, budgets)


def test_near_the_limit_the_budgets_are_met_in_exact_arithmetic() -> None:
    # Correlations of -1/2 + 4e-6: plain double precision does not suffice, rational numbers do.
    correlations = np.full((3, 3), -0.5 + 4e-6)
    np.fill_diagonal(correlations, 1.0)
    budgets = np.array([0.2, 0.3, 0.5])
    covariance = covariance_of([0.11, 0.07, 0.23], correlations)
    weights = risk_parity_weights(covariance, budgets)
    volatility, gradient = np.sqrt(np.diagonal(covariance)), covariance @ weights
    assert 1e-10 < barrier_kernel.error_bound(covariance, budgets, volatility, weights, gradient) < 1
    exact = [[Fraction(float(v)) for v in row] for row in covariance]
    w = [Fraction(float(v)) for v in weights]
    products = [w_i * sum(c * w_j for c, w_j in zip(row, w, strict=True)) for w_i, row in zip(w, exact, strict=True)]
    for product, budget in zip(products, budgets, strict=True):
        assert abs(product / sum(products) - Fraction(float(budget))) <= 1e-10 * budget
