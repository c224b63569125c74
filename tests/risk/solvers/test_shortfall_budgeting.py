"""Budgets of expected shortfall: the conditions of optimality, closed forms, and Clarabel's cones as a second opinion.

The historical measure has kinks, and the answer mostly lies on one. There the marginal contributions belong to one of
many ways to divide the end of the tail among periods of equal loss. A test that only used the division of the measure
(an even one) would see unequal contributions and fail wrongly. These tests show that some division makes all
contributions equal to the budgets, which is sufficient because the problem is convex.
"""

import clarabel
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from backtest.errors import NoRiskBudgetPortfolio
from backtest.numerics.arrays import Floats
from backtest.risk import gaussian_shortfall_parity_weights, historical_shortfall_parity_weights, risk_parity_weights
from backtest.risk.measures.expected_shortfall import (
    gaussian_expected_shortfall,
    gaussian_shortfall_contributions,
    historical_expected_shortfall,
    historical_shortfall_contributions,
)
from backtest.risk.solvers import shortfall_path


def random_returns(seed: int, periods: int, count: int) -> Floats:
    """Return returns with fat tails, a common factor, volatilities over two orders of magnitude, and a small mean."""
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(4, (periods, count)) + 0.7 * rng.standard_t(4, (periods, 1))
    return np.asarray((returns + 0.1) * 10 ** rng.uniform(-2.5, -0.5, count))


def distance_from_budgets(weights: Floats, returns: Floats, budgets: Floats, level: float) -> float:
    """The least largest |share - budget| / budget over all ways to divide the end of the tail: a linear program.

    Losses within 1e-9 of the one at the end of the tail count as equal to it: the weights are good to 1e-10.
    """
    periods = len(returns)
    size = max((1 - level) * periods, 1.0)
    losses = -returns @ weights
    ordered = np.sort(losses)[::-1]
    end = ordered[int(np.ceil(size - 1e-9)) - 1]
    tied = np.abs(losses - end) <= 1e-9 * np.abs(losses).max()
    inside = (losses > end) & ~tied
    shortfall = float(historical_expected_shortfall(weights, returns, level))
    relative = -returns * weights / shortfall / budgets / size  # (T, n): a whole period's part in share / budget
    fixed = relative[inside].sum(axis=0)
    free = relative[tied].T
    count, ties = free.shape
    rows = np.vstack([np.hstack([free, -np.ones((count, 1))]), np.hstack([-free, -np.ones((count, 1))])])
    total = np.append(np.ones(ties), 0.0)[None]
    bounds = [(0, 1)] * ties + [(0, None)]
    found = linprog(
        np.append(np.zeros(ties), 1.0),
        rows,
        np.concatenate([1 - fixed, fixed - 1]),
        total,
        [size - inside.sum()],
        bounds,
        options={"primal_feasibility_tolerance": 1e-10},
    )
    assert found.fun is not None, found.message
    return float(found.fun)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 12),
    periods=st.sampled_from([20, 36, 61, 120, 400]),
    level=st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.975]),
    budgets=st.sampled_from(["equal", "dirichlet"]),
)
def test_some_division_of_the_tails_end_meets_the_budgets(
    seed: int, count: int, periods: int, level: float, budgets: str
) -> None:
    """The condition of optimality, found by a linear program that knows nothing of how the weights were."""
    returns = random_returns(seed, periods, count)
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(count, 3.0)) if budgets == "dirichlet" else np.full(count, 1 / count)
    assume(shares.min() > 1e-3)
    try:
        weights = historical_shortfall_parity_weights(returns, shares, level)
    except NoRiskBudgetPortfolio as problem:
        assert "only if the expected shortfall of every long-only portfolio is above zero" in str(problem)  # noqa: PT017 - it says the same
        assert least_shortfall(returns, level) <= 1e-9
        return
    assert weights.min() > 0
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    assert distance_from_budgets(weights, returns, shares, level) <= 1e-8


def least_shortfall(returns: Floats, level: float) -> float:
    """The least expected shortfall of a long-only portfolio whose weights times volatilities add up to 1."""
    scaled = returns / returns.std(axis=0)
    periods, count = returns.shape
    size = max((1 - level) * periods, 1.0)
    cost = np.concatenate([np.zeros(count), [1.0], np.full(periods, 1 / size)])
    below = np.hstack([-scaled, -np.ones((periods, 1)), -np.eye(periods)])
    total = np.concatenate([np.ones(count), np.zeros(periods + 1)])[None]
    bounds = [(0, None)] * count + [(None, None)] + [(0, None)] * periods
    least = linprog(cost, below, np.zeros(periods), total, [1.0], bounds).fun
    assert least is not None
    return float(least)


