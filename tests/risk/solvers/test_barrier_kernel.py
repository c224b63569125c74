"""Kernels of risk budgeting one by one: products, steps on a line, and the work of an iteration."""

from math import inf, nan

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import EPSILON, FEWEST_ROUNDINGS
from backtest.risk.accuracy import BUDGET_SUM_TOLERANCE, COVARIANCE_TOLERANCE
from backtest.risk.solvers import barrier_kernel as kernel


def matrix(rows: object) -> Floats:
    """Matrix of the type that the kernels are compiled for."""
    values = np.array(rows, dtype=np.float64)
    values.setflags(write=False)
    return values


def correlated(n: int, seed: int = 0) -> Floats:
    """Covariance of n assets, whose correlations are above zero."""
    rng = np.random.default_rng(seed)
    betas, own = rng.uniform(0.5, 1.5, n), rng.uniform(0.1, 2.0, n)
    return matrix(np.outer(betas, betas) + np.diag(own))


def iterate(cov: Floats, budget: Floats, x: Floats) -> int:
    """Iterate from x, which changes; return the number of products."""
    gradient, work = np.empty(len(x)), np.empty((kernel.ROWS, len(x)))
    kernel.product(cov, x, gradient)
    kernel.rescale(x, gradient)
    return kernel.conjugate_gradients(cov, budget, np.sqrt(np.diagonal(cov)), x, gradient, work)


def solve(stack: Floats, budgets: Floats) -> tuple[Floats, Floats, Ints]:
    """Return weights, errors and products of a stack."""
    weights, errors = np.full(stack.shape[:2], nan), np.full(len(stack), nan)
    products = np.full(len(stack), -1)
    kernel.solve_slice(stack, budgets, weights, errors, products, 0, len(stack))
    return weights, errors, products


@pytest.mark.parametrize("n", [1, 3, 4, 7, 8, 9, 17])
def test_products_are_sums_over_rows_and_over_columns(n: int) -> None:
    """The matrix is not symmetric, so the two differ; whole numbers make sums exact in any order."""
    rng = np.random.default_rng(n)
    cov, x, out = matrix(rng.integers(-9, 9, (n, n))), rng.integers(-9, 9, n).astype(np.float64), np.full(n, nan)
    kernel.product(cov, x, out)
    assert out.tolist() == [sum(cov[i, j] * x[j] for j in range(n)) for i in range(n)]
    kernel.transposed_product(cov, x, out)
    assert out.tolist() == [sum(cov[i, j] * x[i] for i in range(n)) for j in range(n)]


def test_rescaling_gives_a_variance_of_one() -> None:
    x, gradient = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    assert kernel.rescale(x, gradient)
    assert (x.tolist(), gradient.tolist()) == ([0.5, 1.0], [1.0, 0.5])
    for gradient in (np.zeros(2), np.array([-2.0, 0.0]), np.array([inf, 1.0]), np.array([nan, 1.0])):
        x = np.array([1.0, 2.0])
        assert not kernel.rescale(x, gradient)
        assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("n", [1, 2, 2 * FEWEST_ROUNDINGS])
def test_x_is_unbounded_where_the_variance_is_rounding_of_its_terms(n: int) -> None:
    """The variance is 1, and the sum of volatilities S; n terms of size S² round by n ε S²."""
    limit = 1 / np.sqrt(max(FEWEST_ROUNDINGS, n) * EPSILON)
    x, vol = np.full(n, limit / n / 2), np.full(n, 2.0)
    assert kernel.is_unbounded(x * (1 + 1e-9), vol)
    assert not kernel.is_unbounded(x * (1 - 1e-9), vol)
    assert kernel.is_unbounded(np.full(n, nan), vol)


