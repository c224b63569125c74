"""Alignment of series with different calendars to the dates of a run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import LONGEST_CLOSURE, are_between
from backtest.data.preparation import Preparation
from backtest.data.raw_series import RawSeries
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError
from backtest.numerics.arrays import Bools

_LATE = LONGEST_CLOSURE + 1  # days that a daily quotation stays in force


def align(data: Preparation) -> Preparation:
    """Return the table on the dates of the run, which all series share unless `calendar` or `ragged` is set.

    Prices begin at `data.start`. If all assets come from files of returns, the date before it is also kept. The run
    begins later or ends earlier if quoted rates do.

    Raises:
        DataError: fewer than two dates remain.
    """
    (table,) = data.tables
    end, ended = _end(data, table)
    start, table = _start(data, table, end)
    within = _truncate(table, start, end)
    table, left_out = _on_shared_dates(data, within)
    notes = {"alignment": left_out, "start": _begun(data, within, table), "end": ended}
    return replace(data, tables=(table,), notes={**data.notes, **notes})


def _begun(data: Preparation, within: SeriesTable, aligned: SeriesTable) -> tuple[str, ...]:
    """Return a note on the series that makes the data begin much later than the settings ask for, if one does."""
    start, first = data.settings.start, aligned.values.index[0]
    late = pd.Timedelta(days=max(_LATE, 1.5 * 365.25 / max(data.rows_per_year, 1)))
    if start is None or first <= pd.Timestamp(start) + late:
        return ()
    begun: dict[str, Any] = {str(name): column.first_valid_index() for name, column in within.values.items()}
    begun |= {name: rate.values["rate"].first_valid_index() for name, rate in data.rates.items()}
    latest = max((day, name) for name, day in begun.items() if day is not None and day <= first)[1]
    if begun[latest] <= pd.Timestamp(start) + late:
        return ()
    return (f"data.start is {start}, but the data begins on {first:%Y-%m-%d}, as {latest} does",)


def _end(data: Preparation, table: SeriesTable) -> tuple[date | None, tuple[str, ...]]:
    """Return the last date, with a note if quoted rates end so much earlier that the run has to end with them."""
    end = data.settings.end
    last, name = min(((last_in_force(rate), name) for name, rate in data.rates.items()), default=(None, ""))
    newest = table.values.index[-1] if end is None else min(table.values.index[-1], pd.Timestamp(end))
    if last is None or last >= newest:
        return end, ()
    quoted = data.rates[name].values["rate"].dropna().index[-1]
    note = f"{name}: last quoted on {quoted:%Y-%m-%d}; the run ends by {last:%Y-%m-%d}, after which the rate is unknown"
    return last.date(), (note,)


def last_in_force(rate: RawSeries) -> pd.Timestamp:
    """Return the last date on which the latest quotation still applies: 2.25 usual steps after it, at least 14 days.

    A rate applies until the next quotation, which a holiday or late publication may delay. Beyond that it is not known.

    >>> months = pd.DataFrame({"rate": 0.05}, index=pd.date_range("2024-01-31", periods=6, freq="ME"))
    >>> last_in_force(RawSeries(months, "x", "rate"))
    Timestamp('2024-09-05 00:00:00')
    """
    dates = pd.DatetimeIndex(rate.values["rate"].dropna().index)
    steps = np.diff(dates.to_numpy().astype("datetime64[D]")).astype(np.int64)
    usual = int(np.median(steps)) if steps.size else 0
    return pd.Timestamp(dates[-1] + pd.Timedelta(days=max(_LATE, usual * 9 // 4)))


def _start(data: Preparation, table: SeriesTable, end: date | None) -> tuple[date | None, SeriesTable]:
    """Return the start date, moved later if quoted rates begin later, and the table with the levels of that date."""
    start = data.settings.start
    if start is not None and all(data.raw[spec].kind == "returns" for spec in data.series.priced):
        start, table = _with_base(data, table, start, end)
    begun = [pd.Timestamp(rate.values["rate"].dropna().index[0]).date() for rate in data.rates.values()]
    return max([*begun, *([] if start is None else [start])], default=None), table


def _with_base(data: Preparation, table: SeriesTable, start: date, end: date | None) -> tuple[date, SeriesTable]:
    """Return the date at which the first return from `start` onwards begins, and the table with its levels.

    It is the last date before `start` that alignment keeps. With `calendar: union` levels are carried forward to it.
    It is `start` itself if alignment keeps no date before `start`, or no date after it.
    """
    values, _ = _aligned(data, _rows_between(table.values, None, end))
    before = values.index < pd.Timestamp(start)
    if before.all() or not before.any():
        return start, table
    base, levels = values.index[before][-1], table.values.copy()
    levels.loc[base] = values.loc[base]
    return base.date(), replace(table, values=levels)


def _rows_between(values: pd.DataFrame, start: date | None, end: date | None) -> pd.DataFrame:
    """Return the rows from `start` to `end`, both included, that have a value."""
    return values[are_between(pd.DatetimeIndex(values.index), start, end)].dropna(how="all")


def _truncate(table: SeriesTable, start: date | None, end: date | None) -> SeriesTable:
    values = _rows_between(table.values, start, end)
    if len(values) < 2:
        dates = table.values.index
        raise DataError(
            f"{table.label}: fewer than two dates from {start or 'the first'} to {end or 'the last'}; the data covers "
            f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}. Hint: change data.start or data.end."
        )
    return replace(table, values=values)


def _on_shared_dates(data: Preparation, table: SeriesTable) -> tuple[SeriesTable, tuple[str, ...]]:
    values, notes = _aligned(data, table.values)
    if len(values) < 2:
        covered = {name: pd.DatetimeIndex(series.dropna().index) for name, series in table.values.items()}
        ranges = "; ".join(f"{name} {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}" for name, dates in covered.items())
        raise DataError(
            f"{table.label}: fewer than two dates that all series share ({ranges}). "
            "Hint: leave out the series that does not overlap, or set data.ragged: true."
        )
    return replace(table, values=values), notes


def _aligned(data: Preparation, values: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    everywhere = list(values.columns)
    if data.settings.ragged:
        everywhere = [spec.name for spec in data.series.needed if spec.name in everywhere]
    anywhere = [spec.name for spec in data.series.priced]
    return align_dates(values, data.settings.calendar or "intersection", everywhere=everywhere, anywhere=anywhere)


def align_dates(
    values: pd.DataFrame,
    calendar: Literal["intersection", "union"],
    *,
    everywhere: Sequence[str],
    anywhere: Sequence[str],
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the values on the dates of a run, and notes on dates left out and values carried forward.

    Args:
        values: (T, k) levels by date, NaN where a series has no value.
        calendar: `intersection` keeps a date if it has a value of every series that has begun and not yet ended;
            `union` keeps every date and carries earlier values forward.
        everywhere: series that every date needs: dates are kept between the first and the last value of each of them.
        anywhere: series of which at least one has to have begun and not yet ended on every date.

    Returns:
        The values, and a note on the dates left out, or on the values carried forward for each series.

    Example:
        >>> dates = pd.date_range("2020-01-01", periods=3)
        >>> values = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, None, 3.0]}, index=dates)
        >>> align_dates(values, "intersection", everywhere=["a", "b"], anywhere=["a"])[1]
        ('1 of 3 dates is left out, which not all series have: b lacks 1',)
        >>> align_dates(values, "union", everywhere=["a", "b"], anywhere=["a"])[0]["b"].tolist()
        [1.0, 1.0, 3.0]
    """
    has_value = values.notna().to_numpy()
    if has_value.all():
        return values, ()
    alive = _alive(has_value)
    names = list(values.columns)
    keep = np.logical_and.reduce(alive[:, [names.index(name) for name in everywhere]], axis=1)
    keep &= np.logical_or.reduce(alive[:, [names.index(name) for name in anywhere]], axis=1)
    keep &= has_value.any(axis=1)
    lacking = alive & ~has_value & keep[:, None]
    if calendar == "union":
        filled = values.ffill().where(alive)
        return filled.loc[keep], _carried(names, lacking[keep])
    complete = keep & ~lacking.any(axis=1)
    return values.loc[complete], _left_out(names, lacking, int(keep.sum()))


