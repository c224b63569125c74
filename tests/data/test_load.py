"""From a file to `MarketData`: frequency, dates and numbers.

Expected values are worked out in the tests with plain Python from the very text of the files.
"""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.data_settings import DataSettings
from backtest.data.dates.spacing import infer_periods_per_year
from backtest.data.fetch_series import catalogues
from backtest.data.load import load
from backtest.data.market_data import MarketData
from backtest.errors import DataError

MONTHS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2019-01-31", periods=6, freq="ME")]
Rows = Sequence[tuple[str, ...]]


def settings(**changed: Any) -> DataSettings:
    return DataSettings.model_validate({"source": "csv", "path": "p.csv", "assets": ["a", "b"], "cash": "c", **changed})


def write(folder: Path, rows: Rows, header: str = "date,a,b,c") -> None:
    (folder / "p.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")


def loaded(folder: Path, rows: Rows, **changed: Any) -> MarketData:
    write(folder, rows)
    return load(settings(**changed), folder)


def days(data: MarketData) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in data.dates]


SIX: Rows = [
    (MONTHS[0], "100", "50", "1000"),
    (MONTHS[1], "110", "49", "1001"),
    (MONTHS[2], "99", "51", "1002"),
    (MONTHS[3], "101.5", "52", "1003"),
    (MONTHS[4], "102", "51.5", "1004.5"),
    (MONTHS[5], "104", "53", "1006"),
]


# 1. How often: by the spacing of dates alone


def every(step: int, count: int, begin: date = date(2015, 1, 1)) -> list[date]:
    return [begin + timedelta(days=step * k) for k in range(count)]


