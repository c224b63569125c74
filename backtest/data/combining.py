"""Tables of several sources at one frequency, spliced, and cut to the dates of a run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from backtest.data import checks
from backtest.data.alignment import align
from backtest.data.calendar import (
    infer_periods_per_year,
    last_of_months,
    period_before,
    to_month_ends,
    unfinished_month,
)
from backtest.data.settings import DataSettings
from backtest.data.splicing import splice
from backtest.data.table import Table
from backtest.errors import DataError


@dataclass(frozen=True, eq=False)
class Dated:
    """A table whose frequency is known, its months dated at their end."""

    table: Table
    periods_per_year: int
    notes: tuple[str, ...] = ()


def dated(table: Table) -> Dated:
    """Drop dates without any value, infer the frequency, and date months at their end.

    Raises:
        DataError: fewer than two dates, or two rows in a month.
    """
    values = table.values.dropna(how="all")
    if len(values) < 2:
        raise DataError(f"{table.label}: no two dates with a value for {', '.join(values.columns)}")
    dates = pd.DatetimeIndex(values.index)
    complete = dates[values.notna().all(axis=1).to_numpy()]
    by_spacing = infer_periods_per_year(complete if len(complete) > 1 else dates)
    notes: tuple[str, ...] = ()
    if by_spacing == 12:
        if unfinished_month(dates):
            notes = (f"{table.label}: {dates[-1]:%Y-%m} is left out: it is not over on {dates[-1]:%Y-%m-%d}",)
            dates, values = dates[:-1], values.iloc[:-1]
        ends = to_month_ends(dates, table.label)
        if not ends.equals(dates):
            notes = (*notes, f"{table.label}: monthly rows are dated at their month's end")
        values = values.set_axis(ends, axis=0)
    return Dated(replace(table, values=values, places=()), by_spacing, notes)


def at_one_frequency(tables: Sequence[Dated], settings: DataSettings) -> list[Dated]:
    """The tables as they come or, where some are monthly or the settings say so, the last prices of their months.

    Raises:
        DataError: other mixtures of frequencies.
    """
    found = {one.periods_per_year for one in tables}
    if settings.frequency is None and (len(found) == 1 or found == {252, 365}):
        return [replace(one, periods_per_year=min(found)) for one in tables]
    if min(found) < 12 or (settings.frequency is None and 12 not in found):
        each = "; ".join(f"{one.table.label} {one.periods_per_year} a year" for one in tables)
        raise DataError(
            f"the series come at different frequencies ({each}); expected one, or daily and monthly. "
            "Hint: data.frequency: monthly, where all come monthly or more often."
        )
    return [one if one.periods_per_year == 12 else _by_month(one) for one in tables]


def _by_month(one: Dated) -> Dated:
    values, note = last_of_months(_as_levels(one).values)
    if len(values) < 2:
        raise DataError(f"{one.table.label}: fewer than two months that are over; expected two or more")
    notes = one.notes if note is None else (*one.notes, f"{one.table.label}: {note}")
    return Dated(replace(one.table, values=values, are_returns=False), 12, notes)


def _as_levels(one: Dated) -> Table:
    """Returns compounded from 1 at the end of the period before the first; levels as they are."""
    table = one.table
    if not table.are_returns:
        return table
    checks.check_gaps(table)
    dates = pd.DatetimeIndex(table.values.index)
    before = period_before(dates[0], one.periods_per_year)
    growth = (1 + table.values).cumprod()
    begun = table.values.notna().to_numpy().argmax(axis=0)
    levels = pd.concat([pd.DataFrame(np.nan, index=[before], columns=growth.columns), growth])
    for i, row in enumerate(begun):
        levels.iloc[row, i] = 1.0  # just before the first return
    return replace(
        table, values=levels.set_axis(pd.DatetimeIndex(levels.index).as_unit("s"), axis=0), are_returns=False
    )


def merged(tables: Sequence[Dated], settings: DataSettings) -> tuple[Table, tuple[str, ...]]:
    """One table of all series, those to splice extended backwards by their proxies, and what that did."""
    if len(tables) == 1 and not settings.splice:
        return tables[0].table, ()
    values = pd.concat([_as_levels(one).values for one in tables], axis=1, sort=True)
    label = tables[0].table.label if len(tables) == 1 else "the series of the run"
    return _spliced(Table(values, label), settings, tables[0].periods_per_year)


def _spliced(table: Table, settings: DataSettings, periods_per_year: int) -> tuple[Table, tuple[str, ...]]:
    """Assets extended backwards by their proxies, which are left out after it."""
    values, notes = table.values, []
    for name, proxy in settings.series.proxies().items():
        joined = splice(values[name].dropna(), values[proxy.name].dropna(), name, proxy.name, periods_per_year)
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
    needed = list(table.values.columns)
    if settings.ragged:
        needed = [series.name for series in settings.series.needed() if series.name in needed]
    priced = [series.name for series in settings.series.priced()]
    values, notes = align(table.values, settings.calendar or "intersection", everywhere=needed, anywhere=priced)
    if len(values) < 2:
        covered = {name: pd.DatetimeIndex(series.dropna().index) for name, series in table.values.items()}
        ranges = "; ".join(f"{name} {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}" for name, dates in covered.items())
        raise DataError(
            f"{table.label}: fewer than two dates that all series share ({ranges}). "
            "Hint: leave out the one that does not overlap, or set data.ragged: true."
        )
    return replace(table, values=values), notes
