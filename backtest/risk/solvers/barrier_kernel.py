"""Compiled core of risk budgeting: the minimum of ½ xᵀΣx - Σ b_i log x_i, for a stack of problems.

At the minimum x∘Σx = b. All steps are relative, u = Δx/x, for which the Hessian is XΣX + B, X and B the diagonal
matrices of x and b: the scales of the assets cancel out. Its diagonal, b_i + x_i² Σ_ii, is the preconditioner.

The method is conjugate gradients on the barrier itself (Polak, Ribière 1969, with restarts). Each step goes to the
minimum on its line. Along a line Σ(x + αx∘u) = Σx + αΣ(x∘u), so a step costs one product with Σ. If correlations have
one sign, the eigenvalues lie within [1, 2], and about ten steps are enough; random correlations of 500 assets take 60.
After each step x is rescaled to xᵀΣx = Σb = 1, the best of its multiples. If assets nearly cancel out, progress is slow
and `hard_barrier_kernel` continues.

A separate product checks the result. Import this file where the work begins, because it imports Numba.
"""

from math import inf, sqrt

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.numba_kernels import reordered_kernel
from backtest.numerics.tolerances import EPSILON, FEWEST_ROUNDINGS
from backtest.risk.accuracy import BUDGET_ACCURACY, BUDGET_SUM_TOLERANCE, COVARIANCE_TOLERANCE
from backtest.risk.solvers.covariance_kernel import all_have_risk, may_be_a_covariance

GOAL = 1e-11  # largest |x_i (Σx)_i - b_i| / b_i at which iteration stops
ROWS = 9  # rows of working memory
LINE_STEPS = 8  # Newton steps on a line
PARABOLA = 0.02  # relative moves up to this size follow the parabola of the line
STEPS = 400  # conjugate-gradient steps at most
PATIENCE, DESCENT = 16, 0.05  # give up unless the squared gradient falls to this fraction within this many steps


@reordered_kernel
def product(cov: Floats, x: Floats, out: Floats) -> None:
    """Write Σx to `out`, eight rows at a time."""
    n = x.size
    whole = n - n % 8
    for i in range(0, whole, 8):
        a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(n):
            a += cov[i, j] * x[j]
            b += cov[i + 1, j] * x[j]
            c += cov[i + 2, j] * x[j]
            d += cov[i + 3, j] * x[j]
            e += cov[i + 4, j] * x[j]
            f += cov[i + 5, j] * x[j]
            g += cov[i + 6, j] * x[j]
            h += cov[i + 7, j] * x[j]
        out[i], out[i + 1], out[i + 2], out[i + 3] = a, b, c, d
        out[i + 4], out[i + 5], out[i + 6], out[i + 7] = e, f, g, h
    for i in range(whole, n):
        a = 0.0
        for j in range(n):
            a += cov[i, j] * x[j]
        out[i] = a


