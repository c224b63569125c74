"""Asking one source: at its pace, again where that may help, and only for answers that can be kept."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pandas as pd

from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source
from backtest.errors import NoDataInRange, RateLimited, SourceDown, TimedOut

_PAUSE = 0.2  # seconds between the starts of two requests to one source: five a second
_ATTEMPTS = 4
_LONGEST_ATTEMPT = 20.0  # seconds, so that one that hangs leaves room for another


class Pace:
    """Keeps the starts of requests to one source apart, over all threads.

    Args:
        sleep: waits for some seconds.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self.sleep, self._next, self._held, self._lock = sleep, 0.0, 0.0, threading.Lock()

    def wait(self, label: str, deadline: float) -> None:
        """Sleep until it is this request's turn.

        Raises:
            RateLimited: the source asked for a pause that ends too late.
        """
        with self._lock:
            now = time.monotonic()
            if self._held >= deadline:
                wait = self._held - now
                raise RateLimited(
                    f"{label}: not asked, as its source wants a pause of {wait:.0f} s, longer than is left. "
                    "Hint: try again later, or data.timeout: a longer time.",
                    wait,
                )
            begin = max(now, self._next, self._held)
            self._next = begin + _PAUSE
        if begin > now:
            self.sleep(begin - now)

    def hold(self, seconds: float) -> None:
        """Let no request begin for a while, as the source asks for fewer."""
        with self._lock:
            self._held = max(self._held, time.monotonic() + seconds)


def ask(source: Source, symbol: str, label: str, since: date | None, *, deadline: float, pace: Pace) -> RawSeries:
    """An answer that can be kept; asked for again where that may help and time is left.

    `SourceDown`, `RateLimited` and `TimedOut` may be over in a moment. Others are told at once: without a network, or
    of a series that does not exist, the next answer is the same.

    Args:
        source: to ask.
        symbol: of the series.
        label: what messages call it.
        since: the first date wanted; all of the history where None.
        deadline: on the monotonic clock.
        pace: of this source.

    Raises:
        DataError: the last failure of the source.
    """
    import tenacity

    def attempt() -> RawSeries:
        pace.wait(label, deadline)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{label}: not asked, as no time is left. Hint: data.timeout: a longer time.")
        return _usable(source.fetch(symbol, since, min(left, _LONGEST_ATTEMPT)), label)

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


def _usable(quotes: RawSeries, label: str) -> RawSeries:
    """The same, with an index as the cache gives it back.

    Raises:
        SourceDown: dates that are none, or not in order.
        NoDataInRange: nothing in it.
    """
    dates = quotes.values.index
    if not isinstance(dates, pd.DatetimeIndex) or dates.tz is not None:
        raise SourceDown(f"{label}: answered with something else than local dates")
    if dates.empty:
        raise NoDataInRange(f"{label}: answered without a single date")
    days = dates.normalize().as_unit("s").rename("date")
    if (days != dates).any():
        raise SourceDown(f"{label}: answered with times of day; expected local dates alone")
    if not days.is_monotonic_increasing or days.has_duplicates:
        raise SourceDown(f"{label}: answered with dates that are not in order, or stand twice")
    try:
        numbers = quotes.values.astype(float)
    except (TypeError, ValueError) as problem:
        raise SourceDown(f"{label}: answered with values that are no numbers") from problem
    return replace(quotes, values=numbers.set_axis(days, axis=0), places=())
