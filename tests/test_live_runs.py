# ruff: noqa: E501 - a row of the table of faults is a line
"""Runs on live sources, as a user has them: the real clients, led to this machine by the environment alone.

Argued here: a run on what was fetched is the run on a file of the same prices; a second one needs no network; and what
a source does wrong, or changes, is said in one line and never ends in a wrong number.
"""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import command
from fake_web import fred_csv, french_zip
from fake_yahoo import FakeYahoo, Listed, walk
from local_world import ROOT, LocalWorld, files, finished, lead
from market_files import write_config, write_csv

import backtest as bt
from backtest.data import fetching

SHIPPED = sorted((ROOT / "configs" / "etf").glob("*.yaml"))
HELD = ("SPY", "TLT", "IEF", "GLD", "DBC", "TIP")
DATES = pd.date_range("2021-01-04", periods=756, freq="B")
DAYS = [f"{day:%Y-%m-%d}" for day in DATES]
NOWHERE = "http://127.0.0.1:9"  # the port to discard; nothing listens on it
ERC = Path("configs", "etf", "erc.yaml")


def bill(dates: pd.DatetimeIndex = DATES) -> Listed:
    """The 13-week bill: between 2 and 6 % a year, and no answer on one date."""
    rates: list[float | None] = [round(4 + 2 * float(np.sin(i / 90)), 3) for i in range(len(dates))]
    rates[100] = None
    return Listed([f"{day:%Y-%m-%d}" for day in dates], rates, instrument="INDEX")


def stock(sources: FakeYahoo, dates: pd.DatetimeIndex = DATES) -> None:
    """Everything that the shipped configurations ask for."""
    sources.listed |= {symbol: walk(symbol, dates) for symbol in HELD} | {"^IRX": bill(dates)}


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    with LocalWorld(tmp_path_factory.mktemp("world")) as running:
        stock(running.sources)
        yield running
        assert running.elsewhere == [], "nothing but the sources is ever asked for anything"


