"""Equal contributions to expected shortfall, and budgets of it by asset."""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from backtest.estimation.estimator import Window, window_rows
from backtest.risk import gaussian_shortfall_parity_weights, historical_shortfall_parity_weights
from backtest.strategy import InsufficientHistory, MarketView, MarketViews, Strategy
from strategies.erc import ERC


class ERCExpectedShortfall(ERC):
    """Equal contributions to expected shortfall: the minimum of ES(x) - Σ b_i log x_i, scaled to 1 (Roncalli 2013).

    ES is the average loss of the worst 1 - `level` of the last `window` excess returns: excess, as the covariance is
    of them too, so that cash is free of risk. Where `distribution` is gaussian they are taken as normal, with the
    window's mean and the run's covariance; with means of zero that would be `erc`. `budgets` are of expected shortfall.

    An asset joins when its own window is full. Where some long-only portfolio did not lose in its tail, no weights
    exist, and the run says so: choose a longer window.
    """

    distribution: Literal["historical", "gaussian"] = "historical"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    window: Window = "10Y"

    def target_weights(self, view: MarketView) -> pd.Series:
        rows = window_rows(self.window, view.periods_per_year)
        past = view.excess_returns.iloc[-rows:]
        full = past.notna().all().to_numpy() & (len(past) == rows)
        if full.sum() < min(2, len(view.assets)):
            raise InsufficientHistory(
                f"on {view.as_of:%Y-%m-%d} fewer than two assets have the {rows} excess returns of strategy.window"
            )
        assets = tuple(np.array(view.assets)[full].tolist())
        history, shares = past.to_numpy()[:, full], self._shares(assets)
        if self.distribution == "historical":
            weights = historical_shortfall_parity_weights(history, shares, self.level)
        else:
            covariance = view.covariance.to_numpy()[np.ix_(full, full)]
            weights = gaussian_shortfall_parity_weights(covariance, history.mean(axis=0), shares, self.level)
        return pd.Series(weights, index=list(assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return Strategy.target_weights_many(self, views)  # date by date: the windows are no stack
