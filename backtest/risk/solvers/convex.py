"""Quadratic program for long-only minimum-variance portfolios with caps, for a stack of problems.

    minimise ½ yᵀCy   subject to   pᵀy = 1,   0 <= y <= u

C is a correlation matrix, y_i = w_i σ_i is an asset's weight times its volatility, p_i is the weight of one unit of
y_i, and u are upper bounds. A y is the solution if and only if, for some multiplier λ of the equality, the slopes
g = Cy - λp are zero between the bounds, g_i >= 0 where y_i = 0 and g_i <= 0 where y_i = u_i (the conditions of Karush,
Kuhn and Tucker; Boyd and Vandenberghe 2004, "Convex Optimization", 5.5.3).

The method guesses which assets are at a bound; for the others the conditions are a linear system. Every asset that then
violates a condition changes sides, until no asset does, usually after 3 to 8 systems (block principal pivoting: Júdice
and Pires 1994; Hintermüller, Ito and Kunisch 2002). The result therefore solves a linear system, exact to rounding, and
its zeros are exactly zero. If the sides cycle, which may happen with caps or strong correlations, an active-set method
continues from there and changes the side of one asset at a time.
"""

import numpy as np

from backtest.errors import NoOptimalPortfolio
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import EPSILON, SUM_ROUNDING

ACCURACY = 1e-11  # promised error of the slopes, relative to (|C||y|)_i, whose rounding is 1e-16
GOAL = 1e-13  # error of a slope, in the same unit, above which an asset changes sides
ROUNDS = 20  # if it takes more than about 12 rounds, the sides cycle
STEPS_PER_ASSET = 20
RIDGE = 1e-8  # variance added to each asset, relative to its own, if the correlations are singular
BATCHED = 48  # assets; up to this size problems are solved as one stack, above it one by one on their free assets


def solve(matrix: Floats, price: Floats, upper: Floats, singular: Bools) -> Floats:
    """Solve each problem of a stack.

    If C is singular, there may be many solutions, or nearly optimal points far away. 1e-8 is then added to its
    diagonal, which picks the solution of least Σy² (twins share equally) and costs less than 1e-8 of the assets'
    variances.

    Args:
        matrix: (m, n, n), C, positive semi-definite with a diagonal of 1.
        price: (m, n), p, above zero.
        upper: (m, n), u, above zero, infinite for none; Σpu >= 1.
        singular: (m,), whether C has an eigenvalue near zero.

    Returns:
        (m, n): y, checked against the conditions of optimality to 1e-11.

    Raises:
        NoOptimalPortfolio: a problem does not reach this accuracy.
    """
    if singular.any():
        matrix = matrix + np.where(singular, RIDGE, 0.0)[:, None, None] * np.eye(matrix.shape[-1])
    y, done = _pivot(matrix, price, upper)
    for k in np.flatnonzero(~done):
        y[k] = _solve_by_active_set(matrix[k], price[k], upper[k], _feasible_start(price[k], upper[k], y[k]))
    errors = optimality_error(matrix, price, upper, y)
    for k in np.flatnonzero(errors > ACCURACY):
        raise NoOptimalPortfolio(
            f"covariance[{k}]: the conditions of least variance are met only to {errors[k]:.1e} of the slopes, "
            f"expected {ACCURACY:.0e}; hint: shrink the covariance"
        )
    return y


def optimality_error(matrix: Floats, price: Floats, upper: Floats, y: Floats) -> Floats:
    """Return the (m,) errors of (m, n) y in the conditions of optimality; infinite if y violates a constraint.

    Slopes are relative to (|C||y|)_i, and pᵀy = 1 has to hold to `SUM_ROUNDING`.
    """
    products = np.matvec(matrix, y)
    inside = (y > 0) & (y < upper)
    price_inside = np.vecdot(price, y * inside)
    has_free = price_inside > 0
    at_bounds = np.where(y >= upper, products / price, 0.0).max(
        axis=1
    )  # if all are at a bound, any multiplier from here on fits
    multiplier = np.divide(np.vecdot(products, y * inside), price_inside, out=at_bounds, where=has_free)
    slopes = (products - multiplier[:, None] * price) / np.matvec(np.abs(matrix), y)
    wrong = np.where(inside, np.abs(slopes), np.where(y >= upper, slopes, -slopes)).max(axis=1)
    feasible = (y >= 0).all(axis=1) & (y <= upper).all(axis=1) & (np.abs(np.vecdot(price, y) - 1) <= SUM_ROUNDING)
    return np.where(feasible & np.isfinite(wrong), np.maximum(wrong, 0.0), np.inf)


