"""Fetching: from the cache where it is fresh, else from the sources, in parallel and politely."""

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

from backtest.data.cache.store import Cache, DamagedEntry, Entry
from backtest.data.quotes import Quotes
from backtest.data.sources.http_retry import Pace, ask
from backtest.data.sources.source import Source
from backtest.errors import (
    DataError,
    DataUnavailableError,
    NoDataInRange,
    TimedOut,
    UnknownSeries,
)

Key = tuple[str, str]

_log = logging.getLogger(__name__)

_WORKERS = 4  # requests under way at once: what public sources bear without complaint
_GRACE = 0.5  # seconds for a source that keeps to its time to say so itself
_MAY_GO_ON = (DataUnavailableError, UnknownSeries)  # with what the cache has
_OVERLAP = 10  # rows that are fetched again to see whether history has changed


@dataclass(frozen=True)
class Wanted:
    """A series to get: name of its source in the cache, its symbol there, and the source itself."""

    name: str
    symbol: str
    source: Source


@dataclass(frozen=True)
class Access:
    """How the world may be asked.

    Args:
        cache: what was fetched before.
        offline: ask no source, whatever the age.
        refresh: fetch the whole history anew of what was last fetched before `started`.
        max_age: how old an entry may be before its source is asked again.
        seconds: that all fetching may take.
        started: when the run began.
        on_symbol: told the label of each series that is done, how many are, and of how many.
        sleep: waits; another one in tests.
        known: what was got already, for a run and its benchmark to share: the same bits, and nothing asked twice.
    """

    cache: Cache
    offline: bool = False
    refresh: bool = False
    max_age: timedelta = timedelta(days=1)
    seconds: float = 60.0
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    on_symbol: Callable[[str, int, int], None] = lambda *_: None
    sleep: Callable[[float], None] = time.sleep
    known: dict[Key, Quotes] = field(default_factory=dict)


def get(wanted: Sequence[Wanted], access: Access) -> dict[Key, Quotes]:
    """Every wanted series, each asked for once.

    Where a source fails and the cache has the series, of whatever age, the cache's is taken and a warning logged.

    Raises:
        DataError: one or more could not be had, a line each; `DataUnavailableError` if any failed for want of data.
    """
    unique = {(one.name, one.symbol): one for one in wanted}
    deadline = time.monotonic() + access.seconds
    found: dict[Key, Quotes] = {}
    failures: dict[Key, DataError] = {}
    due = {}
    for key, one in unique.items():
        try:
            quotes = access.known.get(key) if one.source.cached else None
            quotes = quotes or _at_hand(one, access)
        except DataError as problem:
            failures[key] = problem
            continue
        if quotes is None:
            due[key] = one
        else:
            found[key] = quotes
    for done, (key, outcome) in enumerate(_in_parallel(due, access, deadline), 1):
        best = _kept_in_place(due[key], access, outcome) if isinstance(outcome, _MAY_GO_ON) else outcome
        if isinstance(best, DataError):
            failures[key] = best
        else:
            found[key] = best
        access.on_symbol(" ".join(key), done, len(due))
    if failures:
        raise _together([failures[key] for key in unique if key in failures])
    access.known.update({key: quotes for key, quotes in found.items() if unique[key].source.cached})
    return found


def _at_hand(one: Wanted, access: Access) -> Quotes | None:
    """The series of a file on this machine, or the cache's, if it is as new as it has to be."""
    if not one.source.cached:
        return one.source.fetch(one.symbol, None, access.seconds)
    try:
        entry = access.cache.entry(one.name, one.symbol)
        if entry is None or not _is_fresh(entry, access):
            return None
        return access.cache.read(one.name, one.symbol)
    except DamagedEntry:
        return None  # told of under the lock, where it is mended


def _is_fresh(entry: Entry, access: Access) -> bool:
    earliest = access.started if access.refresh else access.started - access.max_age
    return earliest <= entry.fetched_at <= datetime.now(UTC)  # one of the future is of a clock that was wrong


def _in_parallel(due: dict[Key, Wanted], access: Access, deadline: float) -> Iterator[tuple[Key, Quotes | DataError]]:
    """What came of each, as it is done. The threads are daemons, so that one that hangs holds nothing up."""
    waiting: SimpleQueue[Key] = SimpleQueue()
    done: SimpleQueue[tuple[Key, Quotes | Exception]] = SimpleQueue()
    paces = {name: Pace(access.sleep) for name in {one.name for one in due.values()}}
    for key in due:
        waiting.put(key)

    def work() -> None:
        for key in iter(partial(_next, waiting), None):
            done.put((key, _outcome(due[key], access, deadline, paces[due[key].name])))

    for _ in range(min(_WORKERS, len(due))):
        threading.Thread(target=work, daemon=True).start()
    left = dict(due)
    try:
        while left:
            key, outcome = done.get(timeout=max(deadline + _GRACE - time.monotonic(), 0.0))
            if isinstance(outcome, Exception) and not isinstance(outcome, DataError):
                raise outcome
            del left[key]
            yield key, outcome
    except Empty:
        for key in left:
            late = f"{' '.join(key)}: no answer in {access.seconds:g} s. Hint: data.timeout: a longer time."
            yield key, TimedOut(late)
    finally:
        deque(iter(partial(_next, waiting), None), 0)  # nobody waits for the rest any more


def _next(waiting: "SimpleQueue[Key]") -> Key | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


def _outcome(one: Wanted, access: Access, deadline: float, pace: Pace) -> Quotes | Exception:
    try:
        return _current(one, access, deadline, pace)
    except Exception as problem:  # noqa: BLE001 - raised again in the caller's thread
        return problem


