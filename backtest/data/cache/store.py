"""The cache: every fetched series as it was fetched, with what is known about it.

For each source and symbol there is a Parquet file of the values next to a JSON file: what they are, where they come
from and when, and the checksums of both. The JSON names the Parquet file by its content and is written last: whatever
interrupts a writer, a reader finds either the old entry or the new one, complete. Readers need no lock.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from backtest.data.cache.entry import DamagedEntry, Entry, damaged, from_json, from_parquet, to_json, to_parquet
from backtest.data.cache.file_names import file_name, folder_name
from backtest.data.raw_series import RawSeries
from backtest.errors import DataUnavailableError, TimedOut


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
        found = _entry_at(self._place(source, symbol, ".json"), source, symbol)
        if found is not None and (found.source, found.symbol) != (source, symbol):
            raise damaged(source, symbol, f"it is of {found.source} {found.symbol}")
        return found

    def read(self, source: str, symbol: str) -> RawSeries | None:
        """The values of a series, checked against their checksum; None where it was never fetched.

        Raises:
            DamagedEntry: the files are not what was put there.
        """
        before, entry = None, self.entry(source, symbol)
        while entry is not None:
            try:
                content = self._place(source, symbol, ".json").with_name(entry.file).read_bytes()
            except OSError as problem:
                if entry == before:
                    raise damaged(source, symbol, f"its values: {problem.strerror or 'cannot be read'}") from problem
                before, entry = entry, self.entry(source, symbol)  # a writer may have put others in place
                continue
            if hashlib.sha256(content).hexdigest() != entry.sha256:
                raise damaged(source, symbol, "its values have another checksum")
            values = from_parquet(content)
            return RawSeries(values, entry.label, entry.kind, entry.rate, notes=entry.notes, facts=entry.facts)
        return None

    def write(self, source: str, symbol: str, quotes: RawSeries, fetched_at: datetime) -> Entry:
        """Put a series in place of what is there; to be called under its lock.

        Raises:
            DataUnavailableError: the folder cannot be written.
        """
        content = to_parquet(quotes.values)
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
        with self._writing():
            place.parent.mkdir(parents=True, exist_ok=True)
            _put(place.with_name(entry.file), content)
            _put(place, to_json(entry))
            for stray in self._files(source, symbol):
                if stray.name != entry.file and stray.suffix in (".parquet", ".part"):
                    stray.unlink(missing_ok=True)
        return entry

    def set_aside(self, source: str, symbol: str) -> None:
        """Rename what is damaged, to be looked at; one generation is kept. To be called under the series' lock.

        Raises:
            DataUnavailableError: the folder cannot be written.
        """
        with self._writing():
            for file in reversed(self._files(source, symbol)):  # the JSON last: until then it is known to be damaged
                if file.suffix in (".json", ".parquet"):
                    file.replace(self._place(source, symbol, f"{file.suffix}.damaged"))

    def remove(self, source: str, symbol: str) -> None:
        """Remove a series and what was set aside of it.

        Raises:
            DataUnavailableError: the folder cannot be written, or another process is fetching the series.
        """
        with self.lock(source, symbol, 10.0), self._writing():
            for file in self._files(source, symbol):
                file.unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """Every series of the cache, by source and symbol, but those of `damaged`."""
        found = [one for one in self._all() if isinstance(one, Entry)]
        return sorted(found, key=lambda entry: (entry.source, entry.symbol))

    def damaged(self) -> list[DamagedEntry]:
        """The series of which not even the JSON can be read; `read` tells of the values of the others."""
        return [one for one in self._all() if isinstance(one, DamagedEntry)]

    @contextmanager
    def lock(self, source: str, symbol: str, seconds: float) -> Iterator[None]:
        """Keep other processes and threads from writing a series.

        Raises:
            TimedOut: another holds it for longer than `seconds`.
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
        """Where the client of a source may keep files of its own."""
        return self._folder / folder_name(source) / ".client"

    def _place(self, source: str, symbol: str, ending: str) -> Path:
        return self._folder / folder_name(source) / f"{file_name(symbol)}{ending}"

    def _files(self, source: str, symbol: str) -> list[Path]:
        """All files of a series but its lock, the JSON first: without it the others are no entry."""
        there = self._place(source, symbol, "").parent.glob(f"{file_name(symbol)}.*")
        return sorted(
            (file for file in there if file.suffix != ".lock"), key=lambda file: (file.suffix != ".json", file)
        )

    def _all(self) -> Iterator[Entry | DamagedEntry]:
        """Every JSON's entry, or what is wrong with it."""
        for place in sorted(self._folder.glob("*/*.json")):
            named = unquote(place.parent.name), unquote(place.stem)
            try:
                found = _entry_at(place, *named)
            except DamagedEntry as damage:
                yield damage
                continue
            if found is not None and self._place(found.source, found.symbol, ".json") != place:
                yield damaged(*named, f"it is of {found.source} {found.symbol}")
            elif found is not None:
                yield found

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What the system refuses, in words."""
        try:
            yield
        except OSError as problem:
            raise DataUnavailableError(
                f"{self._folder}: the cache cannot be written ({problem.strerror or problem}). "
                "Hint: free the space, allow it, or set data.cache: another folder."
            ) from problem


def _put(place: Path, content: bytes) -> None:
    """A file with this content, in place in one step and on the disk."""
    temporary = place.with_name(f"{place.name}.part")  # of one writer, as the series is locked
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    except OSError:  # a full disk is not to be filled with what is of no use
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the renaming too
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _entry_at(place: Path, source: str, symbol: str) -> Entry | None:
    """What a JSON says; None where there is none.

    Raises:
        DamagedEntry: it is not what was written there.
    """
    try:
        return from_json(place.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise damaged(source, symbol, problem.strerror or "cannot be read") from problem
    except ValueError as problem:
        raise damaged(source, symbol, str(problem)) from problem
