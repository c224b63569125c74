"""From settings to `MarketData`: read, check, align, cut."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from backtest.data.cache.fetch import Access, Key, Wanted, get
from backtest.data.cache.store import Cache
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData
from backtest.data.prepare.bars import exchange, lacking, on_dates, open_ratio, value_traded
from backtest.data.prepare.build_market import market_data
from backtest.data.prepare.combine import aligned, at_one_frequency, cut, dated, frequency_of, merged, with_base, within
from backtest.data.prepare.consumer_prices import ConsumerPrices
from backtest.data.prepare.currency_conversion import converted, currencies, foreign
from backtest.data.prepare.levels import SPOT, Reading, read
from backtest.data.prepare.leveraged_fund import origin
from backtest.data.prepare.quoted_rates import last_in_force
from backtest.data.quality import limits
from backtest.data.quality.findings import Finding, find_lagging
from backtest.data.quotes import Quotes
from backtest.data.series import FILE_SOURCES, Series
from backtest.data.sources.registry import cache_name, open_source
from backtest.data.sources.source import Source
from backtest.data.table import Column, Table
from backtest.errors import DataError


def columns(settings: DataSettings, folder: Path) -> dict[Series, Mapping[str, Column] | None]:
    """By series of the run, what its source has on offer, without reading values or asking anyone.

    Args:
        settings: the sources and their paths.
        folder: what a path is relative to.

    Returns:
        For each asset, for cash and for each proxy the columns of its source by name, None where only asking tells.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    offered: dict[Source, Mapping[str, Column] | None] = {}
    sources = _sources(settings, folder)
    for source in dict.fromkeys(sources.values()):
        on_offer = source.columns()
        offered[source] = None if on_offer is None else {column.name: column for column in on_offer}
    return {series: offered[source] for series, source in sources.items()}


def access_for(
    settings: DataSettings,
    *,
    offline: bool = False,
    refresh: bool = False,
    started: datetime | None = None,
    on_symbol: Callable[[str, int, int], None] = lambda *_: None,
    known: dict[Key, Quotes] | None = None,
) -> Access:
    """How the world may be asked: as the settings say, unless the caller is stricter.

    Args:
        settings: with the cache, the age that is fresh, and the time that all fetching may take.
        offline: ask no source.
        refresh: fetch anew what was fetched before `started`.
        started: when the run began; now by default.
        on_symbol: told the label of each series that is done, how many are, and of how many.
        known: what was got already; what is got now joins it.
    """
    return Access(
        Cache(Path(settings.cache).expanduser()),
        offline=offline or settings.offline,
        refresh=refresh,
        max_age=settings.longest_age,
        seconds=settings.timeout,
        started=started or datetime.now(UTC),
        on_symbol=on_symbol,
        known={} if known is None else known,
    )


def fetch(settings: DataSettings, folder: Path, access: Access) -> dict[Series, Quotes]:
    """Every series of the settings as its source has it, from the cache where that is fresh.

    Raises:
        DataError: a series is unknown, or cannot be read.
        DataUnavailableError: one could not be had.
    """
    sources = _sources(settings, folder)
    wanted = {series: Wanted(cache_name(series), series.symbol, source) for series, source in sources.items()}
    found = get(list(wanted.values()), access)
    return {series: found[one.name, one.symbol] for series, one in wanted.items()}


