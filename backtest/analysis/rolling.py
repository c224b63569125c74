"""Measures over a window that rolls along: one value for each full window, none before the first is full."""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from backtest.analysis.performance import NO_RISK

Array = NDArray[np.float64]


def rolling_volatility(returns: pd.Series, window: int, periods_per_year: int) -> pd.Series:
    """sqrt(periods_per_year) × standard deviation (ddof 1) of the last `window` returns, up to and including each date.

    Args:
        returns: (P,) decimal per period, no NaN.
        window: rows, 2 or more.
        periods_per_year: of the returns.

    Returns:
        (P - window + 1,) decimals per year by the window's last date, no NaN; empty where P < window.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        >>> rolling_volatility(pd.Series([0.0, 0.02, 0.0], index=dates), 2, 12).round(4).tolist()
        [0.049, 0.049]
    """
    windows = _windows(returns, window)
    return pd.Series(_volatilities(windows, periods_per_year), index=returns.index[window - 1 :], name="volatility")


def rolling_sharpe(excess_returns: pd.Series, window: int, periods_per_year: int) -> pd.Series:
    """Annualised mean of the last `window` excess returns over their annualised standard deviation (ddof 1).

    Args:
        excess_returns: (P,) decimal per period, no NaN.
        window: rows, 2 or more.
        periods_per_year: of the returns.

    Returns:
        (P - window + 1,) by the window's last date; NaN where the deviation is 0; empty where P < window.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        >>> rolling_sharpe(pd.Series([0.02, 0.0, 0.01], index=dates), 3, 12).round(4).tolist()
        [3.4641]
    """
    windows = _windows(excess_returns, window)
    deviations = _volatilities(windows, periods_per_year)
    means = periods_per_year * windows.mean(axis=1)
    ratios = np.divide(means, deviations, out=np.full(len(means), np.nan), where=deviations > 0)
    return pd.Series(ratios, index=excess_returns.index[window - 1 :], name="sharpe")


def _windows(values: pd.Series, window: int) -> Array:
    """(P - window + 1, window), or (0, window)."""
    if window < 2:
        raise ValueError(f"window: {window}; expected 2 rows or more")
    if len(values) < window:
        return np.empty((0, window))
    return sliding_window_view(values.to_numpy(dtype=float), window)


def _volatilities(windows: Array, periods_per_year: int) -> Array:
    deviations = windows.std(axis=1, ddof=1)
    return np.where(deviations > NO_RISK, np.sqrt(periods_per_year) * deviations, 0.0)
