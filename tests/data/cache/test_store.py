"""The cache restores series bit for bit or reports damage; no name leads out of its folder."""

import errno
import hashlib
import json
import ntpath
import os
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path, PureWindowsPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.cache.entry import DamagedEntry
from backtest.data.cache.file_names import file_name, folder_name
from backtest.data.cache.store import Cache
from backtest.data.raw_series import Rate, RawSeries
from backtest.errors import DataError, DataUnavailableError, TimedOut
from support.web.synthetic_source import history

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ODD = [
    "../x",
    "/etc/x",
    "C:\\x",
    "CON",
    "nul",
    "COM1",
    "lpt9",
    "AUX.x",
    "BRK.B",
    "^IRX",
    "EURUSD=X",
    ".",
    "..",
    "~",
    "é",
]
# What no file system in use treats specially, whatever precedes or follows it.
HARMLESS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-%~")

# Python 3.13 has its own, and calls the older one deprecated.
is_reserved = getattr(ntpath, "isreserved", None) or (lambda name: PureWindowsPath(name).is_reserved())

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300) | st.sampled_from(ODD)


def stored(folder: Path, symbol: str = "A", day: int = 0) -> Cache:
    cache = Cache(folder)
    cache.write("made-up", symbol, history(symbol, day), NOW)
    return cache


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# 1. Names


@given(names, names)
@example("SPY", "spy")
@example("A/B", "A%2FB")
@example("x" * 300, "x" * 299 + "y")
def test_different_names_have_different_files_even_if_case_is_ignored(one: str, other: str) -> None:
    for named in (file_name, folder_name):
        assert (named(one).casefold() == named(other).casefold()) == (one == other)


@given(names)
@example("é" * 150)
def test_a_file_name_is_one_portable_path_component(name: str) -> None:
    """Only harmless characters, short enough for the longest ending, and never a device of Windows."""
    for named in (file_name(name), folder_name(name)):
        assert set(named) <= HARMLESS
        assert len(f"{named}.{'0' * 12}.parquet.part") <= 255
        assert not is_reserved(f"{named}.json")


@given(names, names)
@examples(max_examples=30)
def test_every_name_can_be_read_back_from_the_cache(
    tmp_path_factory: pytest.TempPathFactory, source: str, symbol: str
) -> None:
    """Files are written two levels deep inside the folder, and the entry states the exact names."""
    folder = tmp_path_factory.mktemp("names")
    cache = Cache(folder / "cache")
    with cache.lock(source, symbol, 1.0):
        entry = cache.write(source, symbol, history("A", 0), NOW)
    assert (entry.source, entry.symbol) == (source, symbol)
    assert cache.entries() == [entry]
    assert cache.read(source, symbol) is not None
    assert {len(Path(name).parts) for name in files(folder)} == {3}
    assert [place.name for place in folder.iterdir()] == ["cache"]


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "a\nb", "\x7f", "\ud800"])
def test_impossible_names_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be the name of a series") as told:
        Cache(tmp_path).entry("made-up", name)
    assert "\n" not in str(told.value)
    assert "\0" not in str(told.value)


# 2. Values


any_float = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])


@given(
    st.lists(any_float | st.sampled_from([-0.0, 5e-324, np.nan, np.inf, -np.inf]), min_size=1, max_size=30),
    st.sets(st.dates(date(1700, 1, 1), date(2200, 1, 1)), min_size=30, max_size=30),
)
@examples(max_examples=50)
def test_values_are_restored_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], days: set[date]
) -> None:
    """NaN with its payload, minus zero and the smallest numbers; the index with its unit and name."""
    index = pd.DatetimeIndex(sorted(days)[: len(values)], name="date").as_unit("s")
    frame = pd.DataFrame({"close": values, "splits": values[::-1]}, index=index)
    cache = Cache(tmp_path_factory.mktemp("values"))
    cache.write("made-up", "A", RawSeries(frame, "made up A", "closes"), NOW)
    back = cache.read("made-up", "A")
    assert back is not None
    assert back.values.to_numpy().view(np.uint64).tolist() == frame.to_numpy().view(np.uint64).tolist()
    pd.testing.assert_index_equal(back.values.index, index, exact=True)
    assert list(back.values) == ["close", "splits"]


