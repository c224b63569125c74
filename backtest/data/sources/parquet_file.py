"""Parquet files as cells: dates in the index or first column, other columns by name."""

from typing import TYPE_CHECKING

import pandas as pd

from backtest.data.sources.files import FileFormat
from backtest.data.sources.tables.cells import Cells, Places, check_names
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.header import DATE, FIELDS
from backtest.data.sources.tables.regular_file import LARGEST, larger_than
from backtest.data.sources.tables.unpacking import Opener
from backtest.errors import DataError

if TYPE_CHECKING:
    from pyarrow import Table


_USED = ("decimal", "date_format")  # numbers and dates may be text


def parquet_columns(opened: Opener, name: str, dialect: Dialect) -> pd.Index:
    """Return the names of the file's series, or two levels of symbols and fields.

    Raises:
        DataError: the file is not a table with dates.
    """
    dialect.check_used(_USED, "a Parquet file", name)
    return _frame(opened, name, schema_alone=True).columns


def parquet_cells(opened: Opener, name: str, dialect: Dialect) -> Cells:
    """Return all cells of a file.

    Args:
        opened: function that opens the file.
        name: name of the file, for messages.
        dialect: what the settings state about the file.

    Raises:
        DataError: the file is not a table with dates.
    """
    dialect.check_used(_USED, "a Parquet file", name)
    frame = _frame(opened, name)
    places = Places(f"{name}: row ", range(1, len(frame) + 1))
    return Cells(frame.index.to_series(), frame, places, name, dialect, "Parquet")


def _frame(opened: Opener, name: str, *, schema_alone: bool = False) -> pd.DataFrame:
    """Return the whole table, or its columns without rows, by date."""
    from pyarrow.parquet import ParquetFile

    with opened() as file, ParquetFile(file) as parquet:
        shape = parquet.metadata
        if shape.num_rows * shape.num_columns * 8 > LARGEST:  # equal values are compressed to almost nothing
            raise DataError(f"{name}: {larger_than()}; expected a file of prices")
        frame = _as_pandas(parquet.schema_arrow.empty_table() if schema_alone else parquet.read())
    if isinstance(frame.columns, pd.MultiIndex):
        return _two_levels(frame, name)
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


def _two_levels(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return columns of two levels, a symbol and a field, as yfinance has them in either order."""
    levels = [[str(each) for each in frame.columns.get_level_values(n)] for n in range(frame.columns.nlevels)]
    fields = next((n for n, names in enumerate(levels) if all(each.lower() in FIELDS for each in names)), None)
    if len(levels) != 2 or fields is None or isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{name}: columns of {len(levels)} levels; expected one, or two of symbols and fields such as Close"
        )
    symbols = levels[1 - fields]
    check_names([f"{symbol} {field}" for symbol, field in zip(symbols, levels[fields], strict=True)], name)
    return frame.set_axis(pd.MultiIndex.from_arrays([symbols, levels[fields]]), axis=1)


def _column_of_dates(frame: pd.DataFrame, name: str) -> str:
    """Return the column of dates: the only one with dates, the one called date, or the first without fractions."""
    types, kinds = pd.api.types, [(str(column), kind) for column, kind in frame.dtypes.items()]
    columns = [column for column, kind in kinds if types.is_datetime64_any_dtype(kind)]
    columns = columns if len(columns) == 1 else [column for column, _ in kinds if column.lower() in DATE]
    columns = columns or [column for column, kind in kinds[:1] if not types.is_float_dtype(kind)]
    if len(kinds) < 2 or len(columns) != 1:
        raise DataError(f"{name}: expected the date as index or in one column, then a column for each series")
    return columns[0]


RECORDS = (FileFormat((".parquet", ".pq"), parquet_columns, parquet_cells).record("parquet"),)
