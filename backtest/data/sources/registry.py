"""From the name of a source to the source."""

from pathlib import Path

from backtest.data.series import FILE_SOURCES, SAMPLES, Series
from backtest.data.sources.address import is_address, public
from backtest.data.sources.bundled_sample import Sample
from backtest.data.sources.files import Files
from backtest.data.sources.source import Source, own_source


def open_source(series: Series, folder: Path, client_folder: Path) -> Source:
    """The source of a series; nothing is read or asked yet.

    Args:
        series: with the source's name, and the path of a file.
        folder: what a path is relative to.
        client_folder: where the client of a source may keep files of its own.
    """
    if series.source in FILE_SOURCES:
        path = series.path or ""
        return Files(series.source, path if is_address(path) else str(folder / Path(path).expanduser()), series.values)
    if series.source in SAMPLES:
        return Sample(series.source)
    if series.source == "yfinance":
        from backtest.data.sources.yahoo import YFinance

        return YFinance(client_folder, bars=series.bars)
    if series.source == "fred":
        from backtest.data.sources.fred import Fred

        return Fred()
    if series.source in ("french", "french_daily"):
        from backtest.data.sources.french import French

        return French("daily" if series.source == "french_daily" else "monthly")
    return own_source(series.source)()


def cache_name(series: Series) -> str:
    """What the cache calls the source: its name, and for an address that too, without what may be secret in it."""
    if series.source not in FILE_SOURCES:
        return f"{series.source} bars" if series.bars else series.source
    return f"{series.source} {public(series.path or '')}{' returns' if series.values == 'returns' else ''}"
