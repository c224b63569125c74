"""Parquet files with odd metadata of pandas, odd types and odd names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import load
from backtest.errors import DataError
from support.files.bad_files import DATES, good_lines

LEVELS = np.array([[float(cell) for cell in line.split(",")[1:]] for line in good_lines()[1:]])
FRAME = pd.DataFrame(LEVELS, index=pd.DatetimeIndex(DATES, name="date"), columns=["a", "b", "cash"])
SETTINGS = DataSettings.model_validate({"source": "parquet", "path": "p.parquet", "assets": ["a", "b"], "cash": "cash"})


def prices(folder: Path, table: pa.Table) -> np.ndarray:
    """Return the prices that are read from a table."""
    parquet.write_table(table, folder / "p.parquet")
    return load(SETTINGS, folder).prices.to_numpy()


def known(**changed: Any) -> bytes:
    """Return the metadata that pandas writes, with some parts changed."""
    return json.dumps({**json.loads(pa.Table.from_pandas(FRAME).schema.metadata[b"pandas"]), **changed}).encode()


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        b"",
        b"{}",
        b"[]",
        b"not JSON",
        b"\xff",
        b"{" * 3000,
        known(columns=None),
        known(index_columns=["nowhere"]),
        known(index_columns=5),
        known(column_indexes=[{"name": None, "pandas_type": "odd", "numpy_type": "odd", "metadata": None}]),
        known(),
    ],
)
def test_odd_metadata_of_pandas_is_ignored(tmp_path: Path, metadata: bytes | None) -> None:
    """The dates are then the only column of dates, wherever they are."""
    table = pa.Table.from_pandas(FRAME)
    assert table.column_names == ["a", "b", "cash", "date"]
    table = table.replace_schema_metadata(None if metadata is None else {b"pandas": metadata})
    assert prices(tmp_path, table).tolist() == LEVELS[:, :2].tolist()


def test_dates_of_other_types_in_the_first_column_are_read(tmp_path: Path) -> None:
    """Texts, whole numbers, days, other units, time zones, and categories of texts."""
    digits = [int(day.replace("-", "")) for day in DATES]
    stamps = pa.array(FRAME.index.to_numpy())
    for dates in (
        pa.array(DATES),
        pa.array(DATES).dictionary_encode(),
        pa.array(digits),
        stamps.cast(pa.date32()),
        *(stamps.cast(pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
        stamps.cast(pa.timestamp("s", tz="Asia/Tokyo")),
    ):
        table = pa.table({"day": dates, **{name: FRAME[name].to_numpy() for name in FRAME}})
        assert prices(tmp_path, table).tolist() == LEVELS[:, :2].tolist(), dates.type


def test_prices_of_other_types_are_read_or_refused(tmp_path: Path) -> None:
    columns = {"day": pa.array(DATES), **{name: pa.array(FRAME[name].to_numpy()) for name in FRAME}}
    count = len(DATES)
    hundreds = pa.array(range(100, 100 + count))
    for numbers in (
        hundreds,
        hundreds.cast(pa.string()),
        hundreds.cast(pa.decimal128(38, 2)),
        hundreds.cast("float32"),
    ):
        assert prices(tmp_path, pa.table({**columns, "a": numbers}))[:, 0].tolist() == hundreds.to_pylist()
    for odd in ([[1.0]] * count, [{"x": 1.0}] * count, [b"\xff"] * count, [True] * count, pa.nulls(count)):
        with pytest.raises(DataError, match=r"^p\.parquet: "):
            prices(tmp_path, pa.table({**columns, "a": odd}))


def test_dates_beyond_the_calendar_of_python_are_refused(tmp_path: Path) -> None:
    for day in (-400_000 * 86_400, 400_000 * 365 * 86_400):
        stamps = pa.array([day, *range(1, len(DATES))], pa.timestamp("s"))
        with pytest.raises(DataError, match=r"^p\.parquet: row 1: .*expected years from 1000 to 2999$"):
            prices(tmp_path, pa.table({"day": stamps, **{name: FRAME[name].to_numpy() for name in FRAME}}))


def test_names_are_unique_and_printable(tmp_path: Path) -> None:
    table = pa.Table.from_pandas(FRAME)
    with pytest.raises(DataError, match=r"p\.parquet: column a appears twice"):
        prices(tmp_path, table.replace_schema_metadata().rename_columns(["a", "a", "cash", "date"]))
    with pytest.raises(DataError, match=r"p\.parquet: column 'a\\u2028' has a control character"):
        prices(tmp_path, table.rename_columns(["a\u2028", "b", "cash", "date"]).replace_schema_metadata())


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "p.parquet")
    whole = (tmp_path / "p.parquet").read_bytes()
    for size in range(0, len(whole), 500):
        (tmp_path / "p.parquet").write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"^p\.parquet: cannot be read as a table \("):
            load(SETTINGS, tmp_path)
