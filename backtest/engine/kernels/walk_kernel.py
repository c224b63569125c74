"""The simulation loop of one run, compiled.

The state is the units held of each asset, and cash. NAV is cash plus the sum of units times prices. Units change only
in trades. Between trades, interest, fees and margin depend on a few sums over the holdings at each close: their value,
their shorts, their charges and their requirements. So each row of prices is read once and nothing is written by asset.
`ledger_kernel` works out asset P&L and flows afterwards, from the units held.

Each row takes two steps: step 2p is the period that ends at the p-th row, counted from the first trade, and step 2p + 1
is the trade at its close. A path can therefore stop between the two and ask a strategy for weights. The bits of a row
do not depend on any later row.
"""

from backtest.engine.kernels.period_kernel import pass_periods, sum_of
from backtest.engine.kernels.rebalance_kernel import answer_margin_call, rebalance, sell_unpriced, set_targets
from backtest.engine.kernels.state import (
    BAND,
    BY_ASSET,
    CASH,
    CHARGE,
    CHECK,
    DONE,
    MAINTENANCE,
    NAV,
    NEXT_DUE,
    NOTHING,
    ORDERED_LAST,
    PAID,
    REBALANCE,
    REFUSED,
    ROLL,
    ROWS,
    SCHEDULED,
    SHORTFALL,
    SHORTS,
    TARGET,
    TRADED,
    TRADES,
    UNITS,
    UNUSED,
    WANTED,
    WHY,
    Orders,
    PeriodArrays,
    State,
    TermArrays,
)
from backtest.engine.kernels.trade_kernel import band_width
from backtest.numerics.numba_kernels import inlined_kernel, lean_kernel
from backtest.numerics.tolerances import ROUNDING

# Loops that add up write nothing. Where one loop does both, the alignment of the arrays in memory decides whether the
# compiled loop runs four elements at a time, and so the order of the sum: the same run would not have the same bits.


@lean_kernel
def run_steps(
    periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, start: int, first: int, end: int
) -> int:
    """Take the steps from `first` up to, but not including, `end` of a run whose first trade is at row `start`.

    Returns:
        `end`, or the earlier step at which the run stopped. NAV is then 0, or a trade was refused: its target weights
        would cost all of NAV, or need a price that is unknown.
    """
    lag, with_bands = orders.lag, orders.compared.size > 0
    step = first
    # Before the first trade nothing is held, but decisions can already be ordered.
    if step == 1 and with_bands:
        for row in range(max(start - lag, 0), start):
            _order_trade(periods, terms, orders, state, row)
    while step < end:
        at, passing, outcome = step // 2, step % 2 == 0, NOTHING
        # 1. Bands: compare weights with decisions; with a lag, the weights after the trades of the close before.
        if with_bands and passing == (lag > 0):
            _order_trade(periods, terms, orders, state, start + at - passing)
        if passing:
            # 2. Periods: prices move, interest and fees accrue, up to a row that may need a trade.
            last = _last_of_pass(orders, state, start, at, end)
            at = pass_periods(periods, terms, orders, state, start, at, last)
            step = 2 * at
            # 3. Delisted assets: sell holdings that have lost their price.
            if periods.priced.shape[0] > 0 and state.now[NAV] > 0.0:
                outcome = sell_unpriced(periods, terms, state, start + at, at)
        else:
            # 4. Trade: the decision that is due at this close, else a sale to answer a margin call.
            outcome = _trade(periods, terms, orders, state, start + at, at)
        if outcome == REFUSED:
            return step
        # 5. Settlement: pay the costs of the trade and record the units held after it.
        if outcome == DONE:
            _settle(periods, terms, state, start + at, at)
        # 6. Ruin: the path ends when nothing is left.
        if state.now[NAV] <= 0.0:
            _end(state, at)
            return step
        step += 1
    return end


@inlined_kernel
def _last_of_pass(orders: Orders, state: State, start: int, at: int, end: int) -> int:
    """Return the position of the next row on which a trade is due, at most the last position before step `end`."""
    last = (end - 1) // 2
    if state.counts[NEXT_DUE] < orders.rows.size:
        last = min(last, orders.rows[state.counts[NEXT_DUE]] - start)
    if state.counts[ORDERED_LAST] >= start + at:
        row = start + at
        while row < orders.ordered.shape[1] - 1 and orders.ordered[WANTED, row] < 0:
            row += 1
        last = min(last, row - start)
    return last


