"""Equal risk contribution (ERC), and risk budgets by asset."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from backtest.risk import risk_parity_weights
from backtest.strategy import MarketView, MarketViews, Strategy, StrategyError


def _sums_to_one(budgets: dict[str, float] | None) -> dict[str, float] | None:
    if budgets is not None and abs(sum(budgets.values()) - 1) > 1e-9:  # room for the rounding of a sum of decimals
        raise ValueError(f"the budgets add up to {sum(budgets.values()):.10g}; expected 1")
    return budgets


class ERC(Strategy):
    """Equal risk contributions: w_i (Σw)_i / σ = σ / n for every asset (Maillard, Roncalli, Teïletche 2010).

    `budgets` gives each asset its own share of risk instead; they add up to 1, and a budget of 0 gives no weight. While
    some assets are not there yet (`data.ragged`), the others share all of the risk in proportion.
    """

    budgets: Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]] | None, AfterValidator(_sums_to_one)] = None

    def target_weights(self, view: MarketView) -> pd.Series:
        weights = risk_parity_weights(view.covariance.to_numpy(), self._shares(view.assets))
        return pd.Series(weights, index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return risk_parity_weights(views.covariance, self._shares(views.assets))

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:  # noqa: ARG002 - budgets are by asset
        if self.budgets is not None and set(self.budgets) != set(assets):
            off = ", ".join(sorted(set(self.budgets) ^ set(assets)))
            raise StrategyError(f"budgets: expected one for each asset ({', '.join(assets)}); look at {off}")

    def _shares(self, assets: tuple[str, ...]) -> NDArray[np.float64] | None:
        if self.budgets is None:
            return None
        shares: NDArray[np.float64] = np.array([self.budgets[name] for name in assets])
        if not shares.sum() > 0:
            raise StrategyError(f"budgets: {', '.join(assets)} have none, and no other asset may be held yet")
        shares /= shares.sum()
        return shares
