"""Equal risk contributions (ERC), and risk budgets by asset, by class and in groups."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from backtest.risk import bounded_risk_parity_weights, risk_parity_weights
from backtest.strategy import (
    Budgets,
    MarketView,
    MarketViews,
    Strategy,
    asset_budgets,
    check_bounds,
    check_budgets,
    weight_bounds,
)

Fraction = Annotated[float, Field(ge=0, le=1)]


class ERC(Strategy):
    """Equal risk contributions: w_i (Σw)_i / σ = σ / n for every asset (Maillard, Roncalli, Teïletche 2010).

    At a bound on weights, contributions differ from their budgets, and as a result also elsewhere. The weights minimise
    log σ(w) - Σ b_i log w_i within the bounds (`backtest/risk/solvers/bounded.py`).

    Definitions: docs/conventions/strategies.md#risk-budgets

    Args:
        budgets: shares of risk by asset, by class (divided equally among its assets' contributions) or in groups
            (`{share: 0.6, within: {...}}`), by default equal. On each level they sum to 1, and a budget of 0 gives a
            weight of 0. While some assets are not available yet (`data.ragged`), the others share all of the risk in
            proportion.
        min_weight: smallest fraction of the portfolio: one number for all assets, or numbers by asset and by class; the
            number of a class bounds its sum.
        max_weight: largest fraction of the portfolio, given as `min_weight` is.
    """

    budgets: Budgets | None = None
    min_weight: Fraction | dict[str, Fraction] = 0.0
    max_weight: Fraction | dict[str, Fraction] = 1.0

    def target_weights(self, view: MarketView) -> pd.Series:
        covariance = view.covariance
        return pd.Series(self._weights(covariance.to_numpy(), view), index=covariance.columns)

    def target_weights_many(self, views: MarketViews) -> NDArray[np.float64]:
        return self._weights(views.covariance, views)

    def _weights(self, covariance: NDArray[np.float64], view: MarketView | MarketViews) -> NDArray[np.float64]:
        shares = None if self.budgets is None else asset_budgets(self.budgets, view.assets, view.classes)
        if self.min_weight == 0 and self.max_weight == 1:
            return risk_parity_weights(covariance, shares)
        bounds = weight_bounds(self.min_weight, self.max_weight, view.assets, view.classes, view.universe)
        return bounded_risk_parity_weights(covariance, shares, bounds)

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        if self.budgets is not None:
            check_budgets(self.budgets, assets, classes)
        check_bounds(self.min_weight, self.max_weight, self.budgets, assets, classes)
