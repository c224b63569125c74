"""The cache after fetches that are split, reordered, killed or concurrent equals the cache after one clean fetch.

The source is synthetic: it gains a date a day, is rescaled by splits, and gains dividends. The processes are real, and
so is their death: SIGKILL before each call that changes a folder or a file, and in the middle of each write.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.cache.store import Cache
from support.web import cache_worker
from support.web.synthetic_source import history

ROOT = Path(__file__).parents[3]
Worker = Callable[[Path, list[dict[str, Any]]], list[int]]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """Run tasks concurrently, each in its own process; return how each ended."""
    command = [sys.executable, str(ROOT / "tests/support/web/cache_worker.py")]
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=path) as process:
        into, out = process.stdin, process.stdout
        assert into is not None
        assert out is not None

        def do(folder: Path, tasks: list[dict[str, Any]]) -> list[int]:
            print(json.dumps({"folder": str(folder), "tasks": tasks}), file=into, flush=True)
            ends: list[int] = json.loads(out.readline())
            return ends

        yield do
        into.close()


def task(symbols: str, day: int, step: int = 0, *, refresh: bool = False) -> dict[str, Any]:
    return {"symbols": list(symbols), "day": day, "step": step, "refresh": refresh}


def contents(folder: Path) -> dict[str, Any]:
    """Return every file; of a JSON file, its content without the fetch time and the checksum, which covers the time."""
    return {
        str(file.relative_to(folder)): _known(file) if file.suffix == ".json" else file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def _known(file: Path) -> dict[str, Any]:
    known = json.loads(file.read_text("utf-8"))
    return {name: value for name, value in known.items() if name not in ("fetched_at", "checksum")}


def clean(folder: Path, symbols: str, day: int) -> dict[str, Any]:
    cache_worker.fetch_into_cache(str(folder), list(symbols), day)
    return contents(folder)


def assert_whole(folder: Path, symbol: str, days: set[int | None]) -> None:
    """Assert that a reader finds the history of one of the days; None means no entry."""
    found = Cache(folder).read("synthetic", symbol)
    assert (None in days) if found is None else any(_is_of(found, symbol, day) for day in days if day is not None)


def _is_of(found: Any, symbol: str, day: int) -> bool:
    values: bool = found.values.equals(history(symbol, day).values)
    return values


SITUATIONS = {
    "cold": (None, "AB", 5),
    "new dates": (5, "A", 8),
    "a split": (0, "B", 4),
    "nothing new": (5, "A", 5),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_fetch_killed_at_any_step_leaves_the_old_or_the_new_entry_and_the_next_fetch_repairs_the_rest(
    situation: str, worker: Worker, tmp_path: Path
) -> None:
    before, symbols, day = SITUATIONS[situation]
    expected = clean(tmp_path / "clean", symbols, day)
    start = tmp_path / "start"
    start.mkdir()
    if before is not None:
        clean(start, symbols, before)
    step, ends = 0, [-signal.SIGKILL]
    while ends == [-signal.SIGKILL]:
        step += 1
        folder = tmp_path / str(step)
        shutil.copytree(start, folder)
        ends = worker(folder, [task(symbols, day, step)])
        for symbol in symbols:
            assert_whole(folder, symbol, {before, day})
        cache_worker.fetch_into_cache(str(folder), list(symbols), day)
        assert contents(folder) == expected, step
    assert ends == [0]
    assert step > 20 * len(symbols)  # otherwise the steps are not steps of the cache


def test_a_repair_killed_at_any_step_never_leaves_damaged_values_readable(worker: Worker, tmp_path: Path) -> None:
    """Files set aside stay next to the new entry, which is complete; damaged files are never read."""
    expected = clean(tmp_path / "clean", "A", 8)
    start = tmp_path / "start"
    clean(start, "A", 5)
    (values,) = start.rglob("*.parquet")
    values.write_bytes(b"damaged")
    step, ends = 0, [-signal.SIGKILL]
    while ends == [-signal.SIGKILL]:
        step += 1
        folder = tmp_path / str(step)
        shutil.copytree(start, folder)
        ends = worker(folder, [task("A", 8, step)])
        cache_worker.fetch_into_cache(str(folder), ["A"], 8)
        left = contents(folder)
        aside = {name for name in left if name.endswith(".damaged")}
        assert {name: left[name] for name in left if name not in aside} == expected, step
        assert left["synthetic/A.parquet.damaged"] == b"damaged"
    assert ends == [0]


tasks = st.builds(
    task,
    st.sampled_from(["A", "B", "C", "AB", "BA", "CAB", "ABC"]),
    st.integers(0, 20),
    st.just(0) | st.integers(1, 45),
    refresh=st.booleans(),
)


@given(st.lists(tasks, max_size=6))
@examples(max_examples=15)
def test_fetches_split_reordered_and_killed_end_as_one_clean_fetch(
    worker: Worker, tmp_path_factory: pytest.TempPathFactory, pieces: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    possible: dict[str, set[int | None]] = {symbol: {None} for symbol in "ABC"}
    for piece in pieces:
        worker(folder, [piece])
        for symbol in piece["symbols"]:
            possible[symbol].add(piece["day"])
        for symbol, days in possible.items():
            assert_whole(folder, symbol, days)
    worker(folder, [task("CBA", 20)])
    assert contents(folder) == clean(tmp_path_factory.mktemp("clean"), "ABC", 20)


@given(st.lists(tasks, min_size=8, max_size=8))
@examples(max_examples=5)
def test_eight_concurrent_processes_some_killed_end_as_one_clean_fetch(
    worker: Worker, tmp_path_factory: pytest.TempPathFactory, together: list[dict[str, Any]]
) -> None:
    """Each sees the source on a different day, so that they replace, extend and rescale each other's entries."""
    folder = tmp_path_factory.mktemp("together")
    assert set(worker(folder, together)) <= {0, -signal.SIGKILL}
    for symbol in "ABC":
        assert_whole(folder, symbol, {None, *(one["day"] for one in together if symbol in one["symbols"])})
    worker(folder, [task("ABC", 20)])
    assert contents(folder) == clean(tmp_path_factory.mktemp("clean"), "ABC", 20)


def test_a_killed_process_leaves_no_lock_behind(worker: Worker, tmp_path: Path) -> None:
    """The operating system releases it: the next fetch does not wait."""
    assert worker(tmp_path, [task("A", 5, 6)]) == [-signal.SIGKILL]
    assert list(tmp_path.rglob("*.lock"))
    with Cache(tmp_path).lock("synthetic", "A", 0.0):
        pass
