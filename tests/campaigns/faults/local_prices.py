"""A local server of the bundled sample, one CSV for each series, in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pandas as pd

import backtest

_SERVER = """
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def serving() -> Iterator[str]:
    """Serve the bundled monthly series; yield the address of their folder, to which no proxy leads."""
    sample = Path(backtest.__file__).parent / "data" / "sample" / "monthly.csv"
    table = pd.read_csv(sample, index_col=0)
    with tempfile.TemporaryDirectory(prefix="prices-") as folder:
        for name in table:
            table[[name]].dropna().to_csv(Path(folder) / f"{name}.csv")
        with subprocess.Popen([sys.executable, "-c", _SERVER], cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                with patch.dict(os.environ, NO_PROXY="127.0.0.1"):
                    yield f"http://127.0.0.1:{server.stdout.readline().strip()}/"
            finally:
                server.kill()
