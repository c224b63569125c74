"""Runs on the library through local servers: bundled history, continued by live sources, and alone without them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.builders.market_files import write_config
from support.command_line import command
from support.patience import HANG
from support.web.library_sources import stock_library
from support.web.local_servers import LocalServers

pytestmark = pytest.mark.usefixtures("without_figures", "without_pauses")

LAST = pd.Timestamp("2025-06-30")
ASSETS = {"us_stocks": "equities", "us_treasury_10y": "bonds", "gold": "commodities"}


def config(folder: Path, **data: Any) -> Path:
    section = {"source": "library", "assets": ASSETS, "cash": "us_tbill", "start": "2008-01-01", "timeout": HANG}
    return write_config(
        folder / "long.yaml", data=section | data, strategy={"name": "equal_weight"}, rebalance={"frequency": "monthly"}
    )


def last_date(folder: Path) -> str:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return str(summary["end"])


def test_live_sources_continue_the_bundled_history(servers: LocalServers, here: Path) -> None:
    stock_library(servers.sources, LAST)
    answer = command("run", config(here))
    assert (answer.code, answer.err) == (0, "")
    assert last_date(here / "reports" / "long") == f"{LAST:%Y-%m-%d}"
    page = (here / "reports" / "long" / "tearsheet.html").read_text(encoding="utf-8")
    for note in (
        "us_stocks: sample us_stocks from 1926-06-30 to 2021-06-30",
        "us_stocks: french Mkt from 2021-07-31 to 2025-04-30; with the parts before it, over the 138 periods",
        "us_stocks: yfinance VTI from 2025-05-31 to 2025-06-30; with the parts before it, over the",
        "gold: yfinance IAU from 2013-01-31 to 2025-06-30; with the parts before it, over the 35 periods they share",
        "us_tbill: fred DTB3 from 2025-05-31 to 2025-06-30",
        "us_treasury_10y: fred DGS10 from 2024-11-30 to 2025-06-30; with the parts ",
    ):
        assert note in answer.out
        assert note in page


def test_without_a_live_part_the_bundled_history_is_used_and_its_end_is_noted(
    servers: LocalServers, here: Path
) -> None:
    """A source that no longer has a series does not stop the run; the other parts are still used."""
    stock_library(servers.sources, LAST)
    del servers.sources.fred["DGS10"]
    answer = command("run", config(here))
    assert answer.code == 0
    reason = "because parts of the library are missing: fred DGS10"
    assert f"note: us_treasury_10y: covers only 1953-04-30 to 2024-10-31, {reason}" in answer.out
    assert "us_stocks: covers only" not in answer.out
    assert last_date(here / "reports" / "long") == "2024-10-31"


def test_offline_the_library_is_the_bundled_history_alone(servers: LocalServers, here: Path) -> None:
    answer = command("run", config(here, start="1990-01-01"), "--offline")
    assert answer.code == 0
    assert servers.sources.requests == []
    for name, dates in (("us_stocks", "1926-06-30 to 2021-06-30"), ("gold", "1977-12-31 to 2012-12-31")):
        assert f"note: {name}: covers only {dates}, because parts of the library are missing: " in answer.out
    assert "yfinance IAU: not in the cache, and no source is asked when offline" in answer.out
    assert last_date(here / "reports" / "long") == "2012-12-31"


def test_a_series_without_bundled_history_needs_its_sources(servers: LocalServers, here: Path) -> None:
    answer = command("run", config(here, assets={"us_treasury_30y": "bonds"}, cash=0.02), "--offline")
    assert (answer.code, servers.sources.requests) == (3, [])
    assert [line.partition(": not in the cache")[0] for line in answer.err.splitlines()] == [
        "error: fred DGS30", "error: fred DGS20",
    ]  # fmt: skip


def test_an_unknown_series_of_the_library_is_named_with_a_suggestion(servers: LocalServers, here: Path) -> None:
    answer = command("run", config(here, cash="us_tbil"))
    assert (answer.code, servers.sources.requests) == (2, [])
    assert "us_tbil" in answer.err
    assert "Did you mean us_tbill?" in answer.err
