"""Calendar tables: returns by month and year, costs by year, lengths of drawdowns."""

import numpy as np
import pandas as pd

from backtest.analysis.metrics.drawdown import worst_drawdowns
from backtest.analysis.run_record import RunRecord
from backtest.data.dates.frequencies import MONTHS
from backtest.data.dates.spacing import period_after

YEAR = "year"
"""Name of the column with the return of the whole year."""

_MONTHS = range(1, 13)


def calendar_returns(nav: pd.Series, periods_per_year: int) -> pd.DataFrame:
    """Return the returns of calendar months and years: last NAV of the span / last NAV before the span - 1.

    A month's return is thus the compound return of its days, and a year's return the compound return of its months. The
    first and the last month and year may be covered only in part; see `partial_coverage`.

    Args:
        nav: (P,) currency, P of 2 or more.
        periods_per_year: periods per year of the dates. Below 12 there are no columns for months.

    Returns:
        (years, 13) decimals, or (years, 1) without months: the index is the year, the columns are 1 to 12 and "year".
        NaN for months without a date after the first date of the run.

    Example:
        >>> dates = pd.to_datetime(["2019-12-31", "2020-01-15", "2020-01-31", "2020-02-28"])
        >>> calendar_returns(pd.Series([1.0, 1.1, 1.2, 0.9], index=dates), 252)[[1, 2, "year"]].round(4)
                1     2  year
        2020  0.2 -0.25  -0.1
    """
    dates = pd.DatetimeIndex(nav.index)
    yearly = _compound(nav, dates.year.to_numpy())
    years = range(int(yearly.index[0]), int(yearly.index[-1]) + 1)
    columns: dict[int | str, pd.Series] = {}
    if periods_per_year >= 12:
        monthly = _compound(nav, (dates.year * 12 + dates.month - 1).to_numpy())
        for month in _MONTHS:
            numbers = [year * 12 + month - 1 for year in years]
            columns[month] = pd.Series(monthly.reindex(numbers).to_numpy(), index=years)
    columns[YEAR] = yearly.reindex(years)
    return pd.DataFrame(columns, index=pd.Index(years))


def _compound(nav: pd.Series, spans: np.ndarray) -> pd.Series:
    """Return the return of each span that has a date after the first date."""
    last = np.append(np.flatnonzero(np.diff(spans)), len(spans) - 1)
    values = nav.to_numpy()
    if last[0] == 0:  # the first date is the base of the next span and has no return
        return pd.Series(values[last[1:]] / values[last[:-1]] - 1, index=spans[last[1:]])
    return pd.Series(values[last] / values[np.append(0, last[:-1])] - 1, index=spans[last])


def typical_size(returns: pd.DataFrame) -> float:
    """Return the size that 19 of 20 returns of a table do not exceed: the 95 % quantile of |r|, ignoring NaN.

    Heat maps show returns of this size and above in full colour. 0 for a table without numbers.

    Example:
        >>> round(typical_size(pd.DataFrame({1: [0.01, -0.03], 2: [0.02, np.nan]})), 4)
        0.029
    """
    sizes = np.abs(returns.to_numpy())
    return float(np.nanquantile(sizes, 0.95)) if np.isfinite(sizes).any() else 0.0


def partial_coverage(nav: pd.Series, periods_per_year: int) -> pd.DataFrame:
    """Return True for months and years of `calendar_returns` that the run covers only in part, in the same shape.

    A span is fully covered if the first date after its base lies in it, and the date expected after its last date lies
    in the next span. The expected date is the next session by the weekdays that have sessions, the next week, or, for
    longer periods, which are dated at their end, the next day. If the run ends before a holiday at the end of a month,
    that month counts as covered in part.

    Example:
        >>> dates = pd.to_datetime(["2020-01-15", "2020-01-31", "2020-02-28"])
        >>> partial_coverage(pd.Series([1.0, 1.2, 0.9], index=dates), 252)[[1, 2, "year"]]
                 1      2  year
        2020  True  False  True
    """
    returns = calendar_returns(nav, periods_per_year)
    part = pd.DataFrame(np.zeros(returns.shape, dtype=bool), index=returns.index, columns=returns.columns)
    dates = pd.DatetimeIndex(nav.index)
    for date, following in ((dates[0], dates[1]), (dates[-1], _date_after(dates, periods_per_year))):
        if following.year == date.year and date.year in part.index:
            part.loc[date.year, YEAR] = True
            if following.month == date.month and date.month in part.columns:
                part.loc[date.year, date.month] = True
    return part & returns.notna()


def _date_after(dates: pd.DatetimeIndex, periods_per_year: int) -> pd.Timestamp:
    """Return the date expected after the last one."""
    if periods_per_year in MONTHS:
        return dates[-1] + pd.Timedelta(days=1)
    return period_after(dates, periods_per_year)


def costs_by_year(result: RunRecord) -> pd.DataFrame:
    """Return costs and turnover of each calendar year: Σ cost_t / NAV_{t-1} over its periods, not annualised.

    Returns:
        (years, 6) fractions of NAV by year, no NaN: `trading`, `financing` (all interest on loans), `financing_drag`
        (its part above the cash return), `borrow`, `fees`, and `turnover` (½ Σ|trades|).

    Example:
        >>> import backtest as bt
        >>> costs_by_year(bt.run("configs/erc.yaml")).loc[1990, "trading"].round(4).item()
        0.0007
    """
    opening = result.nav.shift()
    paid = result.costs.assign(financing_drag=result.financing_drag)
    shares = paid.div(opening, axis=0).assign(turnover=result.turnover).iloc[1:]
    columns = ["trading", "financing", "financing_drag", "borrow", "fees", "turnover"]
    return shares.groupby(pd.DatetimeIndex(shares.index).year)[columns].sum().rename_axis(None)


def drawdown_lengths(nav: pd.Series, count: int = 5) -> pd.DataFrame:
    """Return the worst drawdowns with their lengths in calendar days, deepest first.

    Args:
        nav: (P,) currency.
        count: maximum number of drawdowns.

    Returns:
        (k, 7): `depth` (decimal, below 0), the dates `peak`, `trough` and `recovery` (NaT if not yet recovered), and
        `days_down` (peak to trough), `days_up` (trough to recovery, NaN if not recovered), `days` (peak to recovery, or
        to the last date).

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
        >>> drawdown_lengths(pd.Series([1.0, 1.1, 0.99, 1.2], index=dates))[["days_down", "days_up", "days"]]
           days_down  days_up  days
        0         31     30.0    61
    """
    rows = []
    for fall in worst_drawdowns(nav, count):
        end = nav.index[-1] if fall.recovery is None else fall.recovery
        rows.append(
            {
                "depth": fall.depth,
                "peak": fall.peak,
                "trough": fall.trough,
                "recovery": pd.NaT if fall.recovery is None else fall.recovery,
                "days_down": (fall.trough - fall.peak).days,
                "days_up": float("nan") if fall.recovery is None else float((end - fall.trough).days),
                "days": (end - fall.peak).days,
            }
        )
    return pd.DataFrame(rows, columns=["depth", "peak", "trough", "recovery", "days_down", "days_up", "days"])
