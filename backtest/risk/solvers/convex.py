"""The quadratic program of portfolios of least variance, long-only and with caps, for a stack of problems.

    minimise ½ yᵀCy   subject to   pᵀy = 1,   0 <= y <= u

C is a correlation matrix, y_i = w_i σ_i an asset's weight times its volatility, p_i the weight that one unit of y_i
takes up, u its upper bounds. A y is the solution if and only if, with some multiplier λ of the equality, the slopes
g = Cy - λp are zero between the bounds, g_i >= 0 where y_i = 0 and g_i <= 0 where y_i = u_i (the conditions of Karush,
Kuhn and Tucker; Boyd and Vandenberghe 2004, "Convex Optimization", 5.5.3).

It is solved by guessing which assets stand at a bound: on the others the conditions are a linear system. Every asset
that then breaks one of them changes sides, until none does, mostly after 3 to 8 systems (block principal pivoting:
Júdice and Pires 1994; Hintermüller, Ito and Kunisch 2002). So the answer is that of a linear system, exact to rounding,
and its zeros are exactly zero. Where the sides go round in circles, as they may with caps or strong correlations, one
asset changes sides at a time, from where that has led to.
"""

import numpy as np

from backtest.errors import NoOptimalPortfolio
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import EPSILON, SUM_ROUNDING

ACCURACY = 1e-11  # promised, of the slopes: relative to (|C||y|)_i, of whose size 1e-16 is rounding
GOAL = 1e-13  # the same, when a side is changed
ROUNDS = 20  # beyond some 12 they go round in circles
STEPS_PER_ASSET = 20
RIDGE = 1e-8  # variance added to each asset, relative to its own, where the correlations are singular
BATCHED = 48  # assets up to which all problems are solved as one stack; beyond, each on its free assets alone


def solve(matrix: Floats, price: Floats, upper: Floats, singular: Bools) -> Floats:
    """The solution of each problem of a stack.

    Where C is singular there may be many, or nearly as good ones far away. Then 1e-8 is added to its diagonal, which
    picks the one of least Σy² (twins share equally) and costs less than 1e-8 of the assets' variances.

    Args:
        matrix: (m, n, n), C, positive semi-definite with a diagonal of 1.
        price: (m, n), p, above zero.
        upper: (m, n), u, above zero, infinite for none; Σpu >= 1.
        singular: (m,), whether C has an eigenvalue near zero.

    Returns:
        (m, n): y, whose conditions have been checked to 1e-11.

    Raises:
        NoOptimalPortfolio: a problem for which this was not reached.
    """
    if singular.any():
        matrix = matrix + np.where(singular, RIDGE, 0.0)[:, None, None] * np.eye(matrix.shape[-1])
    y, done = _pivot(matrix, price, upper)
    for k in np.flatnonzero(~done):
        y[k] = _solve_by_active_set(matrix[k], price[k], upper[k], _feasible_start(price[k], upper[k], y[k]))
    errors = optimality_error(matrix, price, upper, y)
    for k in np.flatnonzero(errors > ACCURACY):
        raise NoOptimalPortfolio(
            f"covariance[{k}]: the portfolio of least variance was met only to {errors[k]:.1e} of its slopes, expected "
            f"{ACCURACY:.0e}; hint: shrink the covariance"
        )
    return y


def optimality_error(matrix: Floats, price: Floats, upper: Floats, y: Floats) -> Floats:
    """By how much each y, (m, n), misses the conditions above: (m,), infinite where y breaks a constraint itself.

    Slopes count relative to (|C||y|)_i, and pᵀy = 1 has to hold to `SUM_ROUNDING`.
    """
    products = np.matvec(matrix, y)
    inside = (y > 0) & (y < upper)
    price_inside = np.vecdot(price, y * inside)
    some = price_inside > 0
    at_bounds = np.where(y >= upper, products / price, 0.0).max(axis=1)  # any multiplier from here on, if all are
    multiplier = np.where(some, np.vecdot(products, y * inside) / np.where(some, price_inside, 1.0), at_bounds)
    slopes = (products - multiplier[:, None] * price) / np.matvec(np.abs(matrix), y)
    wrong = np.where(inside, np.abs(slopes), np.where(y >= upper, slopes, -slopes)).max(axis=1)
    feasible = (y >= 0).all(axis=1) & (y <= upper).all(axis=1) & (np.abs(np.vecdot(price, y) - 1) <= SUM_ROUNDING)
    return np.where(feasible & np.isfinite(wrong), np.maximum(wrong, 0.0), np.inf)


