"""The walk of one run through its dates, compiled.

The state of an account is the units of each asset that it holds, and its cash; NAV is cash plus units times prices.
Units change at trades alone. In between, all that interest, fees and margin need to know of what is held are a few sums
over it at each close: its value, its shorts, what these are charged, what they require. So a row of prices is read
once, and nothing by asset is written; what each asset earned, and what each flow was, is worked out by
`ledger_kernel` from what was held.

A row is walked in two steps. First its period passes: prices move, interest and borrow fees, other fees. Then its close
is traded. Steps are numbered from the first trade's row on: step 2p is the period of the p-th row, step 2p + 1 its
close, so that a walk can stop between the two and ask for weights. A row's bits depend on nothing after it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.compilation import inlined_kernel, lean_kernel
from backtest.engine.trade_kernel import (
    COSTS,
    HELD,
    IMPACT,
    KEPT,
    TARGET,
    WIDTH,
    band,
    cost_of,
    cost_of_rebalance,
    part_to_keep,
    to_the_band,
)

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

REBALANCE, BAND, MARGIN_CALL, NO_PRICE = range(4)
"""Why a trade was made."""

CASH_RETURN, BASE, INTEREST_YEARS, FEE_YEARS = range(4)  # of Market.series
CHARGE, ROLL, EXPENSES, MAINTENANCE, INITIAL, RESTORED, TRADING = range(7)  # of Charges.rates
UNUSED, SAME_FOR_ALL, BY_ASSET = range(3)  # of Charges.kinds
CASH_SPREAD, REBATE_SPREAD, MANAGEMENT, PERFORMANCE, FIXED = range(5)  # of Charges.numbers
CASH, NAV, HIGH_WATER, SHORTFALL = range(4)  # of Account.now
TRADES, ROWS, NEXT_DUE, ORDERED_LAST, TRADED = range(5)  # of Account.counts
WANTED, WHY = range(2)  # of Orders.ordered
CHECK, DECISION, SCHEDULED = range(3)  # of Orders.looks
UNITS, SHORTS = 4, 5  # of Account.book, after what is charged and required per price: CHARGE to MAINTENANCE
ROW, REASON, CALLED, DECIDED = range(4)  # of Account.trades
SCALE, NAV_BEFORE, PAID = range(3)  # of Account.amounts


ROUNDING = 1e-12  # of NAV: what is beyond a limit by less is at it


class Market(NamedTuple):
    """The market over all T dates of the data: contiguous arrays, read-only.

    Args:
        prices: (T, n) total-return levels, the last one carried on where there is none.
        priced: (T, n) whether an asset has a price; without rows: all have.
        series: (4, T) the cash return of each period; what loans pay before their spread; years by days over 360, and
            by days over 365.
    """

    prices: Array
    priced: Booleans
    series: Array


class Charges(NamedTuple):
    """What holding and trading cost; decimals, per year where they are rates.

    Args:
        rates: (7, n) by asset: `CHARGE` on the value of shorts or, of futures, on notionals; `ROLL` on the size of
            notionals; `EXPENSES` on values; `MAINTENANCE` on sizes; on those of a target, `INITIAL`, and on what a
            margin call leaves, `RESTORED`; `TRADING` on what is traded.
        kinds: (7,) which are not used, the same for all assets, or by asset.
        numbers: (5,) `CASH_SPREAD` under cash on free cash; `REBATE_SPREAD` on the proceeds of shorts; `MANAGEMENT` on
            NAV; `PERFORMANCE`, share of what is above the high-water mark; `FIXED` for each asset traded, in units of
            the first NAV.
        tiers: (2, k) sizes of a loan in units of the first NAV, and by how much the spread rises above each.
        futures: whether positions are notionals, and all of NAV is in cash.
        performance_due: (T,) whether the performance fee is paid; without elements: never.
        trading_by_row: (T,) instead of `TRADING`; likewise.
        impact: (T, n) costs / |z|^1.5 at a NAV of 1; likewise.
    """

    rates: Array
    kinds: Integers
    numbers: Array
    tiers: Array
    futures: bool
    performance_due: Booleans
    trading_by_row: Array
    impact: Array


class Orders(NamedTuple):
    """What is traded, and when. Read-only but for `targets` and `ordered`.

    Args:
        rows: (d,) rising, on which decisions are traded, whatever is held. due: (d,) positions among `targets`.
        compared: (T,) the target that is looked at after a close, or -1; without elements, as the next two: no bands.
        looks: (T,) what for: a `CHECK` of drifted weights, a `DECISION` to be traded if need be, one `SCHEDULED`.
        ordered: (2, T) by row of the trade, `WANTED`, the target or -1, and `WHY`.
        stops: (T,) whether there may be something to do at a close besides; without elements: never.
        targets: (m, n) target weights, fractions of NAV.
        lag: rows from a look to its trade.
        end: the row from which on nothing is ordered.
        absolute: band. relative: band. edge: whether to trade to the band's edge only.
        least: fraction of NAV; a smaller trade of an asset is left.
    """

    rows: Integers
    due: Integers
    compared: Integers
    looks: Integers
    ordered: Integers
    stops: Booleans
    targets: Array
    lag: int
    end: int
    absolute: float
    relative: float
    edge: bool
    least: float


class Account(NamedTuple):
    """The state of the account and the record of its past, P rows from the first trade on; units of the first NAV.

    Args:
        now: (4,) cash, NAV, high-water mark, what the lender lost at the end.
        counts: (5,) trades so far, rows until the end, the next of the orders, the last row ordered, the target traded.
        book: (6, n) what is charged and required per price, units, and shorts.
        scratch: (6, n).
        nav: (P,) after each close's trades. cash: (P,) likewise. performance: (P,) fees.
        trades: (4, k) row and reason of each, whether there was a margin call, and the target or -1.
        amounts: (3, k) by what the target was scaled down to meet the initial requirement, else 1; NAV before; the
            cost, a fraction of that.
        units: (k, n) after each.
    """

    now: Array
    counts: Integers
    book: Array
    scratch: Array
    nav: Array
    cash: Array
    performance: Array
    trades: Integers
    amounts: Array
    units: Array


@lean_kernel
def walk(market: Market, charges: Charges, orders: Orders, account: Account, start: int, first: int, end: int) -> int:
    """Take the steps from `first` to before `end` of a run whose first trade is at row `start`.

    Returns:
        `end`, or the step that is the last: there NAV ended or, if any is left, target weights would cost all of it.
    """
    # Whatever is taken out of a tuple counts its references, and so does what is passed to a function: that takes
    # longer than a row of prices. So tuples are opened here, once, and what follows is written out in place.
    # Loops that add up write nothing: where a loop does both, how arrays lie in memory decides whether it is taken in
    # fours, and so the order of a sum. The same run has the same bits.
    prices, priced, series = market
    rates, kinds, numbers, tiers, futures, performance_due, by_row, at_one = charges
    rows, due, compared, looks, ordered, stops, targets, lag, last_order, absolute, relative, edge, least = orders
    now, counts, book, scratch, navs, cashes, performance, trades, amounts, units_after = account
    step = first
    if step == 1 and compared.size > 0:  # what is decided before the first trade, when nothing is held yet
        for row in range(max(start - lag, 0), start):
            _look(prices, priced, rates, kinds, compared, looks, ordered, targets, now, counts, book, scratch,
                  row, lag, last_order, absolute, relative)  # fmt: skip
    while step < end:
        at, passing = step // 2, step % 2 == 0
        if compared.size > 0 and passing == (lag > 0):  # with a lag, after the trades of the close before
            _look(prices, priced, rates, kinds, compared, looks, ordered, targets, now, counts, book, scratch,
                  start + at - passing, lag, last_order, absolute, relative)  # fmt: skip
        if passing:
            last = (end - 1) // 2
            if counts[NEXT_DUE] < rows.size:
                last = min(last, rows[counts[NEXT_DUE]] - start)
            if counts[ORDERED_LAST] >= start + at:
                last = min(last, _next_order(ordered, start + at) - start)
            at = _pass_periods(prices, series, rates, kinds, numbers, tiers, futures, performance_due, stops, now,
                               book, navs, cashes, performance, start, at, last)  # fmt: skip
            step = 2 * at
        else:
            row = start + at
            k, reason, traded = -1, REBALANCE, False
            if counts[NEXT_DUE] < rows.size and rows[counts[NEXT_DUE]] == row:
                k = due[counts[NEXT_DUE]]
                counts[NEXT_DUE] += 1
            elif compared.size > 0:
                k, reason = ordered[WANTED, row], ordered[WHY, row]
            if k >= 0:
                counts[TRADED] = k
                traded = _trade(prices, priced, rates, numbers, by_row, at_one, targets, now, counts, book, scratch,
                                trades, amounts, row, at, k, reason, edge, absolute, relative, least)  # fmt: skip
                if not traded:
                    return step
            elif stops.size > 0 or kinds[MAINTENANCE] != UNUSED:
                traded = _force(prices, priced, rates, kinds, numbers, by_row, at_one, now, counts, book, scratch,
                                trades, amounts, row, at)  # fmt: skip
            if traded:
                _book(prices, rates, kinds, futures, now, counts, book, navs, cashes, amounts, units_after, row, at)
        if now[NAV] <= 0.0:
            _end(now, counts, book, navs, cashes, at)
            return step
        step += 1
    return end


@inlined_kernel
def _sum(book: Array, which: int, prices: Array, row: int) -> float:
    """Σ book_i × price_i at a close."""
    total = 0.0
    for i in range(book.shape[1]):
        total += book[which, i] * prices[row, i]
    return total


@inlined_kernel
def _pass_periods(
    prices: Array, series: Array, rates: Array, kinds: Integers, numbers: Array, tiers: Array, futures: bool,
    performance_due: Booleans, stops: Booleans, now: Array, book: Array, navs: Array, cashes: Array,
    performance: Array, start: int, first: int, last: int,
) -> int:  # fmt: skip
    """Let periods pass until there may be something to trade; the position of the last one.

    Of one rate for all assets a charge is that rate times a sum there is already.
    """
    charge, roll, expense, requirement = rates[CHARGE, 0], rates[ROLL, 0], rates[EXPENSES, 0], rates[MAINTENANCE, 0]
    never = performance_due.size + stops.size == 0 and tiers.shape[1] == 1
    fees, checked = kinds[EXPENSES] != UNUSED or numbers[MANAGEMENT] != 0.0, kinds[MAINTENANCE] != UNUSED
    cash_spread, last_row, shorts_held, row = numbers[CASH_SPREAD], prices.shape[0] - 1, False, start + first - 1
    for i in range(book.shape[1]):
        shorts_held |= book[SHORTS, i] != 0.0
    value, shorts, cash, nav = _sum(book, UNITS, prices, row), 0.0, now[CASH], 0.0
    if shorts_held:
        shorts = _sum(book, SHORTS, prices, row)
    at = first
    plain = never and not (futures or shorts_held or fees or checked)
    if plain:
        at, cash, nav = _pass_plain(prices, series, numbers, tiers, book, navs, cashes, cash, start, first, last)
    while not plain:
        nav, before, row = cash + value, row, start + at
        rate, year = series[CASH_RETURN, row], series[INTEREST_YEARS, row]
        if futures:
            charged = _sum(book, CHARGE, prices, before) if kinds[CHARGE] == BY_ASSET else charge * value
            rolled = _sum(book, ROLL, prices, before) if kinds[ROLL] == BY_ASSET else roll * (value + 2.0 * shorts)
            cash += nav * (rate - cash_spread * year) - value * rate - (charged + rolled) * year
        else:
            free = cash - shorts
            if free < 0.0:
                spread = -free * tiers[1, 0]
                for k in range(1, tiers.shape[1]):
                    spread += max(-free - tiers[0, k], 0.0) * tiers[1, k]
                cash += free * series[BASE, row] - spread * year
            else:
                cash += free * (rate - cash_spread * year)
            if shorts_held:
                charged = _sum(book, CHARGE, prices, before) if kinds[CHARGE] == BY_ASSET else charge * shorts
                cash += shorts * (rate - numbers[REBATE_SPREAD] * year) - charged * year
        if fees:
            expenses = _sum(book, EXPENSES, prices, before) if kinds[EXPENSES] == BY_ASSET else expense * value
            cash -= (expenses + nav * numbers[MANAGEMENT]) * series[FEE_YEARS, row]
        value = _sum(book, UNITS, prices, row)
        if shorts_held:
            shorts = _sum(book, SHORTS, prices, row)
        nav = cash + value
        if performance_due.size > 0 and performance_due[row]:
            performance[at] = numbers[PERFORMANCE] * max(nav - now[HIGH_WATER], 0.0)
            cash -= performance[at]
            nav = cash + value
            now[HIGH_WATER] = max(now[HIGH_WATER], nav)
        navs[at], cashes[at] = nav, cash
        if nav <= 0.0 or at >= last or (stops.size > 0 and stops[row]):
            break
        if checked and row < last_row:
            by_asset = kinds[MAINTENANCE] == BY_ASSET
            gross = _sum(book, MAINTENANCE, prices, row) if by_asset else requirement * (value + 2.0 * shorts)
            if nav < gross:
                break
        at += 1
    now[CASH], now[NAV] = cash, nav
    return at


@inlined_kernel
def _pass_plain(
    prices: Array, series: Array, numbers: Array, tiers: Array, book: Array, navs: Array, cashes: Array, cash: float,
    start: int, first: int, last: int,
) -> tuple[int, float, float]:  # fmt: skip
    """The same where nothing is short and there is no charge but interest: in half the time. Cash and NAV too."""
    spread, cash_spread, at, nav = tiers[1, 0], numbers[CASH_SPREAD], first, 0.0
    while True:
        row, value = start + at, 0.0
        for i in range(book.shape[1]):
            value += book[UNITS, i] * prices[row, i]
        rate, loan_rate, year = series[CASH_RETURN, row], series[BASE, row], series[INTEREST_YEARS, row]
        cash *= 1.0 + (loan_rate + spread * year if cash < 0.0 else rate - cash_spread * year)
        nav = cash + value
        navs[at], cashes[at] = nav, cash
        if nav <= 0.0 or at >= last:
            return at, cash, nav
        at += 1


@lean_kernel
def _look(
    prices: Array, priced: Booleans, rates: Array, kinds: Integers, compared: Integers, looks: Integers,
    ordered: Integers, targets: Array, now: Array, counts: Integers, book: Array, scratch: Array, row: int, lag: int,
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
        _want(priced, rates, kinds, targets, k, scratch, row)
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
def _next_order(ordered: Integers, row: int) -> int:
    """The first row from `row` on that has an order, or the last there is."""
    while row < ordered.shape[1] - 1 and ordered[WANTED, row] < 0:
        row += 1
    return row


@inlined_kernel
def _want(
    priced: Booleans, rates: Array, kinds: Integers, targets: Array, k: int, scratch: Array, row: int
) -> float:  # fmt: skip
    """What is wanted of the assets that have a price, scaled down to meet the initial requirement; the scale."""
    for i in range(targets.shape[1]):
        scratch[TARGET, i] = targets[k, i] if priced.shape[0] == 0 or priced[row, i] else 0.0
    return _scale_down(rates, scratch) if kinds[INITIAL] != UNUSED else 1.0


@inlined_kernel
def _scale_down(rates: Array, scratch: Array) -> float:
    """Scale what is wanted down to meet the initial requirement; the scale."""
    required, scale = 0.0, 1.0
    for i in range(scratch.shape[1]):
        required += rates[INITIAL, i] * abs(scratch[TARGET, i])
    if required > 1.0 + ROUNDING:
        scale = 1.0 / required
        for i in range(scratch.shape[1]):
            scratch[TARGET, i] *= scale
    return scale


@inlined_kernel
def _trade(
    prices: Array, priced: Booleans, rates: Array, numbers: Array, by_row: Array, at_one: Array, targets: Array,
    now: Array, counts: Integers, book: Array, scratch: Array, trades: Integers, amounts: Array,
    row: int, at: int, k: int, reason: int, edge: bool, absolute: float, relative: float, least: float,
) -> bool:  # fmt: skip
    """Trade to target weights of the NAV after costs; or not, where these weights would cost all of NAV."""
    nav, count, made, own = now[NAV], book.shape[1], counts[TRADES], by_row.size == 0
    asked = required = all_of_target = to_sell = fixed = 0.0
    lost = False
    for i in range(count):
        held, there = book[UNITS, i] * prices[row, i] / nav, priced.shape[0] == 0 or priced[row, i]
        wanted = targets[k, i] if there else 0.0
        lost |= held != 0.0 and not there
        cost = rates[TRADING, i] if own else by_row[row]
        scratch[HELD, i], scratch[TARGET, i], scratch[COSTS, i], scratch[KEPT, i] = held, wanted, cost, 0.0
    for i in range(count):
        held, wanted, cost = abs(scratch[HELD, i]), abs(scratch[TARGET, i]), scratch[COSTS, i]
        asked += rates[INITIAL, i] * wanted
        required += rates[MAINTENANCE, i] * held
        all_of_target += cost * wanted
        to_sell += cost * held
    scale, to_edge, impact = 1.0, reason == BAND and edge, at_one.shape[0] > 0
    called, to_leave = required > 1.0 + ROUNDING, to_sell
    if asked > 1.0 + ROUNDING or lost or to_edge or least > 0.0 or impact or numbers[FIXED] > 0.0:
        scale, called, all_of_target, to_sell, to_leave, fixed = _adjust(
            priced, rates, at_one, scratch, row, nav, to_edge, absolute, relative, least, numbers[FIXED] / nav
        )
    possible = to_sell >= 1.0 or (all_of_target < 1.0 and to_leave < 1.0)
    if possible:
        paid = to_sell
        if paid >= 1.0:  # no NAV is left to hold anything
            for i in range(count):
                book[UNITS, i] = 0.0
        else:
            paid = cost_of_rebalance(scratch, fixed, impact)
            left = nav * (1.0 - paid)
            for i in range(count):
                if scratch[KEPT, i] == 0.0:
                    book[UNITS, i] = scratch[TARGET, i] * left / prices[row, i]
        trades[ROW, made], trades[REASON, made] = at, reason
        trades[CALLED, made], trades[DECIDED, made] = called, k
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = scale, nav, paid
    return possible


@lean_kernel
def _adjust(
    priced: Booleans, rates: Array, at_one: Array, scratch: Array, row: int, nav: float, to_edge: bool,
    absolute: float, relative: float, least: float, fixed_each: float,
) -> tuple[float, bool, float, float, float, float]:  # fmt: skip
    """What is wanted, within requirements, bands and the no-trade zone, and what that costs.

    Returns:
        By what the target was scaled down; whether there is a margin call; the proportional cost of all of the target;
        the cost of selling all that is held, and what is traded of it; what is fixed of the trade.
    """
    scale, impact = _scale_down(rates, scratch), at_one.shape[0] > 0
    for i in range(at_one.shape[1]):
        scratch[IMPACT, i] = at_one[row, i] * np.sqrt(nav)
    to_sell, called = _sale(priced, rates, scratch, row, fixed_each, impact)
    if to_edge:
        for i in range(scratch.shape[1]):
            there = priced.shape[0] == 0 or priced[row, i]
            scratch[WIDTH, i] = band(scratch[TARGET, i], absolute, relative) if there else 0.0
        to_the_band(scratch)
        scale *= _scale_down(rates, scratch)
    if least > 0.0 and not called:  # a margin call is answered in full
        _leave_small(priced, least, scratch, row)
    fixed = all_of_target = 0.0
    for i in range(scratch.shape[1]):
        all_of_target += scratch[COSTS, i] * abs(scratch[TARGET, i])
        traded = (scratch[HELD, i] != 0.0 or scratch[TARGET, i] != 0.0) and scratch[KEPT, i] == 0.0
        fixed += fixed_each if traded else 0.0
    return scale, called, all_of_target, to_sell, cost_of(scratch, HELD, impact) + fixed, fixed


@lean_kernel
def _sale(
    priced: Booleans, rates: Array, scratch: Array, row: int, fixed_each: float, impact: bool
) -> tuple[float, bool]:  # fmt: skip
    """What it costs to sell all that is held; and whether there is a margin call.

    What has no price is sold first, and NAV after that has to be what the rest requires.
    """
    paid, lost, required = cost_of(scratch, HELD, impact), 0.0, 0.0
    for i in range(scratch.shape[1]):
        size = abs(scratch[HELD, i])
        if size > 0.0:
            paid += fixed_each
        if priced.shape[0] == 0 or priced[row, i]:
            required += rates[MAINTENANCE, i] * size
        elif size > 0.0:
            lost += scratch[COSTS, i] * size + fixed_each
            if impact:
                lost += scratch[IMPACT, i] * size * np.sqrt(size)
    return paid, 0.0 < 1.0 - lost < required - ROUNDING


@lean_kernel
def _leave_small(priced: Booleans, least: float, scratch: Array, row: int) -> None:
    """Keep, at no cost, what would be traded by less than the least."""
    for i in range(scratch.shape[1]):
        small = abs(scratch[TARGET, i] - scratch[HELD, i]) < least
        if small and (priced.shape[0] == 0 or priced[row, i]):
            scratch[KEPT, i], scratch[TARGET, i] = 1.0, scratch[HELD, i]
            scratch[COSTS, i] = scratch[IMPACT, i] = 0.0


@inlined_kernel
def _costs_of_row(rates: Array, by_row: Array, at_one: Array, nav: float, scratch: Array, row: int) -> None:
    """Fill in what a row's trades cost, of everything."""
    for i in range(rates.shape[1]):
        scratch[COSTS, i] = by_row[row] if by_row.size > 0 else rates[TRADING, i]
        scratch[KEPT, i] = 0.0
    if at_one.shape[0] > 0:
        for i in range(rates.shape[1]):
            scratch[IMPACT, i] = at_one[row, i] * np.sqrt(nav)


