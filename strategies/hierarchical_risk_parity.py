"""Hierarchical risk parity (HRP)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.risk import Linkage, hierarchical_risk_parity_weights
from backtest.strategy import MarketView, MarketViews, Strategy


class HierarchicalRiskParity(Strategy):
    """Capital split down a tree of correlated assets, between halves by inverse variance (López de Prado 2016).

    Assets of equal volatility are sorted as in the configuration; otherwise the order of assets does not matter.

    Definitions: docs/conventions/strategies.md#hierarchical-risk-parity

    Args:
        linkage: distance of two clusters, `single` as in the paper, `average` or `ward`.
    """

    linkage: Linkage = "single"

    def target_weights(self, view: MarketView) -> pd.Series:
        weights = hierarchical_risk_parity_weights(view.covariance.to_numpy(), self.linkage)
        return pd.Series(weights, index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return hierarchical_risk_parity_weights(views.covariance, self.linkage)
