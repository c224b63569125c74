"""Series from the cache if it is fresh, else from their sources: in parallel, within a time limit."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue

import numpy as np
import pandas as pd

from backtest.data.cache.entry import DamagedEntry, Entry
from backtest.data.cache.store import Cache
from backtest.data.raw_series import RawSeries
from backtest.data.sources.network.http_retry import Pace, ask
from backtest.data.sources.source import Source
from backtest.errors import (
    DataError,
    DataUnavailableError,
    NoDataInRange,
    TimedOut,
    UnknownSeries,
)

Key = tuple[str, str]
"""Name of a source in the cache, and the symbol of a series at that source."""

_log = logging.getLogger(__name__)

_WORKERS = 4  # requests under way at once: public sources accept that many
_GRACE = 0.5  # seconds for a source that keeps to its time limit to report the timeout itself
_USE_CACHE_AFTER = (DataUnavailableError, UnknownSeries)  # failures after which a cached series is good enough
_OVERLAP = 10  # rows that are fetched again to detect changes of history


@dataclass(frozen=True)
class Request:
    """Request for a series: name of its source in the cache, its symbol there, and the source itself."""

    source_name: str
    symbol: str
    source: Source

    @property
    def key(self) -> Key:
        """Return the key of the series in the cache."""
        return self.source_name, self.symbol

    @property
    def label(self) -> str:
        """Return the name of the series in messages."""
        return f"{self.source_name} {self.symbol}"


@dataclass(frozen=True)
class Access:
    """Network access policy of a run.

    Args:
        cache: series fetched before.
        offline: make no requests, whatever the age of cached series.
        refresh: fetch the whole history again of series that were last fetched before `started`.
        max_age: age up to which a cached series is fresh.
        seconds: time limit of all requests together.
        started: start of the run.
        on_symbol: called after each series with its label, the number of series done and the total number.
        sleep: function that waits for a number of seconds; tests replace it.
        known: series fetched earlier in the run, shared with its benchmark, so that both have the same bits and nothing
            is requested twice.
    """

    cache: Cache
    offline: bool = False
    refresh: bool = False
    max_age: timedelta = timedelta(days=1)
    seconds: float = 60.0
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    on_symbol: Callable[[str, int, int], None] = lambda *_: None
    sleep: Callable[[float], None] = time.sleep
    known: dict[Key, RawSeries] = field(default_factory=dict)


def get(requests: Sequence[Request], access: Access) -> dict[Key, RawSeries]:
    """Return every requested series. See `try_each`.

    Raises:
        DataError: one or more series failed, one line each; `DataUnavailableError` if any of them is unavailable.
    """
    outcomes = try_each(requests, access)
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, DataError)]
    if failures:
        raise together(failures)
    return {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, RawSeries)}


def try_each(requests: Sequence[Request], access: Access) -> dict[Key, RawSeries | DataError]:
    """Return every requested series, each fetched at most once, or its failure, in the order of the requests.

    If a source fails and the cache has the series, however old, the cached series is used and a warning is logged.
    """
    unique = {request.key: request for request in requests}
    deadline = time.monotonic() + access.seconds
    outcomes: dict[Key, RawSeries | DataError] = {}
    due = {}
    for key, request in unique.items():
        try:
            raw = access.known.get(key) if request.source.cached else None
            raw = raw or _at_hand(request, access)
        except DataError as problem:
            outcomes[key] = problem
            continue
        if raw is None:
            due[key] = request
        else:
            outcomes[key] = raw
    for count, (key, outcome) in enumerate(_in_parallel(due, access, deadline), 1):
        outcomes[key] = _cached_instead(due[key], access, outcome) if isinstance(outcome, _USE_CACHE_AFTER) else outcome
        access.on_symbol(due[key].label, count, len(due))
    series = {key: raw for key, raw in outcomes.items() if isinstance(raw, RawSeries)}
    access.known.update({key: raw for key, raw in series.items() if unique[key].source.cached})
    return {key: outcomes[key] for key in unique}


def _at_hand(request: Request, access: Access) -> RawSeries | None:
    """Return the series of a file on this machine, or a cached series that is fresh."""
    if not request.source.cached:
        return request.source.fetch(request.symbol, None, access.seconds)
    try:
        entry = access.cache.entry(*request.key)
        if entry is None or not _is_fresh(entry, access):
            return None
        return access.cache.read(*request.key)
    except DamagedEntry:
        return None  # reported and repaired later, under the lock


def _is_fresh(entry: Entry, access: Access) -> bool:
    earliest = access.started if access.refresh else access.started - access.max_age
    return earliest <= entry.fetched_at <= datetime.now(UTC)  # a timestamp in the future means the clock was wrong


def _in_parallel(
    due: dict[Key, Request], access: Access, deadline: float
) -> Iterator[tuple[Key, RawSeries | DataError]]:
    """Yield the outcome of each request as it ends. The threads are daemons, so that a hanging one blocks nothing."""
    waiting: SimpleQueue[Key] = SimpleQueue()
    outcomes: SimpleQueue[tuple[Key, RawSeries | Exception]] = SimpleQueue()
    paces = {name: Pace(access.sleep) for name in {request.source_name for request in due.values()}}
    for key in due:
        waiting.put(key)

    def work() -> None:
        for key in iter(partial(_next, waiting), None):
            outcomes.put((key, _outcome(due[key], access, deadline, paces[due[key].source_name])))

    for _ in range(min(_WORKERS, len(due))):
        threading.Thread(target=work, daemon=True).start()
    left = dict(due)
    try:
        while left:
            key, outcome = outcomes.get(timeout=max(deadline + _GRACE - time.monotonic(), 0.0))
            if isinstance(outcome, Exception) and not isinstance(outcome, DataError):
                raise outcome
            del left[key]
            yield key, outcome
    except Empty:
        for key, request in left.items():
            late = f"{request.label}: no answer in {access.seconds:g} s. Hint: raise data.timeout."
            yield key, TimedOut(late)
    finally:
        deque(iter(partial(_next, waiting), None), 0)  # drop requests whose results are no longer needed


def _next(waiting: "SimpleQueue[Key]") -> Key | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


def _outcome(request: Request, access: Access, deadline: float, pace: Pace) -> RawSeries | Exception:
    try:
        return _current(request, access, deadline, pace)
    except DataError as problem:  # its causes, from the client, may show the whole address in a traceback
        problem.__cause__ = problem.__context__ = None
        return problem
    except Exception as problem:  # noqa: BLE001 - raised again in the caller's thread
        return problem


def _cached_instead(request: Request, access: Access, problem: DataError) -> RawSeries | DataError:
    """Return the cached series, however old, after a failure of its source; if it is not cached, return the failure."""
    try:
        cached = access.cache.read(*request.key)
        entry = access.cache.entry(*request.key)
    except DamagedEntry as damage:
        return damage
    if cached is None or entry is None:
        return problem
    _log.warning("%s Continuing with %s", _sentence(problem), _how_old(entry))
    return cached


def _current(request: Request, access: Access, deadline: float, pace: Pace) -> RawSeries:
    """Return a series as its source has it now, and store it in the cache."""
    if access.offline:
        return _offline(request, access)
    with access.cache.lock(*request.key, deadline - time.monotonic()):
        try:
            entry, cached = access.cache.entry(*request.key), access.cache.read(*request.key)
        except DamagedEntry as damage:
            _log.warning("%s It is set aside and fetched again.", _sentence(damage))
            access.cache.set_aside(*request.key)
            entry = cached = None
        if entry is not None and cached is not None and _is_fresh(entry, access):
            return cached  # another process has just fetched it
        fetch = partial(ask, request.source, request.symbol, request.label, deadline=deadline, pace=pace)
        raw = fetch(None) if cached is None else _updated(cached, fetch, refresh=access.refresh)
        access.cache.write(*request.key, raw, datetime.now(UTC))
        return raw


def _offline(request: Request, access: Access) -> RawSeries:
    cached, entry = access.cache.read(*request.key), access.cache.entry(*request.key)
    if cached is None or entry is None:
        raise DataUnavailableError(
            f"{request.label}: not in the cache, and no source is asked when offline. Hint: fetch it once while online."
        )
    if not _is_fresh(entry, replace(access, refresh=False)):
        _log.warning("%s: offline, using %s", entry.label, _how_old(entry))
    return cached


def _sentence(problem: DataError) -> str:
    return str(problem).partition(" Hint:")[0].rstrip(".") + "."


def _how_old(entry: Entry) -> str:
    return f"values up to {entry.last}, fetched {entry.age(datetime.now(UTC))}."


def _updated(cached: RawSeries, fetch: Callable[[date | None], RawSeries], *, refresh: bool) -> RawSeries:
    """Return the cached history with later rows appended; the whole history fetched again if the two disagree."""
    if not refresh:
        since = cached.values.index[-min(_OVERLAP, len(cached.values))]
        with suppress(NoDataInRange):  # no data on dates that the source had before: its history has changed
            joined = _joined(cached, fetch(since.date()), since)
            if joined is not None:
                return joined
    whole = fetch(None)
    changes = _changes(cached, whole)
    if changes:
        _log.warning(
            "%s: history has changed since it was fetched, so all of it is fetched again: %s", whole.label, changes
        )
    return whole


def _joined(cached: RawSeries, tail: RawSeries, since: pd.Timestamp) -> RawSeries | None:
    """Return cached rows and later ones; None if the two differ in a single bit of their shared rows."""
    old, new = cached.values, tail.values
    if (
        (tail.kind, tail.rate) != (cached.kind, cached.rate)
        or list(new.columns) != list(old.columns)
        or new.index[0] > since
    ):
        return None
    begin = max(new.index[0], old.index[0])
    shared, again = old.loc[begin:], new.loc[begin : old.index[-1]]
    if not shared.index.equals(again.index) or not np.array_equal(shared.to_numpy(), again.to_numpy(), equal_nan=True):
        return None
    return replace(tail, values=pd.concat([old.loc[old.index < new.index[0]], new]))


def _changes(cached: RawSeries, whole: RawSeries) -> str:
    """Return a description of the cached values that differ from the source now; empty if all agree."""
    old, new = cached.values, whole.values
    if (cached.kind, cached.rate) != (whole.kind, whole.rate) or list(old.columns) != list(new.columns):
        return "its kind has changed"
    shared = old.index.intersection(new.index)
    removed, added = len(old) - len(shared), int((new.index <= old.index[-1]).sum()) - len(shared)
    words = [f"dates removed: {removed:,}"] if removed else []
    words += [f"dates inserted: {added:,}"] if added else []
    before, after = old.loc[shared].to_numpy(), new.loc[shared].to_numpy()
    differs = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    if differs.any():
        rows = differs.any(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            sizes = np.where(differs, np.nan_to_num(np.abs(after / before - 1), nan=np.inf), -1.0)
        row, column = divmod(int(sizes.argmax()), sizes.shape[1])
        words.append(
            f"different values on {int(rows.sum()):,} of {len(shared):,} dates, from "
            f"{shared[rows.argmax()]:%Y-%m-%d} on; largest change: {old.columns[column]} on {shared[row]:%Y-%m-%d}, "
            f"{before[row, column]:g} before and {after[row, column]:g} now"
        )
    return "; ".join(words)


def together(failures: list[DataError]) -> DataError:
    """Return one error for all failures: of their class if they share it, unavailable if any of them is."""
    text = "\n".join(dict.fromkeys(str(failure) for failure in failures))  # a failure of the folder once
    if len(failures) == 1:
        return failures[0]
    if any(isinstance(failure, DataUnavailableError) for failure in failures):
        return DataUnavailableError(text)
    return UnknownSeries(text) if all(isinstance(failure, UnknownSeries) for failure in failures) else DataError(text)
