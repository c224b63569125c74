"""Series come from the cache if it is fresh, else from the source: what is requested, and what is kept."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from backtest.data.cache.store import Cache
from backtest.data.raw_series import RawSeries
from backtest.errors import (
    NoNetwork,
)
from support.patience import HANG
from support.web.synthetic_source import (
    Answering,
    SyntheticSource,
    aged,
    always,
    fetched,
    history,
    logged_warnings,
)


def test_fresh_series_are_not_requested(tmp_path: Path) -> None:
    source = SyntheticSource(5)
    for age, asked in ((timedelta(hours=23), 0), (timedelta(hours=25), 1)):
        aged(tmp_path, age)
        fetched(tmp_path, source, max_age=timedelta(days=1))
        assert len(source.asked) == asked


def test_only_the_tail_and_an_overlap_are_requested(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ten rows are fetched again; if they are equal the history is extended without a message."""
    fetched(tmp_path, SyntheticSource(5), "B")
    source = SyntheticSource(8)
    found = fetched(tmp_path, source, "B")
    assert source.asked == [("B", history("B", 5).values.index[-10].date())]
    assert found["B"].values.equals(history("B", 8).values)
    kept = Cache(tmp_path).read("synthetic", "B")
    assert kept is not None
    assert kept.values.equals(history("B", 8).values)
    assert logged_warnings(caplog) == []


def test_a_split_between_two_fetches_refetches_the_history_and_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All 20 values are halved: the message states how many, since when, and by how much."""
    fetched(tmp_path, SyntheticSource(0), "B")
    source = SyntheticSource(4)
    found = fetched(tmp_path, source, "B")
    assert [since is None for _, since in source.asked] == [False, True]
    assert found["B"].values.equals(history("B", 4).values)
    before, now = (history("B", day).values["close"].iloc[0] for day in (0, 4))
    assert before == 2 * now
    (line,) = logged_warnings(caplog)
    assert line == (
        "synthetic B: history has changed since it was fetched, so all of it is fetched again: different values on 19 "
        f"of 20 dates, from 2020-01-01 on; largest change: close on 2020-01-01, {before:g} before and {now:g} now"
    )


class Changed(SyntheticSource):
    """The synthetic history with a given change."""

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
    "a dividend reported late": (
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
    fetched(tmp_path, SyntheticSource(5))
    source = Changed(made)
    found = fetched(tmp_path, source)
    assert [since is None for _, since in source.asked] == [False, True]
    assert found["A"].values.equals(made(history("A", 8).values))
    (line,) = logged_warnings(caplog)
    assert line.partition("again: ")[2] == words


def test_a_refresh_requests_the_whole_history_once_per_run(tmp_path: Path) -> None:
    """The same start means the same run: its benchmark does not fetch again what the run has just fetched."""
    aged(tmp_path, timedelta(hours=1))
    source, started = SyntheticSource(0), datetime.now(UTC)
    for _ in range(2):
        fetched(tmp_path, source, refresh=True, started=started, max_age=timedelta(days=9))
    assert source.asked == [("A", None)]


def test_a_maximum_age_of_zero_requests_once_per_run(tmp_path: Path) -> None:
    source, started = SyntheticSource(0), datetime.now(UTC)
    for _ in range(2):
        fetched(tmp_path, source, started=started, max_age=timedelta(0))
    assert len(source.asked) == 1


def test_a_series_requested_twice_is_fetched_once(tmp_path: Path) -> None:
    source, told = SyntheticSource(0), list[tuple[str, int, int]]()
    found = fetched(tmp_path, source, "ABA", on_symbol=lambda *done: told.append(done))
    assert sorted(source.asked) == [("A", None), ("B", None)]
    assert set(found) == {"A", "B"}
    assert sorted(label for label, _, _ in told) == ["synthetic A", "synthetic B"]
    assert [done[1:] for done in told] == [(1, 2), (2, 2)]


def test_eight_threads_fetch_a_missing_series_once(tmp_path: Path) -> None:
    """The other threads find the series under the lock of the first, whose answer waits until all have begun."""
    begun = threading.Event()

    def wait(_: str) -> None:
        begun.wait(HANG)

    source = SyntheticSource(0, wait)
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
    source = SyntheticSource(0)
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


# Several fetches within a second, and a wrong clock


def test_each_refresh_requests_even_within_the_same_second(tmp_path: Path) -> None:
    """Times have microseconds: a refresh fetches whatever was fetched before its own run began."""
    source = SyntheticSource(5)
    for times in (1, 2, 3):
        fetched(tmp_path, source, refresh=True)
        assert source.asked == [("A", None)] * times


def test_an_entry_with_a_future_timestamp_is_requested_again(tmp_path: Path) -> None:
    """Otherwise a clock that was wrong for a day would keep old prices until that day."""
    aged(tmp_path, timedelta(days=-400))
    source = SyntheticSource(5)
    fetched(tmp_path, source, max_age=timedelta(days=1))
    assert len(source.asked) == 1


def test_a_run_and_its_benchmark_request_and_warn_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The source of a stale series fails: the benchmark uses the series of the run, bit for bit."""
    aged(tmp_path, timedelta(days=3))
    source, known = SyntheticSource(0, always(NoNetwork("synthetic A: not there"))), dict[tuple[str, str], RawSeries]()
    first, second = (fetched(tmp_path, source, known=known)["A"] for _ in range(2))
    assert first is second
    assert (len(source.asked), len(logged_warnings(caplog))) == (1, 1)


def test_files_of_the_same_name_in_two_folders_are_not_confused(tmp_path: Path) -> None:
    """Local files are not cached: their name in the cache does not include the folder."""
    known = dict[tuple[str, str], RawSeries]()
    found = []
    for day in (0, 5):
        source = SyntheticSource(day)
        source.cached = False
        found.append(fetched(tmp_path, source, known=known)["A"])
    assert len(found[0].values) != len(found[1].values)