def _pivot(matrix: Floats, price: Floats, upper: Floats) -> tuple[Floats, Bools]:
    """Pivot from all assets free; return the last (m, n) y, and whether each problem is solved, (m,)."""
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
    """Return the (m, n) solution for given sides, its (m,) multipliers, and the (m, n) products Cy."""
    y = np.where(capped, upper, 0.0)
    per_multiplier, constant = _solve_free(matrix, free, price, -np.matvec(matrix, y))
    missing = 1 - np.vecdot(price, y) - np.vecdot(price, constant)
    slope = np.vecdot(price, per_multiplier)
    has_free = slope > 0
    multiplier = np.divide(missing, slope, out=np.zeros_like(slope), where=has_free)
    y = y + constant + multiplier[:, None] * per_multiplier
    products = np.matvec(matrix, y)
    at_bounds = np.where(capped, products / price, 0.0).max(axis=1)
    return y, np.where(has_free, multiplier, at_bounds), products


def _solve_free(matrix: Floats, free: Bools, *right: Floats) -> tuple[Floats, Floats]:
    """Solve C_FF z = r_F for two right-hand sides, (m, n) each; z is zero for assets that are not free."""
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
    """Return an (n,) y within its bounds with pᵀy = 1, near the given y."""
    y = np.clip(np.where(np.isfinite(y), y, 0.0), 0.0, upper)
    total = float(price @ y)
    if total > 0 and (y / total <= upper).all():
        return y / total
    top = np.where(np.isfinite(upper), upper, 1 / price)
    return y + (1 - total) / float(price @ (top - y)) * (top - y)


def _solve_by_active_set(matrix: Floats, price: Floats, upper: Floats, y: Floats) -> Floats:
    """Solve one problem by the primal active-set method, from any feasible (n,) y.

    A step goes to the minimum over the free assets, or up to the first bound on the way, which then becomes active. If
    the variance cannot fall, the asset with the largest violation at its bound is freed. The variance never rises, so
    the method ends (Nocedal and Wright 2006, "Numerical Optimization", algorithm 16.3).
    """
    y, sizes = y.copy(), np.abs(matrix)
    free = (y > 0) & (y < upper)
    for _ in range(STEPS_PER_ASSET * len(y)):
        f = np.flatnonzero(free)
        step, multiplier = _step(matrix[np.ix_(f, f)], price[f], (matrix @ y)[f])
        step[np.abs(step) <= EPSILON * y.max()] = 0.0  # rounding is not a direction
        bound = np.where(step < 0, 0.0, upper[f])
        room = np.divide(bound - y[f], step, out=np.full(f.size, np.inf), where=step != 0)
        part = room.min(initial=1.0)
        y[f] = np.clip(y[f] + part * step, 0.0, upper[f])
        if part < 1:
            first = np.argmin(room)
            y[f[first]], free[f[first]] = bound[first], False
            continue
        products = matrix @ y
        if not f.size:  # at a corner: any multiplier that fits the assets at their upper bounds
            multiplier = float((products / price)[y > 0].max())
        slopes = (products - multiplier * price) / (sizes @ y)
        violation = np.where(free, np.abs(slopes), np.where(y > 0, slopes, -slopes))
        if violation.max() <= GOAL:
            break
        free[np.argmax(violation)] = True
    return y


def _step(matrix: Floats, price: Floats, products: Floats) -> tuple[Floats, float]:
    """Return the (f,) step from y to the minimum over free assets with pᵀ(step) = 0, and the multiplier there."""
    if len(price) < 2:
        return np.zeros_like(price), float((products / price).sum())
    solution = np.asarray(np.linalg.solve(matrix, np.stack([price, -products], axis=1)), np.float64)
    multiplier = -float(price @ solution[:, 1]) / float(price @ solution[:, 0])
    return solution[:, 1] + multiplier * solution[:, 0], multiplier
