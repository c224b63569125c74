"""The oracle: decisions and orders. Decisions have a lag, and bands around the latest of them order trades."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from support.oracle.oracle_terms import ROUNDING, Bands

Weights = Mapping[str, float]


@dataclass(frozen=True)
class Seen:
    """The state at a close on which a decision may depend: after the sales of the close, before its own trade."""

    nav: float
    weights: Weights


Decision = Weights | Callable[[Seen], Weights]


@dataclass(frozen=True)
class Order:
    """A target to be traded, and the reason: "rebalance" (the schedule) or "band" (a breach alone)."""

    target: Weights
    reason: str
    decided: bool  # a decision's own trade; else one that a check between decisions asked for


@dataclass
class Orders:
    """The decisions of a run by the row of their trade, and the resulting orders.

    Every decision is traded `lag` rows later. Without bands all decisions are traded; with bands, the first, those
    that find a weight off by more than its band, and all with `also_on_schedule`. A check between decisions orders a
    trade to the latest decided target if no trade is pending; a later decision that will be traded cancels it.
    """

    decisions: Mapping[int, Decision]
    lag: int
    bands: Bands | None
    latest: Weights | None = None
    due: dict[int, Order] = field(default_factory=dict)

    def look(self, row: int, seen: Seen, off: Callable[[Weights], bool]) -> None:
        """Process the decision and the check of a row's close; `off` tests whether a target's bands are breached."""
        trade_row = row + self.lag
        decision = self.decisions.get(trade_row)
        if decision is not None:
            answer = decision(seen) if callable(decision) else decision
            target = {a: float(answer.get(a, 0.0)) for a in seen.weights}
            by_schedule = self.bands is None or self.latest is None or self.bands.also_on_schedule
            self.latest = target
            if by_schedule or off(target):
                self.due = {t: order for t, order in self.due.items() if order.decided}
                self.due[trade_row] = Order(target, "rebalance" if by_schedule else "band", decided=True)
        elif self.bands is None or self.latest is None or row not in self.bands.checks or self.due:
            return
        elif off(self.latest):
            self.due[trade_row] = Order(self.latest, "band", decided=False)


def is_off(weights: Weights, target: Weights, bands: Bands) -> bool:
    """Return whether some weight is further from its target than its band."""
    return any(abs(weights[a] - w) > bands.width(w) + ROUNDING for a, w in target.items())


def nearest_within(drifted: Weights, target: Weights, bands: Bands) -> dict[str, float]:
    """Return the weights nearest to the drifted ones (least squares) inside the bands whose sum is the target's.

    The target lies inside its own bands, so such weights exist. By the conditions of Kuhn and Tucker all weights move
    by one amount, except for weights that stop at an end; the sum rises with that amount. Bisection finds it to the
    last bit.
    """
    low = {a: bands.ends(w)[0] for a, w in target.items()}
    high = {a: bands.ends(w)[1] for a, w in target.items()}
    wanted = math.fsum(target.values())

    def moved(by: float) -> dict[str, float]:
        return {a: min(max(drifted[a] + by, low[a]), high[a]) for a in target}

    def surplus(by: float) -> float:
        return math.fsum([*moved(by).values(), -wanted])

    below = min((low[a] - drifted[a] for a in target), default=0.0)  # nothing has a price: nothing to move
    above = max((high[a] - drifted[a] for a in target), default=0.0)
    while True:
        middle = below + (above - below) / 2.0
        if surplus(middle) == 0.0:
            return moved(middle)
        if middle in {below, above}:
            return moved(below if abs(surplus(below)) <= abs(surplus(above)) else above)
        if surplus(middle) < 0.0:
            below = middle
        else:
            above = middle
