"""Description of a data file: how it is written, its dates and series, and the `data:` section that reads it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.data.dates.frequencies import frequency_name
from backtest.data.dates.spacing import spacing_of
from backtest.data.quality.adjusted_closes import with_dividends_once
from backtest.data.quality.checks import inspect
from backtest.data.raw_series import RawSeries
from backtest.data.series_spec import SeriesSpec, Values
from backtest.data.sources.files import Files
from backtest.data.sources.registry import open_source, source_of_file, source_record
from backtest.data.sources.tables.cells import Cells
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.layouts import Layout
from backtest.data.sources.tables.number_cells import is_percentage
from backtest.errors import DataError

_CASH = ("cash", "rf", "bills", "t-bill", "tbill", "us_tbill", "risk_free", "riskfree")
_NO_LIMIT = 60.0  # seconds; files of this machine are read without one
_CALM = 0.5  # largest typical size of a return


@dataclass(frozen=True)
class InspectedSeries:
    """A series of a file.

    Args:
        name: its name.
        first: its first date, ISO.
        last: its last date.
        values: number of its values.
        missing: dates without a value inside its history.
        meaning: meaning of the values, or why it cannot be read.
    """

    name: str
    first: str
    last: str
    values: int
    missing: int
    meaning: str


@dataclass(frozen=True)
class InspectedFile:
    """Description of a file or a folder.

    Args:
        path: the file or folder.
        written: how it is written, in words.
        dates: form, order and frequency of its dates, in words.
        layout: where its series are, in words.
        numbers: decimal mark and content, in words.
        series: its series.
        notes: caveats, each with its series.
        findings: suspicious values and dates.
        settings: the `data:` section that reads it.
    """

    path: str
    written: str
    dates: str
    layout: str
    numbers: str
    series: tuple[InspectedSeries, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...]
    settings: Mapping[str, Any]


def inspect_file(path: Path, dialect: Dialect) -> InspectedFile:
    """Describe a file or a folder of files as it is recognised.

    Args:
        path: the file or folder.
        dialect: what is known about it.

    Raises:
        DataError: it cannot be read, or leaves open how it is to be read.
    """
    name = source_of_file(path.name) if not path.is_dir() else _source_of_folder(path)
    spec = SeriesSpec(path.name, name, path.name, str(path), "prices", None, dialect=dialect)
    source = _files(spec)
    listed = [entry.name for entry in source.catalogue() or ()]
    layout = source.layout_of_one(_NO_LIMIT)
    values = _values(layout)
    source = _files(replace(spec, values=values))
    raw, failed = dict[str, RawSeries](), dict[str, str]()
    for symbol in [symbol for symbol in listed if symbol == listed[-1] or not source.has_one_symbol(listed)]:
        try:
            raw[symbol] = with_dividends_once(source.fetch(symbol, None, _NO_LIMIT), None)
        except DataError as problem:
            failed[symbol] = str(problem)
    if not raw:
        raise DataError("\n".join(dict.fromkeys(failed.values())))
    return _described(spec, layout, values, raw, failed)


def _files(spec: SeriesSpec) -> Files:
    source = open_source(spec, Path(), Path())
    if not isinstance(source, Files):
        raise DataError(f"{spec.path}: not a file that source {spec.source} reads")
    return source


def _source_of_folder(path: Path) -> str:
    """Return the source that most files of a folder are for."""
    names = [source_of_file(file.name) for file in sorted(path.iterdir()) if not file.name.startswith(".")]
    return max(dict.fromkeys(names), key=names.count, default="csv")


def _values(layout: Layout) -> Values:
    """Return whether a table has prices or returns: returns are small and of both signs, or percentages."""
    cells = layout.part(layout.symbols[0]) if layout.has_symbols else layout.cells
    if _is_in_percent(cells):
        return "returns"
    numbers = []
    for name in map(str, cells.values.columns):
        try:
            numbers.append(cells.numbers(name))
        except DataError:  # a column of texts
            continue
    values = np.concatenate(numbers) if numbers else np.array([])
    values = values[np.isfinite(values)]
    both_signs = bool(values.size) and (values < 0).mean() > 0.05
    return "returns" if both_signs and float(np.median(np.abs(values))) < _CALM else "prices"


def _is_in_percent(cells: Cells) -> bool:
    return cells.in_percent or all(is_percentage(cells.values.iloc[:, i]) for i in range(cells.values.shape[1]))


def _described(
    spec: SeriesSpec, layout: Layout, values: Values, raw: Mapping[str, RawSeries], failed: Mapping[str, str]
) -> InspectedFile:
    series, findings = list[InspectedSeries](), list[str]()
    for name, one in raw.items():
        try:
            _, meaning, found = inspect(name, one)
            findings += map(str, found)
        except DataError as problem:
            meaning = str(problem)
        series.append(_row(name, one, meaning))
    series += [InspectedSeries(name, "", "", 0, 0, problem) for name, problem in failed.items()]
    cells = layout.cells
    decimal = (
        "" if all(map(pd.api.types.is_numeric_dtype, cells.values.dtypes)) else f", decimal mark {cells.decimal!r}"
    )
    path = Path(spec.path or "")
    return InspectedFile(
        path.as_posix(),
        f"a folder of {len(raw) + len(failed)} files, each {cells.written}" if path.is_dir() else cells.written,
        _dates(layout, next(iter(raw.values()))),
        layout.name,
        f"{values}{' in percent' if _is_in_percent(cells) else ''}{decimal}",
        tuple(series),
        tuple(f"{name}: {note}" for name, one in raw.items() for note in one.notes),
        tuple(dict.fromkeys(findings)),
        _settings(spec, values, list(raw)),
    )


def _row(name: str, raw: RawSeries, meaning: str) -> InspectedSeries:
    known = raw.values.iloc[:, 0].notna().to_numpy()
    at = np.flatnonzero(known)
    if not at.size:
        return InspectedSeries(name, "", "", 0, 0, "no value")
    days = [f"{day:%Y-%m-%d}" for day in raw.values.index[[at[0], at[-1]]]]
    inside = int(at[-1] - at[0] + 1 - at.size)
    return InspectedSeries(name, days[0], days[1], int(at.size), inside, meaning)


def _dates(layout: Layout, raw: RawSeries) -> str:
    """Return the form, order and frequency of dates in words."""
    column, dates = layout.cells.date_column, pd.DatetimeIndex(raw.values.index)
    form = f"{column.form if column.form in ('ISO', 'dates') else f'such as {column.form}'}"
    clock = "" if column.clock is None else f" at {column.clock}"
    order = ", newest first" if layout.is_newest_first else ""
    return f"{form}{clock}{order}{f', {_frequency(dates)}' if len(dates) > 1 else ''}"


def _frequency(dates: pd.DatetimeIndex) -> str:
    spacing = spacing_of(dates)
    if spacing.is_daily:
        return "daily"
    known = spacing.periods_per_year
    return f"{spacing.in_words} a year" if known is None else frequency_name(known)


def _settings(spec: SeriesSpec, values: Values, names: list[str]) -> dict[str, Any]:
    cash = next((name for name in names if name.lower() in _CASH), None)
    stated = {name: value for name, value in asdict(spec.dialect).items() if value is not None}
    return {
        "source": source_record(spec.source).name,
        "path": Path(spec.path or "").as_posix(),
        **({} if values == "prices" else {"values": values}),
        **stated,
        "assets": [name for name in names if name != cash],
        "cash": 0.02 if cash is None else cash,
    }
