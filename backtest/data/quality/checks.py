"""Checks of the series of a run: errors for unusable series, and findings about the others."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.data.dates.spacing import spacing_of
from backtest.data.preparation import Preparation
from backtest.data.prepare.provenance import meaning_of
from backtest.data.prepare.tables_by_file import level_or_return
from backtest.data.quality import limits
from backtest.data.quality.anomalies import find, find_in_rate
from backtest.data.quality.finding import Finding
from backtest.data.quality.interest import check_interest, check_rates
from backtest.data.quality.return_units import check_units, log_returns_by_name
from backtest.data.quality.shifted_dates import shifted
from backtest.data.quality.stated_currencies import currencies_of
from backtest.data.raw_series import RawSeries
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError


def check(data: Preparation) -> Preparation:
    """Refuse series that cannot be used; return the others with their currencies and with findings about them.

    Raises:
        DataError: a currency that cannot be converted; rows out of order, prices at or below zero or a series without
            values; a quoted rate where a price is needed; a class for something that is not an asset.
    """
    _check_classes(data)
    check_rates(data)
    currencies = currencies_of(data)
    exchange = data.series.fx
    conversions = {name: exchange[code].name for name, code in currencies.items() if code != data.settings.currency}
    units = _check_values(data)
    check_interest(data)
    shifts = tuple(caveat for table in data.tables for caveat in _shifts(table, _facts(data, table)))
    logarithms = tuple(note for table in data.tables for note in log_returns_by_name(table))
    findings = [*units, *_findings(data)]
    _check_unaligned(data)
    return replace(
        data,
        currencies=currencies,
        conversions=conversions,
        notes={**data.notes, "shifted dates": shifts, "files": (*_open_ends(data), *logarithms)},
        findings=tuple(finding for finding in findings if _matters(finding, data)),
    )


def inspect(name: str, raw: RawSeries) -> tuple[pd.Series, str, list[Finding]]:
    """Return the level or rate of one series where it has a value, its meaning, and findings about it.

    Raises:
        DataError: closes at or below zero.
    """
    if raw.kind == "closes":
        _check_closes(name, raw)
    values, _ = level_or_return(name, raw)
    level = (1 + values.dropna()).cumprod() if raw.kind == "returns" else values.dropna()
    return level, meaning_of(raw), _findings_of(name, raw, values, _SharedDates())


def _check_classes(data: Preparation) -> None:
    strange = sorted(set(data.settings.classes) - set(data.series.names))
    if strange:
        raise DataError(f"data.classes: {', '.join(strange)}: not among data.assets, {', '.join(data.series.names)}")


def _check_values(data: Preparation) -> list[Finding]:
    """Raise `DataError` unless the rows of each table are in order and its values are plausible.

    Returns:
        Findings about the unit of returns.
    """
    units, priced = list[Finding](), {spec.name for spec in data.series.priced}
    for spec in data.series.aligned:
        if data.raw[spec].kind == "closes":
            _check_closes(spec.name, data.raw[spec])
    for raw in data.rates.values():
        limits.check_rows(_as_table(raw))
    for table in data.tables:
        limits.check_rows(table)
        limits.check_values(table)
        units += check_units(table, priced)
        limits.check_growth(table)
    for spec in data.series.aligned:
        limits.check_not_empty(spec.name, _as_table(data.raw[spec]))
    return units


def _check_closes(name: str, raw: RawSeries) -> None:
    limits.check_values(SeriesTable(raw.values[["close"]].set_axis([name], axis=1), raw.label, places=raw.places))


def _check_unaligned(data: Preparation) -> None:
    """Raise `DataError` if files of opens, volumes or consumer prices have rows or values that cannot be used."""
    for spec in data.series.opens.values():
        if data.raw[spec].kind != "bars":
            limits.check_rows(_as_table(data.raw[spec]))
            limits.check_values(_as_table(data.raw[spec]))
    for spec in data.series.volumes.values():
        if data.raw[spec].kind != "bars":
            limits.check_rows(_as_table(data.raw[spec]))
    prices = data.series.consumer_prices
    if prices is not None and data.raw[prices].kind == "levels":
        limits.check_rows(_as_table(data.raw[prices]))
        limits.check_values(_as_table(data.raw[prices]))
        limits.check_not_empty(prices.name, _as_table(data.raw[prices]))


def _as_table(raw: RawSeries) -> SeriesTable:
    return SeriesTable(raw.values, raw.label, places=raw.places)


def _facts(data: Preparation, table: SeriesTable) -> Mapping[str, str]:
    """Return the facts that the source of a table states about its first series."""
    return next(raw.facts for spec, raw in data.raw.items() if spec.name == table.values.columns[0])


def _shifts(table: SeriesTable, facts: Mapping[str, str]) -> list[str]:
    """Return caveats about dates that look a day off: of a file, or of its series with gaps inside their history."""
    if "timezone" in facts:  # a source that states its time zone has local dates
        return []
    clock, dates = facts.get("clock"), pd.DatetimeIndex(table.values.index)
    if (caveat := shifted(dates, clock)) is not None:
        return [f"{table.label}: {caveat}"]
    caveats = []
    for name, has_value in zip(table.values.columns, table.values.notna().to_numpy().T, strict=True):
        rows = np.flatnonzero(has_value)
        has_gaps = rows.size and rows[-1] - rows[0] >= rows.size
        if has_gaps and (caveat := shifted(dates[rows], clock)) is not None:
            caveats.append(f"{table.label}, {name}: {caveat}")
    return caveats


def _open_ends(data: Preparation) -> tuple[str, ...]:
    """Return a note for each file whose last line has no line end."""
    labels = dict.fromkeys(raw.label for raw in data.raw.values() if "open_end" in raw.facts)
    return tuple(f"{label}: the last line has no line end. Is the file complete?" for label in labels)


class _SharedDates:
    """Days and periods per year; the dates of one file, which its series share, are examined once."""

    def __init__(self) -> None:
        self._dates, self._days = pd.DatetimeIndex([]), np.array([], dtype="datetime64[D]")
        self._periods: int | None = None

    def examine(self, dates: pd.DatetimeIndex) -> tuple[NDArray[np.datetime64], int | None]:
        if not dates.equals(self._dates):
            self._dates, self._days = dates, dates.to_numpy().astype("datetime64[D]")
            self._periods = spacing_of(dates).periods_per_year
        return self._days, self._periods


def _findings(data: Preparation) -> list[Finding]:
    """Return findings about the series of the tables and about the quoted rates."""
    raw = {spec.name: data.raw[spec] for spec in data.series.aligned}
    shared, findings = _SharedDates(), list[Finding]()
    for table in data.tables:
        for name in table.values.columns:
            values, dates = table.values[name], raw[name].values.index
            own = values if len(values) == len(dates) else values.reindex(dates)
            findings += _findings_of(name, raw[name], own, shared)
    for name, rate in data.rates.items():
        findings += _findings_of(name, rate, rate.values["rate"], shared)
    return findings


def _findings_of(name: str, raw: RawSeries, values: pd.Series, shared: _SharedDates) -> list[Finding]:
    """Return findings about a series whose rows are in order."""
    dates, numbers = pd.DatetimeIndex(values.index), values.to_numpy(dtype=float)
    has_value = ~np.isnan(numbers)
    if np.count_nonzero(has_value) < 2:
        return []
    days, periods = shared.examine(dates if has_value.all() else dates[has_value])
    if len(days) < len(dates):
        days = dates.to_numpy()
    if raw.kind == "rate":
        return find_in_rate(name, days, numbers, periods)
    if raw.kind == "returns":
        numbers = np.where(has_value, np.cumprod(1 + np.nan_to_num(numbers)), np.nan)
    columns = {"close": "closes", "dividends": "dividends", "splits": "splits"} if raw.kind == "closes" else {}
    known = {as_: raw.values[column].to_numpy() for column, as_ in columns.items() if column in raw.values}
    return find(name, days, numbers, periods, **known)


def _matters(finding: Finding, data: Preparation) -> bool:
    """Return whether a finding is inside the run's dates; flat cash rates are normal, as in 2009 to 2015."""
    start, end = data.settings.start, data.settings.end
    is_flat_rate = finding.check == "stale" and finding.series in {spec.name for spec in data.series.interest}
    return not is_flat_rate and (start is None or finding.last >= start) and (end is None or finding.first <= end)
