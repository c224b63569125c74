# ruff: noqa: E501 - a row of the table of faults is a line
"""Runs on live sources, as a user has them: the real clients, led to this machine by the environment alone.

Argued here: a run on what was fetched is the run on a file of the same prices; a second one needs no network; and what
a source does wrong, or changes, is said in one line and never ends in a wrong number.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.data.sources.network import http_retry
from backtest.reporting.files.manifest import written_on
from support.builders.market_files import write_config, write_csv
from support.command_line import command
from support.patience import HANG
from support.web.fake_sources import fred_csv, french_zip
from support.web.fake_yahoo import FakeYahoo, Listed, walk
from support.web.local_servers import ROOT, LocalWorld, age, files, finished, lead
from support.web.synthetic_source import on_clock

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
    """No second attempts, which are argued for elsewhere; the first is given all of the time, however late it begins."""
    monkeypatch.setattr(http_retry, "_ATTEMPTS", 1)
    monkeypatch.setattr(http_retry, "_LONGEST_ATTEMPT", HANG)
    on_clock(monkeypatch)


def users_folder(folder: Path) -> Path:
    """A folder with the shipped configurations in it, which wait for sources as long as tests do."""
    copies = folder / "configs" / "etf"
    shutil.copytree(ROOT / "configs" / "etf", copies)
    for copy in copies.glob("*.yaml"):
        copy.write_text(copy.read_text("utf-8").replace("\ndata:\n", f"\ndata:\n  timeout: {HANG:.0f}\n"), "utf-8")
    return folder


def small(folder: Path, name: str = "small", **data: Any) -> Path:
    """A configuration of equal weights at no cost; `data` replaces what its section says."""
    section = {"source": "yfinance", "assets": {"SPY": "equities", "TLT": "bonds"}, "cash": 0.02, **data}
    if section["source"] != "csv":
        section.setdefault("timeout", HANG)
    return write_config(
        folder / f"{name}.yaml", data=section, strategy={"name": "equal_weight"}, rebalance={"frequency": "monthly"}
    )


def report_of(folder: Path) -> dict[str, Any]:
    """Return all files of a report, but for what the clock says: two of them may be written on two days."""
    found: dict[str, Any] = dict(files(folder))
    found["manifest.json"] = json.loads(found["manifest.json"])
    written = written_on(found["manifest.json"].pop("environment"))
    page = found["tearsheet.html"].decode().replace(f"written {written}", "written")
    found["tearsheet.html"] = re.sub(r"<td>[\d.]+ (?:day|days|years)</td>", "<td>age</td>", page)
    return found


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", index_col="date", parse_dates=True)


def levels_by_hand(listed: Listed) -> list[float]:
    """One share bought at the first close; each dividend buys more at the close of its date."""
    shares = 1.0
    levels: list[float] = []
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
    assert_nothing_private(world, here)


def assert_same(one: Any, other: Any) -> None:
    """The same texts, and numbers within 1e-12; alpha and its like are differences, small beside what they are of."""
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


def assert_nothing_private(world: LocalWorld, folder: Path) -> None:
    """Neither in the cache nor in the report: where things are on this machine, and how it gets to the network."""
    private = [str(folder), world.environment["HOME"], *world.variables.values(), "127.0.0.1", str(ROOT)]
    written = {**files(folder / "data_cache"), **files(folder / "reports")}
    assert len(written) > 30
    for path, content in written.items():
        assert [one for one in private if one.encode() in content] == [], path


def test_levels_of_the_same_bits_give_the_same_bytes(world: LocalWorld, here: Path) -> None:
    listed = world.sources.listed
    write_csv(
        pd.DataFrame({name: levels_by_hand(listed[name]) for name in ("SPY", "TLT")}, index=DATES), here / "p.csv"
    )
    for config in (small(here), small(here, "on_a_file", source="csv", path="p.csv")):
        assert command("run", config).code == 0
    live, on_a_file = (files(here / "reports" / name) for name in ("small", "on_a_file"))
    tables = [name for name in live if name.endswith(".csv")]
    assert len(tables) == 11
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
    assert sorted(
        answers["stale"].err.splitlines()
    ) == sorted(  # once each, though the benchmark holds some of them too
        f"warning: yfinance {symbol}: Yahoo cannot be reached. Going on with values up to {DAYS[-1]}, fetched 9 days ago."
        for symbol in (*HELD, "^IRX")
    )


@pytest.mark.parametrize("how", ["hanging", "no network", "offline"])
def test_a_cold_cache_without_sources_ends_with_3_and_a_line_a_symbol_in_time(
    how: str, world: LocalWorld, tmp_path: Path
) -> None:
    """No report, no traceback, and no second attempt once the stated time is over. What hangs does so for ever."""
    world.sources.fail("hang")
    config = small(tmp_path, assets=dict.fromkeys(HELD, "any"), cash="^IRX", timeout=3)
    words = {
        "hanging": {
            "no answer in 3 s. Hint: data.timeout: a longer time.",
            "not asked, as no time is left. Hint: data.timeout: a longer time.",
            "Yahoo did not answer in time. Hint: try again later, or data.timeout: a longer time.",
        },
        "no network": {"Yahoo cannot be reached. Hint: is there a network? --offline uses the cache."},
        "offline": {"not in the cache, and offline no source is asked. Hint: fetch it once, online."},
    }
    proxy = {} if how == "hanging" else {"HTTPS_PROXY": NOWHERE}
    answer = world.run("run", config.name, *(["--offline"] if how == "offline" else []), cwd=tmp_path, **proxy)
    assert (answer.code, answer.out) == (3, "")
    lines = [line.split(": ", 2) for line in answer.err.splitlines()]
    assert [line[:2] for line in lines] == [["error", f"yfinance {symbol}"] for symbol in (*HELD, "^IRX")]
    assert {said for *_, said in lines} <= words[how]
    asked = [world.sources.asked(symbol) for symbol in (*HELD, "^IRX")]
    assert max(asked) <= (how == "hanging")
    assert not (tmp_path / "reports").exists()


# 3. What is read of a fault: one of several series fails, the others are had


def factors(months: int = 60) -> bytes:
    """The library's file of the three factors, by month."""
    ends = pd.date_range("2019-01-31", periods=months, freq="ME")
    rows = [f"{end:%Y%m},{2 * np.sin(i):.2f},0.10,-0.20,{0.1 + 0.01 * (i % 12):.2f}" for i, end in enumerate(ends)]
    return french_zip(
        "F-F_Research_Data_Factors", "\n".join(["Made here.", "", ",Mkt-RF,SMB,HML,RF", *rows, "", "End"])
    )


