"""Fixed weights, scaled to a target volatility."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.strategy import GrossExposure, MarketView, MarketViews, TargetVolatility, Volatility

from .sixty_forty import SixtyForty


class VolatilityTarget(SixtyForty):
    """Fixed weights scaled to a target volatility: w = k × `weights`, k = σ_target / σ (Harvey and others 2018).

    σ is the volatility of `weights` by the run's own covariance. The part of gross exposure above 1 is borrowed, and if
    it is below 1, the rest is in cash. The weights are the same as for `sixty_forty` with `leverage:
    {target_volatility: 0.10, max_gross_exposure: 3}`. Source: "The Impact of Volatility Targeting", Journal of
    Portfolio Management 45(1).

    Definitions: docs/conventions/strategies.md#strategies-with-leverage

    Args:
        target_volatility: decimal a year.
        max_gross_exposure: largest Σ|w| afterwards, multiple of NAV.
    """

    target_volatility: Volatility = 0.10
    max_gross_exposure: GrossExposure = 3.0

    def target_weights(self, view: MarketView) -> pd.Series:
        return self._leverage().scale_one(super().target_weights(view), view)

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return self._leverage().scale(super().target_weights_many(views), views)

    def _leverage(self) -> TargetVolatility:
        return TargetVolatility(target_volatility=self.target_volatility, max_gross_exposure=self.max_gross_exposure)
