"""Synthetic source: its history grows by a date a day, is rescaled by splits, and gains dividends."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.cache import fetch
from backtest.data.cache.fetch import Access, Request, get
from backtest.data.cache.store import Cache
from backtest.data.raw_series import RawSeries
from backtest.data.sources.network import http_retry
from backtest.data.sources.source import Source
from support.patience import HANG

STALE = timedelta(days=-1)  # an age that nothing has
_SPLITS = {"A": (14, 31), "B": (22,)}  # the days after which all earlier values are halved
_DIVIDENDS_EVERY = 7


def history(symbol: str, day: int) -> RawSeries:
    """Data of the source on a day: `20 + day` dates, in shares of the day of fetching."""
    count = 20 + day
    dates = pd.bdate_range("2020-01-01", periods=count, name="date").as_unit("s")
    steps = np.random.default_rng(sum(symbol.encode())).normal(0.0, 0.01, 500)
    close = 100 * np.cumprod(1 + steps)[:count]
    close[3::17] = np.nan
    paid = np.where(np.arange(count) % _DIVIDENDS_EVERY == 5, 0.25, 0.0)
    split = np.zeros(count)
    for after in _SPLITS.get(symbol, ()):
        if count > after:
            close[:after], paid[:after] = close[:after] / 2, paid[:after] / 2
            split[after] = 2.0
    values = pd.DataFrame({"close": close, "dividends": paid, "splits": split}, index=dates)
    return RawSeries(values, f"synthetic {symbol}", "closes", facts={"currency": "USD"}, notes=("synthetic",))


class SyntheticSource(Source):
    """Source that serves the history of a day, whole or from a date on.

    Args:
        day: day of the request.
        fault: called with the symbol before each answer; an error that it raises is the source's answer.
    """

    def __init__(self, day: int = 0, fault: Callable[[str], None] = lambda _: None) -> None:
        self.day, self._fault = day, fault
        self.asked: list[tuple[str, date | None]] = []

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - of the interface
        """The history that there is."""
        self.asked.append((symbol, since))
        self._fault(symbol)
        return tail(history(symbol, self.day), since)


def tail(quotes: RawSeries, since: date | None) -> RawSeries:
    """Return the series from a date on."""
    if since is None:
        return quotes
    return RawSeries(
        quotes.values[quotes.values.index >= pd.Timestamp(since)],
        quotes.label,
        quotes.kind,
        quotes.rate,
        notes=quotes.notes,
        facts=quotes.facts,
    )


class Clock:
    """Clock in place of `time`: only sleeping advances it, and sleeping takes no time."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def on_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put requests on a separate clock; waiting for an answer has no limit."""
    clock = Clock()
    monkeypatch.setattr(http_retry, "time", clock)
    monkeypatch.setattr(fetch, "time", clock)
    monkeypatch.setattr(fetch, "_GRACE", HANG)
    return clock


class Failing(SyntheticSource):
    """Source that raises its problems in turn, one per request, and then answers."""

    def __init__(self, *problems: Exception, day: int = 0) -> None:
        super().__init__(day, self._next)
        self._problems = list(problems)

    def _next(self, _: str) -> None:
        if self._problems:
            raise self._problems.pop(0)


class Answering(SyntheticSource):
    """Source that answers with the result of a function of the seconds that it is given."""

    def __init__(self, answer: Callable[[float], RawSeries]) -> None:
        super().__init__()
        self._answer = answer

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        self.asked.append((symbol, since))
        return self._answer(seconds)


def access(folder: Path, **changed: Any) -> Access:
    return Access(Cache(folder), **{"max_age": STALE, "seconds": HANG, "sleep": lambda _: None, **changed})


def fetched(folder: Path, source: Source, symbols: str = "A", **changed: Any) -> dict[str, RawSeries]:
    found = get([Request("synthetic", symbol, source) for symbol in symbols], access(folder, **changed))
    return {symbol: quotes for (_, symbol), quotes in found.items()}


def aged(folder: Path, age: timedelta, symbol: str = "A", day: int = 0) -> None:
    Cache(folder).write("synthetic", symbol, history(symbol, day), datetime.now(UTC) - age)


def always(problem: Exception) -> Callable[[str], None]:
    def fail(_: str) -> None:
        raise problem

    return fail


def logged_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
