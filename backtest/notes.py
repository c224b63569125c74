"""What a reader has to be told of a run besides its numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.engine.financing import Futures, Margin
from backtest.engine.ledger import SimulationResult
from backtest.engine.terms import Terms
from backtest.idle import idle_settings
from backtest.plan import Decided

Array = NDArray[np.float64]

_DUST = 1e-12  # of NAV: what is held of less is rounding


def run_notes(decided: Decided, path: SimulationResult) -> list[str]:
    """The notes of a run: assets that come and go, ruin, margin, and what costs nothing as it was not set.

    Args:
        decided: the plan of the run and its decisions.
        path: what became of them by the terms of the plan.
    """
    data, terms = decided.plan.data, decided.plan.terms
    notes = []
    dates = data.dates[path.start :]
    joins = np.diff(decided.decisions.holdable.astype(int), axis=0) > 0
    for k, i in np.argwhere(joins):
        date = data.dates[decided.rows[k + 1]]
        notes.append(f"{data.assets[i]} joins on {date:%Y-%m-%d}, when its window is full")
    for at, i in path.unpriced_sales:
        notes.append(f"{data.assets[i]} has no price on {dates[at]:%Y-%m-%d}: turned into cash at its last price")
    if path.shortfall > 0:
        notes.append(_ruin(path, dates, terms))
    strategy = decided.plan.config.strategy
    if decided.plan.config.leverage is not None and "target_volatility" in type(strategy.model).model_fields:
        notes.append(
            f"{strategy.name} levers itself to its target_volatility, and leverage: multiplies what it asks for"
        )
    notes += _margin_notes(path, dates, terms)
    notes += _financing_notes(decided, path)
    notes += idle_settings(decided, path)
    if len(path.trades) > 0 and not path.trading.any() and terms.trades_are_free:
        notes.append("trades are free: no costs.trading_bps is set")
    return notes


def _ruin(path: SimulationResult, dates: pd.DatetimeIndex, terms: Terms) -> str:
    """How the run ended, and at whose expense."""
    what = "the lender lost {} of the first NAV besides"
    if not _owes(_held(path, terms)[-2:-1], terms):
        what = "costs exceeded what was left by {} of the first NAV"
    return (
        f"all capital was lost on {dates[len(path.nav) - 1]:%Y-%m-%d}, where the run ends; "
        f"{what.format(f'{path.shortfall:.4f}')}"
    )


def _held(path: SimulationResult, terms: Terms) -> Array:
    """(P, n) what the account holds after each close, fractions of NAV: of funds their shares."""
    return path.weights if terms.fund is None else path.weights / terms.fund.leverage


def _owes(held: Array, terms: Terms) -> bool:
    """Whether anybody lends to an account that holds this over a period."""
    if terms.futures:
        return bool((abs(held) > _DUST).any())
    return bool((held < -_DUST).any() or np.maximum(held, 0.0).sum() > 1 + _DUST)


def _margin_notes(path: SimulationResult, dates: pd.DatetimeIndex, terms: Terms) -> list[str]:
    """Margin calls, and targets that the initial margin did not allow."""
    notes, called, scaled = [], path.trade_rows[path.called], path.trade_rows[path.trade_scales < 1]
    if len(called) > 0:
        forced = int(sum(reason == "margin_call" for reason in path.trade_reasons))
        by_trades = len(called) - forced
        how = "answered by forced sales" if by_trades == 0 else "answered by the trades of these dates"
        if forced and by_trades:
            how = f"{forced} answered by forced sales, {by_trades} by the trades of these dates"
        notes.append(f"{_times(len(called), 'margin call')}, first on {dates[called[0]]:%Y-%m-%d}, {how}")
    if len(scaled) > 0:
        what = "a fund of that leverage gives" if terms.fund else "the initial margin allows"
        notes.append(
            f"{_times(len(scaled), 'target')} scaled down to what {what}, first on {dates[scaled[0]]:%Y-%m-%d} "
            f"(to {path.trade_scales[path.trade_scales < 1].min():.0%} of it at the least)"
        )
    if path.loan.any() and terms.maintenance_margin is None and terms.fund is None:
        what = "futures are" if terms.futures else "the loan is"
        notes.append(f"{what} never called: no financing.maintenance_margin is set")
    return notes


def _financing_notes(decided: Decided, path: SimulationResult) -> list[str]:
    """What of the financing is free, or at its limit, because nothing is set."""
    data, terms, financing = decided.plan.data, decided.plan.terms, decided.plan.config.financing
    notes, held = [], _held(path, terms)
    if isinstance(financing, Margin | Futures) and financing.initial_margin is None and financing.maintenance_margin:
        notes.append("no financing.initial_margin is set: targets go to the very limit of the maintenance margin")
    if path.loan.any() and not path.spread_cost.any():
        who, setting = "loans", "spread_bps"
        if terms.futures:
            who, setting = "futures", "basis_bps"
        elif terms.fund:
            who, setting = "funds", "swap_spread_bps"
        notes.append(f"{who} pay the cash return alone: no financing.{setting} is set")
    elif terms.futures and terms.basis is not None:
        free = _named(data.assets, (abs(held) > _DUST).any(axis=0) & (terms.basis == 0))
        if free:
            names, pay, them = free
            notes.append(f"{names} {pay} no basis over the cash return: financing.basis_bps has none for {them}")
    if not terms.futures:
        fees = np.zeros(len(data.assets)) if terms.borrow_fee is None else terms.borrow_fee
        free = _named(data.assets, (held < -_DUST).any(axis=0) & (fees == 0))
        if free and not fees.any():
            notes.append("shorts are borrowed free: no financing.borrow_fee_bps is set")
        elif free:
            names, _, them = free
            notes.append(f"shorts of {names} are borrowed free: financing.borrow_fee_bps has none for {them}")
    return notes


def _named(assets: Sequence[str], which: NDArray[np.bool_]) -> tuple[str, str, str] | None:
    """Some of the assets, and the verb and the pronoun that go with them."""
    names = [name for name, one in zip(assets, which, strict=True) if one]
    return (
        (", ".join(names), "pays" if len(names) == 1 else "pay", "it" if len(names) == 1 else "them") if names else None
    )


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
