"""Notes on a run, listed next to its numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from backtest.config import RunConfig
from backtest.config.plausible_ranges import improbable
from backtest.data.market_data import MarketData
from backtest.data.sources.address import public
from backtest.engine.ledger import Ledger
from backtest.engine.settings.financing import Futures, Margin
from backtest.engine.terms import Terms
from backtest.errors import InsufficientHistory
from backtest.estimation.estimation_settings import shipped_estimators
from backtest.estimation.estimator import lengths
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import ROUNDING
from backtest.own_code import hashes_of, is_own
from backtest.runs.idle_settings import idle_on, idle_settings
from backtest.runs.plan import Decided, Plan
from backtest.strategy.decisions import answer
from backtest.strategy.discovery import shipped_strategies
from backtest.strategy.sleeves import Sleeve, sleeves_of

_BINDS = 1e-6  # relative to a limit: solvers are not more precise
_MOST_GROSS = 20.0  # multiple of NAV; larger weights were probably written in percent
_CALM = 0.005  # fraction of the highest volatility; bills have about 0.02 of the volatility of stocks
_NEARLY_ALL = 0.9  # fraction of gross exposure


def run_notes(decided: Decided, path: Ledger) -> list[str]:
    """Notes on a run: assets that come and go, ruin, limits that bind, and settings without effect.

    Args:
        decided: the plan of the run and its decisions.
        path: the simulation of the decisions under the terms of the plan.
    """
    data, terms = decided.plan.data, decided.plan.terms
    dates = data.dates[path.start :]
    notes = _late_start(decided.plan, pd.Timestamp(dates[0]))
    joins = np.diff(decided.decisions.holdable.astype(int), axis=0) > 0
    for k, i in np.argwhere(joins):
        date = data.dates[decided.rows[k + 1]]
        notes.append(f"{data.assets[i]} joins on {date:%Y-%m-%d}, when its window is full")
    for at, i in path.unpriced_sales:
        notes.append(f"{data.assets[i]} has no price on {dates[at]:%Y-%m-%d}: turned into cash at its last price")
    if path.shortfall > 0:
        notes.append(_ruin(path, dates, terms))
    notes += scaled_twice(decided.plan.config)
    if not np.nan_to_num(path.targets).any():
        notes.append("nothing is ever held: all target weights are zero, and all of NAV is in cash")
    notes += _shadowing(decided.plan.config)
    notes += _own_dates(decided.plan)
    notes += _margin_notes(path, dates, terms)
    notes += _binding_notes(decided, path)
    notes += _calm_notes(decided, path)
    notes += _financing_notes(decided, path)
    notes += idle_settings(decided, path)
    if len(path.trades) > 0 and not path.trading.any() and terms.trading.free:
        notes.append("trades are free: no costs.trading_bps is set")
    return notes


def scaled_twice(part: RunConfig | Sleeve, of: str = "") -> list[str]:
    """Return a note on a strategy with a target volatility of its own whose weights are scaled again.

    Args:
        part: a run or a sleeve.
        of: the name of the sleeve in the note, with a colon and a blank.
    """
    if part.leverage is None or "target_volatility" not in type(part.strategy.model).model_fields:
        return []
    name = part.strategy.name
    return [f"{of}{name} is scaled to its own target_volatility, and leverage: multiplies its weights again"]


def _shadowing(config: RunConfig) -> list[str]:
    """Return a note for the file of each class of the user that has the name of a shipped one."""
    parts: list[RunConfig | Sleeve] = [config, *(sleeve for _, sleeve in sleeves_of(config.strategy.model))]
    chosen: dict[type, tuple[str, str, Collection[str]]] = {}
    for part in parts:
        chosen[type(part.strategy.model)] = "strategy", part.strategy.name, shipped_strategies()
        if part.estimation is not None:
            chosen[type(part.estimation)] = "estimator", part.estimation.covariance, shipped_estimators()
    return [
        f"{noun} {name} is {public(next(iter(hashes_of(own))))}, not the shipped one"
        for own, (noun, name, shipped) in chosen.items()
        if is_own(own) and name in shipped
    ]


def _own_dates(plan: Plan) -> list[str]:
    """Notes on dates of given weights that are not dates of the data."""
    given, dates = plan.config.strategy.model.decision_dates(), plan.data.dates
    if given is None:
        return []
    notes, first, last = [], dates[0], dates[-1]
    between = given[(given > first) & (given < last) & ~given.isin(dates)]
    if not between.empty:
        then = dates[int(dates.searchsorted(between[0]))]
        notes.append(
            f"{len(between)} of {len(given)} dates of given weights are not dates of the data; such weights count from "
            f"the next one: {between[0]:%Y-%m-%d} from {then:%Y-%m-%d}"
        )
    for outside, where in (
        (given < first, f"before the data, which begins on {first:%Y-%m-%d}"),
        (given > last, f"after the data, which ends on {last:%Y-%m-%d}"),
    ):
        if outside.any():
            notes.append(f"{outside.sum()} of {len(given)} dates of given weights are {where}")
    return notes


def _late_start(plan: Plan, begins: pd.Timestamp) -> list[str]:
    """Note on a run that begins later than its configured start: the series or windows that are the reason."""
    start, dates = plan.config.start, plan.data.dates
    if start is None:
        return []
    reasons = []
    if dates[0] > pd.Timestamp(start):
        latest = max(plan.data.origins, key=lambda origin: origin.first, default=None)
        reasons.append(f"{'the data' if latest is None else latest.name} begins on {dates[0]:%Y-%m-%d}")
    asked = int(dates.searchsorted(pd.Timestamp(start)))
    if plan.first > 0 and asked < plan.first_row and dates[plan.first_row] == begins:
        windows = [
            f"estimation.{name} of {given}"
            for name, (given, rows) in lengths(plan.config.estimation).items()
            if rows > 1
        ]
        reasons.append(f"windows such as {' and '.join(windows)} have to be filled first")
    elif begins > dates[asked]:
        latest_benchmarks = [each.config.name for each in plan.benchmarks if each.first_trade == begins]
        reasons += [f"its benchmark, {name}, begins then" for name in latest_benchmarks[:1]]
    why = f": {', and '.join(reasons)}"
    return [f"start is {start}, but the run begins on {begins:%Y-%m-%d}{why}"] if reasons else []


def settings_notes(plan: Plan) -> list[str]:
    """Notes on settings that are probably mistakes, as far as they follow from settings and data alone."""
    return [*idle_on(plan.config, plan.data), *improbable(plan.config.resolved())]


def _ruin(path: Ledger, dates: pd.DatetimeIndex, terms: Terms) -> str:
    """Note on the end of a ruined run, and on who bears the loss."""
    what = "in addition the lender lost {} of the first NAV"
    if not _owes(_holdings(path, terms)[-2:-1], terms):
        what = "costs exceeded what was left by {} of the first NAV"
    return (
        f"all capital was lost on {dates[len(path.nav) - 1]:%Y-%m-%d}, where the run ends; "
        f"{what.format(f'{path.shortfall:.4f}')}"
    )


def _holdings(path: Ledger, terms: Terms) -> Floats:
    """Return (P, n) holdings after each close, fractions of NAV; with leveraged funds, of the funds' shares."""
    return path.weights if terms.fund is None else path.weights / terms.fund.leverage


