"""The cache: what was fetched of each series, as it was fetched, and what is known of it.

Of each source and symbol there is a Parquet file of the values beside a JSON of what they are, from where and when,
and their checksum. The JSON names the Parquet by its content, and is put into place last: whatever interrupts a
writer, a reader finds the old entry or the new one, whole. Readers need no lock.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd

from backtest.data.quotes import Kind, Quotes, Rate
from backtest.errors import DataError, DataUnavailableError, TimedOut

_FORMAT = 1
_LONGEST = 200  # bytes of a name, so that endings fit into the 255 of every file system
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in range(10))}  # on Windows


class DamagedEntry(DataUnavailableError):  # noqa: N818 - named after what it is
    """What the cache has of a series is not what was put there."""


@dataclass(frozen=True)
class Entry:
    """What the cache knows of a series without reading its values.

    Args:
        source: name of the source.
        symbol: at the source.
        kind: of `Quotes`.
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


class Cache:
    """Series under a folder, one folder a source.

    Args:
        folder: made when something is put into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entry(self, source: str, symbol: str) -> Entry | None:
        """What is known of a series; None where it was never fetched.

        Raises:
            DamagedEntry: its JSON cannot be read, or is of another series.
        """
        place = self._place(source, symbol, ".json")
        try:
            found = _entry(place.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise _damaged(place, f"{type(problem).__name__}") from problem
        if (found.source, found.symbol) != (source, symbol):
            raise _damaged(place, f"it is of {found.source} {found.symbol}")
        return found

    def read(self, source: str, symbol: str) -> Quotes | None:
        """The values of a series, checked against their checksum; None where it was never fetched.

        Raises:
            DamagedEntry: the file is not what was put there.
        """
        for attempt in range(2):  # a writer may have replaced the file that the JSON named
            entry = self.entry(source, symbol)
            if entry is None:
                return None
            place = self._place(source, symbol, ".json").with_name(entry.file)
            try:
                content = place.read_bytes()
            except OSError as problem:
                if attempt:
                    raise _damaged(place, problem.strerror or "cannot be read") from problem
                continue
            if hashlib.sha256(content).hexdigest() != entry.sha256:
                raise _damaged(place, "its checksum is another")
            return Quotes(
                _from_parquet(content), entry.label, entry.kind, entry.rate, notes=entry.notes, facts=entry.facts
            )
        return None

    def write(self, source: str, symbol: str, quotes: Quotes, fetched_at: datetime) -> Entry:
        """Put a series in place of what is there; to be called under its lock.

        Raises:
            DataUnavailableError: the folder cannot be written.
        """
        content = _to_parquet(quotes.values)
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(source, symbol, ".json")
        dates = quotes.values.index
        entry = Entry(
            source=source,
            symbol=symbol,
            kind=quotes.kind,
            rate=quotes.rate,
            label=quotes.label,
            notes=quotes.notes,
            facts=dict(quotes.facts),
            columns=tuple(quotes.values.columns),
            rows=len(dates),
            first=f"{dates[0]:%Y-%m-%d}",
            last=f"{dates[-1]:%Y-%m-%d}",
            fetched_at=fetched_at,
            sha256=digest,
            bytes=len(content),
            file=f"{place.stem}.{digest[:12]}.parquet",
        )
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _put(place.with_name(entry.file), content)
            _put(place, _to_json(entry))
            for stray in self._files(source, symbol):
                if stray.name != entry.file and stray.suffix in (".parquet", ".part"):
                    stray.unlink(missing_ok=True)
        except OSError as problem:
            raise _unwritable(self._folder, problem) from problem
        return entry

    def set_aside(self, source: str, symbol: str) -> None:
        """Rename what is damaged, to be looked at; one generation is kept. To be called under the series' lock."""
        for file in self._files(source, symbol):
            if file.suffix in (".json", ".parquet"):
                file.replace(self._place(source, symbol, f"{file.suffix}.damaged"))

    def remove(self, source: str, symbol: str) -> None:
        """Remove a series and what was set aside of it."""
        with self.lock(source, symbol, 10.0):
            for file in self._files(source, symbol):
                file.unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """Every series of the cache, by source and symbol; those whose JSON cannot be read are damaged.

        Raises:
            DamagedEntry: one of them.
        """
        names = sorted((unquote(file.parent.name), unquote(file.stem)) for file in self._folder.glob("*/*.json"))
        found = [self.entry(source, symbol) for source, symbol in names]
        return [entry for entry in found if entry is not None]

    @contextmanager
    def lock(self, source: str, symbol: str, seconds: float) -> Iterator[None]:
        """Keep other processes and threads from writing a series.

        Raises:
            TimedOut: another holds it for longer than `seconds`.
            DataUnavailableError: the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        place = self._place(source, symbol, ".lock")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            held = FileLock(place).acquire(timeout=max(seconds, 0.0))
        except Timeout as problem:
            raise TimedOut(
                f"{source} {symbol}: another process is still fetching it after {seconds:.0f} s. Hint: try again."
            ) from problem
        except OSError as problem:
            raise _unwritable(self._folder, problem) from problem
        with held:
            yield

    def client_folder(self, source: str) -> Path:
        """Where the client of a source may keep files of its own."""
        return self._folder / file_name(source) / ".client"

    def _place(self, source: str, symbol: str, ending: str) -> Path:
        return self._folder / file_name(source) / f"{file_name(symbol)}{ending}"

    def _files(self, source: str, symbol: str) -> list[Path]:
        """All files of a series but its lock."""
        name = file_name(symbol)
        there = sorted(self._place(source, symbol, "").parent.glob(f"{name}.*"))
        return [file for file in there if file.suffix != ".lock" and file.name.partition(".")[0] == name]


def file_name(name: str) -> str:
    """A name as that of a file on any system: bytes other than letters, digits, `_` and `-` in per cent.

    No two names give the same one, and none leads out of its folder.

    Raises:
        DataError: the name is empty, too long, or holds control characters.

    >>> file_name("SPY"), file_name("^IRX"), file_name("../x"), file_name("nul")
    ('SPY', '%5EIRX', '%2E%2E%2Fx', '%6Eul')
    """
    if not name or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise DataError(f"{name!r} cannot be the symbol of a series; expected letters, digits and marks")
    try:
        data = name.encode()
    except UnicodeEncodeError as problem:
        raise DataError(f"{name!r} cannot be the symbol of a series; expected text") from problem
    plain = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data)
    if plain.upper() in _RESERVED:
        plain = f"%{ord(plain[0]):02X}{plain[1:]}"
    if len(plain) > _LONGEST:
        raise DataError(f"{name[:40]!r}...: a symbol of {len(plain)} bytes; expected {_LONGEST} at most")
    return plain


def _put(place: Path, content: bytes) -> None:
    """A file with this content, in place in one step and on the disk."""
    handle, temporary = tempfile.mkstemp(prefix=f"{place.name.partition('.')[0]}.", suffix=".part", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the renaming too
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _to_parquet(values: pd.DataFrame) -> bytes:
    """The same bytes for the same values."""
    import pyarrow as pa
    from pyarrow import parquet

    days = pd.DatetimeIndex(values.index).to_numpy().astype("datetime64[D]")
    columns = {"date": pa.array(days)} | {name: pa.array(values[name].to_numpy(dtype=float)) for name in values}
    sink = BytesIO()
    parquet.write_table(pa.table(columns), sink, compression="zstd", use_dictionary=False, store_schema=False)
    return sink.getvalue()


def _from_parquet(content: bytes) -> pd.DataFrame:
    from pyarrow import BufferReader, parquet

    table = parquet.ParquetFile(BufferReader(content)).read(use_threads=False)
    arrays = {name: table.column(name).to_numpy() for name in table.column_names}
    index = pd.DatetimeIndex(arrays.pop("date").astype("datetime64[s]"), name="date")
    return pd.DataFrame({name: np.asarray(array) for name, array in arrays.items()}, index=index)


def _to_json(entry: Entry) -> bytes:
    known = {**vars(entry), "rate": None if entry.rate is None else entry.rate.model_dump()}
    known["fetched_at"] = entry.fetched_at.isoformat(timespec="seconds")
    return (json.dumps({"format": _FORMAT, **known}, indent=1, ensure_ascii=False) + "\n").encode()


def _entry(content: bytes) -> Entry:
    known: dict[str, Any] = json.loads(content)
    if known.pop("format") != _FORMAT:
        raise ValueError("another format")
    known["rate"] = None if known["rate"] is None else Rate.model_validate(known["rate"])
    known["fetched_at"] = datetime.fromisoformat(known["fetched_at"])
    if Path(known["file"]).name != known["file"]:
        raise ValueError("a file elsewhere")
    return Entry(**{**known, "notes": tuple(known["notes"]), "columns": tuple(known["columns"])})


def _damaged(place: Path, what: str) -> DamagedEntry:
    name = f"{place.parent.name}/{place.name}"
    return DamagedEntry(f"{name}: damaged in the cache ({what}). Hint: fetch it anew, with --refresh.")


def _unwritable(folder: Path, problem: OSError) -> DataUnavailableError:
    return DataUnavailableError(
        f"{folder}: the cache cannot be written ({problem.strerror or problem}). Hint: another data.cache."
    )
