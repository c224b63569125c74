"""Realised risk contributions: the part of each position in the volatility of NAV.

The excess return of NAV is the sum of the excess returns of the positions, and of cash and costs. Its variance is
therefore the sum of the covariances of these parts with the whole, and its volatility the sum of
cov(part, whole) / std(whole). This is the split of ex-ante risk (Tasche 2000), with realised returns in place of
forecasts.
"""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

CASH_AND_COSTS = "cash_and_costs"


def excess_contributions(result: RunRecord) -> pd.DataFrame:
    """Return the contribution of each asset, and of cash and costs, to NAV's excess return in each period.

    An asset contributes its profit over the opening NAV, less the cash return on its weight. `cash_and_costs` has
    interest, financing, fees and trading costs over the opening NAV, less the cash return on the rest of NAV: cash that
    earns the cash return contributes nothing, and a loan contributes its spread.

    Returns:
        (P - 1, n + 1) decimals per period, no NaN; the rows add up to `result.excess_returns`.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/erc.yaml")
        >>> bool(abs(excess_contributions(result).sum(axis=1) - result.excess_returns).max() < 1e-12)
        True
    """
    count = len(result.assets)
    earned = result.contributions.to_numpy()[1:] / result.nav.to_numpy()[:-1, None]
    weights, cash = result.weights.to_numpy()[:-1], result.cash_returns.to_numpy()[1:]
    assets = earned[:, :count] - weights * cash[:, None]
    rest = earned[:, count:].sum(axis=1) - (1 - weights.sum(axis=1)) * cash
    return pd.DataFrame(
        np.column_stack([assets, rest]), index=result.nav.index[1:], columns=[*result.assets, CASH_AND_COSTS]
    )


def realised_risk_contributions(result: RunRecord) -> pd.Series:
    """Return the realised risk contributions over the whole run: cov(part, whole) / std(whole), annualised.

    Returns:
        (n + 1,) decimals per year by asset, and `cash_and_costs`. They add up to the volatility of NAV's excess
        returns (ddof 1). Zero if those returns do not vary; NaN for fewer than two returns.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"})
        >>> realised_risk_contributions(result).round(4).tolist()
        [0.0902, 0.0123, 0.0]
    """
    parts = excess_contributions(result)
    annual = np.sqrt(result.periods_per_year)
    values = annual * _contributions(parts.to_numpy(), result.excess_returns.to_numpy())
    return pd.Series(values, index=parts.columns, name="realised_risk_contributions")


def rolling_realised_risk(result: RunRecord, window: int, dates: pd.Index | None = None) -> pd.DataFrame:
    """Return the realised risk contributions over the `window` returns up to and including each date.

    Args:
        result: record of a run.
        window: number of returns, 2 or more.
        dates: rising dates of NAV; the rebalance dates by default.

    Returns:
        (k, n + 1) decimals per year, by the dates with a full window; rows add up to the volatility of NAV's excess
        returns over the window.

    Raises:
        ValueError: the window is shorter than 2.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"})
        >>> rolling_realised_risk(result, 12).iloc[-1].round(4).tolist()
        [0.0615, -0.0091, 0.0]
    """
    if window < 2:
        raise ValueError(f"window: {window}; expected 2 rows or more")
    parts, excess = excess_contributions(result), result.excess_returns.to_numpy()
    ends = result.nav.index.get_indexer(result.target_weights.index if dates is None else dates)
    ends = ends[ends >= window]
    values = parts.to_numpy()
    rows = [_contributions(values[end - window : end], excess[end - window : end]) for end in ends]
    table = np.sqrt(result.periods_per_year) * np.reshape(rows, (len(ends), parts.shape[1]))
    return pd.DataFrame(table, index=result.nav.index[ends], columns=parts.columns)


def realised_risk_of_a_year(result: RunRecord, dates: pd.Index | None = None) -> pd.DataFrame:
    """Return `rolling_realised_risk` over 12 months; no rows for one period a year, as one return has no risk."""
    no_window = len(result.returns) + 2  # more returns than there are
    window = result.periods_per_year if result.periods_per_year > 1 else no_window
    return rolling_realised_risk(result, window, dates)


def _contributions(parts: Floats, whole: Floats) -> Floats:
    """Return the (k,) risk contributions per period of (T, k) parts of (T,) returns."""
    if len(whole) < 2:
        return np.full(parts.shape[1], np.nan)
    centred = whole - whole.mean()
    deviation = float(np.std(whole, ddof=1))
    if not has_risk(deviation):
        return np.zeros(parts.shape[1])
    # einsum rather than @, so that every bit depends on these rows alone
    return np.asarray(np.einsum("t,tk->k", centred, parts) / ((len(whole) - 1) * deviation))
