"""Where capital and risk sit: shares of each, and what is held now against what is wanted."""

import numpy as np
import pandas as pd

from backtest.analysis.metrics.realised_risk import realised_risk_contributions
from backtest.analysis.run_record import RunRecord
from backtest.risk import percentage_contributions


def risk_shares(risk_contributions: pd.DataFrame) -> pd.DataFrame:
    """Each asset's share of the portfolio's volatility: contribution / Σ contributions, row by row.

    Args:
        risk_contributions: (m, n) decimal per year.

    Returns:
        (m', n) fractions; each row sums to 1, and a share below 0 is a hedge's. Rows without volatility are left out.

    Example:
        >>> risk_shares(pd.DataFrame({"a": [0.03, 0.0], "b": [0.01, 0.0]})).to_numpy().tolist()
        [[0.75, 0.25]]
    """
    total = risk_contributions.sum(axis=1)
    there = total > 0
    return risk_contributions[there].div(total[there], axis=0)


def capital_and_risk(result: RunRecord) -> pd.DataFrame:
    """Average shares of capital and of risk over the rebalance dates that have a covariance, and of risk as it came.

    Capital: |w_i| / Σ|w| of the target weights; risk: `risk_shares`, both averaged over the same dates. Realised: the
    share of the volatility of NAV's excess returns over the whole run, of which cash and costs have the rest.

    Returns:
        (n, 3) fractions, columns `capital`, `risk` and `realised`; the first two sum to 1, and the last is NaN where
        NAV has no volatility. (0, 3) where no date has a covariance.

    Example:
        >>> import backtest as bt
        >>> capital_and_risk(bt.run("configs/erc.yaml")).loc["us_stocks"].round(2).tolist()
        [0.24, 0.25, 0.22]
    """
    risk = risk_shares(result.risk_contributions)
    if risk.empty:
        return pd.DataFrame({"capital": [], "risk": [], "realised": []}, dtype=float)
    sizes = result.target_weights.loc[risk.index].abs()
    realised = percentage_contributions(realised_risk_contributions(result))[:-1]
    return pd.DataFrame(
        {"capital": sizes.div(sizes.sum(axis=1), axis=0).mean(), "risk": risk.mean(), "realised": realised}
    )


def holdings_now(result: RunRecord) -> pd.DataFrame:
    """What is wanted and allowed, what is held after drifting, and the trades between; of assets that have any of them.

    Returns:
        (k, 3) fractions of NAV by asset, columns `target`, `current`, `trade`, no NaN.

    Example:
        >>> import backtest as bt
        >>> holdings_now(bt.run("configs/erc.yaml")).loc["us_stocks"].round(2).tolist()
        [0.2, 0.22, -0.02]
    """
    table = pd.DataFrame(
        {"target": result.allowed_targets.iloc[-1], "current": result.weights.iloc[-1], "trade": result.latest_trades}
    )
    return table[(table != 0).any(axis=1)]


def holdings_totals(holdings: pd.DataFrame) -> pd.DataFrame:
    """Cash and gross exposure that go with the `holdings_now`.

    Returns:
        (2, 3) fractions of NAV, columns as there: `cash`, 1 - Σw, below zero a loan, whose trade is what the others
        take out of it, before costs; and `gross_exposure`, Σ|w|, whose trade is Σ|trades|.

    Example:
        >>> holdings_totals(pd.DataFrame({"target": [1.5], "current": [1.25], "trade": [0.25]}, index=["gold"]))
                        target  current  trade
        cash              -0.5    -0.25  -0.25
        gross_exposure     1.5     1.25   0.25
    """
    cash = -holdings.sum() + pd.Series({"target": 1.0, "current": 1.0, "trade": 0.0})
    return pd.DataFrame({"cash": cash, "gross_exposure": holdings.abs().sum()}).T


def largest_and_rest(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """The columns of the largest average size in their own order, and the sum of the others as one last column.

    For pictures: more than about ten colours cannot be told apart. Nothing is folded where that would save one column.

    Args:
        table: (m, n) of anything that adds up over the columns.
        count: columns to keep, 1 or more.

    Example:
        >>> largest_and_rest(pd.DataFrame({"a": [0.1], "b": [-0.6], "c": [0.2], "d": [0.1]}), 2)
             b    c  2 others
        0 -0.6  0.2       0.2
    """
    if table.shape[1] <= count + 1:
        return table
    order = np.argsort(-table.abs().mean().to_numpy(), kind="stable")
    kept, folded = np.sort(order[:count]), np.sort(order[count:])
    rest = table.iloc[:, folded].sum(axis=1).rename(f"{len(folded)} others")
    return pd.concat([table.iloc[:, kept], rest], axis=1)  # a column of its own, whatever an asset is called
