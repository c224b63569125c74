"""Portfolios of least variance and of most diversification.

A portfolio minimises a convex program if and only if it meets the conditions of Karush, Kuhn and Tucker, so every
answer is tested against these conditions, computed from the weights alone. Clarabel, an interior-point solver, is the
second opinion on the weights, accurate to some 1e-6 of them (its gap is 1e-8, and the variance is flat at its minimum).
"""

import clarabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import SUM_ROUNDING
from backtest.risk import maximum_diversification_weights, minimum_variance_weights, risk_contributions
from backtest.risk.solvers import convex
from support.worked_cases import hrp_example


def random_covariance(seed: int, count: int, rows: int, common: float = 1.0, scales: float = 1.0) -> Floats:
    """Return the covariance of `rows` returns with a common factor of random sign and volatilities over 10**±scales."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(0.3, 1.5, count) * rng.choice([-1, 1], count, p=[0.1, 0.9])
    returns = rng.standard_normal((rows, count)) + common * rng.standard_normal((rows, 1)) * loadings
    returns *= 10 ** rng.uniform(-scales, scales, count)
    deviations = returns - returns.mean(axis=0)
    return np.asarray(deviations.T @ deviations / (rows - 1))


def slopes(weights: Floats, covariance: Floats, cap: float) -> Floats:
    """Distance of each asset's covariance with the portfolio from its condition of optimality, in units of rounding.

    Between the bounds it equals the multiplier; at zero it is no lower, at the cap no higher.
    """
    marginal = covariance @ weights
    inside = (weights > 0) & (weights < cap)
    multiplier = marginal[inside].mean() if inside.any() else marginal[weights >= cap].max()
    sizes = np.abs(covariance) @ weights
    difference = (marginal - multiplier) / sizes
    return np.asarray(np.where(inside, np.abs(difference), np.where(weights > 0, difference, -difference)), np.float64)


def by_clarabel(covariance: Floats, cap: float = np.inf) -> Floats:
    """Solve the same program in its plain form, in units of the smallest volatility."""
    count = len(covariance)
    bounds = [np.zeros(count), np.full(count, cap)] if np.isfinite(cap) else [np.zeros(count)]
    rows = [np.ones((1, count)), -np.eye(count), np.eye(count)][: 1 + len(bounds)]
    options = clarabel.DefaultSettings()
    options.verbose = False
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = 1e-12
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(count * len(bounds))]
    quadratic = sparse.csc_matrix(np.triu(covariance / np.diag(covariance).min()))
    limits = np.concatenate([[1.0], *bounds])
    solver = clarabel.DefaultSolver(
        quadratic, np.zeros(count), sparse.csc_matrix(np.vstack(rows)), limits, cones, options
    )
    return np.array(solver.solve().x)


def test_weights_equal_the_papers_minimum_variance_portfolio() -> None:
    """López de Prado (2016), the weights of the critical line algorithm: half of its assets' copies get nothing."""
    weights = minimum_variance_weights(hrp_example.covariance())
    assert (100 * weights).round(2).tolist() == hrp_example.MINIMUM_VARIANCE
    assert (weights[[5, 8, 9]] == 0).all(), "zeros are exact"


