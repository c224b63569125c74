"""Compiled core of risk budgeting for assets that nearly cancel out: Newton's method and residuals without rounding.

The problem and the notation are the same as in `barrier_kernel`, which has come close to the solution. Conjugate
gradients find the Newton steps, with an accuracy that rises along the way (Dembo, Eisenstat, Steihaug 1982). In plain
double precision the contributions of such problems are only rounding below about 1e-8, so the last steps use residuals
of twice the precision. The code has its own file because it takes seconds to compile and most runs never need it.
"""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.numba_kernels import kernel, reordered_kernel
from backtest.numerics.tolerances import EPSILON, FEWEST_ROUNDINGS
from backtest.risk.accuracy import BUDGET_ACCURACY
from backtest.risk.solvers.barrier_kernel import (
    ROWS,
    advance,
    is_unbounded,
    normalise_budgets,
    normalise_weights,
    product,
    rescale,
)
from backtest.risk.solvers.covariance_kernel import may_be_a_covariance

GOAL = 1e-12  # largest |x_i (Σx)_i - b_i| / b_i that a step aims at
GOOD = 0.2 * BUDGET_ACCURACY  # error at which iteration stops
VISIBLE = 1e-9  # largest error that a user may see who computes the shares in plain double precision
ROUNDED = 1e-6  # errors below this may be only rounding
NEWTON_STEPS, EXACT_STEPS = 60, 8  # largest numbers of steps, in plain and in doubled precision
STALLS = 3  # steps without progress, after which Newton's method stops
SPLIT = 134217729.0  # 2**27 + 1, which splits a double into two halves of its digits (Dekker 1971)


class Refinement(NamedTuple):
    """Result of `refine`: the exact error of the weights, and the number of products with Σ."""

    error: float
    products: int


@reordered_kernel
def newton_direction(cov: Floats, budget: Floats, vol: Floats, x: Floats, work: Floats) -> int:
    """Solve (XΣX + B) u = r by conjugate gradients; return the number of products with Σ.

    work[0] holds r, and u is written to work[1]. The smaller r is, the more accurately the system is solved.
    """
    residual, u, inverse, change, ahead, direction = work[0], work[1], work[2], work[3], work[4], work[5]
    # Preconditioner, first direction, and the accuracy to reach.
    norm = 0.0
    for i in range(x.size):
        inverse[i] = 1.0 / (budget[i] + (x[i] * vol[i]) ** 2)
        direction[i] = residual[i] * inverse[i]
        norm += residual[i] * direction[i]
        u[i] = 0.0
    accuracy = max(min(0.1, 0.5 * sqrt(norm)) ** 2 * norm, (0.1 * GOAL) ** 2)
    for step in range(x.size + 20):
        # Product of the Hessian with the direction.
        for i in range(x.size):
            change[i] = x[i] * direction[i]
        product(cov, change, ahead)
        curvature = 0.0
        for i in range(x.size):
            ahead[i] = x[i] * ahead[i] + budget[i] * direction[i]
            curvature += direction[i] * ahead[i]
        if not curvature > 0.0:
            return step + 1
        # Step along the direction.
        alpha, after = norm / curvature, 0.0
        for i in range(x.size):
            u[i] += alpha * direction[i]
            residual[i] -= alpha * ahead[i]
            after += residual[i] ** 2 * inverse[i]
        if not after > accuracy:
            return step + 1
        # Next conjugate direction.
        beta, norm = after / norm, after
        for i in range(x.size):
            direction[i] = residual[i] * inverse[i] + beta * direction[i]
    return x.size + 20


@reordered_kernel
def newton(cov: Floats, budget: Floats, vol: Floats, x: Floats, gradient: Floats, work: Floats) -> int:
    """Iterate until the error is small, or rounding or a missing solution stops it; return the number of products."""
    residual, direction, change, ahead = work[0], work[1], work[3], work[4]
    products, best, stalls = 0, inf, 0
    for _ in range(NEWTON_STEPS):
        # Residual and error at x.
        product(cov, x, gradient)
        products += 1
        if not rescale(x, gradient) or is_unbounded(x, vol):
            break
        error = 0.0
        for i in range(x.size):
            residual[i] = budget[i] - x[i] * gradient[i]
            error = max(error, abs(residual[i]) / budget[i])
        stalls = 0 if error < 0.5 * best else stalls + 1
        best = min(best, error)
        if error <= GOOD or (stalls >= STALLS and error < ROUNDED) or not error < inf:
            break
        # Newton direction, and a step to the minimum on its line.
        products += newton_direction(cov, budget, vol, x, work) + 1
        descent, bend = 0.0, 0.0
        for i in range(x.size):
            change[i] = x[i] * direction[i]
            descent += (budget[i] - x[i] * gradient[i]) * direction[i]
            bend += budget[i] * direction[i] * direction[i]
        if advance(cov, budget, x, gradient, direction, change, ahead, descent, bend) == 0.0:
            break
    return products