LATER, SPELT = "Hint: try again later.", "Hint: look it up on finance.yahoo.com."
OF_YAHOO = {
    "an unknown symbol": ("unknown", 2, f"Yahoo knows no such symbol. {SPELT}"),
    "no such range": ("no such range", 3, "nothing in the range asked for (Data doesn't exist for startDate = 1, endDate = 2)"),
    "429": ("429", 3, f"Yahoo asks for fewer requests (429). {LATER}"),
    "429 with Retry-After": ("429 7", 3, f"Yahoo asks for fewer requests (429), and asks to wait 7 s. {LATER}"),
    "500": ("500", 3, f"Yahoo failed (500). {LATER}"),
    "403": ("403", 3, f"Yahoo refused to answer (403). {LATER}"),
    "a page to log in": ("html", 3, "a web page came in place of data. Hint: does the network ask for a login?"),
    "half an answer": ("cut json", 3, f"Yahoo's answer was cut off, or is not data. {LATER}"),
    "a cut body": ("truncated", 3, "Yahoo's answer was cut off", f"Yahoo broke the connection off. {LATER}"),
    "empty arrays": ("empty arrays", 3, "Yahoo answered without a single price. Hint: another range, or symbol."),
    "broken off": ("reset", 3, f"Yahoo broke the connection off. {LATER}"),
}  # fmt: skip
OF_FRED = {
    "an unknown id": ("404", 2, "there is nothing of this name (status 404). Hint: check how it is spelt."),
    "429": ("429", 3, f"asked for fewer requests (status 429). {LATER}"),
    "500": ("500", 3, f"the source failed (status 500). {LATER}"),
    "a page to log in": ("html", 3, "a web page came in place of data. Hint: the name may be misspelt, or the network may ask to log in."),
    "a cut body": ("truncated", 3, f"the answer was cut off or garbled. {LATER}"),
    "nothing": ("empty", 3, "the answer is not a table of DTB3; expected a date and its value in each line"),
    "broken off": ("reset", 3, f"fred.stlouisfed.org broke the connection off. {LATER}"),
    "hanging": ("hang", 3, "no whole answer from fred.stlouisfed.org in 1 s. Hint: try again, or raise data.timeout."),
}  # fmt: skip
OF_FRENCH = {
    "an unknown file": ("404", 2, "no data set F-F_Research_Data_Factors (status 404). Hint: it is named as the zip file in his library, without _CSV.zip."),
    "500": ("500", 3, f"the source failed (status 500). {LATER}"),
    "half a zip": ("truncated", 3, f"the answer was cut off or garbled. {LATER}"),
    "a page to log in": ("html", 3, "a web page came in place of data. Hint: the name may be misspelt, or the network may ask to log in."),
}  # fmt: skip


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("row", OF_YAHOO.values(), ids=OF_YAHOO.keys())
def test_one_symbol_of_several_that_fails_is_named_with_its_cause(
    row: tuple[Any, ...], world: LocalWorld, here: Path
) -> None:
    """The run does not begin; what did come is kept, so that the next attempt asks for the failed one alone."""
    fault, code, *words = row  # where a body ends too early, curl tells of the one or the other
    world.sources.listed["BAD"] = walk("BAD", DATES)
    world.sources.faults["BAD"] = fault
    config = small(here, assets={"SPY": "equities", "TLT": "bonds", "BAD": "bonds"})
    answer = command("run", config)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err in [f"error: yfinance BAD: {said}\n" for said in words]
    assert not (here / "reports").exists()
    world.sources.faults.clear()
    assert command("data", "fetch", config).code == 0
    assert (world.sources.asked("SPY"), world.sources.asked("TLT")) == (1, 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "code", "words"), OF_FRED.values(), ids=OF_FRED.keys())
