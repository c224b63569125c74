"""Local servers for every source, behind one proxy and one certificate, as a user's process reaches them.

The environment variables that curl and requests follow direct a child process, or this one, here. Only the hosts of
the sources are let through, and every other requested host is recorded.
"""

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

import trustme

from backtest.data.cache.store import Cache
from support.command_line import Answer, answer_of
from support.patience import HANG
from support.web.fake_yahoo import FakeYahoo

ROOT = Path(__file__).resolve().parents[3]
HOSTS = (
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
    "fc.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
    "fred.stlouisfed.org",
    "mba.tuck.dartmouth.edu",
)
_VARIABLES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"}
_KEPT = {"PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV"}  # of the developer's environment


class LocalServers:
    """A `FakeYahoo` that speaks TLS for every host of the sources, and the proxy that leads there.

    Args:
        folder: folder of the authority's certificate, which child processes use as their home.
    """

    def __init__(self, folder: Path) -> None:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS).configure_cert(context)
        context.set_alpn_protocols(["http/1.1"])  # all that the server speaks
        self._certificate, self._home = folder / "authority.pem", folder / "home"
        authority.cert_pem.write_to_path(str(self._certificate))
        self._home.mkdir()
        self.sources = FakeYahoo(context)
        self._proxy = _Proxy(self.sources.server_address[1])
        self._running = ExitStack()

    @property
    def proxy(self) -> str:
        """Address of the proxy."""
        return f"http://127.0.0.1:{self._proxy.server_address[1]}"

    @property
    def elsewhere(self) -> list[str]:
        """Return the requested hosts that are not sources."""
        return self._proxy.elsewhere

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that direct a process to these servers."""
        certificate = str(self._certificate)
        return {
            **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), self.proxy),
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), certificate),
        }

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a child process: directed here, without the developer's other variables."""
        kept = {name: value for name, value in os.environ.items() if name in _KEPT}
        return {**kept, **self.variables, "HOME": str(self._home), "PYTHONPATH": str(ROOT)}

    def start(self, *arguments: str | Path, cwd: Path, **variables: str) -> "subprocess.Popen[str]":
        """Start a command of the project in its own process, as a user would; `variables` replace some."""
        return subprocess.Popen(
            [sys.executable, "-m", "backtest", *map(str, arguments)],
            cwd=cwd,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> Answer:
        """Run a command of the project in its own process; return its output and exit code."""
        return finished(self.start(*arguments, cwd=cwd, **variables))

    def __enter__(self) -> Self:
        self._running.enter_context(self.sources)
        self._running.enter_context(self._proxy)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def finished(process: "subprocess.Popen[str]") -> Answer:
    """Return the output and exit code of a process; a process that does not end is killed."""
    try:
        out, err = process.communicate(timeout=HANG)
    finally:
        process.kill()
    return answer_of(process.returncode, out, err)


def lead(environment: Any, variables: Mapping[str, str]) -> None:
    """Direct this process by these variables and no others; `environment` is pytest's `MonkeyPatch`."""
    for name in [name for name in os.environ if name.lower() in _VARIABLES]:
        environment.delenv(name)
    for name, value in variables.items():
        environment.setenv(name, value)


class _Proxy(ThreadingHTTPServer):
    """Forwards CONNECT for the hosts of the sources to one port of this machine, and refuses all other hosts.

    Args:
        port: port of the sources.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = port
        self.elsewhere: list[str] = []

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: clients hang up at will."""


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        self.close_connection = True
        if self.path not in [f"{host}:443" for host in HOSTS]:
            self._refuse()
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as onward:
            self.send_response(200, "Connection established")
            self.end_headers()
            back = Thread(target=_hand_on, args=(onward, self.connection), daemon=True)
            back.start()
            _hand_on(self.connection, onward)
            back.join()

    def _refuse(self) -> None:
        self.server.elsewhere.append(f"{self.command} {self.path}")
        self.close_connection = True
        self.send_error(403)

    do_GET = do_HEAD = do_POST = _refuse  # noqa: N815 - the names in http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Print nothing."""


def _hand_on(one: socket.socket, other: socket.socket) -> None:
    """Forward bytes from one end to the other until one of them closes."""
    with suppress(OSError):
        while piece := one.recv(2**16):
            other.sendall(piece)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def files(folder: Path, *, but: Sequence[str] = ()) -> dict[str, bytes]:
    """Return all files under a folder by relative path, without files of the given names."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


def age(cache: Path, days: int) -> None:
    """Set the fetch time of cached series to some days ago."""
    stored = Cache(cache)
    for entry in stored.entries():
        quotes = stored.read(entry.source, entry.symbol)
        assert quotes is not None
        stored.write(entry.source, entry.symbol, quotes, datetime.now(UTC) - timedelta(days=days))
