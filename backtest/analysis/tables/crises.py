"""Crises: spans of dates that everyone remembers, and those found in the data. What NAVs did in them.

Each has the date of the last close before the fall and that of its lowest close, or of the highest yield. They are
chosen with hindsight, for names on a picture and rows of a table: no strategy sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtest.analysis.metrics.drawdown import worst_drawdowns


@dataclass(frozen=True)
class Crisis:
    """A span of dates with a name.

    Args:
        name: for a table.
        start: the last date before the fall.
        end: the date of its bottom.
        why: what happened.
        source: where the dates are from.
    """

    name: str
    start: pd.Timestamp
    end: pd.Timestamp
    why: str
    source: str


_SP500 = "S&P 500, highest and lowest close"
_SP90 = "S&P 90 of daily prices; sources differ on the day of the peak within its month"
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
"""By date. Equity bear markets, and the three bond markets that hurt most."""


@dataclass(frozen=True, eq=False)
class InCrisis:
    """What some NAVs did in a crisis.

    Args:
        crisis: the crisis.
        first: the date that returns count from.
        last: the date that they count to.
        returns: by column of the NAVs, from `first` to `last`, decimal.
        drawdowns: likewise, the deepest fall between these dates below a peak between them, decimal, 0 or below.
    """

    crisis: Crisis
    first: pd.Timestamp
    last: pd.Timestamp
    returns: pd.Series
    drawdowns: pd.Series


def in_crises(navs: pd.DataFrame, crises: Sequence[Crisis] = CRISES) -> tuple[InCrisis, ...]:
    """Return and drawdown of each NAV in the crises that its dates cover as a whole.

    A crisis counts from the last date of NAV up to its start, to the first from its end on: of monthly data it is the
    whole months around it. So on daily data a crash is deeper than on monthly data, which knows no day in between.

    Args:
        navs: (P, k) currency, the same dates for all, above 0 but perhaps at the end.
        crises: to look for.

    Example:
        >>> dates = pd.to_datetime(["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-30"])
        >>> navs = pd.DataFrame({"stocks": [1.0, 0.9, 0.8, 0.9], "bonds": [1.0, 1.02, 1.01, 1.0]}, index=dates)
        >>> (found,) = in_crises(navs)
        >>> found.crisis.name, found.returns.round(2).tolist(), found.drawdowns.round(4).tolist()
        ('Covid', [-0.2, 0.01], [-0.2, -0.0098])
    """
    dates = navs.index
    return tuple(_outcome(navs, crisis) for crisis in crises if _covers(dates, crisis))


def overlapping(dates: pd.DatetimeIndex, crises: Sequence[Crisis] = CRISES) -> tuple[Crisis, ...]:
    """The crises that these dates cover at least in part, cut to them: for shading a picture.

    Args:
        dates: (P,) rising, one or more.
        crises: to look for.

    Example:
        >>> [(one.name, f"{one.end:%Y-%m-%d}") for one in overlapping(pd.to_datetime(["2019-12-31", "2020-02-28"]))]
        [('Covid', '2020-02-28')]
    """
    first, last = dates[0], dates[-1]
    return tuple(
        replace(one, start=max(one.start, first), end=min(one.end, last))
        for one in crises
        if one.start < last and one.end > first
    )


def covered_partly(dates: pd.Index, crises: Sequence[Crisis] = CRISES) -> tuple[Crisis, ...]:
    """Return the crises that these dates cover only in part, which `overlapping` cuts and `in_crises` leaves out.

    Args:
        dates: (P,) rising, one or more.
        crises: to look for.

    Example:
        >>> [(one.name, f"{one.end:%Y-%m-%d}") for one in covered_partly(pd.to_datetime(["2019-12-31", "2020-02-28"]))]
        [('Covid', '2020-03-23')]
    """
    shaded = {one.name for one in overlapping(pd.DatetimeIndex(dates), crises)}
    return tuple(one for one in crises if one.name in shaded and not _covers(dates, one))


def falls_of(nav: pd.Series, count: int = 5) -> tuple[Crisis, ...]:
    """The worst drawdowns of a NAV as crises, deepest first: from peak to trough, named after these months.

    Args:
        nav: (P,) currency.
        count: at most so many.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
        >>> falls_of(pd.Series([1.0, 1.1, 0.99, 1.2], index=dates, name="erc"))[0].name
        '2020-02 to 2020-03'
    """
    return tuple(
        Crisis(f"{one.peak:%Y-%m} to {one.trough:%Y-%m}", one.peak, one.trough, f"{nav.name} fell", "found in the data")
        for one in worst_drawdowns(nav, count)
    )


def _covers(dates: pd.Index, crisis: Crisis) -> bool:
    return bool(dates[0] <= crisis.start and dates[-1] >= crisis.end)


def _outcome(navs: pd.DataFrame, crisis: Crisis) -> InCrisis:
    first = navs.index.searchsorted(crisis.start, side="right") - 1
    within = navs.iloc[first : navs.index.searchsorted(crisis.end) + 1]
    values = within.to_numpy()
    deepest = (values / np.maximum.accumulate(values, axis=0) - 1).min(axis=0)
    returns, drawdowns = (pd.Series(found, index=navs.columns) for found in (values[-1] / values[0] - 1, deepest))
    return InCrisis(crisis, within.index[0], within.index[-1], returns, drawdowns)
