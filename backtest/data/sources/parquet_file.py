"""Parquet files as cells: dates in the index or first column, other columns by name."""

from collections.abc import Callable
from typing import BinaryIO

import pandas as pd

from backtest.data.sources.cells import Cells, Places
from backtest.data.sources.files import FileFormat
from backtest.errors import DataError


def header(opened: Callable[[], BinaryIO], name: str) -> list[str]:
    """Return the names of the file's series.

    Raises:
        DataError: the file is not a table with dates.
    """
    return [str(column) for column in _frame(opened, name, schema_alone=True).columns]


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
    return Cells(frame.index.to_series(), frame.set_axis(frame.columns.map(str), axis=1), places)


def _frame(opened: Callable[[], BinaryIO], name: str, *, schema_alone: bool = False) -> pd.DataFrame:
    """Return the whole table, or its columns without rows."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_schema

    try:
        with opened() as file:
            frame = read_schema(file).empty_table().to_pandas() if schema_alone else pd.read_parquet(file)
    except (OSError, ArrowException) as problem:
        words = str(problem).partition("\n")[0]
        raise DataError(f"{name}: cannot be read as a table ({words})") from problem
    if isinstance(frame.index, pd.RangeIndex):
        if frame.shape[1] < 2 or pd.api.types.is_float_dtype(frame.iloc[:, 0]):
            raise DataError(f"{name}: expected the date as index or first column, then a column for each series")
        frame = frame.set_index(frame.columns[0])
    return frame


RECORDS = (FileFormat((".parquet", ".pq"), header, cells).record("parquet"),)
