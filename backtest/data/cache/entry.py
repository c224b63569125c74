"""`Entry`: what the cache knows about a series, and the bytes of its two files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from backtest.data.raw_series import Kind, Rate
from backtest.errors import DataUnavailableError

_FORMAT = 1


class DamagedEntry(DataUnavailableError):  # noqa: N818 - named after what it is
    """A cache entry is damaged: its contents differ from what was stored.

    Args:
        message: for the user.
        source: name of the source.
        symbol: at the source, as far as it is known.
    """

    def __init__(self, message: str, source: str, symbol: str) -> None:
        super().__init__(message)
        self.source, self.symbol = source, symbol


@dataclass(frozen=True)
class Entry:
    """What the cache knows about a series without reading its values.

    Args:
        source: name of the source.
        symbol: at the source.
        kind: of `RawSeries`.
        rate: how a rate is quoted.
        label: what messages call it.
        notes: caveats.
        facts: what the source says of it.
        columns: of the values.
        rows: dates.
        first: date, ISO.
        last: date, ISO.
        fetched_at: when the source was last asked.
        sha256: of the Parquet file.
        bytes: its size.
        file: its name.
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
    fetched_at: datetime
    sha256: str
    bytes: int
    file: str

    def age(self, now: datetime) -> str:
        """Return in words how long ago its source was asked.

        Args:
            now: with a time zone.
        """
        hours = (now - self.fetched_at).total_seconds() / 3600
        if hours < 1:
            return "just now"
        return f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} days ago"


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
    """Return the values of a Parquet file by date."""
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
    """Return a checksum of the values of a JSON, whatever its layout: a wrong maturity would give a wrong price too."""
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def from_json(content: bytes) -> Entry:
    """Return the entry that a JSON describes.

    Raises:
        ValueError: it differs from what was written.
    """
    try:
        known: dict[str, Any] = json.loads(content)
        checksum = known.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError("it is not a JSON of the cache") from problem
    if checksum != _checksum(known):
        raise ValueError("it has another checksum")
    if known.pop("format") != _FORMAT:
        raise ValueError("it is of another version")
    known["rate"] = None if known["rate"] is None else Rate.model_validate(known["rate"])
    known["fetched_at"] = datetime.fromisoformat(known["fetched_at"])
    return Entry(**{**known, "notes": tuple(known["notes"]), "columns": tuple(known["columns"])})
