"""Costs of trades and sizes of partial trades, compiled. All amounts are fractions of the NAV before the trade.

Functions read the (6, n) table `State.scratch`: by asset, `TARGET` weights, weights `HELD` before, proportional `COSTS`
k and square-root `IMPACT` c of traded values, whether an asset is `KEPT` as it is, and the `WIDTH` of its band. A trade
z costs Σ k_i |z_i| + Σ c_i |z_i|^1.5 and a fixed amount.
"""

import numpy as np

from backtest.engine.kernels.state import COSTS, HELD, IMPACT, TARGET, WIDTH
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel, lean_kernel
from backtest.numerics.tolerances import EPSILON


@inlined_kernel
def cost_of(table: Floats, which: int, impact: bool) -> float:
    """Return the cost of trading a row of the table, without fixed costs.

    Args:
        table: (6, n) scratch table.
        which: row with the traded weights.
        impact: whether impact is charged.
    """
    cost = 0.0
    for i in range(table.shape[1]):
        cost += table[COSTS, i] * abs(table[which, i])
    if impact:
        for i in range(table.shape[1]):
            size = abs(table[which, i])
            cost += table[IMPACT, i] * size * np.sqrt(size)
    return cost


@inlined_kernel
def cost_of_rebalance(table: Floats, fixed: float, impact: bool) -> float:
    """Return the cost x of a rebalance.

    After paying x the weights are exactly the target weights of the remaining NAV, so x solves
    x = Σ k_i |z_i| + Σ c_i |z_i|^1.5 + fixed with z_i = w_target,i (1 - x) - w_held,i. The right side less x is convex
    and, where selling everything costs less than all of NAV, falls through zero once below 1: Newton's method from 0
    rises to that root and never overshoots it. With proportional costs alone the function is piecewise linear, and the
    root is exact.

    Args:
        table: (6, n) scratch table.
        fixed: fixed cost of all traded assets together.
        impact: whether impact is charged.

    Example:
        >>> all_in = np.zeros((6, 1))
        >>> all_in[TARGET], all_in[COSTS] = 1.0, 0.01
        >>> round(cost_of_rebalance(all_in, 0.0, False), 8)  # k / (1 + k)
        0.00990099
    """
    cost = 0.0
    for _ in range(2 * table.shape[1] + 60):  # each kink is passed at most once; the rest is quadratic
        paid, slope, left = fixed, 1.0, 1.0 - cost
        for i in range(table.shape[1]):
            target, rate = table[TARGET, i], table[COSTS, i]
            trade = target * left - table[HELD, i]
            size = abs(trade)
            paid += rate * size
            if impact:
                root = np.sqrt(size)
                paid += table[IMPACT, i] * size * root
                rate += 1.5 * table[IMPACT, i] * root
            slope += rate * target if trade > 0.0 else -rate * target if trade < 0.0 else 0.0
        step = (paid - cost) / slope
        cost += step
        if abs(step) <= 1e-17 + 2e-16 * cost:  # the rest is rounding
            break
    return cost


@lean_kernel
def part_to_keep(table: Floats, fixed: float, required: float, impact: bool) -> float:
    """Return the factor f by which positions are scaled down, so that NAV after costs is f times their requirement.

    f solves 1 - fixed - C((1 - f) held) = f × required. The difference of the sides is concave in f, above zero at 0
    and below at 1: Newton's method from 1 falls to the root and never overshoots it.

    Args:
        table: (6, n) scratch table.
        fixed: fixed cost of selling a fraction of every holding.
        required: requirement Σ q_i |w_i| of all holdings, above 1.
        impact: whether impact is charged.

    Returns:
        The factor, from 0 to 1; 0 where even selling everything costs all of NAV.

    Example:
        >>> free = np.zeros((6, 1))
        >>> free[HELD] = 2.0
        >>> part_to_keep(free, 0.0, 2.5, False)  # a NAV of 1 carries 0.4 of what requires 2.5
        0.4
    """
    part = 0.0 if 1.0 - fixed - cost_of(table, HELD, impact) <= 0.0 else 1.0
    for _ in range(60):
        left, slope, sold = 1.0 - fixed - part * required, -required, 1.0 - part
        for i in range(table.shape[1]):
            held = abs(table[HELD, i])
            left -= table[COSTS, i] * held * sold
            slope += table[COSTS, i] * held
            if impact:
                root = np.sqrt(held * sold)
                left -= table[IMPACT, i] * held * sold * root
                slope += 1.5 * table[IMPACT, i] * root * held
        step = left / slope if part > 0.0 else 0.0
        part -= step
        if abs(step) <= 2e-16:
            break
    return max(part, 0.0)


