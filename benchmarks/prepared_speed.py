"""Time runs with one changed setting, in process: `prepared.run`, and 500 configurations by `bt.run_all`.

    python benchmarks/prepared_speed.py

24 years of months with 4 assets, and 50 years of days with 6. Medians are printed with their bounds, next to `bt.run`
of the same change in the same process. The benchmark `60_40` or `equal_weight` is part of every run.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, product
from pathlib import Path

import numpy as np
import pandas as pd

import backtest as bt

CALLS, DAYS, SEED = 40, 12_600, 7
BOUNDS: dict[str, dict[str, float]] = {
    "monthly": {"spread": 1.5, "costs": 1.5, "window": 8, "whole result": 3},
    "daily": {"spread": 5, "costs": 5, "window": 30, "whole result": 3},
}
"""Bounds in milliseconds; the bound of the whole result counts from the headline numbers on."""

DAILY = """
name: fifty_years
data: {source: csv, path: prices.csv, assets: [a0, a1, a2, a3, a4, a5], cash: cash}
estimation: {window: 3Y}
strategy: {name: erc}
costs: {trading_bps: 10}
financing: {spread_bps: 50}
benchmark: equal_weight
"""


def main() -> None:
    """Time all changes of both configurations, then the list."""
    with tempfile.TemporaryDirectory() as folder:
        for name, config in (("monthly", Path("configs/erc.yaml")), ("daily", write_daily(Path(folder)))):
            print(f"{name}, ms (median of {CALLS}):")
            time_changes(config, BOUNDS[name])
    time_list()


def write_daily(folder: Path) -> Path:
    """Write a configuration on random daily prices."""
    shocks = np.random.default_rng(SEED).normal(size=(DAYS, 6)) * np.linspace(0.004, 0.015, 6)
    dates = pd.bdate_range("1970-01-01", periods=DAYS, name="date")
    prices = pd.DataFrame((1.0003 + shocks).cumprod(axis=0), index=dates, columns=[f"a{i}" for i in range(6)])
    prices.assign(cash=1.0001 ** np.arange(DAYS)).to_csv(folder / "prices.csv")
    config = folder / "fifty_years.yaml"
    config.write_text(DAILY, encoding="utf-8")
    return config


def time_changes(config: Path, bounds: dict[str, float]) -> None:
    """Time runs of one configuration with changed settings."""
    prepared = bt.prepare(config)
    prepared.run().summary()
    numbers = iter(range(1, 10_000))
    windows = cycle(range(24, 60))
    changes: dict[str, Callable[[], dict[str, object]]] = {
        "spread": lambda: {"financing.spread_bps": next(numbers) / 100},
        "costs": lambda: {"costs.trading_bps": next(numbers) / 100},
        "window": lambda: {"estimation.window": f"{next(windows)}M"},
    }
    for name, change in changes.items():
        took = median(lambda change=change: prepared.run(change()).headline())  # type: ignore[misc]
        print(f"  {name:13}{took:7.2f}  (bound {bounds[name]:g})")
    results = iter([prepared.run(changes["spread"]()) for _ in range(CALLS)])
    took = median(lambda: next(results).weights)
    print(f"  {'whole result':13}{took:7.2f}  (bound {bounds['whole result']:g}, beyond the headline numbers)")
    took = median(lambda: bt.run(config, changes["spread"]()), calls=5)
    print(f"  {'bt.run':13}{took:7.2f}")


def time_list() -> None:
    """Time 500 settings of window and spread on the monthly sample."""
    settings = [
        {"extends": "configs/erc.yaml", "estimation": {"window": window}, "financing": {"spread_bps": spread}}
        for window, spread in product(range(24, 74, 5), range(0, 200, 4))
    ]
    begin = time.perf_counter()
    bt.run_all(settings)
    print(f"bt.run_all of {len(settings)} settings: {time.perf_counter() - begin:.2f} s (bound 2)")


def median(call: Callable[[], object], calls: int = CALLS) -> float:
    """Return the median time of calls in milliseconds."""
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


if __name__ == "__main__":
    main()
