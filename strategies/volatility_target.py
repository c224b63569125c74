"""Fixed weights, scaled to a volatility."""

from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from backtest.risk import scaled_to_volatility
from backtest.strategy import MarketView, MarketViews
from strategies.sixty_forty import SixtyForty


class VolatilityTarget(SixtyForty):
    """Fixed weights scaled to a target volatility: w = k × `weights`, k = σ_target / σ (Harvey and others 2018).

    σ is the volatility of `weights` by the run's own covariance; `target_volatility` is decimal a year. Gross exposure
    is capped at `max_gross_exposure`; what exceeds 1 is borrowed, what is left below 1 is in cash. Source: "The Impact
    of Volatility Targeting", Journal of Portfolio Management 45(1).
    """

    target_volatility: Annotated[float, Field(gt=0, le=10)] = 0.10
    max_gross_exposure: Annotated[float, Field(gt=0, le=100)] = 3.0

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(self.target_weights_many(MarketViews([view]))[0], index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        fixed = super().target_weights(views[0]).reindex(list(views.assets), fill_value=0.0).to_numpy()
        target = self.target_volatility / np.sqrt(views.periods_per_year)
        weights = np.tile(fixed, (len(views), 1))
        return scaled_to_volatility(weights, views.covariance, target, self.max_gross_exposure)
