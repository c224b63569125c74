"""The path of one run: positions drift, interest and fees accrue, trades are paid for.

Order of events in a period: prices move, interest and borrow fees, other fees, trades. The state after a close is the
value of each position and the NAV; free cash (or, below zero, the loan) is the NAV less the long positions, so the
proceeds of shorts fund no longs. `path_kernel` walks the dates; this file prepares what it reads and keeps what it
wrote.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backtest.engine.terms import Terms
from backtest.errors import SimulationError

if TYPE_CHECKING:
    from backtest.engine.path_kernel import Account

Array = NDArray[np.float64]
Decide = Callable[[int, Array], Array]

_FLOWS = ("nav", "cash_interest", "financing", "spread_cost", "borrow", "fees", "loan", "trading", "turnover")


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
    traded = [k for k, row in enumerate(decision_rows) if row + lag < last]
    if not traded:
        raise no_trade_before_the_end(last + 1)
    due = np.full(last + 1, -1)
    due[[decision_rows[k] + lag for k in traded]] = traded
    targets = np.full((len(decision_rows), periods.returns.shape[1]), np.nan)
    path = _Path(periods, terms, due, targets, start=decision_rows[traded[0]] + lag)
    if callable(decide):
        for k, row in enumerate(decision_rows):
            # with a lag today's trade was decided before, so what is decided today sees the weights after it
            if not path.walk_to(row, traded=lag > 0):
                break
            targets[k] = decide(k, path.current_weights())
    else:
        targets[:] = decide
    path.walk_to(last, traded=True)
    return path.result()


def no_trade_before_the_end(dates: int) -> SimulationError:
    """The error of a run whose first trade would fall on the last date of the data, or after it."""
    return SimulationError(
        f"no trade before the last of the {dates} dates of the data, where it could earn nothing. "
        "Hint: more data, a shorter estimation.window, or a shorter rebalance.execution_lag."
    )


class _Path:
    """A run under way.

    Args:
        periods: the market.
        terms: of the run.
        due: (T,) the position among `targets` of what is traded at a row's close, or -1.
        targets: (m, n) target weights; written to while the run is under way.
        start: row of the first trade.
    """

    def __init__(self, periods: Periods, terms: Terms, due: NDArray[np.int64], targets: Array, start: int) -> None:
        from backtest.engine.path_kernel import Market

        self._market = Market(
            returns=_read_only(periods.returns),
            priced=_read_only(periods.priced),
            cash_returns=_read_only(periods.cash_returns),
            days=_read_only(periods.days),
            due=due,
            targets=targets,
        )
        self._terms = terms._replace(
            trading_cost=_read_only(terms.trading_cost),
            borrow_fee=_read_only(terms.borrow_fee),
            expense_ratio=_read_only(terms.expense_ratio),
        )
        self._priced, self._targets = periods.priced, targets
        self._start, self._step = start, 1  # its close
        self._account = _opened(len(due) - start, targets.shape[1], len(targets) + _rows_losing_a_price(periods.priced))

    def walk_to(self, row: int, *, traded: bool) -> bool:
        """Go on to a row's close, before its trade or after it; False if NAV does not survive.

        Raises:
            SimulationError: target weights cost all of the NAV to trade.
        """
        from backtest.engine.path_kernel import walk

        end = 2 * (row - self._start) + 1 + traded
        if self._account.now[0] > 0 and end > self._step:
            self._step = walk(self._market, self._terms, self._account, self._start, self._step, end)
            if self._account.now[0] > 0 and self._step < end:
                raise self._too_dear(self._start + self._step // 2)
        return bool(self._account.now[0] > 0)

    def current_weights(self) -> Array:
        """(n,) fractions of NAV."""
        weights: Array = self._account.held / self._account.now[0]
        return weights

    def _too_dear(self, row: int) -> SimulationError:
        exposure = np.abs(self._targets[self._market.due[row]][self._priced[row]]).sum()
        return SimulationError(
            f"trading to a gross exposure of {exposure:g} would cost all of the NAV. "
            "Hint: check costs.trading_bps and the strategy's weights."
        )

    def result(self) -> SimulationResult:
        account = self._account
        trades, rows = (int(count) for count in account.counts)
        trade_rows, traded = account.trade_rows[:trades], account.trades[:trades]
        # whatever is held of what has no price is sold at the next close
        sold = np.argwhere((traded != 0) & ~self._priced[self._start + trade_rows])
        return SimulationResult(
            start=self._start,
            weights=account.weights[:rows],
            asset_pnl=account.asset_pnl[:rows],
            **{name: getattr(account, name)[:rows] for name in _FLOWS},
            trade_rows=trade_rows,
            trades=traded,
            targets=self._targets,
            shortfall=float(account.now[1]),
            unpriced_sales=tuple((int(trade_rows[k]), int(i)) for k, i in sold),
        )


def _opened(rows: int, count: int, most_trades: int) -> "Account":
    """An account of one unit in cash, with room for its record."""
    from backtest.engine.path_kernel import Account

    flows = {name: np.zeros(rows) for name in _FLOWS}
    flows["nav"][0] = 1.0
    return Account(
        held=np.zeros(count),
        now=np.array([1.0, 0.0]),
        counts=np.array([0, rows]),
        **flows,
        weights=np.zeros((rows, count)),
        asset_pnl=np.zeros((rows, count)),
        trades=np.zeros((most_trades, count)),
        trade_rows=np.zeros(most_trades, dtype=np.int64),
    )


def _rows_losing_a_price(priced: NDArray[np.bool_]) -> int:
    """How many rows lack a price that the row before has."""
    return 0 if priced.all() else int((priced[:-1] & ~priced[1:]).any(axis=1).sum())


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same, contiguous and not to be written to: of one type for the compiler, wherever they come from."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
