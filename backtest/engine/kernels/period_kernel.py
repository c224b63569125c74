"""Periods between trades, compiled: prices move, interest and borrow fees accrue, then other fees."""

from typing import NamedTuple

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
    INITIAL,
    INTEREST_YEARS,
    MAINTENANCE,
    MANAGEMENT,
    NAV,
    PERFORMANCE,
    REBATE_SPREAD,
    ROLL,
    SCHEDULED,
    SHORTS,
    UNITS,
    UNUSED,
    Orders,
    PeriodArrays,
    State,
    TermArrays,
)
from backtest.engine.kernels.trade_kernel import band_width
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel


class Pass(NamedTuple):
    """Result of passing periods: the position of the last period, and cash and NAV at its end."""

    at: int
    cash: float
    nav: float


@inlined_kernel
def sum_of(holdings: Floats, which: int, prices: Floats, row: int) -> float:
    """Return Σ holdings_i × price_i at a close, over one row of the holdings."""
    total = 0.0
    for i in range(holdings.shape[1]):
        total += holdings[which, i] * prices[row, i]
    return total


@inlined_kernel
def pass_periods(
    periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, start: int, first: int, last: int
) -> int:
    """Let periods pass until a trade may be needed; return the position of the last period.

    A charge at the same rate for all assets is the rate times a sum that is already known.
    """
    shorts_held = False
    for i in range(state.holdings.shape[1]):
        shorts_held |= state.holdings[SHORTS, i] != 0.0
    fees = terms.usage[EXPENSES] != UNUSED or terms.scalars[MANAGEMENT] != 0.0
    checked = terms.usage[MAINTENANCE] != UNUSED
    watched, known = orders.compared.size > 0, _bands_are_known(periods, terms)
    stops = terms.performance_due.size + orders.stops.size > 0 or (watched and not known)
    if stops or terms.tiers.shape[1] > 1 or terms.futures or shorts_held or fees or checked:
        passed = _pass_charged(
            periods, terms, orders, state, start, first, last, shorts_held, fees, checked, watched, known
        )
    elif watched:
        passed = _pass_watched(periods, terms, orders, state, start, first, last)
    else:
        passed = _pass_plain(periods, terms, state, start, first, last)
    state.now[CASH], state.now[NAV] = passed.cash, passed.nav
    return passed.at


@inlined_kernel
def _pass_charged(
    periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, start: int, first: int, last: int,
    shorts_held: bool, fees: bool, checked: bool, watched: bool, known: bool,
) -> Pass:  # fmt: skip
    """Let periods pass under all terms."""
    prices, series, holdings, now, usage = periods.prices, periods.series, state.holdings, state.now, terms.usage
    rates, performance_due = terms.rates, terms.performance_due
    charge, roll, expense, requirement = rates[CHARGE, 0], rates[ROLL, 0], rates[EXPENSES, 0], rates[MAINTENANCE, 0]
    at, cash, row = first, now[CASH], start + first - 1
    value, shorts = sum_of(holdings, UNITS, prices, row), 0.0
    if shorts_held:
        shorts = sum_of(holdings, SHORTS, prices, row)
    while True:
        nav, before, row = cash + value, row, start + at
        # Interest, borrow fees and rolling costs, on the opening balances.
        if terms.futures:
            cash = _cash_of_futures(
                prices, series, terms, holdings, nav, cash, value, shorts, charge, roll, before, row
            )
        else:
            cash = _cash_on_margin(prices, series, terms, holdings, cash, shorts, shorts_held, charge, before, row)
        # Expenses and management fee, on the opening balances.
        if fees:
            expenses = sum_of(holdings, EXPENSES, prices, before) if usage[EXPENSES] == BY_ASSET else expense * value
            cash -= (expenses + nav * terms.scalars[MANAGEMENT]) * series[FEE_YEARS, row]
        # Prices move.
        value = sum_of(holdings, UNITS, prices, row)
        if shorts_held:
            shorts = sum_of(holdings, SHORTS, prices, row)
        nav = cash + value
        # Performance fee, on NAV above the high-water mark.
        if performance_due.size > 0 and performance_due[row]:
            state.performance[at] = terms.scalars[PERFORMANCE] * max(nav - now[HIGH_WATER], 0.0)
            cash -= state.performance[at]
            nav = cash + value
            now[HIGH_WATER] = max(now[HIGH_WATER], nav)
        state.nav[at], state.cash[at] = nav, cash
        # Stop at ruin, at a close that needs attention, and below the maintenance margin.
        if nav <= 0.0 or at >= last or (orders.stops.size > 0 and orders.stops[row]):
            break
        if checked and row < orders.end:
            by_asset, size = usage[MAINTENANCE] == BY_ASSET, value + 2.0 * shorts
            if nav < (sum_of(holdings, MAINTENANCE, prices, row) if by_asset else requirement * size):
                break
        if watched and orders.compared[row] >= 0 and not (known and _inside_bands(prices, orders, holdings, row, nav)):
            break
        at += 1
    return Pass(at, cash, nav)


