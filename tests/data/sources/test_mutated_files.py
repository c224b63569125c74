"""Data files with random faults: one clear error, or the prices that are in the file; nothing else."""

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.errors import DataError
from support.files.bad_files import DATES, good_lines

WHOLE = ("\n".join(good_lines()) + "\n").encode()
ODD_BYTES = [
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b'"',
    b"\r",
    b"\n\n",
    b",",
    b",,,,",
    b"\x1a",
    b"9" * 400,
]
ODD_CELLS = [
    "", "nan", "inf", "-inf", "1e999", "1e-320", "0", "-1", "1,5", "1 000", "0x1", "true", "x" * 5000, '"', "\x1b[2J",
    "99999999999999999999", "2015", "2015-02-30", "0000-01-01", "9999-12-31", "1015-03-31", "20150331", "31.03.2015",
    "2015-03-31T23:00+05:00", "NaT", "\u2028", "date", "a", "=1+1",
]  # fmt: skip

splices = st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 60), st.sampled_from(ODD_BYTES)), max_size=3)
cells = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4), st.sampled_from(ODD_CELLS)), max_size=3)
rows = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["leave out", "repeat", "cut", "lengthen", "swap"])), max_size=2
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated")


def read(folder: Path, name: str, content: bytes) -> MarketData | None:
    """Return the market data that is read from a file, None if it is refused with a clear message."""
    (folder / name).write_bytes(content)
    given = {"source": "parquet" if name == "p.parquet" else "csv", "path": name, "assets": ["a", "b"], "cash": "cash"}
    try:
        data = load(DataSettings.model_validate(given), folder)
    except DataError as problem:
        lines = str(problem).splitlines()
        assert all(line.startswith(f"{name}:") and line.isprintable() and len(line) < 600 for line in lines), lines
        return None
    assert np.isfinite(data.prices.to_numpy()).all()
    assert (data.prices.to_numpy() > 0).all()
    assert data.prices.index.is_monotonic_increasing
    return data


def splice(content: bytes, faults: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return the content with some bytes replaced by others; a fault past the end cuts the file."""
    for at, removed, inserted in faults:
        content = content[:at] + inserted + content[at + removed :]
    return content


def change_rows(table: list[list[str]], faults: Sequence[tuple[int, str]]) -> None:
    for row, fault in faults:
        if row >= len(table):
            continue
        match fault:
            case "leave out":
                del table[row]
            case "repeat":
                table.insert(row, list(table[row]))
            case "cut":
                del table[row][row % 4 :]
            case "lengthen":
                table[row].append("1")
            case _:
                table[row - 1], table[row] = table[row], table[row - 1]


def check_nothing_is_lost(data: MarketData, content: bytes) -> None:
    """Check that the prices are those in the file, read by Python's own parser, or that a note tells of the others."""
    header, *body = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if any(row)]
    names = [name.strip() for name in header]
    for name in ("a", "b"):
        written = [float(row[names.index(name)]) for row in body]
        assert data.prices[name].tolist() == written or data.notes, name


@settings(max_examples=150)
@given(faults=splices)
def test_bytes_of_csv(folder: Path, faults: list[tuple[int, int, bytes]]) -> None:
    content = splice(WHOLE, faults)
    data = read(folder, "p.csv", content)
    if data is not None:
        check_nothing_is_lost(data, content)


@settings(max_examples=150)
@given(row_faults=rows, cell_faults=cells)
def test_rows_and_cells_of_csv(
    folder: Path, row_faults: list[tuple[int, str]], cell_faults: list[tuple[int, int, str]]
) -> None:
    table = [line.split(",") for line in good_lines()]
    change_rows(table, row_faults)
    for row, column, text in cell_faults:
        if row < len(table) and column < len(table[row]):
            table[row][column] = text
    content = "".join(",".join(row) + "\n" for row in table).encode()
    data = read(folder, "p.csv", content)
    if data is not None:
        check_nothing_is_lost(data, content)


@settings(max_examples=100)
@given(faults=splices)
def test_bytes_of_compressed_csv(folder: Path, faults: list[tuple[int, int, bytes]]) -> None:
    packed = gzip.compress(WHOLE, mtime=0)
    content = splice(packed, [(at % len(packed), removed, inserted) for at, removed, inserted in faults])
    data = read(folder, "p.csv.gz", content)
    if data is not None:
        check_nothing_is_lost(data, gzip.decompress(content))


@settings(max_examples=100)
@given(faults=splices)
def test_bytes_of_parquet(folder: Path, faults: list[tuple[int, int, bytes]]) -> None:
    """Parquet has no checksum of its values by default, so a fault may change a price unnoticed."""
    frame = pd.DataFrame({"a": 1.0, "b": 2.0, "cash": 3.0}, index=pd.DatetimeIndex(DATES, name="date"))
    buffer = io.BytesIO()
    frame.cumsum().to_parquet(buffer)
    whole = buffer.getvalue()
    read(folder, "p.parquet", splice(whole, [(at % len(whole), removed, inserted) for at, removed, inserted in faults]))
