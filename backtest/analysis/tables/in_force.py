"""Dates of NAV on which each decision is in force."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord
from backtest.engine.settings.schedule import RebalanceSettings


def dates_in_force(result: RunRecord) -> pd.Series:
    """Return the date of NAV from which each decision is in force: the date of its first trade.

    A decision without a trade, because all weights are inside their bands, is in force from the date on which it would
    have been traded.

    Returns:
        (m,) rising dates by rebalance date; NaT if the run ends before the decision is in force.

    Example:
        >>> import backtest as bt
        >>> since = dates_in_force(bt.run("configs/daily/erc.yaml"))
        >>> f"{since.index[0]:%Y-%m-%d}", f"{since.iloc[0]:%Y-%m-%d}"
        ('2019-01-31', '2019-02-01')
    """
    dates, decisions = result.nav.index, pd.DatetimeIndex(result.target_weights.index)
    lag = RebalanceSettings.model_validate(result.settings.get("rebalance", {})).lag(result.periods_per_year)
    due = np.where(decisions >= dates[0], dates.searchsorted(decisions) + lag, 0)
    traded = result.trade_dates.to_numpy()
    rows = np.maximum.accumulate(np.where(pd.isna(traded), due, dates.searchsorted(traded)))
    known = dates.append(pd.DatetimeIndex([pd.NaT]))
    return pd.Series(known[np.minimum(rows, len(dates))], index=decisions, name="in_force")


def in_force(table: pd.DataFrame, result: RunRecord) -> pd.DataFrame:
    """Re-date the rows of a table to the dates from which their decisions are in force.

    The result is a step function: a row holds until the next row begins, and the last row is repeated on the last date.

    Args:
        table: (k, n) by rebalance date.
        result: record of the run that made the decisions.

    Returns:
        (j, n) by rising dates of NAV, from the first date to the last; NaN for a decision without a row in the table.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/60_40.yaml")
        >>> targets = in_force(result.target_weights, result)
        >>> targets.index[0] == result.nav.index[0], targets.index[-1] == result.nav.index[-1]
        (True, True)
    """
    dates = dates_in_force(result).dropna()
    dates = dates[~dates.duplicated(keep="last").to_numpy()]
    steps = table.reindex(dates.index).set_axis(pd.DatetimeIndex(dates), axis=0)
    last = result.nav.index[-1]
    return steps if dates.empty or dates.iloc[-1] == last else pd.concat([steps, steps.iloc[[-1]].set_axis([last])])
