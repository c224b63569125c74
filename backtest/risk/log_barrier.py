"""The numerical core of risk budgeting: minima of ½ yᵀCy - Σ b_i log y_i, for a stack of problems at once.

At the minimum y∘Cy = b: the contributions to the variance yᵀCy, which is then Σb = 1, are the budgets. The
function is strictly convex on y > 0 (Spinu 2013, "An Algorithm for Computing Risk Parity Weights"; Richard
and Roncalli 2019, "Constrained Risk Budgeting Portfolios"), so where there is a minimum it is the only one.
There is one unless a y >= 0 other than zero has Cy = 0; then y grows without bound along it, which is how it
is noticed.

Everything here is in scaled units: C_ij = Σ_ij / (s_i s_j) and y_i = x_i s_i, s_i = 2**exponent_i the power
of two next above the volatility. That takes out the assets' scales (volatilities may differ by any factor)
without rounding: a solution of the scaled problem is one of the problem given, to the last bit.

An asset with a budget of zero has y = 0. Its row and column of C are those of the identity matrix.
"""

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
ACCURACY = 1e-10  # promised: largest |share of risk - budget| / budget
VISIBLE = 1e-9  # the same, as whoever works it out from the weights in plain double precision may see it
GOAL = 1e-12  # aimed at: by Newton's quadratic convergence mostly 1e-15 is met
SWEEPS = 2  # of coordinate descent before Newton's method, where they are the cheaper way down
NEWTON_STEPS = 200  # some 70 are the most seen: near portfolios without risk y doubles per step, up to 1e7
EXACT_STEPS = 8
QUADRATIC = 0.25  # relative steps up to this are taken whole


def null_variance(assets: int) -> float:
    """Variance, as a part of (Σ y_i σ_i)², up to which a long-only portfolio counts as one without risk.

    The variance of a portfolio whose assets cancel out exactly comes out at some EPSILON of that size, from
    the rounding of the covariance's entries alone.
    """
    return max(64, assets) * EPSILON


def solve(matrix: FloatArray, budgets: FloatArray) -> FloatArray:
    """Damped Newton's method in relative steps u = Δy/y, from a few sweeps of coordinate descent.

    A step solves (YCY + B) u = b - y∘Cy; then y is rescaled to yᵀCy = 1, the best of its multiples.

    Args:
        matrix: (m, n, n), C, positive semi-definite, its diagonal in [1/4, 1].
        budgets: (m, n), zero or above, summing to 1.

    Returns:
        (m, n): y, of any scale. Not checked: where a problem has no solution, or one out of reach, it is the
        last iterate. No NaN comes in, none goes out.
    """
    result = np.empty_like(budgets)
    weight = np.where(budgets > 0, budgets, 1.0)
    volatility = np.sqrt(np.einsum("mii->mi", matrix))
    y = _start(matrix, budgets, weight)
    active, limit = np.arange(len(budgets)), null_variance(budgets.shape[-1])
    for _ in range(NEWTON_STEPS):
        gradient = np.matvec(matrix, y)
        variance, size = np.vecdot(y, gradient), np.vecdot(y, volatility)
        null = variance <= limit * size**2
        scale = 1 / np.sqrt(np.where(null, 1.0, variance))
        y, size, gradient = y * scale[:, None], size * scale, gradient * scale[:, None]
        residual = budgets - y * gradient
        rounding = 4 * EPSILON * y * volatility * size[:, None]
        done = null | (np.abs(residual) <= np.maximum(GOAL * budgets, rounding)).all(axis=1)
        if done.any():
            result[active[done]] = y[done]
            go = ~done
            active, matrix, budgets, weight = active[go], matrix[go], budgets[go], weight[go]
            volatility, y, residual = volatility[go], y[go], residual[go]
            if not active.size:
                break
        y = y * (1 + newton_step(matrix, weight, y, residual))
    result[active] = y
    return result


def _start(matrix: FloatArray, budgets: FloatArray, weight: FloatArray) -> FloatArray:
    """Cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013) from inverse volatility.

    Each coordinate is minimised exactly: the root y_i > 0 of C_ii y_i² + 2 h y_i = b_i, without cancellation.
    """
    diagonal = np.einsum("mii->mi", matrix)
    y: FloatArray = np.sqrt(budgets / diagonal)
    gradient = np.matvec(matrix, y)
    for i in list(range(y.shape[1])) * SWEEPS:
        own, budget = diagonal[:, i], weight[:, i]
        half = 0.5 * (gradient[:, i] - own * y[:, i])
        root = np.abs(half) + np.sqrt(half**2 + own * budget)
        new = np.where(budgets[:, i] > 0, np.where(half < 0, root / own, budget / root), 0.0)
        gradient += matrix[:, i, :] * (new - y[:, i])[:, None]
        y[:, i] = new
    return y


