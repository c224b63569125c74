"""Inverse variance."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.risk import inverse_variance_weights
from backtest.strategy import MarketView, MarketViews, Strategy


class InverseVariance(Strategy):
    """Weights inversely proportional to variance: w_i = (1/σ_i²) / Σ_j (1/σ_j²).

    This is the minimum-variance portfolio if assets are uncorrelated (Markowitz 1952). It favours low-volatility assets
    more than risk parity does.

    Definitions: docs/conventions/strategies.md#weights-from-volatilities
    """

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(inverse_variance_weights(view.covariance.to_numpy()), index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return inverse_variance_weights(views.covariance)
