"""Shares of capital and risk by asset, and the latest holdings next to their targets."""

import numpy as np
import pandas as pd

from backtest.analysis.metrics.realised_risk import realised_risk_contributions
from backtest.analysis.run_record import RunRecord
from backtest.risk import percentage_contributions


def risk_shares(risk_contributions: pd.DataFrame) -> pd.DataFrame:
    """Return each asset's share of the portfolio's volatility, contribution / Σ contributions, by row.

    Args:
        risk_contributions: (m, n) decimal per year.

    Returns:
        (m', n) fractions; each row sums to 1, and hedges have shares below 0. Rows without volatility are left out.

    Example:
        >>> risk_shares(pd.DataFrame({"a": [0.03, 0.0], "b": [0.01, 0.0]})).to_numpy().tolist()
        [[0.75, 0.25]]
    """
    total = risk_contributions.sum(axis=1)
    positive = total > 0
    return risk_contributions[positive].div(total[positive], axis=0)


def capital_and_risk(result: RunRecord) -> pd.DataFrame:
    """Return average shares of capital and of ex-ante risk over the rebalance dates, and shares of realised risk.

    Capital is |w_i| / Σ|w| of the target weights and risk is `risk_shares`, both averaged over the dates that have a
    covariance. Realised is the share of the volatility of NAV's excess returns over the whole run; cash and costs
    account for the rest.

    Returns:
        (n, 3) fractions, columns `capital`, `risk` and `realised`. The first two sum to 1; the last is NaN if NAV has
        no volatility. (0, 3) if no date has a covariance.

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
    """Return the latest allowed targets, the weights held, and the trades between them.

    Returns:
        (k, 3) fractions of NAV, columns `target`, `current`, `trade`, no NaN; assets with three zeros are left out.

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
    """Return cash and gross exposure for a table of `holdings_now`.

    Args:
        holdings: (k, 3) fractions of NAV, columns `target`, `current`, `trade`.

    Returns:
        (2, 3) fractions of NAV with the same columns. `cash` is 1 - Σw, a loan if below zero; its trade is
        -Σ trades, before costs. `gross_exposure` is Σ|w|; its trade is Σ|trades|.

    Example:
        >>> holdings_totals(pd.DataFrame({"target": [1.5], "current": [1.25], "trade": [0.25]}, index=["gold"]))
                        target  current  trade
        cash              -0.5    -0.25  -0.25
        gross_exposure     1.5     1.25   0.25
    """
    cash = -holdings.sum() + pd.Series({"target": 1.0, "current": 1.0, "trade": 0.0})
    return pd.DataFrame({"cash": cash, "gross_exposure": holdings.abs().sum()}).T


def largest_and_rest(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the columns of largest average size, in their original order, and the sum of the others in a last column.

    Charts use it because more than about ten colours cannot be distinguished. A table with one column too many is
    returned unchanged, since a sum of one column would save nothing.

    Args:
        table: (m, n) values that add up over the columns.
        count: number of columns to keep, 1 or more.

    Example:
        >>> largest_and_rest(pd.DataFrame({"a": [0.1], "b": [-0.6], "c": [0.2], "d": [0.1]}), 2)
             b    c  2 others
        0 -0.6  0.2       0.2
    """
    if table.shape[1] <= count + 1:
        return table
    order = np.argsort(-table.abs().mean().to_numpy(), kind="stable")
    largest, others = np.sort(order[:count]), np.sort(order[count:])
    rest = table.iloc[:, others].sum(axis=1).rename(f"{len(others)} others")
    return pd.concat([table.iloc[:, largest], rest], axis=1)  # concat keeps the columns apart if names are the same