def test_two_assets_by_hand() -> None:
    """w_1 = (σ2² - σ12) / (σ1² + σ2² - 2 σ12), or all of the calmer one where that is negative."""
    for first, second, correlation in [(0.2, 0.1, 0.3), (0.2, 0.1, -0.4), (0.2, 0.1, 0.7), (0.1, 0.1, 0.9)]:
        covariance = [[first**2, correlation * first * second], [correlation * first * second, second**2]]
        share = (second**2 - covariance[0][1]) / (first**2 + second**2 - 2 * covariance[0][1])
        expected = [max(share, 0.0), 1 - max(share, 0.0)]
        np.testing.assert_allclose(minimum_variance_weights(covariance), expected, rtol=0, atol=1e-15)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 30),
    cap=st.sampled_from([np.inf, 1.0001, 1.5, 3.0]),
    common=st.sampled_from([0.0, 1.0, 5.0, 30.0]),
    more=st.integers(2, 100),
)
def test_the_conditions_of_optimality_hold(seed: int, count: int, cap: float, common: float, more: int) -> None:
    """For any covariance, volatility ratios of 1000, correlations up to 0.999, and caps just above what is feasible."""
    limit = cap / count
    covariance = random_covariance(seed, count, count + more, common, scales=1.5)
    weights = minimum_variance_weights(covariance, None if np.isinf(limit) else min(limit, 1.0))
    limit = min(limit, 1.0)
    assert weights.min() >= 0
    assert weights.max() <= limit * (1 + 1e-14)
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    held_at_cap = np.where(weights > limit * (1 - 1e-14), limit, weights)
    # 1e-11 is promised; near-singular covariances miss it because 1e-8 is added to their variances
    singular = np.linalg.eigvalsh(covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance))))[0] < 1e-7
    assert slopes(held_at_cap, covariance, limit).max() <= (1e-7 if singular else 1e-11)


@pytest.mark.parametrize(("count", "rows"), [(3, 40), (10, 60), (40, 100), (60, 200)])
@pytest.mark.parametrize("cap", [None, 1.6, 4.0])
def test_clarabel_finds_the_same_weights(count: int, rows: int, cap: float | None) -> None:
    """Below and above the number of assets from which problems are solved one by one."""
    covariance = random_covariance(count, count, rows, scales=0.5)
    limit = None if cap is None else min(cap / count, 1.0)
    weights = minimum_variance_weights(covariance, limit)
    other = by_clarabel(covariance, np.inf if limit is None else limit)
    np.testing.assert_allclose(weights, other, rtol=0, atol=1e-5)
    assert weights @ covariance @ weights <= other @ covariance @ other * (1 + 1e-9)


@pytest.mark.parametrize("cap", [None, 0.2])
def test_all_methods_find_the_same_portfolio(monkeypatch: pytest.MonkeyPatch, cap: float | None) -> None:
    """Block pivoting as one stack, problem by problem, and one asset at a time: the same portfolio."""
    stack = np.stack([random_covariance(seed, 12, 30) for seed in range(20)])
    expected = minimum_variance_weights(stack, cap)
    monkeypatch.setattr(convex, "BATCHED", 0)
    np.testing.assert_allclose(minimum_variance_weights(stack, cap), expected, rtol=0, atol=1e-12)
    monkeypatch.setattr(convex, "ROUNDS", 0)
    np.testing.assert_allclose(minimum_variance_weights(stack, cap), expected, rtol=0, atol=1e-12)