def _owes(held: Floats, terms: Terms) -> bool:
    """Return whether holdings over a period need borrowed cash or assets."""
    if terms.futures:
        return bool((abs(held) > ROUNDING).any())
    return bool((held < -ROUNDING).any() or np.maximum(held, 0.0).sum() > 1 + ROUNDING)


def _margin_notes(path: Ledger, dates: pd.DatetimeIndex, terms: Terms) -> list[str]:
    """Notes on margin calls, and on targets reduced by the initial margin."""
    notes, called, scaled = [], path.trade_rows[path.called], path.trade_rows[path.trade_scales < 1]
    if len(called) > 0:
        forced = int(sum(reason == "margin_call" for reason in path.trade_reasons))
        by_trades = len(called) - forced
        how = "answered by forced sales" if by_trades == 0 else "answered by the trades of these dates"
        if forced and by_trades:
            how = f"{forced} answered by forced sales, {by_trades} by the trades of these dates"
        notes.append(f"{_times(len(called), 'margin call')}, first on {dates[called[0]]:%Y-%m-%d}, {how}")
    if len(scaled) > 0:
        what = "a fund of that leverage provides" if terms.fund else "the initial margin allows"
        traded_to = sum(reason in {"rebalance", "band"} for reason in path.trade_reasons)
        notes.append(
            f"{len(scaled)} of {_times(traded_to, 'target')} scaled down to what {what}, "
            f"first on {dates[scaled[0]]:%Y-%m-%d} "
            f"(to {path.trade_scales[path.trade_scales < 1].min():.0%} of it at the least)"
        )
    if path.loan.any() and terms.margin.maintenance is None and terms.fund is None:
        what = "futures are" if terms.futures else "the loan is"
        notes.append(f"{what} never called: no financing.maintenance_margin is set")
    return notes


