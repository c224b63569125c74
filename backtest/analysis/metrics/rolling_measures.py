"""Measures over rolling windows: one value for each full window."""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk


def rolling_measures(result: RunRecord) -> pd.DataFrame:
    """Return volatility, Sharpe ratio and correlation with the benchmark over the last 12 months.

    Returns:
        (P - periods_per_year, 3 or 4) by the window's last date: `volatility` of returns and `excess_volatility` of
        excess returns, decimals per year; `sharpe`, NaN without risk; and, if there is a benchmark, `correlation`, NaN
        if either does not vary. No rows for a run of a year or less, or for one period a year.

    Example:
        >>> import backtest as bt
        >>> rolling_measures(bt.run("configs/erc.yaml")).iloc[-1].round(2).to_dict()
        {'volatility': 0.05, 'excess_volatility': 0.05, 'sharpe': 1.14, 'correlation': 0.74}
    """
    window = window_of_a_year(result.returns, result.periods_per_year)
    columns = {
        "volatility": rolling_volatility(result.returns, window, result.periods_per_year),
        "excess_volatility": rolling_volatility(result.excess_returns, window, result.periods_per_year),
        "sharpe": rolling_sharpe(result.excess_returns, window, result.periods_per_year),
    }
    if result.benchmark is not None:
        columns["correlation"] = rolling_correlation(result.returns, result.benchmark.returns, window)
    return pd.DataFrame(columns)


def window_of_a_year(returns: pd.Series, periods_per_year: int) -> int:
    """Return the number of rows of a 12-month window; more rows than there are returns if a window is undefined.

    A window is undefined for one period a year, and for a run of a year or less.

    Args:
        returns: (P,) decimal per period.
        periods_per_year: periods per year of the returns.

    Example:
        >>> window_of_a_year(pd.Series(np.zeros(24)), 12), window_of_a_year(pd.Series(np.zeros(12)), 12)
        (12, 14)
    """
    return periods_per_year if 2 <= periods_per_year < len(returns) else len(returns) + 2


def rolling_volatility(returns: pd.Series, window: int, periods_per_year: int) -> pd.Series:
    """Return the annualised standard deviation (ddof 1) of the last `window` returns.

    Args:
        returns: (P,) decimal per period, no NaN.
        window: number of returns, 2 or more.
        periods_per_year: periods per year of the returns.

    Returns:
        (P - window + 1,) decimals per year by the window's last date, no NaN; empty if P < window.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        >>> rolling_volatility(pd.Series([0.0, 0.02, 0.0], index=dates), 2, 12).round(4).tolist()
        [0.049, 0.049]
    """
    windows = _windows(returns, window)
    return pd.Series(_volatilities(windows, periods_per_year), index=returns.index[window - 1 :], name="volatility")


def rolling_sharpe(excess_returns: pd.Series, window: int, periods_per_year: int) -> pd.Series:
    """Return the annualised mean of the last `window` excess returns over their annualised standard deviation (ddof 1).

    Args:
        excess_returns: (P,) decimal per period, no NaN.
        window: number of returns, 2 or more.
        periods_per_year: periods per year of the returns.

    Returns:
        (P - window + 1,) by the window's last date; NaN if the deviation is 0; empty if P < window.

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


def rolling_correlation(returns: pd.Series, others: pd.Series, window: int) -> pd.Series:
    """Return Pearson's correlation of the last `window` returns of two series over the same dates.

    Args:
        returns: (P,) decimal per period, no NaN.
        others: (P,) returns of the other series on the same dates.
        window: number of returns, 2 or more.

    Returns:
        (P - window + 1,) by the window's last date; NaN if either does not vary, and for a window of two, which always
        has ±1; empty if P < window.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
        >>> stocks = pd.Series([0.0, 0.02, 0.01, 0.0], index=dates)
        >>> bonds = pd.Series([0.0, 0.01, 0.0, 0.0], index=dates)
        >>> rolling_correlation(stocks, bonds, 3).round(4).tolist()
        [0.866, 0.866]
    """
    first, second = _windows(returns, window), _windows(others, window)
    varies = (window > 2) & (_volatilities(first, 1) > 0) & (_volatilities(second, 1) > 0)
    deviations, other_deviations = first - first.mean(axis=1)[:, None], second - second.mean(axis=1)[:, None]
    products, squares, other_squares = (
        np.einsum("tw,tw->t", a, b)
        for a, b in (
            (deviations, other_deviations), (deviations, deviations), (other_deviations, other_deviations),
        )
    )  # fmt: skip
    correlations = np.full(len(products), np.nan)
    np.divide(products, np.sqrt(squares * other_squares), out=correlations, where=varies)
    return pd.Series(np.clip(correlations, -1.0, 1.0), index=returns.index[window - 1 :], name="correlation")


def _windows(values: pd.Series, window: int) -> Floats:
    """Return all windows, (P - window + 1, window), or (0, window) if P < window."""
    if window < 2:
        raise ValueError(f"window: {window}; expected 2 rows or more")
    if len(values) < window:
        return np.empty((0, window))
    return sliding_window_view(values.to_numpy(dtype=float), window)


def _volatilities(windows: Floats, periods_per_year: int) -> Floats:
    deviations = windows.std(axis=1, ddof=1)
    return np.where(has_risk(deviations), np.sqrt(periods_per_year) * deviations, 0.0)
