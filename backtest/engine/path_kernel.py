"""The walk of one run through its dates, compiled.

A row is walked in two steps. First its period passes: prices move, interest and borrow fees, other fees. Then its close
is traded: target weights where a decision falls due, else sales of what has lost its price. Steps are numbered from
the first trade's row on: step 2p is the period of the p-th row, step 2p + 1 its close, so that a walk can stop between
the two and ask for weights. All sums are taken in the order of the assets: a row's bits depend on nothing after it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.compilation import kernel
from backtest.engine.terms import Terms

Array = NDArray[np.float64]

DUST = 1e-12  # of NAV: less free cash or loan than this is rounding of weights that add up to one


class Market(NamedTuple):
    """The market over all T dates of the data, and what is decided: contiguous arrays, read-only but for `targets`.

    Args:
        returns: (T, n) simple returns, decimal per period.
        priced: (T, n) whether an asset has a price.
        cash_returns: (T,) decimal per period.
        days: (T,) calendar days in each period.
        due: (T,) the position among `targets` of what is traded at a row's close, or -1.
        targets: (m, n) target weights, fractions of NAV.
    """

    returns: Array
    priced: NDArray[np.bool_]
    cash_returns: Array
    days: NDArray[np.int64]
    due: NDArray[np.int64]
    targets: Array


class Account(NamedTuple):
    """The state of the account and the record of its past, P rows from the first trade on; units of the first NAV.

    Args:
        held: (n,) value of each position.
        now: (2,) the NAV, and what its lender lost at its end.
        counts: (2,) trades so far, and rows until the end.
        nav: (P,) after each close's trades; the next ones likewise, as in `SimulationResult`.
        trades: (k, n) room for all trades. trade_rows: (k,) the row of each.
    """

    held: Array
    now: Array
    counts: NDArray[np.int64]
    nav: Array
    cash_interest: Array
    financing: Array
    spread_cost: Array
    borrow: Array
    fees: Array
    loan: Array
    trading: Array
    turnover: Array
    weights: Array
    asset_pnl: Array
    trades: Array
    trade_rows: NDArray[np.int64]


@kernel
def walk(market: Market, terms: Terms, account: Account, start: int, first: int, end: int) -> int:
    """Take the steps from `first` to before `end` of a run whose first trade is at row `start`.

    Returns:
        `end`, or the step that is the last: there NAV ended or, if any is left, target weights would cost all of it.
    """
    step = first
    while step < end:
        if step % 2 == 0:
            step = _pass_periods(market, terms, account, start, step, end)
        elif not _trade_close(market, terms, account, start, step // 2):
            return step
        if account.now[0] <= 0.0:
            return step
        step += 1
    return end


@kernel
def _pass_periods(market: Market, terms: Terms, account: Account, start: int, first: int, end: int) -> int:
    """Let prices move, and interest and fees accrue, until there is something to trade; the last step of these."""
    returns, priced, due, count = market.returns, market.priced, market.due, account.held.size
    held, pnl, weights, nav = account.held, account.asset_pnl, account.weights, account.now[0]
    borrow_fee, expense_ratio = terms.borrow_fee, terms.expense_ratio
    at = first // 2
    while True:
        row = start + at
        longs = shorts = earned = borrowed = expenses = 0.0
        lost_a_price = False
        for i in range(count):
            value = held[i]
            long, short = max(value, 0.0), max(-value, 0.0)
            gain = value * returns[row, i]
            if value == 0.0 or not priced[row, i]:
                # what has no price at the end of a period is sold at its last one: it earns nothing in that period
                gain = 0.0
                lost_a_price |= value != 0.0
            longs += long
            shorts += short
            borrowed += short * borrow_fee[i]
            expenses += value * expense_ratio[i]
            earned += gain
            pnl[at, i] = gain
            held[i] = value + gain
        cash, days = market.cash_returns[row], market.days[row]
        year = days / 360
        free = nav - longs
        if abs(free) < DUST * nav:
            free = 0.0
        loan, free = max(-free, 0.0), max(free, 0.0)
        spread_cost = loan * (terms.spread * year)
        financing = loan * cash + spread_cost
        interest = free * (cash - terms.cash_spread * year) + shorts * cash
        borrow = borrowed * year
        fees = expenses * days / 365 + nav * (terms.management_fee * days / 365)
        nav += earned + interest - financing - borrow - fees
        account.nav[at] = nav
        account.cash_interest[at] = interest
        account.financing[at] = financing
        account.spread_cost[at] = spread_cost
        account.borrow[at] = borrow
        account.fees[at] = fees
        account.loan[at] = loan
        if nav <= 0.0:
            break
        for i in range(count):
            weights[at, i] = held[i] / nav
        if lost_a_price or due[row] >= 0 or 2 * at + 2 >= end:
            break
        at += 1
    account.now[0] = nav
    if nav <= 0.0:
        _end(account, at)
    return 2 * at


@kernel
def _trade_close(market: Market, terms: Terms, account: Account, start: int, at: int) -> bool:
    """Trade what is due at a row's close to the target weights of the NAV after costs, or sell what has no price."""
    row = start + at
    held, priced, cost, k = account.held, market.priced[row], terms.trading_cost, market.due[row]
    if k < 0:
        for i in range(held.size):
            if held[i] != 0.0 and not priced[i]:
                return _sell(account, cost, priced, at)
        return True
    nav, target, trade = account.now[0], market.targets[k], account.trades[account.counts[0]]
    all_of_target = all_of_held = 0.0
    weights = account.weights[at]  # free until the trade is done: target weights of what has a price, and drifted ones
    for i in range(held.size):
        weights[i] = target[i] if priced[i] else 0.0
        held[i] /= nav
        all_of_target += cost[i] * abs(weights[i])
        all_of_held += cost[i] * abs(held[i])
    if all_of_target >= 1.0:
        return False
    left = 1.0 - cost_of_trade(weights, held, cost)
    paid = 1.0 - left
    if all_of_held >= 1.0:  # no NAV is left to hold anything
        paid = all_of_held
    sizes = 0.0
    for i in range(held.size):
        trade[i] = -held[i] if all_of_held >= 1.0 else weights[i] * left - held[i]
        sizes += abs(trade[i])
        held[i] = weights[i] * (nav * left)
    return _book(account, at, paid, sizes)