LINES = {
    "a fall of one asset": ([-3.0, 0.5], 1.0, 1.4),
    "rises alone": ([2.0, 0.3], 0.3, 1.1),
    "one asset": ([1.0], 0.5, 1.0),
    "far beyond the end": ([-0.5, -0.1], 1e-6, 2.0),
    "no curvature of the variance": ([4.0, -0.2], 0.0, 3.0),
    "steep": ([-5.0, 3.0], 20.0, 30.0),
}


@pytest.mark.parametrize(("direction", "curvature", "descent"), LINES.values(), ids=list(LINES))
def test_the_step_on_a_line_goes_to_its_minimum(direction: list[float], curvature: float, descent: float) -> None:
    """The function is minimised by SciPy; the kernel stops when a step is below 1 % of the way."""
    along = np.array(direction)
    budget = np.full(len(along), 1 / len(along))
    end = 1 / max(-along.min(), 1e-2)

    def objective(alpha: float) -> float:
        return float(-descent * alpha + curvature * alpha**2 / 2 - budget @ (np.log1p(alpha * along) - alpha * along))

    best = float(minimize_scalar(objective, bounds=(0, end * (1 - 1e-9)), method="bounded", options={"xatol": 1e-9}).x)
    bend = float(budget @ along**2)
    alpha = kernel.line_minimum(budget, along, curvature, descent, bend)
    assert 0 < alpha < end
    assert alpha == pytest.approx(best, rel=2e-3)


def test_small_moves_go_to_the_minimum_of_the_parabola() -> None:
    """Moves |α d| up to 0.02: there the next term of the logarithm is 1 % of the parabola."""
    budget, direction, curvature = np.array([0.5, 0.5]), np.array([0.6, -0.8]), 1.5
    bend = float(budget @ direction**2)
    for size, is_parabola in [(0.0199, True), (0.0201, False)]:
        descent = size * (curvature + bend)
        alpha = kernel.line_minimum(budget, direction, curvature, descent, bend)
        assert bool(alpha == pytest.approx(size, rel=1e-14)) is is_parabola


@pytest.mark.parametrize("n", [2, 30, 200])
def test_about_ten_steps_are_enough_if_correlations_are_above_zero(n: int) -> None:
    cov, budget = correlated(n), np.full(n, 1 / n)
    x = 1 / np.sqrt(np.diagonal(cov))
    assert iterate(cov, budget, x) <= 15
    assert x * (cov @ x) == pytest.approx(budget, rel=2 * kernel.GOAL)


def test_iteration_ends_at_the_goal_and_leaves_the_solution() -> None:
    cov, budget, x = matrix(np.eye(3)), np.full(3, 1 / 3), np.full(3, np.sqrt(1 / 3))
    assert iterate(cov, budget, x) == 0
    assert x == pytest.approx(np.full(3, np.sqrt(1 / 3)), rel=1e-15)


@pytest.mark.parametrize(("own", "steps"), [(1e-4, 32), (1e-8, 16)])
def test_iteration_gives_up_after_a_round_of_16_steps_that_does_not_help(own: float, steps: int) -> None:
    """Three factors of six assets that hedge each other: the less own risk there is, the slower is the progress."""
    loadings = np.random.default_rng(0).normal(size=(6, 3))
    cov = matrix(loadings @ loadings.T + own * np.eye(6))
    budget, x = np.full(6, 1 / 6), 1 / np.sqrt(np.diagonal(cov))
    assert iterate(cov, budget, x) == steps