def test_what_is_read_of_a_fault_of_fred(fault: str, code: int, words: str, world: LocalWorld, here: Path) -> None:
    world.sources.fred["DTB3"] = fred_csv("DTB3", dict.fromkeys(DAYS, "5.00"))
    config = small(
        here, assets=["SPY"], cash={"source": "fred", "symbol": "DTB3"}, timeout=1 if fault == "hang" else HANG
    )
    assert command("data", "fetch", small(here, "prices", assets=["SPY"])).code == 0
    world.sources.fail(fault)
    answer = command("run", config)
    assert (answer.code, answer.out, answer.err) == (code, "", f"error: fred DTB3: {words}\n")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "code", "words"), OF_FRENCH.values(), ids=OF_FRENCH.keys())
def test_what_is_read_of_a_fault_of_french(fault: str, code: int, words: str, world: LocalWorld, here: Path) -> None:
    world.sources.french["F-F_Research_Data_Factors"] = factors()
    world.sources.fail(fault)
    answer = command("run", small(here, source="french", assets=["Mkt"], cash="RF"))
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.splitlines() == [f"error: french {symbol}: {words}" for symbol in ("Mkt", "RF")]


# 4. History that changes


@pytest.mark.parametrize("change", ["a dividend of the past", "a split", "a new dividend", "new closes"])
def test_what_changes_between_two_fetches_is_told_and_ends_as_a_clean_fetch(
    change: str, world: LocalWorld, here: Path
) -> None:
    """Nothing is appended to prices that do not hold any more: the cache is that of one who fetched only now."""
    listed, config = world.sources.listed, small(here)
    listed["SPY"].dividends = {DAYS[30]: 0.5}
    listed["SPY"].dates, listed["SPY"].closes = DAYS[:-5], listed["SPY"].closes[:-5]
    before = bt.run(config)
    if change == "a dividend of the past":
        listed["SPY"].dividends = {DAYS[30]: 0.5, DAYS[-8]: 1.25}
        told = ["1 of 751 dates", f"dividends of {DAYS[-8]}", "1.25 now"]
    elif change == "a split":
        listed["SPY"].closes = [None if close is None else close / 2 for close in listed["SPY"].closes]
        listed["SPY"].dividends, listed["SPY"].splits = {DAYS[30]: 0.25}, {DAYS[-7]: (2, 1)}
        told = ["751 of 751 dates", f"splits of {DAYS[-7]}", "2 now"]
    else:
        listed["SPY"].dates, listed["SPY"].closes = DAYS, walk("SPY", DATES).closes
        listed["SPY"].dividends |= {DAYS[-3]: 0.75} if change == "a new dividend" else {}
        told = []
    age(here / "data_cache", 2)
    answer = command("data", "fetch", config)
    assert answer.code == 0
    assert answer.err.count("\n") == bool(told)
    assert all(part in answer.err for part in ["warning: yfinance SPY: history", *told] if told)

    after = bt.run(config)
    clean = bt.run(small(here, "clean", cache="clean_cache"))
    pd.testing.assert_series_equal(after.nav, clean.nav, check_exact=True, check_freq=False)
    kept, fetched = (files(here / folder / "yfinance") for folder in ("data_cache", "clean_cache"))
    prices = [name for name in fetched if name.endswith(".parquet")]
    assert len(prices) == 2
    assert all(kept[name] == fetched[name] for name in prices)
    if change == "a split":  # of which a holder has no more than before
        pd.testing.assert_series_equal(after.nav, before.nav, rtol=1e-12, check_freq=False)
    else:
        assert not after.nav.equals(before.nav)


