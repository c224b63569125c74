"""`Entry`: metadata of a cached series, and the contents of its two files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from backtest.data.raw_series import Kind, Rate
from backtest.errors import DataUnavailableError

_FORMAT = 1


class DamagedEntry(DataUnavailableError):  # noqa: N818 - named after what it is
    """A cache entry is damaged: its contents differ from what was stored.

    Args:
        message: message for the user.
        source: name of the source.
        symbol: symbol at the source, if it is known.
    """

    def __init__(self, message: str, source: str, symbol: str) -> None:
        super().__init__(message)
        self.source, self.symbol = source, symbol


@dataclass(frozen=True)
class Entry:
    """Metadata of a cached series, available without reading its values.

    Args:
        source: name of the source.
        symbol: symbol at the source.
        kind: kind of the `RawSeries`.
        rate: quotation of a rate.
        label: name of the series in messages.
        notes: caveats for the report.
        facts: facts that the source states about the series.
        columns: columns of the values.
        rows: number of dates.
        first: first date, ISO.
        last: last date, ISO.
        fetched_at: time of the last request to the source.
        sha256: checksum of the Parquet file.
        bytes: size of the Parquet file.
        file: name of the Parquet file.
    """

    source: str
    symbol: str
    kind: Kind
    rate: Rate | None
    label: str
    notes: tuple[str, ...]
    facts: Mapping[str, str]
    columns: tuple[str, ...]
    rows: int
    first: str
    last: str
    fetched_at: AwareDatetime
    sha256: str
    bytes: int
    file: Annotated[str, Field(pattern=r"^[^/\\\x00]+\.parquet$")]

    def age(self, now: datetime) -> str:
        """Return the time since the last request to the source, in words.

        Args:
            now: the current time, with a time zone.
        """
        hours = (now - self.fetched_at).total_seconds() / 3600
        if hours < 1:
            return "just now"
        return f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} days ago"


_ENTRY = TypeAdapter(Entry)
_NEEDED: Mapping[Kind, str] = {
    "levels": "level", "returns": "return", "closes": "close", "rate": "rate", "bars": "close",
}  # fmt: skip


def damaged(source: str, symbol: str, what: str) -> DamagedEntry:
    """Return the error for an entry whose contents differ from what was stored."""
    text = f"{source} {symbol}: damaged in the cache ({what}). Hint: fetch it again, with --refresh."
    return DamagedEntry(text, source, symbol)


def to_parquet(values: pd.DataFrame) -> bytes:
    """Return values as a Parquet file; the same values always give the same bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    days = pd.DatetimeIndex(values.index).to_numpy().astype("datetime64[D]")
    columns = {"date": pa.array(days)} | {name: pa.array(values[name].to_numpy(dtype=float)) for name in values}
    sink = BytesIO()
    parquet.write_table(pa.table(columns), sink, compression="zstd", use_dictionary=False, store_schema=False)
    return sink.getvalue()


def from_parquet(content: bytes) -> pd.DataFrame:
    """Return the values of a Parquet file by date.

    Raises:
        Exception: the file is not one that `to_parquet` wrote; pyarrow has many kinds of errors.
    """
    from pyarrow import BufferReader, parquet

    table = parquet.ParquetFile(BufferReader(content)).read(use_threads=False)
    arrays = {name: table.column(name).to_numpy() for name in table.column_names}
    index = pd.DatetimeIndex(arrays.pop("date").astype("datetime64[s]"), name="date")
    return pd.DataFrame({name: np.asarray(array) for name, array in arrays.items()}, index=index)


def to_json(entry: Entry) -> bytes:
    """Return the JSON of an entry, with a checksum."""
    known = {"format": _FORMAT, **vars(entry), "rate": None if entry.rate is None else entry.rate.model_dump()}
    known["fetched_at"] = entry.fetched_at.isoformat(timespec="microseconds")
    return (json.dumps({**known, "checksum": _checksum(known)}, indent=1, ensure_ascii=False) + "\n").encode()


def _checksum(known: dict[str, Any]) -> str:
    """Return a checksum of the values of a JSON file, whatever its layout; wrong metadata gives wrong prices too."""
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def from_json(content: bytes) -> Entry:
    """Return the entry that a JSON file describes.

    Raises:
        ValueError: the file differs from what was written.
    """
    try:
        known: dict[str, Any] = json.loads(content)
        checksum = known.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError("it is not a JSON file of the cache") from problem
    if checksum != _checksum(known):
        raise ValueError("its checksum does not match")
    if known.pop("format", None) != _FORMAT:
        raise ValueError("it was written by another version")
    try:
        entry = _ENTRY.validate_python(known)
    except ValidationError as problem:  # edited, with a new checksum
        first = problem.errors(include_url=False)[0]
        raise ValueError(f"{first['loc'][0]}: {first['msg']}") from None
    if _NEEDED[entry.kind] not in entry.columns or (entry.kind == "rate") != (entry.rate is not None):
        raise ValueError(f"it describes {entry.kind} without their columns or quotation")
    return entry