@inlined_kernel
def _trade(periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, row: int, at: int) -> int:
    """Trade the decision that is due at a close, or answer a margin call; return the outcome."""
    k, reason = _due_at(orders, state, row)
    outcome = NOTHING
    if k >= 0:
        state.counts[TRADED] = k
        outcome = rebalance(periods, terms, orders, state, row, at, k, reason)
        if outcome != REFUSED and state.executed[k] < 0:
            state.executed[k] = at
    elif terms.usage[MAINTENANCE] != UNUSED and answer_margin_call(periods, terms, state, row, at, orders.end):
        outcome = DONE
    return outcome


@inlined_kernel
def _due_at(orders: Orders, state: State, row: int) -> tuple[int, int]:
    """Return the decision to trade at a row, or -1, and the reason for the trade."""
    k, reason = -1, REBALANCE
    if state.counts[NEXT_DUE] < orders.rows.size and orders.rows[state.counts[NEXT_DUE]] == row:
        k = orders.due[state.counts[NEXT_DUE]]
        state.counts[NEXT_DUE] += 1
    elif orders.compared.size > 0:
        k, reason = orders.ordered[WANTED, row], orders.ordered[WHY, row]
    return k, reason


@lean_kernel
def _order_trade(periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, row: int) -> None:
    """Order a trade if one is scheduled, or if a weight is outside its band.

    A check orders nothing while a trade is waiting. A decision replaces the waiting order of a check, even if the
    decision itself comes too late to be traded: trades must not depend on where the data end.
    """
    compared, looks, ordered, counts = orders.compared, orders.looks, orders.ordered, state.counts
    k, look, waiting = compared[row], looks[row], counts[ORDERED_LAST] >= row + (orders.lag > 0)
    if k < 0 or (look == CHECK and waiting):
        return
    # Is a weight outside its band?
    away = look == SCHEDULED
    if not away:
        set_targets(periods, terms, orders, state, k, row)
        for i in range(state.holdings.shape[1]):
            target = state.scratch[TARGET, i]
            drift = abs(state.holdings[UNITS, i] * periods.prices[row, i] / state.now[NAV] - target)
            outside = drift > band_width(target, orders.absolute, orders.relative) + ROUNDING
            away |= outside and (periods.priced.shape[0] == 0 or periods.priced[row, i])
    # Order the trade in place of one that a check has ordered.
    if away:
        if waiting and looks[counts[ORDERED_LAST] - orders.lag] == CHECK:
            ordered[WANTED, counts[ORDERED_LAST]] = -1
        if row + orders.lag < orders.end:
            ordered[WANTED, row + orders.lag], counts[ORDERED_LAST] = k, row + orders.lag
            ordered[WHY, row + orders.lag] = REBALANCE if look == SCHEDULED else BAND


@inlined_kernel
def _settle(periods: PeriodArrays, terms: TermArrays, state: State, row: int, at: int) -> None:
    """Pay for a trade and record the units held after it."""
    now, holdings, made = state.now, state.holdings, state.counts[TRADES]
    # Costs are paid out of NAV.
    state.counts[TRADES] += 1
    now[NAV] *= 1.0 - state.amounts[PAID, made]
    # Units and shorts after the trade.
    for i in range(holdings.shape[1]):
        state.units[made, i] = holdings[UNITS, i]
        holdings[SHORTS, i] = max(-holdings[UNITS, i], 0.0)
    value = sum_of(holdings, UNITS, periods.prices, row)
    # Charges and requirements per unit of price, where they differ by asset.
    for which in range(MAINTENANCE + 1):
        if terms.usage[which] == BY_ASSET:
            for i in range(holdings.shape[1]):
                units = holdings[UNITS, i]
                if which in (ROLL, MAINTENANCE):
                    units = abs(units)
                elif which == CHARGE and not terms.futures:
                    units = holdings[SHORTS, i]
                holdings[which, i] = terms.rates[which, i] * units
    # Cash is the rest of NAV. The first NAV is recorded before the first trade.
    now[CASH] = now[NAV] - value
    state.cash[at] = now[CASH]
    if at > 0:
        state.nav[at] = now[NAV]


@inlined_kernel
def _end(state: State, at: int) -> None:
    """End a ruined path: NAV and holdings are zero, and the lender bears the shortfall."""
    now = state.now
    now[SHORTFALL], now[NAV], now[CASH] = -now[NAV], 0.0, 0.0
    state.nav[at] = state.cash[at] = 0.0
    state.counts[ROWS] = at + 1
    for i in range(state.holdings.shape[1]):
        state.holdings[UNITS, i] = 0.0
