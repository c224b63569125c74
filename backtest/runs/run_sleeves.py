"""Sleeves of a blend in a run: their target weights, and notes on their settings."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.runs.notes import bounds_of, limits_of, scaled_twice
from backtest.runs.plan import Decided
from backtest.strategy.sleeves import Blended, Sleeve, ask_sleeves, sleeves_of
from backtest.strategy.view import MarketViews


@one_blas_thread()
def sleeve_targets(decided: Decided) -> pd.DataFrame | None:
    """Return the target weights of each sleeve, scaled as the target weights of the run; None if it is no blend.

    Returns:
        (m, k × n) fractions of NAV by rebalance date, with columns of sleeve and asset. Their sums over the sleeves are
        the target weights.
    """
    strategy, decisions = decided.plan.config.strategy.model, decided.decisions
    if not isinstance(strategy, Blended):
        return None
    names, data = list(strategy.sleeves), decided.plan.data
    parts = _of_all_dates(decided, strategy.sleeve_weights, len(names))
    before, after = (np.abs(weights).sum(axis=1) for weights in (parts.sum(axis=0), decisions.targets))
    multiples = after / np.where(before > 0, before, np.inf)
    weights = (multiples[:, None] * parts).transpose(1, 0, 2).reshape(len(decided.rows), -1)
    columns = pd.MultiIndex.from_product([names, data.assets], names=["sleeve", "asset"])
    return pd.DataFrame(weights, index=data.dates[list(decided.rows)], columns=columns)


@one_blas_thread()
def sleeve_notes(decided: Decided, targets: pd.DataFrame | None) -> list[str]:
    """Notes on settings of sleeves that bind, or that scale weights twice.

    Args:
        decided: the plan of the run and its decisions.
        targets: result of `sleeve_targets`.
    """
    strategy = decided.plan.config.strategy.model
    notes = [note for at, sleeve in sleeves_of(strategy) for note in scaled_twice(sleeve, f"{at}: ")]
    if targets is None or not isinstance(strategy, Blended):
        return notes
    caps = {f"strategy.sleeves.{name}": _section_with_a_cap(sleeve) for name, sleeve in strategy.sleeves.items()}
    if any(caps.values()):
        alone = _of_all_dates(decided, partial(ask_sleeves, strategy.sleeves), len(caps))
        for (at, capped), weights in zip(caps.items(), alone, strict=True):
            for section, settings in capped.items():
                notes += limits_of(f"{at}.{section}", settings, np.abs(weights).sum(axis=1), f"of {len(targets)} dates")
    for name, sleeve in strategy.sleeves.items():
        held = targets[name].to_numpy()
        total = np.abs(held).sum(axis=1)
        shares = held / np.where(total > 0, total, np.nan)[:, None]
        at, holdable = f"strategy.sleeves.{name}.strategy", decided.decisions.holdable
        notes += bounds_of(at, sleeve.strategy.model, shares, holdable, decided.plan.data)
    return notes


def _section_with_a_cap(sleeve: Sleeve) -> dict[str, object]:
    """Return the section that caps the gross exposure of a sleeve by name; empty if there is no cap."""
    last = {"leverage": sleeve.leverage} if sleeve.leverage is not None else {"strategy": sleeve.strategy.model}
    return {name: settings for name, settings in last.items() if hasattr(settings, "max_gross_exposure")}


def _of_all_dates(decided: Decided, ask: Callable[[MarketViews], Floats], count: int) -> Floats:
    """Return the (k, m, n) weights of `count` sleeves on all rebalance dates, 0 for assets that may not be held."""
    decisions = decided.decisions
    weights, made = np.zeros((count, *decisions.targets.shape)), 0
    for batch in decisions.agenda.slices(decisions.first, decisions.first + len(decided.rows)):
        for first, end in batch.stretches():
            held = np.flatnonzero(batch.holdable[first])
            weights[:, made + first : made + end, held] = ask(batch.views(first, end))
        made += len(batch.rows)
    return weights
