"""Records of all sources, found in the modules of this package."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from backtest.data import sources
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.address import public
from backtest.data.sources.own_source import own_record
from backtest.data.sources.source import Source, SourceRecord
from backtest.errors import suggestion


@cache
def source_records() -> Mapping[str, SourceRecord]:
    """Return the record of each source by name: bundled samples first, then files, then sources on the network.

    Raises:
        ValueError: two records have the same name.
    """
    modules = [import_module(f"{sources.__name__}.{module.name}") for module in iter_modules(sources.__path__)]
    records: list[SourceRecord] = [record for module in modules for record in getattr(module, "RECORDS", ())]
    records.sort(key=lambda record: (not record.is_bundled, not record.is_file))
    names = [record.name for record in records]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two sources have the same name: {', '.join(twice)}")
    return dict(zip(names, records, strict=True))


def source_record(name: str) -> SourceRecord:
    """Return the record of a source, which may be a class named `package.module:Class`.

    Raises:
        ValueError: there is no such source.

    >>> source_record("excel").endings
    ('.xlsx', '.xlsm')
    """
    records = source_records()
    if name in records:
        return records[name]
    if ":" in name:
        return own_record(name)
    expected = f"expected one of {', '.join(records)}, or package.module:Class"
    raise ValueError(f"got {name!r}, {expected}.{suggestion(name, records)}")


def file_sources() -> str:
    """Return the names of the sources that read files, for messages.

    >>> file_sources()
    'csv, excel or parquet'
    """
    *names, last = (name for name, record in source_records().items() if record.is_file)
    return f"{', '.join(names)} or {last}"


def open_source(spec: SeriesSpec, folder: Path, client_folder: Path) -> Source:
    """Return the source of a series; nothing is read or requested yet.

    Args:
        spec: name of the source and, for a file, its path.
        folder: folder that a path is relative to.
        client_folder: folder for files of the source's client.
    """
    return source_record(spec.source).open(spec, folder, client_folder)


def cache_name(spec: SeriesSpec) -> str:
    """Return the name of a source in the cache; for a file it includes the address, without secrets."""
    if not source_record(spec.source).is_file:
        return f"{spec.source} bars" if spec.bars else spec.source
    stated = [f"{name}={value}" for name, value in asdict(spec.dialect).items() if value is not None]
    return " ".join([spec.source, public(spec.path or ""), *(["returns"] if spec.values == "returns" else []), *stated])


def source_of_file(path: str) -> str:
    """Return the name of the source that reads a file, by its ending; `csv` for a path with another ending.

    >>> source_of_file("opens.parquet"), source_of_file("OPENS.XLSX"), source_of_file("opens")
    ('parquet', 'excel', 'csv')
    """
    return next((name for name, record in source_records().items() if path.lower().endswith(record.endings)), "csv")