def month_ends(step: int, count: int) -> list[date]:
    """The last day of every step-th calendar month."""
    numbers = [2001 * 12 + step * (k + 1) - 1 for k in range(count)]
    return [date(n // 12, n % 12 + 1, calendar.monthrange(n // 12, n % 12 + 1)[1]) for n in numbers]


def weekdays(count: int) -> list[date]:
    return [day for day in every(1, 2 * count) if day.weekday() < 5][:count]


def last_weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


CALENDARS = {
    252: weekdays(400),
    365: every(1, 400),
    52: every(7, 120, date(2015, 1, 2)),
    12: month_ends(1, 80),
    4: month_ends(3, 40),
    1: month_ends(12, 20),
}


@pytest.mark.parametrize("periods", CALENDARS)
def test_each_frequency_is_inferred_from_its_spacing(periods: int) -> None:
    dates = CALENDARS[periods]
    assert infer_periods_per_year(pd.DatetimeIndex(dates)) == periods
    assert infer_periods_per_year(pd.DatetimeIndex(dates[:12])) == periods
    assert infer_periods_per_year(pd.DatetimeIndex([last_weekday(day) for day in CALENDARS[12]])) == 12


@pytest.mark.parametrize("periods", CALENDARS)
def test_holidays_and_lost_rows_do_not_change_the_frequency(periods: int) -> None:
    """An eighth of the rows is left out: counted by rows, 252 would become 220."""
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
    assert loaded(tmp_path, SIX).periods_per_year == 12
    assert loaded(tmp_path, SIX, periods_per_year=4).periods_per_year == 4


# 2. Months are dated at their end


@pytest.mark.parametrize("day", ["01", "15", "27"])
def test_months_are_dated_at_their_end_and_noted(tmp_path: Path, day: str) -> None:
    rows = [(f"2020-{month:02}-{day}", "100", f"{50 + month}", f"{1000 + month}") for month in range(1, 7)]
    data = loaded(tmp_path, rows)
    assert days(data) == ["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30"]
    assert data.prices["b"].tolist() == [51, 52, 53, 54, 55, 56]
    assert data.notes == ("p.csv: monthly rows are dated at their month's end",)


def test_dates_at_month_ends_get_no_note(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX)
    assert days(data) == MONTHS
    assert data.notes == ()


def test_days_weeks_quarters_and_years_keep_their_dates(tmp_path: Path) -> None:
    for periods in (252, 365, 52, 4, 1):
        dates = [f"{day:%Y-%m-%d}" for day in CALENDARS[periods][:12]]
        data = loaded(tmp_path, [(day, "100", f"{50 + k}", f"{100 + k}") for k, day in enumerate(dates)])
        assert days(data) == dates
        assert data.periods_per_year == periods


def test_two_rows_in_a_month_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^p.csv: the rows are monthly, yet 2019-03 has more than one \(2019-03-01, "):
        loaded(tmp_path, [*SIX[:2], ("2019-03-01", "1", "1", "1"), *SIX[2:]])


# 3. Prices and returns


def test_returns_are_changes_of_the_prices(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX)
    assert data.assets == ("a", "b")
    assert data.prices["a"].tolist() == [100, 110, 99, 101.5, 102, 104]
    assert np.isnan(data.returns.iloc[0]).all()
    assert np.isnan(data.cash_returns.iloc[0])
    assert data.returns["a"].iloc[1:].tolist() == pytest.approx([0.1, -0.1, 2.5 / 99, 0.5 / 101.5, 2 / 102], rel=1e-13)
    assert data.cash_returns.iloc[1:].tolist() == pytest.approx(
        [1 / 1000, 1 / 1001, 1 / 1002, 1.5 / 1003, 1.5 / 1004.5]
    )
    expected = data.returns["b"] - data.cash_returns
    pd.testing.assert_series_equal(data.excess_returns["b"], expected, check_names=False)


def test_returns_are_compounded_from_the_end_of_the_month_before_the_first(tmp_path: Path) -> None:
    rows = [(day, f"0.0{k}", f"-0.0{k}", "0.001") for k, day in enumerate(MONTHS, 1)]
    data = loaded(tmp_path, rows, values="returns")
    assert data.dates[0] == pd.Timestamp(MONTHS[0]) - pd.offsets.MonthEnd()
    assert data.dates[1:].strftime("%Y-%m-%d").tolist() == list(MONTHS)
    assert data.returns.iloc[0].isna().all()
    assert data.returns["a"].tolist()[1:] == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05, 0.06], rel=1e-13)
    assert data.cash_returns.tolist()[1:] == pytest.approx([0.001] * 6, rel=1e-12)  # 1e-16 of a level of 1
    assert data.prices["b"].tolist() == pytest.approx(np.cumprod([1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94]), rel=1e-14)


def test_numbers_are_read_as_the_nearest_doubles(tmp_path: Path) -> None:
    """Equal to what Python reads, to the last bit: a faster, less exact reader would change results."""
    texts = ["0.1", "123.456789012345678", "1e-5", "99.99999999999999", "7.038531e-26", "8.5e22"]
    data = loaded(tmp_path, [(day, text, "1", "1") for day, text in zip(MONTHS, texts, strict=True)])
    assert data.prices["a"].tolist() == [float(text) for text in texts]


STEPS = st.lists(
    st.tuples(*[st.floats(-0.5, 1.0).map(lambda step: round(step, 6))] * 3), min_size=3, max_size=30
)  # fmt: skip


@examples(max_examples=40)
@given(steps=STEPS)
def test_a_file_of_prices_and_one_of_their_returns_are_the_same_market(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, ...]]
) -> None:
    """The file of returns begins one row later, and the date before its first return is that of the first price."""
    folder = tmp_path_factory.getbasetemp()
    dates = [f"{day:%Y-%m-%d}" for day in pd.date_range("2001-01-31", periods=len(steps) + 1, freq="ME")]
    levels = [[100.0, 20.0, 3.0]]
    for row in steps:
        levels.append([level * (1 + step) for level, step in zip(levels[-1], row, strict=True)])
    returns = [
        [new / old - 1 for new, old in zip(*pair, strict=True)] for pair in zip(levels[1:], levels, strict=False)
    ]
    of_prices = loaded(folder, [(day, *map(repr, row)) for day, row in zip(dates, levels, strict=True)])
    of_returns = loaded(
        folder, [(day, *map(repr, row)) for day, row in zip(dates[1:], returns, strict=True)], values="returns"
    )
    assert of_returns.dates.equals(of_prices.dates)
    np.testing.assert_allclose(of_returns.returns, of_prices.returns, rtol=0, atol=2e-15)  # up to 2, of levels
    np.testing.assert_allclose(of_returns.cash_returns, of_prices.cash_returns, rtol=0, atol=2e-15)
    scaled = of_returns.prices * of_prices.prices.iloc[0]
    np.testing.assert_allclose(scaled, of_prices.prices, rtol=1e-12)
    assert of_returns.periods_per_year == of_prices.periods_per_year


