"""ERC, levered to a volatility."""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from backtest.risk import portfolio_volatility, scaled_to_volatility
from backtest.strategy import MarketView, MarketViews, StrategyError
from strategies.erc import ERC


class LeveredERC(ERC):
    """ERC scaled to a target volatility by the run's own covariance: w = k × ERC, k = σ_target / σ_ERC.

    `target_volatility` is decimal a year, or `benchmark`: the benchmark's, by the same covariance. Gross exposure is
    capped at `max_gross_exposure`; the part above 1 is borrowed, and the financing terms of the run apply to it.
    """

    target_volatility: Annotated[float, Field(gt=0, le=10)] | Literal["benchmark"] = 0.10
    max_gross_exposure: Annotated[float, Field(gt=0, le=100)] = 3.0

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(self.target_weights_many(MarketViews([view]))[0], index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        target = self._target(views) / np.sqrt(views.periods_per_year)
        weights = super().target_weights_many(views)
        return scaled_to_volatility(weights, views.covariance, target, self.max_gross_exposure)

    def _target(self, views: MarketViews) -> NDArray[np.float64] | float:
        if self.target_volatility != "benchmark":
            return self.target_volatility
        rows = []
        for view in views:
            benchmark = view.benchmark_target_weights
            held = benchmark[benchmark != 0]
            strange = [name for name in held.index if name not in view.assets]
            if strange:
                raise StrategyError(
                    f"the benchmark holds {', '.join(strange)}, which this run has no covariance for. "
                    "Hint: add it to data.assets, or give target_volatility as a number."
                )
            rows.append(held.reindex(list(view.assets), fill_value=0.0).to_numpy())
        return _volatility(np.array(rows), views)


def _volatility(weights: NDArray[np.float64], views: MarketViews) -> NDArray[np.float64]:
    """(m,) a year, of (m, n) weights by the covariances of their dates."""
    per_period = np.asarray(portfolio_volatility(weights, views.covariance))
    return np.asarray(np.sqrt(views.periods_per_year) * per_period, np.float64)
