"""Periods between trades, compiled: prices move, interest and borrow fees are due, then other fees."""

from backtest.engine.kernels.state import (
    BASE,
    BY_ASSET,
    CASH,
    CASH_RETURN,
    CASH_SPREAD,
    CHARGE,
    EXPENSES,
    FEE_YEARS,
    HIGH_WATER,
    INTEREST_YEARS,
    MAINTENANCE,
    MANAGEMENT,
    NAV,
    PERFORMANCE,
    REBATE_SPREAD,
    ROLL,
    SHORTS,
    UNITS,
    UNUSED,
)
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.numba_kernels import inlined_kernel


@inlined_kernel
def sum_of(book: Floats, which: int, prices: Floats, row: int) -> float:
    """Σ book_i × price_i at a close."""
    total = 0.0
    for i in range(book.shape[1]):
        total += book[which, i] * prices[row, i]
    return total


@inlined_kernel
def pass_periods(
    prices: Floats, series: Floats, rates: Floats, kinds: Ints, numbers: Floats, tiers: Floats, futures: bool,
    performance_due: Bools, stops: Bools, now: Floats, book: Floats, navs: Floats, cashes: Floats,
    performance: Floats, start: int, first: int, last: int, end: int,
) -> int:  # fmt: skip
    """Let periods pass until there may be something to trade; the position of the last one.

    Of one rate for all assets a charge is that rate times a sum there is already.
    """
    charge, roll, expense, requirement = rates[CHARGE, 0], rates[ROLL, 0], rates[EXPENSES, 0], rates[MAINTENANCE, 0]
    never = performance_due.size + stops.size == 0 and tiers.shape[1] == 1
    fees, checked = kinds[EXPENSES] != UNUSED or numbers[MANAGEMENT] != 0.0, kinds[MAINTENANCE] != UNUSED
    cash_spread, shorts_held, row = numbers[CASH_SPREAD], False, start + first - 1
    for i in range(book.shape[1]):
        shorts_held |= book[SHORTS, i] != 0.0
    value, shorts, cash, nav = sum_of(book, UNITS, prices, row), 0.0, now[CASH], 0.0
    if shorts_held:
        shorts = sum_of(book, SHORTS, prices, row)
    at = first
    plain = never and not (futures or shorts_held or fees or checked)
    if plain:
        at, cash, nav = _pass_plain(prices, series, numbers, tiers, book, navs, cashes, cash, start, first, last)
    while not plain:
        nav, before, row = cash + value, row, start + at
        rate, year = series[CASH_RETURN, row], series[INTEREST_YEARS, row]
        if futures:
            charged = sum_of(book, CHARGE, prices, before) if kinds[CHARGE] == BY_ASSET else charge * value
            rolled = sum_of(book, ROLL, prices, before) if kinds[ROLL] == BY_ASSET else roll * (value + 2.0 * shorts)
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
                charged = sum_of(book, CHARGE, prices, before) if kinds[CHARGE] == BY_ASSET else charge * shorts
                cash += shorts * (rate - numbers[REBATE_SPREAD] * year) - charged * year
        if fees:
            expenses = sum_of(book, EXPENSES, prices, before) if kinds[EXPENSES] == BY_ASSET else expense * value
            cash -= (expenses + nav * numbers[MANAGEMENT]) * series[FEE_YEARS, row]
        value = sum_of(book, UNITS, prices, row)
        if shorts_held:
            shorts = sum_of(book, SHORTS, prices, row)
        nav = cash + value
        if performance_due.size > 0 and performance_due[row]:
            performance[at] = numbers[PERFORMANCE] * max(nav - now[HIGH_WATER], 0.0)
            cash -= performance[at]
            nav = cash + value
            now[HIGH_WATER] = max(now[HIGH_WATER], nav)
        navs[at], cashes[at] = nav, cash
        if nav <= 0.0 or at >= last or (stops.size > 0 and stops[row]):
            break
        if checked and row < end:
            by_asset = kinds[MAINTENANCE] == BY_ASSET
            gross = sum_of(book, MAINTENANCE, prices, row) if by_asset else requirement * (value + 2.0 * shorts)
            if nav < gross:
                break
        at += 1
    now[CASH], now[NAV] = cash, nav
    return at


@inlined_kernel
def _pass_plain(
    prices: Floats, series: Floats, numbers: Floats, tiers: Floats, book: Floats, navs: Floats, cashes: Floats,
    cash: float, start: int, first: int, last: int,
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
