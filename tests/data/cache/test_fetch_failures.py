"""Sources that fail: stale values are used and their age is logged, or each missing series has its line."""

from datetime import UTC, datetime, timedelta
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
from support.web.synthetic_source import (
    Answering,
    Failing,
    SyntheticSource,
    access,
    aged,
    always,
    fetched,
    history,
    logged_warnings,
    on_clock,
)

# Runs that continue without the source


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
    found = fetched(tmp_path, SyntheticSource(9, always(problem)))
    assert found["A"].values.equals(history("A", 0).values)
    assert logged_warnings(caplog) == ["no way. Continuing with values up to 2020-01-28, fetched 5 days ago."]
    entry = Cache(tmp_path).entry("synthetic", "A")
    assert entry is not None
    assert datetime.now(UTC) - entry.fetched_at > timedelta(days=5)  # the next fetch requests it again


def test_an_empty_answer_does_not_make_old_values_fresh(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Yahoo sends empty arrays on internal faults: cached dates must not count as current because of them."""
    aged(tmp_path, timedelta(days=5, minutes=1))
    source = Failing(NoDataInRange("nothing"), day=3)
    assert fetched(tmp_path, source)["A"].values.equals(history("A", 3).values)
    assert [since is None for _, since in source.asked] == [False, True]
    assert logged_warnings(caplog) == []


def test_offline_makes_no_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = SyntheticSource(9)
    aged(tmp_path, timedelta(hours=30, minutes=1))
    for limit in (2, 1):
        fetched(tmp_path, source, offline=True, max_age=timedelta(days=limit))
    assert logged_warnings(caplog) == ["synthetic A: offline, using values up to 2020-01-28, fetched 30 h ago."]
    with pytest.raises(
        DataUnavailableError, match=r"^synthetic B: not in the cache, and no source is asked when offline\. Hint:"
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
            DataUnavailableError, match=r"^synthetic A: damaged in the cache \(.*\)\. Hint: .*--refresh\.$"
        ):
            fetched(tmp_path, SyntheticSource(2), offline=True, max_age=timedelta(days=1))
        caplog.clear()
        assert fetched(tmp_path, SyntheticSource(2), max_age=timedelta(days=1))["A"].values.equals(
            history("A", 2).values
        )
        (line,) = logged_warnings(caplog)
        assert line.endswith("It is set aside and fetched again.")
        assert (tmp_path / "synthetic" / f"A{file.suffix}.damaged").read_bytes() == b"damaged"


def test_a_series_locked_by_another_process_uses_the_cached_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(tmp_path, timedelta(days=5, minutes=1))
    on_clock(monkeypatch)
    with Cache(tmp_path).lock("synthetic", "A", 1.0):
        fetched(tmp_path, SyntheticSource(9), seconds=0.2)
    assert logged_warnings(caplog)[0].startswith(
        "synthetic A: another process is still fetching it after 0 s. Continuing with values"
    )


def test_a_cache_that_cannot_be_written_still_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fresh entries cause no message, stale ones cause one; series never fetched share one line."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    aged(tmp_path, timedelta(hours=1))
    monkeypatch.setattr(Path, "mkdir", refuse)  # root, who may run these tests, can write anywhere
    source = SyntheticSource(9)
    assert fetched(tmp_path, source, max_age=timedelta(days=1))["A"].values.equals(history("A", 0).values)
    assert logged_warnings(caplog) == []
    fetched(tmp_path, source)
    assert (
        "the cache cannot be written (Permission denied). Continuing with values up to 2020-01-28"
        in logged_warnings(caplog)[0]
    )
    with pytest.raises(DataUnavailableError, match=r"cannot be written \(Permission denied\)\. Hint: ") as told:
        fetched(tmp_path, source, "BCD")
    assert str(told.value).count("\n") == 0


# Messages if no values are available


def test_each_failed_series_has_its_line_and_the_others_are_cached(tmp_path: Path) -> None:
    def fault(symbol: str) -> None:
        if symbol != "B":
            raise NoNetwork(f"{symbol}: no network")

    with pytest.raises(DataUnavailableError) as told:
        fetched(tmp_path, SyntheticSource(0, fault), "ABC")
    assert str(told.value) == "A: no network\nC: no network"
    assert Cache(tmp_path).entry("synthetic", "B") is not None


def test_the_exit_code_distinguishes_a_wrong_symbol_from_a_failed_source(tmp_path: Path) -> None:
    problems: dict[str, DataError] = {"A": UnknownSeries("A"), "B": UnknownSeries("B"), "C": SourceDown("C")}

    def fault(symbol: str) -> None:
        raise problems[symbol]

    for symbols, code in (("A", 2), ("AB", 2), ("C", 3), ("AC", 3)):
        with pytest.raises(DataError) as told:
            fetched(tmp_path, SyntheticSource(0, fault), symbols)
        assert told.value.exit_code == code, symbols


def test_a_bug_in_a_source_is_not_reported_as_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fetched(tmp_path, SyntheticSource(0, always(ZeroDivisionError())))


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
    with pytest.raises(DataUnavailableError, match=rf"^synthetic A: answered .*{words}$"):
        fetched(tmp_path, Answering(lambda _: RawSeries(frame, "wrong", "levels")))
    assert Cache(tmp_path).entries() == []


def test_every_failure_is_reported_whatever_its_kind(tmp_path: Path) -> None:
    """An impossible symbol and unknown symbols of a file and of the network get one line each, in order."""
    local = SyntheticSource(0, lambda symbol: always(UnknownSeries(f"no column {symbol}"))(symbol))
    local.cached = False
    remote = SyntheticSource(0, lambda symbol: always(UnknownSeries(f"synthetic {symbol}: unknown"))(symbol))
    wanted = [Request("file", "A", local), Request("synthetic", "\0", remote), Request("file", "B", local)]
    with pytest.raises(DataError) as caught:
        get([*wanted, Request("synthetic", "C", remote)], access(tmp_path))
    lines = str(caught.value).splitlines()
    assert [lines[i] for i in (0, 2, 3)] == ["no column A", "no column B", "synthetic C: unknown"]
    assert "cannot be the name of a series" in lines[1]
    with pytest.raises(UnknownSeries):
        get([Request("synthetic", "C", remote), Request("synthetic", "D", remote)], access(tmp_path))


def test_values_that_are_not_numbers_are_a_failure_of_the_source(tmp_path: Path) -> None:
    values = history("A", 0).values.astype(object)
    values.iloc[3, 0] = "n/a"
    with pytest.raises(SourceDown, match="synthetic A: answered with values that are not numbers"):
        fetched(tmp_path, Answering(lambda _: RawSeries(values, "text", "closes")))
