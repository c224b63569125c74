"""Cache of fetched series: their values as fetched, and their metadata.

Each series has a Parquet file with its values and a JSON file with its metadata: kind, source, time of fetching, and
the checksums of both files. The Parquet file is named after its content, and the JSON file, which refers to it, is
written last. If a writer is interrupted, a reader therefore finds either the complete old entry or the complete new
one, and needs no lock.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
from pandas.api.types import is_float_dtype

from backtest.data.cache.entry import DamagedEntry, Entry, damaged, from_json, from_parquet, to_json, to_parquet
from backtest.data.cache.file_names import file_name, folder_name
from backtest.data.raw_series import RawSeries
from backtest.errors import DataUnavailableError, TimedOut


class Cache:
    """Cache of series: one folder per source.

    Args:
        folder: folder of the cache; it is created when the first series is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entry(self, source: str, symbol: str) -> Entry | None:
        """Return the metadata of a series; None if it was never fetched.

        Raises:
            DamagedEntry: its JSON file cannot be read, or describes another series.
        """
        entry = _entry_at(self._place(source, symbol, ".json"), source, symbol)
        if entry is not None and (entry.source, entry.symbol) != (source, symbol):
            raise damaged(source, symbol, f"it describes {entry.source} {entry.symbol}")
        return entry

    def read(self, source: str, symbol: str) -> RawSeries | None:
        """Return the values of a series, checked against their checksum; None if it was never fetched.

        Raises:
            DamagedEntry: the files differ from what was written.
        """
        before, entry = None, self.entry(source, symbol)
        while entry is not None:
            try:
                content = self._place(source, symbol, ".json").with_name(entry.file).read_bytes()
            except OSError as problem:
                if entry == before:
                    raise damaged(source, symbol, f"its values: {problem.strerror or 'cannot be read'}") from problem
                before, entry = entry, self.entry(source, symbol)  # a writer may have replaced them
                continue
            if hashlib.sha256(content).hexdigest() != entry.sha256:
                raise damaged(source, symbol, "the checksum of its values does not match")
            try:
                values = from_parquet(content)
            except Exception as problem:  # written by another program, with the right checksum
                raise damaged(source, symbol, f"its values: {type(problem).__name__}") from problem
            if not _is_described(values, entry):
                raise damaged(source, symbol, "its values are not those that its JSON file describes")
            return RawSeries(values, entry.label, entry.kind, entry.rate, notes=entry.notes, facts=entry.facts)
        return None

    def write(self, source: str, symbol: str, raw: RawSeries, fetched_at: datetime) -> Entry:
        """Write a series, replacing an earlier entry; call this under its lock.

        Raises:
            DataUnavailableError: the folder cannot be written.
        """
        content = to_parquet(raw.values)
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(source, symbol, ".json")
        dates = raw.values.index
        entry = Entry(
            source=source,
            symbol=symbol,
            kind=raw.kind,
            rate=raw.rate,
            label=raw.label,
            notes=raw.notes,
            facts=dict(raw.facts),
            columns=tuple(raw.values.columns),
            rows=len(dates),
            first=f"{dates[0]:%Y-%m-%d}",
            last=f"{dates[-1]:%Y-%m-%d}",
            fetched_at=fetched_at,
            sha256=digest,
            bytes=len(content),
            file=f"{place.stem}.{digest[:12]}.parquet",
        )
        with self._writing():
            place.parent.mkdir(parents=True, exist_ok=True)
            _put(place.with_name(entry.file), content)
            _put(place, to_json(entry))
            for stray in self._files(source, symbol):
                if stray.name != entry.file and stray.suffix in (".parquet", ".part"):
                    stray.unlink(missing_ok=True)
        return entry

    def set_aside(self, source: str, symbol: str) -> None:
        """Rename damaged files for inspection; one generation is kept. Call this under the series' lock.

        Raises:
            DataUnavailableError: the folder cannot be written.
        """
        with self._writing():
            for file in reversed(self._files(source, symbol)):  # the JSON last: until then the entry counts as damaged
                if file.suffix in (".json", ".parquet"):
                    file.replace(self._place(source, symbol, f"{file.suffix}.damaged"))

    def remove(self, source: str, symbol: str) -> None:
        """Remove a series and its files set aside.

        Raises:
            DataUnavailableError: the folder cannot be written, or another process is fetching the series.
        """
        with self.lock(source, symbol, 10.0), self._writing():
            for file in self._files(source, symbol):
                file.unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """Return the readable entries of the cache, by source and symbol; `damaged` returns the others."""
        entries = [entry for entry in self._all() if isinstance(entry, Entry)]
        return sorted(entries, key=lambda entry: (entry.source, entry.symbol))

    def damaged(self) -> list[DamagedEntry]:
        """Return the series whose JSON cannot be read; `read` reports damaged values."""
        return [damage for damage in self._all() if isinstance(damage, DamagedEntry)]

    @contextmanager
    def lock(self, source: str, symbol: str, seconds: float) -> Iterator[None]:
        """Keep other processes and threads from writing a series.

        Raises:
            TimedOut: another process or thread holds the lock for longer than `seconds`.
            DataUnavailableError: the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        place, seconds = self._place(source, symbol, ".lock"), max(seconds, 0.0)
        with self._writing():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                held = FileLock(place).acquire(timeout=seconds)
            except Timeout as problem:
                raise TimedOut(
                    f"{source} {symbol}: another process is still fetching it after {seconds:.0f} s. Hint: try again."
                ) from problem
        with held:
            yield

    def client_folder(self, source: str) -> Path:
        """Return the folder for files of a source's client."""
        return self._folder / folder_name(source) / ".client"

    def _place(self, source: str, symbol: str, ending: str) -> Path:
        return self._folder / folder_name(source) / f"{file_name(symbol)}{ending}"

    def _files(self, source: str, symbol: str) -> list[Path]:
        """Return all files of a series except its lock; the JSON file, which makes the others an entry, is first."""
        files = self._place(source, symbol, "").parent.glob(f"{file_name(symbol)}.*")
        return sorted(
            (file for file in files if file.suffix != ".lock"), key=lambda file: (file.suffix != ".json", file)
        )

    def _all(self) -> Iterator[Entry | DamagedEntry]:
        """Yield the entry that each JSON file describes, or the error if the file is damaged."""
        for place in sorted(self._folder.glob("*/*.json")):
            named = unquote(place.parent.name), unquote(place.stem)
            try:
                entry = _entry_at(place, *named)
            except DamagedEntry as damage:
                yield damage
                continue
            if entry is not None and self._place(entry.source, entry.symbol, ".json") != place:
                yield damaged(*named, f"it describes {entry.source} {entry.symbol}")
            elif entry is not None:
                yield entry

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn errors of the file system into errors with a hint."""
        try:
            yield
        except OSError as problem:
            raise DataUnavailableError(
                f"{self._folder}: the cache cannot be written ({problem.strerror or problem}). "
                "Hint: free disk space, allow writing, or set data.cache to another folder."
            ) from problem


def _is_described(values: pd.DataFrame, entry: Entry) -> bool:
    """Return whether values have the columns and dates of their entry, in rising order."""
    dates = values.index
    if tuple(values.columns) != entry.columns or len(dates) != entry.rows or not len(dates):
        return False
    ends = (f"{dates[0]:%Y-%m-%d}", f"{dates[-1]:%Y-%m-%d}")
    is_rising = dates.is_monotonic_increasing and not dates.has_duplicates and not dates.hasnans
    return is_rising and ends == (entry.first, entry.last) and all(is_float_dtype(kind) for kind in values.dtypes)


def _put(place: Path, content: bytes) -> None:
    """Replace a file by this content in one step, flushed to disk."""
    temporary = place.with_name(f"{place.name}.part")  # there is one writer, as the series is locked
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    except OSError:  # leave no useless file on a full disk
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # make the renaming durable too
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _entry_at(place: Path, source: str, symbol: str) -> Entry | None:
    """Return the entry of a JSON file; None if there is no file.

    Raises:
        DamagedEntry: the file differs from what was written.
    """
    try:
        return from_json(place.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise damaged(source, symbol, problem.strerror or "cannot be read") from problem
    except ValueError as problem:
        raise damaged(source, symbol, str(problem)) from problem
