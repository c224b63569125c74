"""Periods per year, by the sessions of a week and the rows of a year; unclear spacings are refused."""

import re
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.data_settings import DataSettings
from backtest.data.dates.common_dates import on_common_dates
from backtest.data.dates.frequencies import FREQUENCIES
from backtest.data.dates.spacing import infer_periods_per_year, period_after, period_before, spacing_of
from backtest.data.load import load
from backtest.data.market_data import MarketData
from backtest.data.quality.anomalies import find
from backtest.data.quality.shifted_dates import shifted
from backtest.data.sources.cells import clock_of
from backtest.errors import DataError

FIRST = date(1999, 3, 1)
STARTS = st.integers(0, 9000).map(lambda days: pd.Timestamp(FIRST) + pd.Timedelta(days=days))
WEEKS = {
    "Monday to Friday": ((0, 1, 2, 3, 4), 252),
    "Sunday to Thursday": ((6, 0, 1, 2, 3), 252),
    "Tuesday to Saturday": ((1, 2, 3, 4, 5), 252),
    "Saturday to Wednesday": ((5, 6, 0, 1, 2), 252),
    "Monday to Saturday": ((0, 1, 2, 3, 4, 5), 300),
    "Sunday to Friday": ((6, 0, 1, 2, 3, 4), 300),
    "Saturday to Thursday": ((5, 6, 0, 1, 2, 3), 300),
    "every day": ((0, 1, 2, 3, 4, 5, 6), 365),
}
RULES = {
    52: ("W-FRI", "W-SUN", "7D"),
    26: ("2W-FRI", "14D"),
    24: ("SME", "SMS"),
    13: ("28D",),
    12: ("ME", "MS", "BMS", "BME", "WOM-3FRI"),
    6: ("2ME", "2MS", "2BME"),
    4: ("QE", "QS", "BQE", "QE-JAN"),
    2: ("6ME", "6MS"),
    1: ("YE", "BYE", "YS", "YE-JUN"),
}