@reordered_kernel
def transposed_product(cov: Floats, x: Floats, out: Floats) -> None:
    """Write Σᵀx to `out`, four rows at a time."""
    n = x.size
    whole = n - n % 4
    for j in range(n):
        out[j] = 0.0
    for i in range(0, whole, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(n):
            out[j] += cov[i, j] * a + cov[i + 1, j] * b + cov[i + 2, j] * c + cov[i + 3, j] * d
    for i in range(whole, n):
        for j in range(n):
            out[j] += cov[i, j] * x[i]


@reordered_kernel
def rescale(x: Floats, gradient: Floats) -> bool:
    """Scale x and Σx to xᵀΣx = 1; return False if there is no variance to scale."""
    variance = 0.0
    for i in range(x.size):
        variance += x[i] * gradient[i]
    if not 0.0 < variance < inf:
        return False
    scale = 1.0 / sqrt(variance)
    for i in range(x.size):
        x[i] *= scale
        gradient[i] *= scale
    return True


@reordered_kernel
def is_unbounded(x: Floats, vol: Floats) -> bool:
    """Return whether x, whose variance is 1, is so large that its assets cancel out in double precision."""
    size = 0.0
    for i in range(x.size):
        size += x[i] * vol[i]
    return not size * size * max(FEWEST_ROUNDINGS, x.size) * EPSILON < 1.0


@reordered_kernel
def line_minimum(budget: Floats, direction: Floats, curvature: float, descent: float, bend: float) -> float:
    """Return roughly the α > 0 of least -descent × α + ½ curvature × α² - Σ b_i (log(1 + α d_i) - α d_i).

    Newton's method on the line starts at the minimum of its parabola, whose second derivative is curvature + bend. It
    stays below the α at which the first x_i would be 0.
    """
    # Start at the minimum of the parabola, and stop there if the move is small.
    alpha, size = descent / (curvature + bend), 0.0
    for i in range(direction.size):
        size += direction[i] * direction[i]
    if alpha * alpha * size <= PARABOLA * PARABOLA:
        return alpha
    # Find the end of the line, where the first x_i would be 0, and stay in its first half.
    fall = 0.0
    for i in range(direction.size):
        fall = max(fall, -direction[i])
    end = 1.0 / fall if fall > 0.0 else inf
    alpha = min(alpha, 0.5 * end)
    # Newton steps, each at most half way to the end of the line.
    for _ in range(LINE_STEPS):
        first, second = alpha * curvature - descent, curvature
        for i in range(direction.size):
            part = direction[i] / (1.0 + alpha * direction[i])
            first += budget[i] * (direction[i] - part)
            second += budget[i] * part * part
        step = -first / second
        if end < inf:
            step = min(step, 0.5 * (end - alpha))
        step = max(step, -0.9 * alpha)
        alpha += step
        if abs(step) <= 0.01 * alpha:
            break
    return alpha


@reordered_kernel
def conjugate_gradients(cov: Floats, budget: Floats, vol: Floats, x: Floats, gradient: Floats, work: Floats) -> int:
    """Iterate until the goal is met or progress is slow; return the number of products with Σ."""
    residual, direction, steepest, change, ahead = work[0], work[1], work[2], work[3], work[4]
    before, mark, scale = inf, inf, 1.0
    for i in range(x.size):
        direction[i], residual[i] = 0.0, 0.0
    for step in range(STEPS):
        # Residual, preconditioned residual, and its overlap with the last residual.
        beyond, norm, overlap = 0.0, 0.0, 0.0
        for i in range(x.size):
            x[i] *= scale  # of the last step, applied here to save a pass
            gradient[i] *= scale
            left = budget[i] - x[i] * gradient[i]
            beyond += 0.0 if abs(left) <= GOAL * budget[i] else 1.0
            steepest[i] = left / (budget[i] + x[i] * vol[i] * x[i] * vol[i])
            norm += left * steepest[i]
            overlap += residual[i] * steepest[i]
            residual[i] = left
        scale = 1.0
        # Stop if the goal is met, or if progress is too slow for this method.
        if beyond == 0.0:
            return step
        if step % PATIENCE == 0:
            if not norm <= DESCENT * mark or is_unbounded(x, vol):
                return step
            mark = norm
        # Next direction, conjugate to the last one.
        beta = max(0.0, (norm - overlap) / before)
        before, descent, bend = norm, 0.0, 0.0
        for i in range(x.size):
            direction[i] = steepest[i] + beta * direction[i]
            change[i] = x[i] * direction[i]
            descent += residual[i] * direction[i]
            bend += budget[i] * direction[i] * direction[i]
        if not descent > 0.0:
            before = inf  # restart with the steepest descent
            continue
        # Step to the minimum on the line.
        scale = advance(cov, budget, x, gradient, direction, change, ahead, descent, bend)
        if scale == 0.0:
            return step + 1
    return STEPS


@reordered_kernel
def advance(
    cov: Floats,
    budget: Floats,
    x: Floats,
    gradient: Floats,
    direction: Floats,
    change: Floats,
    ahead: Floats,
    descent: float,
    bend: float,
) -> float:
    """Move x and Σx to the minimum on the line x + α change; return their rescaling, 0 if no variance is left."""
    product(cov, change, ahead)
    curvature, variance = 0.0, 0.0
    for i in range(x.size):
        curvature += change[i] * ahead[i]
    alpha = line_minimum(budget, direction, max(curvature, 0.0), descent, bend)
    for i in range(x.size):
        x[i] += alpha * change[i]
        gradient[i] += alpha * ahead[i]
        variance += x[i] * gradient[i]
    return 1.0 / sqrt(variance) if 0.0 < variance < inf else 0.0


@reordered_kernel
def step_each_coordinate(budget: Floats, vol: Floats, x: Floats, gradient: Floats) -> bool:
    """Move each x_i to its minimum given the others; return False, and move nothing, if that is a bad start.

    The minima are the roots of σ_i² x_i² + h_i x_i = b_i of coordinate descent (Griveau-Billion, Richard and Roncalli
    2013), all computed at once. From inverse volatility this is a long step in the right direction if the other assets
    add to the risk of every asset, all h_i >= 0. If some assets hedge others, it may lead far away.
    """
    hedges, beyond = 0.0, 0.0
    for i in range(x.size):
        hedges += 1.0 if gradient[i] < vol[i] * vol[i] * x[i] else 0.0
        beyond += 0.0 if abs(budget[i] - x[i] * gradient[i]) <= GOAL * budget[i] else 1.0
    if hedges > 0.0 or beyond == 0.0:
        return False
    for i in range(x.size):
        half = 0.5 * (gradient[i] - vol[i] * vol[i] * x[i])
        x[i] = budget[i] / (sqrt(half * half + budget[i] * vol[i] * vol[i]) + half)
    return True


@reordered_kernel
def normalise_weights(x: Floats, gradient: Floats) -> None:
    """Scale x to a sum of 1, and Σx with it."""
    total = 0.0
    for i in range(x.size):
        total += x[i]
    for i in range(x.size):
        x[i] /= total
        gradient[i] /= total


@reordered_kernel
def error_bound(cov: Floats, budget: Floats, vol: Floats, x: Floats, gradient: Floats) -> float:
    """Return the largest |share of risk - b_i| / b_i of the weights x, plus the rounding of its computation.

    The gradient was computed as Σx. Here Σᵀx is computed; if the two differ by more than the tolerance, the error is
    infinite. An asymmetry that this does not detect has no effect: x has the same contributions by the mean of Σ and
    Σᵀ. The rounding of a scalar product is taken as 4 sqrt(n) EPSILON times the sum of the sizes of its terms, which is
    at most σ_i Σ x_j σ_j. This is a probable bound (Higham and Mary 2019); the certain bound has n instead of sqrt(n).
    """
    size, variance, beyond, error = 0.0, 0.0, 0.0, 0.0
    # The same product in another way.
    transposed = np.empty(x.size)
    transposed_product(cov, x, transposed)
    for i in range(x.size):
        size += x[i] * vol[i]
        variance += x[i] * transposed[i]
    # Differences between both products, and errors of the contributions.
    rounding = 4.0 * sqrt(x.size) * EPSILON * size
    for i in range(x.size):
        apart = abs(transposed[i] - gradient[i])
        beyond += 0.0 if apart <= COVARIANCE_TOLERANCE * vol[i] * size else 1.0
        off = abs(x[i] * transposed[i] - budget[i] * variance) + rounding * x[i] * vol[i]
        error = max(error, off / (budget[i] * variance))
    return error if beyond == 0.0 and 0.0 < variance < inf else inf


@reordered_kernel
def normalise_budgets(budget: Floats, out: Floats) -> bool:
    """Write budgets scaled to a sum of exactly 1; return whether all are above zero and their sum is near 1."""
    total, good = 0.0, True
    for i in range(budget.size):
        total += budget[i]
        good &= budget[i] > 0.0
    for i in range(budget.size):
        out[i] = budget[i] / total
    return good and abs(total - 1.0) <= BUDGET_SUM_TOLERANCE


@reordered_kernel
def solve_slice(
    stack: Floats, budgets: Floats, weights: Floats, errors: Floats, products: Ints, first: int, end: int
) -> None:
    """Solve the problems first..end - 1 of a stack (m, n, n) with budgets (1, n) or (m, n).

    It writes weights, the errors of their contributions, and the number of products with Σ. `hard_barrier_kernel`
    continues with errors above BUDGET_ACCURACY. Invalid problems (a budget of zero, a NaN) get infinity or NaN.
    """
    work = np.empty((ROWS, stack.shape[1]))
    vol, gradient, budget = work[6], work[7], work[8]
    for k in range(first, end):
        cov, x = stack[k], weights[k]
        errors[k], products[k] = inf, 0
        # Skip invalid problems.
        if not normalise_budgets(budgets[k] if budgets.shape[0] > 1 else budgets[0], budget):
            continue
        for i in range(x.size):
            vol[i] = sqrt(cov[i, i])
        if not all_have_risk(vol):
            continue
        # Start at inverse volatility, and improve it by one step of each coordinate if that is safe.
        for i in range(x.size):
            x[i] = sqrt(budget[i]) / vol[i]
        product(cov, x, gradient)
        if rescale(x, gradient) and step_each_coordinate(budget, vol, x, gradient):
            product(cov, x, gradient)
            products[k] = 1
        # Iterate, then check the weights and the matrix.
        if rescale(x, gradient):
            products[k] += 3 + conjugate_gradients(cov, budget, vol, x, gradient, work)
            normalise_weights(x, gradient)
            errors[k] = error_bound(cov, budget, vol, x, gradient)
            if errors[k] <= BUDGET_ACCURACY and not may_be_a_covariance(cov, vol):
                errors[k] = inf
