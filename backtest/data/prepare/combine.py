"""Tables of several sources at one frequency, spliced, and cut to the dates of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.dates.months_and_years import last_of_months, to_month_ends, unfinished_month
from backtest.data.dates.spacing import TOLERANCE, Spacing, infer_periods_per_year, spacing_of
from backtest.data.prepare.alignment import align
from backtest.data.prepare.compounding import levels_of
from backtest.data.prepare.currency_conversion import in_currency_of
from backtest.data.prepare.splicing import splice
from backtest.data.quality import limits
from backtest.data.table import Table
from backtest.errors import DataError


@dataclass(frozen=True, eq=False)
class Dated:
    """A table of levels whose spacing is known, its months dated at their end.

    Args:
        table: levels.
        spacing: of the dates on which all its series have a value.
        notes: caveats, each with the table's label.
    """

    table: Table
    spacing: Spacing
    notes: tuple[str, ...] = ()


def dated(table: Table, settings: DataSettings, known: pd.DatetimeIndex) -> Dated:
    """Drop dates without any value, infer the spacing, date months at their end, and compound returns to levels.

    Args:
        table: levels or returns.
        settings: of the data.
        known: the dates of all tables.

    Raises:
        DataError: fewer than two dates, two rows in a month, or returns that are missing inside a history.
    """
    values = table.values.dropna(how="all")
    if len(values) < 2:
        raise DataError(f"{table.label}: no two dates with a value for {', '.join(values.columns)}")
    dates = pd.DatetimeIndex(values.index)
    complete = dates[values.notna().all(axis=1).to_numpy()]
    spacing = spacing_of(complete if len(complete) > 1 else dates)
    if len(complete) < len(dates) and spacing.periods_per_year in {None, 12}:
        spacing = spacing_of(dates)  # few dates are complete, or months of one series are beside days of another
    notes: tuple[str, ...] = ()
    if spacing.periods_per_year == 12:
        if unfinished_month(dates):
            notes = (f"{table.label}: {dates[-1]:%Y-%m} is left out: it is not over on {dates[-1]:%Y-%m-%d}",)
            dates, values = dates[:-1], values.iloc[:-1]
        ends = to_month_ends(dates, table.label)
        if not ends.equals(dates):
            notes = (*notes, f"{table.label}: monthly rows are dated at their month's end")
        values = values.set_axis(ends, axis=0)
    moved = replace(table, values=values, places=())
    if table.are_returns:
        if settings.calendar is None:
            limits.check_gaps(within(moved, settings.start, settings.end))
        moved, blanks = levels_of(moved, settings.start, known)
        notes = (*notes, *blanks)
    return Dated(moved, spacing, notes)


def at_one_frequency(tables: Sequence[Dated], settings: DataSettings) -> list[Dated]:
    """Return the tables as they come or, where some are monthly or the settings say so, the last levels of months.

    Raises:
        DataError: other mixtures of frequencies.
    """
    if settings.frequency is None and all(one.spacing.same_frequency(tables[0].spacing) for one in tables):
        return list(tables)
    any_monthly = any(one.spacing.periods_per_year == 12 for one in tables)
    if not all(_has_months(one.spacing) for one in tables) or (settings.frequency is None and not any_monthly):
        each = "; ".join(f"{one.table.label} {one.spacing.in_words} a year" for one in tables)
        raise DataError(
            f"the series come at different frequencies ({each}); expected one, or daily and monthly. "
            "Hint: data.frequency: monthly takes the months of daily, weekly, semi-monthly and monthly series."
        )
    return [one if one.spacing.periods_per_year == 12 else _by_month(one) for one in tables]


def _has_months(spacing: Spacing) -> bool:
    """Return whether the last value of a month is near the month's end."""
    return spacing.periods_per_year in (12, 24, 52) or bool(spacing.sessions)


def _by_month(one: Dated) -> Dated:
    values, note = last_of_months(one.table.values)
    if len(values) < 2:
        raise DataError(f"{one.table.label}: fewer than two months that are over; expected two or more")
    notes = one.notes if note is None else (*one.notes, f"{one.table.label}: {note}")
    return Dated(replace(one.table, values=values), spacing_of(pd.DatetimeIndex(values.index)), notes)


def merged(tables: Sequence[Dated], settings: DataSettings, rates: Mapping[str, str]) -> tuple[Table, tuple[str, ...]]:
    """Return one table of all series, those to splice extended backwards by their proxies, and a note of each splice.

    Args:
        tables: of one frequency.
        settings: what the series are for.
        rates: by series in another currency than the run's, the column of its rate of exchange.
    """
    if len(tables) == 1 and not settings.splice:
        return tables[0].table, ()
    values = pd.concat([one.table.values for one in tables], axis=1, sort=True)
    label = tables[0].table.label if len(tables) == 1 else "the series of the run"
    periods_per_year = settings.periods_per_year or tables[0].spacing.rounded
    return _spliced(Table(values, label), settings, periods_per_year, rates)