def _kept_in_place(one: Wanted, access: Access, problem: DataError) -> Quotes | DataError:
    """What the cache has, of whatever age, where the source failed; else the failure."""
    try:
        kept = access.cache.read(one.name, one.symbol)
        entry = access.cache.entry(one.name, one.symbol)
    except DamagedEntry as damage:
        return damage
    if kept is None or entry is None:
        return problem
    _log.warning("%s Going on with %s", _sentence(problem), _how_old(entry))
    return kept


def _current(one: Wanted, access: Access, deadline: float, pace: Pace) -> Quotes:
    """A series as its source has it now, and the cache after it."""
    if access.offline:
        return _offline(one, access)
    with access.cache.lock(one.name, one.symbol, deadline - time.monotonic()):
        try:
            entry, kept = access.cache.entry(one.name, one.symbol), access.cache.read(one.name, one.symbol)
        except DamagedEntry as damage:
            _log.warning("%s It is set aside and fetched anew.", _sentence(damage))
            access.cache.set_aside(one.name, one.symbol)
            entry = kept = None
        if entry is not None and kept is not None and _is_fresh(entry, access):
            return kept  # another process has just fetched it
        label = f"{one.name} {one.symbol}"
        asked = partial(ask, one.source, one.symbol, label, deadline=deadline, pace=pace)
        quotes = asked(None) if kept is None else _updated(kept, asked, anew=access.refresh)
        access.cache.write(one.name, one.symbol, quotes, datetime.now(UTC))
        return quotes


def _offline(one: Wanted, access: Access) -> Quotes:
    kept, entry = access.cache.read(one.name, one.symbol), access.cache.entry(one.name, one.symbol)
    if kept is None or entry is None:
        raise DataUnavailableError(
            f"{one.name} {one.symbol}: not in the cache, and offline no source is asked. Hint: fetch it once, online."
        )
    if not _is_fresh(entry, replace(access, refresh=False)):
        _log.warning("%s: offline, with %s", entry.label, _how_old(entry))
    return kept


def _sentence(problem: DataError) -> str:
    return str(problem).partition(" Hint:")[0].rstrip(".") + "."


def _how_old(entry: Entry) -> str:
    return f"values up to {entry.last}, fetched {entry.age(datetime.now(UTC))}."


def _updated(kept: Quotes, asked: Callable[[date | None], Quotes], *, anew: bool) -> Quotes:
    """The kept history with what came after it; the whole fetched anew where the two do not agree."""
    if not anew:
        since = kept.values.index[-min(_OVERLAP, len(kept.values))]
        with suppress(NoDataInRange):  # of dates that it had: its history has changed
            joined = _joined(kept, asked(since.date()), since)
            if joined is not None:
                return joined
    whole = asked(None)
    changes = _changes(kept, whole)
    if changes:
        _log.warning("%s: history has changed since it was fetched, and is fetched anew: %s", whole.label, changes)
    return whole


def _joined(kept: Quotes, tail: Quotes, since: pd.Timestamp) -> Quotes | None:
    """Kept rows and those after them; None where the two differ in a single bit of what they share."""
    old, new = kept.values, tail.values
    if (
        (tail.kind, tail.rate) != (kept.kind, kept.rate)
        or list(new.columns) != list(old.columns)
        or new.index[0] > since
    ):
        return None
    begin = max(new.index[0], old.index[0])
    shared, again = old.loc[begin:], new.loc[begin : old.index[-1]]
    if not shared.index.equals(again.index) or not np.array_equal(shared.to_numpy(), again.to_numpy(), equal_nan=True):
        return None
    return replace(tail, values=pd.concat([old.loc[old.index < new.index[0]], new]))


def _changes(kept: Quotes, whole: Quotes) -> str:
    """How much of what was kept is otherwise now, in words; empty where nothing is."""
    old, new = kept.values, whole.values
    if (kept.kind, kept.rate) != (whole.kind, whole.rate) or list(old.columns) != list(new.columns):
        return "it is of another kind"
    shared = old.index.intersection(new.index)
    gone, come = len(old) - len(shared), int((new.index <= old.index[-1]).sum()) - len(shared)
    words = [f"dates that are gone: {gone:,}"] if gone else []
    words += [f"dates that are new among the old: {come:,}"] if come else []
    before, after = old.loc[shared].to_numpy(), new.loc[shared].to_numpy()
    differs = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    if differs.any():
        rows = differs.any(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            sizes = np.where(differs, np.nan_to_num(np.abs(after / before - 1), nan=np.inf), -1.0)
        row, column = divmod(int(sizes.argmax()), sizes.shape[1])
        words.append(
            f"other values on {int(rows.sum()):,} of {len(shared):,} dates, from {shared[rows.argmax()]:%Y-%m-%d} on, "
            f"most of all {old.columns[column]} of {shared[row]:%Y-%m-%d}, {before[row, column]:g} before and "
            f"{after[row, column]:g} now"
        )
    return "; ".join(words)


def _together(failures: list[DataError]) -> DataError:
    """One error for all: of their class where they share it, else of what may be had another time."""
    text = "\n".join(dict.fromkeys(str(failure) for failure in failures))  # that of the folder once
    if len(failures) == 1:
        return failures[0]
    if any(isinstance(failure, DataUnavailableError) for failure in failures):
        return DataUnavailableError(text)
    return UnknownSeries(text) if all(isinstance(failure, UnknownSeries) for failure in failures) else DataError(text)
