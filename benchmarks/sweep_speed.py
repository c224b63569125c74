"""Time sweeps: 50 years of days and 6 assets, 5 windows x 5 estimators x 7 strategies x settings of the path.

    python benchmarks/sweep_speed.py [--small] [--rows 1000]

87,500 runs, or 8,400 with `--small`: five caps on gross exposure, five costs, five spreads and four kinds of bands, one
of them daily, with the ten headline numbers of each. Random rows, 20 by default, are compared with the same run by
`bt.run`, which shares nothing with the sweep.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import backtest as bt
from benchmarks.prepared_speed import write_daily

LEVERED = {"leverage": {"target_volatility": 0.1, "max_gross_exposure": 2.0}, "benchmark": None}
GRID: dict[str, list[Any]] = {
    "estimation.window": ["1Y", "2Y", "3Y", "4Y", "5Y"],
    "estimation.covariance": ["sample", "ewma", "ledoit_wolf", "oas", "denoised"],
    "strategy": [
        "erc",
        "inverse_volatility",
        "minimum_variance",
        "maximum_diversification",
        "hierarchical_risk_parity",
        "equal_weight",
        "inverse_variance",
    ],
    "leverage.max_gross_exposure": [1.0, 1.5, 2.0, 3.0, 4.0],
    "costs.trading_bps": [0, 5, 10, 20, 40],
    "financing.spread_bps": [0, 25, 50, 100, 200],
    "rebalance.bands": [
        None,
        {"absolute": 0.02},
        {"absolute": 0.05, "check": "daily"},
        {"relative": 0.25, "to": "edge", "check": "monthly"},
    ],
}
SMALL: dict[str, list[Any]] = {"leverage.max_gross_exposure": [1.5, 3.0], "costs.trading_bps": [0, 10]}
SEED = 7


def main() -> None:
    """Time one sweep, alone and with one worker, and compare some rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="8,400 runs")
    parser.add_argument("--rows", type=int, default=20, help="rows that are compared")
    given = parser.parse_args()
    grid = GRID | (SMALL | {"financing.spread_bps": [0, 50, 100]} if given.small else {})
    with tempfile.TemporaryDirectory() as folder:
        config = write_daily(Path(folder))
        bt.sweep(config, {"costs.trading_bps": [1, 2]}, LEVERED)  # compiled code is loaded
        found, seconds, cpu = timed(config, grid, None)
        report(f"{len(found):,} runs", seconds, cpu, len(found))
        part = GRID | {"estimation.window": ["3Y"], "estimation.covariance": ["sample"], "strategy": ["erc"]}
        for workers in (1, 2):
            some, seconds, cpu = timed(config, part, workers)
            report(f"{len(some):,} runs, {workers} worker{'s' * (workers > 1)}", seconds, cpu, len(some))
        check(found, given.rows)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def timed(config: Path, grid: dict[str, list[Any]], workers: int | None) -> tuple[Any, float, float]:
    """Return a sweep, its time and its time of the processor."""
    begin, cpu = time.perf_counter(), time.process_time()
    found = bt.sweep(config, grid, LEVERED, workers=workers)
    return found, time.perf_counter() - begin, time.process_time() - cpu


def report(what: str, seconds: float, cpu: float, runs: int) -> None:
    """Print one line."""
    print(f"{what:28}{seconds:8.1f} s {cpu:8.1f} s of the processor {1e6 * cpu / runs:8.0f} us a run")


def check(found: Any, rows: int) -> None:
    """Compare random rows with the headline numbers of the same runs, to the last bit."""
    for run in np.random.default_rng(SEED).choice(len(found), rows, replace=False):
        headline = bt.run(found.config, found.settings(int(run))).headline()
        row = found.frame.loc[int(run)]
        if any(row[name] != value for name, value in headline.items()):
            raise SystemExit(f"run {run} differs: {headline}")
    print(f"{rows:,} random rows equal their runs to the last bit")


if __name__ == "__main__":
    main()