@inlined_kernel
def clip_to_band(weight: float, target: float, width: float) -> float:
    """Return the nearest weight inside a band. Bands end at zero, so no weight changes sign relative to its target.

    Example:
        >>> [clip_to_band(weight, 0.02, 0.05) for weight in (-0.01, 0.01, 0.1)]
        [0.0, 0.01, 0.07]
        >>> clip_to_band(0.01, -0.02, 0.05), clip_to_band(0.03, 0.0, 0.05)
        (0.0, 0.0)
    """
    low = max(target - width, 0.0) if target > 0.0 else target - width
    high = min(target + width, 0.0) if target < 0.0 else target + width
    return min(max(weight, low), high) if target != 0.0 else 0.0


@lean_kernel
def move_to_bands(table: Floats) -> None:
    """Replace targets by the weights inside the bands that are nearest to the holdings and sum to the same total.

    This is least squares over a box with a given sum: the solution is clip(w_held,i + μ, low_i, high_i), by
    `clip_to_band`, where μ gives the sum of the targets. The sum is piecewise linear in μ and never falls: Newton's
    method ends on the piece of the solution after a few steps, and halves the interval where it would leave it.

    Example:
        >>> table = np.zeros((6, 2))
        >>> table[TARGET], table[HELD], table[WIDTH] = [0.5, 0.5], [0.6, 0.4], 0.04
        >>> move_to_bands(table)
        >>> table[TARGET].round(12).tolist()
        [0.54, 0.46]
        >>> table[TARGET], table[HELD], table[WIDTH] = [1.0, 0.0], [0.97, 0.03], 0.05
        >>> move_to_bands(table)
        >>> table[TARGET].tolist()
        [1.0, 0.0]
    """
    goal, low, high = 0.0, np.inf, -np.inf
    for i in range(table.shape[1]):
        target, width = table[TARGET, i], table[WIDTH, i]
        goal += target
        low = min(low, clip_to_band(-np.inf, target, width) - table[HELD, i])
        high = max(high, clip_to_band(np.inf, target, width) - table[HELD, i])
    shift = min(max(0.0, low), high)
    while low < high:
        # The sum rises by one for each weight between the ends of its band, so the step is exact on each linear piece.
        total, free = 0.0, 0
        for i in range(table.shape[1]):
            weight = table[HELD, i] + shift
            clipped = clip_to_band(weight, table[TARGET, i], table[WIDTH, i])
            total += clipped
            free += clipped == weight
        if total < goal:
            low = shift
        else:
            high = shift
        step = (goal - total) / free if free > 0 else np.inf
        if abs(step) <= EPSILON:
            break
        shift = shift + step if low < shift + step < high else low + (high - low) / 2
        if not low < shift < high:
            break
    for i in range(table.shape[1]):
        table[TARGET, i] = clip_to_band(table[HELD, i] + shift, table[TARGET, i], table[WIDTH, i])


@inlined_kernel
def band_width(target: float, absolute: float, relative: float) -> float:
    """Return the half-width of the band around a target: the smaller of the absolute and the relative width.

    Example:
        >>> band_width(0.1, 0.05, 0.25), band_width(0.5, 0.05, 0.25)
        (0.025, 0.05)
    """
    return min(absolute, relative * abs(target)) if relative < np.inf else absolute
