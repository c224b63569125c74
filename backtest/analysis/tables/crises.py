"""Crises, from a fixed list or from the drawdowns of a run, and the performance of NAVs in them.

A crisis starts with the last close before the fall and ends with the lowest close, or the highest yield. The list was
chosen with hindsight, to label charts and tables; no strategy sees it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtest.analysis.metrics.drawdown import worst_drawdowns


@dataclass(frozen=True)
class Crisis:
    """A named span of dates.

    Args:
        name: short name, for charts and tables.
        start: last date before the fall.
        end: date of the bottom.
        why: one line on the cause.
        source: source of the dates.
    """

    name: str
    start: pd.Timestamp
    end: pd.Timestamp
    why: str
    source: str


_SP500 = "S&P 500, highest and lowest close"
_SP90 = "S&P 90 of daily prices; sources differ on the day of the peak within its month"
_FROM_DATA = "found in the data"
_FED = "Federal Reserve, FOMC history, and its H.15, the 10-year Treasury's highest yield at constant maturity"

_SPANS = (
    ("Crash and Depression", "1929-09-16", "1932-06-01", "Crash of October 1929, bank failures, deflation", _SP90),
    ("1937-38", "1937-03-10", "1938-03-31", "Fiscal and monetary tightening too early in the recovery", _SP90),
    ("1973-74", "1973-01-11", "1974-10-03", "End of Bretton Woods, oil embargo, stagflation", _SP500),
    ("Volcker", "1979-10-05", "1981-09-30", "The Fed fights inflation; 10-year yields reach 15.84 %", _FED),
    ("Crash of 1987", "1987-08-25", "1987-12-04", "Portfolio insurance; -20 % on 19 October", _SP500),
    ("Gulf War", "1990-07-16", "1990-10-11", "Kuwait is invaded, oil doubles, a recession begins", _SP500),
    ("Bond rout of 1994", "1994-02-03", "1994-11-07", "The Fed raises its rate from 3 % to 5.5 %", _FED),
    ("LTCM", "1998-07-17", "1998-08-31", "Russia defaults; levered relative-value trades unwind", _SP500),
    ("Dot-com", "2000-03-24", "2002-10-09", "Technology stocks fall by three quarters", _SP500),
    ("GFC", "2007-10-09", "2009-03-09", "Subprime mortgages, Lehman Brothers, a run on funding", _SP500),
    ("Euro crisis", "2011-04-29", "2011-10-03", "Sovereign debt of the euro area; the US loses its AAA", _SP500),
    ("Taper tantrum", "2013-05-21", "2013-09-05", "The Fed speaks of buying fewer bonds; yields up by 1 point", _FED),
    ("Q4 2018", "2018-09-20", "2018-12-24", "Rates and trade: stocks fall by a fifth in three months", _SP500),
    ("Covid", "2020-02-19", "2020-03-23", "The pandemic; a third in five weeks, a dash for cash", _SP500),
    ("2022", "2022-01-03", "2022-10-12", "Inflation and rates: stocks and bonds fall together", _SP500),
)

CRISES = tuple(
    Crisis(name, pd.Timestamp(start), pd.Timestamp(end), why, source) for name, start, end, why, source in _SPANS
)
"""Equity bear markets and the three worst bond bear markets, by date."""


@dataclass(frozen=True, eq=False)
class InCrisis:
    """Performance of several NAVs in a crisis.

    Args:
        crisis: the crisis.
        first: date of NAV from which returns count.
        last: date of NAV to which returns count.
        returns: by column of the NAVs, from `first` to `last`, decimal.
        drawdowns: by column, the maximum drawdown from `first` to `last`, decimal, 0 or below.
    """

    crisis: Crisis
    first: pd.Timestamp
    last: pd.Timestamp
    returns: pd.Series
    drawdowns: pd.Series


def in_crises(navs: pd.DataFrame, crises: Sequence[Crisis] = CRISES) -> tuple[InCrisis, ...]:
    """Return the performance of each NAV in each crisis that the dates cover completely.

    A crisis counts from the last date of NAV on or before its start to the first date on or after its end. With monthly
    data these are whole months, so a crash is deeper on daily data.

    Args:
        navs: (P, k) currency on common dates, above 0 except perhaps at the end.
        crises: crises to select from.

    Example:
        >>> dates = pd.to_datetime(["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-30"])
        >>> navs = pd.DataFrame({"stocks": [1.0, 0.9, 0.8, 0.9], "bonds": [1.0, 1.02, 1.01, 1.0]}, index=dates)
        >>> (covid,) = in_crises(navs)
        >>> covid.crisis.name, covid.returns.round(2).tolist(), covid.drawdowns.round(4).tolist()
        ('Covid', [-0.2, 0.01], [-0.2, -0.0098])
    """
    dates = navs.index
    return tuple(_outcome(navs, crisis) for crisis in crises if _covers(dates, crisis))


def overlapping_crises(dates: pd.DatetimeIndex, crises: Sequence[Crisis] = CRISES) -> tuple[Crisis, ...]:
    """Return the crises that the dates cover at least in part, cut to the dates, for shading a chart.

    Args:
        dates: (P,) rising, one or more.
        crises: crises to select from.

    Example:
        >>> dates = pd.to_datetime(["2019-12-31", "2020-02-28"])
        >>> [(crisis.name, f"{crisis.end:%Y-%m-%d}") for crisis in overlapping_crises(dates)]
        [('Covid', '2020-02-28')]
    """
    first, last = dates[0], dates[-1]
    return tuple(
        replace(crisis, start=max(crisis.start, first), end=min(crisis.end, last))
        for crisis in crises
        if crisis.start < last and crisis.end > first
    )


def covered_partly(dates: pd.Index, crises: Sequence[Crisis] = CRISES) -> tuple[Crisis, ...]:
    """Return the crises that the dates cover only in part: `overlapping_crises` has them, `in_crises` does not.

    Args:
        dates: (P,) rising, one or more.
        crises: crises to select from.

    Example:
        >>> dates = pd.to_datetime(["2019-12-31", "2020-02-28"])
        >>> [(crisis.name, f"{crisis.end:%Y-%m-%d}") for crisis in covered_partly(dates)]
        [('Covid', '2020-03-23')]
    """
    shaded = {crisis.name for crisis in overlapping_crises(pd.DatetimeIndex(dates), crises)}
    return tuple(crisis for crisis in crises if crisis.name in shaded and not _covers(dates, crisis))


def falls_of(nav: pd.Series, count: int = 5) -> tuple[Crisis, ...]:
    """Return the worst drawdowns of a NAV as crises, deepest first, from peak to trough, and named after both months.

    Args:
        nav: (P,) currency.
        count: maximum number of drawdowns.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
        >>> falls_of(pd.Series([1.0, 1.1, 0.99, 1.2], index=dates, name="erc"))[0].name
        '2020-02 to 2020-03'
    """
    return tuple(
        Crisis(f"{fall.peak:%Y-%m} to {fall.trough:%Y-%m}", fall.peak, fall.trough, f"{nav.name} fell", _FROM_DATA)
        for fall in worst_drawdowns(nav, count)
    )


def _covers(dates: pd.Index, crisis: Crisis) -> bool:
    return bool(dates[0] <= crisis.start and dates[-1] >= crisis.end)


def _outcome(navs: pd.DataFrame, crisis: Crisis) -> InCrisis:
    first = navs.index.searchsorted(crisis.start, side="right") - 1
    span = navs.iloc[first : navs.index.searchsorted(crisis.end) + 1]
    values = span.to_numpy()
    returns = pd.Series(values[-1] / values[0] - 1, index=navs.columns)
    drawdowns = pd.Series((values / np.maximum.accumulate(values, axis=0) - 1).min(axis=0), index=navs.columns)
    return InCrisis(crisis, span.index[0], span.index[-1], returns, drawdowns)
