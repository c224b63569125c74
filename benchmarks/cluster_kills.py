"""Sweep on a local Dask cluster whose workers are killed at random ten times: the table is the same.

PYTHONPATH=. python benchmarks/cluster_kills.py
"""

import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import pandas as pd

import backtest as bt
from benchmarks.prepared_speed import write_daily
from benchmarks.sweep_speed import GRID, LEVERED

KILLS, SEED = 10, 3
SMALL = {"estimation.window": ["3Y"], "costs.trading_bps": [0, 10], "financing.spread_bps": [0, 50]}


def main() -> None:
    """Run one sweep after another until all kills have happened, and compare each with an undisturbed one."""
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory() as folder:
        config, grid = write_daily(Path(folder)), GRID | SMALL
        undisturbed = bt.sweep(config, grid, LEVERED).frame
        with LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster:
            killed: list[int] = []
            killer = threading.Thread(target=kill, args=(cluster.scheduler_address, killed), daemon=True)
            killer.start()
            begin, sweeps = time.perf_counter(), 0
            while killer.is_alive():
                found = bt.sweep(config, grid, LEVERED, scheduler=cluster.scheduler_address)
                pd.testing.assert_frame_equal(undisturbed, found.frame, check_exact=True)
                sweeps += 1
        seconds = time.perf_counter() - begin
        what = f"{sweeps} sweeps of {len(undisturbed):,} runs, {seconds:.0f} s"
        print(f"{len(killed)} workers killed during {what}: the same table")


def kill(address: str, killed: list[int]) -> None:
    """Kill a worker every one to three seconds; its nanny starts another one."""
    from distributed import Client

    moments = random.Random(SEED)  # noqa: S311 - no secret
    with Client(address) as client:  # type: ignore[no-untyped-call]
        while len(killed) < KILLS:
            time.sleep(moments.uniform(1.0, 3.0))
            workers = client.run(os.getpid, on_error="ignore")
            if workers:
                killed.append(moments.choice(list(workers.values())))
                os.kill(killed[-1], signal.SIGKILL)


if __name__ == "__main__":
    main()
