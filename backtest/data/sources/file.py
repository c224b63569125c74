"""A wide file, CSV or Parquet: the first column the date, one column a series."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from backtest.data.table import Column, Table
from backtest.errors import DataError


def columns(path: Path, source: str) -> list[Column]:
    """The names in the file's header.

    Raises:
        DataError: no such file, or one without a header of unique names.
    """
    _check_there(path)
    names = _csv_header(path) if source == "csv" else list(_parquet(path).columns)
    return [Column(name, "asset") for name in names]


def read(path: Path, source: str, names: Sequence[str], values: str) -> Table:
    """The named series of a file.

    Raises:
        DataError: no such file, a column that is not there, a date or number that cannot be read.
    """
    _check_there(path)
    frame = _csv(path) if source == "csv" else _parquet(path)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise DataError(f"{path.name}: no column {', '.join(missing)}; it has {', '.join(frame.columns)}")
    table = Table(frame[list(names)], path.name, values == "returns", 2 if source == "csv" else None)
    return Table(_numbers(table), table.label, table.are_returns, table.first_line)


def _check_there(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path}: a folder; expected a file")
    if not path.exists():
        raise DataError(f"{path}: no such file. Hint: data.path is relative to the configuration.")


def _csv_header(path: Path) -> list[str]:
    try:
        first = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as problem:
        raise DataError(f"{path.name}: empty; expected a header and a row for each date") from problem
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as problem:
        raise DataError(_unreadable(path, problem)) from problem
    header = [str(name) for name in first.iloc[0]]
    names = [name.strip() for name in header[1:]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path.name}:1: column {', '.join(twice)} stands twice; expected each name once")
    if not names or "" in names:
        raise DataError(f"{path.name}:1: expected a header: the date, then a name for each series")
    return names


def _csv(path: Path) -> pd.DataFrame:
    names = _csv_header(path)
    try:
        frame = pd.read_csv(
            path,
            header=None,
            skiprows=1,
            names=["date", *names],
            index_col=False,
            encoding="utf-8-sig",
            skipinitialspace=True,
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as problem:
        raise DataError(_unreadable(path, problem)) from problem
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame(columns=["date", *names], dtype=float)
    return frame.drop(columns="date").set_axis(_dates(frame["date"], path.name, 2), axis=0)


def _parquet(path: Path) -> pd.DataFrame:
    from pyarrow import ArrowException

    try:
        frame = pd.read_parquet(path)
    except (OSError, ArrowException) as problem:
        raise DataError(_unreadable(path, problem)) from problem
    if not isinstance(frame.index, pd.DatetimeIndex):
        if frame.shape[1] < 2:
            raise DataError(f"{path.name}: expected the date as index or first column, then a column a series")
        frame = frame.set_index(frame.columns[0])
    return frame.set_axis(_dates(frame.index.to_series(), path.name, None), axis=0)


def _dates(texts: "pd.Series", label: str, first_line: int | None) -> pd.DatetimeIndex:
    if not pd.api.types.is_datetime64_any_dtype(texts):
        texts = texts.astype(str)  # 20200131 is a date, not nanoseconds
    parsed = pd.to_datetime(texts, format="ISO8601", errors="coerce")
    bad = parsed.isna().to_numpy()
    if bad.any():
        row = int(bad.argmax())
        place = f"{label}:{first_line + row}" if first_line is not None else f"{label}: row {row + 1}"
        raise DataError(f"{place}: {texts.iloc[row]!r} is not a date; expected ISO dates such as 2020-01-31")
    return pd.DatetimeIndex(parsed).tz_localize(None).normalize().rename("date")


def _numbers(table: Table) -> pd.DataFrame:
    """The values as doubles; the first cell that is no number is named."""
    numbers = {}
    for name, series in table.values.items():
        if not (pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)):
            converted = pd.to_numeric(series, errors="coerce")
            bad = (converted.isna() & series.notna()).to_numpy()
            row = int(bad.argmax())
            if bad.any():
                raise DataError(
                    f"{table.where(row)}: {name}: {series.iloc[row]!r} is not a number. "
                    "Hint: a point for decimals, no thousands separators, empty where there is none."
                )
            numbers[name] = converted.to_numpy(dtype=float, na_value=float("nan"))
        else:
            numbers[name] = series.to_numpy(dtype=float, na_value=float("nan"))
    return pd.DataFrame(numbers, index=table.values.index)


def _unreadable(path: Path, problem: Exception) -> str:
    words = str(problem).strip().splitlines()
    return f"{path.name}: cannot be read as a table ({words[0] if words else type(problem).__name__})"
