"""Contributions of the sleeves of a blend to return and to risk."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.holdings import largest_and_rest
from backtest.analysis.tables.in_force import in_force

_REST = "rest"


def sleeve_contributions(result: RunRecord) -> pd.DataFrame:
    """Return the profit of each sleeve by period, over the first NAV.

    The profit of an asset is divided in the proportions in which the sleeves hold it by the last traded decision. The
    column `rest` has cash, costs, and the profit of assets that no sleeve holds, so that each row adds up to the same
    sum as in `contributions`.

    Returns:
        (P, k + 1) by date of NAV; no columns if the strategy is no blend.

    Example:
        >>> import backtest as bt
        >>> sleeves = {"calm": {"strategy": "erc", "weight": 0.6}, "growth": {"strategy": "sixty_forty", "weight": 0.4}}
        >>> result = bt.run("configs/erc.yaml", {"strategy": {"name": "blend", "sleeves": sleeves}})
        >>> total = sleeve_contributions(result).sum().sum()
        >>> bool(abs(total - (result.nav.iloc[-1] - 1)) < 1e-9)  # rounding
        True
    """
    if result.sleeve_weights is None:
        return pd.DataFrame(index=result.nav.index)
    shares = in_force(_shares(result.sleeve_weights), result).reindex(result.nav.index, method="ffill").shift()
    profits = _by_sleeve(shares, result.contributions[result.assets])
    return profits.assign(**{_REST: result.contributions.sum(axis=1) - profits.sum(axis=1)})


def sleeve_risk(result: RunRecord) -> pd.DataFrame:
    """Return the contribution of each sleeve to the ex-ante volatility of each decision, decimal per year.

    Returns:
        (m', k) by rebalance date with a covariance; a row adds up to the forecast volatility. No columns if the
        strategy is no blend.
    """
    if result.sleeve_weights is None:
        return pd.DataFrame(index=result.risk_contributions.index)
    shares = _shares(result.sleeve_weights).reindex(result.risk_contributions.index)
    return _by_sleeve(shares, result.risk_contributions)


def sleeve_profits(result: RunRecord, most: int) -> pd.DataFrame:
    """Return the profit of each sleeve since the first NAV, over the first NAV.

    Args:
        result: result of a blend.
        most: number of sleeves with a column of their own; the others are one column.

    Returns:
        (P, k + 1) by date of NAV, the last column is `rest`; the sum of a row is NAV less 1.
    """
    profits = sleeve_contributions(result).cumsum()
    return largest_and_rest(profits.drop(columns=_REST), most).assign(**{_REST: profits[_REST]})


def sleeve_summary(result: RunRecord) -> pd.DataFrame:
    """Return the weight of each sleeve and its contributions to return and risk, over the whole run.

    Returns:
        (k + 1, 3) by sleeve, the last row is `rest`, which is cash and costs: `weight`, the average sum of its target
        weights, fraction of NAV; `profit`, over the first NAV, which adds up to the total return; `risk`, the average
        share of the ex-ante volatility, NaN without a covariance. No rows if the strategy is no blend.
    """
    if result.sleeve_weights is None:
        return pd.DataFrame(columns=["weight", "profit", "risk"], dtype=float)
    profit, risk = sleeve_contributions(result).sum(), sleeve_risk(result)
    weight = result.sleeve_weights.T.groupby(level="sleeve", sort=False).sum().T.mean()
    share = risk.div(result.forecast_volatility, axis=0).mean()
    weight[_REST], share[_REST] = 1 - weight.sum(), 0.0
    return pd.DataFrame({"weight": weight, "profit": profit, "risk": share}).reindex(profit.index)


def _shares(weights: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each sleeve in the weight of each asset; 0 where the sleeves hold nothing of it together."""
    total = weights.T.groupby(level="asset", sort=False).sum().T
    whole = total[weights.columns.get_level_values("asset")].to_numpy()
    return weights.div(np.where(whole == 0, np.inf, whole))


def _by_sleeve(shares: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return values by asset divided among the sleeves, and summed over the assets of each."""
    return pd.DataFrame(
        {
            sleeve: (shares[sleeve][values.columns] * values).sum(axis=1)
            for sleeve in shares.columns.unique(level="sleeve")
        }
    )
