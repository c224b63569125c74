"""Time to read a folder of CSV files: 40 symbols of 20 years, as Yahoo, Stooq and investing.com write them.

    python benchmarks/data/file_speed.py

The bound is 1 s for each (imports not counted).
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import load

SYMBOLS, YEARS, SEED = 40, 20, 7


def yahoo(days: pd.DatetimeIndex, close: np.ndarray, _: str) -> pd.DataFrame:
    """Return columns with raw and adjusted closes."""
    prices = dict.fromkeys(("Open", "High", "Low", "Close", "Adj Close"), close)
    return pd.DataFrame({"Date": days.strftime("%Y-%m-%d"), **prices, "Volume": 1_000_000})


def stooq(days: pd.DatetimeIndex, close: np.ndarray, symbol: str) -> pd.DataFrame:
    """Return columns with the symbol in each row."""
    prices = {f"<{name}>": close for name in ("OPEN", "HIGH", "LOW", "CLOSE")}
    begin = {"<TICKER>": f"{symbol}.US", "<PER>": "D", "<DATE>": days.strftime("%Y%m%d"), "<TIME>": "000000"}
    return pd.DataFrame({**begin, **prices, "<VOL>": 1_000_000, "<OPENINT>": 0})


def investing(days: pd.DatetimeIndex, close: np.ndarray, _: str) -> pd.DataFrame:
    """Return American dates, the newest first, with thousands separators and per cent signs."""
    prices = {name: [f"{price:,.2f}" for price in close] for name in ("Price", "Open", "High", "Low")}
    frame = pd.DataFrame({"Date": days.strftime("%m/%d/%Y"), **prices, "Vol.": "1.00M", "Change %": "0.10%"})
    return frame[::-1]


VENDORS: dict[str, tuple[str, Callable[[pd.DatetimeIndex, np.ndarray, str], pd.DataFrame]]] = {
    "Yahoo": ("{}.csv", yahoo),
    "Stooq": ("{}.us.txt", stooq),
    "investing.com": ("{} Historical Data.csv", investing),
}


def main() -> None:
    """Write each folder and read it; print the first time and the best of five more."""
    days = pd.bdate_range(end="2026-01-30", periods=261 * YEARS)
    draws = np.random.default_rng(SEED)
    symbols = [f"S{i}" for i in range(SYMBOLS)]
    closes = {s: np.round(900 * np.cumprod(1 + draws.normal(0.0003, 0.01, len(days))), 2) for s in symbols}
    print(f"{SYMBOLS} symbols of {YEARS} years")
    for vendor, (file_name, columns_of) in VENDORS.items():
        with tempfile.TemporaryDirectory() as folder:
            for symbol, close in closes.items():
                columns_of(days, close, symbol).to_csv(Path(folder) / file_name.format(symbol), index=False)
            given = {"source": "csv", "path": folder, "assets": symbols, "cash": 0.02}
            settings = DataSettings.model_validate(given)
            timings = []
            for _ in range(6):
                begin = time.perf_counter()
                load(settings, Path(folder))
                timings.append(time.perf_counter() - begin)
            print(f"{vendor:<14} {timings[0]:.2f} s at first, {min(timings[1:]):.2f} s after that")


if __name__ == "__main__":
    main()
