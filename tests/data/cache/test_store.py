"""Store of cached series: values are restored bit for bit, or damage is reported."""

import errno
import hashlib
import json
import os
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.cache.entry import DamagedEntry, _checksum
from backtest.data.cache.store import Cache
from backtest.data.raw_series import Rate, RawSeries
from backtest.errors import DataError, DataUnavailableError, TimedOut
from support.web.synthetic_source import history

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def stored(folder: Path, symbol: str = "A", day: int = 0) -> Cache:
    cache = Cache(folder)
    cache.write("synthetic", symbol, history(symbol, day), NOW)
    return cache


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "a\nb", "\x7f", "\ud800"])
def test_impossible_names_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be the name of a series") as told:
        Cache(tmp_path).entry("synthetic", name)
    assert "\n" not in str(told.value)
    assert "\0" not in str(told.value)


# Values


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
    cache.write("synthetic", "A", RawSeries(frame, "synthetic A", "closes"), NOW)
    back = cache.read("synthetic", "A")
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
    assert cache.entry("synthetic", "B") is None
    assert cache.read("synthetic", "B") is None
    assert Cache(tmp_path / "none").entries() == []


# Damage


def flipped(content: bytes, place: int, bit: int = 0) -> bytes:
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def damages(content: bytes) -> list[bytes]:
    flips = [flipped(content, place, place % 8) for place in range(0, len(content), max(1, len(content) // 150))]
    cuts = [content[:length] for length in (0, 1, len(content) // 2, len(content) - 2)]
    return [*flips, *cuts, bytes(len(content)), b"null", b"[]", b'{"format": 1}', b"[" * 100_000, b"<html>", b"\xff"]


def test_no_damage_of_a_file_is_read_as_values(tmp_path: Path) -> None:
    """Files with flipped bits, cut, emptied or overwritten are reported, or read unchanged."""
    cache = stored(tmp_path)
    whole = cache.read("synthetic", "A")
    assert whole is not None
    told = 0
    for file in sorted((tmp_path / "synthetic").iterdir()):
        content = file.read_bytes()
        for damaged in damages(content):
            file.write_bytes(damaged)
            damage = _damage(cache)
            if damage is None:
                back = cache.read("synthetic", "A")
                assert back is not None
                assert _same(back, whole)  # only the layout of the JSON differs
                continue
            told += 1
            assert (damage.source, damage.symbol, damage.exit_code) == ("synthetic", "A", 3)
            assert "\n" not in str(damage)
            assert str(tmp_path) not in str(damage)
        file.write_bytes(content)
    assert told > 250


def _damage(cache: Cache) -> DamagedEntry | None:
    try:
        cache.read("synthetic", "A")
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
        cache.entry("synthetic", "A")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "prices"}, {"kind": "rate"}, {"kind": ["closes"]}, {"rate": {"quoted": "x"}}, {"rate": 5},
        {"label": None}, {"notes": "none"}, {"notes": 5}, {"facts": [1]}, {"columns": []}, {"columns": ["level"]},
        {"rows": "many"}, {"rows": 3}, {"first": 5}, {"first": "2000-01-01"}, {"last": ""}, {"bytes": None},
        {"fetched_at": "yesterday"}, {"fetched_at": None}, {"fetched_at": "2026-11-30T00:00:00"}, {"sha256": 5},
        {"file": "../../x.parquet"}, {"file": "/x"}, {"file": ""}, {"symbol": 5}, {"source": None}, {"format": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_json_edited_with_a_right_checksum_is_damaged(tmp_path: Path, change: dict[str, object]) -> None:
    """Wrong types, a naive time, a path out of the folder, or a description that does not fit the values."""
    cache = stored(tmp_path)
    (place,) = tmp_path.rglob("*.json")
    known = {**json.loads(place.read_text("utf-8")), **change}
    del known["checksum"]
    place.write_text(json.dumps({**known, "checksum": _checksum(known)}), "utf-8")
    with pytest.raises(DamagedEntry, match=r"^synthetic A: damaged in the cache \(.*\)\. Hint: fetch it again"):
        cache.read("synthetic", "A")
    assert isinstance(cache.entries(), list)


@pytest.mark.parametrize("missing", ["kind", "rate", "columns", "fetched_at", "file", "format"])
def test_a_json_without_a_key_is_damaged(tmp_path: Path, missing: str) -> None:
    cache = stored(tmp_path)
    (place,) = tmp_path.rglob("*.json")
    known = json.loads(place.read_text("utf-8"))
    del known["checksum"], known[missing]
    place.write_text(json.dumps({**known, "checksum": _checksum(known)}), "utf-8")
    with pytest.raises(DamagedEntry):
        cache.read("synthetic", "A")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"date,level\n"])
def test_other_values_with_a_right_checksum_are_damaged(tmp_path: Path, content: bytes) -> None:
    cache = stored(tmp_path)
    (place,), (values,) = tmp_path.rglob("*.json"), tmp_path.rglob("*.parquet")
    values.write_bytes(content)
    known = {**json.loads(place.read_text("utf-8")), "sha256": hashlib.sha256(content).hexdigest()}
    del known["checksum"]
    place.write_text(json.dumps({**known, "checksum": _checksum(known)}), "utf-8")
    with pytest.raises(DamagedEntry, match="its values"):
        cache.read("synthetic", "A")


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
            cache.read("synthetic", symbol)


def test_missing_values_files_are_reported(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    (place,) = tmp_path.rglob("*.parquet")
    place.unlink()
    with pytest.raises(DamagedEntry, match="synthetic A: damaged in the cache"):
        cache.read("synthetic", "A")


def test_a_damaged_series_hides_no_other(tmp_path: Path) -> None:
    """`entries` lists the readable series and `damaged` the others, each with the name for its removal."""
    cache = stored(tmp_path, "A")
    stored(tmp_path, "^B")
    stored(tmp_path, "C")
    for name, content in (("A", b"{"), ("%5EB", (tmp_path / "synthetic" / "C.json").read_bytes())):
        (tmp_path / "synthetic" / f"{name}.json").write_bytes(content)
    assert [entry.symbol for entry in cache.entries()] == ["C"]
    assert [(one.source, one.symbol) for one in cache.damaged()] == [("synthetic", "^B"), ("synthetic", "A")]
    for one in cache.damaged():
        cache.remove(one.source, one.symbol)
    assert not cache.damaged()
    assert cache.entry("synthetic", "A") is None
    assert {name for name in files(tmp_path) if "lock" not in name} == {
        name for name in files(tmp_path) if name.startswith("synthetic/C.")
    }


def test_files_set_aside_are_kept_once_and_never_read(tmp_path: Path) -> None:
    for damage in (b"{", b"}"):
        cache = stored(tmp_path)
        (tmp_path / "synthetic" / "A.json").write_bytes(damage)
        cache.set_aside("synthetic", "A")
        assert cache.entry("synthetic", "A") is None
        assert sorted(files(tmp_path)) == ["synthetic/A.json.damaged", "synthetic/A.parquet.damaged"]
    assert files(tmp_path)["synthetic/A.json.damaged"] == b"}"


# Readers, writers, locks


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
    back = cache.read("synthetic", "A")
    assert back is not None
    assert back.values.equals(history("A", 2).values)


def test_a_lock_covers_one_series_only(tmp_path: Path) -> None:
    with Cache(tmp_path).lock("synthetic", "A", 1.0):
        with (
            pytest.raises(TimedOut, match="synthetic A: another process is still fetching it"),
            Cache(tmp_path).lock("synthetic", "A", 0.0),
        ):
            pass
        with Cache(tmp_path).lock("synthetic", "B", 0.0), Cache(tmp_path).lock("other", "A", 0.0):
            pass
    with Cache(tmp_path).lock("synthetic", "A", 0.0):
        pass


@pytest.mark.parametrize(
    "write",
    [
        lambda cache: cache.write("synthetic", "A", history("A", 0), NOW),
        lambda cache: cache.lock("synthetic", "A", 1.0).__enter__(),
        lambda cache: cache.remove("synthetic", "A"),
    ],
)
def test_an_impossible_cache_folder_is_reported_in_one_line(write: Callable[[Cache], object], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Cache(tmp_path / "file")
    assert cache.read("synthetic", "A") is None
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
    cache.write("synthetic", "A", history("A", 0), NOW)
    before = sorted(file.name for file in (tmp_path / "synthetic").iterdir())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataUnavailableError, match=r"the cache cannot be written \(No space left on device\)"):
        cache.write("synthetic", "A", history("A", 5), NOW)
    monkeypatch.undo()
    assert sorted(file.name for file in (tmp_path / "synthetic").iterdir()) == before
    assert cache.read("synthetic", "A") is not None
