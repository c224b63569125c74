"""`MarketData` is read-only, has a hash of its content, and compounds returns over dates left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.market_data import load
from support.files.loaded_files import MONTHS, SIX, csv_settings, load_rows, write_rows


def test_market_data_is_read_only(tmp_path: Path) -> None:
    data = load_rows(tmp_path, SIX)
    for frame in (data.prices, data.returns):
        with pytest.raises(ValueError, match="read-only"):
            frame.to_numpy()[0, 0] = 1.0


def test_calendar_days_between_dates(tmp_path: Path) -> None:
    assert load_rows(tmp_path, SIX).days.tolist() == [0, 28, 31, 30, 31, 30]


def test_different_market_data_has_different_hashes(tmp_path: Path) -> None:
    one = load_rows(tmp_path, SIX).sha256
    assert load_rows(tmp_path, SIX).sha256 == one
    other_value = [*SIX[:3], (MONTHS[3], "101.50000000000001", "52", "1003"), *SIX[4:]]
    other_cash = [*SIX[:3], (MONTHS[3], "101.5", "52", "1003.01"), *SIX[4:]]
    others = [
        load_rows(tmp_path, other_value).sha256,
        load_rows(tmp_path, other_cash).sha256,
        load_rows(tmp_path, SIX[:-1]).sha256,
        load_rows(tmp_path, SIX, assets=["b", "a"]).sha256,
        load_rows(tmp_path, SIX, cash=0.01).sha256,
    ]
    write_rows(tmp_path, SIX, "date,b,a,c")
    others.append(load(csv_settings(), tmp_path).sha256)
    assert len({one, *others}) == 7


def test_leading_dates_are_a_slice_of_the_history(tmp_path: Path) -> None:
    data = load_rows(tmp_path, SIX, ragged=True)
    part = data.on(data.dates[:4])
    pd.testing.assert_frame_equal(part.prices, data.prices.iloc[:4])
    pd.testing.assert_frame_equal(part.returns, data.returns.iloc[:4])
    pd.testing.assert_series_equal(part.cash_returns, data.cash_returns.iloc[:4])


@examples(max_examples=40)
@given(kept=st.sets(st.integers(0, 5), min_size=2).map(sorted))
def test_returns_compound_over_dates_left_out(tmp_path_factory: pytest.TempPathFactory, kept: list[int]) -> None:
    data = load_rows(tmp_path_factory.getbasetemp(), SIX)
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
    data = load_rows(tmp_path, rows, values="returns")
    part = data.on(data.dates[[0, 2, 3]])
    assert part.returns["a"].tolist()[1:] == pytest.approx([1.01 * 1.02 - 1, 0.03], rel=1e-12)
    assert part.cash_returns.tolist()[1:] == pytest.approx([1.001**2 - 1, 0.001], rel=1e-12)


def test_an_asset_that_joins_has_no_return_over_the_gap(tmp_path: Path) -> None:
    rows = [(row[0], "" if k < 2 else row[1], *row[2:]) for k, row in enumerate(SIX)]
    part = load_rows(tmp_path, rows, ragged=True)
    part = part.on(part.dates[[0, 1, 3, 5]])
    assert np.isnan(part.returns["a"]).tolist() == [True, True, True, False]
    assert part.returns["a"].iloc[3] == pytest.approx(104 / 101.5 - 1)
