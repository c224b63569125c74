"""From a file to `MarketData`: numbers, cash, columns, classes and notes.

The tests compute the expected values in plain Python from the text of the files.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.fetch_series import catalogues
from backtest.data.market_data import load
from support.files.loaded_files import MONTHS, SIX, csv_settings, iso_days, load_rows, write_rows

# Prices and their returns


def test_returns_are_changes_of_the_prices(tmp_path: Path) -> None:
    data = load_rows(tmp_path, SIX)
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
    data = load_rows(tmp_path, rows, values="returns")
    assert data.dates[0] == pd.Timestamp(MONTHS[0]) - pd.offsets.MonthEnd()
    assert data.dates[1:].strftime("%Y-%m-%d").tolist() == list(MONTHS)
    assert data.returns.iloc[0].isna().all()
    assert data.returns["a"].tolist()[1:] == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05, 0.06], rel=1e-13)
    assert data.cash_returns.tolist()[1:] == pytest.approx([0.001] * 6, rel=1e-12)  # rounding of a level of 1
    assert data.prices["b"].tolist() == pytest.approx(np.cumprod([1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94]), rel=1e-14)


def test_numbers_are_read_as_the_nearest_doubles(tmp_path: Path) -> None:
    """Equal to what Python reads, to the last bit: a faster, less exact reader would change results."""
    texts = ["0.1", "123.456789012345678", "1e-5", "99.99999999999999", "7.038531e-26", "8.5e22"]
    data = load_rows(tmp_path, [(day, text, "1", "1") for day, text in zip(MONTHS, texts, strict=True)])
    assert data.prices["a"].tolist() == [float(text) for text in texts]


def moves(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda step: round(step, 6))


STEPS = st.lists(
    st.tuples(moves(-0.5, 0.4), moves(-0.5, 0.4), moves(0, 0.01)), min_size=3, max_size=30
)  # the last is cash


@examples(max_examples=40)
@given(steps=STEPS)
def test_a_file_of_prices_and_one_of_their_returns_are_the_same_market(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, ...]]
) -> None:
    """The file of returns begins one row later, and its first level has the date of the first price."""
    folder = tmp_path_factory.getbasetemp()
    dates = [f"{day:%Y-%m-%d}" for day in pd.date_range("2001-01-31", periods=len(steps) + 1, freq="ME")]
    levels = [[100.0, 20.0, 3.0]]
    for row in steps:
        levels.append([level * (1 + step) for level, step in zip(levels[-1], row, strict=True)])
    returns = [
        [new / old - 1 for new, old in zip(*pair, strict=True)] for pair in zip(levels[1:], levels, strict=False)
    ]
    of_prices = load_rows(folder, [(day, *map(repr, row)) for day, row in zip(dates, levels, strict=True)])
    of_returns = load_rows(
        folder, [(day, *map(repr, row)) for day, row in zip(dates[1:], returns, strict=True)], values="returns"
    )
    assert of_returns.dates.equals(of_prices.dates)
    np.testing.assert_allclose(of_returns.returns, of_prices.returns, rtol=0, atol=2e-15)  # rounding of levels
    np.testing.assert_allclose(of_returns.cash_returns, of_prices.cash_returns, rtol=0, atol=2e-15)
    scaled = of_returns.prices * of_prices.prices.iloc[0]
    np.testing.assert_allclose(scaled, of_prices.prices, rtol=1e-12)
    assert of_returns.periods_per_year == of_prices.periods_per_year


# Cash


def test_cash_as_a_rate_a_year_accrues_by_calendar_days(tmp_path: Path) -> None:
    data = load_rows(tmp_path, SIX, cash=0.05)
    assert np.isnan(data.cash_returns.iloc[0])
    expected = [1.05 ** (length / 365.25) - 1 for length in (28, 31, 30, 31, 30)]
    assert data.cash_returns.iloc[1:].tolist() == pytest.approx(expected, rel=1e-13)
    assert load_rows(tmp_path, SIX, cash=0).cash_returns.iloc[1:].tolist() == [0] * 5


def test_cash_may_be_one_of_the_assets(tmp_path: Path) -> None:
    calm = [(day, str(100 + i), b, cash) for i, (day, _, b, cash) in enumerate(SIX)]
    data = load_rows(tmp_path, calm, cash="a")
    assert (data.excess_returns["a"].iloc[1:] == 0).all()


def test_unused_columns_may_hold_anything(tmp_path: Path) -> None:
    rows = [(*row, "text") for row in SIX]
    write_rows(tmp_path, rows, "date,a,b,c,remark")
    assert load(csv_settings(), tmp_path).assets == ("a", "b")


# Parquet is the same


@pytest.mark.parametrize("kind", ["index", "column", "text", "date objects", "index of date objects", "32 bits"])
def test_parquet_equals_csv(tmp_path: Path, kind: str) -> None:
    of_csv = load_rows(tmp_path, SIX)
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
        frame = frame.astype({"a": "float32", "b": "float32"})  # these numbers are exact in 32 bits
    frame.to_parquet(tmp_path / "p.parquet")
    of_parquet = load(csv_settings(source="parquet", path="p.parquet"), tmp_path)
    assert of_parquet.sha256 == of_csv.sha256
    pd.testing.assert_frame_equal(of_parquet.prices, of_csv.prices)
    pd.testing.assert_frame_equal(of_parquet.returns, of_csv.returns)
    assert of_parquet.periods_per_year == of_csv.periods_per_year


# Columns, classes, notes


def test_columns_of_a_file_are_its_header_in_order(tmp_path: Path) -> None:
    write_rows(tmp_path, SIX, "date, b ,a,c")
    (found,) = {id(offered): offered for offered in catalogues(csv_settings(), tmp_path).values()}.values()
    assert list(found or ()) == ["b", "a", "c"]


def test_classes_of_a_file_are_those_of_the_settings(tmp_path: Path) -> None:
    assert dict(load_rows(tmp_path, SIX, classes={"b": "bonds"}).classes) == {"b": "bonds"}


def test_samples_state_classes_and_settings_override_them(tmp_path: Path) -> None:
    config = {"source": "sample", "path": None, "assets": ["us_stocks", "gold", "crude_oil"], "cash": "us_tbill"}
    data = load(csv_settings(**config, classes={"gold": "metals"}), tmp_path)
    assert data.classes == {"us_stocks": "equities", "gold": "metals", "crude_oil": "commodities"}


def test_caveats_of_the_samples_are_notes(tmp_path: Path) -> None:
    config = {"source": "sample", "path": None, "cash": "us_tbill"}
    data = load(csv_settings(**config, assets=["us_stocks", "gold"]), tmp_path)
    assert data.notes == ()
    data = load(csv_settings(**config, assets=["us_treasury_10y", "us_corporate_aaa", "crude_oil"]), tmp_path)
    assert [note.partition(":")[0] for note in data.notes] == ["us_treasury_10y", "us_corporate_aaa", "crude_oil"]
    assert "up to 1990-01" in data.notes[0]
    assert "spot price" in data.notes[2]


def test_the_daily_sample_is_daily(tmp_path: Path) -> None:
    config = {"source": "sample_daily", "path": None, "assets": ["gold", "us_equity"], "cash": "us_tbill"}
    data = load(csv_settings(**config), tmp_path)
    assert data.periods_per_year == 252
    assert iso_days(data)[0] == "2018-01-02"
    assert iso_days(data)[-1] == "2022-12-28"
    assert data.assets == ("gold", "us_equity")
