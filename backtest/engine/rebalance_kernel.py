"""Trades at a close, compiled: to target weights, for want of a price, or to answer a margin call."""

import numpy as np

from backtest.compilation import inlined_kernel, lean_kernel
from backtest.engine.account import (
    BAND,
    CALLED,
    COSTS,
    DECIDED,
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
    PAID,
    REASON,
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
    Array,
    Booleans,
    Integers,
)
from backtest.engine.trade_kernel import band, cost_of, cost_of_rebalance, part_to_keep, to_the_band


@inlined_kernel
def want(
    priced: Booleans, rates: Array, kinds: Integers, targets: Array, k: int, scratch: Array, row: int
) -> float:  # fmt: skip
    """What is wanted of the assets that have a price, scaled down to meet the initial requirement; the scale."""
    for i in range(targets.shape[1]):
        scratch[TARGET, i] = targets[k, i] if priced.shape[0] == 0 or priced[row, i] else 0.0
    return _scale_down(rates, scratch) if kinds[INITIAL] != UNUSED else 1.0


@inlined_kernel
def _scale_down(rates: Array, scratch: Array) -> float:
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
def trade(
    prices: Array, priced: Booleans, rates: Array, numbers: Array, by_row: Array, at_one: Array, targets: Array,
    now: Array, counts: Integers, book: Array, scratch: Array, trades: Integers, amounts: Array,
    row: int, at: int, k: int, reason: int, edge: bool, absolute: float, relative: float, least: float,
) -> bool:  # fmt: skip
    """Trade to target weights of the NAV after costs; or not, where these weights would cost all of NAV."""
    nav, count, made, own = now[NAV], book.shape[1], counts[TRADES], by_row.size == 0
    asked = required = all_of_target = to_sell = fixed = 0.0
    lost = False
    for i in range(count):
        held, there = book[UNITS, i] * prices[row, i] / nav, priced.shape[0] == 0 or priced[row, i]
        wanted = targets[k, i] if there else 0.0
        lost |= held != 0.0 and not there
        cost = rates[TRADING, i] if own else by_row[row]
        scratch[HELD, i], scratch[TARGET, i], scratch[COSTS, i], scratch[KEPT, i] = held, wanted, cost, 0.0
    for i in range(count):
        held, wanted, cost = abs(scratch[HELD, i]), abs(scratch[TARGET, i]), scratch[COSTS, i]
        asked += rates[INITIAL, i] * wanted
        required += rates[MAINTENANCE, i] * held
        all_of_target += cost * wanted
        to_sell += cost * held
    scale, to_edge, impact = 1.0, reason == BAND and edge, at_one.shape[0] > 0
    called, to_leave = required > 1.0 + ROUNDING, to_sell
    if asked > 1.0 + ROUNDING or lost or to_edge or least > 0.0 or impact or numbers[FIXED] > 0.0:
        scale, called, all_of_target, to_sell, to_leave, fixed = _adjust(
            priced, rates, at_one, scratch, row, nav, to_edge, absolute, relative, least, numbers[FIXED] / nav
        )
    possible = to_sell >= 1.0 or (all_of_target < 1.0 and to_leave < 1.0)
    if possible:
        paid = to_sell
        if paid >= 1.0:  # no NAV is left to hold anything
            for i in range(count):
                book[UNITS, i] = 0.0
        else:
            paid = cost_of_rebalance(scratch, fixed, impact)
            left = nav * (1.0 - paid)
            for i in range(count):
                if scratch[KEPT, i] == 0.0:
                    book[UNITS, i] = scratch[TARGET, i] * left / prices[row, i]
        trades[ROW, made], trades[REASON, made] = at, reason
        trades[CALLED, made], trades[DECIDED, made] = called, k
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = scale, nav, paid
    return possible


@lean_kernel
def _adjust(
    priced: Booleans, rates: Array, at_one: Array, scratch: Array, row: int, nav: float, to_edge: bool,
    absolute: float, relative: float, least: float, fixed_each: float,
) -> tuple[float, bool, float, float, float, float]:  # fmt: skip
    """What is wanted, within requirements, bands and the no-trade zone, and what that costs.

    Returns:
        By what the target was scaled down; whether there is a margin call; the proportional cost of all of the target;
        the cost of selling all that is held, and what is traded of it; what is fixed of the trade.
    """
    scale, impact = _scale_down(rates, scratch), at_one.shape[0] > 0
    _fill_in_impact(at_one, nav, scratch, row)
    to_sell, called = _sale(priced, rates, scratch, row, fixed_each, impact)
    if to_edge:
        for i in range(scratch.shape[1]):
            there = priced.shape[0] == 0 or priced[row, i]
            scratch[WIDTH, i] = band(scratch[TARGET, i], absolute, relative) if there else 0.0
        to_the_band(scratch)
        scale *= _scale_down(rates, scratch)
    if least > 0.0 and not called and _may_leave_small(priced, rates, least, scratch, row):
        _leave_small(priced, least, scratch, row)
    fixed = all_of_target = 0.0
    for i in range(scratch.shape[1]):
        all_of_target += scratch[COSTS, i] * abs(scratch[TARGET, i])
        traded = (scratch[HELD, i] != 0.0 or scratch[TARGET, i] != 0.0) and scratch[KEPT, i] == 0.0
        fixed += fixed_each if traded else 0.0
    return scale, called, all_of_target, to_sell, cost_of(scratch, HELD, impact) + fixed, fixed


