"""Minimum variance."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from backtest.risk import minimum_variance_weights
from backtest.risk.solvers.least_variance import caps_leave_room
from backtest.strategy import MarketView, MarketViews, Strategy, StrategyError


class MinimumVariance(Strategy):
    """Least variance, long-only: minimise ½ wᵀΣw with Σw = 1 (Markowitz 1952; Clarke, de Silva, Thorley 2011).

    If the covariance is singular, twins share equally.

    Definitions: docs/conventions/strategies.md#minimum-variance-and-maximum-diversification

    Args:
        max_weight: largest fraction of the portfolio in each asset; by default there is no cap, and most of the
            portfolio is in the least volatile assets.
    """

    max_weight: Annotated[float, Field(gt=0, le=1)] | None = None

    def target_weights(self, view: MarketView) -> pd.Series:
        weights = minimum_variance_weights(view.covariance.to_numpy(), self.max_weight)
        return pd.Series(weights, index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return minimum_variance_weights(views.covariance, self.max_weight)

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:  # noqa: ARG002 - caps are by asset
        if self.max_weight is not None and not caps_leave_room(len(assets), self.max_weight):
            raise StrategyError(
                f"max_weight: {len(assets)} assets of at most {self.max_weight:g} add up to "
                f"{self.max_weight * len(assets):g}; expected 1 or more"
            )
