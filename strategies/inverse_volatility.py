"""Inverse volatility, also called naive risk parity."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.strategy import MarketView, MarketViews, Strategy, StrategyError


class InverseVolatility(Strategy):
    """Weights inversely proportional to volatility: w_i = (1/σ_i) / Σ_j (1/σ_j).

    Equal risk contributions where all correlations are the same, so always for two assets (Asness, Frazzini, Pedersen
    2012).
    """

    def target_weights(self, view: MarketView) -> pd.Series:
        weights = _inverse(view.covariance.to_numpy()[None], view.assets)[0]
        return pd.Series(weights, index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return _inverse(views.covariance, views.assets)


def _inverse(covariance: NDArray[np.float64], assets: tuple[str, ...]) -> NDArray[np.float64]:
    variances = np.diagonal(covariance, axis1=1, axis2=2)
    if not (variances > 0).all():
        flat = assets[int(np.argwhere(~(variances > 0))[0, 1])]
        raise StrategyError(f"{flat} has no variance in a window. Hint: a longer estimation.window.")
    inverse = 1 / np.sqrt(variances)
    weights: NDArray[np.float64] = inverse / inverse.sum(axis=1, keepdims=True)
    return weights
