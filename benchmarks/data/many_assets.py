"""A whole run with 2,000 assets: reading, estimation, decisions, simulation and report, in one process.

    python benchmarks/data/many_assets.py [--assets 2000]

Synthetic data: ten years of days and five common factors, monthly ERC with the Ledoit-Wolf estimator over a year. It
prints the time of the processor, the time on the clock and the largest memory of the process.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

DAYS, FACTORS = 2520, 5
CONFIG = """name: many
data: {{source: parquet, path: prices.parquet, assets: [{assets}], cash: 0.02}}
estimation: {{covariance: ledoit_wolf, window: 252D}}
strategy: erc
costs: {{trading_bps: 5}}
"""


def main() -> None:
    """Write the data, run the command, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), given.assets)
        begin = time.perf_counter()
        command = [sys.executable, "-m", "backtest", "run", "many.yaml", "--output", "report"]
        subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
        taken, used = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime
    print(
        f"{given.assets:,} assets: {processor:.0f} s of processor time, {taken:.0f} s, {used.ru_maxrss / 1024:,.0f} MB"
    )


def write(folder: Path, count: int) -> None:
    """Write prices and the configuration."""
    rng = np.random.default_rng(1)
    common = rng.normal(0.0003, 0.008, (DAYS, FACTORS)) @ rng.uniform(-1, 1, (FACTORS, count))
    returns = common / 2 + rng.normal(0.0001, 0.01, (DAYS, count))
    names = [f"asset_{number}" for number in range(count)]
    prices = pd.DataFrame(100 * np.exp(returns.cumsum(axis=0)), pd.bdate_range("2012-01-02", periods=DAYS), names)
    prices.rename_axis("date").to_parquet(folder / "prices.parquet")
    (folder / "many.yaml").write_text(CONFIG.format(assets=", ".join(names)), encoding="utf-8")


if __name__ == "__main__":
    main()
