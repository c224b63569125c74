"""Exposure, turnover and costs of a finished path, compiled, without anything by asset.

The formulas and the order of operations are those of `ledger_kernel`, so both give the same bits. Numbers of many runs
need no more than this, in a fraction of the time.
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
    prices, series, count, units = periods.prices, periods.series, state.holdings.shape[1], state.scratch
    rates, made, last, nav = terms.rates, 0, state.counts[TRADES], 0.0
    longs = shorts = charged = rolled = 0.0
    for i in range(count):
        units[SCRATCH_UNITS, i] = 0.0
    for at in range(rows):
        row, nav = start + at, state.nav[at]
        totals.trading[at] = totals.turnover[at] = totals.financing[at] = totals.spread_cost[at] = 0.0
        # Interest and rolling costs, on the opening balances.
        if at > 0:
            opening, year = state.cash[at - 1] + longs - shorts, series[INTEREST_YEARS, row]
            interest = interest_of(
                series, terms.scalars, terms.tiers, terms.futures, opening, longs, shorts, charged, row
            )
            totals.financing[at], totals.spread_cost[at] = interest.financing, interest.above_cash
            totals.trading[at] += rolled * year
        if at == 1:  # the costs of the first trade
            totals.trading[1] += totals.trading[0]
            totals.turnover[1] += totals.turnover[0]
            totals.trading[0] = totals.turnover[0] = 0.0
        # Trades at the close.
        while made < last and state.trades[ROW, made] == at:
            before, sizes = state.amounts[NAV_BEFORE, made], 0.0
            for i in range(count):
                after = state.units[made, i]
                sizes += abs((after - units[SCRATCH_UNITS, i]) * prices[row, i] / before)
                units[SCRATCH_UNITS, i] = after
            totals.trading[at] += state.amounts[PAID, made] * before
            totals.turnover[at] += 0.5 * sizes
            nav = nav if at > 0 else before * (1.0 - state.amounts[PAID, made])
            made += 1
        # Exposure after the trades, and the balances that the next period is charged on.
        size = longs = shorts = charged = rolled = 0.0
        for i in range(count):
            value = units[SCRATCH_UNITS, i] * prices[row, i]
            size += abs(value)
            longs += max(value, 0.0)
            shorts += max(-value, 0.0)
            charged += (value if terms.futures else max(-value, 0.0)) * rates[CHARGE, i]
            rolled += abs(value) * rates[ROLL, i]
        totals.gross_exposure[at] = size / nav if nav > 0.0 else 0.0
