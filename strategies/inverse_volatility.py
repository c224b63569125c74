"""Inverse volatility, also called naive risk parity."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.risk import volatilities
from backtest.strategy import MarketView, MarketViews, Strategy


class InverseVolatility(Strategy):
    """Weights inversely proportional to volatility: w_i = (1/σ_i) / Σ_j (1/σ_j).

    Risk contributions are equal if all correlations are equal, which always holds for two assets (Asness, Frazzini,
    Pedersen 2012).

    Definitions: docs/conventions/strategies.md#weights-from-volatilities
    """

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(_inverse(view.covariance.to_numpy())[0], index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return _inverse(views.covariance)


def _inverse(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = 1 / volatilities(covariance)
    weights: NDArray[np.float64] = inverse / inverse.sum(axis=1, keepdims=True)
    return weights
