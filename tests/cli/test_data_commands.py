"""`data fetch`, `list`, `show`, `verify` and `clear`: their output, their files and their messages."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from backtest.cli.terminal import chart
from backtest.data.cache.store import Cache
from support.builders.market_files import write_config
from support.command_line import command
from support.web.fake_sources import fred_csv
from support.web.fake_yahoo import Listed, walk
from support.web.local_servers import LocalServers, age, files, lead

DATES = pd.date_range("2023-01-02", periods=120, freq="B")
DAYS = [f"{day:%Y-%m-%d}" for day in DATES]


@pytest.fixture
def servers(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalServers]:
    """SPY, TLT, an index and the bill at Yahoo, and the bill at FRED; this process has its own folder."""
    with LocalServers(tmp_path_factory.mktemp("servers")) as running:
        listed = running.sources.listed
        listed |= {symbol: walk(symbol, DATES) for symbol in ("SPY", "TLT")}
        listed["^GSPC"] = Listed(DAYS, walk("^GSPC", DATES).closes, instrument="INDEX")
        listed["^IRX"] = Listed(DAYS, [4 + i / 100 for i in range(len(DAYS))], instrument="INDEX")
        running.sources.fred["DTB3"] = fred_csv("DTB3", dict.fromkeys(DAYS, "5.00"))
        lead(monkeypatch, running.variables)
        monkeypatch.chdir(tmp_path)
        yield running
        assert running.elsewhere == []


def config(name: str = "mine", **more: Any) -> Path:
    data = {"source": "yfinance", "assets": {"SPY": "equities", "TLT": "bonds"}, "cash": "^IRX", **more.pop("data", {})}
    return write_config(Path(f"{name}.yaml"), data=data, strategy={"name": "equal_weight"}, **more)


@pytest.fixture
def kept(servers: LocalServers) -> Cache:
    """Fixture: a cache of SPY, TLT and ^IRX of Yahoo and DTB3 of FRED."""
    assert command("data", "fetch", config()).code == 0
    assert command("data", "fetch", config("of_fred", data={"cash": {"source": "fred", "symbol": "DTB3"}})).code == 0
    servers.sources.requests.clear()
    return Cache(Path("data_cache"))


def rows(out: str) -> list[list[str]]:
    """Return the cells of a table's rows, without its heading and rules."""
    lines = [line.split() for line in out.splitlines() if line.strip() and "──" not in line]
    return lines[1:]


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


# 1. fetch


def test_fetch_requests_each_series_of_run_and_benchmark_once(servers: LocalServers) -> None:
    config("benchmark", data={"assets": ["SPY", "^GSPC"]})
    answer = command("data", "fetch", config(benchmark="benchmark.yaml"))
    assert (answer.code, answer.err) == (0, "")
    assert [row[:3] for row in rows(answer.out)] == [
        [name, "yfinance", name] for name in ("SPY", "TLT", "^IRX", "^GSPC")
    ]
    assert all(row[3:] == [DAYS[0], DAYS[-1], "120"] for row in rows(answer.out))
    assert [servers.sources.asked(symbol) for symbol in ("SPY", "TLT", "^IRX", "^GSPC")] == [1] * 4
    assert not Path("reports").exists()


def test_fetch_requests_a_series_again_on_the_same_day_only_with_refresh(servers: LocalServers, kept: Cache) -> None:
    first = command("data", "fetch", "mine.yaml")
    assert servers.sources.requests == []
    age(Path("data_cache"), 1)
    assert command("data", "fetch", "mine.yaml", "--refresh").out == first.out
    assert [servers.sources.asked(symbol) for symbol in ("SPY", "TLT", "^IRX")] == [1] * 3
    assert len(kept.entries()) == 4


def test_fetch_names_each_symbol_that_fails(servers: LocalServers) -> None:
    del servers.sources.listed["TLT"], servers.sources.listed["^IRX"]
    answer = command("data", "fetch", config())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        f"error: yfinance {symbol}: Yahoo knows no such symbol. Hint: look it up on finance.yahoo.com."
        for symbol in ("TLT", "^IRX")
    ]
    assert [row[0] for row in rows(command("data", "list").out)] == ["SPY"], "what came is kept"


def test_fetch_reports_a_missing_configuration_in_one_line() -> None:
    answer = command("data", "fetch", "nope.yaml")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: nope.yaml: ")
    assert answer.err.count("\n") == 1


# 2. list


