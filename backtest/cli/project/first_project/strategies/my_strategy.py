"""A strategy of your own: weights inversely proportional to a power of volatility."""

import pandas as pd
from backtest.strategy import MarketView, Strategy


class MyStrategy(Strategy):
    """Weights inversely proportional to a power of volatility: the calmer, the more.

    Args:
        power: 0 is equal weights, 1 inverse volatility, 2 inverse variance.
    """

    power: float = 1.0

    def target_weights(self, view: MarketView) -> pd.Series:
        """Return the fraction of NAV of each asset; the rest of NAV is in cash."""
        calmness = view.volatility**-self.power
        return calmness / calmness.sum()
