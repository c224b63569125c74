"""Empirical durations: how much assets lost when a yield rose."""

import numpy as np
import pandas as pd

from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.analysis.uncertainty.least_squares import newey_west, usual_lags
from backtest.analysis.uncertainty.long_run import half_width

MONTHS = 36  # of each regression


def bond_durations(returns: pd.DataFrame, yields: pd.Series, months: int = MONTHS) -> pd.DataFrame:
    """Return the empirical duration of assets over the months up to each month's end.

    It is -cov(r, Δy) / var(Δy), the slope of an ordinary least-squares regression with a constant, which takes the
    income of the bond.

    Args:
        returns: (M, k) monthly returns by month's end, decimal; NaN for a missing return.
        yields: yields by date, decimal per year; the last of each month counts.
        months: months of each regression, 3 or more.

    Returns:
        (M, k) years; NaN where a month of the regression lacks a return or a yield, or the yield does not change.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=5, freq="ME")
        >>> yields = pd.Series([0.02, 0.021, 0.019, 0.022, 0.022], dates)
        >>> returns = pd.DataFrame({"bond": 0.001 - 7 * yields.diff()})
        >>> bond_durations(returns, yields, months=4)["bond"].round(6).tolist()
        [nan, nan, nan, nan, 7.0]
    """
    change = _changes(yields, returns.index)
    variance = change.rolling(months).var()
    covariances = {name: column.rolling(months).cov(change) for name, column in returns.items()}
    slopes = pd.DataFrame(covariances, index=returns.index).div(variance.where(variance > 0), axis=0)
    return -slopes


def latest_durations(returns: pd.DataFrame, yields: pd.Series, months: int = MONTHS) -> pd.DataFrame:
    """Return the durations over the last months that have a return of each asset and a change of the yield.

    Args:
        returns: see `bond_durations`, as for `yields` and `months`.
        yields: yields by date.
        months: months of the regression.

    Returns:
        (k, 3) by asset, in years: `value`, and the ends `low` and `high` of its 95 % interval by Newey-West errors and
        Student's t, NaN for an exact fit. NaN for an asset with fewer months, or if the yield does not change.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=5, freq="ME")
        >>> yields = pd.Series([0.02, 0.021, 0.019, 0.022, 0.022], dates)
        >>> returns = pd.DataFrame({"bond": [0.0, -0.006, 0.013, -0.02, 0.001]}, dates)
        >>> latest_durations(returns, yields, months=4).round(1).loc["bond"].tolist()
        [6.6, 5.9, 7.3]
    """
    change, found = _changes(yields, returns.index), {}
    for name, column in returns.items():
        pairs = pd.DataFrame({"change": change, "return": column}).dropna().tail(months)
        moves = pairs["change"].to_numpy()
        if len(pairs) < months or not np.ptp(moves) > 0:
            found[name] = [np.nan] * 3
            continue
        design = np.column_stack([np.ones(months), moves])
        values, errors = newey_west(pairs["return"].to_numpy(), design, usual_lags(months))
        width = half_width(LEVEL, months - 2) * errors[1]
        found[name] = [-values[1], -values[1] - width, -values[1] + width]
    return pd.DataFrame.from_dict(found, orient="index", columns=["value", "low", "high"])


def _changes(yields: pd.Series, months: pd.Index) -> pd.Series:
    """Return the change of a yield over each month; NaN over a missing month."""
    ends = pd.DatetimeIndex(yields.index).normalize() + pd.offsets.MonthEnd(0)
    by_end = yields.groupby(ends).last()
    change: pd.Series = by_end.diff().where(by_end.index.to_series().diff().dt.days <= 31)
    return change.reindex(months)
