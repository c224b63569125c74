"""ERC, scaled to a target volatility."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.strategy import GrossExposure, MarketView, MarketViews, TargetVolatility, Volatility

from .erc import ERC


class LeveredERC(ERC):
    """ERC scaled to a target volatility by the run's own covariance: w = k × ERC, k = σ_target / σ_ERC.

    The part of gross exposure above 1 is borrowed at the financing terms of the run. The weights are the same as for
    `erc` with `leverage: {target_volatility: 0.10, max_gross_exposure: 3}`.

    Definitions: docs/conventions/strategies.md#strategies-with-leverage

    Args:
        target_volatility: decimal a year; or `benchmark`, the benchmark's volatility by the same covariance.
        max_gross_exposure: largest Σ|w| afterwards, multiple of NAV.
    """

    target_volatility: Volatility | Literal["benchmark"] = 0.10
    max_gross_exposure: GrossExposure = 3.0

    def target_weights(self, view: MarketView) -> pd.Series:
        return self._leverage().scale_one(super().target_weights(view), view)

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return self._leverage().scale(super().target_weights_many(views), views)

    def _leverage(self) -> TargetVolatility:
        return TargetVolatility(target_volatility=self.target_volatility, max_gross_exposure=self.max_gross_exposure)
