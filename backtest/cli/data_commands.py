"""`data`: commands for fetched data and its cache."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.cli.inspect_command import inspect_file
from backtest.cli.terminal import chart, new_table, print_notes, progress_by_series, show
from backtest.data.cache.default_folders import CACHE
from backtest.errors import BacktestError, DataUnavailableError

if TYPE_CHECKING:
    from backtest.data.cache.entry import DamagedEntry, Entry
    from backtest.data.cache.fetch import Key
    from backtest.data.cache.store import Cache
    from backtest.data.raw_series import RawSeries
    from backtest.data.series_spec import SeriesSpec

app = typer.Typer(
    no_args_is_help=True,
    help="Fetch prices from Yahoo, FRED and other sources, and inspect the cache.",
)

Folder = Annotated[
    Path,
    typer.Option("--cache", help="Folder of fetched data. Default: BACKTEST_CACHE, or data_cache.", show_default=False),
]
Source = Annotated[str | None, typer.Option("--source", help="Only this source.", show_default=False)]
_log = logging.getLogger(__name__)

app.command("inspect")(inspect_file)


def check_choice(*, offline: bool, refresh: bool) -> None:
    """Raise an error if both --offline and --refresh are given."""
    if offline and refresh:
        raise BacktestError(
            "--offline and --refresh cannot be combined: one uses only the cache, the other fetches everything"
        )


@app.command()
def fetch(
    configs: Annotated[list[Path], typer.Argument(help="Configuration files, such as configs/etf/erc.yaml.")],
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Fetch all series of configurations and their benchmarks into the cache."""
    from backtest.config import load_config
    from backtest.data.fetch_series import access_for
    from backtest.data.fetch_series import fetch as fetch_series
    from backtest.data.preparation import locate

    started = datetime.now(UTC)
    loaded = [load_config(config) for config in configs]
    runs = [run for config in loaded for run in (config, *config.benchmarks)]
    table = new_table("series", "source", "symbol", "from", "to", "values")
    seen: set[SeriesSpec] = set()
    known: dict[Key, RawSeries] = {}
    with progress_by_series() as on_symbol:
        for run in runs:
            access = access_for(run.data, refresh=refresh, started=started, on_symbol=on_symbol, known=known)
            for series, raw in fetch_series(locate(run.data, run.folder), access).raw.items():
                if series not in seen:
                    dates = raw.values.index
                    ends = (f"{dates[0]:%Y-%m-%d}", f"{dates[-1]:%Y-%m-%d}")
                    table.add_row(series.name, series.source, series.symbol, *ends, f"{len(dates):,}")
                seen.add(series)
    show(table)


@app.command("list")
def list_series(source: Source = None, cache: Folder = CACHE) -> None:
    """List the series in the cache."""
    table = new_table("symbol", "source", "from", "to", "values", "size", "fetched")
    entries, damaged = _entries(cache, None, source), _damaged(cache, None, source)
    now = datetime.now(UTC)
    for entry in entries:
        size = f"{entry.bytes / 1024:,.0f} KiB"
        table.add_row(entry.symbol, entry.source, entry.first, entry.last, f"{entry.rows:,}", size, entry.age(now))
    for damage in damaged:
        _log.warning("%s", damage)
    if entries:
        show(table)
    elif not damaged:
        what = "" if source is None else f" of source {source}"
        typer.echo(f"{cache.as_posix()} holds no series{what}. Hint: python -m backtest data fetch CONFIG")


@app.command("show")
def show_series(
    symbol: Annotated[str, typer.Argument(help="A symbol, such as SPY.")], source: Source = None, cache: Folder = CACHE
) -> None:
    """Show a symbol in the cache: its range, source, age, and a small plot."""
    from backtest.data.quality.checks import inspect

    store = _cache(cache)
    found = _entries(cache, symbol, source)
    if damaged := _damaged(cache, symbol, source):
        raise damaged[0]
    if not found:
        what = symbol if source is None else f"{symbol} of {source}"
        others = _shorten(sorted({entry.symbol for entry in store.entries()})) or "nothing"
        raise DataUnavailableError(
            f"{what}: not in {cache.as_posix()}, which holds {others}. Hint: python -m backtest data fetch CONFIG"
        )
    for entry in found:
        raw = store.read(entry.source, entry.symbol)
        if raw is None:  # removed by another process in the meantime
            continue
        level, meaning, findings = inspect(entry.symbol, raw)
        if raw.kind == "rate":
            level, meaning = 100 * level, f"{meaning}, in % a year"
        typer.echo(f"{entry.symbol} of {entry.source}: {meaning}")
        typer.echo(f"{entry.first} to {entry.last}, {entry.rows:,} dates, fetched {entry.age(datetime.now(UTC))}")
        for name, fact in sorted(entry.facts.items()):
            typer.echo(f"{name}: {fact}")
        print_notes(entry.notes)
        for finding in findings:
            _log.warning("%s", finding)
        show(chart(level))


