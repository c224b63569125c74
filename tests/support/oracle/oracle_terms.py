"""The oracle: terms of a run as plain data. Rates are decimals per year, sizes are fractions of NAV.

Assets that a mapping omits count as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

ROUNDING = 1e-12  # weights, requirements and balances that are nearer to each other than this are equal

Rates = Mapping[str, float]
Schedule = Mapping[date, float]  # each in force from its date on


def in_force(schedule: Schedule, day: date) -> float:
    """Return the value of a schedule on a day; a day before its first date is an error."""
    begun = [start for start in schedule if start <= day]
    if not begun:
        raise ValueError(f"the schedule begins after {day}")
    return schedule[max(begun)]


@dataclass(frozen=True)
class Margin:
    """A loan from a broker, and margin requirements (None: no requirement)."""

    spread: float | Schedule = 0.0  # over the loan rate; a period pays what is in force on its opening date
    tiers: Mapping[float, float] | None = None  # instead: size in currency -> spread on the part of the loan above it
    cash_spread: float = 0.0
    rebate_spread: float = 0.0  # what the proceeds of shorts earn less than cash
    borrow_fee: Rates = field(default_factory=dict)
    initial: Rates | None = None
    maintenance: Rates | None = None


@dataclass(frozen=True)
class Futures:
    """Positions are notionals financed at cash plus a basis; all of the NAV is in bills."""

    basis: Rates = field(default_factory=dict)
    roll: Rates = field(default_factory=dict)
    cash_spread: float = 0.0
    initial: Rates | None = None
    maintenance: Rates | None = None


@dataclass(frozen=True)
class Fund:
    """Each asset is held through a fund reset daily to `leverage` times it."""

    leverage: float
    swap_spread: float = 0.0
    expense_ratio: float = 0.0
    cash_spread: float = 0.0


@dataclass(frozen=True)
class Impact:
    """Square-root impact, by volatilities and values traded over a window.

    `earlier_prices` are the prices on the dates before row 0, oldest first. `value_traded` is in currency: values on
    the same dates, then on the rows of the run; None for a value that is not known.
    """

    coefficient: float
    window: int
    value_traded: Mapping[str, Sequence[float | None]]
    earlier_prices: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Costs:
    """Trading costs."""

    proportional: Rates = field(default_factory=dict)
    schedule: Schedule | None = None  # instead: one rate for all assets, by the date of the trade
    fixed: float = 0.0  # currency per asset traded
    impact: Impact | None = None


@dataclass(frozen=True)
class Fees:
    """Fees that accrue by days over 365, and a share of new highs."""

    management: float = 0.0
    expense_ratio: Rates = field(default_factory=dict)
    performance: float = 0.0
    every: str = "yearly"


@dataclass(frozen=True)
class Bands:
    """Bands around target weights; the narrower width applies if both are given."""

    absolute: float | None = None
    relative: float | None = None  # of |target|
    to: str = "target"  # or "edge"
    checks: frozenset[int] = frozenset()  # rows checked in addition to the rows of decisions
    also_on_schedule: bool = False

    def width(self, target: float) -> float:
        """Return how far a weight may be from one target weight."""
        given = [] if self.absolute is None else [self.absolute]
        given += [] if self.relative is None else [self.relative * abs(target)]
        return min(given)

    def ends(self, target: float) -> tuple[float, float]:
        """Return the lowest and the highest weight that a trade to the edge may lead to."""
        width = self.width(target)
        if target > 0.0:
            return max(0.0, target - width), target + width
        if target < 0.0:
            return target - width, min(0.0, target + width)
        return 0.0, 0.0


@dataclass(frozen=True)
class Terms:
    """All terms of one run."""

    financing: Margin | Futures | Fund = field(default_factory=Margin)
    costs: Costs = field(default_factory=Costs)
    fees: Fees = field(default_factory=Fees)
    bands: Bands | None = None
    minimum_trade: float = 0.0  # the no-trade zone, which is never narrower than rounding
    lag: int = 0  # rows from a decision to its trade
    capital: float | None = None  # currency: what a NAV of 1 is worth

    @property
    def leverage(self) -> float:
        """Return exposure per unit of value held."""
        return self.financing.leverage if isinstance(self.financing, Fund) else 1.0

    @property
    def money(self) -> float:
        """Return the initial capital, for terms that need it."""
        if self.capital is None or not self.capital > 0.0:
            raise ValueError("tiers, fixed costs and impact need an initial capital")
        return self.capital


def check_terms(terms: Terms) -> None:
    """Refuse terms that would only show as wrong numbers."""
    financing = terms.financing
    if isinstance(financing, Fund):
        if financing.leverage == 0.0:
            raise ValueError("a fund of leverage 0 holds nothing")
    else:
        initial, maintenance = financing.initial, financing.maintenance
        for rate in [*(initial or {}).values(), *(maintenance or {}).values()]:
            if not 0.0 <= rate <= 1.0:
                raise ValueError("a requirement is between 0 and 1")
        if initial is not None and any(m > initial.get(a, 0.0) for a, m in (maintenance or {}).items()):
            raise ValueError("maintenance is at most the initial requirement")
    if isinstance(financing, Margin) and financing.tiers is not None:
        sizes = list(financing.tiers)
        if sizes != sorted(sizes) or sizes[:1] != [0.0] or financing.spread != 0.0:
            raise ValueError("tiers rise from 0, and stand instead of a spread")
    impact = terms.costs.impact
    if impact is not None and impact.window < 2:
        raise ValueError("a standard deviation needs two returns at least")
    if terms.bands is not None:
        if terms.bands.absolute is None and terms.bands.relative is None:
            raise ValueError("bands are absolute, relative or both")
        if terms.bands.to not in {"target", "edge"}:
            raise ValueError("bands lead to the target or to the edge")
