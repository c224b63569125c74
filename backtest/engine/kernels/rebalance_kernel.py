"""Trades at a close, compiled: sales for want of a price, trades to target weights, sales to answer a margin call."""

import numpy as np

from backtest.engine.kernels.state import (
    BAND,
    CALLED,
    COSTS,
    DONE,
    FIXED,
    HELD,
    IMPACT,
    INITIAL,
    KEPT,
    MAINTENANCE,
    MARGIN_CALL,
    NAV,
    NAV_BEFORE,
    NO_PRICE,
    NOTHING,
    PAID,
    REASON,
    REFUSED,
    RESTORED,
    ROUNDING,
    ROW,
    SCALE,
    TARGET,
    TRADES,
    TRADING,
    UNITS,
    UNUSED,
    WIDTH,
)
from backtest.engine.kernels.trade_kernel import band, cost_of, cost_of_rebalance, part_to_keep, to_the_band
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.numba_kernels import inlined_kernel, lean_kernel


@inlined_kernel
def want(
    priced: Bools, rates: Floats, kinds: Ints, targets: Floats, k: int, scratch: Floats, row: int
) -> float:  # fmt: skip
    """What is wanted of the assets that have a price, scaled down to meet the initial requirement; the scale."""
    for i in range(targets.shape[1]):
        scratch[TARGET, i] = targets[k, i] if priced.shape[0] == 0 or priced[row, i] else 0.0
    return _scale_down(rates, scratch) if kinds[INITIAL] != UNUSED else 1.0


@inlined_kernel
def _scale_down(rates: Floats, scratch: Floats) -> float:
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
def _fill_in_impact(at_one: Floats, nav: float, scratch: Floats, row: int) -> None:
    """Fill in the square-root impact of a row's trades, if there is any."""
    for i in range(at_one.shape[1]):
        scratch[IMPACT, i] = at_one[row, i] * np.sqrt(nav)


@inlined_kernel
def _costs_of_row(rates: Floats, by_row: Floats, at_one: Floats, nav: float, scratch: Floats, row: int) -> None:
    """Fill in the rates of all trading costs of a row."""
    for i in range(rates.shape[1]):
        scratch[COSTS, i] = by_row[row] if by_row.size > 0 else rates[TRADING, i]
        scratch[KEPT, i] = 0.0
    _fill_in_impact(at_one, nav, scratch, row)


@inlined_kernel
def sell_unpriced(
    prices: Floats, priced: Bools, missing: Bools, rates: Floats, numbers: Floats, by_row: Floats, at_one: Floats,
    now: Floats, counts: Ints, book: Floats, scratch: Floats, trades: Ints, amounts: Floats, row: int, at: int,
) -> int:  # fmt: skip
    """Sell what no longer has a price at its last price; `REFUSED` if its price is unknown."""
    nav, made, sold, refused = now[NAV], counts[TRADES], 0, False
    for i in range(book.shape[1]):
        held = book[UNITS, i] * prices[row, i] / nav
        lost = not priced[row, i] and abs(held) >= ROUNDING
        refused |= lost and missing.shape[0] > 0 and missing[row, i]
        scratch[TARGET, i] = held if lost else 0.0
    for i in range(book.shape[1]):
        sold += scratch[TARGET, i] != 0.0
    outcome = REFUSED if refused else NOTHING if sold == 0 else DONE
    if outcome == DONE:
        _costs_of_row(rates, by_row, at_one, nav, scratch, row)
        paid = cost_of(scratch, TARGET, at_one.shape[0] > 0) + sold * numbers[FIXED] / nav
        for i in range(book.shape[1]):
            book[UNITS, i] = book[UNITS, i] if scratch[TARGET, i] == 0.0 else 0.0
        trades[ROW, made], trades[REASON, made] = at, NO_PRICE
        trades[CALLED, made] = False
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = 1.0, nav, paid
    return outcome


@inlined_kernel
def trade(
    prices: Floats, priced: Bools, missing: Bools, rates: Floats, numbers: Floats, by_row: Floats, at_one: Floats,
    targets: Floats, now: Floats, counts: Ints, book: Floats, scratch: Floats, trades: Ints, amounts: Floats,
    row: int, at: int, k: int, reason: int, edge: bool, absolute: float, relative: float, least: float,
) -> int:  # fmt: skip
    """Trade to target weights of the NAV after costs.

    Returns:
        `NOTHING` if every asset is at its target; `REFUSED` if the targets would cost all of NAV, or need a price that
        is unknown.
    """
    nav, count, made, own = now[NAV], book.shape[1], counts[TRADES], by_row.size == 0
    asked = required = all_of_target = to_sell = fixed = 0.0
    small, refused = 0, False
    for i in range(count):
        held, there = book[UNITS, i] * prices[row, i] / nav, priced.shape[0] == 0 or priced[row, i]
        wanted = targets[k, i] if there else 0.0
        cost = rates[TRADING, i] if own else by_row[row]
        scratch[HELD, i], scratch[TARGET, i], scratch[COSTS, i], scratch[KEPT, i] = held, wanted, cost, 0.0
    for i in range(count):
        small += abs(scratch[TARGET, i] - scratch[HELD, i]) < ROUNDING
        held, wanted, cost = abs(scratch[HELD, i]), abs(scratch[TARGET, i]), scratch[COSTS, i]
        asked += rates[INITIAL, i] * wanted
        required += rates[MAINTENANCE, i] * held
        all_of_target += cost * wanted
        to_sell += cost * held
    for i in range(missing.shape[1] if missing.shape[0] > 0 else 0):
        refused |= missing[row, i] and targets[k, i] != 0.0
    scale, to_edge, impact = 1.0, reason == BAND and edge, at_one.shape[0] > 0
    called, to_leave, traded = required > 1.0 + ROUNDING, to_sell, count - small
    if asked > 1.0 + ROUNDING or small > 0 or to_edge or least > 0.0 or impact or numbers[FIXED] > 0.0:
        scale, all_of_target, to_sell, to_leave, fixed, traded = _adjust(
            rates, at_one, scratch, row, nav, called, to_edge, absolute, relative, least, numbers[FIXED] / nav
        )
    possible = all_of_target < 1.0 and to_leave < 1.0
    outcome = DONE if possible or to_sell >= 1.0 else REFUSED
    if refused or traded == 0:
        outcome = REFUSED if refused else NOTHING
    if outcome == DONE:
        paid = to_sell
        if not possible:  # all is sold, and no NAV is left
            for i in range(count):
                book[UNITS, i] = 0.0
        else:
            paid = cost_of_rebalance(scratch, fixed, impact)
            left = nav * (1.0 - paid)
            for i in range(count):
                if scratch[KEPT, i] == 0.0:
                    book[UNITS, i] = scratch[TARGET, i] * left / prices[row, i]
        trades[ROW, made], trades[REASON, made] = at, reason
        trades[CALLED, made] = called
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = scale, nav, paid
    return outcome