def _spliced(
    table: Table, settings: DataSettings, periods_per_year: int, rates: Mapping[str, str]
) -> tuple[Table, tuple[str, ...]]:
    """Return assets extended backwards by their proxies, which are left out, and a note of each splice."""
    values, notes = table.values, []
    for name, proxy in settings.series.proxies().items():
        other = in_currency_of(name, proxy.name, values, rates)
        joined = splice(values[name].dropna(), other.dropna(), name, proxy.name, periods_per_year)
        notes.append(joined.note)
        values = values.assign(**{name: joined.level.reindex(values.index)})
    used = dict.fromkeys(series.name for series in settings.series.used())
    kept = [name for name in used if name in values.columns]
    return replace(table, values=values[kept]), tuple(notes)


def within(table: Table, start: date | None, end: date | None) -> Table:
    """The rows from `start` to `end`, both included, that have a value."""
    dates = pd.DatetimeIndex(table.values.index)
    inside = np.ones(len(dates), dtype=bool)
    if start is not None:
        inside &= dates >= pd.Timestamp(start)
    if end is not None:
        inside &= dates <= pd.Timestamp(end)
    return replace(table, values=table.values[inside].dropna(how="all"))


def cut(table: Table, start: date | None, end: date | None) -> Table:
    """The same, at least two rows of them.

    Raises:
        DataError: there are fewer.
    """
    inside = within(table, start, end)
    if len(inside.values) < 2:
        dates = table.values.index
        raise DataError(
            f"{table.label}: fewer than two dates from {start or 'the first'} to {end or 'the last'}; the data covers "
            f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}. Hint: change data.start or data.end."
        )
    return inside


def aligned(table: Table, settings: DataSettings) -> tuple[Table, tuple[str, ...]]:
    """Only the dates on which all that must be there is there, and what was left out or carried for it.

    Raises:
        DataError: there are fewer than two such dates.
    """
    values, notes = _aligned(table.values, settings)
    if len(values) < 2:
        covered = {name: pd.DatetimeIndex(series.dropna().index) for name, series in table.values.items()}
        ranges = "; ".join(f"{name} {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}" for name, dates in covered.items())
        raise DataError(
            f"{table.label}: fewer than two dates that all series share ({ranges}). "
            "Hint: leave out the one that does not overlap, or set data.ragged: true."
        )
    return replace(table, values=values), notes


def _aligned(values: pd.DataFrame, settings: DataSettings) -> tuple[pd.DataFrame, tuple[str, ...]]:
    needed = list(values.columns)
    if settings.ragged:
        needed = [series.name for series in settings.series.needed() if series.name in needed]
    priced = [series.name for series in settings.series.priced()]
    return align(values, settings.calendar or "intersection", everywhere=needed, anywhere=priced)


def with_base(table: Table, settings: DataSettings, start: date, end: date | None) -> tuple[Table, date]:
    """Return the date on which the first return from `start` on begins, and the table with the levels of that date.

    It is the last date before `start` that alignment keeps. With `calendar: union` levels are carried forward to it.
    Where alignment keeps no date before `start`, or none after it, that is `start` itself.
    """
    values, _ = _aligned(within(table, None, end).values, settings)
    before = values.index < pd.Timestamp(start)
    if before.all() or not before.any():
        return table, start
    base, levels = values.index[before][-1], table.values.copy()
    levels.loc[base] = values.loc[base]
    return replace(table, values=levels), base.date()


def frequency_of(table: Table, settings: DataSettings, caveats: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """Return the periods per year of the dates of a run, and a note if the settings say otherwise than the dates.

    Args:
        table: on the dates of the run.
        settings: of the data.
        caveats: on dates that look a day off, which may be why those that all series share are unclear.

    Raises:
        DataError: the settings say nothing, and the dates have no supported frequency.
    """
    dates = pd.DatetimeIndex(table.values.index)
    spacing, given = spacing_of(dates), settings.periods_per_year
    number = given or spacing.periods_per_year or infer_periods_per_year(dates, table.label, caveats)
    counted = spacing.rows_per_year if given is None else spacing.periods_per_year or spacing.rows_per_year
    if 1 / TOLERANCE <= number / counted <= TOLERANCE:
        return number, ()
    rule = "volatility, Sharpe ratio, windows in years and the default execution lag use"
    if given is not None:
        note = f"data.periods_per_year is {given}, while the dates have about {counted:.3g} a year: {rule} the setting"
    else:
        note = f"the dates have about {counted:.3g} rows a year, as sessions are missing: {rule} {number} a year"
    return number, (note,)