@pytest.fixture
def here(world: LocalWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's, and this process led to the local world: for what is quicker without a child."""
    lead(monkeypatch, world.variables)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second attempts, which are argued for elsewhere and would only take time."""
    monkeypatch.setattr(fetching, "_ATTEMPTS", 1)


def users_folder(folder: Path) -> Path:
    """A folder with the shipped configurations in it."""
    shutil.copytree(ROOT / "configs" / "etf", folder / "configs" / "etf")
    return folder


def small(folder: Path, name: str = "small", **data: Any) -> Path:
    """A configuration of equal weights at no cost; `data` replaces what its section says."""
    section = {"source": "yfinance", "assets": {"SPY": "equities", "TLT": "bonds"}, "cash": 0.02, **data}
    return write_config(
        folder / f"{name}.yaml", data=section, strategy={"name": "equal_weight"}, rebalance={"frequency": "monthly"}
    )


def age(cache: Path, days: int) -> None:
    """Let what is kept have been fetched so many days ago."""
    for known in cache.glob("*/*.json"):
        entry = json.loads(known.read_text(encoding="utf-8"))
        entry["fetched_at"] = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        known.write_text(json.dumps(entry), encoding="utf-8")


def report_of(folder: Path) -> dict[str, Any]:
    """All files of a report as bytes, but for what the clock says."""
    found: dict[str, Any] = dict(files(folder))
    found["manifest.json"] = json.loads(found["manifest.json"])
    assert found["manifest.json"].pop("environment")
    return found


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", index_col="date", parse_dates=True)


def levels_by_hand(listed: Listed) -> list[float]:
    """One share bought at the first close; each dividend buys more at the close of its date."""
    shares, levels = 1.0, []
    for day, close in zip(listed.dates, listed.closes, strict=True):
        assert close is not None
        if levels:
            shares *= 1 + listed.dividends.get(day, 0.0) / close
        levels.append(close * shares)
    return levels


def cash_by_hand(listed: Listed) -> list[float]:
    """1 put into bills: at a discount d the price of one is 1 - d × 91 / 360, and it grows evenly over its 91 days."""
    level, levels, rate = 1.0, [], 0.0
    for i, day in enumerate(listed.dates):
        if i:
            days = (pd.Timestamp(day) - pd.Timestamp(listed.dates[i - 1])).days
            level *= (1 - rate * 91 / 360) ** (-days / 91)
        quoted = listed.closes[i]
        rate = rate if quoted is None else quoted / 100  # where there is none the earlier one stays in force
        levels.append(level)
    return levels


# 1. The run, and the run on a file


def test_a_run_on_live_sources_is_the_run_on_a_file_of_the_same_prices(world: LocalWorld, here: Path) -> None:
    """All tables and numbers to 1e-12, cash made from the rate by the test's own arithmetic; nothing secret is left."""
    users_folder(here)
    answer = world.run("run", ERC, cwd=here)
    assert (answer.code, answer.err) == (0, ""), answer.err
    assert answer.out.endswith("tearsheet: reports/etf_erc/tearsheet.html\n")
    assert [world.sources.asked(symbol) for symbol in (*HELD, "^IRX")] == [1] * 7

    listed = world.sources.listed
    prices = pd.DataFrame({symbol: levels_by_hand(listed[symbol]) for symbol in HELD}, index=DATES)
    write_csv(prices.assign(BILL=cash_by_hand(listed["^IRX"])), here / "configs" / "prices.csv")
    for path in (here / "configs" / "etf").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("source: yfinance", "source: csv\n  path: ../prices.csv")
        path.write_text(text.replace("cash: ^IRX", "cash: BILL"), encoding="utf-8")
    assert command("run", ERC, "--output", "on_a_file").code == 0

    live, on_a_file = here / "reports" / "etf_erc", here / "on_a_file"
    names = [path.stem for path in live.glob("*.csv")]
    assert len(names) == 8
    for name in names:
        pd.testing.assert_frame_equal(table(live, name), table(on_a_file, name), rtol=1e-12, atol=1e-14, obj=name)
    one, other = (json.loads((folder / "summary.json").read_text("utf-8")) for folder in (live, on_a_file))
    assert one["periods"] > 450
    assert_same(one, other)
    assert_nothing_private(world, here)


def assert_same(one: Any, other: Any) -> None:
    """The same texts, and numbers within 1e-12; alpha and its like are differences, small beside what they are of."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-10, abs=1e-12)
    else:
        assert one == other


def assert_nothing_private(world: LocalWorld, folder: Path) -> None:
    """Neither in the cache nor in the report: where things are on this machine, and how it gets to the network."""
    private = [str(folder), *world.environment["HOME"].split("\0"), *world.variables.values(), "127.0.0.1", str(ROOT)]
    written = {**files(folder / "data_cache"), **files(folder / "reports")}
    assert len(written) > 30
    for path, content in written.items():
        assert [one for one in private if one.encode() in content] == [], path


def test_levels_of_the_same_bits_give_the_same_bytes(world: LocalWorld, here: Path) -> None:
    listed = world.sources.listed
    write_csv(pd.DataFrame({name: levels_by_hand(listed[name]) for name in ("SPY", "TLT")}, index=DATES), here / "p.csv")
    for config in (small(here), small(here, "on_a_file", source="csv", path="p.csv")):
        assert command("run", config).code == 0
    live, on_a_file = (files(here / "reports" / name) for name in ("small", "on_a_file"))
    tables = [name for name in live if name.endswith(".csv")]
    assert len(tables) == 8
    assert [name for name in tables if live[name] != on_a_file[name]] == []


@pytest.mark.parametrize("config", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_configuration_runs_as_it_stands(config: Path, here: Path) -> None:
    answer = command("run", config)
    assert (answer.code, answer.err) == (0, "")
    summary = json.loads((here / "reports" / f"etf_{config.stem}" / "summary.json").read_text("utf-8"))
    assert summary["periods_per_year"] == 252
    assert 0 < summary["volatility"] < 0.2


# 2. Without the network


def test_without_a_network_the_same_bytes_come_and_what_is_old_is_said(world: LocalWorld, tmp_path: Path) -> None:
    """Sources that fail, --offline, and a cache of last week with no network at all: three runs as the first one."""
    users_folder(tmp_path)
    assert world.run("run", ERC, cwd=tmp_path).code == 0
    online = report_of(tmp_path / "reports" / "etf_erc")
    old = shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-old")
    age(old / "data_cache", 9)
    world.sources.fail("500")
    world.sources.requests.clear()
    asks = {
        tmp_path / "down": world.start("run", ERC, "--output", "down", cwd=tmp_path),
        tmp_path / "offline": world.start("run", ERC, "--offline", "--output", "offline", cwd=tmp_path, HTTPS_PROXY=NOWHERE),
        old / "stale": world.start("run", ERC, "--output", "stale", cwd=old, HTTPS_PROXY=NOWHERE),
    }  # fmt: skip
    answers = {folder.name: finished(process) for folder, process in asks.items()}
    assert {name: answer.code for name, answer in answers.items()} == {"down": 0, "offline": 0, "stale": 0}
    assert world.sources.requests == []
    for folder in asks:
        assert report_of(folder) == online, folder.name
    assert (answers["down"].err, answers["offline"].err) == ("", "")
    lines = answers["stale"].err.splitlines()
    assert sorted(lines) == sorted(
        f"warning: yfinance {symbol}: Yahoo cannot be reached. Going on with values up to {DAYS[-1]}, fetched 9 days ago."
        for symbol in (*HELD, "^IRX")
    )


@pytest.mark.parametrize("how", ["hanging", "no network", "offline"])
def test_a_cold_cache_without_sources_ends_with_3_and_a_line_a_symbol_in_time(
    how: str, world: LocalWorld, tmp_path: Path
) -> None:
    """No report, no traceback, and no longer than the stated timeout, whatever the clients think of it."""
    world.sources.fail("hang")
    config = small(tmp_path, assets=dict.fromkeys(HELD, "any"), cash="^IRX", timeout=3)
    words = {
        "hanging": "no answer in 3 s. Hint: data.timeout: a longer time.",
        "no network": "Yahoo cannot be reached. Hint: is there a network? --offline uses the cache.",
        "offline": "not in the cache, and offline no source is asked. Hint: fetch it once, online.",
    }
    proxy = {} if how == "hanging" else {"HTTPS_PROXY": NOWHERE}
    begin = time.monotonic()
    answer = world.run("run", config.name, *(["--offline"] if how == "offline" else []), cwd=tmp_path, **proxy)
    assert time.monotonic() - begin < 3 + 6  # 2 s or so to start Python, on a busy machine more
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.splitlines() == [f"error: yfinance {symbol}: {words[how]}" for symbol in (*HELD, "^IRX")]
    assert not (tmp_path / "reports").exists()
