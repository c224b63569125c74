"""Findings on dates: gaps, sessions outside the week, and dates that look a day off."""

import re

import numpy as np
import pandas as pd
import pytest

from backtest.data.dates.spacing import infer_periods_per_year, period_after, period_before, spacing_of
from backtest.data.quality.anomalies import find
from backtest.data.quality.shifted_dates import shifted
from backtest.data.sources.tables.date_cells import clock_of
from support.files.session_dates import RULES, WEEKS, join_dates, of_week

# Dates before the first and after the last one


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
    dates = join_dates(dates, extra).sort_values()
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
    """New York closes at 20:00 or 21:00 UTC on the same date; a local midnight has its own date."""
    closes = (pd.bdate_range("2015-01-01", periods=400) + pd.Timedelta(hours=16)).tz_localize("America/New_York")
    for written in (closes.tz_convert("UTC"), closes):
        assert shifted(written.tz_localize(None).normalize(), clock_of(pd.DatetimeIndex(written))) is None
    assert clock_of(pd.bdate_range("2015-01-01", periods=9).tz_localize("Europe/Berlin")) is None


def test_months_at_23_utc_are_a_day_early_too() -> None:
    firsts = pd.date_range("2015-01-01", periods=24, freq="MS").tz_localize("Europe/Berlin").tz_convert("UTC")
    clock = clock_of(firsts)
    assert clock == "22:00 and 23:00 UTC"
    assert "a day early" in str(shifted(firsts.tz_localize(None).normalize(), clock))


def test_sessions_are_the_days_of_the_week_that_occur() -> None:
    """In each supported daily week the sessions are the days of the week that the dates have."""
    for weekdays, _ in WEEKS.values():
        dates = of_week(pd.Timestamp("2020-01-01"), weekdays, 200)
        assert set(spacing_of(dates).sessions) == set(weekdays)
