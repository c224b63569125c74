"""Fetching: from the cache where it is fresh, else from the sources, in parallel and politely."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue

import numpy as np
import pandas as pd

from backtest.data.cache import Cache, DamagedEntry, Entry
from backtest.data.quotes import Quotes
from backtest.data.source import Source
from backtest.errors import (
    DataError,
    DataUnavailableError,
    NoDataInRange,
    RateLimited,
    SourceDown,
    TimedOut,
    UnknownSeries,
)

Key = tuple[str, str]

_log = logging.getLogger(__name__)

_WORKERS = 4  # requests under way at once: what public sources bear without complaint
_PAUSE = 0.2  # seconds between the starts of two requests to one source: five a second
_ATTEMPTS = 4
_LONGEST_ATTEMPT = 20.0  # seconds, so that one that hangs leaves room for another
_GRACE = 0.5  # seconds for a source that keeps to its time to say so itself
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
    """

    cache: Cache
    offline: bool = False
    refresh: bool = False
    max_age: timedelta = timedelta(days=1)
    seconds: float = 60.0
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    on_symbol: Callable[[str, int, int], None] = lambda *_: None
    sleep: Callable[[float], None] = time.sleep


def get(wanted: Sequence[Wanted], access: Access) -> dict[Key, Quotes]:
    """Every wanted series, each asked for once.

    Where a source fails and the cache has the series, of whatever age, the cache's is taken and a warning logged.

    Raises:
        DataError: one or more could not be had, a line each; `DataUnavailableError` if any failed for want of data.
    """
    unique = {(one.name, one.symbol): one for one in wanted}
    local = {key: one for key, one in unique.items() if not one.source.cached}
    found = {key: one.source.fetch(one.symbol, None, access.seconds) for key, one in local.items()}
    remote = {key: one for key, one in unique.items() if one.source.cached}
    deadline = time.monotonic() + access.seconds
    failures: dict[Key, DataError] = {}
    due = {}
    for key, one in remote.items():
        quotes = _fresh(one, access)
        if quotes is None:
            due[key] = one
        else:
            found[key] = quotes
    for done, (key, outcome) in enumerate(_in_parallel(due, access, deadline), 1):
        if isinstance(outcome, DataError):
            failures[key] = outcome
        else:
            found[key] = outcome
        access.on_symbol(" ".join(key), done, len(due))
    if failures:
        raise _together([failures[key] for key in due if key in failures])
    return found


def _fresh(one: Wanted, access: Access) -> Quotes | None:
    """The cache's series, if it is as new as it has to be."""
    try:
        entry = access.cache.entry(one.name, one.symbol)
        if entry is None or not _is_fresh(entry, access):
            return None
        return access.cache.read(one.name, one.symbol)
    except DamagedEntry:
        return None  # told of under the lock, where it is mended


def _is_fresh(entry: Entry, access: Access) -> bool:
    if access.refresh:
        return entry.fetched_at >= access.started.replace(microsecond=0)
    return entry.fetched_at > access.started - access.max_age


def _in_parallel(due: dict[Key, Wanted], access: Access, deadline: float) -> Iterator[tuple[Key, Quotes | DataError]]:
    """What came of each, as it is done. The threads are daemons, so that one that hangs holds nothing up."""
    waiting: SimpleQueue[Key] = SimpleQueue()
    done: SimpleQueue[tuple[Key, Quotes | Exception]] = SimpleQueue()
    paces = {name: _Pace(access.sleep) for name in {one.name for one in due.values()}}
    for key in due:
        waiting.put(key)

    def work() -> None:
        for key in iter(partial(_next, waiting), None):
            try:
                done.put((key, _current(due[key], access, deadline, paces[due[key].name])))
            except Exception as problem:  # noqa: BLE001 - raised again below, in the caller's thread
                done.put((key, problem))

    for _ in range(min(_WORKERS, len(due))):
        threading.Thread(target=work, daemon=True).start()
    left = dict(due)
    while left:
        try:
            key, outcome = done.get(timeout=max(deadline + _GRACE - time.monotonic(), 0.0))
        except Empty:
            break
        if isinstance(outcome, Exception) and not isinstance(outcome, DataError):
            raise outcome
        del left[key]
        yield key, outcome
    for key, one in left.items():
        late = TimedOut(f"{' '.join(key)}: no answer in {access.seconds:g} s. Hint: data.timeout: a longer time.")
        yield key, _kept_in_place(one, access, late)


def _next(waiting: "SimpleQueue[Key]") -> Key | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


def _kept_in_place(one: Wanted, access: Access, problem: DataError) -> Quotes | DataError:
    """What the cache has, of whatever age, where the source failed; else the failure."""
    try:
        kept = access.cache.read(one.name, one.symbol)
        entry = access.cache.entry(one.name, one.symbol)
    except DamagedEntry as damage:
        return damage
    if kept is None or entry is None:
        return problem
    _log.warning("%s Going on with %s", str(problem).partition(" Hint:")[0], _how_old(entry))
    return kept


