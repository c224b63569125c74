"""Names of cache files: different for different series, portable, and never outside the folder."""

import ntpath
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.cache.file_names import file_name, folder_name
from backtest.data.cache.store import Cache
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


# Characters that no file system in use treats specially in any position.
HARMLESS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-%~")


# Python 3.13 has its own function, and deprecates the older one.
is_reserved = getattr(ntpath, "isreserved", None) or (lambda name: PureWindowsPath(name).is_reserved())
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300) | st.sampled_from(ODD)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


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
