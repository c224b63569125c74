"""Risk budgets within bounds: the published case, the conditions of optimality, another algorithm, refusals.

1. Richard and Roncalli (2019): the least squares of the paper and the log barrier taken here, on the same bounds;
2. the log barrier: conditions of optimality worked out here, and scipy's optimiser on another form of the problem;
3. bounds that do not bind, classes, signs, gross exposure, stacks;
4. arguments that do not fit, and assets without a budget;
5. each condition of optimality, and the last steps towards them.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from backtest.errors import BacktestError, NoRiskBudgetPortfolio
from backtest.risk.solvers import bounded
from backtest.risk.solvers.bounded import WeightBounds, _optimality_error, _polish, bounded_risk_parity_weights
from backtest.risk.solvers.budgeting import risk_parity_weights


def richard_roncalli() -> np.ndarray:
    correlations = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    correlations[2, 3] = correlations[3, 2] = 0.75
    volatility = np.array([0.1, 0.15, 0.2, 0.3])
    return np.asarray(correlations * volatility * volatility[:, None])


def upper(bound: float | list[float], n: int = 4) -> WeightBounds:
    return WeightBounds(tuple("abcdefghijkl"[:n]), np.zeros(n), np.broadcast_to(np.asarray(bound, float), (n,)))


def shares_of(weights: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    products = weights * (covariance @ weights)
    return np.asarray(products / products.sum())


def test_richard_roncalli_2019_log_barrier_next_to_the_published_least_squares() -> None:
    """No weight above 30 % ("Constrained Risk Budgeting Portfolios"): the paper's least squares are 24.57 / 15.43 %.

    Both are found here by scipy from many starts, and each is the better portfolio in its own sense.
    """
    covariance = richard_roncalli()
    squares = best_of_many_starts(square_objective, covariance, 0.3)
    np.testing.assert_allclose(squares, [0.3, 0.3, 0.2457, 0.1543], atol=5e-5)  # the digits printed
    weights = bounded_risk_parity_weights(covariance, None, upper(0.3))
    np.testing.assert_allclose(weights, [0.3, 0.3, 0.2464, 0.1536], atol=5e-5)
    barrier = best_of_many_starts(log_objective, covariance, 0.3)
    np.testing.assert_allclose(weights, barrier, atol=1e-6)  # flat to 1e-14 over 1e-7, SLSQP's end
    assert log_objective(weights, covariance) < log_objective(squares, covariance)
    assert square_objective(squares, covariance) < square_objective(weights, covariance)
    # Off the bounds share_i = b_i + ν w_i: for assets 3 and 4 with the same ν.
    pull = (shares_of(weights, covariance) - 0.25) / weights
    assert pull[2] == pytest.approx(pull[3], rel=1e-9)


def best_of_many_starts(
    objective: Callable[[np.ndarray, np.ndarray], float], covariance: np.ndarray, most: float
) -> np.ndarray:
    """Minimise an objective over Σw = 1 and 0 < w <= most: the best of 20 local minima."""
    rng, n = np.random.default_rng(0), len(covariance)
    unit = abs(objective(np.full(n, 1 / n), covariance))  # values near 1, like the constraint

    def scaled(weights: np.ndarray) -> float:
        return objective(weights, covariance) / unit

    found = [
        minimize(
            scaled,
            np.minimum(rng.dirichlet(np.ones(n)), most),
            method="SLSQP",
            bounds=[(1e-6, most)] * n,
            constraints=[LinearConstraint(np.ones((1, n)), 1, 1)],
            options={"ftol": 1e-14, "maxiter": 500},
        )
        for _ in range(20)
    ]
    return np.asarray(min(found, key=lambda one: one.fun).x)


def log_objective(weights: np.ndarray, covariance: np.ndarray) -> float:
    return float(0.5 * np.log(weights @ covariance @ weights) - np.log(weights).mean())


def square_objective(weights: np.ndarray, covariance: np.ndarray) -> float:
    contributions = weights * (covariance @ weights) / np.sqrt(weights @ covariance @ weights)
    return float(((contributions[:, None] - contributions) ** 2).sum())


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, WeightBounds]:
    """Draw a covariance of 2 to 7 assets, budgets, and feasible bounds with some slack."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = int(rng.integers(2, 8))
    returns = rng.normal(size=(3 * n, n)) * rng.uniform(0.3, 3, n)
    high = rng.uniform(1 / n, 2.5 / n, n)
    low = high * rng.uniform(0, 0.4, n) * (rng.random(n) < 0.5)
    budgets = rng.dirichlet(np.full(n, 3.0))
    groups = (("first two", (0, 1), 0.1 * (low[0] + low[1]), 0.9 * (high[0] + high[1])),) if n > 3 else ()
    widened = np.where(np.arange(n) > 1, 2 * high, high) if n > 3 else high * 1.01
    try:
        return returns.T @ returns, budgets, WeightBounds(tuple("abcdefg"[:n]), low, widened, groups)
    except NoRiskBudgetPortfolio:
        return returns.T @ returns, budgets, upper(1.0, n)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_the_conditions_of_optimality_hold(problem: tuple[np.ndarray, np.ndarray, WeightBounds]) -> None:
    """Whatever small step within the bounds is taken, log σ(w) - Σ b log w does not fall: first order, all corners.

    A linear function falls nowhere on a polytope if it falls to no corner: linear programming finds the best one.
    """
    from scipy.optimize import linprog

    covariance, budgets, bounds = problem
    weights = bounded_risk_parity_weights(covariance, budgets, bounds)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    slope = covariance @ weights / (weights @ covariance @ weights) - budgets / weights
    rows = bounds.rows()
    found = linprog(
        slope,
        A_ub=rows if len(rows) else None,
        b_ub=np.zeros(len(rows)) if len(rows) else None,
        A_eq=np.ones((1, len(weights))),
        b_eq=[1],
        bounds=[(0, 1)] * len(weights),
    )
    assert (rows @ weights <= 1e-9).all()
    assert found.fun >= slope @ weights - 1e-8 * (budgets / weights).max()  # 1e-9 promised, and linprog's own tolerance