@kernel
def add_product(total: float, correction: float, a: float, b: float) -> tuple[float, float]:
    """Add ab to a total; return the total and the sum of its rounding errors (Dekker 1971; Knuth 1969)."""
    # The product, and its rounding error.
    term = a * b
    shifted = SPLIT * a
    a_high = shifted - (shifted - a)
    shifted = SPLIT * b
    b_high = shifted - (shifted - b)
    a_low, b_low = a - a_high, b - b_high
    lost = a_low * b_low - (((term - a_high * b_high) - a_low * b_high) - a_high * b_low)
    # The sum, and its rounding error added to the first.
    longer = total + term
    moved = longer - total
    lost += (total - (longer - moved)) + (term - moved)
    return longer, correction + lost


@kernel
def exact_product(cov: Floats, x: Floats, out: Floats) -> None:
    """Write Σx as computed in twice the precision, then rounded (Dot2 of Ogita, Rump, Oishi 2005); four rows a time."""
    whole = x.size - x.size % 4
    for i in range(0, whole, 4):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        a_lost, b_lost, c_lost, d_lost = 0.0, 0.0, 0.0, 0.0
        for j in range(x.size):
            a, a_lost = add_product(a, a_lost, cov[i, j], x[j])
            b, b_lost = add_product(b, b_lost, cov[i + 1, j], x[j])
            c, c_lost = add_product(c, c_lost, cov[i + 2, j], x[j])
            d, d_lost = add_product(d, d_lost, cov[i + 3, j], x[j])
        out[i], out[i + 1], out[i + 2], out[i + 3] = a + a_lost, b + b_lost, c + c_lost, d + d_lost
    for i in range(whole, x.size):
        a, a_lost = 0.0, 0.0
        for j in range(x.size):
            a, a_lost = add_product(a, a_lost, cov[i, j], x[j])
        out[i] = a + a_lost


@reordered_kernel
def sizes_of_terms(cov: Floats, x: Floats, out: Floats) -> None:
    """Write Σ_j |Σ_ij x_j|, the sizes to which the rounding of Σx is relative."""
    for i in range(x.size):
        total = 0.0
        for j in range(x.size):
            total += abs(cov[i, j] * x[j])
        out[i] = total


@kernel
def exact_error(cov: Floats, budget: Floats, vol: Floats, x: Floats, gradient: Floats, work: Floats) -> float:
    """Return the largest |share of risk - b_i| / b_i of the weights x without rounding; write b - share to work[0].

    If the last bit of a weight may move a contribution by more than VISIBLE, the error counts as infinite, because a
    fit would be luck.
    """
    residual, sizes = work[0], work[1]
    exact_product(cov, x, gradient)
    sizes_of_terms(cov, x, sizes)
    size, variance, error, last_bit = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        size += x[i] * vol[i]
        variance += x[i] * gradient[i]
    if not variance > max(FEWEST_ROUNDINGS, x.size) * EPSILON * size * size:
        return inf
    for i in range(x.size):
        residual[i] = budget[i] - x[i] * gradient[i] / variance
        error = max(error, abs(residual[i]) / budget[i])
        last_bit = max(last_bit, EPSILON * x[i] * sizes[i] / (budget[i] * variance))
    return error if last_bit <= VISIBLE else inf


@reordered_kernel
def refine(cov: Floats, budget: Floats, vol: Floats, x: Floats, gradient: Floats, work: Floats) -> Refinement:
    """Apply Newton's method to residuals without rounding, until the exact error of the weights x is small."""
    direction, products = work[1], 0
    for step in range(EXACT_STEPS):
        normalise_weights(x, gradient)
        error = exact_error(cov, budget, vol, x, gradient, work)
        products += 1
        if error <= GOOD or (error <= BUDGET_ACCURACY and step > 1) or not error < inf:
            return Refinement(error, products)
        rescale(x, gradient)
        products += newton_direction(cov, budget, vol, x, work)
        for i in range(x.size):
            x[i] *= 1.0 + max(direction[i], -0.5)
    return Refinement(inf, products)


@reordered_kernel
def solve_slice(
    stack: Floats, budgets: Floats, weights: Floats, errors: Floats, products: Ints, first: int, end: int
) -> None:
    """Solve the problems that `barrier_kernel.solve_slice` left with errors above BUDGET_ACCURACY."""
    work = np.empty((ROWS, stack.shape[1]))
    vol, gradient, budget = work[6], work[7], work[8]
    for k in range(first, end):
        if BUDGET_ACCURACY < errors[k] < inf:
            cov, x = stack[k], weights[k]
            normalise_budgets(budgets[k] if budgets.shape[0] > 1 else budgets[0], budget)
            for i in range(x.size):
                vol[i] = sqrt(cov[i, i])
            products[k] += newton(cov, budget, vol, x, gradient, work)
            refined = refine(cov, budget, vol, x, gradient, work)
            errors[k] = refined.error
            products[k] += refined.products
            if not may_be_a_covariance(cov, vol):
                errors[k] = inf
