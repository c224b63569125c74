"""The path of one run: positions drift, interest and fees accrue, trades are paid for.

Order of events in a period: prices move, interest and borrow fees, other fees, margin check, trades. `path_kernel`
walks the dates and `ledger_kernel` accounts for them; this file prepares what they read and keeps what they wrote.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.data.leveraged_fund import leveraged_fund_returns
from backtest.engine.ledger import SimulationResult
from backtest.engine.market import Periods, read_only
from backtest.engine.opens import by_date, navs_by_date, terms_at_opens
from backtest.engine.terms import Fund, Terms
from backtest.errors import SimulationError

if TYPE_CHECKING:
    from backtest.engine.path_kernel import Account, Orders

Array = NDArray[np.float64]
Decide = Callable[[int, Array, float], Array]
Rows = Sequence[int] | NDArray[np.int64]

REASONS = ("rebalance", "band", "margin_call", "no_price")
"""Why a trade is made, in the order of the kernel's numbers."""


@dataclass(frozen=True)
class Drift:
    """How far weights may drift before they are traded.

    Args:
        absolute: band, fraction of NAV. relative: band, fraction of the target; the smaller one counts.
        edge: trade to the nearest weights inside the bands, not to the targets.
        check: rows on which weights are compared with what was decided last.
        also_on_schedule: trade every decision too, not the first alone.
    """

    absolute: float = np.inf
    relative: float = np.inf
    edge: bool = False
    check: tuple[int, ...] = ()
    also_on_schedule: bool = False


def simulate(
    periods: Periods,
    decision_rows: Rows,
    decide: Array | Decide,
    lag: int,
    terms: Terms,
    *,
    drift: Drift | None = None,
    minimum_trade: float = 0.0,
) -> SimulationResult:
    """Simulate the path from the first trade to the end of the data, and account for it.

    Args:
        periods: the market.
        decision_rows: (m,) rising positions of the decisions, each traded `lag` rows later, never on the last row.
        decide: (m, n) target weights, fractions of NAV; or a function of k, (n,) current weights and NAV that gives
            the k-th.
        lag: rows from decision to trade, 0 or more.
        terms: costs, financing and fees.
        drift: the bands outside which weights are traded; without, every decision is.
        minimum_trade: fraction of NAV below which an asset is not traded.

    Raises:
        SimulationError: no decision can be traded before the last row, or targets cost more than the NAV to trade.

    Example:
        >>> periods = Periods(np.array([[1.0], [1.1], [1.1]]), np.zeros(3), np.array([0, 31, 29]))
        >>> simulate(periods, [0], np.array([[0.5]]), 0, Terms(np.array([0.0]))).nav.tolist()
        [1.0, 1.05, 1.05]
    """
    return path_of(periods, decision_rows, decide, lag, terms, drift=drift, minimum_trade=minimum_trade).ledger()


def path_of(
    periods: Periods,
    decision_rows: Rows,
    decide: Array | Decide,
    lag: int,
    terms: Terms,
    *,
    drift: Drift | None = None,
    minimum_trade: float = 0.0,
) -> "Path":
    """The path alone, which takes a fraction of the time of its ledger; arguments and errors as of `simulate`."""
    last = periods.shape[0] - 1 - periods.opens
    first_trade = next((row + lag for row in decision_rows if row + lag < last), None)
    if first_trade is None:
        raise no_trade_before_the_end(last + 1)
    start = first_trade - periods.opens  # the close before a trade at the open
    targets = np.full((len(decision_rows), periods.shape[1]), np.nan)
    path = Path(periods, terms, _orders(periods, decision_rows, targets, lag, drift, minimum_trade), start)
    if callable(decide):
        for k, row in enumerate(decision_rows):
            # with a lag today's trade was decided before, so what is decided today sees the weights after it
            if not path.walk_to(row, traded=lag > 0):
                break
            path.decide(k, decide(k, path.current_weights(), path.current_nav))
    else:
        path.decide(slice(None), decide)
    path.walk_to(periods.shape[0] - 1, traded=True)
    return path


