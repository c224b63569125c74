"""The walk of one run through its dates, compiled.

The state of an account is the units of each asset that it holds, and its cash; NAV is cash plus units times prices.
Units change at trades alone. In between, all that interest, fees and margin need to know of what is held are a few sums
over it at each close: its value, its shorts, what these are charged, what they require. So a row of prices is read
once, and nothing by asset is written; what each asset earned, and what each flow was, is worked out by
`ledger_kernel` from what was held.

A row is walked in two steps. First its period passes: prices move, interest and borrow fees, other fees, the sale of
what has no price. Then its close is traded. Steps are numbered from the first trade's row on: step 2p is the period of
the p-th row, step 2p + 1 its close, so that a walk can stop between the two and ask for weights. A row's bits depend on
nothing after it.
"""

from backtest.engine.kernels.period_kernel import pass_periods, sum_of
from backtest.engine.kernels.rebalance_kernel import force, sell_unpriced, trade, want
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
    ROUNDING,
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
    Account,
    Charges,
    Market,
    Orders,
)
from backtest.engine.kernels.trade_kernel import band
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.numba_kernels import inlined_kernel, lean_kernel


@lean_kernel
def walk(market: Market, charges: Charges, orders: Orders, account: Account, start: int, first: int, end: int) -> int:
    """Take the steps from `first` to before `end` of a run whose first trade is at row `start`.

    Returns:
        `end`, or an earlier last step: NAV ended there or, if NAV is left, target weights would cost all of it or need
        a price that is unknown.
    """
    # Whatever is taken out of a tuple counts its references, and so does what is passed to a function: that takes
    # longer than a row of prices. So tuples are opened here, once, and what follows is written out in place.
    # Loops that add up write nothing: where a loop does both, how arrays lie in memory decides whether it is taken in
    # fours, and so the order of a sum. The same run has the same bits.
    prices, priced, series, missing = market
    rates, kinds, numbers, tiers, futures, performance_due, by_row, at_one = charges
    rows, due, compared, looks, ordered, stops, targets, lag, last_order, absolute, relative, edge, least = orders
    now, counts, book, scratch, navs, cashes, performance, trades, amounts, units_after, executed = account
    step = first
    if step == 1 and compared.size > 0:  # what is decided before the first trade, when nothing is held yet
        for row in range(max(start - lag, 0), start):
            _look(prices, priced, rates, kinds, compared, looks, ordered, targets, now, counts, book, scratch,
                  row, lag, last_order, absolute, relative)  # fmt: skip
    while step < end:
        at, passing, outcome = step // 2, step % 2 == 0, NOTHING
        if compared.size > 0 and passing == (lag > 0):  # with a lag, after the trades of the close before
            _look(prices, priced, rates, kinds, compared, looks, ordered, targets, now, counts, book, scratch,
                  start + at - passing, lag, last_order, absolute, relative)  # fmt: skip
        if passing:
            last = (end - 1) // 2
            if counts[NEXT_DUE] < rows.size:
                last = min(last, rows[counts[NEXT_DUE]] - start)
            if counts[ORDERED_LAST] >= start + at:
                last = min(last, _next_order(ordered, start + at) - start)
            at = pass_periods(prices, series, rates, kinds, numbers, tiers, futures, performance_due, stops, now,
                               book, navs, cashes, performance, start, at, last, last_order)  # fmt: skip
            step = 2 * at
            if priced.shape[0] > 0 and now[NAV] > 0.0:
                outcome = sell_unpriced(prices, priced, missing, rates, numbers, by_row, at_one, now, counts, book,
                                         scratch, trades, amounts, start + at, at)  # fmt: skip
        else:
            row, k, reason = start + at, -1, REBALANCE
            if counts[NEXT_DUE] < rows.size and rows[counts[NEXT_DUE]] == row:
                k = due[counts[NEXT_DUE]]
                counts[NEXT_DUE] += 1
            elif compared.size > 0:
                k, reason = ordered[WANTED, row], ordered[WHY, row]
            if k >= 0:
                counts[TRADED] = k
                outcome = trade(prices, priced, missing, rates, numbers, by_row, at_one, targets, now, counts, book,
                                 scratch, trades, amounts, row, at, k, reason, edge, absolute, relative,
                                 least)  # fmt: skip
                if outcome != REFUSED and executed[k] < 0:
                    executed[k] = at
            elif kinds[MAINTENANCE] != UNUSED and force(
                prices, rates, kinds, numbers, by_row, at_one, now, counts, book, scratch, trades, amounts, row, at,
                last_order,
            ):  # fmt: skip
                outcome = DONE
        if outcome == REFUSED:
            return step
        if outcome == DONE:
            _book(prices, rates, kinds, futures, now, counts, book, navs, cashes, amounts, units_after, start + at, at)
        if now[NAV] <= 0.0:
            _end(now, counts, book, navs, cashes, at)
            return step
        step += 1
    return end


