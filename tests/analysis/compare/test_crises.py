"""Crises of a comparison: their dates lie around the falls of the sample's stocks and bonds."""

from itertools import pairwise

import pandas as pd
import pytest

from backtest.analysis.metrics.drawdown import worst_drawdowns
from backtest.analysis.tables.crises import CRISES, Crisis, in_crises
from backtest.data.sources.bundled_sample import Sample


def test_the_crises_have_dates_reasons_and_sources() -> None:
    assert len({crisis.name for crisis in CRISES}) == len(CRISES) >= 12
    assert all(crisis.start < crisis.end and crisis.why and crisis.source for crisis in CRISES)
    assert all(one.end < other.start for one, other in pairwise(CRISES))


def test_the_dates_of_each_stock_crisis_cover_the_fall_of_stocks() -> None:
    """The worst fall of stocks within a year around each crisis lies inside its dates.

    Dividends and month-ends move a peak by a month or two. In monthly data the falls of 2011 and late 2018 are 16 and
    14 %.
    """
    level = Sample("sample").fetch("us_stocks", None, 1.0).values["level"]
    stocks = pd.DataFrame({"stocks": level[level.notna()]})
    found = [one for one in in_crises(stocks) if one.crisis.source.startswith("S&P")]
    assert len(found) >= 9
    for one in found:
        year = pd.Timedelta(days=183)
        around = stocks["stocks"].loc[one.first - year : one.last + year]
        (worst,) = worst_drawdowns(around, 1)
        assert one.drawdowns["stocks"] < -0.07, one.crisis.name
        assert one.drawdowns["stocks"] == pytest.approx(worst.depth, abs=0.03), one.crisis.name


def test_bonds_fell_where_rates_rose() -> None:
    level = Sample("sample").fetch("us_treasury_10y", None, 1.0).values["level"]
    bonds = pd.DataFrame({"bonds": level[level.notna()]})
    falls = {one.crisis.name: one.drawdowns["bonds"] for one in in_crises(bonds)}
    assert max(falls[name] for name in ("Volcker", "Bond rout of 1994", "Taper tantrum", "2022")) < -0.05


def test_a_crisis_covers_its_days_or_its_months() -> None:
    """Daily data uses the exact days, monthly data the months around them; partial cover gives no crisis."""
    crash = Crisis("crash", pd.Timestamp("2020-02-19"), pd.Timestamp("2020-02-21"), "", "")
    days = pd.date_range("2020-02-18", "2020-02-24", freq="B")
    navs = pd.DataFrame({"a": [1.0, 2.0, 1.0, 1.5, 9.0], "b": [1.0, 1.0, 2.0, 3.0, 1.0]}, index=days)
    (one,) = in_crises(navs, [crash])
    assert (one.first, one.last) == (days[1], days[3])
    assert one.returns.to_dict() == {"a": -0.25, "b": 2.0}
    assert one.drawdowns.to_dict() == {"a": -0.5, "b": 0.0}
    months = pd.DataFrame({"a": [1.0, 0.5]}, index=pd.to_datetime(["2020-01-31", "2020-02-29"]))
    (monthly,) = in_crises(months, [crash])
    assert (monthly.first, monthly.last) == (months.index[0], months.index[1])
    assert in_crises(navs.iloc[2:], [crash]) == ()
    assert in_crises(navs.iloc[:3], [crash]) == ()


@pytest.mark.parametrize(("first", "last", "covered"), [(0, 4, True), (1, 4, False), (0, 3, False)])
def test_a_crisis_may_begin_and_end_with_the_dates(first: int, last: int, covered: bool) -> None:
    days = pd.bdate_range("2020-03-02", periods=4)
    crisis = Crisis("Fall", days[0], days[-1], "shares fell", "by hand")
    navs = pd.DataFrame({"stocks": [1.0, 0.9, 0.8, 0.9]}, index=days).iloc[first:last]
    assert bool(in_crises(navs, [crisis])) is covered
