"""What each asset earned and what each flow was, worked out from what was held, compiled.

The path needs no more than sums over what is held; this goes through it again, once, for the record: each flow by its
own formula from the opening balances of its period, none as what is left of the others.
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
    ROUNDING,
    ROW,
    TRADES,
    Account,
    Charges,
    Market,
)
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel, kernel


class Flows(NamedTuple):
    """Room for the ledger, zeros: P rows, k trades, n assets; as in `SimulationResult`."""

    cash_interest: Floats
    financing: Floats
    spread_cost: Floats
    borrow: Floats
    fees: Floats
    loan: Floats
    trading: Floats
    turnover: Floats
    weights: Floats
    asset_pnl: Floats
    trades: Floats


@kernel
def account_for(market: Market, charges: Charges, account: Account, flows: Flows, start: int, rows: int) -> None:
    """Fill in the flows of a finished path of `rows` dates whose first trade is at row `start` of the market."""
    prices, series, count = market.prices, market.series, account.book.shape[1]
    rates, numbers, tiers, futures = charges.rates, charges.numbers, charges.tiers, charges.futures
    navs, cashes, performance, after = account.nav, account.cash, account.performance, account.units
    trades, amounts, trading, turnover = account.trades, account.amounts, flows.trading, flows.turnover
    weights, pnl, traded, fees = flows.weights, flows.asset_pnl, flows.trades, flows.fees
    interest, financing, spread_cost, borrow, loans = (
        flows.cash_interest, flows.financing, flows.spread_cost, flows.borrow, flows.loan
    )  # fmt: skip
    units, made, last = np.zeros(count), 0, account.counts[TRADES]
    for at in range(rows):
        row, nav = start + at, navs[at]
        if at > 0:
            longs = shorts = charged = rolled = expenses = 0.0
            for i in range(count):
                value = units[i] * prices[row - 1, i]
                longs += max(value, 0.0)
                shorts += max(-value, 0.0)
                charged += (value if futures else max(-value, 0.0)) * rates[CHARGE, i]
                rolled += abs(value) * rates[ROLL, i]
                expenses += value * rates[EXPENSES, i]
                pnl[at, i] = units[i] * (prices[row, i] - prices[row - 1, i])
            opening, year = cashes[at - 1] + longs - shorts, series[INTEREST_YEARS, row]
            interest[at], financing[at], spread_cost[at], loans[at] = _interest(
                series, numbers, tiers, futures, opening, longs, shorts, charged, row
            )
            borrow[at] = 0.0 if futures else charged * year
            trading[at] += rolled * year
            fees[at] = (expenses + opening * numbers[MANAGEMENT]) * series[FEE_YEARS, row] + performance[at]
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
        if nav > 0.0:
            for i in range(count):
                weights[at, i] = units[i] * prices[row, i] / nav


@inlined_kernel
def _interest(
    series: Floats, numbers: Floats, tiers: Floats, futures: bool,
    nav: float, longs: float, shorts: float, charged: float, row: int,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Cash interest, financing, its part above the cash return, and the loan, of a period's opening balances."""
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
    interest = free * (rate - numbers[CASH_SPREAD] * year)
    if not futures:
        interest += shorts * (rate - numbers[REBATE_SPREAD] * year)
    return interest, financing, above, max(loan, 0.0)