def test_properties_of_a_series_are_restored(tmp_path: Path) -> None:
    cache, rate = Cache(tmp_path), Rate(quoted="discount", days=28)
    index = pd.DatetimeIndex(["2020-01-01", "2020-01-02"], name="date").as_unit("s")
    notes, facts = ("ein Wort", "二"), {"currency": "USD", "note": "ü\n"}
    quotes = RawSeries(pd.DataFrame({"rate": [0.01, np.nan]}, index=index), "l", "rate", rate, notes=notes, facts=facts)
    entry = cache.write("fred", "DTB4WK", quotes, NOW)
    back = cache.read("fred", "DTB4WK")
    assert back is not None
    assert (back.label, back.kind, back.rate, back.notes, back.facts) == ("l", "rate", rate, notes, facts)
    assert entry == cache.entry("fred", "DTB4WK")
    assert (entry.rows, entry.first, entry.last, entry.fetched_at) == (2, "2020-01-01", "2020-01-02", NOW)


def test_equal_values_give_equal_bytes_and_new_values_leave_no_old_files(tmp_path: Path) -> None:
    stored(tmp_path / "one")
    stored(tmp_path / "other", day=5)
    stored(tmp_path / "other")
    assert files(tmp_path / "one") == files(tmp_path / "other")
    assert len(files(tmp_path / "one")) == 2


