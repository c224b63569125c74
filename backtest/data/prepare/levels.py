"""Conversion of tables to levels at one frequency: months are dated at their end, returns are compounded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.dates.frequencies import MONTHS, PERIODS
from backtest.data.dates.months_and_years import are_first_sessions, last_of_months, to_period_ends, unfinished_month
from backtest.data.dates.spacing import Spacing, period_before, spacing_of
from backtest.data.preparation import Preparation
from backtest.data.quality.missing_values import check_no_gaps
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError

_Noted = tuple[SeriesTable, Spacing, tuple[str, ...]]  # a table, the spacing of its dates, and caveats


def to_levels(data: Preparation) -> Preparation:
    """Return tables of levels at one frequency, months dated at their end.

    Raises:
        DataError: fewer than two dates, two rows in a month, a mixture of frequencies that cannot be reduced to months,
            or, unless `calendar` is set, a value missing inside a history.
    """
    known = _all_dates(data.tables)
    tables = [_with_dates(table, data.settings, known) for table in data.tables]
    tables = _at_one_frequency(tables, data.settings)
    if data.settings.calendar is None:
        for table, _, _ in tables:
            check_no_gaps(table, data.settings)
    _, spacing, _ = tables[0]
    return replace(
        data,
        tables=tuple(table for table, _, _ in tables),
        notes={**data.notes, "levels": tuple(note for _, _, notes in tables for note in notes)},
        periods_per_year=spacing.periods_per_year,
        rows_per_year=spacing.rounded,
    )


def _all_dates(tables: Sequence[SeriesTable]) -> pd.DatetimeIndex:
    days = [pd.DatetimeIndex(table.values.index).as_unit("s") for table in tables]
    return pd.DatetimeIndex(days[0].append(list(days[1:]))).unique().sort_values()


def _with_dates(table: SeriesTable, settings: DataSettings, known: pd.DatetimeIndex) -> _Noted:
    """Drop dates without any value, infer the spacing, date months at their end, and compound returns to levels.

    Args:
        table: levels or returns.
        settings: the `data:` section.
        known: the dates of all tables.
    """
    values = table.values.dropna(how="all")
    if len(values) < 2:
        raise DataError(f"{table.label}: fewer than two dates with a value for {', '.join(values.columns)}")
    spacing = _spacing(values)
    notes: tuple[str, ...] = ()
    if spacing.periods_per_year is not None and spacing.periods_per_year in MONTHS:
        values, notes = _at_period_ends(values, table.label, spacing.periods_per_year)
    moved = replace(table, values=values, places=())
    if table.are_returns:
        if settings.calendar is None:
            check_no_gaps(moved, settings)
        moved, blanks = levels_of(moved, settings.start, known)
        notes = (*notes, *blanks)
    return moved, spacing, notes


def _spacing(values: pd.DataFrame) -> Spacing:
    """Return the spacing of the dates on which all series have a value, or of all dates if that is clearer."""
    dates = pd.DatetimeIndex(values.index)
    complete = dates[values.notna().all(axis=1).to_numpy()]
    spacing = spacing_of(complete if len(complete) > 1 else dates)
    if len(complete) < len(dates) and spacing.periods_per_year in {None, 12}:
        return spacing_of(dates)  # few dates are complete, or one series has months and another one days
    return spacing


def _at_period_ends(values: pd.DataFrame, label: str, periods_per_year: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Date months, and longer periods with labels at their begin, at their end; leave out a month that is not over."""
    dates, period = pd.DatetimeIndex(values.index), PERIODS[periods_per_year]
    notes: tuple[str, ...] = ()
    if period.months == 1 and unfinished_month(dates):
        notes = (f"{label}: {dates[-1]:%Y-%m} is left out: it is not over on {dates[-1]:%Y-%m-%d}",)
        dates, values = dates[:-1], values.iloc[:-1]
    ends = to_period_ends(dates, period.months, label)
    if are_first_sessions(dates):
        notes = (*notes, f"{label}: values of first trading days are dated at the end of the month before")
    elif not ends.equals(dates):
        notes = (*notes, f"{label}: {period.adjective} rows are dated at their {period.noun}'s end")
    return values.set_axis(ends, axis=0), notes