@inlined_kernel
def _cash_of_futures(
    prices: Floats, series: Floats, terms: TermArrays, holdings: Floats, nav: float, cash: float, value: float,
    shorts: float, charge: float, roll: float, before: int, row: int,
) -> float:  # fmt: skip
    """Return cash after interest on NAV, the implied rate of notionals and rolling costs."""
    rate, year = series[CASH_RETURN, row], series[INTEREST_YEARS, row]
    charged = sum_of(holdings, CHARGE, prices, before) if terms.usage[CHARGE] == BY_ASSET else charge * value
    size = value + 2.0 * shorts
    rolled = sum_of(holdings, ROLL, prices, before) if terms.usage[ROLL] == BY_ASSET else roll * size
    cash += nav * (rate - terms.scalars[CASH_SPREAD] * year) - value * rate - (charged + rolled) * year
    return cash


@inlined_kernel
def _cash_on_margin(
    prices: Floats, series: Floats, terms: TermArrays, holdings: Floats, cash: float, shorts: float,
    shorts_held: bool, charge: float, before: int, row: int,
) -> float:  # fmt: skip
    """Return cash after interest on free cash or on the loan, interest on short-sale proceeds and borrow fees."""
    rate, year, tiers, scalars = series[CASH_RETURN, row], series[INTEREST_YEARS, row], terms.tiers, terms.scalars
    free = cash - shorts
    if free < 0.0:
        spread = -free * tiers[1, 0]
        for k in range(1, tiers.shape[1]):
            spread += max(-free - tiers[0, k], 0.0) * tiers[1, k]
        cash += free * series[BASE, row] - spread * year
    else:
        cash += free * (rate - scalars[CASH_SPREAD] * year)
    if shorts_held:
        charged = sum_of(holdings, CHARGE, prices, before) if terms.usage[CHARGE] == BY_ASSET else charge * shorts
        cash += shorts * (rate - scalars[REBATE_SPREAD] * year) - charged * year
    return cash


@inlined_kernel
def _pass_plain(periods: PeriodArrays, terms: TermArrays, state: State, start: int, first: int, last: int) -> Pass:
    """Let periods pass where nothing is short and interest is the only charge, in half the time."""
    prices, series, holdings, navs, cashes = periods.prices, periods.series, state.holdings, state.nav, state.cash
    spread, cash_spread, cash, at = terms.tiers[1, 0], terms.scalars[CASH_SPREAD], state.now[CASH], first
    while True:
        # Prices move.
        row, value = start + at, 0.0
        for i in range(holdings.shape[1]):
            value += holdings[UNITS, i] * prices[row, i]
        # Interest on free cash or on the loan.
        rate, loan_rate, year = series[CASH_RETURN, row], series[BASE, row], series[INTEREST_YEARS, row]
        cash *= 1.0 + (loan_rate + spread * year if cash < 0.0 else rate - cash_spread * year)
        nav = cash + value
        navs[at], cashes[at] = nav, cash
        # Stop at ruin and at the row of the next trade.
        if nav <= 0.0 or at >= last:
            return Pass(at, cash, nav)
        at += 1


@inlined_kernel
def _pass_watched(
    periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, start: int, first: int, last: int
) -> Pass:
    """Let periods pass as in `_pass_plain`, up to a close at which a weight may be outside its band."""
    prices, series, holdings, navs, cashes = periods.prices, periods.series, state.holdings, state.nav, state.cash
    spread, cash_spread, cash, at = terms.tiers[1, 0], terms.scalars[CASH_SPREAD], state.now[CASH], first
    while True:
        # Prices move.
        row, value = start + at, 0.0
        for i in range(holdings.shape[1]):
            value += holdings[UNITS, i] * prices[row, i]
        # Interest on free cash or on the loan.
        rate, loan_rate, year = series[CASH_RETURN, row], series[BASE, row], series[INTEREST_YEARS, row]
        cash *= 1.0 + (loan_rate + spread * year if cash < 0.0 else rate - cash_spread * year)
        nav = cash + value
        navs[at], cashes[at] = nav, cash
        # Stop at ruin, at the row of the next trade, and where bands have to be looked at.
        if nav <= 0.0 or at >= last:
            return Pass(at, cash, nav)
        if orders.compared[row] >= 0 and not _inside_bands(prices, orders, holdings, row, nav):
            return Pass(at, cash, nav)
        at += 1


@inlined_kernel
def _bands_are_known(periods: PeriodArrays, terms: TermArrays) -> bool:
    """Return whether bands lie around the decided targets, not around those that a margin or a missing price leaves."""
    return bool(terms.usage[INITIAL] == UNUSED) and periods.priced.shape[0] == 0


@inlined_kernel
def _inside_bands(prices: Floats, orders: Orders, holdings: Floats, row: int, nav: float) -> bool:
    """Return whether all weights are inside their bands, beyond doubt, so that no trade is ordered at a close.

    Rounding here is below 1e-13 of NAV, and a weight that is `ROUNDING` outside its band still counts as inside.
    """
    k, inside = orders.compared[row], bool(orders.looks[row] != SCHEDULED)
    for i in range(holdings.shape[1]):
        target = orders.targets[k, i]
        away = abs(holdings[UNITS, i] * prices[row, i] - target * nav)
        inside &= bool(away <= band_width(target, orders.absolute, orders.relative) * nav)
    return inside