@app.command()
def verify(
    configs: Annotated[
        list[Path] | None, typer.Argument(help="Only the series of these configurations.", show_default=False)
    ] = None,
    cache: Folder = CACHE,
) -> None:
    """Check the cache: every file against its checksum, every series for suspicious values."""
    if configs:
        _verify_configs(configs)
        return
    from backtest.data.quality.checks import inspect

    store, unreadable = _cache(cache), _damaged(cache, None, None)
    entries, damaged = store.entries(), [str(damage) for damage in unreadable]
    if not entries and not damaged:
        typer.echo(f"{cache.as_posix()} holds no series. Hint: python -m backtest data fetch CONFIG")
        return
    warnings = 0
    for entry in entries:
        try:
            raw = store.read(entry.source, entry.symbol)
            findings = [] if raw is None else inspect(entry.symbol, raw)[2]
        except BacktestError as problem:
            damaged.append(str(problem))
            continue
        warnings += len(findings)
        for finding in findings:
            _log.warning("%s", finding)
    _verdict(f"{len(entries) + len(unreadable)} series in {cache.as_posix()}", warnings, len(damaged))
    if damaged:
        raise DataUnavailableError("\n".join(damaged))


@app.command()
def clear(
    symbol: Annotated[
        str | None, typer.Argument(help="Only this symbol; everything by default.", show_default=False)
    ] = None,
    source: Source = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without confirmation.")] = False,
    cache: Folder = CACHE,
) -> None:
    """Remove series from the cache."""
    store = _cache(cache)
    keys = [(entry.source, entry.symbol) for entry in _entries(cache, symbol, source)]
    keys += [(damage.source, damage.symbol) for damage in _damaged(cache, symbol, source)]
    if not keys:
        typer.echo(f"nothing to remove from {cache.as_posix()}")
        return
    names = _shorten([" ".join(key) for key in keys])
    if not yes and not sys.stdin.isatty():
        raise BacktestError(
            f"would remove {names} from {cache.as_posix()}, but cannot ask for confirmation. Hint: --yes"
        )
    if not yes:
        typer.confirm(f"Remove {len(keys)} series from {cache.as_posix()} ({names})?", abort=True)
    for key in keys:
        store.remove(*key)
    typer.echo(f"removed {names}")


def _verify_configs(configs: list[Path]) -> None:
    from backtest.config import load_config
    from backtest.data.market_data import load

    for path in configs:
        config = load_config(path)
        for run in (config, *config.benchmarks):
            data = load(run.data, run.folder)
            for warning in data.warnings:
                _log.warning("%s", warning)
            _verdict(f"{len(data.origins)} series of {run.name}", len(data.warnings))


def _verdict(subject: str, warnings: int, damaged: int = 0) -> None:
    outcome = {0: "no warning", 1: "1 warning"}.get(warnings, f"{warnings} warnings")
    typer.echo(f"{subject} checked: {outcome}{f', {damaged} damaged' if damaged else ''}")


def _cache(folder: Path) -> "Cache":
    from backtest.data.cache.store import Cache

    return Cache(folder)


def _entries(cache: Path, symbol: str | None, source: str | None) -> "list[Entry]":
    return [entry for entry in _cache(cache).entries() if _matches(entry, symbol, source)]


def _damaged(cache: Path, symbol: str | None, source: str | None) -> "list[DamagedEntry]":
    return [damage for damage in _cache(cache).damaged() if _matches(damage, symbol, source)]


def _matches(entry: "Entry | DamagedEntry", symbol: str | None, source: str | None) -> bool:
    return symbol in (None, entry.symbol) and (source is None or entry.source.split()[0] == source)


def _shorten(names: list[str]) -> str:
    """Return the first names, and the number of the others."""
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more
