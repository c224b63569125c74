"""Runs on live sources of this machine, and the same prices and cash computed by hand."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.reporting.files.manifest import written_on
from support.builders.market_files import write_config
from support.patience import HANG
from support.web.fake_yahoo import FakeYahoo, Listed, walk
from support.web.local_servers import ROOT, files

SHIPPED = sorted((ROOT / "configs" / "etf").glob("*.yaml"))
HELD = ("SPY", "TLT", "IEF", "GLD", "DBC", "TIP")
DATES = pd.date_range("2021-01-04", periods=756, freq="B")
DAYS = [f"{day:%Y-%m-%d}" for day in DATES]
NOWHERE = "http://127.0.0.1:9"  # the port to discard; nothing listens on it
ERC = Path("configs", "etf", "erc.yaml")


def bill(dates: pd.DatetimeIndex = DATES) -> Listed:
    """Return the 13-week bill: between 2 and 6 % a year, and no answer on one date."""
    rates: list[float | None] = [round(4 + 2 * float(np.sin(i / 90)), 3) for i in range(len(dates))]
    rates[100] = None
    return Listed([f"{day:%Y-%m-%d}" for day in dates], rates, instrument="INDEX")


def stock(sources: FakeYahoo, dates: pd.DatetimeIndex = DATES) -> None:
    """Add every series that the shipped configurations request."""
    sources.listed |= {symbol: walk(symbol, dates) for symbol in HELD} | {"^IRX": bill(dates)}


def users_folder(folder: Path) -> Path:
    """Make a folder with the shipped configurations, which wait for sources as long as the tests do."""
    copies = folder / "configs" / "etf"
    shutil.copytree(ROOT / "configs" / "etf", copies)
    for copy in copies.glob("*.yaml"):
        copy.write_text(copy.read_text("utf-8").replace("\ndata:\n", f"\ndata:\n  timeout: {HANG:.0f}\n"), "utf-8")
    return folder


def small(folder: Path, name: str = "small", **data: Any) -> Path:
    """Write a configuration of equal weights at no cost; `data` replaces its section."""
    section = {"source": "yfinance", "assets": {"SPY": "equities", "TLT": "bonds"}, "cash": 0.02, **data}
    if section["source"] != "csv":
        section.setdefault("timeout", HANG)
    return write_config(
        folder / f"{name}.yaml", data=section, strategy={"name": "equal_weight"}, rebalance={"frequency": "monthly"}
    )


def report_of(folder: Path) -> dict[str, Any]:
    """Return all files of a report without the day and the folder, as two reports may be written on two days."""
    found: dict[str, Any] = dict(files(folder))
    found["manifest.json"] = json.loads(found["manifest.json"])
    for name in ("config_file", "benchmark_config_file"):
        del found["manifest.json"][name]
    written = written_on(found["manifest.json"].pop("environment"))
    page = found["tearsheet.html"].decode().replace(f"written {written}", "written")
    found["tearsheet.html"] = re.sub(r"<td>[\d.]+ (?:day|days|years)</td>", "<td>age</td>", page)
    return found


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", index_col="date", parse_dates=True)


def levels_by_hand(listed: Listed) -> list[float]:
    """Return the value of one share bought at the first close; each dividend buys more at the close of its date."""
    shares = 1.0
    levels: list[float] = []
    for day, close in zip(listed.dates, listed.closes, strict=True):
        assert close is not None
        if levels:
            shares *= 1 + listed.dividends.get(day, 0.0) / close
        levels.append(close * shares)
    return levels


def cash_by_hand(listed: Listed) -> list[float]:
    """Return 1 put into bills: at a discount d a bill costs 1 - d × 91 / 360, and it grows evenly over its 91 days."""
    level, levels, rate = 1.0, [], 0.0
    for i, day in enumerate(listed.dates):
        if i:
            days = (pd.Timestamp(day) - pd.Timestamp(listed.dates[i - 1])).days
            level *= (1 - rate * 91 / 360) ** (-days / 91)
        quoted = listed.closes[i]
        rate = rate if quoted is None else quoted / 100  # without a quote the earlier rate stays in force
        levels.append(level)
    return levels