@lean_kernel
def _look(
    prices: Floats, priced: Bools, rates: Floats, kinds: Ints, compared: Ints, looks: Ints,
    ordered: Ints, targets: Floats, now: Floats, counts: Ints, book: Floats, scratch: Floats, row: int, lag: int,
    end: int, absolute: float, relative: float,
) -> None:  # fmt: skip
    """Order a trade where it is due, or where a weight is outside its band.

    A check has no say while a trade is to come; a decision that is to be traded takes the place of a check's. So does
    one that comes too late for the end of the data: what is traded before must not depend on where that is.
    """
    k, look, waiting = compared[row], looks[row], counts[ORDERED_LAST] >= row + (lag > 0)
    if k < 0 or (look == CHECK and waiting):
        return
    away = look == SCHEDULED
    if not away:
        want(priced, rates, kinds, targets, k, scratch, row)
        for i in range(book.shape[1]):
            wanted = scratch[TARGET, i]
            drift = abs(book[UNITS, i] * prices[row, i] / now[NAV] - wanted)
            outside = drift > band(wanted, absolute, relative) + ROUNDING
            away |= outside and (priced.shape[0] == 0 or priced[row, i])
    if away:
        if waiting and looks[counts[ORDERED_LAST] - lag] == CHECK:
            ordered[WANTED, counts[ORDERED_LAST]] = -1
        if row + lag < end:
            ordered[WANTED, row + lag], counts[ORDERED_LAST] = k, row + lag
            ordered[WHY, row + lag] = REBALANCE if look == SCHEDULED else BAND


@inlined_kernel
def _next_order(ordered: Ints, row: int) -> int:
    """The first row from `row` on that has an order, or the last there is."""
    while row < ordered.shape[1] - 1 and ordered[WANTED, row] < 0:
        row += 1
    return row


@inlined_kernel
def _book(
    prices: Floats, rates: Floats, kinds: Ints, futures: bool, now: Floats, counts: Ints, book: Floats,
    navs: Floats, cashes: Floats, amounts: Floats, units_after: Floats, row: int, at: int,
) -> None:  # fmt: skip
    """Pay for a trade, and write down the units held after it."""
    made = counts[TRADES]
    counts[TRADES] += 1
    now[NAV] *= 1.0 - amounts[PAID, made]
    for i in range(book.shape[1]):
        units_after[made, i] = book[UNITS, i]
        book[SHORTS, i] = max(-book[UNITS, i], 0.0)
    value = sum_of(book, UNITS, prices, row)  # on its own: see `walk`
    for which in range(MAINTENANCE + 1):
        if kinds[which] == BY_ASSET:
            for i in range(book.shape[1]):
                units = book[UNITS, i]
                if which in (ROLL, MAINTENANCE):
                    units = abs(units)
                elif which == CHARGE and not futures:
                    units = book[SHORTS, i]
                book[which, i] = rates[which, i] * units
    now[CASH] = now[NAV] - value
    cashes[at] = now[CASH]
    if at > 0:
        navs[at] = now[NAV]


@inlined_kernel
def _end(now: Floats, counts: Ints, book: Floats, navs: Floats, cashes: Floats, at: int) -> None:
    """Ruin: nothing is left, the lender bears the rest, and the path ends here."""
    now[SHORTFALL], now[NAV], now[CASH] = -now[NAV], 0.0, 0.0
    navs[at] = cashes[at] = 0.0
    counts[ROWS] = at + 1
    for i in range(book.shape[1]):
        book[UNITS, i] = 0.0