def joined(*parts: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Dates one after the other."""
    return pd.DatetimeIndex(np.concatenate([part.to_numpy() for part in parts]))


def without(dates: pd.DatetimeIndex, share: float, seed: int) -> pd.DatetimeIndex:
    """The dates without a random share of them."""
    return dates[np.random.default_rng(seed).random(len(dates)) >= share]


def of_week(start: pd.Timestamp, weekdays: tuple[int, ...], days: int) -> pd.DatetimeIndex:
    every = pd.date_range(start, periods=days)
    return every[np.isin(every.day_of_week, weekdays)]


@examples(max_examples=60)
@given(STARTS, st.sampled_from(sorted(WEEKS)), st.integers(60, 4000), st.floats(0, 0.05), st.integers(0, 99))
def test_a_week_of_fixed_sessions_is_recognised_despite_holidays(
    start: pd.Timestamp, week: str, days: int, holidays: float, seed: int
) -> None:
    weekdays, periods = WEEKS[week]
    assert infer_periods_per_year(without(of_week(start, weekdays, days), holidays, seed)) == periods


@pytest.mark.parametrize("weekdays", [days for count in (5, 6) for days in combinations(range(7), count)])
def test_any_five_or_six_days_a_week_are_recognised(weekdays: tuple[int, ...]) -> None:
    dates = of_week(pd.Timestamp("2015-01-01"), weekdays, 400)
    assert infer_periods_per_year(dates) == {5: 252, 6: 300}[len(weekdays)]


@examples(max_examples=60)
@given(STARTS, st.sampled_from([(n, rule) for n, rules in RULES.items() for rule in rules]), st.integers(14, 200))
def test_each_supported_spacing_has_its_periods_per_year(
    start: pd.Timestamp, case: tuple[int, str], count: int
) -> None:
    periods, rule = case
    dates = pd.date_range(start, periods=count, freq=rule)
    assert infer_periods_per_year(dates) == periods
    assert infer_periods_per_year(without(dates, 0.05, count)) == periods
    assert infer_periods_per_year(dates.delete(count // 2)) == periods


@examples(max_examples=60)
@given(st.integers(1, 31), st.integers(2, 40), st.integers(0, 400))
def test_months_may_be_dated_on_any_day(day: int, count: int, first: int) -> None:
    """This holds from two rows on, even with four weeks between the ends of January and February."""
    months = pd.period_range("1990-01", periods=first + count, freq="M")[first:]
    dates = pd.DatetimeIndex([month.start_time.replace(day=min(day, month.days_in_month)) for month in months])
    assert infer_periods_per_year(dates) == 12


@pytest.mark.parametrize("texts", [
    ["2024-01-31", "2024-02-29"],
    ["2023-01-31", "2023-02-28"],
    ["2025-02-03", "2025-03-03"],
    ["2025-02-03", "2025-03-03", "2025-04-01"],
    ["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-17"],  # the last month is not over
    ["2020-01-31", "2020-02-29", "2020-04-30"],  # one is missing
])  # fmt: skip
def test_a_few_months_are_monthly(texts: list[str]) -> None:
    assert infer_periods_per_year(pd.DatetimeIndex(texts)) == 12


@pytest.mark.parametrize(("texts", "periods"), [
    (["2024-01-01", "2024-01-02"], 252),
    (["2024-01-05", "2024-01-08"], 252),
    (["2019-12-23", "2019-12-24", "2019-12-26", "2019-12-27"], 252),  # a holiday is no day without sessions
    (["2024-01-05", "2024-01-06", "2024-01-07"], 365),
    (["2024-01-05", "2024-01-12"], 52),
    (["2024-01-31", "2024-02-15", "2024-02-29"], 24),
    (["2024-02-01", "2024-02-15", "2024-03-01", "2024-03-15"], 24),
    (["2024-03-31", "2024-06-30"], 4),
    (["2023-12-31", "2024-12-31"], 1),
])  # fmt: skip
def test_a_few_rows_suffice_if_they_are_clear(texts: list[str], periods: int) -> None:
    assert infer_periods_per_year(pd.DatetimeIndex(texts)) == periods


BUSINESS = pd.bdate_range("2005-01-03", "2014-12-31")
MONTHS = pd.date_range("1995-01-31", "2004-12-31", freq="ME")
UNCLEAR = {
    "ten days": pd.date_range("2010-01-01", periods=150, freq="10D"),
    "every third day": pd.date_range("2010-01-01", periods=400, freq="3D"),
    "every second day": pd.date_range("2010-01-01", periods=400, freq="2D"),
    "Monday, Wednesday, Friday": BUSINESS[np.isin(BUSINESS.day_of_week, (0, 2, 4))],
    "Monday to Thursday": BUSINESS[BUSINESS.day_of_week < 4],
    "twice a week": BUSINESS[np.isin(BUSINESS.day_of_week, (0, 3))],
    "three weeks": pd.date_range("2010-01-01", periods=100, freq="21D"),
    "five weeks": pd.date_range("2010-01-01", periods=100, freq="35D"),
    "four months": pd.date_range("2010-01-31", periods=30, freq="4ME"),
    "18 months": pd.date_range("2000-01-31", periods=20, freq="18ME"),
    "weeks of which every other one is there in part": pd.date_range("2010-01-01", periods=200, freq="7D")[
        np.arange(200) % 3 > 0
    ],
    "months, then days": joined(MONTHS, BUSINESS),
    "days, then months": joined(BUSINESS, pd.date_range("2015-01-31", periods=120, freq="ME")),
    "weeks, then months": joined(
        pd.date_range("2000-01-07", periods=260, freq="7D"), pd.date_range("2005-01-31", periods=60, freq="ME")
    ),
    "the first half of each month": BUSINESS[BUSINESS.day <= 14],
    "a week of consecutive days from a Sunday on": pd.date_range("2024-01-07", periods=5),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_unclear_dates_are_refused_with_a_hint_at_the_setting(case: str) -> None:
    with pytest.raises(DataError, match=r"^p\.csv: .* Hint: set data\.periods_per_year"):
        infer_periods_per_year(UNCLEAR[case], "p.csv")


def test_the_refusal_states_the_count_and_the_nearest_frequencies() -> None:
    with pytest.raises(DataError) as failure:
        infer_periods_per_year(UNCLEAR["ten days"], "p.csv")
    assert str(failure.value) == (
        "p.csv: 150 dates from 2010-01-01 to 2014-01-30, about 36.5 a year (median step 10 days); expected a frequency "
        "within 10 % of 26 (fortnightly) or 52 (weekly). Hint: set data.periods_per_year, such as 37, or use dates "
        "with one spacing."
    )


def test_a_missing_year_of_days_changes_nothing() -> None:
    kept = BUSINESS[BUSINESS.year != 2009]
    assert infer_periods_per_year(kept) == 252
    assert spacing_of(kept).rows_per_year == pytest.approx(365.25 * 5 / 7, rel=0.002)  # of 2,347 rows


def test_past_saturday_sessions_count_as_rows() -> None:
    """New York traded on Saturdays up to 1952: to 1960 there are 285 sessions a year, up to the present 264."""
    past = of_week(pd.Timestamp("1926-01-02"), (0, 1, 2, 3, 4, 5), 9700)  # up to July 1952
    rest = pd.bdate_range(past[-1] + pd.Timedelta(days=3), "2024-12-31")
    assert infer_periods_per_year(joined(past, rest)) == 252
    assert infer_periods_per_year(joined(past, rest[rest < pd.Timestamp("1954-01-01")])) == 300


# The dates before the first and after the last one


@pytest.mark.parametrize(("dates", "before", "after"), [
    (pd.bdate_range("2020-03-30", periods=20), "2020-03-27", "2020-04-27"),
    (pd.bdate_range("2020-01-02", "2020-12-31"), "2019-12-31", "2021-01-04"),  # New Year's Day has no session
    (pd.date_range("2020-01-02", "2020-12-31"), "2020-01-01", "2021-01-01"),
    (of_week(pd.Timestamp("2020-03-01"), (6, 0, 1, 2, 3), 40), "2020-02-27", "2020-04-12"),
    (of_week(pd.Timestamp("2020-03-02"), (0, 1, 2, 3, 4, 5), 41), "2020-02-29", "2020-04-13"),
    (pd.date_range("2020-01-03", periods=9, freq="7D"), "2019-12-27", "2020-03-06"),
    (pd.date_range("2020-01-03", periods=9, freq="14D"), "2019-12-20", "2020-05-08"),
    (pd.date_range("2020-01-03", periods=9, freq="28D"), "2019-12-06", "2020-09-11"),
    (pd.DatetimeIndex(["2020-01-15", "2020-01-31", "2020-02-15"]), "2019-12-31", "2020-02-29"),
    (pd.DatetimeIndex(["2020-01-31", "2020-02-15", "2020-02-29"]), "2020-01-15", "2020-03-15"),
    (pd.DatetimeIndex(["2020-01-01", "2020-01-15", "2020-02-01"]), "2019-12-15", "2020-02-15"),
    (pd.date_range("2020-02-29", periods=4, freq="ME"), "2020-01-31", "2020-06-30"),
    (pd.date_range("2020-02-29", periods=4, freq="2ME"), "2019-12-31", "2020-10-31"),
    (pd.date_range("2020-03-31", periods=4, freq="QE"), "2019-12-31", "2021-03-31"),
    (pd.date_range("2020-03-15", periods=4, freq=pd.DateOffset(months=3)), "2019-12-15", "2021-03-15"),
    (pd.date_range("2020-06-30", periods=4, freq="6ME"), "2019-12-31", "2022-06-30"),
    (pd.date_range("2020-12-31", periods=4, freq="YE"), "2019-12-31", "2024-12-31"),
])  # fmt: skip
def test_dates_before_the_first_and_after_the_last_period(dates: pd.DatetimeIndex, before: str, after: str) -> None:
    assert period_before(dates) == pd.Timestamp(before)
    assert period_after(dates, infer_periods_per_year(dates)) == pd.Timestamp(after)


# Findings


@pytest.mark.parametrize("week", WEEKS)
def test_a_week_of_fixed_sessions_has_no_findings(week: str) -> None:
    dates = of_week(pd.Timestamp("2015-01-04"), WEEKS[week][0], 1200)
    levels = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, len(dates))))
    assert find("A", dates.to_numpy(), levels, WEEKS[week][1]) == []


@pytest.mark.parametrize(("week", "stray", "first", "where"), [
    ("Monday to Friday", 5, "2015-03-07 to 2015-05-02", "a weekend; expected weekdays"),
    ("Sunday to Thursday", 4, "2015-03-06 to 2015-05-01", "a Friday; expected Monday, Tuesday, [^;]*Sunday"),
])  # fmt: skip
def test_dates_outside_the_sessions_of_the_week_are_found(week: str, stray: int, first: str, where: str) -> None:
    dates = of_week(pd.Timestamp("2015-01-04"), WEEKS[week][0], 1200)
    extra = pd.DatetimeIndex(["2015-03-02", "2015-04-27"]) + pd.Timedelta(days=stray)
    dates = joined(dates, extra).sort_values()
    levels = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, len(dates))))
    text = f"2 dates from {first} are on {where}, like the other dates"
    assert re.fullmatch(text, "; ".join(finding.text for finding in find("A", dates.to_numpy(), levels, 252)))


@pytest.mark.parametrize("case", [(n, rule) for n, rules in RULES.items() for rule in rules])
def test_regular_dates_have_no_gap_and_a_missing_one_is_found(case: tuple[int, str]) -> None:
    periods, rule = case
    dates = pd.date_range("2001-01-01", periods=60, freq=rule)
    levels = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, len(dates))))
    assert find("A", dates.to_numpy(), levels, periods) == []
    kept = dates.delete(30)
    found = find("A", kept.to_numpy(), np.delete(levels, 30), periods)
    assert [finding.check for finding in found] == ["gap"]
    assert found[0].text.startswith("no value for 2 ")


# Dates a day early or late


def test_dates_that_look_a_day_off_have_a_caveat() -> None:
    business = pd.bdate_range("2020-01-01", periods=60)
    early, late = business - pd.Timedelta(days=1), business + pd.Timedelta(days=1)
    assert shifted(business) is None
    assert str(shifted(early)).startswith("sessions on Sundays and none on Fridays: a market that is open from Sunday")
    assert "a day early" in str(shifted(early))
    assert str(shifted(late)) == "sessions on Saturdays and none on Mondays: the dates are probably a day late"
    for week in ("Monday to Saturday", "Sunday to Friday", "Saturday to Wednesday", "every day"):
        assert shifted(of_week(pd.Timestamp("2020-01-01"), WEEKS[week][0], 90)) is None
    assert shifted(early[:4]) is None
    everyday = pd.date_range("2020-01-01", periods=300).tz_localize("Europe/Berlin").tz_convert("UTC")
    assert "a day early" in str(shifted(everyday.tz_localize(None).normalize(), clock_of(everyday)))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney", "Europe/London"])
@pytest.mark.parametrize("aware", [True, False])
def test_midnights_of_an_eastern_zone_written_in_utc_have_a_caveat(zone: str, aware: bool) -> None:
    """Every date is a day early (in London in summer), whether the text has +00:00 or not."""
    utc = pd.bdate_range("2015-01-01", periods=400).tz_localize(zone).tz_convert("UTC")
    written = utc if aware else utc.tz_localize(None)
    clock = clock_of(pd.DatetimeIndex(written))
    assert clock is not None
    assert "midnight of another time zone, which was lost" in str(shifted(written.tz_localize(None).normalize(), clock))


def test_closing_times_are_not_taken_for_midnights() -> None:
    """New York closes at 20:00 or 21:00 UTC, on the dates that it has; a local midnight has its own date."""
    closes = (pd.bdate_range("2015-01-01", periods=400) + pd.Timedelta(hours=16)).tz_localize("America/New_York")
    for written in (closes.tz_convert("UTC"), closes):
        assert shifted(written.tz_localize(None).normalize(), clock_of(pd.DatetimeIndex(written))) is None
    assert clock_of(pd.bdate_range("2015-01-01", periods=9).tz_localize("Europe/Berlin")) is None


@pytest.mark.parametrize(("weekdays", "words"), [
    ((1, 2, 3, 4, 5), "p.csv, B: sessions on Saturdays and none on Mondays: the dates are probably a day late"),
    ((6, 0, 1, 2, 3), "p.csv, B: sessions on Sundays and none on Fridays: a market that is open from Sunday"),
])  # fmt: skip
def test_a_single_column_whose_dates_look_a_day_off_has_a_caveat(
    tmp_path: Path, weekdays: tuple[int, ...], words: str
) -> None:
    """The dates of the file are those of both columns, six days a week, and tell nothing."""
    days = pd.date_range("2015-01-01", periods=900)
    frame = prices(days).where(np.column_stack([days.day_of_week < 5, np.isin(days.day_of_week, weekdays)]))
    data = loaded(tmp_path, frame.dropna(how="all"), calendar="union")
    assert data.periods_per_year == 300
    assert [note for note in data.notes if note.startswith(words)]
    assert not [note for note in data.notes if "p.csv, A" in note]


def test_months_at_23_utc_are_a_day_early_too() -> None:
    firsts = pd.date_range("2015-01-01", periods=24, freq="MS").tz_localize("Europe/Berlin").tz_convert("UTC")
    clock = clock_of(firsts)
    assert clock == "22:00 and 23:00 UTC"
    assert "a day early" in str(shifted(firsts.tz_localize(None).normalize(), clock))


# Through a load


def prices(dates: pd.DatetimeIndex, seed: int = 0, names: str = "AB") -> pd.DataFrame:
    moves = np.random.default_rng(seed).normal(0, 0.01, (len(dates), len(names)))
    return pd.DataFrame(100 * np.exp(np.cumsum(moves, axis=0)), index=dates, columns=list(names)).rename_axis("date")


def loaded(folder: Path, frame: pd.DataFrame, **changed: Any) -> MarketData:
    frame.to_csv(folder / "p.csv", date_format="%Y-%m-%d")
    raw = {"source": "csv", "path": "p.csv", "assets": list(frame.columns), "cash": 0.02, **changed}
    return load(DataSettings.model_validate(raw), folder)


def test_periods_per_year_come_from_the_dates_after_alignment(tmp_path: Path) -> None:
    """Stocks and a coin that trades every day: 365 rows a year in the union, 252 with both prices."""
    frame = prices(pd.date_range("2015-01-01", periods=800))
    frame.loc[pd.DatetimeIndex(frame.index).day_of_week > 4, "A"] = np.nan
    assert loaded(tmp_path, frame, calendar="union").periods_per_year == 365
    assert loaded(tmp_path, frame, calendar="intersection").periods_per_year == 252


def test_daily_and_monthly_series_in_one_file(tmp_path: Path) -> None:
    """Blanks are refused, left out or carried forward like any others; monthly data has the months of both."""
    frame = prices(pd.bdate_range("2015-01-01", "2017-12-29"))
    ends = pd.DatetimeIndex(frame.groupby(pd.DatetimeIndex(frame.index).to_period("M")).tail(1).index)
    frame.loc[~frame.index.isin(ends), "B"] = np.nan
    with pytest.raises(DataError, match=r"^p.csv: B has no value on .* inside its history"):
        loaded(tmp_path, frame)
    shared = loaded(tmp_path, frame, calendar="intersection")
    assert (shared.periods_per_year, len(shared.dates)) == (12, 36)
    assert loaded(tmp_path, frame, calendar="union").periods_per_year == 252
    months = loaded(tmp_path, frame, calendar="intersection", frequency="monthly")
    assert months.dates.equals((ends + pd.offsets.MonthEnd(0)).as_unit("s"))
    np.testing.assert_array_equal(months.prices, shared.prices)


@pytest.mark.parametrize("calendar", ["intersection", "union"])
def test_two_markets_that_share_four_days_a_week(tmp_path: Path, calendar: str) -> None:
    """Riyadh and New York share Monday to Thursday, 208 days a year: no supported number; all their days are 313."""
    days = pd.date_range("2015-01-01", periods=900)
    frame = prices(days).where(np.column_stack([days.day_of_week < 5, np.isin(days.day_of_week, (6, 0, 1, 2, 3))]))
    frame = frame.dropna(how="all")
    if calendar == "union":
        assert loaded(tmp_path, frame, calendar=calendar).periods_per_year == 300
        return
    with pytest.raises(DataError, match=r"about 20\d a year .* Hint: set data.periods_per_year, such as 209"):
        loaded(tmp_path, frame, calendar=calendar)
    names = {"A": {"class": "x"}, "B": {"source": "csv", "path": "b.csv"}}
    frame["B"].dropna().to_csv(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"periods_per_year.* Note: b\.csv: sessions on Sundays and none on Fridays"):
        loaded(tmp_path, frame[["A"]].dropna(), assets=names, calendar=calendar)
    data = loaded(tmp_path, frame, calendar=calendar, periods_per_year=209)
    assert data.periods_per_year == 209
    assert not [note for note in data.notes if "periods_per_year" in note]


@pytest.mark.parametrize(("given", "noted"), [(252, False), (260, False), (250, False), (365, True), (12, True)])
def test_a_setting_far_from_the_dates_is_noted(tmp_path: Path, given: int, noted: bool) -> None:
    data = loaded(tmp_path, prices(pd.bdate_range("2015-01-01", periods=300)), periods_per_year=given)
    assert data.periods_per_year == given
    words = (
        f"data.periods_per_year is {given}, while the dates have about 252 a year: "
        "volatility, Sharpe ratio, windows in years and the default execution lag use the setting"
    )
    assert (words in data.notes) == noted


def test_many_missing_sessions_are_noted(tmp_path: Path) -> None:
    """Three exchanges with holidays of their own share some 222 days a year, of five sessions a week."""
    dates = pd.bdate_range("2015-01-01", periods=1500)
    kept = loaded(tmp_path, prices(without(dates, 0.15, 1)))
    assert kept.periods_per_year == 252
    note = next(one for one in kept.notes if "rows a year" in one)
    assert re.match(r"the dates have about 22\d rows a year, as sessions are missing: .* use 252 a year$", note)
    assert not [one for one in loaded(tmp_path, prices(without(dates, 0.07, 1))).notes if "rows a year" in one]


@pytest.mark.parametrize("rule", ["28D", "SME", "14D", "2ME", "10D"])
def test_only_months_are_moved_to_their_end(tmp_path: Path, rule: str) -> None:
    """Four-week periods and half-months keep their dates, even alone in a month; so do dates that need the setting."""
    dates = pd.date_range("2015-01-09", periods=60, freq=rule)
    given = 37 if rule == "10D" else None
    data = loaded(tmp_path, prices(dates), periods_per_year=given)
    assert data.dates.equals(dates.as_unit("s"))
    assert given is not None or data.periods_per_year in FREQUENCIES


def test_four_week_periods_do_not_become_months_next_to_months(tmp_path: Path) -> None:
    prices(pd.date_range("2015-01-31", periods=40, freq="ME"), names="M").to_csv(tmp_path / "m.csv")
    own = {"A": {"class": "x"}, "M": {"source": "csv", "path": "m.csv"}}
    frame = prices(pd.date_range("2015-01-09", periods=40, freq="28D"), names="A")
    with pytest.raises(DataError, match=r"different frequencies \(p.csv 13 a year; m.csv 12 a year\)"):
        loaded(tmp_path, frame, assets=own)


# Beside a benchmark


def market(dates: pd.DatetimeIndex, periods_per_year: int) -> MarketData:
    table = prices(dates, names="A")
    return MarketData(table, table.pct_change(), pd.Series(0.0, index=dates), {}, periods_per_year)


def test_a_weekday_benchmark_of_a_seven_day_run() -> None:
    """They share weekdays, 252 a year; the number of either alone would be wrong for both."""
    everyday, weekdays = pd.date_range("2015-01-01", periods=700), pd.bdate_range("2015-01-01", periods=500)
    for first, second in ((everyday, weekdays), (weekdays, everyday)):
        numbers = [365 if one is everyday else 252 for one in (first, second)]
        data, other, notes = on_common_dates(*(market(*pair) for pair in zip((first, second), numbers, strict=True)))
        assert data.dates.equals(other.dates)
        assert (data.periods_per_year, other.periods_per_year) == (252, 252)
        assert "the run and its benchmark have 252 periods a year (365 on the" in notes[-1]


def test_history_before_the_benchmark_keeps_the_shared_sessions() -> None:
    """Otherwise a window would hold daily returns but be annualised as if they covered 365 / 252 days."""
    everyday, weekdays = pd.date_range("2013-01-01", "2016-12-30"), pd.bdate_range("2015-01-01", "2016-12-30")
    run, benchmark = market(everyday, 365), market(weekdays, 252)
    for data in (on_common_dates(run, benchmark)[0], on_common_dates(benchmark, run)[1]):
        assert data.dates.equals(pd.bdate_range("2013-01-01", "2016-12-30"))
        pd.testing.assert_frame_equal(data.returns, data.prices.pct_change(), check_freq=False, rtol=0, atol=1e-15)


def test_periods_per_year_stated_by_the_run_apply_to_its_benchmark() -> None:
    dates = pd.bdate_range("2015-01-01", periods=300)
    data, other, notes = on_common_dates(market(dates, 260), market(dates, 252))
    assert (data.periods_per_year, other.periods_per_year) == (260, 260)
    assert notes == ("the run and its benchmark have 260 periods a year (252 on the benchmark's own dates)",)


def test_markets_that_share_four_days_of_a_week_need_the_setting() -> None:
    riyadh = of_week(pd.Timestamp("2015-01-01"), (6, 0, 1, 2, 3), 700)
    words = "^the dates that all share: .* set data.periods_per_year.* one history has sessions on Sundays"
    new_york = market(pd.bdate_range("2015-01-01", periods=500), 252)
    with pytest.raises(DataError, match=words + ".* Note: the setting of the run, or of any of the runs"):
        on_common_dates(market(riyadh, 252), new_york)
    assert on_common_dates(market(riyadh, 209), new_york)[1].periods_per_year == 209


def test_a_benchmark_of_another_frequency_is_refused() -> None:
    days, weeks = pd.bdate_range("2015-01-01", periods=500), pd.date_range("2015-01-02", periods=100, freq="7D")
    with pytest.raises(DataError, match=r"^the benchmark's data is weekly, the run's daily; expected the same"):
        on_common_dates(market(days, 252), market(weeks, 52))


def test_sessions_are_the_days_of_the_week_that_occur() -> None:
    """In each supported daily week the sessions are the days of the week that the dates have."""
    for weekdays, _ in WEEKS.values():
        dates = of_week(pd.Timestamp("2020-01-01"), weekdays, 200)
        assert set(spacing_of(dates).sessions) == set(weekdays)
