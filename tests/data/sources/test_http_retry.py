"""Requests to one source: retries, rate limit and time limit."""

import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from backtest.data.cache import fetch
from backtest.data.cache.fetch import Request, get
from backtest.data.raw_series import RawSeries
from backtest.errors import (
    DataError,
    DataUnavailableError,
    NoDataInRange,
    NoNetwork,
    RateLimited,
    SourceDown,
    TimedOut,
    UnknownSeries,
)
from support.patience import HANG
from support.web.synthetic_source import (
    Answering,
    Clock,
    Failing,
    SyntheticSource,
    access,
    aged,
    always,
    fetched,
    history,
    on_clock,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return on_clock(monkeypatch)


@pytest.mark.parametrize(
    ("problem", "asked"),
    [
        (SourceDown("x"), 4),
        (TimedOut("x"), 4),
        (RateLimited("x"), 4),
        (RateLimited("x", 7.0), 4),
        (RateLimited("x", 61.0), 1),
        (NoNetwork("x"), 1),
        (NoDataInRange("x"), 1),
        (UnknownSeries("x"), 1),
        (DataError("x"), 1),
        (DataUnavailableError("x"), 1),
    ],
)
def test_temporary_failures_are_retried(problem: DataError, asked: int, tmp_path: Path, clock: Clock) -> None:
    """Up to four attempts, unless the source asks for more time than is left: then it fails at once."""
    source = SyntheticSource(0, always(problem))
    with pytest.raises(type(problem), match=r"^x$"):
        fetched(tmp_path, source, seconds=60.0, sleep=clock.sleep)
    assert len(source.asked) == asked
    waited = clock.now - 1000.0
    if asked == 1:
        assert waited == 0.0
    elif isinstance(problem, RateLimited) and problem.wait:
        assert 21.0 <= waited < 23.0
    else:
        assert 0.5 + 1.0 + 2.0 <= waited < 0.5 + 1.0 + 2.0 + 3 * 0.5 + 0.1


def test_pauses_grow_and_the_first_answer_is_taken(tmp_path: Path, clock: Clock) -> None:
    source = Failing(SourceDown("1"), TimedOut("2"), RateLimited("3"))
    assert fetched(tmp_path, source, sleep=clock.sleep)["A"].values.equals(history("A", 0).values)
    assert len(clock.slept) == 3
    for pause, least in zip(clock.slept, (0.5, 1.0, 2.0), strict=True):
        assert least <= pause <= least + 0.5


def test_a_requested_pause_applies_to_all_series_of_the_source(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the pause is longer than the time left, the other series fail without a request."""
    monkeypatch.setattr(fetch, "_WORKERS", 1)
    source = SyntheticSource(0, always(RateLimited("A: slower", 61.0)))
    with pytest.raises(DataUnavailableError) as told:
        fetched(tmp_path, source, "ABC", seconds=60.0, sleep=clock.sleep)
    assert [symbol for symbol, _ in source.asked] == ["A"]
    first, *others = str(told.value).splitlines()
    assert first == "A: slower"
    assert [line.partition(": ")[0] for line in others] == ["synthetic B", "synthetic C"]
    assert all(
        "not requested, because the source asks for a pause of 61 s, longer than the time left" in line
        for line in others
    )


def test_requests_to_one_source_are_spaced_and_other_sources_do_not_wait(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_WORKERS", 1)
    began: list[float] = []
    source = SyntheticSource(0, lambda _: began.append(clock.now))
    fetched(tmp_path, source, "ABC", sleep=clock.sleep)
    assert np.allclose(np.diff(began), 0.2)
    clock.slept.clear()
    get([Request(name, "D", source) for name in ("one", "other")], access(tmp_path, sleep=clock.sleep))
    assert clock.slept == []


def test_a_hanging_source_takes_no_longer_than_the_time_limit(tmp_path: Path) -> None:
    """There are more requests than threads: one line for each, and the run continues with cached values.

    No hanging request has returned when the answer is there, so nothing waited for them.
    """
    end, back = threading.Event(), list[str]()
    aged(tmp_path, timedelta(days=5), "H")

    def hang(symbol: str) -> None:
        end.wait(HANG)
        back.append(symbol)

    with pytest.raises(DataUnavailableError) as told:
        fetched(tmp_path, SyntheticSource(0, hang), "ABCDEFGH", seconds=0.3)
    assert back == []
    end.set()
    lines = str(told.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"synthetic {symbol}" for symbol in "ABCDEFG"]
    reasons = {"no answer in 0.3 s", "not requested, because no time is left"}  # the second if a thread starts late
    assert {line.partition(": ")[2] for line in lines} <= {f"{why}. Hint: raise data.timeout." for why in reasons}


def test_an_attempt_gets_the_time_left_but_at_most_20_s(tmp_path: Path, clock: Clock) -> None:
    given: list[float] = []

    def slow(seconds: float) -> RawSeries:
        given.append(seconds)
        clock.now += seconds
        raise TimedOut("slow")

    with pytest.raises(TimedOut, match="slow"):
        fetched(tmp_path, Answering(slow), seconds=50.0, sleep=clock.sleep)
    assert given[:2] == [20.0, 20.0]
    assert 7.5 < given[2] < 9.0
    assert len(given) == 3
    assert clock.now <= 1050.0


def test_an_interrupt_stops_further_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C at most the requests under way are finished."""
    monkeypatch.setattr(fetch, "_WORKERS", 1)
    go_on = threading.Event()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def second_waits(symbol: str) -> None:
        if symbol != "A":
            go_on.wait(HANG)

    source = SyntheticSource(0, second_waits)
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        fetched(tmp_path, source, "ABCDEF", on_symbol=interrupt)
    go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(HANG)
        assert not thread.is_alive()
    assert {symbol for symbol, _ in source.asked} <= {"A", "B"}
