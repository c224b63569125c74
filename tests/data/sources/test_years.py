"""Dates of any plausible year are read; others are refused with their line."""

from pathlib import Path

import numpy as np
import pytest

from backtest.data.market_data import load
from backtest.errors import DataError
from support.files.bad_files import good_lines
from support.files.loaded_files import csv_settings

CELLS = [line.partition(",")[2] for line in good_lines()[1:]]


def write(folder: Path, months: np.ndarray) -> None:
    days = (months + 1).astype("M8[D]") - 1
    rows = [f"{day},{cells}\n" for day, cells in zip(days, CELLS, strict=True)]
    (folder / "p.csv").write_text("".join(["date,a,b,c\n", *rows]))


@pytest.mark.parametrize("first", ["1000-01", "1676-12", "2261-12", "2995-01"])
def test_dates_outside_of_nanoseconds_are_read(tmp_path: Path, first: str) -> None:
    """Nanoseconds since 1970 in 64 bits, which pandas used for long, reach from 1677 to 2262."""
    months = np.datetime64(first, "M") + np.arange(60)
    write(tmp_path, months)
    data = load(csv_settings(), tmp_path)
    assert data.prices.index.to_numpy().astype("M8[M]").tolist() == months.tolist()
    assert (data.periods_per_year, data.notes, data.warnings) == (12, (), ())


@pytest.mark.parametrize("year", [1015, 2919])
def test_a_gap_of_centuries_is_a_warning(tmp_path: Path, year: int) -> None:
    """A typing error: 1015 for 2015, or 2919 for 2019."""
    months = np.datetime64("2015-01", "M") + np.arange(60)
    row = 0 if year < 2015 else -1
    months[row] = np.datetime64(f"{year}-{'01' if row == 0 else '12'}", "M")
    write(tmp_path, months)
    data = load(csv_settings(), tmp_path)
    assert len(data.warnings) == 3
    assert all("no value for " in text and f"{year}-" in text for text in data.warnings)


@pytest.mark.parametrize("year", ["0000", "0126", "0999", "3000", "9999"])
def test_other_years_are_refused(tmp_path: Path, year: str) -> None:
    write(tmp_path, np.datetime64("2015-01", "M") + np.arange(60))
    text = (tmp_path / "p.csv").read_text()
    (tmp_path / "p.csv").write_text(text.replace("2015-03-31", f"{year}-03-31"))
    with pytest.raises(DataError) as caught:
        load(csv_settings(), tmp_path)
    assert str(caught.value) == f"p.csv:4: date '{year}-03-31'; expected years from 1000 to 2999"
