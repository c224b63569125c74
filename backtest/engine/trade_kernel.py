"""What a trade costs, and how much has to be traded, compiled. Everything is a fraction of the NAV before the trade."""

import numpy as np
from numpy.typing import NDArray

from backtest.compilation import inlined_kernel

Array = NDArray[np.float64]


@inlined_kernel
def cost_of(trade: Array, rates: Array, impact: Array, fixed: float) -> float:
    """The cost Σ k_i |z_i| + Σ c_i |z_i|^1.5 + `fixed` of trades z.

    Args:
        trade: (n,) z.
        rates: (n,) proportional costs k.
        impact: (n,) c, of a square-root impact; without assets: none.
        fixed: of all assets traded together.
    """
    cost = fixed
    for i in range(trade.size):
        size = abs(trade[i])
        cost += rates[i] * size
        if impact.size > 0:
            cost += impact[i] * size * np.sqrt(size)
    return cost


@inlined_kernel
def cost_of_rebalance(target: Array, drifted: Array, rates: Array, impact: Array, fixed: float) -> float:
    """The cost x of a rebalance.

    After paying x the weights are exactly the target weights of the NAV that is left, so x solves
    x = Σ k_i |z_i| + Σ c_i |z_i|^1.5 + fixed with z_i = w_target,i (1 - x) - w_drifted,i. The right side less x is
    convex and, where selling everything costs less than all of NAV, falls through zero once below 1: Newton's method
    from 0 climbs to that root and never past it. Of proportional costs it is piecewise linear, and the root exact.

    Args:
        target: (n,) target weights, fractions of the NAV after the trade.
        drifted: (n,) weights before it.
        rates: (n,) proportional costs k, decimal.
        impact: (n,) c; without assets: none.
        fixed: of all assets traded together.

    Example:
        >>> none = np.zeros(0)
        >>> one, nothing, rate = np.array([1.0]), np.array([0.0]), np.array([0.01])
        >>> round(cost_of_rebalance(one, nothing, rate, none, 0.0), 8)  # k / (1 + k)
        0.00990099
    """
    cost = 0.0
    for _ in range(2 * target.size + 60):  # each kink is passed at most once; the rest is quadratic
        paid, slope = fixed, 1.0
        for i in range(target.size):
            trade = target[i] * (1.0 - cost) - drifted[i]
            size = abs(trade)
            paid += rates[i] * size
            rate = rates[i]
            if impact.size > 0:
                root = np.sqrt(size)
                paid += impact[i] * size * root
                rate += 1.5 * impact[i] * root
            if trade != 0.0:
                slope += rate * (target[i] if trade > 0.0 else -target[i])
        step = (paid - cost) / slope
        cost += step
        if abs(step) <= 1e-17 + 2e-16 * cost:  # what is left is rounding
            break
    return cost


@inlined_kernel
def part_to_keep(held: Array, rates: Array, impact: Array, fixed: float, required: float, paid: float) -> float:
    """The factor f by which positions are cut so that NAV after costs is f times what they require.

    f solves 1 - paid - C((1 - f) held) = f × required, C as in `cost_of`. The difference of the sides is concave in f,
    above zero at 0 and below at 1: Newton's method from 1 comes down to the root and never past it.

    Args:
        held: (n,) weights.
        rates: (n,) proportional costs of what is sold.
        impact: (n,) likewise, as in `cost_of`.
        fixed: likewise.
        required: the requirement Σ q_i |w_i| of all of them.
        paid: costs that fall due besides.

    Returns:
        The factor, from 0 to 1; 0 where even selling everything costs all of NAV.

    Example:
        >>> held, none = np.array([2.0]), np.zeros(0)
        >>> part_to_keep(held, np.zeros(1), none, 0.0, 2.5, 0.0)  # NAV 1 carries 0.4 of what requires 2.5
        0.4
    """
    if 1.0 - paid - cost_of(held, rates, impact, fixed) <= 0.0:
        return 0.0
    part = 1.0
    for _ in range(60):
        left, slope = 1.0 - paid - fixed - part * required, -required
        for i in range(held.size):
            size = abs(held[i]) * (1.0 - part)
            left -= rates[i] * size
            slope += rates[i] * abs(held[i])
            if impact.size > 0:
                root = np.sqrt(size)
                left -= impact[i] * size * root
                slope += 1.5 * impact[i] * root * abs(held[i])
        step = left / slope
        part -= step
        if abs(step) <= 2e-16:
            break
    return min(max(part, 0.0), 1.0)


@inlined_kernel
def to_the_band(target: Array, drifted: Array, absolute: float, relative: float) -> None:
    """Replace targets by the nearest weights to the drifted ones that are inside the bands and have the same sum.

    Least squares over a box and a sum: the answer is clip(w_drifted,i + μ, w_target,i ± band_i) with the one μ that
    gives the sum of the targets.

    Example:
        >>> target, drifted = np.array([0.5, 0.5]), np.array([0.6, 0.4])
        >>> to_the_band(target, drifted, 0.04, np.inf)
        >>> target.round(12).tolist()
        [0.54, 0.46]
    """
    wanted, low, high = 0.0, np.inf, -np.inf
    for i in range(target.size):
        width = band(target[i], absolute, relative)
        wanted += target[i]
        low = min(low, target[i] - width - drifted[i])
        high = max(high, target[i] + width - drifted[i])
    while True:
        shift = low + (high - low) / 2
        if shift <= low or shift >= high:
            break
        total = 0.0
        for i in range(target.size):
            width = band(target[i], absolute, relative)
            total += min(max(drifted[i] + shift, target[i] - width), target[i] + width)
        if total < wanted:
            low = shift
        else:
            high = shift
    for i in range(target.size):
        width = band(target[i], absolute, relative)
        target[i] = min(max(drifted[i] + shift, target[i] - width), target[i] + width)


@inlined_kernel
def band(target: float, absolute: float, relative: float) -> float:
    """How far a weight may drift from its target: the smaller of the absolute and of the relative band.

    Example:
        >>> band(0.1, 0.05, 0.25), band(0.5, 0.05, 0.25)
        (0.025, 0.05)
    """
    return min(absolute, relative * abs(target)) if relative < np.inf else absolute
