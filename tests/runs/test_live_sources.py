# ruff: noqa: E501 - a row of the table of faults is a line
"""Faults of live sources, history that changes, and runs that combine sources."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import write_csv
from support.command_line import command
from support.patience import HANG
from support.web.fake_sources import fred_csv, french_zip
from support.web.fake_yahoo import Listed, walk
from support.web.live_runs import (
    DATES,
    DAYS,
    levels_by_hand,
    small,
    table,
)
from support.web.local_servers import LocalServers, age, files

pytestmark = pytest.mark.usefixtures("without_figures")

# 1. Faults: one of several series fails


def factors(months: int = 60) -> bytes:
    """Return the library's file of the three factors, by month."""
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
    "a page to log in": ("html", 3, "got a web page instead of data. Hint: the network may require a login."),
    "half an answer": ("cut json", 3, f"Yahoo's answer was cut off, or is not data. {LATER}"),
    "a cut body": ("truncated", 3, "Yahoo's answer was cut off", f"Yahoo closed the connection. {LATER}"),
    "empty arrays": ("empty arrays", 3, "Yahoo answered without a single price. Hint: another range, or symbol."),
    "broken off": ("reset", 3, f"Yahoo closed the connection. {LATER}"),
}  # fmt: skip
OF_FRED = {
    "an unknown id": ("404", 2, "nothing has this name (status 404). Hint: check the spelling."),
    "429": ("429", 3, f"the source asked for fewer requests (status 429). {LATER}"),
    "500": ("500", 3, f"the source failed (status 500). {LATER}"),
    "a page to log in": ("html", 3, "got a web page instead of data. Hint: the name may be misspelt, or the network may require a login."),
    "a cut body": ("truncated", 3, f"the answer was cut off or garbled. {LATER}"),
    "nothing": ("empty", 3, "the answer is not a table of DTB3; expected a date and its value in each line"),
    "broken off": ("reset", 3, f"fred.stlouisfed.org closed the connection. {LATER}"),
    "hanging": ("hang", 3, "no complete answer from fred.stlouisfed.org in 1 s. Hint: try again, or raise data.timeout."),
}  # fmt: skip
OF_FRENCH = {
    "an unknown file": ("404", 2, "no data set F-F_Research_Data_Factors (status 404). Hint: use the name of the zip file in the library, without _CSV.zip."),
    "500": ("500", 3, f"the source failed (status 500). {LATER}"),
    "half a zip": ("truncated", 3, f"the answer was cut off or garbled. {LATER}"),
    "a page to log in": ("html", 3, "got a web page instead of data. Hint: the name may be misspelt, or the network may require a login."),
}  # fmt: skip


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("row", OF_YAHOO.values(), ids=OF_YAHOO.keys())
def test_one_symbol_of_several_that_fails_is_named_with_its_cause(
    row: tuple[Any, ...], servers: LocalServers, here: Path
) -> None:
    """The run does not begin; the other series stay cached, so the next attempt requests only the failed one."""
    fault, code, *words = row  # if a body ends too early, curl reports either error
    servers.sources.listed["BAD"] = walk("BAD", DATES)
    servers.sources.faults["BAD"] = fault
    config = small(here, assets={"SPY": "equities", "TLT": "bonds", "BAD": "bonds"})
    answer = command("run", config)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err in [f"error: yfinance BAD: {message}\n" for message in words]
    assert not (here / "reports").exists()
    servers.sources.faults.clear()
    assert command("data", "fetch", config).code == 0
    assert (servers.sources.asked("SPY"), servers.sources.asked("TLT")) == (1, 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "code", "words"), OF_FRED.values(), ids=OF_FRED.keys())
def test_faults_of_fred_are_reported_in_one_line(
    fault: str, code: int, words: str, servers: LocalServers, here: Path
) -> None:
    servers.sources.fred["DTB3"] = fred_csv("DTB3", dict.fromkeys(DAYS, "5.00"))
    config = small(
        here, assets=["SPY"], cash={"source": "fred", "symbol": "DTB3"}, timeout=1 if fault == "hang" else HANG
    )
    assert command("data", "fetch", small(here, "prices", assets=["SPY"])).code == 0
    servers.sources.fail(fault)
    answer = command("run", config)
    assert (answer.code, answer.out, answer.err) == (code, "", f"error: fred DTB3: {words}\n")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "code", "words"), OF_FRENCH.values(), ids=OF_FRENCH.keys())