# 5. Sources together


def test_cash_of_fred_earns_the_bill_and_is_dated_by_fred(world: LocalWorld, here: Path) -> None:
    """5 % of discount: a bill costs 1 - 0.05 × 91 / 360 = 0.98736, so that a year of them earns 5.24 %."""
    world.sources.fred["DTB3"] = fred_csv("DTB3", dict.fromkeys(DAYS, "5.00"))
    config = small(here, cash={"source": "fred", "symbol": "DTB3"})
    weights = {"SPY": 0.0, "TLT": 0.0}
    said = json.loads(config.read_text("utf-8")) | {"strategy": {"name": "sixty_forty", "weights": weights}}
    config.write_text(json.dumps(said), encoding="utf-8")
    assert command("run", config).code == 0
    nav = table(here / "reports" / "small", "nav")["strategy"]
    days = (nav.index[-1] - nav.index[0]).days
    assert nav.iloc[-1] == pytest.approx((1 - 0.05 * 91 / 360) ** (-days / 91), rel=1e-12)
    assert nav.iloc[-1] ** (365 / days) - 1 == pytest.approx(0.0524, abs=1e-4)


def test_a_run_on_the_french_library_earns_the_market(world: LocalWorld, here: Path) -> None:
    """`Mkt` is Mkt-RF + RF, in percent; RF is cash. All of it in one asset earns just that, month by month."""
    world.sources.french["F-F_Research_Data_Factors"] = factors()
    assert command("run", small(here, source="french", assets={"Mkt": "equities"}, cash="RF")).code == 0
    returns = table(here / "reports" / "small", "returns")["strategy"]
    assert [f"{day:%Y-%m-%d}" for day in returns.index[-2:]] == ["2023-11-30", "2023-12-31"]
    by_hand = [(round(2 * np.sin(i), 2) + 0.1 + 0.01 * (i % 12)) / 100 for i in range(60)]
    np.testing.assert_allclose(returns, by_hand[-len(returns) :], rtol=1e-12)
    assert world.sources.counts["/pages/faculty/ken.french/ftp/F-F_Research_Data_Factors_CSV.zip"] == 1


def test_a_file_and_a_live_source_make_one_run(world: LocalWorld, here: Path) -> None:
    """Gold from a file, stocks live: each earns what it earned alone; dates that not both have are left out, and said."""
    gold = pd.Series(range(100, 856), index=DATES, dtype=float)
    write_csv(gold.drop(DATES[50]).to_frame("GLD"), here / "gold.csv")
    held = {"SPY": "equities", "GLD": {"class": "commodities", "source": "csv", "path": "gold.csv"}}
    answer = command("run", small(here, assets=held))
    assert (answer.code, answer.err) == (0, "")
    assert "note: 1 of 756 dates is left out, which not all series have: GLD lacks 1" in answer.out.splitlines()
    earned = table(here / "reports" / "small", "contributions")
    nav = table(here / "reports" / "small", "nav")["strategy"]
    weights = table(here / "reports" / "small", "weights")
    assert DATES[50] not in nav.index
    levels = pd.DataFrame({"SPY": levels_by_hand(world.sources.listed["SPY"]), "GLD": gold.to_numpy()}, index=DATES)
    returns = levels.loc[nav.index].pct_change()
    for name in held:
        profit = (weights[name] * nav).shift() * returns[name]
        np.testing.assert_allclose(earned[name].iloc[1:], profit.iloc[1:], rtol=1e-9, atol=1e-14)