def _current(one: Wanted, access: Access, deadline: float, pace: "_Pace") -> Quotes:
    """A series as its source has it now, and the cache after it."""
    if access.offline:
        return _offline(one, access)
    with access.cache.lock(one.name, one.symbol, deadline - time.monotonic()):
        try:
            entry, kept = access.cache.entry(one.name, one.symbol), access.cache.read(one.name, one.symbol)
        except DamagedEntry as damage:
            _log.warning("%s It is set aside and fetched anew.", str(damage).partition(" Hint:")[0])
            access.cache.set_aside(one.name, one.symbol)
            entry = kept = None
        if entry is not None and kept is not None and _is_fresh(entry, access):
            return kept  # another process has just fetched it
        try:
            ask = partial(_asked, one, access, deadline, pace)
            quotes = ask(None) if kept is None else _updated(kept, ask, anew=access.refresh)
        except (DataUnavailableError, UnknownSeries) as problem:
            found = _kept_in_place(one, access, problem)
            if isinstance(found, DataError):
                raise found from problem
            return found
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


def _how_old(entry: Entry) -> str:
    hours = (datetime.now(UTC) - entry.fetched_at).total_seconds() / 3600
    age = f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
    return f"values up to {entry.last}, fetched {age} ago."


def _asked(one: Wanted, access: Access, deadline: float, pace: "_Pace", since: date | None) -> Quotes:
    """An answer of the source that can be kept; asked again where that may help and time is left."""
    import tenacity

    def attempt() -> Quotes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{one.name} {one.symbol}: no time left of {access.seconds:g} s. Hint: data.timeout.")
        pace.wait()
        return _usable(one.source.fetch(one.symbol, since, min(left, _LONGEST_ATTEMPT)), one)

    backing_off = tenacity.wait_exponential_jitter(multiplier=0.5, max=10, jitter=0.5)

    def pause(state: tenacity.RetryCallState) -> float:
        problem = state.outcome.exception() if state.outcome else None
        return max(backing_off(state), problem.wait if isinstance(problem, RateLimited) else 0.0)

    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((SourceDown, RateLimited, TimedOut)),
        wait=pause,
        stop=lambda state: state.attempt_number >= _ATTEMPTS or time.monotonic() + state.upcoming_sleep >= deadline,
        sleep=access.sleep,
        reraise=True,
    )
    return again(attempt)


def _usable(quotes: Quotes, one: Wanted) -> Quotes:
    """The same, with an index as the cache gives it back.

    Raises:
        SourceDown: nothing in it, or dates that are none.
    """
    dates = quotes.values.index
    if not isinstance(dates, pd.DatetimeIndex) or dates.tz is not None:
        raise SourceDown(f"{one.name} {one.symbol}: answered with something else than local dates")
    if dates.empty:
        raise NoDataInRange(f"{one.name} {one.symbol}: answered without a single date")
    days = dates.normalize().as_unit("s").rename("date")
    if not days.is_monotonic_increasing or days.has_duplicates:
        raise SourceDown(f"{one.name} {one.symbol}: answered with dates that are not in order, or stand twice")
    return replace(quotes, values=quotes.values.astype(float).set_axis(days, axis=0), places=())


def _updated(kept: Quotes, ask: Callable[[date | None], Quotes], *, anew: bool) -> Quotes:
    """The kept history with what came after it; the whole fetched anew where the two do not agree."""
    if not anew:
        since = kept.values.index[-min(_OVERLAP, len(kept.values))]
        try:
            joined = _joined(kept, ask(since.date()), since)
        except NoDataInRange:
            return kept  # nothing new
        if joined is not None:
            return joined
    whole = ask(None)
    changes = _changes(kept, whole)
    if changes:
        _log.warning("%s: history changed since it was fetched: %s; it is fetched anew.", whole.label, changes)
    return whole


def _joined(kept: Quotes, tail: Quotes, since: pd.Timestamp) -> Quotes | None:
    """Kept rows and those after them; None where the two differ in a single bit of what they share."""
    old, new = kept.values, tail.values
    if tail.kind != kept.kind or list(new.columns) != list(old.columns) or new.index[0] > since:
        return None
    begin = max(new.index[0], old.index[0])
    shared, again = old.loc[begin:], new.loc[begin : old.index[-1]]
    if not shared.index.equals(again.index) or not np.array_equal(shared.to_numpy(), again.to_numpy(), equal_nan=True):
        return None
    return replace(tail, values=pd.concat([old.loc[old.index < new.index[0]], new]))


def _changes(kept: Quotes, whole: Quotes) -> str:
    """How much of what was kept is otherwise now, in words; empty where nothing is."""
    old, new = kept.values, whole.values
    if kept.kind != whole.kind or list(old.columns) != list(new.columns):
        return "its columns are others"
    shared = old.index.intersection(new.index)
    before, after = old.loc[shared].to_numpy(), new.loc[shared].to_numpy()
    differs = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    gone = len(old) - len(shared)
    words = [f"{gone:,} dates are gone"] if gone else []
    if differs.any():
        rows = differs.any(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.abs(after[:, 0] / before[:, 0] - 1)
        largest = float(np.nanmax(ratios, initial=0.0, where=np.isfinite(ratios)))
        words.append(
            f"{int(rows.sum()):,} of {len(shared):,} dates differ, from {shared[rows.argmax()]:%Y-%m-%d} on, "
            f"the {old.columns[0]} by up to {100 * largest:.2g} %"
        )
    return " and ".join(words)


def _together(failures: list[DataError]) -> DataError:
    text = "\n".join(str(failure) for failure in failures)
    if len(failures) == 1:
        return failures[0]
    unavailable = any(isinstance(failure, DataUnavailableError) for failure in failures)
    return DataUnavailableError(text) if unavailable else DataError(text)


class _Pace:
    """Keeps the starts of requests to one source apart, over all threads."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep, self._next, self._lock = sleep, 0.0, threading.Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + _PAUSE
        if begin > now:
            self._sleep(begin - now)
