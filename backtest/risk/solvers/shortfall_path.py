"""Numerical core of historical expected-shortfall budgeting: a primal-dual interior-point method.

    minimise  v + Σ_t κ u_t - Σ_i b_i log x_i   subject to   u_t >= 0,   h_t = u_t + v + r_tᵀx >= 0

At the best v and u, the first two terms are the expected shortfall of x over the returns r_t of the periods, where κ is
1 / the size of the tail (Rockafellar and Uryasev 2000, "Optimization of Conditional Value-at-Risk"). With multipliers
λ_t of h_t >= 0 and ν_t = κ - λ_t of u_t >= 0 the conditions of optimality are

    x_i (-Σ_t λ_t r_ti) = b_i,   Σλ = 1,   0 <= λ_t <= κ,   λ_t h_t = 0,   ν_t u_t = 0.

So λ_t is the share of period t in the tail: κ for a loss above v, zero for a loss below v, and between the two for a
loss equal to v. Newton's method follows the solutions with μ in place of both zeros, as μ falls to zero. The step is
Mehrotra's predictor and corrector (Nocedal and Wright 2006, "Numerical Optimization", algorithms 19.2 and 14.3). A step
costs one product RᵀDR, and 10 to 20 steps are enough, whatever the number of periods.
"""

from dataclasses import dataclass

import numpy as np

from backtest.numerics.arrays import Floats

STEPS = 100
GOAL = 1e-16  # of the duality gap and all residuals, at an expected shortfall of 1; usually rounding stops it earlier
PATIENCE = 10  # steps without progress that indicate rounding
NEAR = 1e-6  # above this error, steps without progress do not count
ENOUGH = 1e-13  # below this error, one step without progress is the last
TO_BOUNDARY = 0.995  # fraction of the way to the first bound that a step may go


@dataclass
class _Point:
    """Values of x, v and u with their slacks and multipliers; all but v stay above zero.

    `marginal` is an additional unknown, -Σλ_t r_t at the solution, so that x∘marginal = b is as well-behaved as the
    other products.
    """

    x: Floats
    marginal: Floats
    v: float
    u: Floats
    slack: Floats
    tail: Floats
    spare: Floats

    def gap(self) -> float:
        return float(self.tail @ self.slack + self.spare @ self.u)

    def move(self, step: "_Point", length: float) -> "_Point":
        return _Point(*(getattr(self, name) + length * getattr(step, name) for name in self.__dataclass_fields__))

    def longest_step(self, step: "_Point") -> float:
        """Return the largest length of a step at which all values stay above zero, at most 1 / TO_BOUNDARY."""
        here = np.concatenate([self.x, self.marginal, self.u, self.slack, self.tail, self.spare])
        change = np.concatenate([step.x, step.marginal, step.u, step.slack, step.tail, step.spare])
        falls = change < 0
        return float(np.min(-here[falls] / change[falls], initial=1 / TO_BOUNDARY))


def solve(returns: Floats, budgets: Floats, size: float) -> tuple[Floats, Floats]:
    """Solve one problem: return x and the shares λ of the periods in the tail.

    Args:
        returns: (T, n), scaled so that each asset has a typical size near 1.
        budgets: (n,) above zero, summing to 1.
        size: number of periods in the tail, 1 or more.

    Returns:
        (n,) and (T,): the best point seen, unchecked. If the problem has no solution (a portfolio without expected
        shortfall), it is far out in the direction of that portfolio.
    """
    point = _start(returns, budgets, size)
    best, least, since = point, np.inf, 0
    for _ in range(STEPS):
        error = _error(point, returns, budgets)
        if error < least:
            best, least, since = point, error, 0
        since += 1
        patience = 1 if least <= ENOUGH else PATIENCE
        if least <= GOAL or (least <= NEAR and since > patience) or not np.isfinite(error):
            break
        if point.gap() == 0:  # a start without gains and losses has no expected shortfall
            break
        try:
            point = _step(point, returns, budgets)
        except np.linalg.LinAlgError:
            break
    return best.x, best.tail


def _start(returns: Floats, budgets: Floats, size: float) -> _Point:
    periods = len(returns)
    losses = -returns @ budgets
    v = float(np.quantile(losses, 1 - size / periods))
    room = 0.3 * float(np.abs(losses).mean())
    u = np.maximum(losses - v, 0.0) + room
    tail = np.full(periods, 1 / periods)
    spare = np.full(periods, max(1 / size - 1 / periods, 1e-3 / size))
    return _Point(budgets.copy(), np.ones_like(budgets), v, u, u + v - losses, tail, spare)


def _error(point: _Point, returns: Floats, budgets: Floats) -> float:
    """Return the largest of gap and residuals; residuals of contributions are relative to the budgets."""
    contributions = np.abs(1 + point.x * (point.tail @ returns) / budgets)
    primal = np.abs(point.u + point.v + returns @ point.x - point.slack)
    return max(point.gap(), float(contributions.max()), float(primal.max()), abs(1 - float(point.tail.sum())))


def _step(point: _Point, returns: Floats, budgets: Floats) -> _Point:
    """Take one step of predictor and corrector."""
    periods = len(returns)
    newton = _Newton(point, returns)
    products = budgets - point.x * point.marginal, -point.tail * point.slack, -point.spare * point.u
    ahead = newton.step(*products)
    reach = min(1.0, point.longest_step(ahead))
    left = point.move(ahead, reach).gap() / point.gap()
    centre = left**3 * point.gap() / (2 * periods)
    step = newton.step(
        products[0] - ahead.x * ahead.marginal,
        products[1] + centre - ahead.tail * ahead.slack,
        products[2] + centre - ahead.spare * ahead.u,
    )
    if point.longest_step(step) < reach / 2:  # far from the path, the second-order correction misleads
        step = newton.step(products[0], products[1] + centre, products[2] + centre)
    return point.move(step, TO_BOUNDARY * point.longest_step(step))


class _Newton:
    """Linear system of a point, for several right-hand sides: all unknowns but x and v are eliminated."""

    def __init__(self, point: _Point, returns: Floats) -> None:
        self.point = point
        self.width = point.slack + point.tail * point.u / point.spare
        self.curvature = point.tail / self.width
        self.with_one = np.column_stack([returns, np.ones(len(returns))])
        self.matrix = (self.with_one * self.curvature[:, None]).T @ self.with_one
        self.matrix.flat[: -1 : len(self.matrix) + 1] += point.marginal / point.x
        self.dual = np.append(point.marginal, -1.0) + point.tail @ self.with_one
        self.primal = point.u + point.v + returns @ point.x - point.slack

    def step(self, x_product: Floats, slack_product: Floats, u_product: Floats) -> _Point:
        """Return the step that changes x∘marginal, λ∘slack and ν∘u by these to first order, with residuals of zero."""
        point = self.point
        constant = (slack_product - point.tail * (u_product / point.spare + self.primal)) / self.width
        right = constant @ self.with_one + self.dual + np.append(x_product / point.x, 0.0)
        change = np.asarray(np.linalg.solve(self.matrix, right), np.float64)
        x, moved = change[:-1], self.with_one @ change
        marginal = (x_product - point.marginal * x) / point.x
        tail = constant - self.curvature * moved
        u = (u_product + point.u * tail) / point.spare
        return _Point(x, marginal, float(change[-1]), u, u + moved + self.primal, tail, -tail)
