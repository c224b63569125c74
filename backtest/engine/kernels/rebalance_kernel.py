"""Trades at a close, compiled: sales of assets without a price, trades to target weights, sales after margin calls."""

from typing import NamedTuple

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
    ROW,
    SCALE,
    TARGET,
    TRADES,
    TRADING,
    UNITS,
    UNUSED,
    WIDTH,
    Orders,
    PeriodArrays,
    State,
    TermArrays,
)
from backtest.engine.kernels.trade_kernel import band_width, cost_of, cost_of_rebalance, move_to_bands, part_to_keep
from backtest.numerics.arrays import Floats
from backtest.numerics.numba_kernels import inlined_kernel, lean_kernel
from backtest.numerics.tolerances import ROUNDING


class Adjustment(NamedTuple):
    """Targets adjusted to requirements, bands and the no-trade zone; costs are fractions of NAV.

    Args:
        scale: the factor by which the target was scaled down.
        all_of_target: proportional cost of the whole target.
        to_sell: cost of selling all holdings.
        to_leave: cost of selling the holdings that are traded.
        fixed: fixed cost of the trade.
        traded: number of assets traded.
    """

    scale: float
    all_of_target: float
    to_sell: float
    to_leave: float
    fixed: float
    traded: int


class Totals(NamedTuple):
    """Totals over the assets of a rebalance, before adjustments.

    Args:
        initial: initial requirement of the target, fraction of NAV.
        maintenance: maintenance requirement of the holdings, fraction of NAV.
        all_of_target: proportional cost of the whole target.
        to_sell: proportional cost of selling all holdings.
        at_target: number of assets that are at their target.
    """

    initial: float
    maintenance: float
    all_of_target: float
    to_sell: float
    at_target: int


@inlined_kernel
def sell_unpriced(periods: PeriodArrays, terms: TermArrays, state: State, row: int, at: int) -> int:
    """Sell holdings that have lost their price at the last price; `REFUSED` if the missing price is unknown."""
    holdings, scratch, nav = state.holdings, state.scratch, state.now[NAV]
    sold, refused = 0, False
    # Find holdings without a price.
    for i in range(holdings.shape[1]):
        held = holdings[UNITS, i] * periods.prices[row, i] / nav
        lost = not periods.priced[row, i] and abs(held) >= ROUNDING
        refused |= lost and periods.missing.shape[0] > 0 and periods.missing[row, i]
        scratch[TARGET, i] = held if lost else 0.0
    for i in range(holdings.shape[1]):
        sold += scratch[TARGET, i] != 0.0
    outcome = REFUSED if refused else NOTHING if sold == 0 else DONE
    # Sell all of them.
    if outcome == DONE:
        _fill_in_costs(terms, scratch, nav, row)
        paid = cost_of(scratch, TARGET, terms.impact.shape[0] > 0) + sold * terms.scalars[FIXED] / nav
        for i in range(holdings.shape[1]):
            holdings[UNITS, i] = holdings[UNITS, i] if scratch[TARGET, i] == 0.0 else 0.0
        _record(state, at, NO_PRICE, 0, 1.0, paid)
    return outcome


@inlined_kernel
def rebalance(
    periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, row: int, at: int, k: int, reason: int
) -> int:
    """Trade to the k-th target weights, fractions of NAV after costs.

    Returns:
        `NOTHING` if every asset is at its target. `REFUSED` if the targets would cost all of NAV, or need a price that
        is unknown.
    """
    scratch, nav, impact = state.scratch, state.now[NAV], terms.impact.shape[0] > 0
    # 1. Current and target weights; requirements and costs of both.
    _lay_out(periods, terms, orders, state, k, row)
    totals = _totals(terms.rates, scratch)
    called = totals.maintenance > 1.0 + ROUNDING
    # 2. Targets are adjusted to the initial margin, the bands and the no-trade zone.
    scale, fixed, traded = 1.0, 0.0, scratch.shape[1] - totals.at_target
    all_of_target, to_sell, to_leave = totals.all_of_target, totals.to_sell, totals.to_sell
    to_edge = reason == BAND and orders.edge
    charged = impact or terms.scalars[FIXED] > 0.0
    if totals.initial > 1.0 + ROUNDING or totals.at_target > 0 or to_edge or orders.least > 0.0 or charged:
        adjusted = _adjust(
            terms.rates, terms.impact, scratch, row, nav, called, to_edge,
            orders.absolute, orders.relative, orders.least, terms.scalars[FIXED] / nav,
        )  # fmt: skip
        scale, fixed, traded = adjusted.scale, adjusted.fixed, adjusted.traded
        all_of_target, to_sell, to_leave = adjusted.all_of_target, adjusted.to_sell, adjusted.to_leave
    # 3. A trade that would cost all of NAV is refused, unless selling everything would too, which is ruin.
    possible = all_of_target < 1.0 and to_leave < 1.0
    outcome = DONE if possible or to_sell >= 1.0 else REFUSED
    if _needs_unknown_price(periods, orders, k, row):
        outcome = REFUSED
    elif traded == 0:
        outcome = NOTHING
    # 4. Units of the target weights, at the NAV left after costs.
    if outcome == DONE:
        paid = to_sell
        if possible:
            paid = cost_of_rebalance(scratch, fixed, impact)
            _set_units(periods, state, row, nav * (1.0 - paid))
        else:  # everything is sold, and no NAV is left
            _sell_all(state)
        _record(state, at, reason, called, scale, paid)
    return outcome