# 4. Cash


def test_cash_as_a_rate_a_year_accrues_by_calendar_days(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX, cash=0.05)
    assert np.isnan(data.cash_returns.iloc[0])
    expected = [1.05 ** (length / 365.25) - 1 for length in (28, 31, 30, 31, 30)]
    assert data.cash_returns.iloc[1:].tolist() == pytest.approx(expected, rel=1e-13)
    assert loaded(tmp_path, SIX, cash=0).cash_returns.iloc[1:].tolist() == [0] * 5


def test_cash_may_be_one_of_the_assets(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX, cash="a")
    assert (data.excess_returns["a"].iloc[1:] == 0).all()


def test_columns_that_are_not_asked_for_may_hold_anything(tmp_path: Path) -> None:
    rows = [(*row, "text") for row in SIX]
    write(tmp_path, rows, "date,a,b,c,remark")
    assert load(settings(), tmp_path).assets == ("a", "b")


# 5. Which dates


def test_start_and_end_are_inclusive(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX, start="2019-02-28", end="2019-05-31")
    assert days(data) == MONTHS[1:5]
    assert np.isnan(data.returns.iloc[0]).all()  # nothing is known from before the start
    assert days(loaded(tmp_path, SIX, start="2019-03-01", end="2019-05-30")) == MONTHS[2:4]


def test_by_default_only_dates_that_all_share_are_kept(tmp_path: Path) -> None:
    rows = [list(row) for row in SIX]
    rows[0][1] = ""
    rows[5][2] = ""
    data = loaded(tmp_path, [tuple(row) for row in rows])
    assert days(data) == MONTHS[1:5]
    assert np.isnan(data.returns.iloc[0]).all()
    data = loaded(tmp_path, [tuple(row) for row in rows], ragged=True)
    assert days(data) == MONTHS
    assert np.isnan(data.prices["a"]).tolist() == [True] + [False] * 5
    assert np.isnan(data.returns["a"]).tolist() == [True] * 2 + [False] * 4
    assert np.isnan(data.prices["b"]).tolist() == [False] * 5 + [True]


def test_ragged_dates_are_those_of_cash(tmp_path: Path) -> None:
    rows = [(*row[:3], row[3] if 0 < k < 5 else "") for k, row in enumerate(SIX)]
    assert days(loaded(tmp_path, rows, ragged=True)) == MONTHS[1:5]
    assert days(loaded(tmp_path, rows, ragged=True, cash=0.01)) == MONTHS


def test_dates_without_any_value_of_the_run_are_ignored(tmp_path: Path) -> None:
    dates = [f"{day:%Y-%m-%d}" for day in CALENDARS[252][:8]]
    rows = [(day, *(("", "", "") if k == 3 else (f"{100 + k}", "50", "9")), "7") for k, day in enumerate(dates)]
    write(tmp_path, rows, "date,a,b,c,other")
    data = load(settings(), tmp_path)
    assert days(data) == dates[:3] + dates[4:]
    assert data.returns["a"].iloc[3] == pytest.approx(104 / 102 - 1)


def test_a_missing_value_is_refused_only_within_the_dates_of_the_run(tmp_path: Path) -> None:
    rows = [(row[0], "" if k == 1 else row[1], *row[2:]) for k, row in enumerate(SIX)]
    with pytest.raises(DataError, match="a has no value on 2019-02-28, inside its history"):
        loaded(tmp_path, rows)
    assert days(loaded(tmp_path, rows, start="2019-03-01")) == MONTHS[2:]


# 6. Dates as they are written


@pytest.mark.parametrize("written", ["{}", "{}T16:00:00", "{} 16:00:00", "{} 00:00:00-05:00", "{}T23:59:59+09:00"])
def test_a_time_of_day_and_a_zone_leave_the_local_date(tmp_path: Path, written: str) -> None:
    assert days(loaded(tmp_path, [(written.format(row[0]), *row[1:]) for row in SIX])) == MONTHS


