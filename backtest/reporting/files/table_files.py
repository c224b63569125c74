"""Tables of a report as CSV or Parquet."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.reporting.format import FORMULA

PARQUET_ABOVE = 500_000
"""Cells of a table above which it is a Parquet file: as CSV it would be some 10 MB, and take seconds to write."""


def table_file(name: str, table: pd.DataFrame) -> tuple[str, bytes]:
    """Return the name and content of a table's file: Parquet above `PARQUET_ABOVE` cells, otherwise CSV."""
    if table.size <= PARQUET_ABOVE:
        return f"{name}.csv", csv_bytes(table)
    content: bytes = table.rename_axis("date").to_parquet()
    return f"{name}.parquet", content


def read_table(path: Path) -> pd.DataFrame:
    """Return a table as its file has it, with an apostrophe before names that are formulas in CSV.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a table with a column `date`.
    """
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    table = pd.read_csv(path, index_col="date", parse_dates=["date"], date_format="%Y-%m-%d")
    return table if len(table) else table.set_axis(pd.DatetimeIndex([], name="date"))


def csv_bytes(table: pd.DataFrame) -> bytes:
    r"""Return a table as CSV: ISO dates in a column `date`, shortest round-trip numbers, NaN as an empty cell.

    A name or text that a spreadsheet would evaluate as a formula (`format.FORMULA`) begins with an apostrophe.

    >>> csv_bytes(pd.DataFrame({"=1+1": [-1.5]}, index=pd.Index(["@now"], name="asset")))
    b"asset,'=1+1\n'@now,-1.5\n"
    """
    if isinstance(table.index, pd.DatetimeIndex):
        table = table.set_axis(table.index.strftime("%Y-%m-%d"), axis=0).rename_axis("date")
    plain = table.set_axis(table.index.map(no_formula), axis=0).rename(columns=no_formula)
    texts = plain.select_dtypes(exclude="number").columns
    plain[texts] = plain[texts].map(no_formula)
    text: str = plain.to_csv(lineterminator="\n")
    return text.encode()


def no_formula(value: Any) -> Any:
    """Return a value, with an apostrophe before a text that is a formula to a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and re.match(FORMULA, value) else value
