"""Rate-limited requests to one source, with retries and validation of the answers."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pandas as pd

from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source
from backtest.errors import NoDataInRange, RateLimited, SourceDown, TimedOut
from backtest.redaction import redact

_PAUSE = 0.2  # seconds between the starts of two requests to one source: five a second
_ATTEMPTS = 4
_LONGEST_ATTEMPT = 20.0  # seconds, so that a hanging attempt leaves time for another


class Pace:
    """Rate limit of one source: spaces the starts of requests over all threads.

    Args:
        sleep: function that waits for a number of seconds.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self.sleep, self._next, self._held, self._lock = sleep, 0.0, 0.0, threading.Lock()

    def wait(self, label: str, deadline: float) -> None:
        """Sleep until it is this request's turn.

        Raises:
            RateLimited: the source asked for a pause that ends after the deadline.
        """
        with self._lock:
            now = time.monotonic()
            if self._held >= deadline:
                wait = self._held - now
                raise RateLimited(
                    f"{label}: not requested, because the source asks for a pause of {wait:.0f} s, longer than "
                    "the time left. Hint: try again later, or raise data.timeout.",
                    wait,
                )
            begin = max(now, self._next, self._held)
            self._next = begin + _PAUSE
        if begin > now:
            self.sleep(begin - now)

    def hold(self, seconds: float) -> None:
        """Delay all later requests, because the source asks for fewer."""
        with self._lock:
            self._held = max(self._held, time.monotonic() + seconds)


def ask(source: Source, symbol: str, label: str, since: date | None, *, deadline: float, pace: Pace) -> RawSeries:
    """Return a valid answer of a source; retry if that may help and time is left.

    `SourceDown`, `RateLimited` and `TimedOut` may be temporary. Other errors are raised at once: without a network, or
    for a series that does not exist, another attempt would fail too.

    Args:
        source: source of the series.
        symbol: symbol of the series.
        label: name of the series in messages.
        since: the first date needed; None for the whole history.
        deadline: latest time, on the monotonic clock.
        pace: rate limit of this source.

    Raises:
        DataError: the last failure of the source.
    """
    import tenacity

    def attempt() -> RawSeries:
        pace.wait(label, deadline)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{label}: not requested, because no time is left. Hint: raise data.timeout.")
        return validated(source.fetch(symbol, since, min(left, _LONGEST_ATTEMPT)), label)

    backing_off = tenacity.wait_exponential(multiplier=0.5, max=10) + tenacity.wait_random(0, 0.5)

    def pause(state: tenacity.RetryCallState) -> float:
        problem, seconds = state.outcome.exception() if state.outcome else None, backing_off(state)
        if isinstance(problem, RateLimited):
            seconds = max(seconds, problem.wait)
            pace.hold(seconds)
        return seconds

    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((SourceDown, RateLimited, TimedOut)),
        wait=pause,
        stop=lambda state: state.attempt_number >= _ATTEMPTS or time.monotonic() + state.upcoming_sleep >= deadline,
        sleep=pace.sleep,
        reraise=True,
    )
    return again(attempt)


def validated(raw: RawSeries, label: str) -> RawSeries:
    """Return the series with the same type of index as a cached series.

    Raises:
        SourceDown: the index does not hold dates, or is not in order.
        NoDataInRange: the series is empty.
    """
    dates = raw.values.index
    if not isinstance(dates, pd.DatetimeIndex) or dates.tz is not None:
        raise SourceDown(f"{label}: answered with an index other than local dates")
    if dates.empty:
        raise NoDataInRange(f"{label}: answered without a single date")
    days = dates.normalize().as_unit("s").rename("date")
    if (days != dates).any():
        raise SourceDown(f"{label}: answered with times of day; expected local dates alone")
    if not days.is_monotonic_increasing or days.has_duplicates:
        raise SourceDown(f"{label}: answered with dates that are out of order or appear twice")
    try:
        numbers = raw.values.astype(float)
    except (TypeError, ValueError) as problem:
        raise SourceDown(f"{label}: answered with values that are not numbers") from problem
    return replace(
        raw,
        values=numbers.set_axis(days, axis=0),
        label=redact(raw.label),
        places=(),
        notes=tuple(redact(note) for note in raw.notes),
        facts={name: redact(fact) for name, fact in raw.facts.items()},
    )