@lean_kernel
def _force(
    prices: Array, priced: Booleans, rates: Array, kinds: Integers, numbers: Array, by_row: Array, at_one: Array,
    now: Array, counts: Integers, book: Array, scratch: Array, trades: Integers, amounts: Array, row: int, at: int,
) -> bool:  # fmt: skip
    """Sell what has no price at its last one; then, where NAV is below what the rest requires, a part of all of it."""
    nav, count, made = now[NAV], book.shape[1], counts[TRADES]
    fixed = fixed_lost = required = restored = 0.0
    unpriced = False
    for i in range(count):
        held = book[UNITS, i] * prices[row, i] / nav
        there = priced.shape[0] == 0 or priced[row, i]
        lost = not there and held != 0.0
        scratch[HELD, i], scratch[TARGET, i] = (0.0, held) if lost else (held, 0.0)  # what is kept, and what is sold
        unpriced |= lost
    for i in range(count):
        fixed_lost += numbers[FIXED] / nav if scratch[TARGET, i] != 0.0 else 0.0
        fixed += numbers[FIXED] / nav if scratch[HELD, i] != 0.0 else 0.0
        required += rates[MAINTENANCE, i] * abs(scratch[HELD, i])
        restored += rates[RESTORED, i] * abs(scratch[HELD, i])
    called = kinds[MAINTENANCE] != UNUSED and row < prices.shape[0] - 1
    forced = unpriced or (called and required > 1.0 + ROUNDING)
    if forced:
        _costs_of_row(rates, by_row, at_one, nav, scratch, row)
        impact, part = at_one.shape[0] > 0, 1.0
        paid = cost_of(scratch, TARGET, impact) + fixed_lost
        called = called and 0.0 < 1.0 - paid < required - ROUNDING
        if called:
            part = part_to_keep(scratch, fixed + paid, restored, impact)
            for i in range(count):
                scratch[TARGET, i] = scratch[HELD, i] * (1.0 - part)
            paid += cost_of(scratch, TARGET, impact) + fixed
        for i in range(count):
            book[UNITS, i] *= part if priced.shape[0] == 0 or priced[row, i] else 0.0
        trades[ROW, made], trades[REASON, made] = at, MARGIN_CALL if called else NO_PRICE
        trades[CALLED, made], trades[DECIDED, made] = called, -1
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = 1.0, nav, paid
    return forced


@inlined_kernel
def _book(
    prices: Array, rates: Array, kinds: Integers, futures: bool, now: Array, counts: Integers, book: Array,
    navs: Array, cashes: Array, amounts: Array, units_after: Array, row: int, at: int,
) -> None:  # fmt: skip
    """Pay for a trade, and write down the units held after it."""
    made = counts[TRADES]
    counts[TRADES] += 1
    now[NAV] *= 1.0 - amounts[PAID, made]
    for i in range(book.shape[1]):
        units_after[made, i] = book[UNITS, i]
        book[SHORTS, i] = max(-book[UNITS, i], 0.0)
    value = _sum(book, UNITS, prices, row)  # on its own: see `walk`
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
def _end(now: Array, counts: Integers, book: Array, navs: Array, cashes: Array, at: int) -> None:
    """Ruin: nothing is left, the lender bears the rest, and the path ends here."""
    now[SHORTFALL], now[NAV], now[CASH] = -now[NAV], 0.0, 0.0
    navs[at] = cashes[at] = 0.0
    counts[ROWS] = at + 1
    for i in range(book.shape[1]):
        book[UNITS, i] = 0.0
