"""Constant k over volatility: the levered portfolio of Asness, Frazzini and Pedersen (2012), which needs hindsight."""

import pandas as pd

from backtest.strategy import MarketView, Strategy


class ConstantK(Strategy):
    """Give each asset the weight k / σ, with one k for all dates.

    A k that is fitted to the volatility of the whole history is not known while the history is made, so this strategy
    repeats a published table and cannot be traded.
    """

    k: float = 0.1
    """Volatility that each asset brings, decimal per year."""

    def target_weights(self, view: MarketView) -> pd.Series:
        return self.k / view.volatility
