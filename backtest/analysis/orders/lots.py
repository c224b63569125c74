"""Orders in whole lots: the nearest to the targets that need no more of a loan than the targets do.

Definitions: docs/conventions/orders.md#rounding
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import ROUNDING

_WHOLE = 1e-9  # of a lot: a number of lots nearer than that to a whole one is whole
_DIGITS = 9  # decimals of the lots that are known: three lots of 0.1 are 0.3
_MOST_STEPS = 200


@dataclass(frozen=True, eq=False)
class Account:
    """Holdings, and the terms under which they are traded. Amounts of money are in one currency.

    Args:
        nav: value of the account.
        held: (k,) quantities held, below zero for shorts.
        unit: (k,) value of a quantity of 1.
        lot: (k,) smallest quantity in an order; 0 for holdings that can be traded in any quantity.
        cost: (k,) cost of an order, fraction of its value.
        impact: (k,) an order of value v also costs this × v^1.5.
        fixed: cost of each order.
        initial_margin: (k,) NAV required, fractions of the value of positions; None without a limit.
        borrows: whether a value of longs above NAV is a loan; otherwise positions are not paid for.
    """

    nav: float
    held: Floats
    unit: Floats
    lot: Floats
    cost: Floats
    impact: Floats
    fixed: float = 0.0
    initial_margin: Floats | None = None
    borrows: bool = True

    def costs(self, values: Floats) -> Floats:
        """Return the (k,) costs of orders of these values; values below 1e-12 of NAV are no order."""
        size = np.abs(values)
        ordered = size >= ROUNDING * self.nav
        return np.where(ordered, size * (self.cost + self.impact * np.sqrt(size)) + self.fixed, 0.0)

    def goal(self, weights: Floats) -> tuple[Floats, float]:
        """Return the (k,) quantities that give these weights of the NAV after costs, and that NAV.

        The costs are those of orders that are one lot larger, which rounding never exceeds. The NAV is not positive if
        the orders cost more than the account.
        """
        left = self.nav
        for _ in range(_MOST_STEPS):  # contracts by the cost rate at each step
            values = weights * left - self.held * self.unit
            ordered = np.abs(values) >= ROUNDING * self.nav
            paid = self.costs(np.where(ordered, np.abs(values) + self.lot * self.unit, 0.0))
            before, left = left, self.nav - float(paid.sum())
            if left <= 0 or abs(left - before) <= ROUNDING * self.nav / 1e3:
                break
        left = min(left, before)  # if a fixed cost depends on itself, the steps alternate
        quantities = weights * left / self.unit
        same = np.abs(quantities - self.held) * self.unit < ROUNDING * self.nav
        return np.where(same, self.held, quantities), left

    def affords(self, quantities: Floats, loan: float) -> bool:
        """Return whether holdings keep the initial margin, and need no loan above a multiple of the NAV after costs."""
        values = quantities * self.unit
        nav = self.nav - float(self.costs(values - self.held * self.unit).sum())
        longs = float(np.maximum(values, 0.0).sum()) if self.borrows else 0.0
        required = 0.0 if self.initial_margin is None else float(self.initial_margin @ np.abs(values))
        within = nav + ROUNDING * self.nav
        return longs <= (1.0 + loan) * nav + ROUNDING * self.nav and required <= within


def rounded_quantities(account: Account, weights: Floats) -> Floats:
    """Return the quantities to hold: whole lots away from what is held, next to the quantities of the weights.

    Each position is first rounded toward zero. Then the positions whose larger neighbour is nearer to the target take
    it, those that come closest in money first, as long as longs need no loan above the weights' own and the initial
    margin is kept. A position of weight zero is closed, odd lots included, and no rounding turns a position around.

    Args:
        account: the account.
        weights: (k,) target weights, fractions of NAV after costs.

    Returns:
        (k,) quantities, less than one lot away from the weights' own.

    Raises:
        ValueError: the orders cost more than the account.

    Example:
        >>> free = np.zeros(2)
        >>> account = Account(1000.0, free, np.array([90.0, 40.0]), np.ones(2), free, free)
        >>> rounded_quantities(account, np.array([0.6, 0.4])).tolist()  # 6.67 and 10: 7 and 10 would need a loan of 30
        [6.0, 10.0]
    """
    goal, left = account.goal(weights)
    if left <= 0:
        raise ValueError("the orders cost more than the account")
    smaller, larger = _neighbours(account.held, goal, account.lot)
    gain = (np.abs(smaller - goal) - np.abs(larger - goal)) * account.unit
    loan = max(float(np.maximum(weights, 0.0).sum()) - 1.0, 0.0)
    return _take_larger(smaller, larger, gain, lambda quantities: account.affords(quantities, loan))


def _neighbours(held: Floats, goal: Floats, lot: Floats) -> tuple[Floats, Floats]:
    """Return the positions next to the goals that are whole lots away from holdings: toward zero, and away from it."""
    count = np.divide(goal - held, lot, out=np.zeros(len(lot)), where=lot > 0)
    below = np.where(lot > 0, held + np.round(np.floor(count + _WHOLE) * lot, _DIGITS), goal)
    above = np.where(lot > 0, held + np.round(np.ceil(count - _WHOLE) * lot, _DIGITS), goal)
    long: Bools = goal > 0
    below, above = np.where(long, np.maximum(below, 0.0), below), np.where(goal < 0, np.minimum(above, 0.0), above)
    closed = goal == 0
    return (
        np.where(closed, 0.0, np.where(long, below, above)),
        np.where(closed, 0.0, np.where(long, above, below)),
    )


def _take_larger(smaller: Floats, larger: Floats, gain: Floats, affords: Callable[[Floats], bool]) -> Floats:
    """Return the smaller positions, some replaced by the larger ones, those of the largest gain first."""
    chosen = smaller.copy()
    for i in np.argsort(-gain, kind="stable"):
        if gain[i] <= 0:
            break
        trial = chosen.copy()
        trial[i] = larger[i]
        if affords(trial):
            chosen = trial
    return chosen
