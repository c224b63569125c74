"""Frames that a program passes, as tables of numbers by local date: the forms in which libraries keep prices."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd

from backtest.errors import DataError

_ADJUSTED = ("Adj Close", "Close", "close")  # fields of yfinance, the first that exists
_FIELDS = frozenset({"Open", "High", "Low", "Close", "Adj Close", "Volume"})


def table_of(given: Any, what: str) -> pd.DataFrame:
    """Return a frame or series as a table of float64 with an index of dates named `date` and columns of text.

    It has the rows in the order given. Time zones and times of day are dropped, so that a date is the local one.

    Args:
        given: a DataFrame whose index, or whose first column of dates, has the dates; a Series; a frame of another
            library with `to_pandas`, such as polars. Columns with two levels, as yfinance has, are reduced
            to the adjusted closes.
        what: what the frame is, for messages.

    Raises:
        DataError: the frame has no dates, or a column is not of numbers.

    >>> table_of(pd.DataFrame({"day": ["2020-01-31", "2020-02-29"], "SPY": [100, 101]}), "prices")["SPY"].tolist()
    [100.0, 101.0]
    """
    frame = _pandas(given, what)
    frame = _with_dates(_closes(frame, what), what)
    columns = {str(name): _numbers(frame.iloc[:, i], f"{what}: {name}") for i, name in enumerate(frame.columns)}
    if len(columns) < frame.shape[1]:
        raise DataError(f"{what}: two columns have one name; expected a different name for each asset")
    return pd.DataFrame(columns, index=frame.index)


def _pandas(given: Any, what: str) -> pd.DataFrame:
    """Return a frame of any library as a DataFrame of pandas."""
    if isinstance(given, pd.Series):
        return given.to_frame(what if given.name is None else given.name)
    if isinstance(given, pd.DataFrame):
        return given
    other = given.to_pandas() if hasattr(given, "to_pandas") else None  # polars, pyarrow, xarray
    if isinstance(other, pd.DataFrame | pd.Series):
        return _pandas(other, what)
    raise DataError(f"{what}: got the type {type(given).__name__}; expected a DataFrame of dates by assets")


def _closes(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return the adjusted closes of a frame with fields and symbols in two levels of columns, or the frame itself."""
    if not isinstance(frame.columns, pd.MultiIndex):
        return frame
    for level in range(frame.columns.nlevels):
        names = set(frame.columns.get_level_values(level))
        chosen = next((name for name in _ADJUSTED if name in names and names & _FIELDS), None)
        if chosen is not None and frame.columns.nlevels == 2:
            return cast("pd.DataFrame", frame.xs(chosen, axis=1, level=level))
    raise DataError(
        f"{what}: columns with {frame.columns.nlevels} levels; expected one level, or the two of yfinance with Close"
    )


def _with_dates(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a frame indexed by dates, from its index or else from its first column of dates."""
    if isinstance(frame.index, pd.RangeIndex):
        at = next((i for i in range(frame.shape[1]) if _dates(frame.iloc[:, i]) is not None), None)
        if at is None:
            raise DataError(f"{what}: no dates; expected an index of dates, or a column of dates")
        dates = _dates(frame.iloc[:, at])
        frame = frame.drop(columns=frame.columns[at])
    else:
        dates = _dates(frame.index)
    if dates is None:
        shown = ", ".join(map(repr, frame.index[:2].tolist()))
        raise DataError(f"{what}: the index begins with {shown or 'nothing'}; expected dates")
    return frame.set_axis(dates.rename("date"), axis=0)


def _dates(given: pd.Index | pd.Series) -> pd.DatetimeIndex | None:
    """Return values as local dates without times; None if they are not dates."""
    values: Any = pd.Index(given)
    if isinstance(values, pd.PeriodIndex):
        values = values.to_timestamp(how="end")
    if not isinstance(values, pd.DatetimeIndex):
        if pd.api.types.is_numeric_dtype(values) or not all(isinstance(value, str | date) for value in values):
            return None
        try:
            values = pd.DatetimeIndex(pd.to_datetime(values, format="ISO8601"))
        except (ValueError, TypeError):
            return None
    if values.hasnans:
        return None
    return pd.DatetimeIndex(values.tz_localize(None).normalize().as_unit("s"))


def _numbers(column: pd.Series, where: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column as float64; missing values of any kind become NaN."""
    if column.dtype == bool:
        raise DataError(f"{where}: got true and false; expected numbers")
    if column.dtype.kind == "c":
        raise DataError(f"{where}: got complex numbers; expected real ones")
    try:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (ValueError, TypeError) as problem:
        strange: Sequence[Any] = [value for value in column.tolist() if not isinstance(value, int | float)]
        got = repr(strange[0])[:80] if strange else str(column.dtype)
        raise DataError(f"{where}: got {got}; expected numbers") from problem