@inlined_kernel
def _lay_out(periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, k: int, row: int) -> None:
    """Fill in a rebalance by asset: the weight held, the target weight and the cost rate."""
    prices, priced, targets = periods.prices, periods.priced, orders.targets
    rates, by_row, own = terms.rates, terms.trading_by_row, terms.trading_by_row.size == 0
    holdings, scratch, nav = state.holdings, state.scratch, state.now[NAV]
    for i in range(holdings.shape[1]):
        has_price = priced.shape[0] == 0 or priced[row, i]
        held, target = holdings[UNITS, i] * prices[row, i] / nav, targets[k, i] if has_price else 0.0
        cost = rates[TRADING, i] if own else by_row[row]
        scratch[HELD, i], scratch[TARGET, i], scratch[COSTS, i], scratch[KEPT, i] = held, target, cost, 0.0


@inlined_kernel
def _totals(rates: Floats, scratch: Floats) -> Totals:
    """Return totals over the assets of a rebalance."""
    initial = maintenance = all_of_target = to_sell = 0.0
    at_target = 0
    for i in range(scratch.shape[1]):
        at_target += abs(scratch[TARGET, i] - scratch[HELD, i]) < ROUNDING
        held, target, cost = abs(scratch[HELD, i]), abs(scratch[TARGET, i]), scratch[COSTS, i]
        initial += rates[INITIAL, i] * target
        maintenance += rates[MAINTENANCE, i] * held
        all_of_target += cost * target
        to_sell += cost * held
    return Totals(initial, maintenance, all_of_target, to_sell, at_target)


@inlined_kernel
def _needs_unknown_price(periods: PeriodArrays, orders: Orders, k: int, row: int) -> bool:
    """Return whether target weights need a price that is unknown."""
    refused = False
    for i in range(periods.missing.shape[1] if periods.missing.shape[0] > 0 else 0):
        refused |= periods.missing[row, i] and orders.targets[k, i] != 0.0
    return refused


@inlined_kernel
def _set_units(periods: PeriodArrays, state: State, row: int, left: float) -> None:
    """Set units to the target weights of the NAV left after costs."""
    for i in range(state.holdings.shape[1]):
        if state.scratch[KEPT, i] == 0.0:
            state.holdings[UNITS, i] = state.scratch[TARGET, i] * left / periods.prices[row, i]


@inlined_kernel
def _sell_all(state: State) -> None:
    """Set all units to zero."""
    for i in range(state.holdings.shape[1]):
        state.holdings[UNITS, i] = 0.0


@lean_kernel
def answer_margin_call(periods: PeriodArrays, terms: TermArrays, state: State, row: int, at: int, end: int) -> bool:
    """Sell the same fraction of every holding if NAV is below the maintenance requirement."""
    rates, holdings, scratch, nav = terms.rates, state.holdings, state.scratch, state.now[NAV]
    count, held, required, restored = holdings.shape[1], 0, 0.0, 0.0
    # Is NAV below the requirement?
    for i in range(count):
        scratch[HELD, i] = holdings[UNITS, i] * periods.prices[row, i] / nav
    for i in range(count):
        held += abs(scratch[HELD, i]) >= ROUNDING
        required += rates[MAINTENANCE, i] * abs(scratch[HELD, i])
        restored += rates[RESTORED, i] * abs(scratch[HELD, i])
    called = terms.usage[MAINTENANCE] != UNUSED and row < end and required > 1.0 + ROUNDING
    # Sell the part that restores it.
    if called:
        _fill_in_costs(terms, scratch, nav, row)
        fixed, impact = held * terms.scalars[FIXED] / nav, terms.impact.shape[0] > 0
        part = part_to_keep(scratch, fixed, restored, impact)
        for i in range(count):
            scratch[TARGET, i] = scratch[HELD, i] * (1.0 - part) if abs(scratch[HELD, i]) >= ROUNDING else 0.0
        paid = cost_of(scratch, TARGET, impact) + fixed
        for i in range(count):
            holdings[UNITS, i] *= part if abs(scratch[HELD, i]) >= ROUNDING else 1.0
        _record(state, at, MARGIN_CALL, 1, 1.0, paid)
    return called