def levels_of(
    table: SeriesTable, start: date | None = None, known: pd.DatetimeIndex | None = None
) -> tuple[SeriesTable, tuple[str, ...]]:
    """Convert returns to levels, 1 at the end of the period before the first return, and note blank returns.

    Each series has its own first return; its level is 1 on the date before, which is the previous row of the file or
    the end of the period before the file begins. A blank return inside a history leaves the level of its date blank,
    unless it is before the run begins.

    Args:
        table: returns by date, two or more.
        start: start of the run.
        known: dates of other series.

    >>> dates = pd.DatetimeIndex(["2020-01-31", "2020-02-29"])
    >>> returns = SeriesTable(pd.DataFrame({"a": [0.5, 0.1]}, index=dates), "x", are_returns=True)
    >>> levels_of(returns)[0].values["a"].round(2)
    2019-12-31    1.00
    2020-01-31    1.50
    2020-02-29    1.65
    Name: a, dtype: float64
    """
    dates, returns = pd.DatetimeIndex(table.values.index), table.values.to_numpy(dtype=float)
    has_value = ~np.isnan(returns)
    alive = np.logical_or.accumulate(has_value, axis=0) & np.logical_or.accumulate(has_value[::-1], axis=0)[::-1]
    blank = alive & ~has_value
    if start is not None:
        blank &= (dates >= pd.Timestamp(start))[:, None]
    levels = np.full((len(dates) + 1, returns.shape[1]), np.nan)
    levels[1:] = np.where(alive & ~blank, np.cumprod(1 + np.nan_to_num(returns), axis=0), np.nan)
    levels[has_value.argmax(axis=0), np.arange(returns.shape[1])] = np.where(has_value.any(axis=0), 1.0, np.nan)
    index = dates.insert(0, period_before(dates, known)).as_unit("s").rename(dates.name)
    notes = tuple(
        f"{name}: {count} blank {'return counts' if count == 1 else 'returns count'} as 0"
        for name, count in zip(table.values.columns, blank.sum(axis=0).tolist(), strict=True)
        if count
    )
    frame = pd.DataFrame(levels, index=index, columns=table.values.columns)
    return replace(table, values=frame, are_returns=False), notes


def _at_one_frequency(tables: Sequence[_Noted], settings: DataSettings) -> list[_Noted]:
    """Return the tables unchanged or, if some are monthly or the settings say so, the last levels of months."""
    spacings = [spacing for _, spacing, _ in tables]
    if settings.frequency is None and all(spacing.same_frequency(spacings[0]) for spacing in spacings):
        return list(tables)
    any_monthly = any(spacing.periods_per_year == 12 for spacing in spacings)
    if not all(map(_has_months, spacings)) or (settings.frequency is None and not any_monthly):
        each = "; ".join(f"{table.label} {spacing.in_words} a year" for table, spacing, _ in tables)
        raise DataError(
            f"the series come at different frequencies ({each}); expected one, or daily and monthly. "
            "Hint: data.frequency: monthly takes the months of daily, weekly, semi-monthly and monthly series."
        )
    by_month = [
        (table, spacing, notes) if spacing.periods_per_year == 12 else _by_month(table, notes)
        for table, spacing, notes in tables
    ]
    if settings.frequency is not None:
        return by_month
    monthly = [name for table, spacing, _ in tables if spacing.periods_per_year == 12 for name in table.values.columns]
    verb = "is" if len(monthly) == 1 else "are"
    note = f"the run is monthly, as {', '.join(monthly)} {verb}: of the others the last value of each month is used"
    table, spacing, notes = by_month[0]
    return [(table, spacing, (note, *notes)), *by_month[1:]]


def _has_months(spacing: Spacing) -> bool:
    """Return whether the last value of a month is near the month's end."""
    return spacing.periods_per_year in (12, 24, 52) or bool(spacing.sessions)


def _by_month(table: SeriesTable, notes: tuple[str, ...]) -> _Noted:
    values, note = last_of_months(table.values)
    if len(values) < 2:
        raise DataError(f"{table.label}: fewer than two months that are over; expected two or more")
    notes = notes if note is None else (*notes, f"{table.label}: {note}")
    return replace(table, values=values), spacing_of(pd.DatetimeIndex(values.index)), notes
