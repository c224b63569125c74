"""Time a whole `bt.run` in process: 50 years of daily data, monthly ERC, costs and financing on.

    python benchmarks/bt_run_speed.py

From the path of a configuration to the result, the prices read from a file each time: 6 assets from CSV and from
Parquet (bound: 50 ms after the first call), 500 from Parquet (bounds: 1.5 s, and 1 GB for the whole process). Each
runs in a process of its own, whose first call loads what is compiled. Best and median of further calls are printed.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

DAYS, SEED = 12_600, 7
JOBS = {("csv", 6): (20, 0.05), ("parquet", 6): (20, 0.05), ("parquet", 500): (6, 1.5)}
"""Source and number of assets: further calls, and the bound on their median in seconds."""

CONFIG = """
name: fifty_years
data: {{source: {source}, path: {path}, assets: [{assets}], cash: cash}}
estimation: {{window: 3Y}}
strategy: {{name: erc}}
costs: {{trading_bps: 10}}
financing: {{spread_bps: 50}}
"""


def main() -> None:
    """Write the data, and time each job."""
    if len(sys.argv) > 1:
        time_one(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for (source, count), (calls, bound) in JOBS.items():
            config = write(Path(folder), source, count)
            print(f"{DAYS:,} days x {count} assets, {source}:", flush=True)
            subprocess.run([sys.executable, __file__, str(config), str(calls), str(bound)], check=True)


def write(folder: Path, source: str, count: int) -> Path:
    """A configuration on random assets that share a market, and cash."""
    draws = np.random.default_rng(SEED)
    shocks = draws.normal(size=(DAYS, count)) + draws.normal(size=(DAYS, 1)) / 2
    names = [f"asset{i}" for i in range(count)]
    dates = pd.bdate_range("1970-01-01", periods=DAYS, name="date")
    growth = 1.0003 + shocks * np.linspace(0.004, 0.015, count)
    prices = pd.DataFrame(growth.cumprod(axis=0), index=dates, columns=names).assign(cash=1.0001 ** np.arange(DAYS))
    file = folder / f"prices_{count}.{source}"
    prices.to_csv(file) if source == "csv" else prices.to_parquet(file)
    config = folder / f"{source}_{count}.yaml"
    config.write_text(CONFIG.format(source=source, path=file.name, assets=", ".join(names)), encoding="utf-8")
    return config


def time_one(config: Path, calls: int, bound: float) -> None:
    """Run one configuration in this process, and print what it took."""
    import backtest as bt

    timings = []
    for _ in range(1 + calls):
        begin = time.perf_counter()
        bt.run(config)
        timings.append(time.perf_counter() - begin)
    best, median = min(timings[1:]), statistics.median(timings[1:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(f"  first call {timings[0]:.3f} s; then {best:.3f} s at best, {median:.3f} s median (bound {bound:g})")
    print(f"  at most {peak:.2f} GB in this process (bound 1)")


if __name__ == "__main__":
    main()
