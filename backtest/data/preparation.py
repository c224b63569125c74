"""`Preparation`: the series of a run between their sources and `MarketData`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backtest.data.data_settings import DataSettings
from backtest.data.quality.finding import Finding
from backtest.data.raw_series import RawSeries
from backtest.data.run_series import RunSeries, series_of
from backtest.data.series_spec import SeriesSpec
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError


@dataclass(frozen=True, eq=False)
class Preparation:
    """The series of a run between their sources and `MarketData`. Each step returns a changed copy.

    Args:
        settings: the `data:` section.
        folder: folder that paths are relative to.
        series: series of the run, by role.
        raw: raw series, as their sources have them.
        tables: levels or returns: one table per file at first, a single table of all series after splicing.
        rates: quoted rates by name; they are not in a table.
        currencies: currency of each series for which it matters.
        conversions: name of the exchange rate of each series that is not in the currency of the run.
        classes: class of each asset.
        notes: caveats for the report, by the topic under which `build` lists them.
        findings: warnings about values and dates.
        periods_per_year: periods per year of the levels; None if they have no supported frequency.
        rows_per_year: rows per year of the levels: the supported frequency, else the rounded number of rows.
    """

    settings: DataSettings
    folder: Path
    series: RunSeries
    raw: Mapping[SeriesSpec, RawSeries] = field(default_factory=dict)
    tables: tuple[SeriesTable, ...] = ()
    rates: Mapping[str, RawSeries] = field(default_factory=dict)
    currencies: Mapping[str, str] = field(default_factory=dict)
    conversions: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    periods_per_year: int | None = None
    rows_per_year: int = 0


def locate(settings: DataSettings, folder: Path) -> Preparation:
    """Return the series of a run with their places at their sources; nothing is read.

    Args:
        settings: the `data:` section.
        folder: that paths are relative to.

    Raises:
        DataError: two series have the same name.
    """
    series = series_of(settings)
    names = Counter(spec.name for spec in series.every)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise DataError(f"data: {', '.join(twice)} names more than one series; expected a different name for each")
    return Preparation(settings, folder, series)
