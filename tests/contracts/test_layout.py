"""Files and folders stay small, module names are unique, and test helpers are in `tests/support`."""

from collections import Counter, defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / "backtest").rglob("*.py"))
CODE = sorted(
    path
    for top in ("backtest", "strategies", "scripts", "benchmarks", "tests")
    for path in (REPOSITORY / top).rglob("*.py")
)
WIDEST_FOLDER = 15
MOST_IN_ROOT = 6
LONGEST_FILE = 350
TABLES_OF_CASES = {
    "tests/config/test_terms_errors.py": "one message for each mistake in the terms of a run",
}
"""Files that may be longer, with the reason: they are tables of cases around a few lines of code."""


def place(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_no_module_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path in FILES:
        if path.name != "__init__.py":
            places[path.stem].append(place(path))
    assert len(places) > 100
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


def test_no_folder_is_wide() -> None:
    counts = Counter(place(path.parent) for path in CODE)
    assert not {folder: count for folder, count in counts.items() if count > WIDEST_FOLDER}
    assert counts["backtest"] <= MOST_IN_ROOT


def test_no_file_is_long() -> None:
    """A file that is no longer long leaves the list of exceptions."""
    lengths = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    long = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert set(long) == set(TABLES_OF_CASES), long


def test_test_helpers_are_in_tests_support() -> None:
    """Other files below `tests/` are tests, fixtures in a `conftest.py`, or campaigns, which are programs."""
    tests = REPOSITORY / "tests"
    others = [path.relative_to(tests) for path in tests.rglob("*.py") if not path.name.startswith("test_")]
    assert len(others) > 10
    at_home = {"support", "campaigns"}
    loose = [str(path) for path in others if path.name != "conftest.py" and path.parts[0] not in at_home]
    assert not loose, f"not in tests/support: {', '.join(loose)}"