def _binding_notes(decided: Decided, path: Ledger) -> list[str]:
    """Notes on how many target weights are set by a cap, a floor, or a bound on weights."""
    config, made = decided.plan.config, np.isfinite(path.targets).all(axis=1)
    targets = path.targets[made]
    gross, of = abs(targets).sum(axis=1), f"of {_times(len(targets), 'date')}"
    notes = limits_of("leverage", config.leverage, gross, of)
    if config.leverage is None:
        notes += limits_of("strategy", config.strategy.model, gross, of)
    elif (
        getattr(config.leverage, "max_gross_exposure", None) is None
    ):  # otherwise targets may be at the cap of that section
        before = gross / decided.decisions.multiples[made]
        notes += limits_of("strategy", config.strategy.model, before, of)
    if (gross > _MOST_GROSS).any():
        notes.append(
            f"the sizes of target weights add up to more than {_MOST_GROSS:g} times NAV on "
            f"{(gross > _MOST_GROSS).sum()} {of}; a weight is a fraction of NAV, so that 0.6 means 60 %"
        )
    shares = targets / np.where(gross > 0, gross, np.nan)[:, None]  # bounds are on weights that add up to 1
    holdable = decided.decisions.holdable[made]
    return [*notes, *bounds_of("strategy", config.strategy.model, shares, holdable, decided.plan.data)]


def bounds_of(section: str, settings: object, shares: Floats, holdable: Bools, data: MarketData) -> list[str]:
    """Notes on the bounds on weights in one section.

    Args:
        section: name of the section.
        settings: its settings.
        shares: (m, n) weights that add up to 1.
        holdable: (m, n) True where an asset could be held.
        data: market data of the run.
    """
    notes = []
    for setting in ("max_weight", "min_weight"):
        bound = getattr(settings, setting, None)
        if isinstance(bound, int | float | Mapping):
            at = _at_bounds(shares, holdable, bound, data, setting)
            names = ", ".join(f"{name} ({rows.sum()})" for name, rows in at.items() if rows.any())
            if names:
                dates = f"{np.any([*at.values()], axis=0).sum()} of {_times(len(shares), 'date')}"
                notes.append(f"{section}.{setting} binds on {dates}: {names}")
    return notes


def limits_of(section: str, settings: object, gross: Floats, of: str) -> list[str]:
    """Notes on the cap and the floor of gross exposure in one section."""
    notes = []
    for what, setting in (("cap", "max_gross_exposure"), ("floor", "min_gross_exposure")):
        limit = getattr(settings, setting, None)
        if isinstance(limit, int | float):
            at = gross >= limit * (1 - _BINDS) if what == "cap" else (gross > 0) & (gross <= limit * (1 + _BINDS))
            if at.any():
                notes.append(f"the {what} on gross exposure binds on {at.sum()} {of} ({section}.{setting}: {limit:g})")
    return notes


def _at_bounds(
    shares: Floats, holdable: Bools, bound: float | Mapping[str, float], data: MarketData, setting: str
) -> dict[str, Bools]:
    """Return the decisions at which each asset or class is at its bound; a lower 0 and an upper 1 never bind."""
    at_bounds, above = {}, setting == "max_weight"
    for name in bound if isinstance(bound, Mapping) else data.assets:
        limit = bound[name] if isinstance(bound, Mapping) else bound
        own = [i for i, asset in enumerate(data.assets) if name in (asset, data.classes.get(asset))]
        weights = shares[:, own].sum(axis=1)
        at = weights >= limit - _BINDS if above else weights <= limit + _BINDS
        if limit != float(above):
            at_bounds[name] = at & holdable[:, own].any(axis=1)
    return at_bounds


