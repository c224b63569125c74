"""The path of one run: positions drift, interest and fees accrue, trades are paid for.

Order of events in a period: prices move, interest and borrow fees, other fees, trades. The state after a close is the
value of each position and the NAV; free cash (or, below zero, the loan) is the NAV less the long positions, so the
proceeds of shorts fund no longs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.engine.terms import Terms, cost_of_trade
from backtest.errors import SimulationError

Array = NDArray[np.float64]
Decide = Callable[[int, Array], Array]

_DUST = 1e-12  # of NAV: less free cash or loan than this is rounding of weights that add up to one
_FLOWS = ("nav", "cash_interest", "financing", "spread_cost", "borrow", "fees", "loan")


@dataclass(frozen=True, eq=False)
class Periods:
    """The market as arrays over all T dates of the data.

    Args:
        returns: (T, n) simple returns, decimal per period; NaN where there is no price or none before.
        priced: (T, n) whether an asset has a price.
        cash_returns: (T,) decimal per period.
        days: (T,) calendar days in each period.
    """

    returns: Array
    priced: NDArray[np.bool_]
    cash_returns: Array
    days: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """The ledger of a run: P dates from the first trade on. Values in units of the first NAV.

    Args:
        start: position of the first date in the data.
        nav: (P,) after each close's trades; the first is exactly 1, before the first trade.
        weights: (P, n) after each close's trades, fractions of NAV.
        asset_pnl: (P, n) earned by each position over the period.
        cash_interest: (P,) on free cash and on the proceeds of shorts.
        financing: (P,) interest paid on the loan.
        spread_cost: (P,) its part above the cash return.
        borrow: (P,) borrow fees. fees: (P,) other fees. trading: (P,) trading costs; those of the first trade fall
            into the second row.
        loan: (P,) the loan over the period.
        turnover: (P,) half the sum of absolute trades, fraction of NAV before them; rows as `trading`.
        trade_rows: (k,) positions among the P dates of all trades. trades: (k, n) fractions of NAV before the trade.
        targets: (m, n) what was decided at each decision row.
        shortfall: what the lender lost when NAV fell to zero or below, which ends the path; else 0.
        unpriced_sales: (position among the P dates, asset) of each holding turned into cash for want of a price.
    """

    start: int
    nav: Array
    weights: Array
    asset_pnl: Array
    cash_interest: Array
    financing: Array
    spread_cost: Array
    borrow: Array
    fees: Array
    trading: Array
    loan: Array
    turnover: Array
    trade_rows: NDArray[np.int64]
    trades: Array
    targets: Array
    shortfall: float
    unpriced_sales: tuple[tuple[int, int], ...]


def simulate(
    periods: Periods, decision_rows: Sequence[int], decide: Array | Decide, lag: int, terms: Terms
) -> SimulationResult:
    """Simulate the path from the first trade to the end of the data.

    Args:
        periods: the market.
        decision_rows: (m,) rising positions of the decisions, each traded `lag` rows later, never on the last row.
        decide: (m, n) target weights, fractions of NAV; or a function of (k, (n,) current weights) that gives the k-th.
        lag: rows from decision to trade, 0 or more.
        terms: costs, financing and fees.

    Raises:
        SimulationError: no decision can be traded before the last row, or targets cost more than the NAV to trade.

    Example:
        >>> returns = np.array([[np.nan], [0.1], [0.0]])
        >>> periods = Periods(returns, np.ones((3, 1), bool), np.zeros(3), np.array([0, 31, 29]))
        >>> terms = Terms(np.array([0.0]), 0.0, 0.0, np.array([0.0]), np.array([0.0]), 0.0)
        >>> simulate(periods, [0], np.array([[0.5]]), 0, terms).nav.tolist()
        [1.0, 1.05, 1.05]
    """
    last = len(periods.cash_returns) - 1
    trade_of = {row + lag: k for k, row in enumerate(decision_rows) if row + lag < last}
    if not trade_of:
        raise no_trade_before_the_end(last + 1)
    path = _Path(periods, min(trade_of), terms)
    targets = np.full((len(decision_rows), periods.returns.shape[1]), np.nan)
    asked: dict[int, int] = {}
    if callable(decide):
        asked = {row: k for k, row in enumerate(decision_rows)}
    else:
        targets[:] = decide
    for row in sorted({*trade_of, *asked, *path.rows_losing_a_price(), last}):
        if not path.advance_to(row):
            break
        if row not in trade_of:
            path.sell_unpriced(row)
        elif lag > 0:  # decided before, so what is decided today sees the weights after it
            path.rebalance(row, targets[trade_of[row]])
        if callable(decide) and row in asked and path.now > 0:
            targets[asked[row]] = decide(asked[row], path.current_weights())
        if lag == 0 and row in trade_of and path.now > 0:
            path.rebalance(row, targets[trade_of[row]])
    return path.result(targets)


def no_trade_before_the_end(dates: int) -> SimulationError:
    """The error of a run whose first trade would fall on the last date of the data, or after it."""
    return SimulationError(
        f"no trade before the last of the {dates} dates of the data, where it could earn nothing. "
        "Hint: more data, a shorter estimation.window, or a shorter rebalance.execution_lag."
    )


class _Path:
    """The state of the account and the record of its past."""

    def __init__(self, periods: Periods, start: int, terms: Terms) -> None:
        size, count = len(periods.cash_returns) - start, periods.returns.shape[1]
        self.periods, self.start, self.terms = periods, start, terms
        self.row, self.now, self.rows = start, 1.0, size
        self.held = np.zeros(count)
        self.flows = np.zeros((len(_FLOWS), size))
        self.nav = self.flows[0]
        self.nav[0] = 1.0
        self.weights, self.asset_pnl = np.zeros((size, count)), np.zeros((size, count))
        self.trading, self.turnover = np.zeros(size), np.zeros(size)
        self.trade_rows: list[int] = []
        self.trades: list[Array] = []
        self.unpriced_sales: list[tuple[int, int]] = []
        self.shortfall = 0.0

    def rows_losing_a_price(self) -> list[int]:
        """Rows on which some asset lacks a price that it had a row before."""
        priced = self.periods.priced
        lost = (priced[:-1] & ~priced[1:]).any(axis=1)
        return [int(row) for row in np.flatnonzero(lost) + 1 if row > self.start]

    def current_weights(self) -> Array:
        return self.held / self.now

    def advance_to(self, row: int) -> bool:
        """Let prices move and interest and fees accrue up to a row; False if NAV does not survive."""
        if row <= self.row or self.now == 0:
            return self.now > 0
        span, first = slice(self.row + 1, row + 1), self.row + 1 - self.start
        # what has no price at the end of a period is sold at its last one: it earns nothing in that period
        returns = np.where(self.periods.priced[span] & (self.held != 0), self.periods.returns[span], 0.0)
        values = self.held * np.cumprod(1 + returns, axis=0)
        opening = np.vstack([self.held, values[:-1]])
        pnl = opening * returns
        flows = self._accrue(span, opening, pnl)
        alive = flows.shape[1]
        end = first + alive
        self.flows[:, first:end] = flows
        self.asset_pnl[first:end] = pnl[:alive]
        self.now, self.row = float(self.nav[end - 1]), self.start + end - 1
        self.held = values[alive - 1]
        self.weights[first:end] = values[:alive] / np.where(flows[0] > 0, flows[0], 1.0)[:, None]
        if self.now <= 0:
            self._end(end - 1)
            self.nav[end - 1] = 0.0
        return self.now > 0

    def _accrue(self, span: slice, opening: Array, pnl: Array) -> Array:
        """Walk the NAV through the periods of a span: the flows of each, (7, periods), up to a ruin."""
        terms, days = self.terms, self.periods.days[span]
        shorts = np.where(opening < 0, -opening, 0.0)
        columns = (
            self.periods.cash_returns[span],
            days / 360,
            np.where(opening > 0, opening, 0.0).sum(axis=1),
            shorts.sum(axis=1),
            pnl.sum(axis=1),
            # a sum, not @, whose last bit may hang on how many rows follow
            (shorts * terms.borrow_fee).sum(axis=1) * days / 360,
            (opening * terms.expense_ratio).sum(axis=1) * days / 365,
            terms.management_fee * days / 365,
        )
        nav, flows = self.now, []
        for cash, year, longs, short, earned, borrow, expenses, management in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            free = nav - longs
            if abs(free) < _DUST * nav:
                free = 0.0
            loan, free = (-free, 0.0) if free < 0 else (0.0, free)
            spread_cost = loan * terms.spread * year
            financing = loan * cash + spread_cost
            interest = free * (cash - terms.cash_spread * year) + short * cash
            fees = expenses + nav * management
            nav += earned + interest - financing - borrow - fees
            flows.append((nav, interest, financing, spread_cost, borrow, fees, loan))
            if nav <= 0:
                break
        return np.array(flows).T

    def sell_unpriced(self, row: int) -> None:
        """Turn holdings without a price into cash at their last price."""
        gone = self._without_price(row)
        if gone.any():
            self._book(row, np.where(gone, -self.held, 0.0) / self.now, np.where(gone, 0.0, self.held))

    def rebalance(self, row: int, target: Array) -> None:
        """Trade to the target weights of the NAV after costs; what has no price is sold, and not bought."""
        target = np.where(self.periods.priced[row], target, 0.0)
        if float(self.terms.trading_cost @ np.abs(target)) >= 1:
            raise SimulationError(
                f"trading to a gross exposure of {np.abs(target).sum():g} would cost all of the NAV. "
                "Hint: check costs.trading_bps and the strategy's weights."
            )
        self._without_price(row)
        drifted = self.held / self.now
        if float(self.terms.trading_cost @ np.abs(drifted)) >= 1:  # no NAV is left to hold anything
            self._book(row, -drifted, np.zeros_like(self.held))
            return
        left = 1 - cost_of_trade(target, drifted, self.terms.trading_cost)
        self._book(row, target * left - drifted, target * (self.now * left), left)

    def _without_price(self, row: int) -> NDArray[np.bool_]:
        gone: NDArray[np.bool_] = (self.held != 0) & ~self.periods.priced[row]
        self.unpriced_sales += [(row - self.start, int(i)) for i in np.flatnonzero(gone)]
        return gone

    def _book(self, row: int, trade: Array, held: Array, left: float | None = None) -> None:
        """Record a trade; `left` is the part of NAV after its cost, where that is known."""
        at = row - self.start
        cost = float(self.terms.trading_cost @ np.abs(trade)) if left is None else 1 - left
        paid_in = max(at, 1)  # the first trade's cost falls into the next row's period
        self.trading[paid_in] += cost * self.now
        self.turnover[paid_in] += 0.5 * float(np.abs(trade).sum())
        self.trade_rows.append(at)
        self.trades.append(trade)
        self.now *= 1 - cost
        self.held = held
        if self.now <= 0:
            self._end(at)
        else:
            self.weights[at] = held / self.now
        if at > 0:
            self.nav[at] = self.now

    def _end(self, at: int) -> None:
        """Ruin: nothing is left, the lender bears the rest, and the path ends here."""
        self.shortfall, self.now = -self.now, 0.0
        self.held = np.zeros_like(self.held)
        self.weights[at] = 0.0
        self.rows = at + 1

    def result(self, targets: Array) -> SimulationResult:
        live = slice(0, self.rows)
        return SimulationResult(
            start=self.start,
            weights=self.weights[live],
            asset_pnl=self.asset_pnl[live],
            **{name: values[live] for name, values in zip(_FLOWS, self.flows, strict=True)},
            trading=self.trading[live],
            turnover=self.turnover[live],
            trade_rows=np.array(self.trade_rows, dtype=np.int64),
            trades=np.array(self.trades),
            targets=targets,
            shortfall=self.shortfall,
            unpriced_sales=tuple(self.unpriced_sales),
        )
