"""Empirical durations: how much assets lost when a yield rose."""

import pandas as pd

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
    ends = pd.DatetimeIndex(yields.index).normalize() + pd.offsets.MonthEnd(0)
    by_end = yields.groupby(ends).last()
    change = by_end.diff().where(by_end.index.to_series().diff().dt.days <= 31)  # no change over a missing month
    change = change.reindex(returns.index)
    variance = change.rolling(months).var()
    covariances = {name: column.rolling(months).cov(change) for name, column in returns.items()}
    slopes = pd.DataFrame(covariances, index=returns.index).div(variance.where(variance > 0), axis=0)
    return -slopes
