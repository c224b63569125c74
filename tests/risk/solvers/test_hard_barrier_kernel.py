"""Kernels for assets that nearly cancel out, one by one: Newton directions, exact products, and their work."""

from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import pytest

from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import EPSILON, FEWEST_ROUNDINGS
from backtest.risk.accuracy import BUDGET_ACCURACY
from backtest.risk.solvers import barrier_kernel
from backtest.risk.solvers import hard_barrier_kernel as kernel
from backtest.risk.solvers.barrier_kernel import ROWS


def matrix(rows: object) -> Floats:
    """Matrix of the type that the kernels are compiled for."""
    values = np.array(rows, dtype=np.float64)
    values.setflags(write=False)
    return values


def working_memory(n: int) -> Floats:
    return np.full((ROWS, n), np.nan)


def as_python(monkeypatch: pytest.MonkeyPatch, **others: object) -> None:
    """Run the kernels of the module as Python, some of them replaced."""
    for name, function in vars(kernel).copy().items():
        monkeypatch.setattr(kernel, name, others.get(name, getattr(function, "py_func", function)))


def count_products(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Run the kernels as Python; return a list that has an entry for each product with the covariance."""
    calls: list[int] = []

    def counted(cov: Floats, x: Floats, out: Floats) -> None:
        calls.append(len(x))
        out[:] = cov @ x

    def advance(cov: Floats, *rest: Any) -> float:
        calls.append(len(cov))
        return barrier_kernel.advance(cov, *rest)

    exact = kernel.exact_product

    def counted_exactly(cov: Floats, x: Floats, out: Floats) -> None:
        calls.append(len(x))
        exact(cov, x, out)

    as_python(monkeypatch, product=counted, advance=advance, exact_product=counted_exactly)
    return calls


def hedged(n: int, own: float = 1e-3) -> Floats:
    """Covariance of n assets of two factors with little risk of their own."""
    loadings = np.random.default_rng(0).normal(size=(n, 2))
    return matrix(loadings @ loadings.T + own * np.eye(n))


def problem(n: int, own: float = 1e-3) -> tuple[Floats, Floats, Floats, Floats]:
    """Covariance, budgets, volatilities, and inverse volatility with a variance of 1."""
    cov, budget = hedged(n, own), np.arange(1.0, n + 1) / (n * (n + 1) / 2)
    vol = np.sqrt(np.diagonal(cov))
    x = 1 / vol / np.sqrt((1 / vol) @ cov @ (1 / vol))
    return cov, budget, vol, x


# 1. Directions


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-7])
def test_a_direction_solves_its_system_the_more_accurately_the_smaller_the_residual(n: int, scale: float) -> None:
    """Accuracy in the norm of the preconditioner: the smaller of 0.1 and half the norm, times the norm."""
    cov, budget, vol, x = problem(n)
    work = working_memory(n)
    work[0] = right = scale * np.random.default_rng(1).normal(size=n) * budget
    hessian = cov * x * x[:, None] + np.diag(budget)
    size = np.sqrt(right**2 @ (1 / np.diagonal(hessian)))
    steps = kernel.newton_direction(cov, budget, vol, x, work)
    left = right - hessian @ work[1]
    assert np.sqrt(left**2 @ (1 / np.diagonal(hessian))) <= max(min(0.1, size / 2) * size, 1e-13) * (1 + 1e-6)
    assert 1 <= steps <= n + 3
    assert work[0] == pytest.approx(left, abs=1e-12 * scale)  # the residual that is left


def test_the_preconditioner_solves_assets_without_correlation_at_once() -> None:
    variances, budget, x = np.array([1.0, 4.0, 9.0]), np.array([0.2, 0.3, 0.5]), np.array([0.7, 0.2, 0.1])
    work = working_memory(3)
    work[0] = right = np.array([0.05, -0.1, 0.2])
    assert kernel.newton_direction(matrix(np.diag(variances)), budget, np.sqrt(variances), x, work) == 1
    assert work[1] == pytest.approx(right / (x**2 * variances + budget), rel=1e-14)


def test_a_direction_without_curvature_is_not_followed() -> None:
    """The matrix is not positive semi-definite: along the first direction the function would have no minimum."""
    work = working_memory(2)
    work[0] = [0.5, -0.5]
    cov, budget = matrix([[1.0, 9.0], [9.0, 1.0]]), np.array([0.5, 0.5])
    assert kernel.newton_direction(cov, budget, np.ones(2), np.ones(2), work) == 1
    assert work[1].tolist() == [0.0, 0.0]


def test_directions_end_after_20_steps_more_than_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python, where products are of another matrix each time, so no steps are conjugate."""
    rng = np.random.default_rng(0)

    def another(_cov: Floats, x: Floats, out: Floats) -> None:
        out[:] = rng.uniform(1, 1e6, len(x)) * x

    as_python(monkeypatch, product=another)
    work = working_memory(3)
    work[0] = [1.0, -2.0, 3.0]
    assert kernel.newton_direction(np.eye(3), np.full(3, 1e-9), np.ones(3), np.ones(3), work) == 23


# 2. Newton's method


def test_newton_stops_at_the_solution_after_one_product() -> None:
    cov, budget, x = matrix(np.diag([1.0, 4.0])), np.array([0.2, 0.8]), np.array([np.sqrt(0.2), np.sqrt(0.2)])
    assert kernel.newton(cov, budget, np.array([1.0, 2.0]), x, np.empty(2), working_memory(2)) == 1
    assert x == pytest.approx(np.sqrt([0.2, 0.2]), rel=1e-15)


@pytest.mark.parametrize("own", [1e-1, 1e-3, 1e-4])
def test_newton_meets_the_budgets_and_counts_its_products(own: float, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count_products(monkeypatch)
    cov, budget, vol, x = problem(5, own)
    products = kernel.newton(cov, budget, vol, x, np.empty(5), working_memory(5))
    assert products == len(calls)
    assert x * (cov @ x) == pytest.approx(budget, rel=2 * kernel.GOOD)


@pytest.mark.parametrize("matrix_of_pair", [np.zeros((2, 2)), np.array([[1.0, -1.0], [-1.0, 1.0]])])
def test_newton_stops_where_there_is_no_variance(matrix_of_pair: Floats) -> None:
    x = np.ones(2)
    products = kernel.newton(
        matrix(matrix_of_pair), np.array([0.5, 0.5]), np.ones(2), x, np.empty(2), working_memory(2)
    )
    assert (products, x.tolist()) == (1, [1.0, 1.0])


@pytest.mark.parametrize(
    ("budget", "rounds"),
    [
        (0.5 * (1 - 1e-7), 4),
        (0.5 * (1 - 1e-5), kernel.NEWTON_STEPS),
        (0.5 * (1 - 1.9e-11), 1),
        (0.5 * (1 - 2.1e-11), 4),
    ],
    ids=["near", "far", "good", "nearly good"],
)
def test_newton_stops_after_three_steps_without_progress_if_it_is_near(
    budget: float, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python, with steps that move nothing. A step costs a product, its direction, which counts as two, and 1."""
    as_python(monkeypatch, newton_direction=lambda *_: 2, advance=lambda *_: 1.0)
    x, work = np.sqrt([0.5, 0.5]), np.zeros((ROWS, 2))
    budgets = np.array([budget, 1 - budget])
    products = kernel.newton(np.eye(2), budgets, np.ones(2), x, np.empty(2), work)
    last = 1 if rounds < kernel.NEWTON_STEPS else 4  # the last product has found that it is enough
    assert products == 4 * (rounds - 1) + last


# 3. Products and errors without rounding


@pytest.mark.parametrize(
    ("total", "a", "b"), [(1.0, 1 / 3, 3e-16), (-1 / 9, 1 / 3, 1 / 3), (1e-9, -7 / 11, 1e9 / 13), (2.5, 0.1, 1e-30)]
)
def test_a_sum_and_its_correction_are_exact(total: float, a: float, b: float) -> None:
    """A product has an error of one number, a sum too; both together are rounded once, to EPSILON of themselves."""
    rounded, correction = kernel.add_product(total, 0.0, a, b)
    assert rounded == total + a * b
    lost = Fraction(total) + Fraction(a) * Fraction(b) - Fraction(rounded)
    assert correction == pytest.approx(float(lost), rel=2 * EPSILON)
    assert kernel.add_product(total, 1.0, a, b)[1] == pytest.approx(1 + float(lost), rel=EPSILON)


@pytest.mark.parametrize("n", [1, 3, 4, 6, 8, 9])
def test_exact_products_are_rounded_once(n: int) -> None:
    rng = np.random.default_rng(n)
    cov, x, out, sizes = matrix(rng.normal(size=(n, n))), rng.normal(size=n), np.empty(n), np.empty(n)
    kernel.exact_product(cov, x, out)
    kernel.sizes_of_terms(cov, x, sizes)
    rows = [[Fraction(a) * Fraction(b) for a, b in zip(row, x.tolist(), strict=True)] for row in cov.tolist()]
    assert out.tolist() == [float(sum(row)) for row in rows]
    assert sizes == pytest.approx([float(sum(map(abs, row))) for row in rows], rel=1e-14)


def test_the_exact_error_is_the_largest_error_of_a_share() -> None:
    """Shares of (0.25, 0.75) without correlation and equal risk: 0.1 and 0.9 of the variance."""
    x = np.array([0.25, 0.75])
    for budget, error in [([0.1, 0.9], 0.0), ([0.2, 0.8], 0.5), ([0.05, 0.95], 1.0), ([0.9, 0.1], 8.0)]:
        work, gradient = working_memory(2), np.empty(2)
        found = kernel.exact_error(matrix(np.eye(2)), np.array(budget), np.ones(2), x, gradient, work)
        assert found == pytest.approx(error, abs=1e-15)
        assert work[0] == pytest.approx(np.array(budget) - [0.1, 0.9], abs=1e-16)
        assert gradient.tolist() == x.tolist()


@pytest.mark.parametrize("n", [2, 2 * FEWEST_ROUNDINGS])
def test_a_variance_that_is_rounding_has_an_infinite_error(n: int) -> None:
    """A variance V of terms of size S² = 1 counts as rounding up to n ε, and ε / V may not be visible.

    All assets have a correlation of 1 with the first, and half of the sizes cancel out.
    """
    sides = np.repeat([1.0, -1.0], n // 2)
    limit = max(FEWEST_ROUNDINGS, n) * EPSILON
    for variance, is_rounding in [(limit * 0.9, True), (limit * 1.1, True), (1e-6, False)]:
        cov = matrix(np.outer(sides, sides) + variance)
        x, work, budget = np.full(n, 1 / n), working_memory(n), np.full(n, 1 / n)
        error = kernel.exact_error(cov, budget, np.ones(n), x, np.empty(n), work)
        assert bool(error == inf) is is_rounding


@pytest.mark.parametrize(("variance", "is_visible"), [(1.8e-7, True), (2.7e-7, False)])
def test_an_error_is_infinite_if_the_last_bit_of_a_weight_is_visible(variance: float, is_visible: bool) -> None:
    """Two hedges: a bit of a weight moves a share by ε / (2 b V) of itself, which is 1e-9 at V = 2.2e-7."""
    cov = matrix([[1 + variance, -1 + variance], [-1 + variance, 1 + variance]])
    x, budget = np.array([0.5, 0.5]), np.array([0.5, 0.5])
    error = kernel.exact_error(cov, budget, np.ones(2), x, np.empty(2), working_memory(2))
    assert bool(error == inf) is is_visible


# 4. Refinement


def test_refinement_sums_to_one_and_counts_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newton's method without rounding squares the error, so two rounds are enough."""
    calls = count_products(monkeypatch)
    cov, budget, vol, x = problem(5)
    kernel.newton(cov, budget, vol, x, np.empty(5), working_memory(5))
    x *= 3 * np.array([1.001, 1.0, 0.999, 1.0, 1.0])
    calls.clear()
    refined = kernel.refine(cov, budget, vol, x, np.empty(5), working_memory(5))
    assert refined.products == len(calls)
    assert calls
    assert refined.error <= BUDGET_ACCURACY
    assert x.sum() == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize(
    ("errors", "rounds"),
    [
        ([kernel.GOOD], 1),
        ([inf], 1),
        ([1e-3, 1e-4, 1e-5, kernel.GOOD], 4),
        ([BUDGET_ACCURACY], 3),
        ([1.1 * BUDGET_ACCURACY], 8),
        ([1.1 * kernel.GOOD], 3),
    ],
    ids=["good", "infinite", "good at last", "accurate", "not accurate", "not good"],
)
def test_refinement_ends_at_a_good_error_and_later_at_the_promised_one(
    errors: list[float], rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python, with given errors, of which the last one repeats, and steps that move nothing and cost 5 products."""
    given = iter([*errors, *errors[-1:] * 8])
    as_python(monkeypatch, exact_error=lambda *_: next(given), newton_direction=lambda *_: 5)
    work = np.zeros((ROWS, 2))
    refined = kernel.refine(np.eye(2), np.full(2, 0.5), np.ones(2), np.ones(2), np.ones(2), work)
    if rounds == kernel.EXACT_STEPS:
        assert (refined.error, refined.products) == (inf, 6 * rounds)
    else:
        assert (refined.error, refined.products) == (errors[min(rounds, len(errors)) - 1], 6 * (rounds - 1) + 1)


def test_refinement_never_moves_a_weight_by_more_than_half_downwards(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = iter([1e-3, 0.0])
    as_python(monkeypatch, exact_error=lambda *_: next(errors), newton_direction=lambda *_: 1, rescale=lambda *_: True)
    work = np.zeros((ROWS, 3))
    work[1] = [-0.9, -0.25, 1.0]
    x = np.full(3, 1 / 3)
    kernel.refine(np.eye(3), np.full(3, 1 / 3), np.ones(3), x, np.ones(3), work)
    assert x == pytest.approx(np.array([0.5, 0.75, 2.0]) / 3.25, rel=1e-14)


# 5. Stacks


def test_only_problems_with_finite_errors_above_the_promise_are_solved_again() -> None:
    cov, budget, vol, _ = problem(3)
    stack = matrix(np.stack([cov] * 4))
    weights = np.array([1 / vol] * 4)
    errors, products = np.array([BUDGET_ACCURACY, 1e-3, inf, np.nan]), np.full(4, 7)
    kernel.solve_slice(stack, matrix(budget[None]), weights, errors, products, 0, 4)
    for k in (0, 2, 3):
        assert (weights[k].tolist(), products[k]) == ((1 / vol).tolist(), 7)
    assert errors[1] <= kernel.GOOD
    shares = weights[1] * (cov @ weights[1])
    assert shares / shares.sum() == pytest.approx(budget, rel=2 * BUDGET_ACCURACY)
    assert products[1] > 9
    own = matrix([[0.2, 0.3, 0.5], budget, budget, budget])  # budgets of each problem
    errors[:2] = 1e-3
    kernel.solve_slice(stack, own, weights, errors, products, 0, 1)
    shares = weights[0] * (cov @ weights[0])
    assert shares / shares.sum() == pytest.approx([0.2, 0.3, 0.5], rel=2 * BUDGET_ACCURACY)
    assert errors[1] == 1e-3


def test_a_matrix_that_is_not_a_covariance_has_an_infinite_error() -> None:
    errors, products = np.array([1e-3]), np.array([0])
    stack = matrix([[[1.0, 1.5], [1.5, 1.0]]])
    kernel.solve_slice(stack, matrix([[0.5, 0.5]]), np.array([[0.4, 0.6]]), errors, products, 0, 1)
    assert errors[0] == inf
