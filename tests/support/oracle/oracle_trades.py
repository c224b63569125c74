"""The oracle: costs and results of trades at a close: rebalances, forced sales, and sales of assets without a price.

Every equation is solved by bisection to the last bit. Positions are values in units of the first NAV.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from support.oracle.oracle_impact import ImpactRates
from support.oracle.oracle_terms import ROUNDING, Fund, Rates, Terms, in_force

Weights = Mapping[str, float]


@dataclass(frozen=True)
class CostRates:
    """The costs of one close: for each value traded q, rate x q + impact x q^1.5 + fixed, all in units of NAV_0."""

    rate: Rates
    fixed: float = 0.0
    impact: Mapping[str, float | None] | None = None  # None: no impact; None of an asset: not known, and an error

    def of(self, values: Weights) -> float:
        """Return the cost of trading these values; every asset named pays the fixed cost."""
        parts = [self.rate.get(a, 0.0) * abs(q) + self.fixed for a, q in values.items()]
        return math.fsum([*parts, *(self._impact(a) * abs(q) ** 1.5 for a, q in values.items())])

    def _impact(self, asset: str) -> float:
        if self.impact is None:
            return 0.0
        rate = self.impact[asset]
        if rate is None:
            raise ValueError(f"{asset} is traded before its impact has a window of returns and values")
        return rate


@dataclass(frozen=True)
class Traded:
    """Result of a trade. Trades are fractions of the NAV before it, and the cost follows from them."""

    nav: float
    positions: dict[str, float]
    trades: dict[str, float]
    cost: float


def cost_rates(terms: Terms, assets: list[str], row: int, day: date, impact: ImpactRates | None) -> CostRates:
    """Return the costs in force at a row's close."""
    costs = terms.costs
    rate = costs.proportional
    if costs.schedule is not None:
        rate = dict.fromkeys(assets, in_force(costs.schedule, day))
    fixed = costs.fixed / terms.money if costs.fixed else 0.0
    return CostRates(rate, fixed, None if impact is None else {a: impact[a][row] for a in assets})


def held_of(nav: float, positions: Weights) -> dict[str, float]:
    """Return the positions that can be traded: positions larger than rounding."""
    return {a: v for a, v in positions.items() if abs(v) > ROUNDING * nav}