@pytest.mark.filterwarnings("ignore:Values in x were outside bounds:RuntimeWarning")  # older SLSQP leaves them by 1e-16
@pytest.mark.parametrize("seed", range(8))
def test_slsqp_on_the_untransformed_problem_agrees(seed: int) -> None:
    """SLSQP, by scipy, on log σ(w) - Σ b log w itself, Σw = 1, where we solve a cone program in multiples of w."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 7))
    returns = rng.normal(size=(3 * n, n)) * rng.uniform(0.5, 2, n)
    covariance, high = returns.T @ returns, rng.uniform(1.1 / n, 2 / n, n)
    weights = bounded_risk_parity_weights(covariance, None, upper(list(high), n))
    found = minimize(
        log_objective,
        high / high.sum(),
        args=(covariance,),
        method="SLSQP",
        bounds=[(1e-6, bound) for bound in high],
        constraints=[LinearConstraint(np.ones((1, n)), 1, 1)],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(weights, found.x, atol=2e-6)  # SLSQP takes slopes by differences
    assert log_objective(weights, covariance) <= log_objective(found.x, covariance) + 1e-12


def test_bounds_that_do_not_bind_change_nothing() -> None:
    covariance = richard_roncalli()
    np.testing.assert_array_equal(
        bounded_risk_parity_weights(covariance, None, upper(0.5)), risk_parity_weights(covariance)
    )
    double = WeightBounds(tuple("abcd"), np.zeros(4), np.ones(4), gross_exposure=2.0)
    np.testing.assert_array_equal(
        bounded_risk_parity_weights(covariance, None, double), 2 * risk_parity_weights(covariance)
    )


def test_bounds_apply_to_classes_gross_exposure_and_shorts() -> None:
    """A cap on a class applies to its sum; sizes of shorts count; with twice the exposure everything doubles."""
    covariance = richard_roncalli()
    bounds = WeightBounds(tuple("abcd"), np.zeros(4), np.ones(4), (("calm", (0, 1), 0.0, 0.5),))
    weights = bounded_risk_parity_weights(covariance, None, bounds)
    assert weights[:2].sum() == pytest.approx(0.5, abs=1e-12)
    pull = (shares_of(weights, covariance) - 0.25) / weights
    np.testing.assert_allclose(pull[[0, 2]], pull[[1, 3]], rtol=1e-8)  # one multiplier in the class, one outside
    double = WeightBounds(bounds.names, 2 * bounds.lower, 2 * bounds.upper, (("calm", (0, 1), 0.0, 1.0),), 2.0)
    np.testing.assert_allclose(bounded_risk_parity_weights(covariance, None, double), 2 * weights, rtol=1e-10)
    flipped = covariance * np.outer([1, 1, 1, -1], [1, 1, 1, -1])
    short = bounded_risk_parity_weights(flipped, None, bounds, signs=[1, 1, 1, -1])
    np.testing.assert_allclose(short, weights * [1, 1, 1, -1], rtol=1e-10)


def test_a_stack_equals_its_problems_one_at_a_time() -> None:
    stack = np.array([richard_roncalli(), np.eye(4), richard_roncalli()[::-1, ::-1]])
    found = bounded_risk_parity_weights(stack, [0.1, 0.2, 0.3, 0.4], upper(0.3))
    for weights, covariance in zip(found, stack, strict=True):
        alone = bounded_risk_parity_weights(covariance, [0.1, 0.2, 0.3, 0.4], upper(0.3))
        np.testing.assert_array_equal(weights, alone)


@pytest.mark.parametrize("block", [0.9, 0.99, 0.999])
def test_nearly_collinear_assets_are_solved_within_bounds(block: float) -> None:
    """Two blocks, long-only: hedges with large multiples before scaling, here with caps that bind."""
    sides = np.where(np.arange(12) % 2, -1, 1)
    covariance = (1 - block) * np.eye(12) + block * np.outer(sides, sides)
    bounds = upper([0.05] * 3 + [0.2] * 9, 12)
    weights = bounded_risk_parity_weights(covariance, None, bounds)
    assert weights[:3] == pytest.approx(0.05, abs=1e-10)
    assert weights.sum() == pytest.approx(1, abs=1e-12)


def test_arguments_that_do_not_fit_are_named() -> None:
    with pytest.raises(BacktestError, match=r"^bounds: got 4 assets, expected the covariance's 2$"):
        bounded_risk_parity_weights(np.eye(2), None, upper(0.6))
    with pytest.raises(
        NoRiskBudgetPortfolio, match=r"^the upper bound of \S+ is 0, expected a bound above zero; hint: a budg"
    ):
        bounded_risk_parity_weights(np.eye(2), None, WeightBounds(("a", "b"), np.zeros(2), np.array([0.0, 1.0])))
    with pytest.raises(
        NoRiskBudgetPortfolio, match=r"^no weights are within these bounds: the gross exposure, 1, is above"
    ):
        bounded_risk_parity_weights(np.eye(2), [1.0, 0.0], upper(0.6, 2))


def test_an_asset_without_a_budget_is_left_out() -> None:
    """It has no weight, whatever its bounds and covariances; the others are what they are without it, in any stack."""
    x = np.random.default_rng(11).normal(size=(60, 4)) @ np.diag([1.0, 2.0, 3.0, 4.0])
    sigma = np.cov(x.T)
    unknown = sigma.copy()
    unknown[1] = unknown[:, 1] = np.nan
    bounds = WeightBounds(tuple("abcd"), np.zeros(4), np.array([0.4, 0.0, 1.0, 1.0]))
    found = bounded_risk_parity_weights(np.stack([unknown, sigma]), [[0.5, 0, 0.3, 0.2], [0.5, 0, 0.5, 0]], bounds)
    three = [0, 2, 3]
    caps = WeightBounds(tuple("acd"), np.zeros(3), np.array([0.4, 1.0, 1.0]))
    alone = bounded_risk_parity_weights(sigma[np.ix_(three, three)], [0.5, 0.3, 0.2], caps)
    np.testing.assert_allclose(found[0, three], alone, rtol=1e-9)  # what is promised
    assert found[0, 1] == 0
    np.testing.assert_allclose(found[1], [0.4, 0, 0.6, 0], rtol=1e-9)


def test_messages_count_assets_without_a_budget() -> None:
    """Positions refer to the covariance that was passed."""
    sigma = np.diag([1.0, 1.0, 0.0])
    with pytest.raises(NoRiskBudgetPortfolio, match=r"variance of asset 2 is 0"):
        bounded_risk_parity_weights(sigma, [0.0, 0.5, 0.5], upper(0.9, 3))


@pytest.mark.parametrize(("lower", "group"), [([0, 0.1, 0], 0.0), ([0, 0, 0], 0.1)])
def test_lower_bound_with_a_budget_of_zero_is_rejected(lower: list[float], group: float) -> None:
    """The bound may be of an asset, or of a group whose assets all have a budget of zero."""
    bounds = WeightBounds(tuple("abc"), np.array(lower, float), np.ones(3), (("g", (1,), group, 1.0),))
    name = "g" if group else "b"
    with pytest.raises(
        NoRiskBudgetPortfolio, match=f"the lower bound of {name} is 0.1, next to a budget of zero, which"
    ):
        bounded_risk_parity_weights(np.eye(3), [0.5, 0, 0.5], bounds)
    assert bounded_risk_parity_weights(np.eye(3), [0.4, 0.2, 0.4], bounds)[1] > 0.1


def test_bounds_may_be_lists() -> None:
    bounds = WeightBounds(("stocks", "bonds"), [0, 0], [1, 0.6])  # type: ignore[arg-type]
    assert bounded_risk_parity_weights([[0.0225, 0.0015], [0.0015, 0.0025]], None, bounds).round(6).tolist() == [
        0.4,
        0.6,
    ]


# Conditions of optimality and the last steps


ROWS = np.array([[1.0, -0.5], [1.0, -1.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("y", "multipliers", "error"),
    [
        ([0.5, 1.0], [1.0, 0.0, 0.0], 0.0),
        ([0.5, 1.0], [1.5, 0.0, 0.0], 0.5 / 1.5),  # a slope of 0.5, next to the largest pull of 1.5
        ([0.5, 1.0], [1.0, 0.0, -0.25], 0.25 / 1.5),  # a bound that pushes the wrong way
        ([0.5, 0.0], [1.0, 0.0, 0.0], np.inf),
        ([0.5, -1.0], [1.0, 0.0, 0.0], np.inf),
        ([np.nan, 1.0], [1.0, 0.0, 0.0], np.inf),
    ],
    ids=["none", "slope", "multiplier below zero", "zero", "below zero", "NaN"],
)
def test_the_error_is_the_largest_violation_of_a_condition(
    y: list[float], multipliers: list[float], error: float
) -> None:
    """Independent assets: y - b / y + Aᵀμ = 0 at y = (0.5, 1), with b = (0.75, 0.5), A = (1, -0.5) and μ = 1.

    A row of zeros pushes nowhere.
    """
    found = _optimality_error(np.eye(2), np.array([0.75, 0.5]), ROWS, np.array(y), np.array(multipliers))
    assert found == pytest.approx(error, abs=1e-16)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e3])
def test_room_and_slack_are_relative_to_the_size_of_y(scale: float) -> None:
    """A bound is exceeded by a quarter of the largest y, or its multiplier is not zero although there is room.

    Slopes are zero: budgets and multipliers have been chosen so. The pulls are 1 / scale and 2 / scale.
    """
    y, budgets = scale * np.array([1.0, 0.5]), np.array([1.0, 1.0])
    correlation = np.diag(budgets / y**2)
    beyond = _optimality_error(correlation, budgets, np.array([[0.25, 0.0]]), y, np.zeros(1))
    assert beyond == pytest.approx(0.25, rel=1e-14)
    multiplier, row = np.array([0.4 / scale]), np.array([[-0.25, 0.0]])
    balanced = correlation + np.diag([0.1 / scale / y[0], 0.0])
    assert _optimality_error(balanced, budgets, row, y, multiplier) == pytest.approx(0.4 * 0.25 / 2, rel=1e-13)


def test_the_last_steps_reach_rounding_from_a_rough_solution() -> None:
    """Newton's method: an error of 1e-2 is squared until it is only rounding."""
    y, multipliers = _polish(np.eye(2), np.array([0.75, 0.5]), ROWS, np.array([0.51, 0.99]), np.array([1.01, 0.0, 0.0]))
    assert y == pytest.approx([0.5, 1.0], rel=1e-14)
    assert multipliers == pytest.approx([1.0, 0.0, 0.0], rel=1e-13)


def test_weights_that_miss_the_conditions_are_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    def rough(_c: object, _b: object, _r: object, y: np.ndarray, multipliers: np.ndarray) -> tuple[np.ndarray, ...]:
        return y * [1.00001, 1, 1, 1], multipliers

    monkeypatch.setattr(bounded, "_polish", rough)
    with pytest.raises(NoRiskBudgetPortfolio, match=r"^covariance: .* are met only to \d\.\de-0[56], expected 1e-09"):
        bounded_risk_parity_weights(richard_roncalli(), None, upper(0.3))
