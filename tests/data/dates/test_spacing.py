"""Periods per year, by the sessions of a week and the months between dates."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.dates.spacing import infer_periods_per_year, spacing_of
from backtest.errors import DataError
from support.files.session_dates import BUSINESS, RULES, STARTS, WEEKS, drop_dates, join_dates, of_week


@examples(max_examples=60)
@given(STARTS, st.sampled_from(sorted(WEEKS)), st.integers(60, 4000), st.floats(0, 0.05), st.integers(0, 99))
def test_a_week_of_fixed_sessions_is_recognised_despite_holidays(
    start: pd.Timestamp, week: str, days: int, holidays: float, seed: int
) -> None:
    weekdays, periods = WEEKS[week]
    assert infer_periods_per_year(drop_dates(of_week(start, weekdays, days), holidays, seed)) == periods


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
    assert infer_periods_per_year(drop_dates(dates, 0.05, count)) == periods
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
    (["2019-12-23", "2019-12-24", "2019-12-26", "2019-12-27"], 252),  # a holiday is not a weekend
    (["2024-01-05", "2024-01-06", "2024-01-07"], 365),
    (["2024-01-05", "2024-01-12"], 52),
    (["2024-01-31", "2024-02-15", "2024-02-29"], 24),
    (["2024-02-01", "2024-02-15", "2024-03-01", "2024-03-15"], 24),
    (["2024-03-31", "2024-06-30"], 4),
    (["2023-12-31", "2024-12-31"], 1),
])  # fmt: skip
def test_a_few_rows_suffice_if_they_are_clear(texts: list[str], periods: int) -> None:
    assert infer_periods_per_year(pd.DatetimeIndex(texts)) == periods


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
    "months, then days": join_dates(MONTHS, BUSINESS),
    "days, then months": join_dates(BUSINESS, pd.date_range("2015-01-31", periods=120, freq="ME")),
    "weeks, then months": join_dates(
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
    assert spacing_of(kept).rows_per_year == pytest.approx(365.25 * 5 / 7, rel=0.002)  # 2,347 rows


def test_past_saturday_sessions_count_as_rows() -> None:
    """New York traded on Saturdays until 1952: 285 sessions a year up to 1960, 264 up to today."""
    past = of_week(pd.Timestamp("1926-01-02"), (0, 1, 2, 3, 4, 5), 9700)  # up to July 1952
    rest = pd.bdate_range(past[-1] + pd.Timedelta(days=3), "2024-12-31")
    assert infer_periods_per_year(join_dates(past, rest)) == 252
    assert infer_periods_per_year(join_dates(past, rest[rest < pd.Timestamp("1954-01-01")])) == 300
