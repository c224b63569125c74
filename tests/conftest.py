"""Settings of all tests: hypothesis without clock, chance or database, no network, and reasons for skipped tests."""

import gc
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, deadline=None, database=None)
settings.load_profile("same-everywhere")

gc.disable()  # until tests are collected: what imports leave stays, and looking for garbage takes a third of the time

# pytest-socket keeps Python's sockets to 127.0.0.1; curl uses its own sockets; an unreachable proxy blocks them.
os.environ.update(dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"))


# Variables that set the width and colours of terminal output, and folders; a test that needs one sets it.
for _name in (
    "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS",
    "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERM", "COLORTERM", "MPLBACKEND", "MATPLOTLIBRC",
    "BACKTEST_CACHE", "BACKTEST_REPORTS",
):  # fmt: skip
    os.environ.pop(_name, None)

os.environ["BACKTEST_TRIALS"] = "off"  # tests leave no trials in the ledger of this folder


_TESTS = Path(__file__).parent
NOT_TRACED = (
    "against_oracle",
    "against_peers",
    "analysis/attribution",
    "analysis/compare",
    "analysis/uncertainty",
    "browser",
    "campaigns",
    "cli/test_secrets.py",
    "config/test_mutated_configs.py",
    "contracts",
    "data/sources/test_mutated_files.py",
    "engine/test_accounting.py",
    "engine/test_identity.py",
    "estimation/test_estimator_invariance.py",
    "estimation/test_every_estimator.py",
    "reporting",
    "risk/test_stress.py",
    "runs",
    "strategies",
    "strategy/test_agenda.py",
)
"""Tests excluded from coverage: other tests cover the same lines, and tracing adds half of the time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that coverage does not trace."""
    places = {_TESTS / name for name in NOT_TRACED}
    assert all(place.exists() for place in places)
    not_traced = {path: not places.isdisjoint((path, *path.parents)) for path in {item.path for item in items}}
    for item in items:
        if not_traced[item.path]:
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Keep what collecting the tests has left in memory out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write reports without figures, which take most of a report's time: for tests of something else."""
    for render in ("run_figures.render_all", "comparison_figures.render_comparison"):
        monkeypatch.setattr(f"backtest.reporting.figures.{render}", lambda _: {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report at the end why tests were skipped, one line per reason."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in skipped.items():
        terminalreporter.write_line(f"{count} tests {reason[0].lower()}{reason[1:]}")
