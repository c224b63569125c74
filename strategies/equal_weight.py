"""Equal weights."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.strategy import MarketView, MarketViews, Strategy


class EqualWeight(Strategy):
    """Equal capital in every asset: w_i = 1/n (DeMiguel, Garlappi, Uppal 2009).

    Definitions: docs/conventions/strategies.md#weights-from-volatilities
    """

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(1 / len(view.assets), index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return np.full((len(views), len(views.assets)), 1 / len(views.assets))
