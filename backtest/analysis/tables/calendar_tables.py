"""A run by the calendar: returns of months and years, costs of years, lengths of drawdowns."""

import numpy as np
import pandas as pd

from backtest.analysis.metrics.drawdown import worst_drawdowns
from backtest.analysis.run_record import RunRecord
from backtest.data.dates.frequencies import MONTHS
from backtest.data.dates.spacing import period_after

YEAR = "year"
"""The column of the whole year's return."""

_MONTHS = range(1, 13)


def calendar_returns(nav: pd.Series, periods_per_year: int) -> pd.DataFrame:
    """Returns of calendar months and years: NAV at the last date in it / NAV at the last date before it, - 1.

    So a month's return is that of its days compounded, and a year's that of its months. The first and the last
    are of the part that the run covers; `covered_in_part` says which.

    Args:
        nav: (P,) currency, P of 2 or more.
        periods_per_year: of its dates. Below 12 there are no months, as the data does not know them.

    Returns:
        (years, 13) decimals, or (years, 1) without months: index the year, columns 1 to 12 and "year". NaN where the
        run has no date in a month after its first.

    Example:
        >>> dates = pd.to_datetime(["2019-12-31", "2020-01-15", "2020-01-31", "2020-02-28"])
        >>> calendar_returns(pd.Series([1.0, 1.1, 1.2, 0.9], index=dates), 252)[[1, 2, "year"]].round(4)
                1     2  year
        2020  0.2 -0.25  -0.1
    """
    dates = pd.DatetimeIndex(nav.index)
    yearly = _compounded(nav, dates.year.to_numpy())
    years = range(int(yearly.index[0]), int(yearly.index[-1]) + 1)
    columns: dict[int | str, pd.Series] = {}
    if periods_per_year >= 12:
        monthly = _compounded(nav, (dates.year * 12 + dates.month - 1).to_numpy())
        for month in _MONTHS:
            wanted = [year * 12 + month - 1 for year in years]
            columns[month] = pd.Series(monthly.reindex(wanted).to_numpy(), index=years)
    columns[YEAR] = yearly.reindex(years)
    return pd.DataFrame(columns, index=pd.Index(years))


def _compounded(nav: pd.Series, spans: np.ndarray) -> pd.Series:
    """The return of each span that has a date after the first."""
    last = np.append(np.flatnonzero(np.diff(spans)), len(spans) - 1)
    values = nav.to_numpy()
    if last[0] == 0:  # the first date is the base of the next span, and has no return of its own
        return pd.Series(values[last[1:]] / values[last[:-1]] - 1, index=spans[last[1:]])
    return pd.Series(values[last] / values[np.append(0, last[:-1])] - 1, index=spans[last])


def typical_size(returns: pd.DataFrame) -> float:
    """The size that 19 of 20 returns of a table do not exceed: the 95 % quantile of |r|, decimal; NaN counts for none.

    Pictures of a table show this and more in full colour. 0 for a table without numbers.

    Example:
        >>> round(typical_size(pd.DataFrame({1: [0.01, -0.03], 2: [0.02, np.nan]})), 4)
        0.029
    """
    sizes = np.abs(returns.to_numpy())
    return float(np.nanquantile(sizes, 0.95)) if np.isfinite(sizes).any() else 0.0


def covered_in_part(nav: pd.Series, periods_per_year: int) -> pd.DataFrame:
    """Months and years of `calendar_returns` that the run covers only in part: the same shape, True or False.

    A span is whole if the date after its base is in it, and the date expected after its end is in the next one: the
    next session by the days of the week that have sessions, the next week, or the next day of longer periods, which
    are dated at their end. (Before a holiday at the end of a month the last date is taken for one short.)

    Example:
        >>> dates = pd.to_datetime(["2020-01-15", "2020-01-31", "2020-02-28"])
        >>> covered_in_part(pd.Series([1.0, 1.2, 0.9], index=dates), 252)[[1, 2, "year"]]
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
    """Costs and turnover of each calendar year, not annualised: Σ cost_t / NAV_{t-1} over the periods that end in it.

    Returns:
        (years, 6) fractions of NAV, no NaN: index the year; columns `trading`, `financing` (all interest on
        loans), `financing_drag` (its part above the cash return), `borrow`, `fees`, `turnover` (½ Σ|trades|).

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
    """The worst drawdowns with their lengths in calendar days, deepest first.

    Args:
        nav: (P,) currency.
        count: at most so many.

    Returns:
        (k, 7): `depth` (decimal, below 0), the dates `peak`, `trough` and `recovery` (NaT if not yet), and
        `days_down` (peak to trough), `days_up` (trough to recovery, NaN if not yet), `days` (peak to recovery, or to
        the last date).

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
        >>> drawdown_lengths(pd.Series([1.0, 1.1, 0.99, 1.2], index=dates))[["days_down", "days_up", "days"]]
           days_down  days_up  days
        0         31     30.0    61
    """
    rows = []
    for spell in worst_drawdowns(nav, count):
        end = nav.index[-1] if spell.recovery is None else spell.recovery
        rows.append(
            {
                "depth": spell.depth,
                "peak": spell.peak,
                "trough": spell.trough,
                "recovery": pd.NaT if spell.recovery is None else spell.recovery,
                "days_down": (spell.trough - spell.peak).days,
                "days_up": float("nan") if spell.recovery is None else float((end - spell.trough).days),
                "days": (end - spell.peak).days,
            }
        )
    return pd.DataFrame(rows, columns=["depth", "peak", "trough", "recovery", "days_down", "days_up", "days"])