@inlined_kernel
def set_targets(periods: PeriodArrays, terms: TermArrays, orders: Orders, state: State, k: int, row: int) -> None:
    """Set the k-th target weights of assets that have a price, scaled down to the initial requirement."""
    for i in range(orders.targets.shape[1]):
        has_price = periods.priced.shape[0] == 0 or periods.priced[row, i]
        state.scratch[TARGET, i] = orders.targets[k, i] if has_price else 0.0
    if terms.usage[INITIAL] != UNUSED:
        _scale_down(terms.rates, state.scratch)


@inlined_kernel
def _scale_down(rates: Floats, scratch: Floats) -> float:
    """Scale targets down to meet the initial requirement; return the factor."""
    required, scale = 0.0, 1.0
    for i in range(scratch.shape[1]):
        required += rates[INITIAL, i] * abs(scratch[TARGET, i])
    if required > 1.0 + ROUNDING:
        scale = 1.0 / required
        for i in range(scratch.shape[1]):
            scratch[TARGET, i] *= scale
    return scale


@inlined_kernel
def _fill_in_costs(terms: TermArrays, scratch: Floats, nav: float, row: int) -> None:
    """Fill in the rates of all trading costs at a row."""
    for i in range(scratch.shape[1]):
        scratch[COSTS, i] = terms.trading_by_row[row] if terms.trading_by_row.size > 0 else terms.rates[TRADING, i]
        scratch[KEPT, i] = 0.0
    _fill_in_impact(terms.impact, scratch, nav, row)


@inlined_kernel
def _fill_in_impact(impact: Floats, scratch: Floats, nav: float, row: int) -> None:
    """Fill in the square-root impact of trades at a row, if it is charged."""
    for i in range(impact.shape[1]):
        scratch[IMPACT, i] = impact[row, i] * np.sqrt(nav)


@inlined_kernel
def _record(state: State, at: int, reason: int, called: int, scale: float, paid: float) -> None:
    """Record a trade at the NAV before it; its units follow in settlement."""
    made = state.counts[TRADES]
    state.trades[ROW, made], state.trades[REASON, made], state.trades[CALLED, made] = at, reason, called
    state.amounts[SCALE, made], state.amounts[NAV_BEFORE, made], state.amounts[PAID, made] = scale, state.now[NAV], paid


@lean_kernel
def _adjust(
    rates: Floats, impact: Floats, scratch: Floats, row: int, nav: float, called: bool, to_edge: bool, absolute: float,
    relative: float, least: float, fixed_each: float,
) -> Adjustment:  # fmt: skip
    """Adjust targets to requirements, bands and the no-trade zone."""
    held, traded, with_impact = 0, 0, impact.shape[0] > 0
    # Initial margin.
    scale = _scale_down(rates, scratch)
    # Cost of selling all holdings.
    _fill_in_impact(impact, scratch, nav, row)
    for i in range(scratch.shape[1]):
        held += abs(scratch[HELD, i]) >= ROUNDING
    to_sell = cost_of(scratch, HELD, with_impact) + held * fixed_each
    # Edge of the bands, which may need more margin than the target.
    if to_edge:
        for i in range(scratch.shape[1]):
            scratch[WIDTH, i] = band_width(scratch[TARGET, i], absolute, relative)
        move_to_bands(scratch)
        scale *= _scale_down(rates, scratch)
    # No-trade zone.
    zone = least if least > ROUNDING and not called and _may_leave_small(rates, scratch, least) else ROUNDING
    for i in range(scratch.shape[1]):
        if abs(scratch[TARGET, i] - scratch[HELD, i]) < zone:
            scratch[KEPT, i], scratch[TARGET, i] = 1.0, scratch[HELD, i]
            scratch[COSTS, i] = scratch[IMPACT, i] = 0.0
    # Costs of what is left to trade.
    all_of_target = 0.0
    for i in range(scratch.shape[1]):
        all_of_target += scratch[COSTS, i] * abs(scratch[TARGET, i])
        traded += scratch[KEPT, i] == 0.0
    fixed = traded * fixed_each
    return Adjustment(scale, all_of_target, to_sell, cost_of(scratch, HELD, with_impact) + fixed, fixed, traded)


@lean_kernel
def _may_leave_small(rates: Floats, scratch: Floats, least: float) -> bool:
    """Return whether holdings would meet the initial requirement if trades below `least` were not made."""
    required = 0.0
    for i in range(scratch.shape[1]):
        held, target = abs(scratch[HELD, i]), abs(scratch[TARGET, i])
        small = abs(scratch[TARGET, i] - scratch[HELD, i]) < least
        required += rates[INITIAL, i] * (held if small else target)
    return required <= 1.0 + ROUNDING
