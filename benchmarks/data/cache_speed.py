"""Time and memory of the warm cache: synthetic daily closes over 20 years, kept in a temporary folder.

    python benchmarks/data/cache_speed.py [--large]

The bounds are 0.3 s for 40 symbols (imports not counted), and with `--large` 2 GB for 3,000, which a process of
its own loads as a run would.
"""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from backtest.data.cache.fetch import Access, Request, get
from backtest.data.cache.store import Cache
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import load
from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source

SYMBOLS, LARGE, YEARS, SEED = 40, 3_000, 20, 7


class Nothing(Source):
    """A source that is never asked."""

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        """Never called: all is in the cache, and fresh."""
        raise AssertionError(symbol, since, seconds)


def main() -> None:
    """Fill a cache, then read it."""
    if "--load" in sys.argv:
        load_all(Path(sys.argv[2]), int(sys.argv[3]))
        return
    large = "--large" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        count = LARGE if large else SYMBOLS
        fill(Cache(Path(folder)), count)
        read_some(Path(folder))
        if large:
            subprocess.run([sys.executable, __file__, "--load", folder, str(count)], check=True)


def symbols(count: int) -> list[str]:
    """Return synthetic names."""
    return [f"S{i}" for i in range(count)]


def fill(cache: Cache, count: int) -> None:
    """Closes, dividends, gains and splits, as Yahoo has them."""
    draws = np.random.default_rng(SEED)
    dates = pd.bdate_range(end="2026-01-30", periods=261 * YEARS, name="date").as_unit("s")
    paid = np.where(np.arange(len(dates)) % 63 == 0, 0.3, 0.0)
    for symbol in symbols(count):
        close = np.round(50 * np.cumprod(1 + draws.normal(0.0003, 0.01, len(dates))), 6)
        nothing = np.zeros(len(dates))
        values = {"close": close, "dividends": paid, "capital_gains": nothing, "splits": nothing}
        quotes = RawSeries(pd.DataFrame(values, index=dates), f"yfinance {symbol}", "closes")
        cache.write("yfinance", symbol, quotes, datetime.now(UTC))


def read_some(cache: Path) -> None:
    """The bound of 0.3 s: checked against their checksums, and loaded as a run does; at first, and the best of five."""
    import pyarrow.parquet  # noqa: F401 - imports are not counted

    wanted = [Request("yfinance", symbol, Nothing()) for symbol in symbols(SYMBOLS)]
    for what, work in (
        ("read and checked", lambda: get(wanted, Access(Cache(cache)))),
        ("loaded for a run", lambda: load(settings(cache, SYMBOLS), cache)),
    ):
        timings = []
        for _ in range(6):
            begin = time.perf_counter()
            work()
            timings.append(time.perf_counter() - begin)
        best = min(timings[1:])
        print(
            f"{SYMBOLS} symbols x {YEARS} years {what}: {timings[0]:.3f} s at first, {best:.3f} s at best (bound 0.3)"
        )


def settings(cache: Path, count: int) -> DataSettings:
    """A run of all symbols that asks nobody."""
    return DataSettings.model_validate(
        {"source": "yfinance", "assets": symbols(count), "cash": 0.02, "offline": True, "cache": str(cache)}
    )


def load_all(cache: Path, count: int) -> None:
    """All of them through `load`, and the most memory that this process has had."""
    begin = time.perf_counter()
    data = load(settings(cache, count), cache)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    rows, columns = data.prices.shape
    print(f"{columns:,} symbols x {rows:,} dates loaded: {seconds:.1f} s, at most {peak:.2f} GB (bound 2)")


if __name__ == "__main__":
    main()