def test_list_has_a_row_for_each_series(kept: Cache) -> None:
    age(Path("data_cache"), 3)
    assert command("data", "fetch", "mine.yaml").code == 0  # not DTB3, which keeps its age
    assert len(kept.entries()) == 4
    answer = command("data", "list")
    assert (answer.code, answer.err) == (0, "")
    found = {row[0]: row for row in rows(answer.out)}
    assert list(found) == ["DTB3", "SPY", "TLT", "^IRX"]
    assert found["SPY"][1:5] == ["yfinance", DAYS[0], DAYS[-1], "120"]
    assert " ".join(found["SPY"][-2:]) == "just now"
    assert " ".join(found["DTB3"][-3:]) == "3 days ago"
    assert max(map(len, answer.out.splitlines())) <= 80
    assert [row[0] for row in rows(command("data", "list", "--source", "fred").out)] == ["DTB3"]


def test_list_of_an_empty_cache_hints_at_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command("data", "list")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "data_cache holds no series. Hint: python -m backtest data fetch CONFIG\n"
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


def test_list_of_a_source_without_series_names_the_source(kept: Cache) -> None:
    assert kept.entries()
    answer = command("data", "list", "--source", "french")
    assert answer.out.startswith("data_cache holds no series of source french.")


# 3. show


def test_show_prints_range_source_age_and_meaning_and_a_plot(kept: Cache) -> None:
    assert kept.entries()
    answer = command("data", "show", "SPY")
    assert (answer.code, answer.err) == (0, "")
    first, second, *facts = answer.out.splitlines()[:5]
    assert first == "SPY of yfinance: total return, dividends reinvested at the ex-date close"
    assert second == f"{DAYS[0]} to {DAYS[-1]}, 120 dates, fetched just now"
    assert facts == ["currency: USD", "instrument: ETF", "timezone: America/New_York"]
    *plot, below = answer.out.splitlines()[5:]
    assert len(plot) == 8
    assert "█" in answer.out
    assert below.split() == [DAYS[0], DAYS[-1]]


def test_show_plots_a_rate_in_percent_and_states_its_quotation(kept: Cache) -> None:
    assert kept.entries()
    answer = command("data", "show", "^IRX")
    first, _, *_, highest, _, _, _, _, _, _, lowest, _ = answer.out.splitlines()
    assert first == "^IRX of yfinance: rate: bank discount of 91 days, in % a year"
    assert (highest.split()[0], lowest.split()[0]) == ("5.19", "4")


def test_show_states_what_an_index_leaves_out(servers: LocalServers) -> None:
    assert servers.sources.listed
    assert command("data", "fetch", config(data={"assets": ["^GSPC"]})).code == 0
    answer = command("data", "show", "^GSPC")
    assert "note: price index: the dividends of its members are not in it" in answer.out.splitlines()


def test_show_of_an_unknown_symbol_lists_known_symbols(kept: Cache) -> None:
    assert kept.entries()
    hint = "Hint: python -m backtest data fetch CONFIG"
    answer = command("data", "show", "NOPE")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err == f"error: NOPE: not in data_cache, which holds DTB3, SPY, TLT, ^IRX. {hint}\n"
    answer = command("data", "show", "SPY", "--source", "fred")
    assert answer.err == f"error: SPY of fred: not in data_cache, which holds DTB3, SPY, TLT, ^IRX. {hint}\n"
    answer = command("data", "show", "SPY", "--cache", "elsewhere")
    assert answer.err == f"error: SPY: not in elsewhere, which holds nothing. {hint}\n"


def test_a_level_that_never_moves_is_one_line() -> None:
    flat = chart(pd.Series(5.0, index=DATES)).splitlines()
    assert flat == [f"5 {'▁' * 60}", f"  {DAYS[0]}{DAYS[-1]:>50}"]


# 4. verify


def test_verify_reports_nothing_after_a_fetch(kept: Cache) -> None:
    assert kept.entries()
    answer = command("data", "verify")
    assert (answer.code, answer.out, answer.err) == (0, "4 series in data_cache checked: no warning\n", "")