class Setting(NamedTuple):
    """One of many runs over the same market; as the arguments of `simulate`."""

    decision_rows: Rows
    targets: Array
    lag: int
    terms: Terms
    drift: Drift | None = None
    minimum_trade: float = 0.0


def paths_of(periods: Periods, settings: Sequence[Setting]) -> "list[Path]":
    """The paths of many settings over the same market, shared out over the cores.

    Args:
        periods: the market.
        settings: of the runs; errors as of `simulate`, the first of them.

    Example:
        >>> periods = Periods(np.array([[1.0], [1.1], [1.1]]), np.zeros(3), np.array([0, 31, 29]))
        >>> free = Terms(np.array([0.0]))
        >>> paths = paths_of(periods, [Setting([0], np.array([[weight]]), 0, free) for weight in (0.5, 2.0)])
        >>> [path.nav.round(12).tolist() for path in paths]
        [[1.0, 1.05, 1.05], [1.0, 1.2, 1.2]]
    """
    from backtest.compilation import share_out

    paths: dict[int, Path] = {}

    def work(first: int, end: int) -> None:
        for at in range(first, end):
            rows, targets, lag, terms, drift, minimum_trade = settings[at]
            paths[at] = path_of(periods, rows, targets, lag, terms, drift=drift, minimum_trade=minimum_trade)

    share_out(work, len(settings))
    return [paths[at] for at in range(len(settings))]


def no_trade_before_the_end(dates: int) -> SimulationError:
    """The error of a run whose first trade would fall on the last date of the data, or after it."""
    return SimulationError(
        f"no trade before the last of the {dates} dates of the data, where it could earn nothing. "
        "Hint: more data, a shorter estimation.window, or a shorter rebalance.execution_lag."
    )