def test_multipliers_are_the_shares_of_the_tail() -> None:
    """λ: whole parts beyond the end of the tail, none below it, and in between only where losses are equal to it.

    And with these parts, not with even ones, contributions are the budgets: n - 1 kinks for n assets are usual.
    """
    returns = random_returns(1, 120, 5)
    level, size = 0.9, 12.0
    typical = np.abs(returns).mean(axis=0)
    x, tail = shortfall_path.solve(returns / typical, np.full(5, 0.2), size)
    weights = historical_shortfall_parity_weights(returns, level=level)
    np.testing.assert_allclose(x / typical / (x / typical).sum(), weights, rtol=1e-12)
    losses = -returns @ weights
    split = (tail > 1e-6 / size) & (tail < (1 - 1e-6) / size)
    end = losses[split].mean()
    assert 2 <= split.sum() <= 5
    np.testing.assert_allclose(losses[split], end, rtol=1e-10)
    assert (losses[tail > (1 - 1e-6) / size] > end).all()
    assert (losses[tail < 1e-6 / size] < end).all()
    shares = weights * (-tail @ returns)
    np.testing.assert_allclose(shares / shares.sum(), 0.2, rtol=1e-10)
    even = historical_shortfall_contributions(weights, returns, level)
    assert np.ptp(even / even.sum()) > 1e-3, "the case is meant to have a kink"


def test_clarabel_finds_the_same_weights() -> None:
    """The whole program with exponential cones, which Clarabel solves to some 1e-5 of the weights."""
    for seed, periods, count, level in [(0, 60, 4, 0.9), (1, 120, 6, 0.95), (2, 20, 3, 0.75)]:
        returns = random_returns(seed, periods, count)
        scale = np.abs(returns).mean(axis=0)
        budgets = np.random.default_rng(seed).dirichlet(np.full(count, 3.0))
        x = by_clarabel(returns / scale, budgets, max((1 - level) * periods, 1.0)) / scale
        weights = historical_shortfall_parity_weights(returns, budgets, level)
        np.testing.assert_allclose(weights * scale / (weights @ scale), x * scale / (x @ scale), rtol=0, atol=1e-4)


def by_clarabel(returns: Floats, budgets: Floats, size: float) -> Floats:
    """Minimise v + Σu/size - Σ b_i t_i with u >= 0, u + v + r'x >= 0 and (t_i, 1, x_i) in the exponential cone."""
    periods, count = returns.shape
    zero, one, eye = np.zeros, np.ones((periods, 1)), np.eye(periods)
    tails = np.hstack([-returns, -one, -eye, zero((periods, count))])
    signs = np.hstack([zero((periods, count + 1)), -eye, zero((periods, count))])
    cones = zero((3 * count, 2 * count + 1 + periods))
    cones[range(0, 3 * count, 3), range(count + 1 + periods, 2 * count + 1 + periods)] = -1
    cones[range(2, 3 * count, 3), range(count)] = -1
    cost = np.concatenate([zero(count), [1.0], np.full(periods, 1 / size), -budgets])
    limits = np.concatenate([zero(2 * periods), np.tile([0.0, 1.0, 0.0], count)])
    options = clarabel.DefaultSettings()
    options.verbose = False
    kinds = [clarabel.NonnegativeConeT(2 * periods), *[clarabel.ExponentialConeT()] * count]
    constraints = sparse.csc_matrix(np.vstack([tails, signs, cones]))
    quadratic = sparse.csc_matrix((len(cost), len(cost)))
    return np.array(clarabel.DefaultSolver(quadratic, cost, constraints, limits, kinds, options).solve().x)[:count]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_scaled_copies_of_one_asset_get_their_budget_over_their_size(level: float) -> None:
    """With comonotonic assets every tail is the same periods: no kinks, and weights go by each one's own shortfall."""
    one = random_returns(3, 80, 1)
    returns = one * [1.0, 2.0, 0.1]
    budgets = np.array([0.5, 0.3, 0.2])
    expected = budgets / [1.0, 2.0, 0.1]
    weights = historical_shortfall_parity_weights(returns, budgets, level)
    np.testing.assert_allclose(weights, expected / expected.sum(), rtol=1e-10)
    contributions = historical_shortfall_contributions(weights, returns, level)
    np.testing.assert_allclose(contributions / contributions.sum(), budgets, rtol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 8), level=st.sampled_from([0.8, 0.95]))
