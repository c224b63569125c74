"""Time whole commands side by side, in turn, so that a machine's drift hits both alike.

    python benchmarks/run_speed.py

The main job, `python -m backtest run configs/erc.yaml`, against the mere start of what its users have open anyway,
`python -c "import pandas, matplotlib.pyplot"` (bound: 4 times); and the same job on 50 years of daily data, 6 assets.
What is printed are medians of seven pairs after a warm-up.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

PAIRS = 7
DAILY = """
name: fifty_years
data: {source: csv, path: prices.csv, assets: [a, b, c, d, e, f], cash: cash}
estimation: {window: 3Y}
strategy: {name: erc}
costs: {trading_bps: 10}
financing: {spread_bps: 50}
"""


def main() -> None:
    """Time both jobs against the imports."""
    imports = [sys.executable, "-c", "import pandas, matplotlib.pyplot"]
    with tempfile.TemporaryDirectory() as folder:
        daily = write_daily(Path(folder))
        for label, config in (("monthly sample, configs/erc.yaml", "configs/erc.yaml"), ("50 years daily", str(daily))):
            job = [sys.executable, "-m", "backtest", "run", config, "--output", f"{folder}/report"]
            job_times, import_times = zip(*[(timed(job), timed(imports)) for _ in range(PAIRS + 1)][1:], strict=True)
            ratios = [a / b for a, b in zip(job_times, import_times, strict=True)]
            alone, median = statistics.median(import_times), statistics.median(ratios)
            print(f"{label}: {statistics.median(job_times):.2f} s, imports alone {alone:.2f} s")
            print(f"  ratio {median:.2f} (of {PAIRS} pairs, {min(ratios):.2f} to {max(ratios):.2f})")


def write_daily(folder: Path) -> Path:
    """A configuration on 12,600 days of 6 random assets and cash."""
    draws = np.random.default_rng(7)
    steps = 1 + 0.0003 + draws.normal(size=(12_600, 6)) * np.linspace(0.004, 0.015, 6)
    dates = pd.bdate_range("1970-01-01", periods=12_600, name="date")
    prices = pd.DataFrame(steps.cumprod(axis=0), index=dates, columns=list("abcdef"))
    prices.assign(cash=1.0001 ** np.arange(12_600)).to_csv(folder / "prices.csv")
    config = folder / "fifty_years.yaml"
    config.write_text(DAILY, encoding="utf-8")
    return config


def timed(command: list[str]) -> float:
    """Seconds that a command takes."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
