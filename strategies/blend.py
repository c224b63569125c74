"""Blend: several strategies in one portfolio."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from backtest.strategy import Blended, MarketViews, Sleeve, ask_sleeves, sleeves_of_budgets


def _check_shares(sleeves: dict[str, Sleeve]) -> dict[str, Sleeve]:
    if "rest" in sleeves:
        raise ValueError("rest: the name of what no sleeve holds in reports; expected another name")
    for name, sleeve in sleeves.items():
        if (sleeve.weight is None) == (sleeve.budget is None):
            raise ValueError(f"{name}: expected either weight, a fraction of NAV, or budget, a share of risk")
        if sleeve.strategy.model.reads_current_weights:
            raise ValueError(
                f"{name}: {sleeve.strategy.name} reads its current weights, which are not kept by sleeve; "
                "expected a strategy that does not read them"
            )
    budgets = [sleeve.budget for sleeve in sleeves.values() if sleeve.budget is not None]
    if budgets and len(budgets) < len(sleeves):
        raise ValueError("some sleeves have a weight and others a budget; expected one kind for all")
    if budgets and abs(sum(budgets) - 1) > 1e-9:  # rounding of decimals such as 0.1
        raise ValueError(f"the budgets add up to {sum(budgets):g}; expected 1")
    return sleeves


class Blend(Blended):
    """Several strategies in one portfolio, with fixed weights w = Σ_s `weight`_s w_s, or with shares of its risk.

    Weights may have any sum: the rest is cash, and more than 1 is borrowed. With budgets, the sleeves are scaled as if
    each were one asset, and the scales add up to 1.

    Definitions: docs/conventions/strategies.md#blends

    Args:
        sleeves: by name, a `strategy` or the `config` of a whole configuration, and either its `weight`, a fraction of
            NAV, or its `budget`, a share of the portfolio's risk.
    """

    sleeves: Annotated[dict[str, Sleeve], Field(min_length=1), AfterValidator(_check_shares)]

    def sleeve_weights(self, views: MarketViews) -> NDArray[np.float64]:
        apart = ask_sleeves(self.sleeves, views)
        budgets = {name: sleeve.budget for name, sleeve in self.sleeves.items() if sleeve.budget is not None}
        if budgets:
            return sleeves_of_budgets(apart, views.covariance, budgets)[:, :, None] * apart
        weights = np.array([sleeve.weight for sleeve in self.sleeves.values()], dtype=float)
        return weights[:, None, None] * apart