def test_neither_the_order_nor_the_unit_matters(seed: int, count: int, level: float) -> None:
    """Permuting assets permutes the weights, permuting periods does nothing; ten times better than promised."""
    returns = random_returns(seed, 90, count)
    try:
        weights = historical_shortfall_parity_weights(returns, level=level)
    except NoRiskBudgetPortfolio:
        assume(False)
    rng = np.random.default_rng(seed)
    order, periods = rng.permutation(count), rng.permutation(90)
    np.testing.assert_allclose(
        historical_shortfall_parity_weights(returns[periods][:, order], level=level), weights[order], rtol=0, atol=1e-10
    )
    np.testing.assert_allclose(
        historical_shortfall_parity_weights(returns * 1e-5, level=level), weights, rtol=0, atol=1e-10
    )


def test_asset_without_a_budget_is_ignored() -> None:
    """Its weight is exactly zero, its returns may be missing, and the others are as without it."""
    returns = random_returns(7, 60, 4)
    covariance, mean = np.cov(returns, rowvar=False), returns.mean(axis=0)
    budgets, others = [0.5, 0.0, 0.2, 0.3], [0, 2, 3]
    expected = historical_shortfall_parity_weights(returns[:, others], [0.5, 0.2, 0.3])
    gaussian = gaussian_shortfall_parity_weights(covariance[np.ix_(others, others)], mean[others], [0.5, 0.2, 0.3])
    returns[5, 1] = mean[1] = np.nan
    weights = historical_shortfall_parity_weights(returns, budgets)
    assert weights[1] == 0
    assert weights[others].tobytes() == expected.tobytes()
    np.testing.assert_allclose(
        gaussian_shortfall_parity_weights(covariance, mean, budgets)[others], gaussian, rtol=1e-13
    )


# ------------------------------------------------------------------------------------------------------------- Gaussian


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 15), level=st.sampled_from([0.6, 0.9, 0.95, 0.99]))
def test_gaussian_shortfall_without_means_gives_risk_parity(seed: int, count: int, level: float) -> None:
    """Roncalli (2013), 2.3: Gaussian expected shortfall is then a multiple of volatility, whatever the level."""
    covariance = np.cov(random_returns(seed, 100, count), rowvar=False).reshape(count, count)
    budgets = np.random.default_rng(seed).dirichlet(np.full(count, 2.0))
    assume(budgets.min() > 1e-4)
    weights = gaussian_shortfall_parity_weights(covariance, None, budgets, level)
    np.testing.assert_allclose(weights, risk_parity_weights(covariance, budgets), rtol=1e-9)  # each good to 1e-9


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 15),
    level=st.sampled_from([0.6, 0.9, 0.95, 0.99]),
    sharpe=st.sampled_from([0.05, 0.3, 1.0]),
)
def test_contributions_equal_the_budgets(seed: int, count: int, level: float, sharpe: float) -> None:
    """To 1e-9 of each, or there is a portfolio that has no expected shortfall, and it is the one named."""
    covariance = np.cov(random_returns(seed, 100, count), rowvar=False).reshape(count, count)
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, sharpe, count) * np.sqrt(np.diag(covariance))
    budgets = rng.dirichlet(np.full(count, 2.0))
    assume(budgets.min() > 1e-4)
    try:
        weights = gaussian_shortfall_parity_weights(covariance, mean, budgets, level)
    except NoRiskBudgetPortfolio as problem:
        assert float(str(problem).partition("expected shortfall of ")[2].partition(";")[0]) <= 0  # noqa: PT017 - only some cases fail
        return
    contributions = gaussian_shortfall_contributions(weights, covariance, mean, level)
    np.testing.assert_allclose(contributions / contributions.sum(), budgets, rtol=1e-9)


def test_two_independent_assets_by_hand() -> None:
    """With w_1 = 1 - w_2, c w_i² σ_i² / σ - w_i μ_i is the same of both: the root found by bisection."""
    covariance, mean, factor = np.diag([0.04, 0.01]), np.array([0.06, 0.0]), 2.0627128075
    low, high = 0.0, 1.0
    for _ in range(60):
        w = np.array([(low + high) / 2, 1 - (low + high) / 2])
        parts = factor * w**2 * np.diag(covariance) / np.sqrt(w @ covariance @ w) - w * mean
        low, high = (low, w[0]) if parts[0] > parts[1] else (w[0], high)
    np.testing.assert_allclose(gaussian_shortfall_parity_weights(covariance, mean), w, rtol=1e-9)
    assert gaussian_expected_shortfall([1.0], [[1.0]]) == pytest.approx(factor, abs=1e-10)
