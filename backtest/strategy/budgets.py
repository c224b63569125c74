"""Risk budgets by asset, by class and in groups, and the share of risk of each asset."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backtest.errors import StrategyError
from backtest.numerics.arrays import Floats
from backtest.risk.accuracy import BUDGET_SUM_TOLERANCE

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class GroupBudget(BaseModel):
    """Budget of a group, and its division among the members.

    Definitions: docs/conventions/strategies.md#risk-budgets

    Args:
        share: share of the risk of the level above.
        within: shares of the members, which sum to 1. Members are assets, classes, or groups.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: Share
    within: "Budgets"


def _sums_to_one(budgets: dict[str, "float | GroupBudget"]) -> dict[str, "float | GroupBudget"]:
    total = sum(share_of(budget) for budget in budgets.values())
    if abs(total - 1) > BUDGET_SUM_TOLERANCE:
        raise ValueError(f"the budgets add up to {total:.10g}; expected 1")
    return budgets


Budgets = Annotated[dict[str, Share | GroupBudget], Field(min_length=1), AfterValidator(_sums_to_one)]
GroupBudget.model_rebuild()


def share_of(budget: "float | GroupBudget") -> float:
    """Return the share of a budget, of a group or of a single name."""
    return budget.share if isinstance(budget, GroupBudget) else budget


def asset_budgets(
    budgets: Mapping[str, "float | GroupBudget"], assets: tuple[str, ...], classes: Mapping[str, str]
) -> Floats:
    """Return the share of risk of each asset, (n,), summing to 1.

    Within a class each asset has the same share of risk: the share of the class divided by the number of its assets.
    {equities: 0.3, bonds: 0.7} gives the class of equities 30 % of the portfolio's risk, correlations between classes
    included, and each of three stocks 10 %. If all assets of a class or group are missing (`data.ragged`), the others
    on its level share its risk in proportion.

    Args:
        budgets: budgets by asset, by class, or by a freely chosen name for a group; the shares on each level sum to 1.
        assets: the n assets to budget for; budgets of other assets are left out.
        classes: class of each asset that has one.

    Raises:
        StrategyError: none of the assets has a budget.

    Example:
        >>> classes = {"us": "equities", "eu": "equities", "bund": "bonds", "tips": "bonds", "gold": "commodities"}
        >>> budgets = {"equities": 0.5, "safe": GroupBudget(share=0.5, within={"bonds": 0.8, "gold": 0.2})}
        >>> asset_budgets(budgets, tuple(classes), classes).round(3).tolist()
        [0.25, 0.25, 0.2, 0.2, 0.1]
    """
    shares = _spread(budgets, assets, classes)
    total = shares.sum()
    if not total > 0:
        raise StrategyError(f"budgets: {', '.join(assets)} have no budget, and no other asset may be held yet")
    scaled: Floats = shares / total
    return scaled


def _spread(
    budgets: Mapping[str, "float | GroupBudget"], assets: tuple[str, ...], classes: Mapping[str, str]
) -> Floats:
    """Return the share of each asset; the shares sum to 1, or to 0 if no asset is reached."""
    shares = np.zeros(len(assets))
    for name, budget in budgets.items():
        if isinstance(budget, GroupBudget):
            inside = _spread(budget.within, assets, classes)
        else:
            inside = np.array([float(reaches(name, asset, classes)) for asset in assets])
            inside /= max(inside.sum(), 1.0)
        shares += share_of(budget) * inside
    return shares / shares.sum() if shares.any() else shares


def reaches(name: str, asset: str, classes: Mapping[str, str]) -> bool:
    """Return whether a name is the name of an asset, or of its class."""
    return name in (asset, classes.get(asset))


def check_budgets(
    budgets: Mapping[str, "float | GroupBudget"], assets: tuple[str, ...], classes: Mapping[str, str]
) -> None:
    """Check that budgets reach each asset exactly once.

    Raises:
        StrategyError: a name is neither an asset nor a class, or an asset has no budget or more than one.
    """
    names = list(_leaves(budgets))
    known = {*assets, *classes.values()}
    have = f"classes: {', '.join(sorted(set(classes.values()))) or 'none'}; assets: {', '.join(assets)}"
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StrategyError(f"budgets: {', '.join(unknown)}: neither a class nor an asset of this run ({have})")
    counts = {asset: sum(reaches(name, asset, classes) for name in names) for asset in assets}
    without = [asset for asset, count in counts.items() if count == 0]
    if without:
        raise StrategyError(
            f"budgets: {', '.join(without)} have no budget; expected one for each asset or its class ({have}). "
            "Hint: a budget of 0 leaves an asset out."
        )
    twice = [asset for asset, count in counts.items() if count > 1]
    if twice:
        raise StrategyError(
            f"budgets: {', '.join(twice)} have more than one budget, by name and by class; expected one"
        )


def _leaves(budgets: Mapping[str, "float | GroupBudget"]) -> list[str]:
    return [
        leaf
        for name, budget in budgets.items()
        for leaf in (_leaves(budget.within) if isinstance(budget, GroupBudget) else [name])
    ]