@kernel
def _sell(account: Account, trading_cost: Array, priced: NDArray[np.bool_], at: int) -> bool:
    """Turn holdings without a price into cash at their last price."""
    held, trade, paid, sizes = account.held, account.trades[account.counts[0]], 0.0, 0.0
    for i in range(held.size):
        trade[i] = 0.0
        if not priced[i]:
            trade[i] = -held[i] / account.now[0]
            held[i] = 0.0
        paid += trading_cost[i] * abs(trade[i])
        sizes += abs(trade[i])
    return _book(account, at, paid, sizes)


@kernel
def _book(account: Account, at: int, paid: float, sizes: float) -> bool:
    """Record a trade that cost `paid` of the NAV before it; the first one's cost falls into the next row's period."""
    nav, held, paid_in = account.now[0], account.held, max(at, 1)
    account.trading[paid_in] += paid * nav
    account.turnover[paid_in] += 0.5 * sizes
    account.trade_rows[account.counts[0]] = at
    account.counts[0] += 1
    nav *= 1.0 - paid
    account.now[0] = nav
    if at > 0:
        account.nav[at] = nav
    if nav <= 0.0:
        return _end(account, at)
    weights = account.weights[at]
    for i in range(held.size):
        weights[i] = held[i] / nav
    return True


@kernel
def _end(account: Account, at: int) -> bool:
    """Ruin: nothing is left, the lender bears the rest, and the path ends here."""
    account.now[1], account.now[0] = -account.now[0], 0.0
    account.nav[at] = 0.0
    account.held[:] = 0.0
    account.weights[at] = 0.0
    account.counts[1] = at + 1
    return False


@kernel
def cost_of_trade(target: Array, drifted: Array, trading_cost: Array) -> float:
    """The cost x of a rebalance, as a fraction of the NAV before it.

    After paying x the weights are exactly the target weights of the NAV that is left, so x solves
    x = Σ k_i |w_target,i (1 - x) - w_drifted,i|. The difference of the two sides is increasing, concave and piecewise
    linear, so Newton's method from 0 climbs to the root and ends after finitely many steps, at the exact root.

    Args:
        target: (n,) target weights, fractions of the NAV after the trade.
        drifted: (n,) weights before it.
        trading_cost: (n,) proportional costs k, decimal; Σ k_i |w_target,i| < 1.

    Example:
        >>> round(cost_of_trade(np.array([1.0]), np.array([0.0]), np.array([0.01])), 8)  # k / (1 + k)
        0.00990099
    """
    cost = 0.0
    for _ in range(2 * target.size + 3):  # each kink is passed at most once
        paid, slope = 0.0, 1.0
        for i in range(target.size):
            trade = target[i] * (1.0 - cost) - drifted[i]
            paid += trading_cost[i] * abs(trade)
            if trade != 0.0:
                slope += trading_cost[i] * (target[i] if trade > 0.0 else -target[i])
        step = (paid - cost) / slope
        cost += step
        if abs(step) <= 1e-17 + 2e-16 * cost:  # what is left is rounding
            break
    return cost
