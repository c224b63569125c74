"""What a walk reads and writes: tables whose rows have names. `path_kernel` walks, `ledger_kernel` accounts for it."""

from typing import NamedTuple

from backtest.numerics.arrays import Bools, Floats, Ints

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
ROW, REASON, CALLED = range(3)  # of Account.trades
SCALE, NAV_BEFORE, PAID = range(3)  # of Account.amounts
TARGET, HELD, COSTS, IMPACT, KEPT, WIDTH = range(6)  # of Account.scratch

ROUNDING = 1e-12  # of NAV: amounts, and differences from a limit or a target, that are smaller count as zero

REFUSED, NOTHING, DONE = range(-1, 2)
"""Outcome of a trade that is due: it is not possible, nothing has to be traded, or it is made."""


class Market(NamedTuple):
    """The market over all T dates of the data: contiguous arrays, read-only.

    Args:
        prices: (T, n) total-return levels, the last one carried on where there is none.
        priced: (T, n) whether an asset has a price; without rows: all have.
        series: (4, T) the cash return of each period; what loans pay before their spread; years by days over 360, and
            by days over 365.
        missing: (T, n) whether the price that an asset lacks is unknown, so that it must be neither held nor traded
            there; without rows: no price is unknown.
    """

    prices: Floats
    priced: Bools
    series: Floats
    missing: Bools


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

    rates: Floats
    kinds: Ints
    numbers: Floats
    tiers: Floats
    futures: bool
    performance_due: Bools
    trading_by_row: Floats
    impact: Floats


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
        end: the row from which on nothing is ordered, nor called.
        absolute: band. relative: band. edge: whether to trade to the band's edge only.
        least: fraction of NAV; a smaller trade of an asset is left.
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


class Account(NamedTuple):
    """The state of the account and the record of its past, P rows from the first trade on; units of the first NAV.

    Args:
        now: (4,) cash, NAV, high-water mark, what the lender lost at the end.
        counts: (5,) trades so far, rows until the end, the next of the orders, the last row ordered, the target traded.
        book: (6, n) what is charged and required per price, units, and shorts.
        scratch: (6, n) of a trade: `TARGET` weights, weights `HELD` before, proportional `COSTS` and square-root
            `IMPACT` of what is traded, whether an asset is `KEPT` as it is, and the `WIDTH` of its band.
        nav: (P,) after each close's trades. cash: (P,) likewise. performance: (P,) fees.
        trades: (3, k) row and reason of each, and whether there was a margin call.
        amounts: (3, k) by what the target was scaled down to meet the initial requirement, else 1; NAV before; the
            cost, a fraction of that.
        units: (k, n) after each.
        executed: (m,) the row on which each target was first traded to, or found to need no trade; else -1.
    """

    now: Floats
    counts: Ints
    book: Floats
    scratch: Floats
    nav: Floats
    cash: Floats
    performance: Floats
    trades: Ints
    amounts: Floats
    units: Floats
    executed: Ints
