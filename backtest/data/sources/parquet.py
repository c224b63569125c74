"""A wide Parquet file: the date as index or first column, one column a series."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from backtest.data.cells import check_there, to_dates, to_numbers
from backtest.data.table import Column, Table
from backtest.errors import DataError


def columns(path: Path) -> list[Column]:
    """The names of the file's series.

    Raises:
        DataError: no such file, or one that is no table with a date.
    """
    return [Column(str(name), "asset") for name in _frame(path).columns]


def read(path: Path, names: Sequence[str], values: str) -> Table:
    """The named series of a file; `values` says whether it holds prices or returns.

    Raises:
        DataError: no such file, a column that is not there, a date or number that cannot be read.
    """
    frame = _frame(path)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise DataError(f"{path.name}: no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    places = [f"{path.name}: row {row}" for row in range(1, len(frame) + 1)]
    numbers = to_numbers(frame[list(names)], places)
    dates = to_dates(frame.index.to_series(), places)
    return Table(numbers.set_axis(dates, axis=0), path.name, values == "returns", places)


def _frame(path: Path) -> pd.DataFrame:
    from pyarrow import ArrowException

    check_there(path)
    try:
        frame = pd.read_parquet(path)
    except (OSError, ArrowException) as problem:
        words = str(problem).partition("\n")[0]
        raise DataError(f"{path.name}: cannot be read as a table ({words})") from problem
    if isinstance(frame.index, pd.RangeIndex):
        if frame.shape[1] < 2 or pd.api.types.is_float_dtype(frame.iloc[:, 0]):
            raise DataError(f"{path.name}: expected the date as index or first column, then a column for each series")
        frame = frame.set_index(frame.columns[0])
    return frame
