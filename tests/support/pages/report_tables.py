"""Tables of a report's folder, read back for comparison with its page."""

from pathlib import Path
from typing import Any

import pandas as pd


def table_of(folder: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(folder / f"{name}.csv", index_col="date")
    return table.set_axis(pd.DatetimeIndex(table.index), axis=0)


def dates_in(table: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(table.index)


def cells(table: pd.DataFrame) -> dict[tuple[pd.Timestamp, str], Any]:
    return {(pd.Timestamp(date), str(name)): table[name][date] for name in table for date in dates_in(table)}