def newton_step(matrix: FloatArray, weight: FloatArray, y: FloatArray, residual: FloatArray) -> FloatArray:
    """The relative step u, (m, n), shortened to u / (1 + max|u|) where that is large.

    That keeps y > 0 and descends, as the logarithm is self-concordant (Spinu 2013). `weight` is the budgets
    with ones in place of zeros. The diagonal is raised by its rounding error, so that the matrix is positive
    definite in double precision too.
    """
    curvature: FloatArray = matrix * y[:, :, None] * y[:, None, :]
    diagonal = np.einsum("mii->mi", curvature)
    diagonal *= 1 + 8 * y.shape[1] * EPSILON
    diagonal += weight
    try:
        step: FloatArray = np.asarray(np.linalg.solve(curvature, residual[..., None])[..., 0], np.float64)
    except np.linalg.LinAlgError:  # one of them, by a coincidence of rounding: that changes no other's step
        each = zip(curvature, residual, diagonal, strict=True)
        step = np.array([_solved_or_downhill(*problem) for problem in each])
    largest: FloatArray = np.abs(step).max(axis=1, keepdims=True)
    step /= np.where(largest > QUADRATIC, 1 + largest, 1.0)
    return step


def _solved_or_downhill(curvature: FloatArray, residual: FloatArray, diagonal: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.solve(curvature, residual), np.float64)
    except np.linalg.LinAlgError:
        return residual / diagonal


def to_weights(y: FloatArray, exponents: NDArray[np.int64]) -> FloatArray:
    """The portfolio of y, summing to 1: x_i = y_i / 2**exponent_i, divided by Σx. (m, n), or (n,)."""
    x: FloatArray = np.ldexp(y, -exponents)
    weights: FloatArray = x / x.sum(axis=-1, keepdims=True)
    return weights


def error_bound(matrix: FloatArray, budgets: FloatArray, y: FloatArray) -> FloatArray:
    """Largest |share of risk - budget| / budget of each problem, (m,), rounding in working it out added.

    The rounding of a scalar product is taken as 4 sqrt(n) EPSILON of the sum of its terms' sizes, which is at
    most σ_i Σ y_j σ_j: a probable bound (Higham and Mary 2019), the certain one having n. Infinite where the
    variance is not above zero.
    """
    gradient = np.matvec(matrix, y)
    variance = np.vecdot(y, gradient)
    variance = np.where(variance > 0, variance, np.nan)[:, None]
    volatility = np.sqrt(np.einsum("mii->mi", matrix))
    rounding = 4 * math.sqrt(y.shape[1]) * EPSILON * y * volatility * np.vecdot(y, volatility)[:, None]
    error = np.abs(y * gradient / variance - budgets) + rounding / variance
    relative = (error / np.where(budgets > 0, budgets, 1.0)).max(axis=1)
    return np.where(np.isnan(relative), np.inf, relative)


def refine(
    matrix: FloatArray, budgets: FloatArray, exponents: NDArray[np.int64], y: FloatArray
) -> tuple[FloatArray, float]:
    """The best weights in reach of double precision for one, nearly singular, problem, from a y near them.

    Newton's method again, but the contributions are those of the very weights returned, and without rounding
    error in the scalar products. Where the last bit of a weight, or rounding in plain double precision, may
    move a contribution by more than VISIBLE, that counts as the error: a fit would be luck, and not be seen.

    Returns:
        (n,) weights, and their largest |share of risk - budget| / budget, infinite if they have no risk.
    """
    weight = np.where(budgets > 0, budgets, 1.0)
    volatility = np.sqrt(np.diagonal(matrix))
    best, least = to_weights(y, exponents), math.inf
    for _ in range(EXACT_STEPS):
        candidate = to_weights(y, exponents)
        y = np.ldexp(candidate, exponents)
        products = y * exact_product(matrix, y)
        variance = math.fsum(products)
        if not variance > null_variance(y.size) * float(y @ volatility) ** 2:
            break
        rounding = EPSILON * float((y * (np.abs(matrix) @ y) / weight).max()) / variance
        if rounding > VISIBLE:
            return candidate, rounding
        residual = budgets - products / variance
        error = float((np.abs(residual) / weight).max())
        if error < least:
            best, least = candidate, error
        if least <= GOAL:
            break
        y = y / math.sqrt(variance)
        y = y * (1 + newton_step(matrix[None], weight[None], y[None], residual[None])[0])
    return best, least


def exact_product(matrix: FloatArray, y: FloatArray) -> FloatArray:
    """Cy, each entry rounded once: its factors' halves of 26 bits (Dekker 1971) have exact products."""
    matrix_high, y_high = _high_half(matrix), _high_half(y)
    matrix_low, y_low = matrix - matrix_high, y - y_high
    terms = [matrix_high * y_high, matrix_high * y_low, matrix_low * y_high, matrix_low * y_low]
    return np.array([math.fsum(row) for row in np.concatenate(terms, axis=1)])


def _high_half(values: FloatArray) -> FloatArray:
    shifted = values * 134217729.0  # 2**27 + 1
    return shifted - (shifted - values)
