"""P&L of each asset and each flow of a finished path, compiled.

The simulation loop needs only sums over the holdings. This kernel goes through the path a second time and works out
each flow by its own formula, from the opening balances of its period. No flow is the remainder of the others.
"""

from typing import NamedTuple

import numpy as np

from backtest.engine.kernels.state import (
    BASE,
    CASH_RETURN,
    CASH_SPREAD,
    CHARGE,
    EXPENSES,
    FEE_YEARS,
    INTEREST_YEARS,
    MANAGEMENT,
    NAV_BEFORE,
    PAID,
    REBATE_SPREAD,
    ROLL,
    ROW,
    TRADES,
    PeriodArrays,
    State,
    TermArrays,
)
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel, kernel
from backtest.numerics.tolerances import ROUNDING


class Flows(NamedTuple):
    """Arrays of zeros that the kernel fills in: P rows, k trades, n assets; see `Ledger`."""

    cash_interest: Floats
    financing: Floats
    spread_cost: Floats
    borrow: Floats
    fees: Floats
    loan: Floats
    trading: Floats
    turnover: Floats
    gross_exposure: Floats
    weights: Floats
    asset_pnl: Floats
    trades: Floats


class Interest(NamedTuple):
    """Interest of a period on cash and on the loan, the loan interest above the cash return, and the loan itself."""

    on_cash: float
    financing: float
    above_cash: float
    loan: float


@kernel
def fill_in_flows(periods: PeriodArrays, terms: TermArrays, state: State, flows: Flows, start: int, rows: int) -> None:
    """Fill in the flows of a finished path of `rows` dates whose first trade is at row `start` of the data."""
    # Tuples are opened once: this kernel allocates, so each access to a field counts references, and accesses in the
    # loops took 240 of 890 microseconds of a run over 12,600 dates of 6 assets.
    prices, series, count = periods.prices, periods.series, state.holdings.shape[1]
    rates, scalars, tiers, futures = terms.rates, terms.scalars, terms.tiers, terms.futures
    navs, cashes, performance, after = state.nav, state.cash, state.performance, state.units
    trades, amounts, trading, turnover = state.trades, state.amounts, flows.trading, flows.turnover
    weights, pnl, traded, fees = flows.weights, flows.asset_pnl, flows.trades, flows.fees
    cash_interest, financing, spread_cost = flows.cash_interest, flows.financing, flows.spread_cost
    borrow, loans, gross = flows.borrow, flows.loan, flows.gross_exposure
    units, made, last = np.zeros(count), 0, state.counts[TRADES]
    for at in range(rows):
        row, nav = start + at, navs[at]
        if at > 0:
            # Asset P&L, and the balances that interest and fees are charged on.
            longs = shorts = charged = rolled = expenses = 0.0
            for i in range(count):
                value = units[i] * prices[row - 1, i]
                longs += max(value, 0.0)
                shorts += max(-value, 0.0)
                charged += (value if futures else max(-value, 0.0)) * rates[CHARGE, i]
                rolled += abs(value) * rates[ROLL, i]
                expenses += value * rates[EXPENSES, i]
                pnl[at, i] = units[i] * (prices[row, i] - prices[row - 1, i])
            # Interest, borrow fees, rolling costs and other fees.
            opening, year = cashes[at - 1] + longs - shorts, series[INTEREST_YEARS, row]
            interest = interest_of(series, scalars, tiers, futures, opening, longs, shorts, charged, row)
            cash_interest[at], financing[at] = interest.on_cash, interest.financing
            spread_cost[at], loans[at] = interest.above_cash, interest.loan
            borrow[at] = 0.0 if futures else charged * year
            trading[at] += rolled * year
            fees[at] = (expenses + opening * scalars[MANAGEMENT]) * series[FEE_YEARS, row] + performance[at]
        # Trades at the close. The costs of the first trade belong to the second row.
        while made < last and trades[ROW, made] == at:
            before, sizes = amounts[NAV_BEFORE, made], 0.0
            for i in range(count):
                traded[made, i] = (after[made, i] - units[i]) * prices[row, i] / before
                sizes += abs(traded[made, i])
                units[i] = after[made, i]
            trading[max(at, 1)] += amounts[PAID, made] * before
            turnover[max(at, 1)] += 0.5 * sizes
            nav = nav if at > 0 else before * (1.0 - amounts[PAID, made])
            made += 1
        # Weights after the trades.
        if nav > 0.0:
            size = 0.0
            for i in range(count):
                value = units[i] * prices[row, i]
                size += abs(value)
                weights[at, i] = value / nav
            gross[at] = size / nav


@inlined_kernel
def interest_of(
    series: Floats, scalars: Floats, tiers: Floats, futures: bool,
    nav: float, longs: float, shorts: float, charged: float, row: int,
) -> Interest:  # fmt: skip
    """Return the interest of a period on its opening balances."""
    rate, base, year = series[CASH_RETURN, row], series[BASE, row], series[INTEREST_YEARS, row]
    free, loan, spread = nav, longs - shorts, charged * year
    financing = loan * rate + spread
    above = spread
    if not futures:
        free = nav - longs
        if abs(free) < ROUNDING * nav:
            free = 0.0
        loan, free, spread = max(-free, 0.0), max(free, 0.0), 0.0
        for k in range(tiers.shape[1]):
            spread += max(loan - tiers[0, k], 0.0) * tiers[1, k]
        financing, above = loan * base + spread * year, loan * (base - rate) + spread * year
    on_cash = free * (rate - scalars[CASH_SPREAD] * year)
    if not futures:
        on_cash += shorts * (rate - scalars[REBATE_SPREAD] * year)
    return Interest(on_cash, financing, above, max(loan, 0.0))
