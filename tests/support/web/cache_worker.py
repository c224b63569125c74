"""A program that fetches synthetic series into a cache and kills itself on the way, for test_cache_crashes.py.

It reads one JSON a line: a folder, and series to fetch in several processes at once; it answers with each exit. A
process dies by SIGKILL at its k-th step: before a call that changes a folder or a file, or in the middle of a write.
The processes are forked, so that the libraries are loaded once.
"""

import io
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from backtest.data.cache import fetch
from backtest.data.cache.fetch import Access, Request, get
from backtest.data.cache.store import Cache
from support.patience import HANG
from support.web.synthetic_source import SyntheticSource

NEVER_FRESH = timedelta(days=-1)


def fetch_into_cache(folder: str, symbols: list[str], day: int, *, refresh: bool = False) -> None:
    """Fetch the series of the synthetic source on a day into the cache."""
    access = Access(Cache(Path(folder)), refresh=refresh, max_age=NEVER_FRESH, seconds=HANG, sleep=lambda _: None)
    source = SyntheticSource(day)
    get([Request("synthetic", symbol, source) for symbol in symbols], access)


class Steps:
    """Counts the file operations of a process, and kills it at one of the steps."""

    def __init__(self, last: int) -> None:
        self._left = last

    def step(self) -> bool:
        """Return whether this is the last step."""
        self._left -= 1
        return self._left == 0

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that dies or makes the same call."""

        def counted(*given: Any, **named: Any) -> Any:
            if self.step():
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return counted

    def open(self, place: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
        """Open like `io.open`, with writers that may die in the middle."""
        return _Dying(place, self) if mode == "wb" else _open(place, mode, *given, **named)


class _Dying(io.BufferedWriter):
    def __init__(self, place: Any, steps: Steps) -> None:
        super().__init__(io.FileIO(place, "w"))
        self._steps = steps

    def write(self, content: Any) -> int:
        for cut in (0, 1, len(content) // 2, len(content) - 1):
            if self._steps.step():
                self.raw.write(content[:cut])
                os.kill(os.getpid(), signal.SIGKILL)
        return super().write(content)


_open = io.open


def _die_at(step: int) -> None:
    steps = Steps(step)
    for name in ("mkdir", "open", "replace", "unlink", "fsync"):
        setattr(os, name, steps.before(getattr(os, name)))
    io.open = steps.open  # type: ignore[assignment] # what pathlib opens files with


def _forked(folder: str, task: dict[str, Any]) -> int:
    """Return the id of a forked process that runs a task."""
    child = os.fork()
    if child:
        return child
    try:
        fetch._WORKERS = 1  # so that the steps of one process have one order
        if task["step"]:
            _die_at(task["step"])
        fetch_into_cache(folder, task["symbols"], task["day"], refresh=task.get("refresh", False))
    except BaseException:  # noqa: BLE001 - the child must not go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Carry out each line until the input ends."""
    import filelock  # noqa: F401 - loaded once
    import tenacity  # noqa: F401 - loaded once
    from pyarrow import parquet  # noqa: F401 - loaded once

    logging.disable()  # that history has changed is no news here
    for line in sys.stdin:
        work = json.loads(line)
        children = [_forked(work["folder"], task) for task in work["tasks"]]
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(ends), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