def test_iteration_ends_after_400_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python, where any progress counts as fast and no step moves x."""
    monkeypatch.setattr(kernel, "DESCENT", inf)
    monkeypatch.setattr(kernel, "advance", lambda *_: 1.0)
    iteration = getattr(kernel.conjugate_gradients, "py_func", kernel.conjugate_gradients)
    x, work = np.ones(2), np.empty((kernel.ROWS, 2))
    assert iteration(np.eye(2), np.array([0.2, 0.8]), np.ones(2), x, np.ones(2), work) == 400


def test_a_move_along_a_line_keeps_the_product_and_returns_the_scale_of_a_variance_of_one() -> None:
    cov, budget, x, direction = correlated(3), np.full(3, 1 / 3), np.array([0.2, 0.5, 0.9]), np.array([0.3, -0.1, 0.2])
    gradient, change, ahead = cov @ x, x * direction, np.empty(3)
    descent, bend = float((budget - x * gradient) @ direction), float(budget @ direction**2)
    start = x.copy()
    scale = kernel.advance(cov, budget, x, gradient, direction, change, ahead, descent, bend)
    alpha = kernel.line_minimum(budget, direction, float(change @ cov @ change), descent, bend)
    assert x == pytest.approx(start + alpha * change, rel=1e-13)
    assert gradient == pytest.approx(cov @ x, rel=1e-12)
    assert scale == pytest.approx(1 / np.sqrt(x @ cov @ x), rel=1e-13)


def test_a_move_to_a_portfolio_without_variance_has_no_scale() -> None:
    cov, x, direction = matrix(np.zeros((2, 2))), np.ones(2), np.array([0.01, 0.01])
    args = np.zeros(2), direction, x * direction, np.empty(2), 1.0, 1.0
    assert kernel.advance(cov, np.array([0.5, 0.5]), x, *args) == 0.0


def test_each_coordinate_moves_to_its_minimum_given_the_others() -> None:
    """At the minimum of x_i alone, x_i (σ_i² x_i + h_i) = b_i, where h_i is the risk that the others add."""
    cov, budget, x = correlated(4), np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.1, 0.4, 0.2])
    vol, others = np.sqrt(np.diagonal(cov)), cov @ x - np.diagonal(cov) * x
    assert kernel.step_each_coordinate(budget, vol, x, cov @ x)
    assert x * (vol**2 * x + others) == pytest.approx(budget, rel=1e-13)


@pytest.mark.parametrize(
    ("cov", "x"),
    [([[1.0, -0.1], [-0.1, 1.0]], [0.3, 0.9]), ([[1.0, 0.0], [0.0, 1.0]], [np.sqrt(0.5), np.sqrt(0.5)])],
    ids=["hedges", "at the solution"],
)
def test_no_coordinate_moves_among_hedges_or_at_the_solution(cov: list[list[float]], x: list[float]) -> None:
    start = np.array(x)
    assert not kernel.step_each_coordinate(np.array([0.5, 0.5]), np.ones(2), start, matrix(cov) @ start)
    assert start.tolist() == x


def test_weights_sum_to_one_and_their_product_is_scaled_with_them() -> None:
    x, gradient = np.array([1.0, 3.0]), np.array([2.0, 6.0])
    kernel.normalise_weights(x, gradient)
    assert (x.tolist(), gradient.tolist()) == ([0.25, 0.75], [0.5, 1.5])


def test_the_error_bound_is_the_largest_error_of_a_share_plus_rounding() -> None:
    """Shares of (0.25, 0.75) without correlation and equal risk: 0.1 and 0.9 of the variance."""
    cov, x, vol = matrix(np.eye(2)), np.array([0.25, 0.75]), np.ones(2)
    rounding = 4 * np.sqrt(2) * EPSILON
    for budget, error in [([0.1, 0.9], 0.0), ([0.2, 0.8], 0.5), ([0.05, 0.95], 1.0), ([0.9, 0.1], 8.0)]:
        given = np.array(budget)
        bound = kernel.error_bound(cov, given, vol, x, x.copy())
        assert bound - error == pytest.approx(rounding * (x / (given * 0.625)).max(), abs=1e-14)
        assert bound > error


def test_the_error_bound_is_infinite_for_a_matrix_that_is_not_symmetric() -> None:
    """The product with the transposed matrix may differ by the tolerance of σ_i Σ x_j σ_j."""
    budget, x, vol = np.array([0.5, 0.5]), np.array([0.5, 0.5]), np.array([1.0, 2.0])
    for part, is_finite in [(0.9, True), (1.1, False)]:
        apart = part * COVARIANCE_TOLERANCE * 1.5  # of the first asset, the calmer one
        cov = matrix([[1.0, 0.0], [2 * apart, 4.0]])
        assert bool(kernel.error_bound(cov, budget, vol, x, cov @ x) < inf) is is_finite
    assert kernel.error_bound(matrix(np.zeros((2, 2))), budget, vol, x, np.zeros(2)) == inf


@pytest.mark.parametrize(
    ("budget", "is_good"),
    [
        ([0.5, 0.5], True),
        ([0.5, 0.5 + 0.9 * BUDGET_SUM_TOLERANCE], True),
        ([0.5, 0.5 + 1.1 * BUDGET_SUM_TOLERANCE], False),
        ([0.5, 0.5 - 1.1 * BUDGET_SUM_TOLERANCE], False),
        ([1.0, 0.0], False),
        ([0.0, 1.0], False),
        ([1.5, -0.5], False),
        ([nan, 1.0], False),
    ],
)
def test_budgets_are_above_zero_and_scaled_to_a_sum_of_one(budget: list[float], is_good: bool) -> None:
    given, out = np.array(budget), np.empty(2)
    assert bool(kernel.normalise_budgets(given, out)) is is_good
    assert out == pytest.approx(given / given.sum(), rel=1e-15, nan_ok=True)


def test_work_of_a_stack_and_problems_that_are_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products with the covariance are counted; to check the weights and the matrix counts as two more.

    Without correlation inverse volatility is the solution. With positive correlations the first step moves each
    coordinate, but not if assets hedge each other.
    """
    calls: list[int] = []

    def counted(cov: Floats, x: Floats, out: Floats) -> None:
        calls.append(len(x))
        out[:] = cov @ x

    for name, function in vars(kernel).copy().items():  # as Python, so that each calls the counted product
        monkeypatch.setattr(kernel, name, getattr(function, "py_func", function))
    monkeypatch.setattr(kernel, "product", counted)
    rows = [np.diag([1.0, 4.0]), [[1.0, 0.5], [0.5, 1.0]], [[1.0, -0.5], [-0.5, 4.0]], [[1.0, nan], [nan, 1.0]]]
    stack, budgets = matrix([*rows, np.diag([1.0, 0.0])]), matrix([[0.2, 0.8]])
    work = []
    for problem in stack:
        calls.clear()
        weights, errors, products = solve(problem[None], budgets)
        work.append(len(calls))
        if np.isfinite(problem).all() and problem[1, 1] > 0:
            assert errors[0] < 2 * kernel.GOAL
            shares = weights[0] * (problem @ weights[0])
            assert shares / shares.sum() == pytest.approx(budgets[0], rel=1e-11)
            assert products[0] == len(calls) + 2
        else:
            assert not errors[0] < inf
    assert work[0] == 1
    assert work[-1] == 0
    assert all(1 < count < 12 for count in work[1:3])


def test_a_stack_may_have_one_row_of_budgets_or_one_for_each_problem() -> None:
    stack = matrix([np.eye(2)] * 2)
    assert solve(stack, matrix([[0.2, 0.8]]))[0] == pytest.approx(np.array([[1 / 3, 2 / 3]] * 2), rel=1e-12)
    both = solve(stack, matrix([[0.2, 0.8], [0.5, 0.5]]))[0]
    assert both == pytest.approx(np.array([[1 / 3, 2 / 3], [0.5, 0.5]]), rel=1e-12)
    _, errors, products = solve(stack, matrix([[0.0, 1.0], [0.5, 0.5]]))
    assert (errors[0], products[0]) == (inf, 0)


def test_weights_of_a_matrix_that_is_not_a_covariance_have_an_infinite_error() -> None:
    _, errors, _ = solve(matrix([[[1.0, 1.5], [1.5, 1.0]]]), matrix([[0.5, 0.5]]))
    assert errors[0] == inf