def _alive(has_value: Bools) -> Bools:
    """Return which rows are between the first and the last value of each column, both included."""
    begun = np.logical_or.accumulate(has_value, axis=0)
    ending = np.logical_or.accumulate(has_value[::-1], axis=0)[::-1]
    return begun & ending


def _left_out(names: Sequence[str], lacking: Bools, dates: int) -> tuple[str, ...]:
    count = int(lacking.any(axis=1).sum())
    if not count:
        return ()
    counts = lacking.sum(axis=0)
    who = ", ".join(
        f"{names[i]} lacks {counts[i]:,}" for i in np.argsort(-counts, kind="stable")[:5].tolist() if counts[i]
    )
    more = int((counts > 0).sum()) - 5
    verb = "is" if count == 1 else "are"
    others = f", and {more} more series" if more > 0 else ""
    return (f"{count:,} of {dates:,} dates {verb} left out, which not all series have: {who}{others}",)


def _carried(names: Sequence[str], lacking: Bools) -> tuple[str, ...]:
    notes = []
    for i in np.flatnonzero(lacking.any(axis=0)).tolist():
        count, longest = int(lacking[:, i].sum()), _longest_run(lacking[:, i])
        in_a_row = f", at most {longest} in a row" if longest > 1 else ""
        what = "price is" if count == 1 else "prices are"
        notes.append(f"{names[i]}: {count:,} {what} carried forward (of {len(lacking):,} dates){in_a_row}")
    return tuple(notes)


def _longest_run(flags: Bools) -> int:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return int((edges[1::2] - edges[::2]).max(initial=0))