def _pivot(matrix: Floats, price: Floats, upper: Floats) -> tuple[Floats, Bools]:
    """The last y, (m, n), from all assets free, and whether none wants to change sides any more, (m,)."""
    result = np.zeros_like(price)
    solved = np.zeros(len(price), dtype=bool)
    left = np.arange(len(price))
    free, capped = np.ones(price.shape, dtype=bool), np.zeros(price.shape, dtype=bool)
    sizes = np.abs(matrix)
    for _ in range(ROUNDS):
        y, multiplier, products = _solve_given_sides(matrix, price, upper, free, capped)
        slopes = products - multiplier[:, None] * price
        slack = GOAL * np.matvec(sizes, np.abs(y))
        low, high = free & (y < 0), free & (y > upper)
        freed = np.where(capped, slopes > slack, ~free & (slopes < -slack))
        moved = (low | high | freed).any(axis=1)
        done = ~moved & np.isfinite(y).all(axis=1) & (np.abs(np.vecdot(price, y) - 1) <= SUM_ROUNDING)
        result[left], solved[left] = y, done
        free, capped = (free & ~low & ~high) | freed, (capped & ~freed) | high
        if not moved.all():
            left, matrix, sizes, price, upper = left[moved], matrix[moved], sizes[moved], price[moved], upper[moved]
            free, capped = free[moved], capped[moved]
        if not left.size:
            break
    return result, solved


def _solve_given_sides(
    matrix: Floats, price: Floats, upper: Floats, free: Bools, capped: Bools
) -> tuple[Floats, Floats, Floats]:
    """The solution of given sides, (m, n), its multiplier, (m,), and Cy, (m, n)."""
    y = np.where(capped, upper, 0.0)
    per_multiplier, constant = _solve_free(matrix, free, price, -np.matvec(matrix, y))
    missing = 1 - np.vecdot(price, y) - np.vecdot(price, constant)
    slope = np.vecdot(price, per_multiplier)
    some = slope > 0
    multiplier = np.where(some, missing / np.where(some, slope, 1.0), 0.0)
    y = y + constant + multiplier[:, None] * per_multiplier
    products = np.matvec(matrix, y)
    at_bounds = np.where(capped, products / price, 0.0).max(axis=1)
    return y, np.where(some, multiplier, at_bounds), products


def _solve_free(matrix: Floats, free: Bools, *right: Floats) -> tuple[Floats, Floats]:
    """Solutions of C_FF z = r_F for two right-hand sides, (m, n) each, zero where not free."""
    sides = np.stack(right, axis=-1) * free[:, :, None]
    if matrix.shape[-1] <= BATCHED:
        both = free[:, :, None] & free[:, None, :]
        solution: Floats = np.asarray(
            np.linalg.solve(np.where(both, matrix, np.eye(matrix.shape[-1])), sides), np.float64
        )
    else:
        solution = np.zeros_like(sides)
        for k, chosen in enumerate(free):
            f = np.flatnonzero(chosen)
            solution[k, f] = np.linalg.solve(matrix[k][np.ix_(f, f)], sides[k, f])
    return solution[..., 0], solution[..., 1]


def _feasible_start(price: Floats, upper: Floats, y: Floats) -> Floats:
    """A y within its bounds with pᵀy = 1, (n,), near the one given."""
    y = np.clip(np.where(np.isfinite(y), y, 0.0), 0.0, upper)
    total = float(price @ y)
    if total >= 1 or (total > 0 and np.isinf(upper).any()):
        return np.minimum(y / total, upper)
    top = np.where(np.isfinite(upper), upper, 1 / price)
    return y + (1 - total) / float(price @ (top - y)) * (top - y)


def _solve_by_active_set(matrix: Floats, price: Floats, upper: Floats, y: Floats) -> Floats:
    """The solution of one problem by the primal active-set method, (n,), from any feasible y.

    A step leads to the least of the assets that are free, or as far towards it as the first bound, which then holds.
    Where there is no way down, the asset that most wants to leave its bound is freed. The variance never rises, so this
    ends (Nocedal and Wright 2006, "Numerical Optimization", algorithm 16.3).
    """
    y, sizes = y.copy(), np.abs(matrix)
    free = (y > 0) & (y < upper)
    for _ in range(STEPS_PER_ASSET * len(y)):
        f = np.flatnonzero(free)
        step, multiplier = _step(matrix[np.ix_(f, f)], price[f], (matrix @ y)[f])
        step[np.abs(step) <= EPSILON * y.max()] = 0.0  # rounding is no direction
        bound = np.where(step < 0, 0.0, upper[f])
        room = np.divide(bound - y[f], step, out=np.full(f.size, np.inf), where=step != 0)
        part = room.min(initial=1.0)
        y[f] = np.clip(y[f] + part * step, 0.0, upper[f])
        if part < 1:
            first = np.argmin(room)
            y[f[first]], free[f[first]] = bound[first], False
            continue
        products = matrix @ y
        if not f.size:  # at a corner: any multiplier that suits those at their upper bounds
            multiplier = float((products / price)[y > 0].max())
        slopes = (products - multiplier * price) / (sizes @ y)
        wanting = np.where(free, np.abs(slopes), np.where(y > 0, slopes, -slopes))
        if wanting.max() <= GOAL:
            break
        free[np.argmax(wanting)] = True
    return y


def _step(matrix: Floats, price: Floats, products: Floats) -> tuple[Floats, float]:
    """From y to the least among free assets with pᵀ(step) = 0, (f,), and the multiplier there."""
    if len(price) < 2:
        return np.zeros_like(price), float((products / price).sum())
    solution = np.asarray(np.linalg.solve(matrix, np.stack([price, -products], axis=1)), np.float64)
    multiplier = -float(price @ solution[:, 1]) / float(price @ solution[:, 0])
    return solution[:, 1] + multiplier * solution[:, 0], multiplier
