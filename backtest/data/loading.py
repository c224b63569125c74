"""From settings to `MarketData`: read, check, align, cut."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from backtest.data import checks
from backtest.data.calendar import infer_periods_per_year, to_month_ends
from backtest.data.market import MarketData, days_between
from backtest.data.settings import DataSettings
from backtest.data.sources import csv, parquet, sample
from backtest.data.table import Column, Table
from backtest.errors import DataError

_FILES = {"csv": csv, "parquet": parquet}


def columns(settings: DataSettings, folder: Path) -> list[Column]:
    """The series that the source offers, without reading their values; classes as the settings give them.

    Args:
        settings: the source and its path.
        folder: what the path is relative to.

    Raises:
        DataError: the file is missing or cannot be read.
    """
    if settings.path is not None:
        offered = _FILES[settings.source].columns(folder / settings.path)
    else:
        offered = sample.columns(settings.source)
    return [replace(column, asset_class=settings.classes.get(column.name, column.asset_class)) for column in offered]


def load(settings: DataSettings, folder: Path) -> MarketData:
    """Read the series of a run and align them; a path is relative to `folder`.

    By default only the dates that all assets and cash share are kept; with `ragged`, all dates that cash has. Nothing
    is filled: a missing value inside a history is an error.

    Raises:
        DataError: the source cannot be read, or its values cannot be used.
    """
    names = [*settings.assets, *([settings.cash] if isinstance(settings.cash, str) else [])]
    names = list(dict.fromkeys(names))
    if settings.path is not None:
        table = _FILES[settings.source].read(folder / settings.path, names, settings.values)
    else:
        table = sample.read(settings.source, names)
    checks.check_rows(table)
    checks.check_values(table)
    table, by_spacing, notes = _dated(table)
    table = _cut(table, settings.start, settings.end)
    checks.check_gaps(table)
    aligned = _aligned(table, settings)
    classes = settings.classes
    if settings.path is None:  # a file has no classes of its own
        classes = {column.name: column.asset_class for column in columns(settings, folder) if column.asset_class}
    return _market_data(aligned, settings, classes, by_spacing, notes)


def _dated(table: Table) -> tuple[Table, int, tuple[str, ...]]:
    """Drop dates without any value, infer the frequency, and date months at their end."""
    values = table.values.dropna(how="all")
    if len(values) < 2:
        raise DataError(f"{table.label}: no two dates with a value for {', '.join(values.columns)}")
    dates = pd.DatetimeIndex(values.index)
    complete = dates[values.notna().all(axis=1).to_numpy()]
    by_spacing = infer_periods_per_year(complete if len(complete) > 1 else dates)
    notes = table.notes
    if by_spacing == 12:
        ends = to_month_ends(dates, table.label)
        if not ends.equals(dates):
            notes = (*notes, f"{table.label}: monthly rows are dated at their month's end")
        values = values.set_axis(ends, axis=0)
    return replace(table, values=values, places=()), by_spacing, notes


def _cut(table: Table, start: date | None, end: date | None) -> Table:
    dates = pd.DatetimeIndex(table.values.index)
    inside = np.ones(len(dates), dtype=bool)
    if start is not None:
        inside &= dates >= pd.Timestamp(start)
    if end is not None:
        inside &= dates <= pd.Timestamp(end)
    values = table.values[inside].dropna(how="all")
    if len(values) < 2:
        raise DataError(
            f"{table.label}: fewer than two dates from {start or 'the first'} to {end or 'the last'}; the data covers "
            f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}. Hint: change data.start or data.end."
        )
    return replace(table, values=values)


def _aligned(table: Table, settings: DataSettings) -> Table:
    """Only the dates on which all that must be there is there."""
    needed = list(table.values.columns)
    if settings.ragged:
        needed = [settings.cash] if isinstance(settings.cash, str) else []
    values = table.values.dropna(subset=needed).dropna(how="all", subset=list(settings.assets))
    if len(values) < 2:
        covered = {name: pd.DatetimeIndex(series.dropna().index) for name, series in table.values.items()}
        ranges = "; ".join(f"{name} {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}" for name, dates in covered.items())
        raise DataError(
            f"{table.label}: fewer than two dates that all series share ({ranges}). "
            "Hint: leave out the one that does not overlap, or set data.ragged: true."
        )
    return replace(table, values=values)


def _market_data(
    table: Table, settings: DataSettings, classes: Mapping[str, str], by_spacing: int, notes: tuple[str, ...]
) -> MarketData:
    values, assets = table.values, list(settings.assets)
    dates = pd.DatetimeIndex(values.index, name="date")
    returns = values if table.are_returns else values.pct_change(fill_method=None)
    prices = (1 + values[assets]).cumprod() if table.are_returns else values[assets]
    if isinstance(settings.cash, str):
        cash = returns[settings.cash].to_numpy()
    else:
        cash = (1 + settings.cash) ** (days_between(dates) / 365.25) - 1
        cash[0] = np.nan
    return MarketData(
        prices=_frozen(prices.set_axis(dates, axis=0)),
        returns=_frozen(returns[assets].set_axis(dates, axis=0)),
        cash_returns=pd.Series(cash, index=dates, name="cash"),
        classes={name: classes[name] for name in assets if name in classes},
        periods_per_year=settings.periods_per_year or by_spacing,
        notes=notes,
    )


def _frozen(frame: pd.DataFrame) -> pd.DataFrame:
    """One contiguous read-only block behind the frame, so that its rows are cut without a copy."""
    block = np.ascontiguousarray(frame.to_numpy(dtype=float))
    block.flags.writeable = False
    return pd.DataFrame(block, index=frame.index, columns=list(frame.columns), copy=False)
