"""Returns of the last years, and the best and worst months and years of a NAV."""

import pandas as pd

from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns, partial_coverage

_SPANS = (1, 3, 5, 10)
_NEAR = pd.Timedelta(days=4)  # an anniversary may be a weekend or a holiday, or the other end of February


def trailing_returns(nav: pd.Series) -> pd.Series:
    """Return the compound return a year of the last 1, 3, 5 and 10 years, (last NAV / NAV then)^(1 / years) - 1.

    NAV then is the one on the date nearest to the anniversary of the last date. Spans that begin before the first date
    are left out.

    Args:
        nav: (P,) currency.

    Returns:
        (k,) decimals by number of years, no NaN; -1 after the loss of all capital.

    Example:
        >>> dates = pd.to_datetime(["2019-02-28", "2020-02-29", "2021-02-28"])
        >>> trailing_returns(pd.Series([1.0, 1.0, 1.1], index=dates)).round(4).to_dict()
        {1: 0.1}
    """
    dates = pd.DatetimeIndex(nav.index)
    returns = {}
    for years in _SPANS:
        anniversary = dates[-1] - pd.DateOffset(years=years)
        place = int(dates.get_indexer(pd.DatetimeIndex([anniversary]), method="nearest")[0])
        if abs(dates[place] - anniversary) <= _NEAR and nav.iloc[place] > 0:
            returns[years] = float((nav.iloc[-1] / nav.iloc[place]) ** (1 / years) - 1)
    return pd.Series(returns, dtype=float)


def best_and_worst(nav: pd.Series, periods_per_year: int) -> pd.DataFrame:
    """Return the best and the worst calendar month and year, and the share of those with a return above zero.

    Months and years that the run covers only in part do not count.

    Args:
        nav: (P,) currency, P of 2 or more.
        periods_per_year: periods per year of the dates. Below 12 there is no row for months.

    Returns:
        (k, 6): index `month` and `year`, without those that the run never covers fully; `best` and `worst` decimals,
        `best_in` and `worst_in` such as `2008-10` or `2008`, `positive` the share above zero, `count` their number.

    Example:
        >>> dates = pd.date_range("2019-12-31", periods=4, freq="ME")
        >>> best_and_worst(pd.Series([1.0, 1.1, 0.89, 1.0], index=dates), 12).loc["month", "worst_in"]
        '2020-02'
    """
    returns = calendar_returns(nav, periods_per_year)
    whole = returns.mask(partial_coverage(nav, periods_per_year))
    months = {f"{year}-{month:02}": whole[month][year] for year in whole.index for month in whole.columns[:-1]}
    found = {
        "month": pd.Series(months, dtype=float).dropna(),
        "year": whole[YEAR].rename(index=str).dropna(),
    }
    rows = {
        span: {
            "best": each.max(), "best_in": each.idxmax(), "worst": each.min(), "worst_in": each.idxmin(),
            "positive": float((each.to_numpy() > 0).mean()), "count": len(each),
        }
        for span, each in found.items() if len(each)
    }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index")