def test_a_series_never_fetched_is_none(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    assert cache.entry("made-up", "B") is None
    assert cache.read("made-up", "B") is None
    assert Cache(tmp_path / "none").entries() == []


# 3. Damage


def flipped(content: bytes, place: int, bit: int = 0) -> bytes:
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def damages(content: bytes) -> list[bytes]:
    flips = [flipped(content, place, place % 8) for place in range(0, len(content), max(1, len(content) // 150))]
    cuts = [content[:length] for length in (0, 1, len(content) // 2, len(content) - 2)]
    return [*flips, *cuts, bytes(len(content)), b"null", b"[]", b'{"format": 1}', b"[" * 100_000, b"<html>", b"\xff"]


def test_no_damage_of_a_file_is_read_as_values(tmp_path: Path) -> None:
    """Files with flipped bits, cut, emptied or overwritten are reported, or read unchanged."""
    cache = stored(tmp_path)
    whole = cache.read("made-up", "A")
    assert whole is not None
    told = 0
    for file in sorted((tmp_path / "made-up").iterdir()):
        content = file.read_bytes()
        for damaged in damages(content):
            file.write_bytes(damaged)
            damage = _damage(cache)
            if damage is None:
                back = cache.read("made-up", "A")
                assert back is not None
                assert _same(back, whole)  # layout of JSON alone
                continue
            told += 1
            assert (damage.source, damage.symbol, damage.exit_code) == ("made-up", "A", 3)
            assert "\n" not in str(damage)
            assert str(tmp_path) not in str(damage)
        file.write_bytes(content)
    assert told > 250


def _damage(cache: Cache) -> DamagedEntry | None:
    try:
        cache.read("made-up", "A")
    except DamagedEntry as damage:
        return damage
    return None


def _same(one: RawSeries, other: RawSeries) -> bool:
    known = [(q.label, q.kind, q.rate, q.notes, dict(q.facts)) for q in (one, other)]
    return known[0] == known[1] and one.values.equals(other.values)


@pytest.mark.parametrize("change", [{"rate": {"quoted": "discount", "days": 92}}, {"kind": "levels"}, {"format": 2}])
def test_an_edited_json_is_damaged(tmp_path: Path, change: dict[str, object]) -> None:
    """The kind and the days of a rate determine prices too, so the JSON has its own checksum."""
    cache = stored(tmp_path)
    (place,) = tmp_path.rglob("*.json")
    place.write_text(json.dumps({**json.loads(place.read_text("utf-8")), **change}), "utf-8")
    with pytest.raises(DamagedEntry, match="its checksum does not match"):
        cache.entry("made-up", "A")


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_files_swapped_between_symbols_are_damaged(tmp_path: Path, ending: str) -> None:
    """Each file is intact, but would give the prices of another series."""
    cache = stored(tmp_path, "A")
    stored(tmp_path, "B")
    one, other = sorted(tmp_path.rglob(f"*.{ending}"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    for symbol in "AB":
        with pytest.raises(DamagedEntry):
            cache.read("made-up", symbol)


def test_missing_values_files_are_reported(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    (place,) = tmp_path.rglob("*.parquet")
    place.unlink()
    with pytest.raises(DamagedEntry, match="made-up A: damaged in the cache"):
        cache.read("made-up", "A")


def test_a_damaged_series_hides_no_other(tmp_path: Path) -> None:
    """`entries` lists the readable series and `damaged` the others, each with the name for its removal."""
    cache = stored(tmp_path, "A")
    stored(tmp_path, "^B")
    stored(tmp_path, "C")
    for name, content in (("A", b"{"), ("%5EB", (tmp_path / "made-up" / "C.json").read_bytes())):
        (tmp_path / "made-up" / f"{name}.json").write_bytes(content)
    assert [entry.symbol for entry in cache.entries()] == ["C"]
    assert [(one.source, one.symbol) for one in cache.damaged()] == [("made-up", "^B"), ("made-up", "A")]
    for one in cache.damaged():
        cache.remove(one.source, one.symbol)
    assert not cache.damaged()
    assert cache.entry("made-up", "A") is None
    assert {name for name in files(tmp_path) if "lock" not in name} == {
        name for name in files(tmp_path) if name.startswith("made-up/C.")
    }


def test_files_set_aside_are_kept_once_and_never_read(tmp_path: Path) -> None:
    for damage in (b"{", b"}"):
        cache = stored(tmp_path)
        (tmp_path / "made-up" / "A.json").write_bytes(damage)
        cache.set_aside("made-up", "A")
        assert cache.entry("made-up", "A") is None
        assert sorted(files(tmp_path)) == ["made-up/A.json.damaged", "made-up/A.parquet.damaged"]
    assert files(tmp_path)["made-up/A.json.damaged"] == b"}"


# 4. Readers, writers, locks


def test_a_reader_overtaken_by_a_writer_reads_the_new_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice in a row a writer replaces the files between the reading of the JSON and of its values."""
    cache, days = stored(tmp_path), iter([1, 2])
    entry = Cache.entry

    def slow(self: Cache, source: str, symbol: str) -> object:
        found = entry(self, source, symbol)
        for day in days:
            stored(tmp_path, day=day)
            break
        return found

    monkeypatch.setattr(Cache, "entry", slow)
    back = cache.read("made-up", "A")
    assert back is not None
    assert back.values.equals(history("A", 2).values)


def test_a_lock_covers_one_series_only(tmp_path: Path) -> None:
    with Cache(tmp_path).lock("made-up", "A", 1.0):
        with (
            pytest.raises(TimedOut, match="made-up A: another process is still fetching it"),
            Cache(tmp_path).lock("made-up", "A", 0.0),
        ):
            pass
        with Cache(tmp_path).lock("made-up", "B", 0.0), Cache(tmp_path).lock("other", "A", 0.0):
            pass
    with Cache(tmp_path).lock("made-up", "A", 0.0):
        pass


@pytest.mark.parametrize(
    "write",
    [
        lambda cache: cache.write("made-up", "A", history("A", 0), NOW),
        lambda cache: cache.lock("made-up", "A", 1.0).__enter__(),
        lambda cache: cache.remove("made-up", "A"),
    ],
)
def test_an_impossible_cache_folder_is_reported_in_one_line(write: Callable[[Cache], object], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Cache(tmp_path / "file")
    assert cache.read("made-up", "A") is None
    with pytest.raises(
        DataUnavailableError, match=r"the cache cannot be written \(\w+( \w+)*\)\. Hint: .*data.cache"
    ) as told:
        write(cache)
    assert "\n" not in str(told.value)


def test_the_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    """`sha256sum` can check it without this program."""
    stored(tmp_path)
    (place,) = tmp_path.rglob("*.parquet")
    (known,) = [json.loads(file.read_text("utf-8")) for file in tmp_path.rglob("*.json")]
    assert known["sha256"] == hashlib.sha256(place.read_bytes()).hexdigest()
    assert known["file"] == place.name


def test_a_full_disk_is_reported_in_one_line_and_keeps_the_old_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write leaves no file that takes up space."""
    cache = Cache(tmp_path)
    cache.write("made-up", "A", history("A", 0), NOW)
    before = sorted(file.name for file in (tmp_path / "made-up").iterdir())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataUnavailableError, match=r"the cache cannot be written \(No space left on device\)"):
        cache.write("made-up", "A", history("A", 5), NOW)
    monkeypatch.undo()
    assert sorted(file.name for file in (tmp_path / "made-up").iterdir()) == before
    assert cache.read("made-up", "A") is not None
