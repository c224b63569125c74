"""Raw series of a run, from the cache or from their sources."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backtest.data.cache.default_folders import CACHE, DATA_CACHE
from backtest.data.cache.fetch import Access, Key, Request, together, try_each
from backtest.data.cache.store import Cache
from backtest.data.data_settings import DataSettings
from backtest.data.preparation import Preparation, locate
from backtest.data.prepare.library.put_together import put_together
from backtest.data.prepare.rates.exchange_rates import as_price_of
from backtest.data.prepare.rates.par_bond import as_par_bond
from backtest.data.quality.adjusted_closes import with_dividends_once
from backtest.data.raw_series import RawSeries, as_rate
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.library.recipes import recipe_of
from backtest.data.sources.registry import cache_name, open_source, source_record
from backtest.data.sources.source import CatalogueEntry, Source
from backtest.errors import DataError


def access_for(
    settings: DataSettings,
    *,
    offline: bool = False,
    refresh: bool = False,
    started: datetime | None = None,
    on_symbol: Callable[[str, int, int], None] = lambda *_: None,
    known: dict[Key, RawSeries] | None = None,
) -> Access:
    """Return the network access policy of a run: its settings, unless the caller is stricter.

    Args:
        settings: the `data:` section, with the cache, its maximum age, and the time limit of all requests.
        offline: make no requests.
        refresh: fetch series again that were fetched before `started`.
        started: start of the run; now by default.
        on_symbol: called after each series with its label, the number of series done and the total number.
        known: series fetched before, to which new ones are added.
    """
    number, unit = int(settings.max_age[:-1]), settings.max_age[-1]
    return Access(
        _cache(settings),
        offline=offline or settings.offline,
        refresh=refresh,
        max_age=timedelta(hours=number) if unit == "h" else timedelta(days=number),
        seconds=settings.timeout,
        started=started or datetime.now(UTC),
        on_symbol=on_symbol,
        known={} if known is None else known,
    )


def fetch(data: Preparation, access: Access | None = None) -> Preparation:
    """Add every raw series, from the cache if it is fresh, and the classes of the assets.

    Args:
        data: preparation with located series.
        access: network access policy, if it differs from the settings.

    Raises:
        DataError: a series is unknown or cannot be read, or is not a rate although the settings quote it as one, or
            not yields although a bond is modelled from them; or it cannot be told whether closes hold their dividends.
        DataUnavailableError: a series could not be fetched.
    """
    sources = _opened(data.series.every, data.settings, data.folder)
    raw = _fetched(data, sources, access or access_for(data.settings))
    for spec in data.series.aligned:
        if spec.rate is not None:
            raw[spec] = as_rate(raw[spec], spec.rate)
        if spec.maturity is not None:
            raw[spec] = as_par_bond(raw[spec], spec.maturity)
        if source_record(spec.source).is_file:
            raw[spec] = with_dividends_once(raw[spec], spec.prices)
    for code, spec in data.series.fx.items():
        if spec not in data.series.priced:
            raw[spec] = as_price_of(raw[spec], code, data.settings.currency, spec.currency)
    return replace(data, raw=raw, classes=_classes(data, sources))


def _fetched(data: Preparation, sources: Mapping[SeriesSpec, Source], access: Access) -> dict[SeriesSpec, RawSeries]:
    """Return every raw series; series of the library are put together from the parts that could be fetched."""
    recipes = {spec: recipe for spec in sources if (recipe := recipe_of(spec)) is not None}
    parts = dict.fromkeys(part for recipe in recipes.values() for part in recipe.parts)
    opened = _opened([spec for part in parts for spec in part.specs], data.settings, data.folder)
    whole = {spec: source for spec, source in sources.items() if spec not in recipes}
    requests = {spec: Request(cache_name(spec), spec.symbol, source) for spec, source in (whole | opened).items()}
    outcomes = try_each(list(requests.values()), access)
    by_spec = {spec: outcomes[request.key] for spec, request in requests.items()}
    fetched = {part: _all_of([by_spec[spec] for spec in part.specs]) for part in parts}
    raw: dict[SeriesSpec, RawSeries | DataError] = {spec: by_spec[spec] for spec in whole}
    for spec, recipe in recipes.items():
        try:
            raw[spec] = put_together(spec.source, recipe, fetched)
        except DataError as failure:
            raw[spec] = failure
    series = _all_of([raw[spec] for spec in sources])
    if isinstance(series, DataError):
        raise series
    return dict(zip(sources, series, strict=True))


def _all_of(outcomes: Sequence[RawSeries | DataError]) -> list[RawSeries] | DataError:
    """Return the series, or one error for all that failed."""
    failures = [outcome for outcome in outcomes if isinstance(outcome, DataError)]
    return together(failures) if failures else [outcome for outcome in outcomes if isinstance(outcome, RawSeries)]


def catalogues(settings: DataSettings, folder: Path) -> dict[SeriesSpec, Mapping[str, CatalogueEntry] | None]:
    """Return the catalogue of each series' source, by name; None if the source cannot list its series.

    Args:
        settings: the `data:` section.
        folder: folder that paths are relative to.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    return _offered(_opened(locate(settings, folder).series.every, settings, folder))


def classes_of(offered: Mapping[SeriesSpec, Mapping[str, CatalogueEntry] | None]) -> dict[str, str]:
    """Return the class of each series whose source states one."""
    entries = {spec.name: (entries or {}).get(spec.symbol) for spec, entries in offered.items()}
    return {name: entry.asset_class for name, entry in entries.items() if entry and entry.asset_class}


def _classes(data: Preparation, sources: Mapping[SeriesSpec, Source]) -> dict[str, str]:
    """Return the class of each asset: from the settings, else from its source."""
    given = data.series.classes
    if not set(data.series.names) - set(given):
        return dict(given)
    listing = {
        spec: sources[spec] for spec in data.series.assets if not source_record(spec.source).is_file
    }  # files have no classes
    return {**classes_of(_offered(listing)), **given}


def _offered(sources: Mapping[SeriesSpec, Source]) -> dict[SeriesSpec, Mapping[str, CatalogueEntry] | None]:
    """Return the catalogue of each series' source, by name; each source is asked once."""
    catalogues_of = {source: source.catalogue() for source in dict.fromkeys(sources.values())}
    by_name = {
        source: None if entries is None else {entry.name: entry for entry in entries}
        for source, entries in catalogues_of.items()
    }
    offered: dict[SeriesSpec, Mapping[str, CatalogueEntry] | None] = {}
    for spec, source in sources.items():
        entries = by_name[source]
        if entries is not None and spec.symbol not in entries and source.knows(spec.symbol):
            entries = {**entries, spec.symbol: CatalogueEntry(spec.symbol, "asset")}
        offered[spec] = entries
    return offered


def _opened(series: Iterable[SeriesSpec], settings: DataSettings, folder: Path) -> dict[SeriesSpec, Source]:
    """Return the source of each series, opened once for all series that share it."""
    cache = _cache(settings)
    opened: dict[tuple[object, ...], Source] = {}
    sources = {}
    for spec in series:
        key = (spec.source, spec.path, spec.values, spec.bars, spec.dialect)
        if key not in opened:
            opened[key] = open_source(spec, folder, cache.client_folder(spec.source))
        sources[spec] = opened[key]
    return sources


def _cache(settings: DataSettings) -> Cache:
    return Cache(CACHE if settings.cache == DATA_CACHE else Path(settings.cache).expanduser())
