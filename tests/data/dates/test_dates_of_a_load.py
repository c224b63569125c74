"""Dates of a load: those that all series share within the run, as local dates in any spelling."""

from pathlib import Path

import numpy as np
import pytest

from backtest.data.market_data import load
from backtest.errors import DataError
from support.files.loaded_files import CALENDARS, MONTHS, SIX, csv_settings, iso_days, load_rows, write_rows

# Dates of the run


def test_start_and_end_are_inclusive(tmp_path: Path) -> None:
    data = load_rows(tmp_path, SIX, start="2019-02-28", end="2019-05-31")
    assert iso_days(data) == MONTHS[1:5]
    assert np.isnan(data.returns.iloc[0]).all()  # nothing is known from before the start
    assert iso_days(load_rows(tmp_path, SIX, start="2019-03-01", end="2019-05-30")) == MONTHS[2:4]


def test_by_default_only_dates_that_all_share_are_kept(tmp_path: Path) -> None:
    rows = [list(row) for row in SIX]
    rows[0][1] = ""
    rows[5][2] = ""
    data = load_rows(tmp_path, [tuple(row) for row in rows])
    assert iso_days(data) == MONTHS[1:5]
    assert np.isnan(data.returns.iloc[0]).all()
    data = load_rows(tmp_path, [tuple(row) for row in rows], ragged=True)
    assert iso_days(data) == MONTHS
    assert np.isnan(data.prices["a"]).tolist() == [True] + [False] * 5
    assert np.isnan(data.returns["a"]).tolist() == [True] * 2 + [False] * 4
    assert np.isnan(data.prices["b"]).tolist() == [False] * 5 + [True]


def test_ragged_data_has_the_dates_of_cash(tmp_path: Path) -> None:
    rows = [(*row[:3], row[3] if 0 < k < 5 else "") for k, row in enumerate(SIX)]
    assert iso_days(load_rows(tmp_path, rows, ragged=True)) == MONTHS[1:5]
    assert iso_days(load_rows(tmp_path, rows, ragged=True, cash=0.01)) == MONTHS


def test_dates_without_any_value_of_the_run_are_ignored(tmp_path: Path) -> None:
    dates = [f"{day:%Y-%m-%d}" for day in CALENDARS[252][:8]]
    rows = [(day, *(("", "", "") if k == 3 else (f"{100 + k}", "50", "9")), "7") for k, day in enumerate(dates)]
    write_rows(tmp_path, rows, "date,a,b,c,other")
    data = load(csv_settings(), tmp_path)
    assert iso_days(data) == dates[:3] + dates[4:]
    assert data.returns["a"].iloc[3] == pytest.approx(104 / 102 - 1)


def test_a_missing_value_is_refused_only_within_the_dates_of_the_run(tmp_path: Path) -> None:
    rows = [(row[0], "" if k == 1 else row[1], *row[2:]) for k, row in enumerate(SIX)]
    with pytest.raises(DataError, match="a has no value on 2019-02-28, inside its history"):
        load_rows(tmp_path, rows)
    assert iso_days(load_rows(tmp_path, rows, start="2019-03-01")) == MONTHS[2:]


# Spellings of dates


@pytest.mark.parametrize("written", ["{}", "{}T16:00:00", "{} 16:00:00", "{} 00:00:00-05:00", "{}T23:59:59+09:00"])
def test_a_time_of_day_and_a_zone_leave_the_local_date(tmp_path: Path, written: str) -> None:
    assert iso_days(load_rows(tmp_path, [(written.format(row[0]), *row[1:]) for row in SIX])) == MONTHS


def test_summer_time_leaves_the_local_date(tmp_path: Path) -> None:
    """Dates of New York as yfinance writes them: two offsets in one file."""
    zones = ["-05:00", "-05:00", "-04:00", "-04:00", "-04:00", "-04:00"]
    rows = [(f"{row[0]} 00:00:00{zone}", *row[1:]) for row, zone in zip(SIX, zones, strict=True)]
    assert iso_days(load_rows(tmp_path, rows)) == MONTHS


def test_compact_dates_byte_order_mark_windows_line_ends_and_blanks_are_read(tmp_path: Path) -> None:
    text = '\ufeff"Date", a ,b,c\r\n' + "".join(
        f"{row[0].replace('-', '')}, {row[1]} ,{row[2]},{row[3]}\r\n" for row in SIX
    )
    (tmp_path / "p.csv").write_bytes(text.encode())
    data = load(csv_settings(), tmp_path)
    assert iso_days(data) == MONTHS
    assert data.prices["a"].tolist() == [100, 110, 99, 101.5, 102, 104]


def test_a_blank_line_above_the_header_is_ignored(tmp_path: Path) -> None:
    write_rows(tmp_path, SIX)
    text = (tmp_path / "p.csv").read_text()
    (tmp_path / "p.csv").write_text("\n" + text)
    assert iso_days(load(csv_settings(), tmp_path)) == MONTHS