def root(f: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of f, which is above 0 at `low` and below 0 at `high`: the nearer of the last two neighbours."""
    if not (f(low) > 0.0 > f(high)):
        raise ValueError("no change of sign")
    while True:
        middle = low + (high - low) / 2.0
        if middle in {low, high}:
            return low if abs(f(low)) <= abs(f(high)) else high
        if f(middle) > 0.0:
            low = middle
        else:
            high = middle


def cost_of_trade(drifted: Weights, target: Weights, rates: CostRates, nav: float = 1.0) -> float:
    """Return the x in [0, 1) that solves x N = cost of the values N (target (1 - x) - drifted), of assets in `target`.

    The cost is convex in x (each part is a convex function of an affine one), and so is its excess over x N. The excess
    is 0 or more at x = 0 and below 0 at x = 1, so it falls through 0 exactly once. Every asset in `target` is traded,
    and pays the fixed cost.
    """
    if math.fsum(rates.rate.get(a, 0.0) * abs(w) for a, w in target.items()) >= 1.0:
        raise ValueError("the costs of the target weights are the whole NAV or more: sum k |w| >= 1")

    def excess(x: float) -> float:
        return math.fsum([rates.of({a: nav * (target[a] * (1.0 - x) - drifted[a]) for a in target}) / nav, -x])

    if excess(0.0) <= 0.0:
        return 0.0
    if excess(1.0) >= 0.0:
        raise ValueError("the trade costs the whole NAV or more")
    return root(excess, 0.0, 1.0)


def rebalance(
    nav: float, positions: Weights, target: Weights, rates: CostRates, skipped: frozenset[str] = frozenset()
) -> Traded | None:
    """Trade to `target`, values as fractions of the NAV after costs; None if nothing is traded.

    Assets that are `skipped`, or within rounding of their target before the trade, keep their positions and pay
    nothing. If the trade would cost the whole NAV or more, and selling everything would too, everything is sold: NAV
    comes out <= 0.
    """
    drifted = {a: v / nav for a, v in positions.items()}
    wanted = {a: w for a, w in target.items() if a not in skipped and abs(w - drifted[a]) > ROUNDING}
    if not wanted:
        return None
    everything = held_of(nav, positions)
    cost = rates.of(everything)
    if cost >= nav and rates.of({a: nav * drifted[a] for a in wanted}) >= nav:
        return Traded(nav - cost, dict.fromkeys(positions, 0.0), {a: -drifted[a] for a in everything}, cost)
    x = cost_of_trade(drifted, wanted, rates, nav)
    trades = {a: w * (1.0 - x) - drifted[a] for a, w in wanted.items()}
    after = nav * (1.0 - x)
    left = {**positions, **{a: w * after for a, w in wanted.items()}}
    return Traded(after, left, trades, rates.of({a: nav * trade for a, trade in trades.items()}))


def sell(nav: float, positions: Weights, assets: list[str], rates: CostRates) -> Traded:
    """Close the positions in `assets` at their last price, paying their costs; touch nothing else.

    A position within rounding of zero is not traded, and stays at its last price.
    """
    closed = {a: v for a, v in held_of(nav, positions).items() if a in assets}
    cost = rates.of(closed)
    kept = {a: 0.0 if a in closed else v for a, v in positions.items()}
    return Traded(nav - cost, kept, {a: -v / nav for a, v in closed.items()}, cost)


# ------------------------------------------------------------------------------------------------------- margin


def requirement(values: Weights, rates: Rates) -> float:
    """Return the NAV that positions require."""
    return math.fsum(rates.get(a, 0.0) * abs(v) for a, v in values.items())


def as_allowed(target: Weights, terms: Terms) -> tuple[dict[str, float], float]:
    """Return a target of exposures scaled down to the initial margin, and the factor.

    The initial requirement is at most the NAV; funds are bought with the NAV at most.
    """
    financing = terms.financing
    if isinstance(financing, Fund):
        need = math.fsum(abs(w / financing.leverage) for w in target.values())
    else:
        need = requirement(target, financing.initial or {})
    scale = 1.0 / need if need > 1.0 + ROUNDING else 1.0
    return {a: w * scale for a, w in target.items()}, scale


def called(nav: float, positions: Weights, terms: Terms) -> bool:
    """Return whether the NAV is below the maintenance requirement by more than rounding."""
    financing = terms.financing
    if isinstance(financing, Fund) or financing.maintenance is None:
        return False
    return requirement(positions, financing.maintenance) > nav * (1.0 + ROUNDING)


def forced_sale(nav: float, positions: Weights, needed: Rates, rates: CostRates) -> Traded:
    """Cut all positions by one factor f so that NAV after costs equals f times their requirement.

    With g(f) = N - cost of the values (1 - f) v - f sum q |v|: g is below 0 at f = 1 (a call), above 0 at f = 0 if
    selling everything leaves something, and concave in between, so it is 0 once. Otherwise everything is sold.
    """
    held = held_of(nav, positions)
    full = requirement(held, needed)

    def surplus(f: float) -> float:
        return math.fsum([nav, -rates.of({a: v * (1.0 - f) for a, v in held.items()}), -f * full])

    f = root(surplus, 0.0, 1.0) if surplus(0.0) > 0.0 else 0.0
    cost = rates.of({a: v * (1.0 - f) for a, v in held.items()})
    kept = {**positions, **{a: f * v for a, v in held.items()}}
    return Traded(nav - cost, kept, {a: -(1.0 - f) * v / nav for a, v in held.items()}, cost)
