"""Refusal of values missing inside the history of a series."""

import numpy as np
import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.dates.spacing import are_between
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError


def check_no_gaps(table: SeriesTable, settings: DataSettings) -> None:
    """Raise `DataError` where a series lacks a value inside its history, or has none at all, on the run's dates.

    Dates that the settings exclude for a series, or the end of their month, are no gaps.
    """
    start, end = settings.start, settings.end
    values = table.values[are_between(pd.DatetimeIndex(table.values.index), start, end)].dropna(how="all")
    for held, days in settings.exclude.items():
        if held in values:
            excluded = pd.DatetimeIndex(days)
            values = values.drop(index=excluded.union(excluded + pd.offsets.MonthEnd(0)), errors="ignore")
    if not np.isnan(values.to_numpy()).any():
        return
    for name, series in values.items():
        has_value = series.notna().to_numpy()
        if not has_value.any():
            first, last = (f"{values.index[i]:%Y-%m-%d}" for i in (0, -1))
            raise DataError(f"{table.label}: {name} has no value from {first} to {last}. Hint: change start or end.")
        begin, last_row = int(has_value.argmax()), len(has_value) - 1 - int(has_value[::-1].argmax())
        holes = np.flatnonzero(~has_value[begin : last_row + 1]) + begin
        if holes.size:
            dates = pd.DatetimeIndex(values.index)[holes]
            many = f" and on {holes.size - 1} more dates up to {dates[-1]:%Y-%m-%d}" if holes.size > 1 else ""
            raise DataError(
                f"{table.label}: {name} has no value on {dates[0]:%Y-%m-%d}{many}, inside its history; expected "
                "no missing values, because none are carried forward or filled. "
                "Hint: fill in the values, or leave out those rows."
            )