@lean_kernel
def _adjust(
    rates: Floats, at_one: Floats, scratch: Floats, row: int, nav: float, called: bool, to_edge: bool, absolute: float,
    relative: float, least: float, fixed_each: float,
) -> tuple[float, float, float, float, float, int]:  # fmt: skip
    """Adjust targets to requirements, bands and the no-trade zone.

    Returns:
        The factor by which the target was scaled down; the proportional cost of the whole target; the cost of selling
        all that is held, and of selling what is traded of it; the fixed cost of the trade; the number of assets traded.
    """
    scale, impact, held, traded = _scale_down(rates, scratch), at_one.shape[0] > 0, 0, 0
    _fill_in_impact(at_one, nav, scratch, row)
    for i in range(scratch.shape[1]):
        held += abs(scratch[HELD, i]) >= ROUNDING
    to_sell = cost_of(scratch, HELD, impact) + held * fixed_each
    if to_edge:
        for i in range(scratch.shape[1]):
            scratch[WIDTH, i] = band(scratch[TARGET, i], absolute, relative)
        to_the_band(scratch)
        scale *= _scale_down(rates, scratch)
    zone = least if least > ROUNDING and not called and _may_leave_small(rates, least, scratch) else ROUNDING
    for i in range(scratch.shape[1]):
        if abs(scratch[TARGET, i] - scratch[HELD, i]) < zone:
            scratch[KEPT, i], scratch[TARGET, i] = 1.0, scratch[HELD, i]
            scratch[COSTS, i] = scratch[IMPACT, i] = 0.0
    all_of_target = 0.0
    for i in range(scratch.shape[1]):
        all_of_target += scratch[COSTS, i] * abs(scratch[TARGET, i])
        traded += scratch[KEPT, i] == 0.0
    fixed = traded * fixed_each
    return scale, all_of_target, to_sell, cost_of(scratch, HELD, impact) + fixed, fixed, traded


@lean_kernel
def _may_leave_small(rates: Floats, least: float, scratch: Floats) -> bool:
    """Return whether the holdings would then meet the initial requirement; a margin call is answered in full anyway."""
    required = 0.0
    for i in range(scratch.shape[1]):
        held, wanted = abs(scratch[HELD, i]), abs(scratch[TARGET, i])
        small = abs(scratch[TARGET, i] - scratch[HELD, i]) < least
        required += rates[INITIAL, i] * (held if small else wanted)
    return required <= 1.0 + ROUNDING


@lean_kernel
def force(
    prices: Floats, rates: Floats, kinds: Ints, numbers: Floats, by_row: Floats, at_one: Floats, now: Floats,
    counts: Ints, book: Floats, scratch: Floats, trades: Ints, amounts: Floats, row: int, at: int, end: int,
) -> bool:  # fmt: skip
    """Sell a part of all that is held, where NAV is below what it requires."""
    nav, count, made, held, required, restored = now[NAV], book.shape[1], counts[TRADES], 0, 0.0, 0.0
    for i in range(count):
        scratch[HELD, i] = book[UNITS, i] * prices[row, i] / nav
    for i in range(count):
        held += abs(scratch[HELD, i]) >= ROUNDING
        required += rates[MAINTENANCE, i] * abs(scratch[HELD, i])
        restored += rates[RESTORED, i] * abs(scratch[HELD, i])
    called = kinds[MAINTENANCE] != UNUSED and row < end and required > 1.0 + ROUNDING
    if called:
        _costs_of_row(rates, by_row, at_one, nav, scratch, row)
        fixed, impact = held * numbers[FIXED] / nav, at_one.shape[0] > 0
        part = part_to_keep(scratch, fixed, restored, impact)
        for i in range(count):
            scratch[TARGET, i] = scratch[HELD, i] * (1.0 - part) if abs(scratch[HELD, i]) >= ROUNDING else 0.0
        paid = cost_of(scratch, TARGET, impact) + fixed
        for i in range(count):
            book[UNITS, i] *= part if abs(scratch[HELD, i]) >= ROUNDING else 1.0
        trades[ROW, made], trades[REASON, made] = at, MARGIN_CALL
        trades[CALLED, made] = True
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = 1.0, nav, paid
    return called
