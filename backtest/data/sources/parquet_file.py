"""Parquet files as cells: dates in the index or first column, other columns by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

import pandas as pd

from backtest.data.sources.cells import Cells, Places, check_names
from backtest.data.sources.files import FileFormat
from backtest.data.sources.regular_file import LARGEST, larger_than
from backtest.errors import DataError

if TYPE_CHECKING:
    from pyarrow import Table


def header(opened: Callable[[], BinaryIO], name: str) -> list[str]:
    """Return the names of the file's series.

    Raises:
        DataError: the file is not a table with dates.
    """
    return list(_frame(opened, name, schema_alone=True).columns)


def cells(opened: Callable[[], BinaryIO], name: str) -> Cells:
    """Return all cells of a file.

    Args:
        opened: function that opens the file.
        name: name of the file, for messages.

    Raises:
        DataError: the file is not a table with dates.
    """
    frame = _frame(opened, name)
    places = Places(f"{name}: row ", range(1, len(frame) + 1))
    return Cells(frame.index.to_series(), frame, places)


def _frame(opened: Callable[[], BinaryIO], name: str, *, schema_alone: bool = False) -> pd.DataFrame:
    """Return the whole table, or its columns without rows, by date."""
    from pyarrow.parquet import ParquetFile

    with opened() as file, ParquetFile(file) as parquet:
        shape = parquet.metadata
        if shape.num_rows * shape.num_columns * 8 > LARGEST:  # equal values are compressed to almost nothing
            raise DataError(f"{name}: {larger_than()}; expected a file of prices")
        frame = _as_pandas(parquet.schema_arrow.empty_table() if schema_alone else parquet.read())
    frame = frame.set_axis(frame.columns.map(str), axis=1)
    check_names(list(frame.columns), name)
    return frame.set_index(_column_of_dates(frame, name)) if isinstance(frame.index, pd.RangeIndex) else frame


def _as_pandas(table: "Table") -> pd.DataFrame:
    """Return a table as a frame; metadata of pandas that it cannot read itself is ignored."""
    try:
        frame: pd.DataFrame = table.to_pandas()
    except Exception:  # noqa: BLE001 - KeyError, JSONDecodeError and others
        frame = table.replace_schema_metadata().to_pandas()
    return frame


def _column_of_dates(frame: pd.DataFrame, name: str) -> str:
    """Return the first column; if that holds prices, the only column of dates, which pandas writes last."""
    types, kinds = pd.api.types, [(str(column), kind) for column, kind in frame.dtypes.items()]
    columns = [column for column, kind in kinds[:1] if not types.is_float_dtype(kind)]
    columns = columns or [column for column, kind in kinds if types.is_datetime64_any_dtype(kind)]
    if len(kinds) < 2 or len(columns) != 1:
        raise DataError(f"{name}: expected the date as index or first column, then a column for each series")
    return columns[0]


RECORDS = (FileFormat((".parquet", ".pq"), header, cells).record("parquet"),)
