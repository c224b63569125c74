"""Rules of settings that depend on the source of a series."""

from typing import Any

from pydantic import ValidationInfo

from backtest.data.series_settings import SeriesSettings
from backtest.data.sources.registry import file_sources, source_record, source_records
from backtest.data.sources.source import SourceRecord


def record_of(source: str | None) -> SourceRecord | None:
    """Return the record of a source; None if its name was refused."""
    return None if source is None else source_record(source)


def sources_with_bars() -> str:
    """Return the names of the sources that have opens and volumes, for messages."""
    return " or ".join(name for name, record in source_records().items() if record.has_bars)


def takes_no_path(record: SourceRecord) -> str:
    """Return the message for a path that a source does not take."""
    what = "bundled" if record.is_bundled else "not a file"
    return f"source {record.name} is {what} and takes no path; for a file use source: {file_sources()}"


def check_path(name: str, given: Any, info: ValidationInfo) -> None:
    """Raise unless a series with its own settings has a path if, and only if, its source needs one.

    Raises:
        ValueError: a path is missing or not needed, or the settings describe values of a source that is not a file.
    """
    if not isinstance(given, SeriesSettings) or "source" not in info.data:
        return
    record = source_record(given.source or info.data["source"])
    path = given.path or (info.data.get("path") if record.name == info.data["source"] else None)
    if record.is_file and path is None:
        raise ValueError(f"{name}: source {record.name} needs a path to its file")
    if not record.is_file and given.path is not None:
        raise ValueError(f"{name}: {takes_no_path(record)}")
    described = given.prices or (given.values if given.values == "returns" else None)
    if not record.is_file and described is not None:
        raise ValueError(f"{name}: {values_in_words(described)} can only come from source: {file_sources()}")


def values_in_words(given: str) -> str:
    """Return the setting `returns`, `raw` or `adjusted` in words."""
    return given if given == "returns" else f"{given} closes"
