# ruff: noqa: E501 - a row of the table of faults is a line
"""Runs on live sources: the real clients, directed to local servers by the environment alone, as for a user.

A run on fetched prices equals a run on a file of the same prices, and a second run needs no network.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.builders.market_files import write_csv
from support.command_line import command
from support.patience import HANG
from support.web.fake_yahoo import walk
from support.web.library_sources import stock_library
from support.web.live_runs import (
    DATES,
    DAYS,
    ERC,
    HELD,
    NOWHERE,
    SHIPPED,
    cash_by_hand,
    levels_by_hand,
    report_of,
    small,
    table,
    users_folder,
)
from support.web.local_servers import ROOT, LocalServers, age, files, finished

pytestmark = pytest.mark.usefixtures("without_figures")

# 1. The same run on a file


def test_a_run_on_live_sources_equals_a_run_on_a_file_of_the_same_prices(servers: LocalServers, here: Path) -> None:
    """All tables and numbers agree to 1e-12, with cash computed from the rate by the test; no secret is written."""
    users_folder(here)
    answer = servers.run("run", ERC, cwd=here)
    assert (answer.code, answer.err) == (0, ""), answer.err
    assert answer.out.endswith("tearsheet: reports/etf_erc/tearsheet.html\n")
    assert [servers.sources.asked(symbol) for symbol in (*HELD, "^IRX")] == [1] * 7

    listed = servers.sources.listed
    prices = pd.DataFrame({symbol: levels_by_hand(listed[symbol]) for symbol in HELD}, index=DATES)
    write_csv(prices.assign(BILL=cash_by_hand(listed["^IRX"])), here / "configs" / "prices.csv")
    for path in (here / "configs" / "etf").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace(f"  timeout: {HANG:.0f}\n", "")
        text = text.replace("source: yfinance", "source: csv\n  path: ../prices.csv")
        path.write_text(text.replace("cash: ^IRX", "cash: BILL"), encoding="utf-8")
    assert command("run", ERC, "--output", "on_a_file").code == 0

    live, on_a_file = here / "reports" / "etf_erc", here / "on_a_file"
    names = [path.stem for path in live.glob("*.csv")]
    assert len(names) == 11
    for name in names:
        pd.testing.assert_frame_equal(table(live, name), table(on_a_file, name), rtol=1e-12, atol=1e-14, obj=name)
    one, other = (json.loads((folder / "summary.json").read_text("utf-8")) for folder in (live, on_a_file))
    assert one["periods"] > 450
    assert_same(one, other)
    assert_nothing_private(servers, here)


def assert_same(one: Any, other: Any) -> None:
    """Check equal texts, and numbers within 1e-12; alpha and similar numbers are differences of much larger ones."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, list):
        for value, same in zip(one, other, strict=True):
            assert_same(value, same)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-10, abs=1e-12)
    else:
        assert one == other


def assert_nothing_private(servers: LocalServers, folder: Path) -> None:
    """Check that cache and report contain no network settings, and no local path but the configuration's."""
    private = [str(folder), servers.environment["HOME"], *servers.variables.values(), "127.0.0.1", str(ROOT)]
    written = {**files(folder / "data_cache"), **files(folder / "reports")}
    assert len(written) > 30
    for path, content in written.items():
        content = re.sub(rb'"(benchmark_)?config_file": "[^"]*"', b"", content)  # noqa: PLW2901 - the exception
        assert [one for one in private if one.encode() in content] == [], path


def test_equal_levels_give_equal_bytes(servers: LocalServers, here: Path) -> None:
    listed = servers.sources.listed
    write_csv(
        pd.DataFrame({name: levels_by_hand(listed[name]) for name in ("SPY", "TLT")}, index=DATES), here / "p.csv"
    )
    for config in (small(here), small(here, "on_a_file", source="csv", path="p.csv")):
        assert command("run", config).code == 0
    live, on_a_file = (files(here / "reports" / name) for name in ("small", "on_a_file"))
    tables = [name for name in live if name.endswith(".csv")]
    assert len(tables) == 11
    assert [name for name in tables if live[name] != on_a_file[name]] == []


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize("config", SHIPPED, ids=lambda path: path.stem)
def test_shipped_etf_configurations_run_unchanged(config: Path, servers: LocalServers, here: Path) -> None:
    stock_library(servers.sources, DATES[-1])
    servers.sources.listed |= {symbol: walk(symbol, DATES) for symbol in ("VT", "EFA", "EEM", "LQD", "VNQ")}
    answer = command("run", config)
    assert (answer.code, answer.err) == (0, "")
    summary = json.loads((here / "reports" / f"etf_{config.stem}" / "summary.json").read_text("utf-8"))
    is_long = config.stem == "long_history"
    assert summary["periods_per_year"] == (12 if is_long else 252)
    page = (here / "reports" / f"etf_{config.stem}" / "tearsheet.html").read_text(encoding="utf-8")
    for shown in (answer.out, page):  # how far each fund agrees with the series that extends it
        assert len(re.findall(r", spliced: over the \d+ periods they share", shown)) == (11 if is_long else 0)
    assert 0 < summary["volatility"] < 0.2