def load(settings: DataSettings, folder: Path, access: Access | None = None) -> MarketData:
    """Read the series of a run and align them; a path is relative to `folder`.

    By default only the dates that all assets and cash share are kept; with `ragged`, all dates that cash has. Nothing
    is filled but where `calendar: union` asks for it: a missing value inside the history of a file is an error.

    Args:
        settings: the series, their sources and their dates.
        folder: what a path is relative to.
        access: how the world may be asked, where that differs from the settings.

    Raises:
        DataError: a source cannot be read, or its values cannot be used.
        DataUnavailableError: a source could not be had.
    """
    found = fetch(settings, folder, access or access_for(settings))
    own_currencies = currencies(settings, found)
    rates = foreign(settings, own_currencies)
    reading = _read(settings, found)
    _check_rates(reading, settings)
    tables = at_one_frequency([dated(table, settings, reading.dates) for table in reading.tables], settings)
    together, splices = merged(tables, settings, rates)
    end, ended = _end(together, settings, reading)
    table = _from_start(together, settings, reading, end)
    if settings.calendar is None:
        for own in tables:
            limits.check_gaps(within(own.table, settings.start, settings.end))
    table, left_out = aligned(table, settings)
    table = converted(table, rates)
    periods_per_year, frequency_notes = frequency_of(table, settings, reading.shifts)
    data = market_data(table, settings, reading.rates, periods_per_year, rates)
    lagging = find_lagging(_last_dates(reading, settings), tables[0].spacing.periods_per_year)
    prices = settings.series.consumer_prices()
    consumer_prices = ConsumerPrices() if prices is None else ConsumerPrices.of(prices, found[prices], data.dates)
    data = _with_bars(data, settings, found, own_currencies)
    funds = settings.funds
    notes = (
        *reading.notes,
        *reading.shifts,
        *(f"{name}: converted to {settings.currency} by {fx}" for name, fx in rates.items()),
        *frequency_notes,
        *data.notes,
        *(f"{name}: {fund.meaning}" for name, fund in funds.items()),
        *consumer_prices.notes,
        *(note for own in tables for note in own.notes),
        *splices,
        *left_out,
        *ended,
    )
    return replace(
        data,
        classes=_classes(settings, folder),
        notes=notes,
        warnings=tuple(str(finding) for finding in (*_of_the_run(reading, settings), *lagging)),
        origins=(
            *reading.origins,
            *(origin(name, fund, data.prices[name]) for name, fund in funds.items()),
            *consumer_prices.origins,
        ),
        consumer_prices=consumer_prices.index,
        spot=_spot(settings, found),
    )


def _read(settings: DataSettings, found: Mapping[Series, Quotes]) -> Reading:
    """All series that are put on the same dates; a rate of exchange is no investment, and needs no caveats of one."""
    held = set(settings.series.assets())
    fx = {series: code for code, series in settings.series.fx().items() if series not in held}
    used = {series: found[series] for series in settings.series.aligned()}
    reading = read({series: replace(one, notes=()) if series in fx else one for series, one in used.items()})
    meanings = {name: SPOT for name in _spot(settings, found) if name not in settings.funds}
    meanings |= {series.name: f"price of one {code} in {settings.currency}" for series, code in fx.items()}
    origins = (replace(one, meaning=meanings.get(one.name, one.meaning)) for one in reading.origins)
    return replace(reading, origins=tuple(origins))


def _with_bars(
    data: MarketData, settings: DataSettings, found: Mapping[Series, Quotes], own_currencies: Mapping[str, str]
) -> MarketData:
    """Add the opens and volumes that the settings ask for, and notes of what they lack."""
    opens, volumes, notes = None, None, list[str]()
    assets = {series.name: series for series in settings.series.assets()}
    if series := settings.series.opens():
        ratios = {name: open_ratio(found[one], found[assets[name]]) for name, one in series.items()}
        opens = on_dates(ratios, data.dates, "opens") * data.prices
        notes += lacking(opens, data.prices, "open")
    if series := settings.series.volumes():
        volumes = on_dates({name: value_traded(found[one]) for name, one in series.items()}, data.dates, "volumes")
        fx = settings.series.fx()
        for name in settings.names:
            if (own := own_currencies[name]) != settings.currency:
                volumes[name] *= exchange(found[fx[own]], data.dates)
        notes += lacking(volumes, data.prices, "volume")
    return replace(data, opens=opens, volumes=volumes, notes=(*data.notes, *notes))


def _of_the_run(reading: Reading, settings: DataSettings) -> list[Finding]:
    """What was found within the dates of the run; that a bill earned nothing for years is no wonder of 2009 to 2015."""
    rates = {series.name for series in settings.series.interest()}
    return [
        finding
        for finding in reading.findings
        if (settings.start is None or finding.last >= settings.start)
        and (settings.end is None or finding.first <= settings.end)
        and not (finding.series in rates and finding.check == "stale")
    ]


def _last_dates(reading: Reading, settings: DataSettings) -> dict[str, date]:
    """When each series of the run ends, or the run before it; that a proxy ends early does not matter."""
    used = {series.name for series in settings.series.used()}
    last = {origin.name: date.fromisoformat(origin.last) for origin in reading.origins if origin.name in used}
    return {name: day if settings.end is None else min(day, settings.end) for name, day in last.items()}