@pytest.mark.parametrize("ending", [".parquet", ".json"])
def test_verify_finds_a_single_bit_that_has_changed(ending: str, kept: Cache, servers: LocalServers) -> None:
    """Other series are checked too; the next run sets the file aside with a warning and fetches the series again."""
    clean = [row[:6] for row in rows(command("data", "list").out)]
    [path] = [
        path
        for path in Path("data_cache", "yfinance").iterdir()
        if path.name.startswith("SPY") and path.suffix == ending
    ]
    damage(path)
    answer = command("data", "verify")
    assert answer.code == 3
    assert answer.out == "4 series in data_cache checked: no warning, 1 damaged\n"
    assert answer.err.startswith("error: yfinance SPY: damaged in the cache (")
    assert answer.err.count("\n") == 1
    assert command("data", "show", "SPY").code == 3
    assert kept.entry("yfinance", "TLT") is not None

    again = command("data", "fetch", "mine.yaml")
    assert again.code == 0
    assert again.err.startswith("warning: yfinance SPY: damaged in the cache (")
    assert again.err.endswith("It is set aside and fetched again.\n")
    assert servers.sources.asked("SPY") == 1
    assert command("data", "verify").code == 0
    assert [row[:6] for row in rows(command("data", "list").out)] == clean


def test_verify_reports_suspicious_values(servers: LocalServers) -> None:
    """One close is wrong by a factor of ten."""
    spike = [*servers.sources.listed["SPY"].closes]
    spike[60] = 10 * (spike[60] or 0)
    servers.sources.listed["SPY"] = Listed(DAYS, spike)
    assert command("data", "fetch", config()).code == 0
    answer = command("data", "verify")
    assert (answer.code, answer.out) == (0, "3 series in data_cache checked: 1 warning\n")
    assert answer.err.startswith("warning: SPY: ")
    assert DAYS[60] in answer.err


def test_verify_of_configurations_checks_their_series_alone(kept: Cache) -> None:
    assert kept.entries()
    answer = command("data", "verify", "mine.yaml", "of_fred.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "3 series of mine checked: no warning",
        "3 series of of_fred checked: no warning",
    ]


# 5. clear


def test_clear_removes_nothing_without_confirmation(kept: Cache) -> None:
    assert kept.entries()
    before = files(Path("data_cache"))
    answer = command("data", "clear")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: would remove fred DTB3, yfinance SPY, yfinance TLT, yfinance ^IRX from data_cache, "
        "but cannot ask for confirmation. Hint: --yes\n"
    )
    assert files(Path("data_cache")) == before


def test_clear_removes_only_the_named_series(kept: Cache) -> None:
    assert command("data", "clear", "SPY", "--yes").out == "removed yfinance SPY\n"
    assert [entry.symbol for entry in kept.entries()] == ["DTB3", "TLT", "^IRX"]
    assert command("data", "clear", "--source", "fred", "--yes").out == "removed fred DTB3\n"
    answer = command("data", "clear", "SPY", "--yes")
    assert (answer.code, answer.out) == (0, "nothing to remove from data_cache\n")
    assert command("data", "clear", "--yes").out == "removed yfinance TLT, yfinance ^IRX\n"
    assert not [name for name in files(Path("data_cache")) if name.endswith((".json", ".parquet"))]


def test_clear_removes_damaged_series_too(kept: Cache) -> None:
    Path("data_cache", "yfinance", "SPY.json").write_text("{", encoding="utf-8")
    listed = command("data", "list")
    assert listed.code == 0
    assert listed.err.startswith("warning: yfinance SPY: damaged in the cache (")
    assert [row[0] for row in rows(listed.out)] == ["DTB3", "TLT", "^IRX"]
    assert command("data", "clear", "SPY", "--yes").out == "removed yfinance SPY\n"
    assert kept.damaged() == []
    assert command("data", "verify").code == 0


def test_offline_and_refresh_exclude_each_other() -> None:
    answer = command("run", "mine.yaml", "--offline", "--refresh")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: --offline and --refresh cannot be combined: one uses only the cache, the other fetches everything\n"
    )


def test_the_cache_folder_explains_itself(kept: Cache) -> None:
    """The JSON file of each series gives content, time, origin, rows and checksum to readers without this program."""
    known = json.loads(Path("data_cache", "yfinance", "SPY.json").read_text("utf-8"))
    assert (known["source"], known["symbol"], known["rows"]) == ("yfinance", "SPY", 120)
    assert (known["first"], known["last"], known["columns"][0]) == (DAYS[0], DAYS[-1], "close")
    assert len(known["sha256"]) == 64
    assert datetime.fromisoformat(known["fetched_at"]).tzinfo is not None
    table = pd.read_parquet(Path("data_cache", "yfinance", known["file"]))
    assert table["close"].tolist() == walk("SPY", DATES).closes
    assert kept.entry("yfinance", "SPY") is not None
