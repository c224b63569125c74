"""Traditional portfolio: 60 % equities, 40 % bonds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from backtest.strategy import MarketView, MarketViews, Strategy, Weights, spread_over_classes


class SixtyForty(Strategy):
    """Fixed weights, 60 % equities and 40 % bonds; about 92 % of its risk is in equities.

    Definitions: docs/conventions/strategies.md#fixed-weights

    Args:
        weights: fractions of NAV by asset class, split equally within a class, or by asset; the rest is cash.
    """

    weights: Weights = Field(default_factory=lambda: {"equities": 0.6, "bonds": 0.4})

    def target_weights(self, view: MarketView) -> pd.Series:
        return self._fixed(view)

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        fixed = self._fixed(views).to_dict()
        return np.tile([fixed.get(name, 0.0) for name in views.assets], (len(views), 1))

    def _fixed(self, view: MarketView | MarketViews) -> pd.Series:
        return spread_over_classes(self.weights, view.assets, view.classes, view.universe)

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        spread_over_classes(self.weights, assets, classes)
