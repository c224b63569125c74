"""Maximum diversification, also called the most diversified portfolio."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.risk import maximum_diversification_weights
from backtest.strategy import MarketView, MarketViews, Strategy


class MaximumDiversification(Strategy):
    """Largest diversification ratio wᵀσ / sqrt(wᵀΣw), long-only (Choueifaty, Coignard 2008).

    The portfolio has the same correlation with every asset that it holds. If the covariance is singular, twins share
    equally.

    Definitions: docs/conventions/strategies.md#minimum-variance-and-maximum-diversification
    """

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(maximum_diversification_weights(view.covariance.to_numpy()), index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return maximum_diversification_weights(views.covariance)
