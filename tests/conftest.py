"""What all tests share: hypothesis without clock, chance or a database, no way out of this machine, skips in words."""

import os
from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, deadline=None, database=None)
settings.load_profile("same-everywhere")

# pytest-socket keeps Python's sockets to 127.0.0.1; curl has its own, which a proxy where nobody listens keeps in.
os.environ.update(dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"))


# What decides how wide and in which colours a terminal is written to; a test that wants some of it says so.
for _name in (
    "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS",
    "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERM", "COLORTERM", "MPLBACKEND", "MATPLOTLIBRC",
):  # fmt: skip
    os.environ.pop(_name, None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says at the end why tests were skipped, one line a reason."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in skipped.items():
        terminalreporter.write_line(f"{count} tests {reason[0].lower()}{reason[1:]}")
