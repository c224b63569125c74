"""Exposure, turnover and costs of a finished path, compiled, without anything by asset.

Formulas and the order of operations are the same as in `ledger_kernel`, so both give the same bits. Numbers of many
runs need no more than this, in a fraction of the time.
"""

from typing import NamedTuple

from backtest.engine.kernels.ledger_kernel import interest_of
from backtest.engine.kernels.state import (
    CHARGE,
    INTEREST_YEARS,
    NAV_BEFORE,
    PAID,
    ROLL,
    ROW,
    SCRATCH_UNITS,
    TRADES,
    UNUSED,
    PeriodArrays,
    State,
    TermArrays,
)
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import uncounted_kernel


class Totals(NamedTuple):
    """Arrays that the kernel fills in, (P,) each; see `Ledger`."""

    turnover: Floats
    trading: Floats
    financing: Floats
    spread_cost: Floats
    gross_exposure: Floats


@uncounted_kernel
def fill_in_totals(
    periods: PeriodArrays, terms: TermArrays, state: State, totals: Totals, start: int, rows: int
) -> None:
    """Fill in the totals of a finished path of `rows` dates whose first trade is at row `start` of the data."""
    prices, units, count = periods.prices[start : start + rows], state.scratch[SCRATCH_UNITS], state.holdings.shape[1]
    series, rates, futures = periods.series, terms.rates, terms.futures
    navs, cashes, trades, amounts = state.nav, state.cash, state.trades, state.amounts
    trading, turnover, financing, above_cash = totals.trading, totals.turnover, totals.financing, totals.spread_cost
    charges, rolls = terms.usage[CHARGE] != UNUSED, terms.usage[ROLL] != UNUSED
    made, last, longs, shorts, charged, rolled = 0, state.counts[TRADES], 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        units[i] = 0.0
    for at in range(rows):
        nav, paid, traded = navs[at], 0.0, 0.0
        # Interest and rolling costs, on the opening balances.
        financing[at] = above_cash[at] = 0.0
        if at > 0:
            opening, year = cashes[at - 1] + longs - shorts, series[INTEREST_YEARS, start + at]
            interest = interest_of(
                series, terms.scalars, terms.tiers, futures, opening, longs, shorts, charged, start + at
            )
            financing[at], above_cash[at], paid = interest.financing, interest.above_cash, rolled * year
        if at == 1:  # with the costs of the first trade
            paid, traded = paid + trading[0], turnover[0]
            trading[0] = turnover[0] = 0.0
        # Trades at the close.
        while made < last and trades[ROW, made] == at:
            before, sizes = amounts[NAV_BEFORE, made], 0.0
            for i in range(count):
                sizes += abs((state.units[made, i] - units[i]) * prices[at, i] / before)
                units[i] = state.units[made, i]
            paid += amounts[PAID, made] * before
            traded += 0.5 * sizes
            nav = nav if at > 0 else before * (1.0 - amounts[PAID, made])
            made += 1
        trading[at], turnover[at] = paid, traded
        # Exposure after the trades, and the balances that the next period is charged on.
        size = longs = shorts = charged = rolled = 0.0
        for i in range(count):
            value = units[i] * prices[at, i]
            size += abs(value)
            longs += max(value, 0.0)
            shorts += max(-value, 0.0)
        for i in range(count if charges else 0):
            value = units[i] * prices[at, i]
            charged += (value if futures else max(-value, 0.0)) * rates[CHARGE, i]
        for i in range(count if rolls else 0):
            rolled += abs(units[i] * prices[at, i]) * rates[ROLL, i]
        totals.gross_exposure[at] = size / nav if nav > 0.0 else 0.0