# 2. Without the network


def test_without_network_a_run_repeats_its_bytes_and_warns_of_old_data(
    servers: LocalServers, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failing sources, --offline, and a cache of last week without any network: three runs equal to the first."""
    users_folder(here)
    assert command("run", ERC).code == 0
    online = report_of(here / "reports" / "etf_erc")
    old = shutil.copytree(here, here.parent / f"{here.name}-old")
    age(old / "data_cache", 9)
    servers.sources.fail("500")
    servers.sources.requests.clear()
    assert command("run", ERC, "--output", "down").err == ""
    monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    assert command("run", ERC, "--offline", "--output", "offline").err == ""
    monkeypatch.chdir(old)
    stale = command("run", ERC, "--output", "stale")
    assert stale.code == 0
    assert servers.sources.requests == []
    for report in (here / "down", here / "offline", old / "stale"):
        assert report_of(report) == online, report.name
    assert sorted(stale.err.splitlines()) == sorted(  # once each, though the benchmark holds some of them too
        f"warning: yfinance {symbol}: Yahoo cannot be reached. Continuing with values up to {DAYS[-1]}, fetched 9 days ago."
        for symbol in (*HELD, "^IRX")
    )


@pytest.mark.parametrize("how", ["hanging", "no network", "offline"])
def test_without_cache_or_sources_a_run_exits_with_3_and_a_line_per_symbol_in_time(
    how: str, servers: LocalServers, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no report, no traceback, and no second attempt after the time limit. Hanging answers hang for ever."""
    servers.sources.fail("hang")
    config = small(here, assets=dict.fromkeys(HELD, "any"), cash="^IRX", timeout=3)
    words = {
        "hanging": {
            "no answer in 3 s. Hint: raise data.timeout.",
            "not requested, because no time is left. Hint: raise data.timeout.",
            "Yahoo did not answer in time. Hint: try again later, or raise data.timeout.",
        },
        "no network": {"Yahoo cannot be reached. Hint: check the network, or use the cache with --offline."},
        "offline": {"not in the cache, and no source is asked when offline. Hint: fetch it once while online."},
    }
    if how != "hanging":
        monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    answer = command("run", config, *(["--offline"] if how == "offline" else []))
    assert (answer.code, answer.out) == (3, "")
    lines = [line.split(": ", 2) for line in answer.err.splitlines()]
    assert [line[:2] for line in lines] == [["error", f"yfinance {symbol}"] for symbol in (*HELD, "^IRX")]
    assert {said for *_, said in lines} <= words[how]
    asked = [servers.sources.asked(symbol) for symbol in (*HELD, "^IRX")]
    assert max(asked) <= (how == "hanging")
    assert not (here / "reports").exists()


# 3. Several processes


def test_three_processes_on_one_empty_cache_give_the_same_report(servers: LocalServers, tmp_path: Path) -> None:
    """One of them fetches each series, and the others wait for it and read the cache."""
    config = small(tmp_path, cash="^IRX")
    processes = [servers.start("run", config.name, "--output", f"report{i}", cwd=tmp_path) for i in range(3)]
    answers = [finished(process) for process in processes]
    assert [(answer.code, answer.err) for answer in answers] == [(0, "")] * 3
    reports = [report_of(tmp_path / f"report{i}") for i in range(3)]
    assert all(report == reports[0] for report in reports)
    assert [servers.sources.asked(symbol) for symbol in ("SPY", "TLT", "^IRX")] == [1, 1, 1]
