"""Checks of settings that describe files: only sources that read files have a path, contents and a way of writing."""

from typing import Any

from pydantic import ValidationInfo

from backtest.data.series_settings import SeriesSettings
from backtest.data.sources.registry import file_sources, source_record, source_records
from backtest.data.sources.source import SourceRecord

_OF_FILES = ("prices", "separator", "decimal", "date_format", "sheet")


def record_of(source: str | None) -> SourceRecord | None:
    """Return the record of a source; None if its name was refused."""
    return None if source is None else source_record(source)


def sources_with_bars() -> str:
    """Return the names of the sources that have opens and volumes, for messages."""
    return " or ".join(name for name, record in source_records().items() if record.has_bars)


def takes_no_path(record: SourceRecord) -> str:
    """Return the message for a path of a source that does not read files."""
    what = "bundled" if record.is_bundled else "not a file"
    return f"source {record.name} is {what} and takes no path; for a file use source: {file_sources()}"


def only_from_files(setting: str, given: str) -> str:
    """Return the words for a setting that describes a file, of a source that does not read files."""
    what = {"values": given, "prices": f"{given} closes"}.get(setting, f"a {setting}")
    return f"{what} can only come from source: {file_sources()}"


def check_described(name: str, given: Any, info: ValidationInfo) -> None:
    """Raise `ValueError` unless a series with its own settings describes a file if, and only if, its source is one.

    Args:
        name: name of the series, for the message.
        given: its settings; other values are not checked.
        info: the settings of the section before it.
    """
    if not isinstance(given, SeriesSettings) or "source" not in info.data:
        return
    record = source_record(given.source or info.data["source"])
    path = given.path or (info.data.get("path") if record.name == info.data["source"] else None)
    if record.is_file and path is None:
        raise ValueError(f"{name}: source {record.name} needs a path to its file")
    if record.is_file:
        return
    if given.path is not None:
        raise ValueError(f"{name}: {takes_no_path(record)}")
    stated = {"values": given.values} if given.values == "returns" else {}
    stated |= {setting: getattr(given, setting) for setting in _OF_FILES if getattr(given, setting) is not None}
    for setting, value in stated.items():
        raise ValueError(f"{name}: {only_from_files(setting, value)}")
