"""Equal contributions to expected shortfall, and expected-shortfall budgets."""

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from backtest.estimation.estimator import Window, window_rows
from backtest.risk import gaussian_shortfall_parity_weights, historical_shortfall_parity_weights
from backtest.strategy import Budgets, InsufficientHistory, MarketView, Strategy, asset_budgets, check_budgets


class ERCExpectedShortfall(Strategy):
    """Equal contributions to expected shortfall: the minimum of ES(x) - Σ b_i log x_i, scaled to 1 (Roncalli 2013).

    ES is the average loss of the worst 1 - `level` of the last `window` excess returns. It uses excess returns, as the
    covariance does, so that cash is risk-free.

    An asset joins when its own window is full. If some long-only portfolio had no loss in its tail, there is no
    solution and the run stops with an error; choose a longer window.

    Definitions: docs/conventions/strategies.md#equal-contributions-to-expected-shortfall

    Args:
        budgets: shares of expected shortfall by asset, by class or in groups, as in `erc`; by default equal.
        distribution: `historical`, the returns of the window; or `gaussian`, normal returns with the mean of the window
            and the run's covariance, whose weights would equal `erc` if the means were zero.
        level: share of the periods outside the tail: 0.95 averages the worst 5 %.
        window: number of most recent excess returns: periods (120), years ("10Y"), months ("6M") or rows ("252D").
    """

    budgets: Budgets | None = None
    distribution: Literal["historical", "gaussian"] = "historical"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    window: Window = "10Y"

    def target_weights(self, view: MarketView) -> pd.Series:
        rows = window_rows(self.window, view.periods_per_year)
        past = view.excess_returns.iloc[-rows:]
        full = past.notna().all().to_numpy() & (len(past) == rows)
        if full.sum() < min(2, len(view.assets)):
            raise InsufficientHistory(
                f"on {view.as_of:%Y-%m-%d} fewer than two assets have the {rows} excess returns of strategy.window",
                window="strategy.window",
            )
        joined = tuple(np.array(view.assets)[full].tolist())
        shares = np.zeros(full.size)
        shares[full] = 1 / full.sum() if self.budgets is None else asset_budgets(self.budgets, joined, view.classes)
        history = past.to_numpy()
        if self.distribution == "historical":
            weights = historical_shortfall_parity_weights(history, shares, self.level)
        else:
            weights = gaussian_shortfall_parity_weights(
                view.covariance.to_numpy(), history.mean(axis=0), shares, self.level
            )
        return pd.Series(weights, index=list(view.assets))

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        if self.budgets is not None:
            check_budgets(self.budgets, assets, classes)
