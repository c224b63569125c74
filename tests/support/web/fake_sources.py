"""Local server that answers like FRED and Kenneth French's library, and fails on request."""

import socket
import ssl
import struct
import zipfile
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import chain, repeat
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PAGE = b"<!DOCTYPE html>\r\n<html><head><title>Welcome</title></head><body>Please log in.</body></html>\r\n"
FRENCH_FOLDER = "/pages/faculty/ken.french/ftp"


def fred_csv(symbol: str, rows: Mapping[str, str], date: str = "observation_date") -> str:
    """Return a download of FRED: the header, then a line a day, "" or "." for a day without a value."""
    return "".join(f"{day},{value}\n" for day, value in {date: symbol, **rows}.items())


def french_zip(dataset: str, text: str) -> bytes:
    """Return a download of the library: one CSV with Windows line ends, zipped."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{dataset}.csv", text.replace("\n", "\r\n").encode("latin-1"))
    return packed.getvalue()


class FakeWeb(ThreadingHTTPServer):
    """Serves `fred` (a CSV by id) and `french` (a zip by data set), by path alone, so that any host name may lead here.

    `fail` makes the next requests, or all of them, fail: 404, 429 (`headers` may hold Retry-After), 500 or any other
    status; `html`, `empty`, `truncated` (fewer bytes than announced), `truncated chunks`, `reset`, `hang`, `drip` (a
    byte at a time) and `drip head`. Requests that hang or drip do so until `release`, until the server ends or, if they
    drip, until the client ends: no answer ever arrives, however long a client waits.

    Args:
        ssl_context: context with which to speak TLS.
    """

    daemon_threads = True
    block_on_close = False  # a client that was given up on would hold the end
    request_queue_size = 64

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if ssl_context is not None:  # the handshake is for the handler's thread
            self.socket = ssl_context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.base = f"http{'s' if ssl_context else ''}://127.0.0.1:{self.server_address[1]}"
        self.fred: dict[str, str] = {}
        self.french: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.agents: list[str] = []
        self.released = Event()
        self._fault, self._headers, self._left = "", dict[str, str](), 0
        self._counting = Lock()

    @property
    def counts(self) -> Counter[str]:
        """Return the number of requests by path, without their queries."""
        return Counter(urlsplit(one).path for one in self.requests)

    def fail(self, fault: str, times: int = 1_000_000, headers: Mapping[str, str] | None = None) -> None:
        """Fail up to n times from now on, then answer again."""
        self._fault, self._left, self._headers = fault, times, dict(headers or {})

    def recover(self) -> None:
        """Answer again, including requests that were sent before and arrive late."""
        self._left = 0

    def release(self) -> None:
        """Break off answers that hang or drip."""
        self.released.set()

    def next_fault(self) -> tuple[str, dict[str, str]]:
        """Return the fault that the current request meets; "" for a normal answer."""
        with self._counting:
            if self._left <= 0:
                return "", {}
            self._left -= 1
            return self._fault, self._headers

    def content(self, target: str) -> bytes | None:
        """Return the content of a path; None if there is nothing."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/graph/fredgraph.csv" and query.get("id") in self.fred:
            header, *rows = self.fred[query["id"]].splitlines(keepends=True)
            return "".join([header, *(row for row in rows if row[:10] >= query.get("cosd", ""))]).encode()
        folder, _, file = parts.path.rpartition("/")
        if folder == FRENCH_FOLDER:
            return self.french.get(file.removesuffix("_CSV.zip"))
        return None

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: some tests are about clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeWeb
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        self.server.agents.append(self.headers.get("User-Agent", ""))
        self.close_connection = True
        fault, headers = self.server.next_fault()
        content = self.server.content(self.path)
        if fault.isdecimal() or (not fault and content is None):
            self._answer(int(fault or 404), PAGE, "text/html", headers)
        elif not fault:
            self._answer(200, content or b"", "application/octet-stream", headers)
        else:
            self._fail(fault, content or b"x" * 1000)

    def _fail(self, fault: str, content: bytes) -> None:
        half = content[: len(content) // 2]
        if fault == "html":
            self._answer(200, PAGE, "text/html", {})
        elif fault == "empty":
            self._answer(200, b"", "text/csv", {})
        elif fault == "truncated":
            self._answer(200, half, "text/csv", {"Content-Length": str(len(content))})
        elif fault == "truncated chunks":
            self._answer(200, b"%x\r\n%s" % (len(content), half), "text/csv", {"Transfer-Encoding": "chunked"})
        elif fault == "hang":
            self.server.released.wait()
        elif fault == "drip head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        elif fault == "drip":
            self._answer(200, b"", "text/csv", {"Content-Length": str(2**30)})
            self._drip(content)
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for end in (self.rfile, self.wfile, self.connection):
                end.close()
        else:
            raise AssertionError(fault)

    def _answer(self, status: int, content: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        all_headers = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close", **headers}
        if "Transfer-Encoding" in all_headers:
            del all_headers["Content-Length"]
        for name, value in all_headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _drip(self, content: bytes) -> None:
        for byte in chain(content, repeat(ord("x"))):
            self.wfile.write(bytes([byte]))
            if self.server.released.wait(0.02):
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Print nothing."""
