"""Fixtures of runs on live sources: the real clients, directed to local servers by the environment alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backtest.data.sources.network import http_retry
from support.patience import HANG
from support.web.live_runs import stock
from support.web.local_servers import LocalServers, lead
from support.web.synthetic_source import on_clock


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServers]:
    with LocalServers(tmp_path_factory.mktemp("servers")) as running:
        stock(running.sources)
        yield running
        assert running.elsewhere == [], "only the sources are ever requested"


@pytest.fixture
def here(servers: LocalServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, with this process directed to the local servers: for tests that need no child process."""
    lead(monkeypatch, servers.variables)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Request series without the pauses that spare public sources."""
    monkeypatch.setattr(http_retry, "_PAUSE", 0.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable retries, which other tests cover; the first attempt has all of the time, however late it begins."""
    monkeypatch.setattr(http_retry, "_ATTEMPTS", 1)
    monkeypatch.setattr(http_retry, "_LONGEST_ATTEMPT", HANG)
    on_clock(monkeypatch)
