"""Periods per year follow from the spacing of dates alone, and months are dated at their end."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtest.data.dates.spacing import infer_periods_per_year
from backtest.errors import DataError
from support.files.loaded_files import CALENDARS, MONTHS, SIX, every, iso_days, load_rows


def last_weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


@pytest.mark.parametrize("periods", CALENDARS)
def test_each_frequency_is_inferred_from_its_spacing(periods: int) -> None:
    dates = CALENDARS[periods]
    assert infer_periods_per_year(pd.DatetimeIndex(dates)) == periods
    assert infer_periods_per_year(pd.DatetimeIndex(dates[:12])) == periods
    assert infer_periods_per_year(pd.DatetimeIndex([last_weekday(day) for day in CALENDARS[12]])) == 12


@pytest.mark.parametrize("periods", CALENDARS)
def test_holidays_and_lost_rows_do_not_change_the_frequency(periods: int) -> None:
    """An eighth of the rows is left out; a count of rows would turn 252 into 220."""
    dates = pd.DatetimeIndex(CALENDARS[periods])
    for seed in range(50):
        kept = np.random.default_rng(seed).random(len(dates)) > 1 / 8
        assert infer_periods_per_year(dates[kept]) == periods


def test_a_long_break_does_not_change_the_frequency() -> None:
    dates = CALENDARS[252]
    assert (
        infer_periods_per_year(pd.DatetimeIndex([*dates[:100], *(day + timedelta(days=7280) for day in dates)])) == 252
    )


def test_a_market_with_a_few_saturdays_is_not_a_seven_day_market() -> None:
    """Exchanges once traded on Saturdays and use some to make up for holidays, without trading 365 days."""
    some = [day for day in every(1, 700) if day.weekday() < 5 or (day.weekday() == 5 and day.day <= 7)]
    assert infer_periods_per_year(pd.DatetimeIndex(some)) == 252


def test_first_business_days_of_months_are_monthly_and_weeks_move_by_holidays() -> None:
    first = [date(2010 + k // 12, k % 12 + 1, 1) for k in range(60)]
    assert infer_periods_per_year(pd.DatetimeIndex(first)) == 12
    fridays = every(7, 100, date(2015, 1, 2))
    moved = [day - timedelta(days=1) if k % 9 == 0 else day for k, day in enumerate(fridays)]
    assert infer_periods_per_year(pd.DatetimeIndex(moved)) == 52


def test_a_setting_overrides_the_inferred_frequency(tmp_path: Path) -> None:
    assert load_rows(tmp_path, SIX).periods_per_year == 12
    assert load_rows(tmp_path, SIX, periods_per_year=4).periods_per_year == 4


@pytest.mark.parametrize("day", ["01", "15", "27"])
def test_months_are_dated_at_their_end_and_noted(tmp_path: Path, day: str) -> None:
    rows = [(f"2020-{month:02}-{day}", "100", f"{50 + month}", f"{1000 + month}") for month in range(1, 7)]
    data = load_rows(tmp_path, rows)
    assert iso_days(data) == ["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30"]
    assert data.prices["b"].tolist() == [51, 52, 53, 54, 55, 56]
    assert data.notes == ("p.csv: monthly rows are dated at their month's end",)


def test_dates_at_month_ends_get_no_note(tmp_path: Path) -> None:
    data = load_rows(tmp_path, SIX)
    assert iso_days(data) == MONTHS
    assert data.notes == ()


def test_days_weeks_quarters_and_years_keep_their_dates(tmp_path: Path) -> None:
    for periods in (252, 365, 52, 4, 1):
        dates = [f"{day:%Y-%m-%d}" for day in CALENDARS[periods][:12]]
        data = load_rows(tmp_path, [(day, "100", f"{50 + k}", f"{100 + k}") for k, day in enumerate(dates)])
        assert iso_days(data) == dates
        assert data.periods_per_year == periods


def test_two_rows_in_a_month_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^p.csv: the rows are monthly, yet 2019-03 has more than one \(2019-03-01, "):
        load_rows(tmp_path, [*SIX[:2], ("2019-03-01", "1", "1", SIX[1][-1]), *SIX[2:]])