def _from_start(table: Table, settings: DataSettings, reading: Reading, end: date | None) -> Table:
    """Return the table cut to the dates of the run: to `data.start`, or later if quoted rates begin later, and `end`.

    Prices begin at `data.start`. If all assets are files of returns, the date before it is kept too.
    """
    start = settings.start
    of_returns = {name for one in reading.tables if one.are_returns for name in one.values.columns}
    if start is not None and of_returns.issuperset(series.name for series in settings.series.priced()):
        table, start = with_base(table, settings, start, end)
    begun = [pd.Timestamp(rate.values["rate"].dropna().index[0]).date() for rate in reading.rates.values()]
    return cut(table, max([*begun, *([] if start is None else [start])], default=None), end)


def _end(table: Table, settings: DataSettings, reading: Reading) -> tuple[date | None, tuple[str, ...]]:
    """Return the last date, with a note if quoted rates end so much earlier that the run has to end with them."""
    end = settings.end
    last, until = min(((last_in_force(rate), name) for name, rate in reading.rates.items()), default=(None, ""))
    newest = table.values.index[-1] if end is None else min(table.values.index[-1], pd.Timestamp(end))
    if last is None or last >= newest:
        return end, ()
    quoted = reading.rates[until].values["rate"].dropna().index[-1]
    note = (
        f"{until}: last quoted on {quoted:%Y-%m-%d}; the run ends by {last:%Y-%m-%d}, after which the rate is unknown"
    )
    return last.date(), (note,)


def _sources(settings: DataSettings, folder: Path) -> dict[Series, Source]:
    """Each series with its source, opened once for all that share it."""
    unique = settings.series.every()
    names = [series.name for series in unique]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"data: {', '.join(twice)} stands for more than one series; expected a name for each")
    cache = Cache(Path(settings.cache).expanduser())
    opened: dict[tuple[str, str | None, str, bool], Source] = {}
    found = {}
    for series in unique:
        key = (series.source, series.path, series.values, series.bars)
        if key not in opened:
            opened[key] = open_source(series, folder, cache.client_folder(series.source))
        found[series] = opened[key]
    return found


def _check_rates(reading: Reading, settings: DataSettings) -> None:
    held = [series.name for series in settings.series.priced() if series.name in reading.rates]
    if held:
        raise DataError(
            f"{reading.rates[held[0]].label}: {held[0]} is a rate, no price; it can be data.cash, but not be held. "
            "Hint: hold a fund or an index of what earns it."
        )
    traded = [one for one in settings.series.fx().values() if one.name in reading.rates]
    if traded:
        raise DataError(f"{reading.rates[traded[0].name].label}: a rate of interest; expected one of exchange")
    lent = {series.name for series in settings.series.interest()}
    proxies = [name for name in reading.rates if name not in lent]
    if proxies:
        raise DataError(f"{reading.rates[proxies[0]].label}: {proxies[0]} is a rate, no price to splice to")


def _classes(settings: DataSettings, folder: Path) -> dict[str, str]:
    """Class by asset: of the settings, else of the source.

    Raises:
        DataError: the settings name a class for something that is not an asset of the run.
    """
    given = settings.asset_classes
    strange = sorted(set(settings.classes) - set(settings.names))
    if strange:
        raise DataError(f"data.classes: {', '.join(strange)}: not among data.assets, {', '.join(settings.names)}")
    if len(given) == len(settings.names):
        return dict(given)
    held = set(settings.names)
    of_files = all(series.source in FILE_SOURCES for series in settings.series.assets())  # which know of no classes
    classes = {**({} if of_files else classes_of_source(columns(settings, folder))), **given}
    return {name: one for name, one in classes.items() if name in held}


def _spot(settings: DataSettings, found: Mapping[Series, Quotes]) -> frozenset[str]:
    """The assets that are spot series, by the settings or else by their source."""
    spot = {series.name: quotes.facts.get("spot") == "true" for series, quotes in found.items()}
    spot.update(settings.said_of_spot)
    spot.update({name: spot[fund.of] for name, fund in settings.funds.items()})
    return frozenset(name for name in settings.names if spot[name])


def classes_of_source(offered: Mapping[Series, Mapping[str, Column] | None]) -> dict[str, str]:
    """Class by series, of those whose source tells one."""
    found = {series.name: (on_offer or {}).get(series.symbol) for series, on_offer in offered.items()}
    return {name: column.asset_class for name, column in found.items() if column and column.asset_class}
