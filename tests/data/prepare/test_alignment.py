"""Series of several calendars on the dates of one run."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.data.data_settings import DataSettings
from backtest.data.dates.months_and_years import last_of_months, unfinished_month
from backtest.data.market_data import load
from backtest.data.prepare.alignment import align_dates
from backtest.errors import DataError

DATES = pd.date_range("2024-01-01", periods=12, freq="B")


@st.composite
def markets(draw: st.DrawFn) -> pd.DataFrame:
    """Three series with values on some of twelve dates, each on two or more."""
    there = draw(
        st.lists(
            st.lists(st.booleans(), min_size=12, max_size=12).filter(lambda row: sum(row) > 1), min_size=3, max_size=3
        )
    )
    values = np.arange(1.0, 37.0).reshape(12, 3)
    return pd.DataFrame(np.where(np.array(there).T, values, np.nan), index=DATES, columns=["a", "b", "c"])


@given(markets())
def test_the_intersection_has_the_dates_that_all_series_have(values: pd.DataFrame) -> None:
    """Compared with the intersection of the sets of dates; no value is invented."""
    found, notes = align_dates(values, "intersection", everywhere=["a", "b", "c"], anywhere=["a", "b"])
    expected = set(DATES)
    for name in values:
        expected &= set(values[name].dropna().index)
    assert set(found.index) == expected
    pd.testing.assert_frame_equal(found, values.loc[found.index])
    own = [values[name].dropna().index for name in values]
    begin, end = max(dates[0] for dates in own), min(dates[-1] for dates in own)
    possible = values.loc[begin:end].dropna(how="all")
    assert bool(notes) == (len(possible) > len(found))


@given(markets())
def test_the_union_carries_values_forward_inside_a_history_and_counts_them(values: pd.DataFrame) -> None:
    """Each value is the last known one, never a later one; the count is the number of missing values."""
    found, notes = align_dates(values, "union", everywhere=["a", "b", "c"], anywhere=["a", "b"])
    for name in found:
        for day in pd.DatetimeIndex(found.index):
            assert found[name].loc[day] == values[name].loc[:day].dropna().iloc[-1]
    carried = {str(name): int(values[name].loc[found.index].isna().sum()) for name in values}
    assert len(notes) == sum(count > 0 for count in carried.values())
    for note in notes:
        name, _, rest = note.partition(": ")
        assert rest.startswith(f"{carried[name]} price")
    assert not found.isna().to_numpy().any()


@given(markets())
def test_ragged_series_have_values_only_from_their_first_to_their_last(values: pd.DataFrame) -> None:
    found, _ = align_dates(values, "union", everywhere=["c"], anywhere=["a", "b"])
    for name in ("a", "b"):
        first, last = values[name].first_valid_index(), values[name].last_valid_index()
        inside = (found.index >= first) & (found.index <= last)
        np.testing.assert_array_equal(found[name].notna().to_numpy(), inside)


def test_the_longest_run_of_carried_prices_is_reported() -> None:
    values = pd.DataFrame({"a": 1.0, "b": [1, np.nan, np.nan, 4, np.nan, 6] * 2}, index=DATES)
    _, notes = align_dates(values, "union", everywhere=["a", "b"], anywhere=["a", "b"])
    assert notes == ("b: 6 prices are carried forward (of 12 dates), at most 2 in a row",)


# Months


def test_an_unfinished_month_is_left_out() -> None:
    """29 March 2024 was Good Friday: with the 28th as last date March waits until April is known."""
    days = pd.DataFrame({"a": 1.0}, index=pd.date_range("2024-01-02", "2024-03-28", freq="B"))
    months, note = last_of_months(days)
    assert [f"{day:%F}" for day in months.index] == ["2024-01-31", "2024-02-29"]
    assert note == "2024-03 is left out: it is not over on 2024-03-28"
    with_april = pd.DataFrame({"a": 1.0}, index=days.index.append(pd.DatetimeIndex(["2024-04-01"])))
    assert [f"{day:%F}" for day in last_of_months(with_april)[0].index] == ["2024-01-31", "2024-02-29", "2024-03-31"]


def test_a_month_that_ends_on_a_weekend_is_over_on_friday() -> None:
    days = pd.DataFrame({"a": 1.0}, index=pd.date_range("2024-02-01", "2024-03-29", freq="B"))
    assert last_of_months(days)[1] is None


def test_months_always_dated_on_the_same_day_are_complete() -> None:
    """A file that dates every month on its 1st or 15th has no unfinished month."""
    assert not unfinished_month(pd.DatetimeIndex(["2024-01-15", "2024-02-15", "2024-03-15"]))


# Through a load


def write(folder: Path, name: str, **columns: Any) -> None:
    dates = columns.pop("dates")
    pd.DataFrame(columns, index=dates).rename_axis("date").to_csv(folder / name, date_format="%Y-%m-%d")


def settings(**values: Any) -> DataSettings:
    return DataSettings.model_validate({"source": "csv", "path": "us.csv", "cash": 0.02, **values})


def other(symbol: str, path: str, **more: Any) -> dict[str, Any]:
    return {"class": "equities", "source": "csv", "path": path, "symbol": symbol, **more}


@pytest.fixture
def two_exchanges(tmp_path: Path) -> Path:
    """New York closed on 15 January 2024, Tokyo on the 8th."""
    days = pd.date_range("2024-01-02", "2024-03-28", freq="B")
    write(tmp_path, "us.csv", dates=days.drop("2024-01-15"), SPY=np.arange(62.0) + 100)
    write(tmp_path, "jp.csv", dates=days.drop("2024-01-08"), EWJ=np.arange(62.0) + 50)
    return tmp_path


def test_several_sources_are_cut_to_their_shared_dates(two_exchanges: Path) -> None:
    data = load(settings(assets={"SPY": "equities", "EWJ": other("EWJ", "jp.csv")}), two_exchanges)
    assert len(data.dates) == 61
    assert data.notes == ("2 of 63 dates are left out, which not all series have: SPY lacks 1, EWJ lacks 1",)
    assert data.returns["SPY"].loc["2024-01-09"] == pytest.approx(105 / 103 - 1)  # over the two days
    assert data.classes == {"SPY": "equities", "EWJ": "equities"}
    assert [(one.name, one.source, one.symbol, one.values) for one in data.origins] == [
        ("SPY", "csv", "SPY", 62),
        ("EWJ", "csv", "EWJ", 62),
    ]


def test_a_union_of_calendars_reports_carried_prices(two_exchanges: Path) -> None:
    data = load(settings(assets={"SPY": "equities", "EWJ": other("EWJ", "jp.csv")}, calendar="union"), two_exchanges)
    assert len(data.dates) == 63
    assert data.returns["SPY"].loc["2024-01-15"] == 0
    assert data.notes == (
        "SPY: 1 price is carried forward (of 63 dates)",
        "EWJ: 1 price is carried forward (of 63 dates)",
    )


def test_blanks_in_a_file_are_an_error_unless_a_calendar_is_named(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-02", periods=40, freq="B")
    prices = np.arange(40.0) + 50
    write(tmp_path, "us.csv", dates=days, SPY=prices, EWJ=np.where(np.arange(40) == 7, np.nan, prices))
    with pytest.raises(DataError, match=r"EWJ has no value on 2024-01-11, inside its history"):
        load(settings(assets=["SPY", "EWJ"]), tmp_path)
    assert len(load(settings(assets=["SPY", "EWJ"], calendar="intersection"), tmp_path).dates) == 39
    assert len(load(settings(assets=["SPY", "EWJ"], calendar="union"), tmp_path).dates) == 40


def test_days_and_months_meet_at_month_ends(tmp_path: Path) -> None:
    """Last closes of months next to monthly returns, the first of which begins at the end of January."""
    days = pd.date_range("2024-01-02", "2024-05-15", freq="B")
    write(tmp_path, "us.csv", dates=days, SPY=np.arange(float(len(days))) + 100)
    months = pd.date_range("2024-02-29", periods=4, freq="ME")
    write(tmp_path, "m.csv", dates=months, Mkt=[0.01, 0.02, 0.03, 0.04])
    data = load(settings(assets={"SPY": "equities", "M": other("Mkt", "m.csv", values="returns")}), tmp_path)
    assert data.periods_per_year == 12
    assert [f"{day:%F}" for day in data.dates] == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
    assert data.returns["M"].tolist()[1:] == pytest.approx([0.01, 0.02, 0.03], rel=1e-12)
    assert data.prices["SPY"].iloc[0] == 100 + list(days).index(pd.Timestamp("2024-01-31"))
    assert "us.csv: 2024-05 is left out: it is not over on 2024-05-15" in data.notes


def test_monthly_takes_the_last_price_of_each_month(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-02", "2024-04-30", freq="B")
    write(tmp_path, "us.csv", dates=days, SPY=np.arange(float(len(days))) + 100)
    data = load(settings(assets=["SPY"], frequency="monthly"), tmp_path)
    assert (data.periods_per_year, len(data.dates)) == (12, 4)


def test_weeks_and_months_do_not_mix(tmp_path: Path) -> None:
    write(tmp_path, "us.csv", dates=pd.date_range("2024-01-05", periods=30, freq="W-FRI"), SPY=np.arange(30.0) + 1)
    write(tmp_path, "y.csv", dates=pd.date_range("2010-12-31", periods=14, freq="YE"), Y=np.arange(14.0) + 1)
    with pytest.raises(
        DataError, match=r"different frequencies \(us.csv 52 a year; y.csv 1 a year\); expected one, or"
    ):
        load(settings(assets={"SPY": "equities", "Y": other("Y", "y.csv")}), tmp_path)


def test_a_spliced_history_has_the_returns_of_its_proxy_before_its_own(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-02", periods=60, freq="B")
    rng = np.random.default_rng(3)
    proxy = 100 * np.cumprod(1 + 0.01 * rng.standard_normal(60))
    own = 7 * proxy[20:] * 1.0001 ** np.arange(40)
    write(
        tmp_path, "us.csv", dates=days, SPY=np.arange(60.0) + 100, VUSTX=proxy, TLT=np.append(np.full(20, np.nan), own)
    )
    data = load(settings(assets=["SPY", "TLT"], splice={"TLT": "VUSTX"}), tmp_path)
    assert len(data.dates) == 60
    np.testing.assert_allclose(data.returns["TLT"].iloc[1:21], proxy[1:21] / proxy[:20] - 1, rtol=1e-12)
    np.testing.assert_allclose(data.returns["TLT"].iloc[21:], own[1:] / own[:-1] - 1, rtol=1e-12)
    (note,) = data.notes
    assert note.startswith(f"TLT before {days[20]:%F} is VUSTX, spliced: over the 39 periods they share")
    assert data.assets == ("SPY", "TLT")


def test_start_and_end_cut_all_sources(two_exchanges: Path) -> None:
    chosen = settings(
        assets={"SPY": "equities", "EWJ": other("EWJ", "jp.csv")}, start=date(2024, 2, 1), end=date(2024, 2, 29)
    )
    data = load(chosen, two_exchanges)
    assert (f"{data.dates[0]:%F}", f"{data.dates[-1]:%F}", data.notes) == ("2024-02-01", "2024-02-29", ())


# Files in folders and elsewhere


def test_a_folder_of_one_file_for_each_symbol(tmp_path: Path) -> None:
    """A level, an adjusted close, or a close with dividends, from which the total return is made."""
    days = pd.date_range("2024-01-02", periods=4, freq="B")
    (tmp_path / "prices").mkdir()
    write(tmp_path / "prices", "A.csv", dates=days, level=[1.0, 2, 3, 4])
    write(tmp_path / "prices", "B.csv", dates=days, Open=[9.0] * 4, Close=[9.0] * 4, **{"Adj Close": [1.0, 2, 4, 8]})
    write(tmp_path / "prices", "C.csv", dates=days, Close=[100.0, 99, 100, 100], Dividends=[0.0, 1, 0, 0])
    write(tmp_path / "prices", "D.csv", dates=days, Open=[9.0] * 4, Close=[5.0, 6, 7, 8])
    data = load(settings(path="prices", assets=["A", "B", "C", "D"]), tmp_path)
    assert data.prices["A"].tolist() == [1, 2, 3, 4]
    assert data.prices["B"].tolist() == [1, 2, 4, 8]
    np.testing.assert_allclose(data.returns["C"].iloc[1:], [0, 1 / 99, 0], atol=1e-15)
    assert data.notes == (
        "B: the column Adj Close is taken as total return",
        "D: closes without dividends: no total return",
    )
    assert data.origins[2].meaning == "total return, dividends reinvested at the ex-date close"


def test_a_folder_of_parquet_files(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-02", periods=4, freq="B", name="date")
    (tmp_path / "prices").mkdir()
    pd.DataFrame({"level": [1.0, 2, 3, 4]}, index=days).to_parquet(tmp_path / "prices" / "A.parquet")
    data = load(settings(source="parquet", path="prices", assets=["A"]), tmp_path)
    assert data.prices["A"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("symbol", ["../secret", "/etc/passwd", ".hidden"])
def test_no_symbol_leads_out_of_a_folder(tmp_path: Path, symbol: str) -> None:
    days = pd.date_range("2024-01-02", periods=4, freq="B")
    (tmp_path / "prices").mkdir()
    write(tmp_path / "prices", "A.csv", dates=days, level=[1.0, 2, 3, 4])
    write(tmp_path / "prices", ".hidden.csv", dates=days, level=[1.0, 2, 3, 4])
    write(tmp_path, "secret.csv", dates=days, level=[1.0, 2, 3, 4])
    with pytest.raises(DataError, match=r"no file .*in this folder"):
        load(settings(path="prices", assets={"A": "x", "B": {"symbol": symbol}}), tmp_path)


def test_an_address_of_any_kind_is_kept_in_the_cache(tmp_path: Path) -> None:
    """The address is opened once; the second load reads the cache."""
    import fsspec

    text = "date,A,B\n2024-01-02,1,5\n2024-01-03,2,6\n2024-01-04,3,7\n"
    files = fsspec.filesystem("memory")
    files.pipe("/kept/prices.csv", text.encode())
    chosen = settings(path="memory://kept/prices.csv", assets=["A", "B"], cache=str(tmp_path / "cache"))
    first = load(chosen, tmp_path)
    files.rm("/kept/prices.csv")
    second = load(chosen, tmp_path)
    assert first.prices["B"].tolist() == [5, 6, 7]
    assert second.sha256 == first.sha256


def test_a_secret_in_an_address_is_not_written_to_the_settings() -> None:
    chosen = settings(
        path="https://me:secret@example.org/p.csv?token=abc", assets={"A": other("A", "s3://k:secret@b/p.csv")}
    )
    assert "secret" not in chosen.model_dump_json()
    assert "abc" not in chosen.model_dump_json()


def test_a_path_in_the_home_folder_is_written_and_read_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shared report contains no user name, and its settings can be run again."""
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, "us.csv", dates=pd.date_range("2024-01-02", periods=4, freq="B"), SPY=[1.0, 2, 3, 4])
    chosen = settings(path=str(tmp_path / "us.csv"), assets=["SPY"], cache=str(tmp_path / "kept"))
    written = chosen.model_dump(mode="json")
    assert (written["path"], written["cache"]) == ("~/us.csv", "~/kept")
    assert load(DataSettings.model_validate(written), Path()).sha256 == load(chosen, Path()).sha256
