"""`Path`: NAV and holdings of one run by date, during and after its simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backtest.engine.funds import fund_prices, look_through
from backtest.engine.kernels.state import (
    BASE,
    CALLED,
    CHECK,
    DECISION,
    INTEREST_YEARS,
    NAV,
    PAID,
    ROW,
    ROWS,
    SCALE,
    SCHEDULED,
    SHORTFALL,
    TRADED,
    TRADES,
    UNITS,
    Orders,
    PeriodArrays,
    State,
)
from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods, read_only
from backtest.engine.opens import by_date, navs_by_date, terms_at_opens
from backtest.engine.terms import Terms
from backtest.errors import BacktestError, DataError, SimulationError
from backtest.numerics.arrays import Floats, Ints

if TYPE_CHECKING:
    from backtest.engine.kernels.totals_kernel import Totals

Rows = Sequence[int] | Ints

REASONS = ("rebalance", "band", "margin_call", "no_price")
"""Reasons for a trade, in the order of the constants in `kernels/state.py`."""


@dataclass(frozen=True)
class Bands:
    """Rebalancing bands: weights are traded only where they have drifted outside.

    Args:
        absolute: half-width of the bands, fraction of NAV.
        relative: half-width of the bands, fraction of the target; the smaller of the two applies.
        edge: trade to the nearest weights inside the bands, not to the targets.
        check: rows on which weights are compared with the last decision.
        also_on_schedule: trade every decision, not only the first.
    """

    absolute: float = np.inf
    relative: float = np.inf
    edge: bool = False
    check: tuple[int, ...] = ()
    also_on_schedule: bool = False


class Path:
    """NAV and holdings of a run by date; `advance_to` extends them.

    Args:
        periods: market data.
        terms: costs, financing and fees.
        orders: target weights and the dates of their trades; `decide` writes to its targets.
        start: row of the first NAV.
    """

    def __init__(self, periods: Periods, terms: Terms, orders: Orders, start: int) -> None:
        terms = terms_at_opens(terms) if periods.opens else terms
        self._periods, self._fund = periods, terms.fund
        self._targets, self._orders = orders.targets, orders
        if terms.fund is not None:  # shares of funds are traded; targets and bands are exposures
            exposure = abs(terms.fund.leverage)
            self._targets, absolute = orders.targets.copy(), orders.absolute / exposure
            self._orders = orders._replace(absolute=absolute)
        self._arrays = PeriodArrays(
            prices=periods.carried if terms.fund is None else fund_prices(periods, terms.fund),
            priced=periods.priced,
            series=_series(periods, terms),
            missing=read_only(periods.missing),
        )
        self._terms = terms.arrays
        self._start, self._step = start, 1  # the close of that row
        rows = periods.shape[0] - start
        often = terms.margin.maintenance is not None or orders.compared.size > 0
        most_trades = (rows if often else len(orders.targets)) + int(periods.losing_a_price.sum())
        self._state = _new_state(rows, orders.targets.shape, most_trades)

    def decide(self, which: int | slice, targets: Floats) -> None:
        """Set target weights, fractions of NAV."""
        self._targets[which] = targets
        if self._fund:
            self._orders.targets[which] = self._targets[which] / self._fund.leverage

    def advance_to(self, row: int, *, traded: bool) -> bool:
        """Simulate up to a row's close.

        Args:
            row: row of the data.
            traded: whether to stop after the trade at that close. Otherwise the path stops before the trade, but after
                holdings that have lost their price are sold.

        Returns:
            False if the path has ended in ruin.

        Raises:
            SimulationError: a trade to target weights would cost all of NAV.
            DataError: a missing open price is needed.
        """
        from backtest.engine.kernels.walk_kernel import run_steps

        end = 2 * (row - self._start) + 1 + traded
        if self.current_nav > 0 and end > self._step:
            self._step = run_steps(self._arrays, self._terms, self._orders, self._state, self._start, self._step, end)
            if self.current_nav > 0 and self._step < end:
                raise self._refused(self._start + self._step // 2)
        return self.current_nav > 0

    @property
    def current_nav(self) -> float:
        """Return NAV in units of the first NAV."""
        return float(self._state.now[NAV])

    def current_weights(self) -> Floats:
        """Return the (n,) current weights, fractions of NAV."""
        row = self._start + (self._step - 1) // 2
        values = self._state.holdings[UNITS] * self._arrays.prices[row]
        exposure = self._fund.leverage if self._fund else 1.0
        weights: Floats = values * (exposure / self.current_nav)
        return weights

    @property
    def start(self) -> int:
        """Return the position of the first date in the data."""
        return (self._start - 1) // 2 if self._periods.opens else self._start

    @property
    def nav(self) -> Floats:
        """Return (P,) NAV after the trades of each close; a path that ends in ruin is shorter than the data."""
        return navs_by_date(self._navs) if self._periods.opens else self._navs

    @property
    def first_margin_call(self) -> int | None:
        """Return the position in `nav` of the first margin call; None without one."""
        rows = self._state.trades[ROW, : self._state.counts[TRADES]]
        called = rows[self._state.trades[CALLED, : len(rows)] > 0]
        return int(called[0]) // (2 if self._periods.opens else 1) if len(called) else None

    @property
    def _navs(self) -> Floats:
        return self._state.nav[: self._state.counts[ROWS]]

    def _refused(self, row: int) -> BacktestError:
        """Return the error for a simulation that stopped at a row."""
        decided = self._targets[self._state.counts[TRADED]]
        for needed in (self._state.holdings[UNITS], decided):
            for i in np.flatnonzero(needed) if self._arrays.missing.size > 0 else ():
                if self._arrays.missing[row, i]:
                    return DataError(
                        f"no open price of {self._periods.label(row, int(i))}, which has a close; the open is "
                        "needed because the asset is held overnight or bought at the open. "
                        "Hint: a later data.start, or rebalance.execution: close."
                    )
        exposure = np.abs(decided[self._periods.has_price(np.array([row]))[0]]).sum()
        return SimulationError(
            f"trading to a gross exposure of {exposure:g} would cost all of the NAV. "
            "Hint: check costs.trading_bps and the strategy's weights."
        )

    def ledger(self) -> Ledger:
        """Return the P&L of each asset and all flows by period."""
        from backtest.engine.kernels.ledger_kernel import Flows, fill_in_flows

        state = self._state
        made, rows = int(state.counts[TRADES]), int(state.counts[ROWS])
        count = self._periods.shape[1]
        by_asset = {"weights": rows, "asset_pnl": rows, "trades": made}
        flows = Flows(
            **{name: np.zeros((by_asset[name], count) if name in by_asset else rows) for name in Flows._fields}
        )
        fill_in_flows(self._arrays, self._terms, state, flows, self._start, rows)
        trade_rows, reasons, called = state.trades[:, :made]
        # a holding that has lost its price is sold at the next close
        sold = np.argwhere((flows.trades != 0) & ~self._periods.has_price(self._start + trade_rows))
        result = Ledger(
            start=self._start,
            nav=self._navs,
            **flows._asdict(),
            trade_rows=trade_rows,
            trade_reasons=tuple(REASONS[reason] for reason in reasons),
            called=called.astype(bool),
            trade_scales=state.amounts[SCALE, :made],
            targets=self._targets,
            executed=state.executed,
            shortfall=float(state.now[SHORTFALL]),
            unpriced_sales=tuple((int(trade_rows[k]), int(i)) for k, i in sold),
        )
        if self._fund is not None:
            at_once = made > 0 and trade_rows[0] == 0  # otherwise the first decision is all cash
            left = 1 - state.amounts[PAID, 0] if at_once else 1.0
            result = look_through(result, self._fund, self._periods, left)
        return by_date(result) if self._periods.opens else result

    def totals(self, room: "Totals") -> "Totals":
        """Return exposure, turnover and costs by period.

        Args:
            room: arrays of (P,) or more elements that the result may be written to.
        """
        from backtest.engine.kernels.totals_kernel import Totals, fill_in_totals

        if self._fund is not None or self._periods.opens:
            ledger = self.ledger()
            return Totals(*(getattr(ledger, name) for name in Totals._fields))
        rows = int(self._state.counts[ROWS])
        fill_in_totals(self._arrays, self._terms, self._state, room, self._start, rows)
        return Totals(*(values[:rows] for values in room))


def orders_of(
    periods: Periods, decision_rows: Rows, targets: Floats, lag: int, *, bands: Bands | None, minimum_trade: float
) -> Orders:
    """Return the orders of a run; arguments are the same as in `simulate`."""
    length, rows = periods.shape[0], np.asarray(decision_rows)
    nothing, stops = np.zeros(0, dtype=np.int64), periods.losing_a_price
    end = length - 1 - periods.opens  # there are no trades on the last date
    on_schedule = np.flatnonzero(rows + lag < end)
    if bands is None:
        return Orders(
            rows=rows[on_schedule] + lag, due=on_schedule, compared=nothing, looks=nothing,
            ordered=nothing.reshape(2, 0), stops=stops, targets=targets, lag=lag,
            end=end, absolute=np.inf, relative=np.inf, edge=False, least=minimum_trade,
        )  # fmt: skip
    looks, newest = np.full(length, -1), np.searchsorted(rows, np.arange(length), side="right") - 1
    looks[list(bands.check)] = CHECK
    looks[rows] = SCHEDULED if bands.also_on_schedule else DECISION
    looks[rows[on_schedule[:1]]] = SCHEDULED
    return Orders(
        rows=nothing, due=nothing, compared=np.where(looks >= 0, newest, -1), looks=looks,
        ordered=np.full((2, length), -1), stops=stops, targets=targets, lag=lag,
        end=end, absolute=bands.absolute, relative=bands.relative, edge=bands.edge, least=minimum_trade,
    )  # fmt: skip


def _series(periods: Periods, terms: Terms) -> Floats:
    """Return (4, T) cash returns, loan rates including spreads by date, and years by act/360 and act/365."""
    spread_by_row = terms.loan.spread_by_row
    if (periods.loan_returns is None and spread_by_row is None) or terms.futures or terms.fund:
        return periods.series
    series = periods.series.copy()
    if periods.loan_returns is not None:
        series[BASE] = periods.loan_returns
    if spread_by_row is not None:
        series[BASE] += spread_by_row * series[INTEREST_YEARS]
    return read_only(series)


def _new_state(rows: int, targets: tuple[int, ...], most_trades: int) -> State:
    """Return the state of one unit in cash, with room for a number of rows, targets (m, n) and trades."""
    decisions, count = targets
    nav, cash = np.empty(rows), np.empty(rows)
    nav[0] = cash[0] = 1.0
    return State(
        now=np.array([1.0, 1.0, 1.0, 0.0]),
        counts=np.array([0, rows, 0, -1, 0]),
        holdings=np.zeros((6, count)),
        scratch=np.zeros((6, count)),
        nav=nav,
        cash=cash,
        performance=np.zeros(rows),
        trades=np.empty((3, most_trades), dtype=np.int64),
        amounts=np.empty((3, most_trades)),
        units=np.empty((most_trades, count)),
        executed=np.full(decisions, -1),
    )
