"""From quotes to levels: what each series of a run is worth by date, and what has to be said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.data.dates.spacing import spacing_of
from backtest.data.market_data import Origin
from backtest.data.prepare.quoted_rates import as_rate
from backtest.data.prepare.total_return import total_return_level
from backtest.data.quality import limits
from backtest.data.quality.findings import Finding, find, find_in_rate
from backtest.data.quality.shifted_dates import shifted
from backtest.data.quotes import Quotes
from backtest.data.series import Series
from backtest.data.table import Table
from backtest.errors import DataError

_MEANINGS = {
    "closes": "total return, dividends reinvested at the ex-date close",
    "levels": "total-return level, as given",
    "returns": "returns, as given",
    "bars": "closes, opens and shares traded, as quoted",
}
SPOT = "spot price, as given"
_NO_TOTAL_RETURN = ("price index", "spot price", "spot rate of exchange", "front contracts strung together")
_QUOTED = {"discount": "bank discount", "bond_equivalent": "bond-equivalent yield", "overnight": "overnight rate"}


@dataclass(frozen=True, eq=False)
class Reading:
    """The series of a run, checked one by one.

    Args:
        tables: of levels or returns, the series of one file together.
        rates: quotes of rates by name.
        origins: where each series comes from.
        notes: caveats, each with the name of its series.
        shifts: caveats on dates that look a day off, each with the label of its table.
        findings: warnings.
    """

    tables: tuple[Table, ...]
    rates: Mapping[str, Quotes]
    origins: tuple[Origin, ...]
    notes: tuple[str, ...]
    shifts: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def dates(self) -> pd.DatetimeIndex:
        """All dates of the tables."""
        days = [pd.DatetimeIndex(table.values.index).as_unit("s") for table in self.tables]
        return pd.DatetimeIndex(days[0].append(list(days[1:]))).unique().sort_values()


def read(found: Mapping[Series, Quotes]) -> Reading:
    """Levels of every series.

    Raises:
        DataError: rows that are not in order, prices that are none, a rate where there should be prices.
    """
    tables: dict[tuple[str | None, ...], list[tuple[str, Quotes, pd.Series]]] = {}  # the series of one file together
    rates, notes, shifts, findings = {}, [], [], []
    used = {series: quotes if series.rate is None else as_rate(quotes, series.rate) for series, quotes in found.items()}
    for series, quotes in used.items():
        values, said = _values(series.name, quotes)
        notes += [f"{series.name}: {note}" for note in (*quotes.notes, *said)]
        if quotes.kind == "rate":
            limits.check_rows(Table(quotes.values, quotes.label, places=quotes.places))
            rates[series.name] = quotes
        else:
            file = (series.source, series.path, quotes.label, quotes.kind)
            tables.setdefault(file, []).append((series.name, quotes, values))
    together = tuple(_table(members) for members in tables.values())
    for table, members in zip(together, tables.values(), strict=True):
        limits.check_rows(table)
        limits.check_values(table)
        limits.check_growth(table)
        shifts += _shifts(table, members[0][1].facts)
    origins = [origin_of(series, quotes) for series, quotes in used.items()]
    spacing = _Spacing()
    for members in tables.values():
        for name, quotes, values in members:
            findings += _findings(name, quotes, values, spacing)
    for name, quotes in rates.items():
        findings += _findings(name, quotes, quotes.values["rate"], spacing)
    return Reading(together, rates, tuple(origins), tuple(notes), tuple(shifts), tuple(findings))


def level_of(name: str, quotes: Quotes) -> tuple[pd.Series, str, list[Finding]]:
    """One series to look at: its level (or rate) where it has one, what that is, and what was found in it.

    Raises:
        DataError: prices that are none.
    """
    values, _ = _values(name, quotes)
    shown = (1 + values.dropna()).cumprod() if quotes.kind == "returns" else values.dropna()
    return shown, _meaning(quotes), _findings(name, quotes, values, _Spacing())


def _values(name: str, quotes: Quotes) -> tuple[pd.Series, tuple[str, ...]]:
    """Levels or returns of a series, and what has to be said of how they were made."""
    column = pd.Series(quotes.values.to_numpy()[:, 0], index=quotes.values.index, name=name, copy=False)
    if quotes.kind != "closes":
        return column, ()
    limits.check_values(Table(column.to_frame(), quotes.label, places=quotes.places))  # before they are multiplied
    level, said = total_return_level(quotes.values)
    return level.rename(name), said


def _shifts(table: Table, facts: Mapping[str, str]) -> list[str]:
    """Return caveats on dates that look a day off: of a file, or of its series with gaps inside their history."""
    if "timezone" in facts:  # a source that states it has local dates
        return []
    clock, dates = facts.get("clock"), pd.DatetimeIndex(table.values.index)
    if (caveat := shifted(dates, clock)) is not None:
        return [f"{table.label}: {caveat}"]
    there, found = table.values.notna().to_numpy(), []
    for name, has in zip(table.values.columns, there.T, strict=True):
        rows = np.flatnonzero(has)
        if rows.size and rows[-1] - rows[0] >= rows.size and (own := shifted(dates[rows], clock)) is not None:
            found.append(f"{table.label}, {name}: {own}")
    return found


class _Spacing:
    """Days and periods per year; the dates of one file, which its series share, are examined once."""

    def __init__(self) -> None:
        self._dates, self._days = pd.DatetimeIndex([]), np.array([], dtype="datetime64[D]")
        self._periods: int | None = None

    def of(self, dates: pd.DatetimeIndex) -> tuple[NDArray[np.datetime64], int | None]:
        if not dates.equals(self._dates):
            self._dates, self._days = dates, dates.to_numpy().astype("datetime64[D]")
            self._periods = spacing_of(dates).periods_per_year
        return self._days, self._periods


def _findings(name: str, quotes: Quotes, values: pd.Series, spacing: _Spacing) -> list[Finding]:
    """What should be looked at in a series whose rows are in order."""
    dates, numbers = pd.DatetimeIndex(values.index), values.to_numpy(dtype=float)
    there = ~np.isnan(numbers)
    if np.count_nonzero(there) < 2:
        return []
    days, periods = spacing.of(dates if there.all() else dates[there])
    if len(days) < len(dates):
        days = dates.to_numpy()
    if quotes.kind == "rate":
        return find_in_rate(name, days, numbers, periods)
    if quotes.kind == "returns":
        numbers = np.where(np.isnan(numbers), np.nan, np.cumprod(1 + np.nan_to_num(numbers)))
    raw = {"close": "closes", "dividends": "dividends", "splits": "splits"} if quotes.kind == "closes" else {}
    known = {as_: quotes.values[column].to_numpy() for column, as_ in raw.items() if column in quotes.values}
    return find(name, days, numbers, periods, **known)


def _table(members: Sequence[tuple[str, Quotes, pd.Series]]) -> Table:
    """The series of one file, on its dates."""
    _, first, values = members[0]
    same = all(other.index.equals(values.index) for _, _, other in members)
    if not same:  # two symbols of one address, fetched at different times
        return Table(
            pd.concat([other for _, _, other in members], axis=1, sort=True), first.label, first.kind == "returns"
        )
    frame = pd.DataFrame({name: other.to_numpy() for name, _, other in members}, index=values.index)
    places = first.places if len(frame) == len(first.values) else ()
    return Table(frame, first.label, first.kind == "returns", places)


def _meaning(quotes: Quotes) -> str:
    if quotes.rate is None:
        words = (one for one in _NO_TOTAL_RETURN for note in quotes.notes if note.startswith(one))
        lacking = next(words, None)
        return _MEANINGS[quotes.kind] if lacking is None else f"{lacking}, as given"
    maturity = "" if quotes.rate.quoted == "overnight" else f" of {quotes.rate.days} days"
    return f"rate: {_QUOTED[quotes.rate.quoted]}{maturity}"


def origin_of(series: Series, quotes: Quotes, meaning: str | None = None) -> Origin:
    """Where a series comes from; what it means, if that is not what its kind says.

    Raises:
        DataError: it has no value.
    """
    there = np.flatnonzero(~np.isnan(quotes.values.to_numpy()[:, 0]))
    if not there.size:
        raise DataError(f"{quotes.label}: {series.name} has no value at all. Hint: leave it out.")
    first, last = (f"{quotes.values.index[row]:%Y-%m-%d}" for row in (there[0], there[-1]))
    return Origin(series.name, series.source, series.symbol, first, last, there.size, meaning or _meaning(quotes))
