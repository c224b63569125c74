"""Time from a request of the live page to its answer as JSON, in process: changes of spread and of window.

PYTHONPATH=. python benchmarks/data/live_speed.py
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import backtest as bt
from backtest.live.live_runs import LiveRuns
from benchmarks.run_speed import write_daily

CALLS = 40


def main() -> None:
    """Print the median time of each kind of change."""
    with tempfile.TemporaryDirectory() as place:
        for label, file in (("monthly", "configs/levered_erc.yaml"), ("daily", str(write_daily(Path(place))))):
            runs = LiveRuns(bt.prepare(file))
            spread = timed(runs, lambda k: {"financing.spread_bps": 10 + k})
            window = timed(runs, lambda k: {"estimation.window": 8 + k})
            print(f"{label}: spread {spread:.1f} ms, window {window:.1f} ms")
            runs.close()


def timed(runs: LiveRuns, settings: Callable[[int], dict[str, Any]]) -> float:
    """Return the median time of an answer, ms."""
    times = []
    for k in range(CALLS):
        begin = time.perf_counter()
        json.dumps(runs.path("tab", 0, settings(k)).result())
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main()
