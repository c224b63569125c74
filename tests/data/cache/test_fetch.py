"""Series from the cache if it is fresh, else from the source: requests, cached values and messages."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.cache.fetch import Request, get
from backtest.data.cache.store import Cache
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
from support.web.synthetic_source import Answering, Failing, MadeUp, access, aged, always, fetched, history, on_clock


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# 1. What is asked for, and what is kept


def test_fresh_series_are_not_requested(tmp_path: Path) -> None:
    source = MadeUp(5)
    for age, asked in ((timedelta(hours=23), 0), (timedelta(hours=25), 1)):
        aged(tmp_path, age)
        fetched(tmp_path, source, max_age=timedelta(days=1))
        assert len(source.asked) == asked


def test_only_the_tail_and_an_overlap_are_requested(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ten rows are fetched again; if they are equal the history is extended without a message."""
    fetched(tmp_path, MadeUp(5), "B")
    source = MadeUp(8)
    found = fetched(tmp_path, source, "B")
    assert source.asked == [("B", history("B", 5).values.index[-10].date())]
    assert found["B"].values.equals(history("B", 8).values)
    kept = Cache(tmp_path).read("made-up", "B")
    assert kept is not None
    assert kept.values.equals(history("B", 8).values)
    assert said(caplog) == []


def test_a_split_between_two_fetches_refetches_the_history_and_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All 20 values are halved: the message states how many, since when, and by how much."""
    fetched(tmp_path, MadeUp(0), "B")
    source = MadeUp(4)
    found = fetched(tmp_path, source, "B")
    assert [since is None for _, since in source.asked] == [False, True]
    assert found["B"].values.equals(history("B", 4).values)
    before, now = (history("B", day).values["close"].iloc[0] for day in (0, 4))
    assert before == 2 * now
    (line,) = said(caplog)
    assert line == (
        "made up B: history has changed since it was fetched, so all of it is fetched again: different values on 19 "
        f"of 20 dates, from 2020-01-01 on; largest change: close on 2020-01-01, {before:g} before and {now:g} now"
    )


class Changed(MadeUp):
    """The history with a change of one's own."""

    def __init__(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        super().__init__(8)
        self._change = change

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - of the interface
        whole = history(symbol, 8)
        values = self._change(whole.values.copy())
        self.asked.append((symbol, since))
        values = values if since is None else values[values.index >= pd.Timestamp(since)]
        return RawSeries(values, whole.label, whole.kind)


CHANGES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a dividend told late": (
        lambda values: values.assign(dividends=values["dividends"].mask(values.index == values.index[20], 1.25)),
        (
            "different values on 1 of 25 dates, from 2020-01-29 on; "
            "largest change: dividends on 2020-01-29, 0 before and 1.25 now"
        ),
    ),
    "a close that was missing": (
        lambda values: values.assign(close=values["close"].fillna(7.5)),
        (
            "different values on 2 of 25 dates, from 2020-01-06 on; "
            "largest change: close on 2020-01-06, nan before and 7.5 now"
        ),
    ),
    "a date less": (lambda values: values.drop(values.index[20]), "dates removed: 1"),
    "a date more": (
        lambda values: pd.concat([values, values.iloc[[20]].shift(1, freq="3D")]).sort_index(),
        "dates inserted: 1",
    ),
    "a date that moved": (
        lambda values: values.rename(index={values.index[22]: values.index[22] + pd.Timedelta(days=1)}),
        "dates removed: 1; dates inserted: 1",
    ),
    "columns less": (lambda values: values[["close"]], "its kind has changed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_in_the_overlap_is_reported_in_numbers(
    change: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Afterwards the cache equals the cache of a clean fetch."""
    made, words = CHANGES[change]
    fetched(tmp_path, MadeUp(5))
    source = Changed(made)
    found = fetched(tmp_path, source)
    assert [since is None for _, since in source.asked] == [False, True]
    assert found["A"].values.equals(made(history("A", 8).values))
    (line,) = said(caplog)
    assert line.partition("again: ")[2] == words


def test_a_refresh_requests_the_whole_history_once_per_run(tmp_path: Path) -> None:
    """The same start means the same run: its benchmark does not fetch again what the run has just fetched."""
    aged(tmp_path, timedelta(hours=1))
    source, started = MadeUp(0), datetime.now(UTC)
    for _ in range(2):
        fetched(tmp_path, source, refresh=True, started=started, max_age=timedelta(days=9))
    assert source.asked == [("A", None)]


def test_a_maximum_age_of_zero_requests_once_per_run(tmp_path: Path) -> None:
    source, started = MadeUp(0), datetime.now(UTC)
    for _ in range(2):
        fetched(tmp_path, source, started=started, max_age=timedelta(0))
    assert len(source.asked) == 1


def test_a_series_requested_twice_is_fetched_once(tmp_path: Path) -> None:
    source, told = MadeUp(0), list[tuple[str, int, int]]()
    found = fetched(tmp_path, source, "ABA", on_symbol=lambda *done: told.append(done))
    assert sorted(source.asked) == [("A", None), ("B", None)]
    assert set(found) == {"A", "B"}
    assert sorted(label for label, _, _ in told) == ["made-up A", "made-up B"]
    assert [done[1:] for done in told] == [(1, 2), (2, 2)]


def test_eight_threads_fetch_a_missing_series_once(tmp_path: Path) -> None:
    """The others find the series of the first one under its lock. The first answer waits until all have begun."""
    begun = threading.Event()

    def wait(_: str) -> None:
        begun.wait(HANG)

    source = MadeUp(0, wait)
    runs = [
        threading.Thread(target=fetched, args=(tmp_path, source), kwargs={"max_age": timedelta(1)}) for _ in range(8)
    ]
    for run in runs:
        run.start()
    begun.set()
    for run in runs:
        run.join()
    assert source.asked == [("A", None)]


def test_local_files_are_read_again_and_not_cached(tmp_path: Path) -> None:
    source = MadeUp(0)
    source.cached = False
    for _ in range(2):
        fetched(tmp_path, source, max_age=timedelta(days=1), offline=True)
    assert source.asked == [("A", None)] * 2
    assert list(tmp_path.iterdir()) == []


def test_cached_values_equal_fetched_values(tmp_path: Path) -> None:
    """Byte-identical runs need this: the first run has fetched values, the second has cached ones."""
    values = history("A", 0).values
    finer = values.set_axis(pd.DatetimeIndex(values.index).as_unit("ns"), axis=0).astype({"splits": int})
    source = Answering(lambda _: RawSeries(finer, "finer", "closes", places=["1"] * len(finer)))
    online, offline = (fetched(tmp_path, source, offline=is_offline)["A"] for is_offline in (False, True))
    pd.testing.assert_frame_equal(online.values, offline.values, check_exact=True, check_freq=False)
    assert [pd.DatetimeIndex(one.values.index).unit for one in (online, offline)] == ["s", "s"]
    assert (list(online.places), list(offline.places)) == ([], [])


# 2. What goes on without the source


@pytest.mark.parametrize(
    "problem",
    [
        NoNetwork("no way. Hint: x"),
        SourceDown("no way"),
        TimedOut("no way."),
        RateLimited("no way", 1e6),
        NoDataInRange("no way"),
        UnknownSeries("no way. Hint: y"),
    ],
)
def test_a_stale_series_is_used_if_its_source_fails_and_its_age_is_logged(
    problem: Exception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    aged(tmp_path, timedelta(days=5, minutes=1))
    found = fetched(tmp_path, MadeUp(9, always(problem)))
    assert found["A"].values.equals(history("A", 0).values)
    assert said(caplog) == ["no way. Continuing with values up to 2020-01-28, fetched 5 days ago."]
    entry = Cache(tmp_path).entry("made-up", "A")
    assert entry is not None
    assert datetime.now(UTC) - entry.fetched_at > timedelta(days=5)  # it is asked for again next time


def test_an_empty_answer_does_not_make_old_values_fresh(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Yahoo sends empty arrays on internal faults: cached dates must not count as current because of them."""
    aged(tmp_path, timedelta(days=5, minutes=1))
    source = Failing(NoDataInRange("nothing"), day=3)
    assert fetched(tmp_path, source)["A"].values.equals(history("A", 3).values)
    assert [since is None for _, since in source.asked] == [False, True]
    assert said(caplog) == []


def test_offline_makes_no_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = MadeUp(9)
    aged(tmp_path, timedelta(hours=30, minutes=1))
    for limit in (2, 1):
        fetched(tmp_path, source, offline=True, max_age=timedelta(days=limit))
    assert said(caplog) == ["made up A: offline, using values up to 2020-01-28, fetched 30 h ago."]
    with pytest.raises(
        DataUnavailableError, match=r"^made-up B: not in the cache, and no source is asked when offline\. Hint:"
    ):
        fetched(tmp_path, source, "AB", offline=True)
    assert source.asked == []


def test_a_damaged_series_is_set_aside_and_fetched_again_or_reported_offline(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Damage to either of its files, although the entry is fresh."""
    for place in ("*.json", "*.parquet"):
        aged(tmp_path, timedelta(0))
        (file,) = tmp_path.rglob(place)
        file.write_bytes(b"damaged")
        with pytest.raises(
            DataUnavailableError, match=r"^made-up A: damaged in the cache \(.*\)\. Hint: .*--refresh\.$"
        ):
            fetched(tmp_path, MadeUp(2), offline=True, max_age=timedelta(days=1))
        caplog.clear()
        assert fetched(tmp_path, MadeUp(2), max_age=timedelta(days=1))["A"].values.equals(history("A", 2).values)
        (line,) = said(caplog)
        assert line.endswith("It is set aside and fetched again.")
        assert (tmp_path / "made-up" / f"A{file.suffix}.damaged").read_bytes() == b"damaged"


def test_a_series_locked_by_another_process_uses_the_cached_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(tmp_path, timedelta(days=5, minutes=1))
    on_clock(monkeypatch)
    with Cache(tmp_path).lock("made-up", "A", 1.0):
        fetched(tmp_path, MadeUp(9), seconds=0.2)
    assert said(caplog)[0].startswith(
        "made-up A: another process is still fetching it after 0 s. Continuing with values"
    )


def test_a_cache_that_cannot_be_written_still_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fresh entries cause no message, stale ones cause one; series never fetched share one line."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    aged(tmp_path, timedelta(hours=1))
    monkeypatch.setattr(Path, "mkdir", refuse)  # as root, who runs these tests at times, may write anywhere
    source = MadeUp(9)
    assert fetched(tmp_path, source, max_age=timedelta(days=1))["A"].values.equals(history("A", 0).values)
    assert said(caplog) == []
    fetched(tmp_path, source)
    assert "the cache cannot be written (Permission denied). Continuing with values up to 2020-01-28" in said(caplog)[0]
    with pytest.raises(DataUnavailableError, match=r"cannot be written \(Permission denied\)\. Hint: ") as told:
        fetched(tmp_path, source, "BCD")
    assert str(told.value).count("\n") == 0


# 3. What is told when nothing can be had


def test_each_failed_series_has_its_line_and_the_others_are_cached(tmp_path: Path) -> None:
    def fault(symbol: str) -> None:
        if symbol != "B":
            raise NoNetwork(f"{symbol}: no network")

    with pytest.raises(DataUnavailableError) as told:
        fetched(tmp_path, MadeUp(0, fault), "ABC")
    assert str(told.value) == "A: no network\nC: no network"
    assert Cache(tmp_path).entry("made-up", "B") is not None


def test_the_exit_code_distinguishes_a_wrong_symbol_from_a_failed_source(tmp_path: Path) -> None:
    problems: dict[str, DataError] = {"A": UnknownSeries("A"), "B": UnknownSeries("B"), "C": SourceDown("C")}

    def fault(symbol: str) -> None:
        raise problems[symbol]

    for symbols, code in (("A", 2), ("AB", 2), ("C", 3), ("AC", 3)):
        with pytest.raises(DataError) as told:
            fetched(tmp_path, MadeUp(0, fault), symbols)
        assert told.value.exit_code == code, symbols


def test_a_bug_in_a_source_is_not_reported_as_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fetched(tmp_path, MadeUp(0, always(ZeroDivisionError())))


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["2020-01-02", "2020-01-01"], "out of order or appear twice"),
        (["2020-01-01", "2020-01-01"], "out of order or appear twice"),
        ([], "out a single date"),
        ([1, 2], "an index other than local dates"),
        (["2020-01-01 16:00", "2020-01-02 16:00"], "times of day; expected local dates alone"),
    ],
)
def test_an_invalid_answer_is_a_failure_of_its_source(tmp_path: Path, dates: list[Any], words: str) -> None:
    index = pd.Index(dates) if dates[:1] == [1] else pd.DatetimeIndex(dates)
    frame = pd.DataFrame({"level": np.ones(len(index))}, index=index)
    with pytest.raises(DataUnavailableError, match=rf"^made-up A: answered .*{words}$"):
        fetched(tmp_path, Answering(lambda _: RawSeries(frame, "wrong", "levels")))
    assert Cache(tmp_path).entries() == []


# What a second within a second, a wrong clock and a mixture of faults may do


def test_each_refresh_requests_even_within_the_same_second(tmp_path: Path) -> None:
    """Times have microseconds: a refresh fetches whatever was fetched before its own run began."""
    source = MadeUp(5)
    for times in (1, 2, 3):
        fetched(tmp_path, source, refresh=True)
        assert source.asked == [("A", None)] * times


def test_an_entry_with_a_future_timestamp_is_requested_again(tmp_path: Path) -> None:
    """Otherwise a clock that was wrong for a day would keep old prices until that day."""
    aged(tmp_path, timedelta(days=-400))
    source = MadeUp(5)
    fetched(tmp_path, source, max_age=timedelta(days=1))
    assert len(source.asked) == 1


def test_a_run_and_its_benchmark_request_and_warn_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The source of a stale series fails: the benchmark uses the series of the run, bit for bit."""
    aged(tmp_path, timedelta(days=3))
    source, known = MadeUp(0, always(NoNetwork("made-up A: not there"))), dict[tuple[str, str], RawSeries]()
    first, second = (fetched(tmp_path, source, known=known)["A"] for _ in range(2))
    assert first is second
    assert (len(source.asked), len(said(caplog))) == (1, 1)


def test_files_of_the_same_name_in_two_folders_are_not_confused(tmp_path: Path) -> None:
    """Local files are not cached: their name in the cache does not include the folder."""
    known = dict[tuple[str, str], RawSeries]()
    found = []
    for day in (0, 5):
        source = MadeUp(day)
        source.cached = False
        found.append(fetched(tmp_path, source, known=known)["A"])
    assert len(found[0].values) != len(found[1].values)


def test_every_failure_is_reported_whatever_its_kind(tmp_path: Path) -> None:
    """An impossible symbol, and unknown ones of a file and of the network: one line each, in order."""
    local = MadeUp(0, lambda symbol: always(UnknownSeries(f"no column {symbol}"))(symbol))
    local.cached = False
    remote = MadeUp(0, lambda symbol: always(UnknownSeries(f"made-up {symbol}: unknown"))(symbol))
    wanted = [Request("file", "A", local), Request("made-up", "\0", remote), Request("file", "B", local)]
    with pytest.raises(DataError) as caught:
        get([*wanted, Request("made-up", "C", remote)], access(tmp_path))
    lines = str(caught.value).splitlines()
    assert [lines[i] for i in (0, 2, 3)] == ["no column A", "no column B", "made-up C: unknown"]
    assert "cannot be the name of a series" in lines[1]
    with pytest.raises(UnknownSeries):
        get([Request("made-up", "C", remote), Request("made-up", "D", remote)], access(tmp_path))


def test_values_that_are_not_numbers_are_a_failure_of_the_source(tmp_path: Path) -> None:
    values = history("A", 0).values.astype(object)
    values.iloc[3, 0] = "n/a"
    with pytest.raises(SourceDown, match="made-up A: answered with values that are not numbers"):
        fetched(tmp_path, Answering(lambda _: RawSeries(values, "text", "closes")))