def test_faults_of_french_are_reported_in_one_line(
    fault: str, code: int, words: str, servers: LocalServers, here: Path
) -> None:
    servers.sources.french["F-F_Research_Data_Factors"] = factors()
    servers.sources.fail(fault)
    answer = command("run", small(here, source="french", assets=["Mkt"], cash="RF"))
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.splitlines() == [f"error: french {symbol}: {words}" for symbol in ("Mkt", "RF")]


# 2. History that changes


@pytest.mark.parametrize("change", ["a dividend of the past", "a split", "a new dividend", "new closes"])
def test_changes_between_two_fetches_are_logged_and_end_like_a_fresh_fetch(
    change: str, servers: LocalServers, here: Path
) -> None:
    """New prices are not appended to outdated ones: the cache equals a fresh fetch."""
    listed, config = servers.sources.listed, small(here)
    listed["SPY"].dividends = {DAYS[30]: 0.5}
    listed["SPY"].dates, listed["SPY"].closes = DAYS[:-5], listed["SPY"].closes[:-5]
    before = bt.run(config)
    if change == "a dividend of the past":
        listed["SPY"].dividends = {DAYS[30]: 0.5, DAYS[-8]: 1.25}
        warned = ["1 of 751 dates", f"dividends on {DAYS[-8]}", "1.25 now"]
    elif change == "a split":
        listed["SPY"].closes = [None if close is None else close / 2 for close in listed["SPY"].closes]
        listed["SPY"].dividends, listed["SPY"].splits = {DAYS[30]: 0.25}, {DAYS[-7]: (2, 1)}
        warned = ["751 of 751 dates", f"splits on {DAYS[-7]}", "2 now"]
    else:
        listed["SPY"].dates, listed["SPY"].closes = DAYS, walk("SPY", DATES).closes
        listed["SPY"].dividends |= {DAYS[-3]: 0.75} if change == "a new dividend" else {}
        warned = []
    age(here / "data_cache", 2)
    answer = command("data", "fetch", config)
    assert answer.code == 0
    assert answer.err.count("\n") == bool(warned)
    assert all(part in answer.err for part in ["warning: yfinance SPY: history", *warned] if warned)

    after = bt.run(config)
    clean = bt.run(small(here, "clean", cache="clean_cache"))
    pd.testing.assert_series_equal(after.nav, clean.nav, check_exact=True, check_freq=False)
    kept, fetched = (files(here / folder / "yfinance") for folder in ("data_cache", "clean_cache"))
    prices = [name for name in fetched if name.endswith(".parquet")]
    assert len(prices) == 2
    assert all(kept[name] == fetched[name] for name in prices)
    if change == "a split":  # which leaves a holder's value unchanged
        pd.testing.assert_series_equal(after.nav, before.nav, rtol=1e-12, check_freq=False)
    else:
        assert not after.nav.equals(before.nav)


# 3. Several sources


def test_cash_of_fred_earns_the_bill_and_is_dated_by_fred(servers: LocalServers, here: Path) -> None:
    """5 % of discount: a bill costs 1 - 0.05 × 91 / 360 = 0.98736, so that a year of them earns 5.24 %."""
    servers.sources.fred["DTB3"] = fred_csv("DTB3", dict.fromkeys(DAYS, "5.00"))
    config = small(here, cash={"source": "fred", "symbol": "DTB3"})
    weights = {"SPY": 0.0, "TLT": 0.0}
    said = json.loads(config.read_text("utf-8")) | {"strategy": {"name": "sixty_forty", "weights": weights}}
    config.write_text(json.dumps(said), encoding="utf-8")
    assert command("run", config).code == 0
    nav = table(here / "reports" / "small", "nav")["strategy"]
    days = (nav.index[-1] - nav.index[0]).days
    assert nav.iloc[-1] == pytest.approx((1 - 0.05 * 91 / 360) ** (-days / 91), rel=1e-12)
    assert nav.iloc[-1] ** (365 / days) - 1 == pytest.approx(0.0524, abs=1e-4)