def _calm_notes(decided: Decided, path: Ledger) -> list[str]:
    """Note on weights by risk that are nearly all in assets with hardly any volatility, such as a bank deposit."""
    data, volatilities = decided.plan.data, decided.decisions.risk.asset_volatilities
    known = np.isfinite(path.targets).all(axis=1) & np.isfinite(volatilities).any(axis=1)
    sizes, volatilities = abs(path.targets[known]), np.nan_to_num(volatilities[known])
    highest = volatilities.max(axis=1, initial=0.0, keepdims=True)
    calm = (volatilities < _CALM * highest) & (sizes > 0)
    gross, in_calm = sizes.sum(axis=1), np.where(calm, sizes, 0.0).sum(axis=1)
    nearly_all = (gross > 0) & (in_calm > _NEARLY_ALL * gross)
    if not nearly_all.any() or not _weights_depend_on_covariance(decided):
        return []
    k = int(np.flatnonzero(nearly_all)[-1])
    annual = np.sqrt(data.periods_per_year)
    names = ", ".join(
        f"{data.assets[i]} (volatility {100 * annual * volatilities[k, i]:.2g} % a year, "
        f"{100 * volatilities[k, i] / highest[k, 0]:.2g} % of the highest)"
        for i in np.flatnonzero(calm[k])
    )
    dates = f"on {nearly_all.sum()} of {_times(len(sizes), 'date')}"
    where = f"more than {100 * _NEARLY_ALL:.0f} % of the target weights are in assets that hardly move"
    return [f"{dates} {where}: {names}; weights by risk go to such assets almost entirely. Hint: leave them out"]


def _weights_depend_on_covariance(decided: Decided) -> bool:
    """Return whether the strategy cannot decide without a covariance."""
    decisions = decided.decisions
    batch, at = decisions.agenda.at(decisions.first)
    without = replace(batch, covariances=np.full_like(batch.covariances, np.nan))
    try:
        answer(decisions.strategy, without, at, np.zeros(len(decided.plan.data.assets)))
    except InsufficientHistory:
        return True
    return False


def _financing_notes(decided: Decided, path: Ledger) -> list[str]:
    """Notes on financing that is free, or at its limit, because a setting is missing."""
    data, terms, financing = decided.plan.data, decided.plan.terms, decided.plan.config.financing
    notes, held = [], _holdings(path, terms)
    if isinstance(financing, Margin | Futures) and financing.initial_margin is None and financing.maintenance_margin:
        notes.append("no financing.initial_margin is set: targets may use all of the maintenance margin")
    if path.loan.any() and not path.spread_cost.any():
        who, setting = "loans", "spread_bps"
        if terms.futures:
            who, setting = "futures", "basis_bps"
        elif terms.fund:
            who, setting = "funds", "swap_spread_bps"
        notes.append(f"{who} pay the cash return alone: no financing.{setting} is set")
    elif terms.futures:
        free = _in_words(data.assets, (abs(held) > ROUNDING).any(axis=0) & (terms.futures.basis == 0))
        if free:
            names, pay, them = free
            notes.append(f"{names} {pay} no basis over the cash return: financing.basis_bps has none for {them}")
    if not terms.futures:
        fees = np.zeros(len(data.assets)) if terms.borrow_fee is None else terms.borrow_fee
        free = _in_words(data.assets, (held < -ROUNDING).any(axis=0) & (fees == 0))
        if free and not fees.any():
            notes.append("shorts are borrowed free: no financing.borrow_fee_bps is set")
        elif free:
            names, _, them = free
            notes.append(f"shorts of {names} are borrowed free: financing.borrow_fee_bps has none for {them}")
    return notes


def _in_words(assets: Sequence[str], chosen_assets: Bools) -> tuple[str, str, str] | None:
    """Return the chosen assets in words, with the verb and the pronoun that agree with them; None for no asset."""
    names = [name for name, chosen in zip(assets, chosen_assets, strict=True) if chosen]
    return (
        (", ".join(names), "pays" if len(names) == 1 else "pay", "it" if len(names) == 1 else "them") if names else None
    )


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
