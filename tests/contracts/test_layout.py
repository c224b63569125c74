"""Folders stay small, module names are unique, and test helpers are in `tests/support`."""

from collections import Counter, defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / "backtest").rglob("*.py"))
WIDEST_FOLDER = 15
MOST_IN_ROOT = 6


def test_no_module_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path in FILES:
        if path.name != "__init__.py":
            places[path.stem].append(str(path.relative_to(REPOSITORY)))
    assert len(places) > 100
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


def test_no_folder_is_wide() -> None:
    counts = Counter(str(path.parent.relative_to(REPOSITORY)) for path in FILES)
    assert not {folder: count for folder, count in counts.items() if count > WIDEST_FOLDER}
    assert counts["backtest"] <= MOST_IN_ROOT


def test_test_helpers_are_in_tests_support() -> None:
    """Other files below `tests/` are tests, or fixtures in a `conftest.py`."""
    tests = REPOSITORY / "tests"
    others = [path.relative_to(tests) for path in tests.rglob("*.py") if not path.name.startswith("test_")]
    assert len(others) > 10
    loose = [str(path) for path in others if path.name != "conftest.py" and path.parts[0] != "support"]
    assert not loose, f"not in tests/support: {', '.join(loose)}"