def test_summer_time_leaves_the_local_date(tmp_path: Path) -> None:
    """Dates of New York as yfinance writes them: two offsets in one file."""
    zones = ["-05:00", "-05:00", "-04:00", "-04:00", "-04:00", "-04:00"]
    rows = [(f"{row[0]} 00:00:00{zone}", *row[1:]) for row, zone in zip(SIX, zones, strict=True)]
    assert days(loaded(tmp_path, rows)) == MONTHS


def test_compact_dates_a_byte_order_mark_windows_lines_and_blanks(tmp_path: Path) -> None:
    text = '\ufeff"Date", a ,b,c\r\n' + "".join(
        f"{row[0].replace('-', '')}, {row[1]} ,{row[2]},{row[3]}\r\n" for row in SIX
    )
    (tmp_path / "p.csv").write_bytes(text.encode())
    data = load(settings(), tmp_path)
    assert days(data) == MONTHS
    assert data.prices["a"].tolist() == [100, 110, 99, 101.5, 102, 104]


def test_a_blank_line_above_the_header_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, SIX)
    text = (tmp_path / "p.csv").read_text()
    (tmp_path / "p.csv").write_text("\n" + text)
    assert days(load(settings(), tmp_path)) == MONTHS


# 7. Parquet is the same


@pytest.mark.parametrize("kind", ["index", "column", "text", "date objects", "index of date objects", "32 bits"])
def test_parquet_equals_csv(tmp_path: Path, kind: str) -> None:
    of_csv = loaded(tmp_path, SIX)
    frame = pd.read_csv(tmp_path / "p.csv", index_col="date", parse_dates=["date"])
    if kind in ("column", "text", "date objects"):
        frame = frame.reset_index()
        if kind == "text":
            frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
        if kind == "date objects":
            frame["date"] = frame["date"].dt.date
    elif kind == "index of date objects":
        frame.index = pd.Index([day.date() for day in frame.index], name="date")
    elif kind == "32 bits":
        frame = frame.astype({"a": "float32", "b": "float32"})  # these numbers are the same in 32 bits
    frame.to_parquet(tmp_path / "p.parquet")
    of_parquet = load(settings(source="parquet", path="p.parquet"), tmp_path)
    assert of_parquet.sha256 == of_csv.sha256
    pd.testing.assert_frame_equal(of_parquet.prices, of_csv.prices)
    pd.testing.assert_frame_equal(of_parquet.returns, of_csv.returns)
    assert of_parquet.periods_per_year == of_csv.periods_per_year


# 8. Columns, classes, notes


def test_columns_of_a_file_are_its_header_in_order(tmp_path: Path) -> None:
    write(tmp_path, SIX, "date, b ,a,c")
    (found,) = {id(offered): offered for offered in catalogues(settings(), tmp_path).values()}.values()
    assert list(found or ()) == ["b", "a", "c"]


def test_classes_of_a_file_are_those_of_the_settings(tmp_path: Path) -> None:
    assert dict(loaded(tmp_path, SIX, classes={"b": "bonds"}).classes) == {"b": "bonds"}


def test_samples_state_classes_and_settings_override_them(tmp_path: Path) -> None:
    config = {"source": "sample", "path": None, "assets": ["us_stocks", "gold", "crude_oil"], "cash": "us_tbill"}
    data = load(settings(**config, classes={"gold": "metals"}), tmp_path)
    assert data.classes == {"us_stocks": "equities", "gold": "metals", "crude_oil": "commodities"}


def test_caveats_of_the_samples_are_notes(tmp_path: Path) -> None:
    config = {"source": "sample", "path": None, "cash": "us_tbill"}
    data = load(settings(**config, assets=["us_stocks", "gold"]), tmp_path)
    assert data.notes == ()
    data = load(settings(**config, assets=["us_treasury_10y", "us_corporate_aaa", "crude_oil"]), tmp_path)
    assert [note.partition(":")[0] for note in data.notes] == ["us_treasury_10y", "us_corporate_aaa", "crude_oil"]
    assert "up to 1990-01" in data.notes[0]
    assert "spot price" in data.notes[2]


def test_the_daily_sample_is_daily(tmp_path: Path) -> None:
    config = {"source": "sample_daily", "path": None, "assets": ["gold", "us_equity"], "cash": "us_tbill"}
    data = load(settings(**config), tmp_path)
    assert data.periods_per_year == 252
    assert days(data)[0] == "2018-01-02"
    assert days(data)[-1] == "2022-12-28"
    assert data.assets == ("gold", "us_equity")