def test_unconverged_weights_are_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check does not trust the method: if it is stopped early, that is an error."""
    monkeypatch.setattr(convex, "ROUNDS", 1)
    monkeypatch.setattr(convex, "STEPS_PER_ASSET", 0)
    with pytest.raises(NoOptimalPortfolio, match=r"covariance\[0\]: .* met only to .* of the slopes, expected 1e-11"):
        minimum_variance_weights(random_covariance(3, 12, 30))


def test_problem_has_the_same_bits_in_any_stack() -> None:
    """The weights of one date do not depend on which other dates are asked for."""
    stack = np.stack([random_covariance(seed, 9, 5 + 3 * seed) for seed in range(1, 12)])
    for solve in (
        minimum_variance_weights,
        lambda part: minimum_variance_weights(part, 0.15),
        maximum_diversification_weights,
    ):
        together = solve(stack)
        for k in range(len(stack)):
            assert solve(stack[k]).tobytes() == together[k].tobytes()
            assert solve(stack[k:])[0].tobytes() == together[k].tobytes()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 12))
def test_neither_the_order_nor_the_unit_matters(seed: int, count: int) -> None:
    """Permuting assets permutes the weights, and a multiple of the covariance has the same ones (but for rounding)."""
    covariance = random_covariance(seed, count, 5 * count)
    order = np.random.default_rng(seed).permutation(count)
    for solve in (minimum_variance_weights, maximum_diversification_weights):
        weights = solve(covariance)
        np.testing.assert_allclose(solve(covariance[np.ix_(order, order)]), weights[order], rtol=0, atol=1e-11)
        np.testing.assert_allclose(solve(covariance * 1e-7), weights, rtol=0, atol=1e-11)


# ------------------------------------------------------------------------------------------------------ diversification


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 20), common=st.sampled_from([0.0, 1.0, 5.0]))
def test_every_asset_held_has_the_same_correlation_with_the_portfolio(seed: int, count: int, common: float) -> None:
    """Choueifaty, Froidure and Reynier (2013): and every other asset a higher one (the conditions of optimality)."""
    covariance = random_covariance(seed, count, 4 * count, common, scales=1.0)
    weights = maximum_diversification_weights(covariance)
    correlations = covariance @ weights / np.sqrt(np.diag(covariance) * (weights @ covariance @ weights))
    held = correlations[weights > 0]
    np.testing.assert_allclose(held, held.mean(), rtol=0, atol=1e-10)
    assert (correlations >= held.mean() - 1e-10).all()


def test_no_other_portfolio_is_more_diversified() -> None:
    """The ratio itself, against a hundred thousand random long-only portfolios of four assets."""
    covariance = random_covariance(5, 4, 60)
    volatility = np.sqrt(np.diag(covariance))
    others = np.random.default_rng(0).dirichlet(np.full(4, 0.7), 100_000)
    ratios = others @ volatility / np.sqrt(np.vecdot(others, others @ covariance))
    weights = maximum_diversification_weights(covariance)
    best = weights @ volatility / np.sqrt(weights @ covariance @ weights)
    assert best * (1 - 1e-3) <= ratios.max() <= best * (1 + 1e-14)


def test_equal_correlations_give_inverse_volatility() -> None:
    """Choueifaty and Coignard (2008): then also equal risk contributions."""
    volatility = np.array([0.3, 0.1, 0.2, 0.05, 0.4])
    covariance = (0.35 + 0.65 * np.eye(5)) * np.outer(volatility, volatility)
    weights = maximum_diversification_weights(covariance)
    np.testing.assert_allclose(weights, (1 / volatility) / (1 / volatility).sum(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.diff(risk_contributions(weights, covariance)), 0, atol=1e-15)


def test_a_twin_shares_the_weight_and_changes_nothing_else() -> None:
    """Duplication invariance (Choueifaty, Froidure and Reynier 2013), also of minimum variance; twins share equally.

    The twin makes the covariance singular: 1e-8 is added to the variances, so to 1e-7.
    """
    covariance = random_covariance(8, 5, 60)
    for solve in (minimum_variance_weights, maximum_diversification_weights):
        alone = solve(covariance)
        most = int(np.argmax(alone))
        twin = [0, 1, 2, 3, 4, most]
        with_twin = solve(covariance[np.ix_(twin, twin)])
        assert with_twin[most] == pytest.approx(with_twin[5], abs=1e-7)
        folded = with_twin[:5].copy()
        folded[most] += with_twin[5]
        np.testing.assert_allclose(folded, alone, rtol=0, atol=1e-7)


def test_fewer_observations_than_assets_have_almost_no_variance() -> None:
    """A portfolio without variance exists and is the minimum; the result has at most 1e-8 of an average variance."""
    covariance = random_covariance(2, 40, 15, common=0.0)
    for cap in (None, 0.1):
        weights = minimum_variance_weights(covariance, cap)
        assert weights @ covariance @ weights <= 1e-8 * (weights @ np.diag(covariance))
        assert weights.min() >= 0


# ------------------------------------------------------------------------------------------------------------- refusals


def test_caps_with_one_or_no_feasible_portfolio() -> None:
    """Caps of 1/n leave equal weights; smaller caps are rejected with the smallest cap that is feasible."""
    covariance = random_covariance(1, 7, 40)
    np.testing.assert_allclose(minimum_variance_weights(covariance, 1 / 7), np.full(7, 1 / 7), rtol=1e-14)
    np.testing.assert_allclose(
        minimum_variance_weights(covariance, 1 / 7 - SUM_ROUNDING / 70), np.full(7, 1 / 7), rtol=1e-14
    )
    assert minimum_variance_weights(np.stack([covariance] * 3), 1 / 7).shape == (3, 7)
    with pytest.raises(
        NoOptimalPortfolio, match=r"7 assets of at most 0\.14 each add up to 0\.98.* 0\.142857 or above"
    ):
        minimum_variance_weights(covariance, 0.14)
    with pytest.raises(BacktestError, match="max_weight: got 0"):
        minimum_variance_weights(covariance, 0.0)
    with pytest.raises(BacktestError, match="max_weight: got nan"):
        minimum_variance_weights(covariance, float("nan"))


@given(st.integers(0, 10**6), st.integers(1, 8))
def test_the_active_set_method_starts_within_all_constraints(seed: int, count: int) -> None:
    """Some upper bounds are infinite, and the given y may be beyond any of them, or NaN where pivoting failed."""
    rng = np.random.default_rng(seed)
    price, upper = rng.uniform(0.1, 3, (2, count))
    upper *= max(1.0, 1.01 / float(price @ upper))  # some y with pᵀy = 1 exists
    upper[rng.random(count) < 0.4] = np.inf
    given_y = rng.normal(0, rng.choice([0.01, 1.0]), count)
    given_y[rng.random(count) < 0.1] = np.nan
    y = convex._feasible_start(price, upper, given_y)
    assert (y >= 0).all()
    assert (y <= upper * (1 + 1e-15)).all()  # one rounding
    assert price @ y == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize(
    ("y", "error"),
    [
        ([0.5, 0.5], 0.0),
        ([1.5, -0.5], np.inf),
        ([0.2, 0.8], np.inf),
        ([0.4, 0.4], np.inf),
    ],
    ids=["the solution", "a weight below zero", "a weight above its bound", "a sum below one"],
)
def test_a_portfolio_outside_its_constraints_has_an_infinite_error(y: list[float], error: float) -> None:
    """Of two equal independent assets half of each has the least variance; no other portfolio here is allowed."""
    upper = np.array([[2.0, 0.7]])
    found = convex.optimality_error(np.eye(2)[None], np.ones((1, 2)), upper, np.array([y]))
    assert found == pytest.approx([error], abs=1e-15)


def test_an_asset_without_a_number_starts_at_zero() -> None:
    price = np.array([1.0, 2.0, 4.0])
    unbounded = np.full(3, np.inf)
    start = convex._feasible_start(price, unbounded, np.array([np.nan, 0.25, 0.25]))
    assert start.tolist() == [0.0, 1 / 6, 1 / 6]
    assert convex._feasible_start(price, unbounded, np.array([np.nan] * 3)) @ price == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("cap", [np.inf, 0.3])
def test_a_few_systems_find_the_assets_at_their_bounds(cap: float) -> None:
    """Pivoting alone solves problems of moderate correlations, without the slower active-set method."""
    covariances = np.stack([random_covariance(seed, 8, 60, common=0.5) for seed in range(20)])
    volatility = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    correlation = covariances / volatility[:, :, None] / volatility[:, None, :]
    upper = cap * volatility
    y, solved = convex._pivot(correlation, 1 / volatility, upper)
    assert solved.all()
    assert convex.optimality_error(correlation, 1 / volatility, upper, y).max() <= convex.ACCURACY
    assert (y == 0).any()