def test_a_run_on_the_french_library_earns_the_market(servers: LocalServers, here: Path) -> None:
    """`Mkt` is Mkt-RF + RF, in percent; RF is cash. All of NAV in one asset earns its returns, month by month."""
    servers.sources.french["F-F_Research_Data_Factors"] = factors()
    assert command("run", small(here, source="french", assets={"Mkt": "equities"}, cash="RF")).code == 0
    returns = table(here / "reports" / "small", "returns")["strategy"]
    assert [f"{day:%Y-%m-%d}" for day in returns.index[-2:]] == ["2023-11-30", "2023-12-31"]
    by_hand = [(round(2 * np.sin(i), 2) + 0.1 + 0.01 * (i % 12)) / 100 for i in range(60)]
    np.testing.assert_allclose(returns, by_hand[-len(returns) :], rtol=1e-12)
    assert servers.sources.counts["/pages/faculty/ken.french/ftp/F-F_Research_Data_Factors_CSV.zip"] == 1


def test_a_file_and_a_live_source_make_one_run(servers: LocalServers, here: Path) -> None:
    """Gold from a file and live stocks earn what they earn alone; dates without both are left out, with a note."""
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
    levels = pd.DataFrame({"SPY": levels_by_hand(servers.sources.listed["SPY"]), "GLD": gold.to_numpy()}, index=DATES)
    returns = levels.loc[nav.index].pct_change()
    for name in held:
        profit = (weights[name] * nav).shift() * returns[name]
        np.testing.assert_allclose(earned[name].iloc[1:], profit.iloc[1:], rtol=1e-9, atol=1e-14)


def test_a_spliced_history_follows_the_proxy_before_its_own(servers: LocalServers, here: Path) -> None:
    own = DATES[400:]
    servers.sources.listed["VUSTX"] = walk("VUSTX", DATES)
    servers.sources.listed["TLT"] = walk("TLT", own)
    answer = command("run", small(here, assets=["TLT"], splice={"TLT": "VUSTX"}))
    assert (answer.code, answer.err) == (0, "")
    assert f"note: TLT before {DAYS[400]} is VUSTX, spliced: " in answer.out
    assert "spliced" in (here / "reports" / "small" / "tearsheet.html").read_text("utf-8")
    nav = table(here / "reports" / "small", "nav")["strategy"]
    proxy = pd.Series(levels_by_hand(servers.sources.listed["VUSTX"]), index=DATES)
    level = pd.Series(levels_by_hand(servers.sources.listed["TLT"]), index=own)
    both = pd.concat([proxy.pct_change().iloc[:401], level.pct_change().iloc[1:]])
    grown = (1 + both.loc[nav.index[1:]]).prod()
    assert nav.iloc[-1] == pytest.approx(grown, rel=1e-10)
    assert nav.index[0] < own[0]


def test_a_union_of_calendars_carries_prices_forward_with_a_note(servers: LocalServers, here: Path) -> None:
    closed = [100, 101, 300]
    kept = [i for i in range(len(DATES)) if i not in closed]
    full = walk("TLT", DATES)
    servers.sources.listed["TLT"] = Listed([DAYS[i] for i in kept], [full.closes[i] for i in kept])
    answer = command("run", small(here, calendar="union"))
    assert (answer.code, answer.err) == (0, "")
    said = "note: TLT: 3 prices are carried forward (of 756 dates), at most 2 in a row"
    assert said in answer.out.splitlines()
    assert said.removeprefix("note: ") in (here / "reports" / "small" / "tearsheet.html").read_text("utf-8")
    assert (table(here / "reports" / "small", "contributions").loc[DATES[closed], "TLT"] == 0).all()


def test_monthly_runs_take_the_last_close_of_months_that_are_over(servers: LocalServers, here: Path) -> None:
    """The data ends on 27 November 2023, which is not a month-end."""
    answer = command("run", small(here, assets=["SPY"], frequency="monthly"))
    assert (answer.code, answer.err) == (0, "")
    assert "2023-11" in answer.out
    summary = json.loads((here / "reports" / "small" / "summary.json").read_text("utf-8"))
    assert (summary["periods_per_year"], summary["end"]) == (12, "2023-10-31")
    level = pd.Series(levels_by_hand(servers.sources.listed["SPY"]), index=DATES).resample("ME").last().iloc[:-1]
    returns = table(here / "reports" / "small", "returns")["strategy"]
    np.testing.assert_allclose(returns, level.pct_change().loc[returns.index], rtol=1e-12)