@lean_kernel
def _sale(
    priced: Booleans, rates: Array, scratch: Array, row: int, fixed_each: float, impact: bool
) -> tuple[float, bool]:  # fmt: skip
    """What it costs to sell all that is held; and whether there is a margin call.

    What has no price is sold first, and NAV after that has to be what the rest requires.
    """
    paid, lost, required = cost_of(scratch, HELD, impact), 0.0, 0.0
    for i in range(scratch.shape[1]):
        size = abs(scratch[HELD, i])
        if size > 0.0:
            paid += fixed_each
        if priced.shape[0] == 0 or priced[row, i]:
            required += rates[MAINTENANCE, i] * size
        elif size > 0.0:
            lost += scratch[COSTS, i] * size + fixed_each
            if impact:
                lost += scratch[IMPACT, i] * size * np.sqrt(size)
    return paid, 0.0 < 1.0 - lost < required - ROUNDING


@lean_kernel
def _may_leave_small(priced: Booleans, rates: Array, least: float, scratch: Array, row: int) -> bool:
    """Whether what would then be held meets the initial requirement; a margin call is answered in full anyway."""
    required = 0.0
    for i in range(scratch.shape[1]):
        held, wanted = abs(scratch[HELD, i]), abs(scratch[TARGET, i])
        small = abs(scratch[TARGET, i] - scratch[HELD, i]) < least and (priced.shape[0] == 0 or priced[row, i])
        required += rates[INITIAL, i] * (held if small else wanted)
    return required <= 1.0 + ROUNDING


@lean_kernel
def _leave_small(priced: Booleans, least: float, scratch: Array, row: int) -> None:
    """Keep, at no cost, what would be traded by less than the least."""
    for i in range(scratch.shape[1]):
        small = abs(scratch[TARGET, i] - scratch[HELD, i]) < least
        if small and (priced.shape[0] == 0 or priced[row, i]):
            scratch[KEPT, i], scratch[TARGET, i] = 1.0, scratch[HELD, i]
            scratch[COSTS, i] = scratch[IMPACT, i] = 0.0


@inlined_kernel
def _fill_in_impact(at_one: Array, nav: float, scratch: Array, row: int) -> None:
    """The square-root impact of a row's trades, where there is any."""
    for i in range(at_one.shape[1]):
        scratch[IMPACT, i] = at_one[row, i] * np.sqrt(nav)


@inlined_kernel
def _costs_of_row(rates: Array, by_row: Array, at_one: Array, nav: float, scratch: Array, row: int) -> None:
    """Fill in what a row's trades cost, of everything."""
    for i in range(rates.shape[1]):
        scratch[COSTS, i] = by_row[row] if by_row.size > 0 else rates[TRADING, i]
        scratch[KEPT, i] = 0.0
    _fill_in_impact(at_one, nav, scratch, row)


@lean_kernel
def force(
    prices: Array, priced: Booleans, rates: Array, kinds: Integers, numbers: Array, by_row: Array, at_one: Array,
    now: Array, counts: Integers, book: Array, scratch: Array, trades: Integers, amounts: Array, row: int, at: int,
    end: int,
) -> bool:  # fmt: skip
    """Sell what has no price at its last one; then, where NAV is below what the rest requires, a part of all of it."""
    nav, count, made = now[NAV], book.shape[1], counts[TRADES]
    fixed = fixed_lost = required = restored = 0.0
    unpriced = False
    for i in range(count):
        held = book[UNITS, i] * prices[row, i] / nav
        there = priced.shape[0] == 0 or priced[row, i]
        lost = not there and held != 0.0
        scratch[HELD, i], scratch[TARGET, i] = (0.0, held) if lost else (held, 0.0)  # what is kept, and what is sold
        unpriced |= lost
    for i in range(count):
        fixed_lost += numbers[FIXED] / nav if scratch[TARGET, i] != 0.0 else 0.0
        fixed += numbers[FIXED] / nav if scratch[HELD, i] != 0.0 else 0.0
        required += rates[MAINTENANCE, i] * abs(scratch[HELD, i])
        restored += rates[RESTORED, i] * abs(scratch[HELD, i])
    called = kinds[MAINTENANCE] != UNUSED and row < end
    forced = unpriced or (called and required > 1.0 + ROUNDING)
    if forced:
        _costs_of_row(rates, by_row, at_one, nav, scratch, row)
        impact, part = at_one.shape[0] > 0, 1.0
        paid = cost_of(scratch, TARGET, impact) + fixed_lost
        called = called and 0.0 < 1.0 - paid < required - ROUNDING
        if called:
            part = part_to_keep(scratch, fixed + paid, restored, impact)
            for i in range(count):
                scratch[TARGET, i] = scratch[HELD, i] * (1.0 - part)
            paid += cost_of(scratch, TARGET, impact) + fixed
        for i in range(count):
            book[UNITS, i] *= part if priced.shape[0] == 0 or priced[row, i] else 0.0
        trades[ROW, made], trades[REASON, made] = at, MARGIN_CALL if called else NO_PRICE
        trades[CALLED, made], trades[DECIDED, made] = called, -1
        amounts[SCALE, made], amounts[NAV_BEFORE, made], amounts[PAID, made] = 1.0, nav, paid
    return forced
