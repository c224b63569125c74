"""Arrays that the simulation kernels read and write, and constants that name the rows of these arrays.

`walk_kernel` reads `PeriodArrays`, `TermArrays` and `Orders` and writes `State`. `ledger_kernel` reads all four once a
path is finished. Kernels that are inlined into their caller take these tuples whole, at no cost.
"""

from typing import NamedTuple

from backtest.numerics.arrays import Bools, Floats, Ints

REBALANCE, BAND, MARGIN_CALL, NO_PRICE = range(4)
"""Reasons for a trade."""

REFUSED, NOTHING, DONE = range(-1, 2)
"""Outcomes of a trade: it was refused, nothing had to be traded, or it was made."""

CASH_RETURN, BASE, INTEREST_YEARS, FEE_YEARS = range(4)  # rows of PeriodArrays.series
CHARGE, ROLL, EXPENSES, MAINTENANCE, INITIAL, RESTORED, TRADING = range(7)  # rows of TermArrays.rates
CASH_SPREAD, REBATE_SPREAD, MANAGEMENT, PERFORMANCE, FIXED = range(5)  # elements of TermArrays.scalars
UNUSED, SAME_FOR_ALL, BY_ASSET = range(3)  # values of TermArrays.usage
WANTED, WHY = range(2)  # rows of Orders.ordered
CHECK, DECISION, SCHEDULED = range(3)  # values of Orders.looks
CASH, NAV, HIGH_WATER, SHORTFALL = range(4)  # elements of State.now
TRADES, ROWS, NEXT_DUE, ORDERED_LAST, TRADED = range(5)  # elements of State.counts
UNITS, SHORTS = 4, 5  # rows of State.holdings, after CHARGE to MAINTENANCE
ROW, REASON, CALLED = range(3)  # rows of State.trades
SCALE, NAV_BEFORE, PAID = range(3)  # rows of State.amounts
TARGET, HELD, COSTS, IMPACT, KEPT, WIDTH = range(6)  # rows of State.scratch
SCRATCH_UNITS = HELD  # row of State.scratch while a finished path is measured


class PeriodArrays(NamedTuple):
    """Prices and rates over all T dates of the data, as contiguous read-only arrays.

    Args:
        prices: (T, n) total-return levels; a missing price repeats the last known one.
        priced: (T, n) whether an asset has a price; no rows if all assets always have one.
        series: (4, T) the cash return of each period; the loan rate before its spread; years as days / 360, and as days
            / 365.
        missing: (T, n) whether a missing price is unknown, so that the asset can be neither held nor traded there;
            no rows if no price is unknown.
    """

    prices: Floats
    priced: Bools
    series: Floats
    missing: Bools


class TermArrays(NamedTuple):
    """Terms of a run. Rates are decimals, per year where they accrue.

    Args:
        rates: (7, n) by asset: `CHARGE` on the value of shorts or, in futures, on notionals; `ROLL` on the size of
            notionals; `EXPENSES` on values; `MAINTENANCE` on sizes; `INITIAL` on the sizes of a target; `RESTORED` on
            the sizes left after a margin call; `TRADING` on traded values.
        usage: (7,) whether each row of `rates` is unused, the same for all assets, or differs by asset.
        scalars: (5,) `CASH_SPREAD` below the cash return on free cash; `REBATE_SPREAD` below it on short-sale proceeds;
            `MANAGEMENT` fee on NAV; `PERFORMANCE` fee, a share of NAV above the high-water mark; `FIXED` cost of each
            asset traded, in units of the first NAV.
        tiers: (2, k) loan sizes in units of the first NAV, and the increase of the spread above each size.
        futures: whether positions are notionals, so that all of NAV is in cash.
        performance_due: (T,) whether the performance fee is paid; empty: never.
        trading_by_row: (T,) replaces `TRADING` for all assets; empty: not used.
        impact: (T, n) cost / |z|^1.5 of a trade z at a NAV of 1; no rows: no impact.
    """

    rates: Floats
    usage: Ints
    scalars: Floats
    tiers: Floats
    futures: bool
    performance_due: Bools
    trading_by_row: Floats
    impact: Floats


class Orders(NamedTuple):
    """Target weights and the dates of their trades. Only `targets` and `ordered` are written to.

    Args:
        rows: (d,) rising rows on which decisions are traded unconditionally.
        due: (d,) the decisions traded on these rows, as positions in `targets`.
        compared: (T,) the decision that weights are compared with after each close, or -1; empty without bands, like
            the next two.
        looks: (T,) the purpose of the comparison: a `CHECK` of drifted weights, a `DECISION` that is traded if weights
            are outside their bands, or a `SCHEDULED` decision that is always traded.
        ordered: (2, T) orders by the row of their trade: the decision `WANTED`, or -1, and `WHY`.
        stops: (T,) whether a close needs attention because an asset has lost its price; empty: never.
        targets: (m, n) target weights, fractions of NAV.
        lag: rows from a comparison to its trade.
        end: the first row on which there are no orders and no margin calls.
        absolute: half-width of the bands, fraction of NAV.
        relative: half-width of the bands, fraction of the target.
        edge: whether a trade stops at the edge of the bands.
        least: trades of an asset below this fraction of NAV are not made.
    """

    rows: Ints
    due: Ints
    compared: Ints
    looks: Ints
    ordered: Ints
    stops: Bools
    targets: Floats
    lag: int
    end: int
    absolute: float
    relative: float
    edge: bool
    least: float


class State(NamedTuple):
    """State of a simulation and the record of its path: P rows from the first trade on, in units of the first NAV.

    Args:
        now: (4,) cash, NAV, high-water mark, and the lender's loss at the end.
        counts: (5,) trades so far, rows until the end, the next order, the last ordered row, and the decision traded.
        holdings: (6, n) charges and requirements per unit of price (`CHARGE` to `MAINTENANCE`), units, and shorts.
        scratch: (6, n) work space of a trade: `TARGET` weights, weights `HELD` before, proportional `COSTS` and
            square-root `IMPACT` of traded values, whether an asset is `KEPT` as it is, and the `WIDTH` of its band.
        nav: (P,) after each close's trades.
        cash: (P,) after each close's trades.
        performance: (P,) performance fees.
        trades: (3, k) row and reason of each trade, and whether there was a margin call.
        amounts: (3, k) the factor by which a target was scaled down to meet the initial requirement, else 1; NAV
            before the trade; the cost as a fraction of that NAV.
        units: (k, n) units after each trade.
        executed: (m,) the row on which each decision was first traded, or found to need no trade; else -1.
    """

    now: Floats
    counts: Ints
    holdings: Floats
    scratch: Floats
    nav: Floats
    cash: Floats
    performance: Floats
    trades: Ints
    amounts: Floats
    units: Floats
    executed: Ints
