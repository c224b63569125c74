"""Weights, and bounds on weights, from settings by asset class or by asset."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, FiniteFloat

from backtest.errors import InsufficientHistory, NoRiskBudgetPortfolio, StrategyError
from backtest.risk.solvers.bounded import WeightBounds
from backtest.strategy.budgets import GroupBudget, asset_budgets
from backtest.strategy.view import index_of

_MOST = 30.0  # times NAV; above this, weights were probably written in percent


def reject_percents(weights: dict[str, float]) -> dict[str, float]:
    """Return weights whose sizes are plausible as fractions of NAV.

    Raises:
        ValueError: they add up to so much that they were probably written in percent.
    """
    size = sum(map(abs, weights.values()))
    if size > _MOST:
        decimals = ", ".join(f"{name}: {weight / 100:g}" for name, weight in weights.items())
        raise ValueError(
            f"their sizes add up to {size:g}, which means {size:g} times NAV; expected fractions of NAV. "
            f"Hint: {{{decimals}}}"
        )
    return weights


Weights = Annotated[dict[str, FiniteFloat], Field(min_length=1), AfterValidator(reject_percents)]
"""Fixed weights by asset or by asset class, fractions of NAV."""


def spread_over_classes(
    weights: Mapping[str, float],
    assets: tuple[str, ...],
    classes: Mapping[str, str],
    universe: tuple[str, ...] | None = None,
) -> pd.Series:
    """Split weights by class equally over the assets of each class; return weights by asset unchanged.

    Args:
        weights: fraction of NAV by class, or by asset, but not both.
        assets: the assets that may be held; the weights of other assets stay in cash.
        classes: class of each asset of the run that has one.
        universe: every asset of the run; by default `assets`.

    Returns:
        Fraction of NAV by asset, for the assets that have a weight.

    Raises:
        StrategyError: a name is neither an asset nor a class, or both kinds are mixed.

    Example:
        >>> classes = {"us": "equities", "eu": "equities", "bund": "bonds"}
        >>> spread_over_classes({"equities": 0.6, "bonds": 0.4}, ("us", "eu", "bund"), classes).tolist()
        [0.3, 0.3, 0.4]
    """
    known = set(universe or assets)
    by_asset = [name for name in weights if name in known]
    if len(by_asset) == len(weights):
        held = [name for name in weights if name in assets]
        return pd.Series(np.array([weights[name] for name in held], dtype=float), index=index_of(tuple(held)))
    groups = sorted(set(classes.values()))
    unknown = [name for name in weights if name not in groups and name not in known]
    if unknown:
        have = f"classes: {', '.join(groups) or 'none'}; assets: {', '.join(sorted(known))}"
        raise StrategyError(f"{', '.join(unknown)}: neither a class nor an asset of this run ({have})")
    if by_asset:
        raise StrategyError(f"{', '.join(by_asset)} is an asset and the others are classes; expected one kind")
    members = {group: [name for name in assets if classes.get(name) == group] for group in weights}
    shares = np.array([weights[group] / len(names) for group, names in members.items() for _ in names], dtype=float)
    return pd.Series(shares, index=index_of(tuple(name for names in members.values() for name in names)))


def weight_bounds(
    lower: float | Mapping[str, float],
    upper: float | Mapping[str, float],
    assets: tuple[str, ...],
    classes: Mapping[str, str],
    universe: tuple[str, ...] | None = None,
) -> WeightBounds:
    """Return bounds on weights that sum to 1, from one number for all assets, or from numbers by asset and by class.

    The bound of a class applies to the sum of the weights of its assets.

    Args:
        lower: fractions of NAV, zero or above; names that are left out have 0.
        upper: fractions of NAV, zero or above; names that are left out have 1.
        assets: the assets that may be held.
        classes: class of each asset of the run that has one.
        universe: every asset of the run; by default `assets`.

    Raises:
        StrategyError: a name is neither an asset nor a class, or two bounds conflict.
        InsufficientHistory: two bounds conflict while some assets of the universe are not available yet.

    Example:
        >>> classes = {"us": "equities", "eu": "equities", "bund": "bonds"}
        >>> bounds = weight_bounds(0.1, {"equities": 0.4, "us": 0.3}, tuple(classes), classes)
        >>> bounds.lower.tolist(), bounds.upper.tolist(), bounds.groups
        ([0.1, 0.1, 0.1], [0.3, 1.0, 1.0], (('equities', (0, 1), 0.0, 0.4),))
    """
    groups = sorted(set(classes.values()))
    known = {*(universe or assets), *groups}
    given = {name for bounds in (lower, upper) if isinstance(bounds, Mapping) for name in bounds}
    if not given <= known:
        have = f"classes: {', '.join(groups) or 'none'}; assets: {', '.join(universe or assets)}"
        unknown = ", ".join(sorted(given - known))
        raise StrategyError(f"bounds on weights: {unknown}: neither a class nor an asset of this run ({have})")

    def of(bounds: float | Mapping[str, float], name: str, default: float) -> float:
        return bounds.get(name, default) if isinstance(bounds, Mapping) else bounds

    named = [
        (group, tuple(i for i, asset in enumerate(assets) if classes.get(asset) == group))
        for group in groups
        if group in given
    ]
    try:
        return WeightBounds(
            names=assets,
            lower=np.array([of(lower, name, 0.0) for name in assets]),
            upper=np.array([of(upper, name, 1.0) for name in assets]),
            groups=tuple(
                (
                    group,
                    members,
                    of(lower, group, 0.0) if isinstance(lower, Mapping) else 0.0,
                    of(upper, group, 1.0) if isinstance(upper, Mapping) else 1.0,
                )
                for group, members in named
                if members
            ),
        )
    except NoRiskBudgetPortfolio as problem:
        if set(assets) < set(universe or assets):
            raise InsufficientHistory(f"with {', '.join(assets)} alone, {problem}") from problem
        raise StrategyError(str(problem)) from problem


def check_bounds(
    lower: float | Mapping[str, float],
    upper: float | Mapping[str, float],
    budgets: Mapping[str, float | GroupBudget] | None,
    assets: tuple[str, ...],
    classes: Mapping[str, str],
) -> None:
    """Check that some portfolio is within the bounds, and that each asset with a risk budget may have a weight.

    Args:
        lower: as in `weight_bounds`; the setting `min_weight`.
        upper: as in `weight_bounds`; the setting `max_weight`.
        budgets: risk budgets that reach each asset once; None: equal budgets.
        assets: assets of the run.
        classes: class of each asset that has one.

    Raises:
        StrategyError: two settings conflict; the message begins with the setting to change.

    Example:
        >>> check_bounds({"bund": 0.1}, 1.0, {"us": 1.0, "bund": 0.0}, ("us", "bund"), {})
        Traceback (most recent call last):
        backtest.errors.StrategyError: min_weight.bund: 0.1, next to a budget of zero, which gives a weight of zero; ...
    """
    bounds = weight_bounds(lower, upper, assets, classes)
    held = np.ones(len(assets), bool) if budgets is None else asset_budgets(budgets, assets, classes) > 0
    named = lower if isinstance(lower, Mapping) else dict.fromkeys(assets, lower)
    for name, low in named.items():
        members = [name in (asset, classes.get(asset)) for asset in assets]
        if low > 0 and not held[members].any():
            place = f"min_weight.{name}: {low:g}" if isinstance(lower, Mapping) else f"min_weight: {low:g} of {name}"
            raise StrategyError(
                f"{place}, next to a budget of zero, which gives a weight of zero; expected 0, or a budget above zero"
            )
    try:
        (bounds if held.all() else bounds.of(held)).check_room()
    except NoRiskBudgetPortfolio as problem:
        raise StrategyError(f"max_weight: {problem}") from problem
