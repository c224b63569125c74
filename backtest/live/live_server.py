"""Start of the live page's server, on this machine alone, until it is stopped."""

import secrets
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from backtest.errors import ConfigError
from backtest.live.live_runs import NUMBERS, LiveRuns
from backtest.reporting.pages.live_page import render_live
from backtest.runs.prepared import Prepared

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"


def serve(prepared: Prepared, port: int, on_ready: Callable[[str], None], stop: threading.Event | None = None) -> None:
    """Serve the page until the process is interrupted, or asked to stop.

    Args:
        prepared: the configuration.
        port: port to listen on; 0 for any free one.
        on_ready: called with the address of the page, which has the token in it.
        stop: event that ends the server; without it only a signal does.

    Raises:
        ConfigError: the packages of the server are missing, or the port is taken.
    """
    try:
        import uvicorn

        from backtest.live.live_app import app_of
    except ImportError as problem:
        hint = "Hint: pip install 'risk-parity-backtester[live]'"
        raise ConfigError(f"live: the package {problem.name} is missing. {hint}") from problem
    runs, token = LiveRuns(prepared), secrets.token_urlsafe(16)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except (OSError, OverflowError) as problem:
            raise ConfigError(
                f"--port: {port} cannot be used ({problem}); expected a free port, or 0 for any"
            ) from problem
        listening.listen()  # a browser may come before the server runs
        number = listening.getsockname()[1]
        hosts = frozenset(f"{name}:{number}" for name in (HOST, "localhost"))
        result = prepared.run()
        page = render_live(result, runs.controls, NUMBERS, runs.path("page", 0, {}).result(), prepared.config.file.name)
        app = app_of(runs, token, hosts, lambda: page)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        if stop is not None:
            threading.Thread(target=_end, args=(server, stop), daemon=True).start()
        on_ready(f"http://{HOST}:{number}/{token}/")
        try:
            server.run(sockets=[listening])
        finally:
            runs.close()


def _end(server: "uvicorn.Server", stop: threading.Event) -> None:
    stop.wait()
    server.should_exit = True
