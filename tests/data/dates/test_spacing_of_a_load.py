"""Frequency of a load: inferred after alignment, stated by the run, and shared with its benchmark."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.dates.common_dates import on_common_dates
from backtest.data.dates.frequencies import FREQUENCIES
from backtest.data.market_data import MarketData, load
from backtest.errors import DataError
from support.files.session_dates import drop_dates, of_week


@pytest.mark.parametrize(("weekdays", "words"), [
    ((1, 2, 3, 4, 5), "p.csv, B: sessions on Saturdays and none on Mondays: the dates are probably a day late"),
    ((6, 0, 1, 2, 3), "p.csv, B: sessions on Sundays and none on Fridays: a market that is open from Sunday"),
])  # fmt: skip
def test_a_single_column_whose_dates_look_a_day_off_has_a_caveat(
    tmp_path: Path, weekdays: tuple[int, ...], words: str
) -> None:
    """The file has the dates of both columns, six days a week, from which the shift cannot be seen."""
    days = pd.date_range("2015-01-01", periods=900)
    frame = prices(days).where(np.column_stack([days.day_of_week < 5, np.isin(days.day_of_week, weekdays)]))
    data = load_frame(tmp_path, frame.dropna(how="all"), calendar="union")
    assert data.periods_per_year == 300
    assert [note for note in data.notes if note.startswith(words)]
    assert not [note for note in data.notes if "p.csv, A" in note]


# Through a load


def prices(dates: pd.DatetimeIndex, seed: int = 0, names: str = "AB") -> pd.DataFrame:
    moves = np.random.default_rng(seed).normal(0, 0.01, (len(dates), len(names)))
    return pd.DataFrame(100 * np.exp(np.cumsum(moves, axis=0)), index=dates, columns=list(names)).rename_axis("date")


def load_frame(folder: Path, frame: pd.DataFrame, **changed: Any) -> MarketData:
    frame.to_csv(folder / "p.csv", date_format="%Y-%m-%d")
    raw = {"source": "csv", "path": "p.csv", "assets": list(frame.columns), "cash": 0.02, **changed}
    return load(DataSettings.model_validate(raw), folder)


def test_periods_per_year_come_from_the_dates_after_alignment(tmp_path: Path) -> None:
    """Stocks and a coin that trades every day: 365 rows a year in the union, 252 with both prices."""
    frame = prices(pd.date_range("2015-01-01", periods=800))
    frame.loc[pd.DatetimeIndex(frame.index).day_of_week > 4, "A"] = np.nan
    assert load_frame(tmp_path, frame, calendar="union").periods_per_year == 365
    assert load_frame(tmp_path, frame, calendar="intersection").periods_per_year == 252


def test_daily_and_monthly_series_in_one_file(tmp_path: Path) -> None:
    """Blanks are refused, left out or carried forward like any others; monthly data has the months of both."""
    frame = prices(pd.bdate_range("2015-01-01", "2017-12-29"))
    ends = pd.DatetimeIndex(frame.groupby(pd.DatetimeIndex(frame.index).to_period("M")).tail(1).index)
    frame.loc[~frame.index.isin(ends), "B"] = np.nan
    with pytest.raises(DataError, match=r"^p.csv: B has no value on .* inside its history"):
        load_frame(tmp_path, frame)
    shared = load_frame(tmp_path, frame, calendar="intersection")
    assert (shared.periods_per_year, len(shared.dates)) == (12, 36)
    assert load_frame(tmp_path, frame, calendar="union").periods_per_year == 252
    months = load_frame(tmp_path, frame, calendar="intersection", frequency="monthly")
    assert months.dates.equals((ends + pd.offsets.MonthEnd(0)).as_unit("s"))
    np.testing.assert_array_equal(months.prices, shared.prices)


@pytest.mark.parametrize("calendar", ["intersection", "union"])
def test_two_markets_that_share_four_days_a_week(tmp_path: Path, calendar: str) -> None:
    """Riyadh and New York share Monday to Thursday: 208 days a year, which is not supported; their union has 313."""
    days = pd.date_range("2015-01-01", periods=900)
    frame = prices(days).where(np.column_stack([days.day_of_week < 5, np.isin(days.day_of_week, (6, 0, 1, 2, 3))]))
    frame = frame.dropna(how="all")
    if calendar == "union":
        assert load_frame(tmp_path, frame, calendar=calendar).periods_per_year == 300
        return
    with pytest.raises(DataError, match=r"about 20\d a year .* Hint: set data.periods_per_year, such as 209"):
        load_frame(tmp_path, frame, calendar=calendar)
    names = {"A": {"class": "x"}, "B": {"source": "csv", "path": "b.csv"}}
    frame["B"].dropna().to_csv(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"periods_per_year.* Note: b\.csv: sessions on Sundays and none on Fridays"):
        load_frame(tmp_path, frame[["A"]].dropna(), assets=names, calendar=calendar)
    data = load_frame(tmp_path, frame, calendar=calendar, periods_per_year=209)
    assert data.periods_per_year == 209
    assert not [note for note in data.notes if "periods_per_year" in note]


@pytest.mark.parametrize(("given", "noted"), [(252, False), (260, False), (250, False), (365, True), (12, True)])
def test_a_setting_far_from_the_dates_is_noted(tmp_path: Path, given: int, noted: bool) -> None:
    data = load_frame(tmp_path, prices(pd.bdate_range("2015-01-01", periods=300)), periods_per_year=given)
    assert data.periods_per_year == given
    words = (
        f"data.periods_per_year is {given}, while the dates have about 252 a year: "
        "volatility, Sharpe ratio, windows in years and the default execution lag use the setting"
    )
    assert (words in data.notes) == noted


def test_many_missing_sessions_are_noted(tmp_path: Path) -> None:
    """Three exchanges with different holidays share about 222 days a year, in weeks of five sessions."""
    dates = pd.bdate_range("2015-01-01", periods=1500)
    kept = load_frame(tmp_path, prices(drop_dates(dates, 0.15, 1)))
    assert kept.periods_per_year == 252
    note = next(one for one in kept.notes if "rows a year" in one)
    assert re.match(r"the dates have about 22\d rows a year, as sessions are missing: .* use 252 a year$", note)
    assert not [one for one in load_frame(tmp_path, prices(drop_dates(dates, 0.07, 1))).notes if "rows a year" in one]


@pytest.mark.parametrize("rule", ["28D", "SME", "14D", "2ME", "10D"])
def test_only_months_are_moved_to_their_end(tmp_path: Path, rule: str) -> None:
    """Four-week periods and half-months keep their dates, even alone in a month; dates that need the setting do too."""
    dates = pd.date_range("2015-01-09", periods=60, freq=rule)
    given = 37 if rule == "10D" else None
    data = load_frame(tmp_path, prices(dates), periods_per_year=given)
    assert data.dates.equals(dates.as_unit("s"))
    assert given is not None or data.periods_per_year in FREQUENCIES


def test_four_week_periods_do_not_become_months_next_to_months(tmp_path: Path) -> None:
    prices(pd.date_range("2015-01-31", periods=40, freq="ME"), names="M").to_csv(tmp_path / "m.csv")
    own = {"A": {"class": "x"}, "M": {"source": "csv", "path": "m.csv"}}
    frame = prices(pd.date_range("2015-01-09", periods=40, freq="28D"), names="A")
    with pytest.raises(DataError, match=r"different frequencies \(p.csv 13 a year; m.csv 12 a year\)"):
        load_frame(tmp_path, frame, assets=own)


# With a benchmark


def market(dates: pd.DatetimeIndex, periods_per_year: int) -> MarketData:
    table = prices(dates, names="A")
    return MarketData(table, table.pct_change(), pd.Series(0.0, index=dates), {}, periods_per_year)


def test_a_weekday_benchmark_of_a_seven_day_run() -> None:
    """Both share weekdays, 252 a year; the periods per year of either alone would be wrong."""
    everyday, weekdays = pd.date_range("2015-01-01", periods=700), pd.bdate_range("2015-01-01", periods=500)
    for first, second in ((everyday, weekdays), (weekdays, everyday)):
        numbers = [365 if one is everyday else 252 for one in (first, second)]
        run, benchmark = (market(*pair) for pair in zip((first, second), numbers, strict=True))
        (data, other), notes = on_common_dates(run, {"other": benchmark})
        assert data.dates.equals(other.dates)
        assert (data.periods_per_year, other.periods_per_year) == (252, 252)
        assert "the run and its benchmark have 252 periods a year (365 on the" in notes[-1]


def test_history_before_the_benchmark_keeps_the_shared_sessions() -> None:
    """Otherwise a window would hold daily returns but be annualised as if they covered 365 / 252 days."""
    everyday, weekdays = pd.date_range("2013-01-01", "2016-12-30"), pd.bdate_range("2015-01-01", "2016-12-30")
    run, benchmark = market(everyday, 365), market(weekdays, 252)
    (first, _), _ = on_common_dates(run, {"other": benchmark})
    (_, second), _ = on_common_dates(benchmark, {"other": run})
    for data in (first, second):
        assert data.dates.equals(pd.bdate_range("2013-01-01", "2016-12-30"))
        pd.testing.assert_frame_equal(data.returns, data.prices.pct_change(), check_freq=False, rtol=0, atol=1e-15)


def test_periods_per_year_stated_by_the_run_apply_to_its_benchmark() -> None:
    dates = pd.bdate_range("2015-01-01", periods=300)
    (data, other), notes = on_common_dates(market(dates, 260), {"other": market(dates, 252)})
    assert (data.periods_per_year, other.periods_per_year) == (260, 260)
    assert notes == ("the run and its benchmark have 260 periods a year (252 on the benchmark's own dates)",)


def test_markets_that_share_four_days_of_a_week_need_the_setting() -> None:
    riyadh = of_week(pd.Timestamp("2015-01-01"), (6, 0, 1, 2, 3), 700)
    words = "^the dates that all share: .* set data.periods_per_year.* one history has sessions on Sundays"
    new_york = market(pd.bdate_range("2015-01-01", periods=500), 252)
    with pytest.raises(DataError, match=words + ".* Note: the setting of the run, or of any of the runs"):
        on_common_dates(market(riyadh, 252), {"other": new_york})
    (_, other), _ = on_common_dates(market(riyadh, 209), {"other": new_york})
    assert other.periods_per_year == 209


def test_a_benchmark_of_another_frequency_is_refused() -> None:
    days, weeks = pd.bdate_range("2015-01-01", periods=500), pd.date_range("2015-01-02", periods=100, freq="7D")
    with pytest.raises(DataError, match=r"^the benchmark's data is weekly, the run's daily; expected the same"):
        on_common_dates(market(days, 252), {"other": market(weeks, 52)})


def test_notes_name_each_of_several_benchmarks() -> None:
    """The second ends first and lacks a date, so that all three end with it and lose that date."""
    dates = pd.bdate_range("2015-01-01", periods=300)
    late, odd = market(dates, 252), market(dates[:-5].delete(100), 252)
    markets, notes = on_common_dates(late, {"late": late, "odd": odd})
    assert all(each.dates.equals(odd.dates) for each in markets)
    assert notes == (
        f"the run ends on {dates[-6]:%Y-%m-%d}, the last date that it shares with its benchmarks",
        "1 of the run's dates are left out, as not all of the other histories have them",
        "1 of the benchmark late's dates are left out, as not all of the other histories have them",
    )
    weeks = market(pd.date_range("2015-01-02", periods=100, freq="7D"), 52)
    with pytest.raises(DataError, match=r"^the benchmark slow's data is weekly, the run's daily; expected the same"):
        on_common_dates(late, {"late": late, "slow": weeks})