# 9. MarketData itself


def test_market_data_is_read_only(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX)
    for frame in (data.prices, data.returns):
        with pytest.raises(ValueError, match="read-only"):
            frame.to_numpy()[0, 0] = 1.0


def test_calendar_days_between_dates(tmp_path: Path) -> None:
    assert loaded(tmp_path, SIX).days.tolist() == [0, 28, 31, 30, 31, 30]


def test_different_market_data_has_different_hashes(tmp_path: Path) -> None:
    one = loaded(tmp_path, SIX).sha256
    assert loaded(tmp_path, SIX).sha256 == one
    other_value = [*SIX[:3], (MONTHS[3], "101.50000000000001", "52", "1003"), *SIX[4:]]
    other_cash = [*SIX[:3], (MONTHS[3], "101.5", "52", "1003.01"), *SIX[4:]]
    others = [
        loaded(tmp_path, other_value).sha256,
        loaded(tmp_path, other_cash).sha256,
        loaded(tmp_path, SIX[:-1]).sha256,
        loaded(tmp_path, SIX, assets=["b", "a"]).sha256,
        loaded(tmp_path, SIX, cash=0.01).sha256,
    ]
    write(tmp_path, SIX, "date,b,a,c")
    others.append(load(settings(), tmp_path).sha256)
    assert len({one, *others}) == 7


def test_leading_dates_are_a_slice_of_the_history(tmp_path: Path) -> None:
    data = loaded(tmp_path, SIX, ragged=True)
    part = data.on(data.dates[:4])
    pd.testing.assert_frame_equal(part.prices, data.prices.iloc[:4])
    pd.testing.assert_frame_equal(part.returns, data.returns.iloc[:4])
    pd.testing.assert_series_equal(part.cash_returns, data.cash_returns.iloc[:4])


@examples(max_examples=40)
@given(kept=st.sets(st.integers(0, 5), min_size=2).map(sorted))
def test_on_some_dates_returns_compound_over_those_left_out(
    tmp_path_factory: pytest.TempPathFactory, kept: list[int]
) -> None:
    data = loaded(tmp_path_factory.getbasetemp(), SIX)
    part = data.on(data.dates[kept])
    assert part.dates.equals(data.dates[kept])
    assert part.excess_returns.shape == (len(kept), 2)
    for before, after, row in zip(kept, kept[1:], range(1, len(kept)), strict=False):
        for column, name in ((1, "a"), (2, "b")):
            expected = float(SIX[after][column]) / float(SIX[before][column]) - 1
            assert part.returns[name].iloc[row] == pytest.approx(expected, abs=1e-14)
        cash = float(SIX[after][3]) / float(SIX[before][3]) - 1
        assert part.cash_returns.iloc[row] == pytest.approx(cash, abs=1e-14)
    assert np.isnan(part.returns.iloc[0]).all()
    assert np.isnan(part.cash_returns.iloc[0])


def test_a_first_return_is_compounded_with_the_next_if_its_date_is_left_out(tmp_path: Path) -> None:
    rows = [(day, f"0.0{k}", f"-0.0{k}", "0.001") for k, day in enumerate(MONTHS, 1)]
    data = loaded(tmp_path, rows, values="returns")
    part = data.on(data.dates[[0, 2, 3]])
    assert part.returns["a"].tolist()[1:] == pytest.approx([1.01 * 1.02 - 1, 0.03], rel=1e-12)
    assert part.cash_returns.tolist()[1:] == pytest.approx([1.001**2 - 1, 0.001], rel=1e-12)


def test_an_asset_that_joins_has_no_return_over_the_gap(tmp_path: Path) -> None:
    rows = [(row[0], "" if k < 2 else row[1], *row[2:]) for k, row in enumerate(SIX)]
    part = loaded(tmp_path, rows, ragged=True)
    part = part.on(part.dates[[0, 1, 3, 5]])
    assert np.isnan(part.returns["a"]).tolist() == [True, True, True, False]
    assert part.returns["a"].iloc[3] == pytest.approx(104 / 101.5 - 1)
