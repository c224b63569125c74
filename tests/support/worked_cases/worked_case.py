"""Runs worked by hand, as data: two assets, a few periods, round numbers; the working is in each docstring.

They apply to any simulator of the accounting. Unless a case says otherwise a period has 36 days, a tenth of a year of
360, there is no cash return, and nothing costs anything. Amounts are in units of the first NAV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from support.oracle.oracle_bands import Decision, Seen
from support.oracle.oracle_terms import Terms

Number = float | Fraction
Row = Mapping[str, Number]

EVERY_36_DAYS = tuple(date(2021, 1, 1) + timedelta(days=36 * k) for k in range(6))
EVERY_DAY = tuple(date(2021, 3, 1) + timedelta(days=k) for k in range(4))


@dataclass(frozen=True)
class Case:
    """One run and what comes of it.

    `columns` are rows of the ledger by name (nav, cash_interest, financing, financing_drag, borrow, fees, trading,
    shortfall, loan), those worth checking; `pnl` the same of assets; `weights` are exposures after the row's trades.
    A column shorter than the dates ends with the run, in ruin. A row with two trades has a tuple of `reasons` and of
    `trades`, in order; an asset that a trade leaves out is not traded. `scales` of a trade left out are 1. With `debt`
    the targets are multiplied by 1 + debt / NAV, the NAV at the close that decides.
    """

    dates: Sequence[date]
    prices: Mapping[str, Sequence[float | None]]
    targets: Mapping[int, Mapping[str, float]]  # by the row of the trade, terms.lag after the decision
    terms: Terms
    columns: Mapping[str, Sequence[Number]]
    reasons: Mapping[int, str | tuple[str, ...]]
    cash: Sequence[float] = ()
    loan_rate: Sequence[float] | None = None
    pnl: Mapping[str, Sequence[Number]] = field(default_factory=dict)
    trades: Mapping[int, Row | tuple[Row, ...]] = field(default_factory=dict)
    weights: Mapping[int, Row] = field(default_factory=dict)
    scales: Mapping[int, Number] = field(default_factory=dict)
    margin_calls: Sequence[int] = ()
    debt: float | None = None

    @property
    def cash_returns(self) -> Sequence[float]:
        """Return the cash return of each row; zero where the case names none."""
        return self.cash or [0.0] * len(self.dates)

    @property
    def decisions(self) -> Mapping[int, Decision]:
        """Return the targets, or the functions that compute them with a fixed debt."""
        debt = self.debt
        return self.targets if debt is None else {row: in_debt(target, debt) for row, target in self.targets.items()}

    @property
    def events(self) -> list[tuple[int, str]]:
        """Return the row and the reason of each trade, in order."""
        several = {row: (reason,) if isinstance(reason, str) else reason for row, reason in self.reasons.items()}
        return [(row, reason) for row in sorted(several) for reason in several[row]]

    def trades_of(self, row: int) -> tuple[Row, ...]:
        """Return the trades of a row, in order."""
        trades = self.trades[row]
        return trades if isinstance(trades, tuple) else (trades,)


def in_debt(weights: Mapping[str, float], debt: float) -> Decision:
    """Return the decision that multiplies weights by 1 + debt / NAV."""

    def decide(seen: Seen) -> Mapping[str, float]:
        return {asset: weight * (1.0 + debt / seen.nav) for asset, weight in weights.items()}

    return decide


def over(divisor: int, values: Sequence[str]) -> list[Fraction]:
    """Return decimal numbers, exactly, over a divisor."""
    return [Fraction(value) / divisor for value in values]