class Path:
    """The path of a run, under way or finished.

    Args:
        periods: the market.
        terms: of the run.
        orders: what is traded, and when; targets are written to while the run is under way.
        start: row of the first NAV.
    """

    def __init__(self, periods: Periods, terms: Terms, orders: "Orders", start: int) -> None:
        from backtest.engine.path_kernel import Market

        terms = terms_at_opens(terms) if periods.opens else terms
        self._periods, self._fund = periods, terms.fund
        self._targets, self._orders = orders.targets, orders
        if terms.fund is not None:  # trades are of what is held; targets and bands of its exposure
            exposure = abs(terms.fund.leverage)
            self._targets, absolute = orders.targets.copy(), orders.absolute / exposure
            self._orders = orders._replace(absolute=absolute)
        self._market = Market(
            prices=periods.carried if terms.fund is None else _fund_prices(periods, terms.fund),
            priced=periods.priced,
            series=_series(periods, terms),
        )
        self._charges = terms.charges
        self._start, self._step = start, 1  # its close
        rows = periods.shape[0] - start
        often = terms.maintenance_margin is not None or orders.compared.size > 0
        most_trades = rows if often else len(orders.targets) + int(periods.losing_a_price.sum())
        self._account = _opened(rows, periods.shape, most_trades)

    def decide(self, which: int | slice, targets: Array) -> None:
        """Write down target weights, fractions of NAV."""
        self._targets[which] = targets
        if self._fund:
            self._orders.targets[which] = self._targets[which] / self._fund.leverage

    def walk_to(self, row: int, *, traded: bool) -> bool:
        """Go on to a row's close, before its trade or after it; False if NAV does not survive.

        Raises:
            SimulationError: target weights cost all of the NAV to trade.
        """
        from backtest.engine.path_kernel import walk

        end = 2 * (row - self._start) + 1 + traded
        if self.current_nav > 0 and end > self._step:
            self._step = walk(self._market, self._charges, self._orders, self._account, self._start, self._step, end)
            if self.current_nav > 0 and self._step < end:
                raise self._too_dear(self._start + self._step // 2)
        return self.current_nav > 0

    @property
    def current_nav(self) -> float:
        """Units of the first NAV."""
        return float(self._account.now[1])

    def current_weights(self) -> Array:
        """(n,) fractions of NAV."""
        row = self._start + (self._step - 1) // 2
        values = self._account.book[4] * self._market.prices[row]
        exposure = self._fund.leverage if self._fund else 1.0
        weights: Array = values * (exposure / self.current_nav)
        return weights

    @property
    def start(self) -> int:
        """Position of the first date in the data."""
        return (self._start - 1) // 2 if self._periods.opens else self._start

    @property
    def nav(self) -> Array:
        """(P,) after each close's trades; fewer than there are dates after a ruin."""
        return navs_by_date(self._navs) if self._periods.opens else self._navs

    @property
    def _navs(self) -> Array:
        return self._account.nav[: self._account.counts[1]]

    def _too_dear(self, row: int) -> SimulationError:
        decided = self._targets[self._account.counts[4]]
        exposure = np.abs(decided[self._periods.has_price(np.array([row]))[0]]).sum()
        return SimulationError(
            f"trading to a gross exposure of {exposure:g} would cost all of the NAV. "
            "Hint: check costs.trading_bps and the strategy's weights."
        )

    def ledger(self) -> SimulationResult:
        """What each asset earned, and each flow."""
        from backtest.engine.ledger_kernel import Flows, account_for

        account = self._account
        made, rows = int(account.counts[0]), int(account.counts[1])
        count = self._periods.shape[1]
        by_asset = {"weights": rows, "asset_pnl": rows, "trades": made}
        flows = Flows(
            **{name: np.zeros((by_asset[name], count) if name in by_asset else rows) for name in Flows._fields}
        )
        account_for(self._market, self._charges, account, flows, self._start, rows)
        trade_rows, reasons, called, decided = account.trades[:, :made]
        # whatever is held of what has no price is sold at the next close
        sold = np.argwhere((flows.trades != 0) & ~self._periods.has_price(self._start + trade_rows))
        result = SimulationResult(
            start=self._start,
            nav=self._navs,
            **flows._asdict(),
            trade_rows=trade_rows,
            trade_reasons=tuple(REASONS[reason] for reason in reasons),
            called=called.astype(bool),
            trade_targets=decided,
            trade_scales=account.amounts[0, :made],
            targets=self._targets,
            shortfall=float(account.now[3]),
            unpriced_sales=tuple((int(trade_rows[k]), int(i)) for k, i in sold),
        )
        if self._fund is not None:
            result = self._of_funds(result, self._fund)
        return by_date(result) if self._periods.opens else result

    def _of_funds(self, result: SimulationResult, fund: Fund) -> SimulationResult:
        """The ledger of what is inside the funds: exposures, and what the funds earned, borrowed and were paid."""
        rows = slice(self._start + 1, self._start + len(result.nav))
        opening = result.nav[:-1].copy()
        if result.trade_rows[0] == 0:
            opening[0] = 1 - self._account.amounts[2, 0]
        values = result.weights[:-1] * opening[:, None]
        prices, years = self._periods.carried[self._start : rows.stop], self._periods.interest_years[rows]
        value, spread = values.sum(axis=1), fund.swap_spread * max(fund.leverage - 1, -fund.leverage, 0.0)
        earned, financing, spread_cost, fees, loan = (
            np.zeros_like(one) for one in (result.asset_pnl, *(result.nav,) * 4)
        )
        earned[1:] = fund.leverage * values * (prices[1:] / prices[:-1] - 1)
        spread_cost[1:] = value * spread * years
        financing[1:] = value * (fund.leverage - 1) * self._periods.cash_returns[rows] + spread_cost[1:]
        fees[1:] = value * fund.expense_ratio * self._periods.fee_years[rows]
        loan[1:] = np.maximum(value * (fund.leverage - 1), 0.0)
        return replace(
            result,
            weights=fund.leverage * result.weights,
            asset_pnl=earned,
            financing=result.financing + financing,
            spread_cost=result.spread_cost + spread_cost,
            fees=result.fees + fees,
            loan=result.loan + loan,
        )


def _orders(  # noqa: PLR0917 - what `path_of` is given
    periods: Periods, decision_rows: Rows, targets: Array, lag: int, drift: Drift | None, minimum_trade: float
) -> "Orders":
    from backtest.engine.path_kernel import CHECK, DECISION, SCHEDULED, Orders

    length, rows = periods.shape[0], np.asarray(decision_rows)
    nothing, stops = np.zeros(0, dtype=np.int64), periods.losing_a_price
    end = length - 1 - periods.opens  # on the last date nothing is traded
    on_schedule = np.flatnonzero(rows + lag < end)
    if drift is None:
        return Orders(
            rows=rows[on_schedule] + lag, due=on_schedule, compared=nothing, looks=nothing,
            ordered=nothing.reshape(2, 0), stops=stops, targets=targets, lag=lag,
            end=end, absolute=np.inf, relative=np.inf, edge=False, least=minimum_trade,
        )  # fmt: skip
    looks, newest = np.full(length, -1), np.searchsorted(rows, np.arange(length), side="right") - 1
    looks[list(drift.check)] = CHECK
    looks[rows] = SCHEDULED if drift.also_on_schedule else DECISION
    looks[rows[on_schedule[:1]]] = SCHEDULED
    looked_at, ordered = looks >= 0, np.full((2, length), -1)
    return Orders(
        rows=nothing, due=nothing, compared=np.where(looked_at, newest, -1), looks=looks, ordered=ordered,
        stops=stops | looked_at if stops.size > 0 else looked_at, targets=targets, lag=lag,
        end=end, absolute=drift.absolute, relative=drift.relative, edge=drift.edge, least=minimum_trade,
    )  # fmt: skip


def _series(periods: Periods, terms: Terms) -> Array:
    """(4, T) cash returns, what a loan pays before the spread that depends on its size alone, and years."""
    if (periods.loan_returns is None and terms.spread_by_row is None) or terms.futures or terms.fund:
        return periods.series
    series = periods.series.copy()
    if periods.loan_returns is not None:
        series[1] = periods.loan_returns
    if terms.spread_by_row is not None:
        series[1] += terms.spread_by_row * series[2]
    return read_only(series)


def _fund_prices(periods: Periods, fund: Fund) -> Array:
    """(T, n) the levels of funds on each asset, 1 at first.

    Raises:
        SimulationError: a fund loses all that it has.
    """
    prices, moves = periods.carried, np.zeros(periods.shape)
    moves[1:] = leveraged_fund_returns(
        prices[1:] / prices[:-1] - 1,
        periods.cash_returns[1:, None],
        periods.days[1:, None],
        leverage=fund.leverage,
        swap_spread=fund.swap_spread,
        expense_ratio=fund.expense_ratio,
    )
    if periods.priced.size > 0:  # what has lost its price is charged until its sale; before a price nothing is held
        moves[1:][~periods.priced[:-1]] = 0.0
    lost = np.argwhere(moves <= -1)
    if len(lost) > 0:
        raise SimulationError(
            f"a fund of leverage {fund.leverage:g} loses all of its capital at row {lost[0][0]} of the data, where its "
            f"asset returns {prices[lost[0][0]][lost[0][1]] / prices[lost[0][0] - 1][lost[0][1]] - 1:.1%} in a day. "
            "Hint: less leverage in the fund."
        )
    return read_only(np.cumprod(1 + moves, axis=0))


def _opened(rows: int, shape: tuple[int, int], most_trades: int) -> "Account":
    """An account of one unit in cash, with room for its record."""
    from backtest.engine.path_kernel import Account

    nav, cash = np.empty(rows), np.empty(rows)
    nav[0] = cash[0] = 1.0
    return Account(
        now=np.array([1.0, 1.0, 1.0, 0.0]),
        counts=np.array([0, rows, 0, -1, 0]),
        book=np.zeros((6, shape[1])),
        scratch=np.zeros((6, shape[1])),
        nav=nav,
        cash=cash,
        performance=np.zeros(rows),
        trades=np.empty((4, most_trades), dtype=np.int64),
        amounts=np.empty((3, most_trades)),
        units=np.empty((most_trades, shape[1])),
    )