def test_a_spliced_history_is_the_proxys_before_its_own(world: LocalWorld, here: Path) -> None:
    own = DATES[400:]
    world.sources.listed["VUSTX"] = walk("VUSTX", DATES)
    world.sources.listed["TLT"] = walk("TLT", own)
    answer = command("run", small(here, assets=["TLT"], splice={"TLT": "VUSTX"}))
    assert (answer.code, answer.err) == (0, "")
    assert f"note: TLT before {DAYS[400]} is VUSTX, spliced: " in answer.out
    assert "spliced" in (here / "reports" / "small" / "tearsheet.html").read_text("utf-8")
    nav = table(here / "reports" / "small", "nav")["strategy"]
    proxy = pd.Series(levels_by_hand(world.sources.listed["VUSTX"]), index=DATES)
    level = pd.Series(levels_by_hand(world.sources.listed["TLT"]), index=own)
    both = pd.concat([proxy.pct_change().iloc[:401], level.pct_change().iloc[1:]])
    grown = (1 + both.loc[nav.index[1:]]).prod()
    assert nav.iloc[-1] == pytest.approx(grown, rel=1e-10)
    assert nav.index[0] < own[0]


def test_a_union_of_calendars_carries_prices_and_says_so(world: LocalWorld, here: Path) -> None:
    closed = [100, 101, 300]
    kept = [i for i in range(len(DATES)) if i not in closed]
    full = walk("TLT", DATES)
    world.sources.listed["TLT"] = Listed([DAYS[i] for i in kept], [full.closes[i] for i in kept])
    answer = command("run", small(here, calendar="union"))
    assert (answer.code, answer.err) == (0, "")
    said = "note: TLT: 3 prices are carried forward (of 756 dates), at most 2 in a row"
    assert said in answer.out.splitlines()
    assert said.removeprefix("note: ") in (here / "reports" / "small" / "tearsheet.html").read_text("utf-8")
    assert (table(here / "reports" / "small", "contributions").loc[DATES[closed], "TLT"] == 0).all()


def test_monthly_runs_take_the_last_close_of_months_that_are_over(world: LocalWorld, here: Path) -> None:
    """The data ends on 27 November 2023, which is no month-end."""
    answer = command("run", small(here, assets=["SPY"], frequency="monthly"))
    assert (answer.code, answer.err) == (0, "")
    assert "2023-11" in answer.out
    summary = json.loads((here / "reports" / "small" / "summary.json").read_text("utf-8"))
    assert (summary["periods_per_year"], summary["end"]) == (12, "2023-10-31")
    level = pd.Series(levels_by_hand(world.sources.listed["SPY"]), index=DATES).resample("ME").last().iloc[:-1]
    returns = table(here / "reports" / "small", "returns")["strategy"]
    np.testing.assert_allclose(returns, level.pct_change().loc[returns.index], rtol=1e-12)


# 6. Many at once


def test_eight_processes_with_the_same_cold_cache_end_alike(world: LocalWorld, tmp_path: Path) -> None:
    """One of them asks for each series, and the others wait for it and read what it has put there."""
    config = small(tmp_path, cash="^IRX")
    processes = [world.start("run", config.name, "--output", f"report{i}", cwd=tmp_path) for i in range(8)]
    answers = [finished(process) for process in processes]
    assert [(answer.code, answer.err) for answer in answers] == [(0, "")] * 8
    reports = [report_of(tmp_path / f"report{i}") for i in range(8)]
    assert all(report == reports[0] for report in reports)
    assert [world.sources.asked(symbol) for symbol in ("SPY", "TLT", "^IRX")] == [1, 1, 1]
