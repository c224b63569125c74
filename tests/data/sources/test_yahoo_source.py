"""Unwanted behaviour of the client: other symbols, other hosts, its own files, one lock for all threads."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from curl_cffi import requests
from curl_cffi.requests import exceptions

from backtest.data.sources.network import yahoo_session
from backtest.data.sources.network.yahoo_session import JudgingSession
from backtest.data.sources.yahoo import YFinance
from backtest.errors import BacktestError, DataError, DataUnavailableError, TimedOut, UnknownSeries
from support.patience import HANG
from support.web.fake_yahoo import CHART, FakeYahoo, Listed

DAYS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2024-03-04", periods=8, freq="B")]
CLOSES = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0, 107.0]
SILENT = "http://silent.invalid"
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


class Led(JudgingSession):
    """Client with all requests redirected to one server, and cookie and crumb requests to another one if given."""

    def __init__(self, charts: str, cookies: str | None = None) -> None:
        super().__init__()
        self._charts, self._cookies_from = charts, cookies or charts

    def request(self, method: Any, url: Any, **options: Any) -> Any:  # type: ignore[override]  # hands on what it gets
        parts = urlsplit(str(url))
        base = self._charts if parts.path.startswith(CHART) else self._cookies_from
        return super().request(method, f"{base}{parts.path}?{parts.query}", **options)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def yahoo() -> Iterator[FakeYahoo]:
    with FakeYahoo() as server:
        for symbol in ("SPY", "AB", "A", *(f"S{k}" for k in range(8))):
            server.listed[symbol] = Listed(DAYS, CLOSES)
        yield server


@pytest.fixture
def failing() -> Iterator[FakeYahoo]:
    with FakeYahoo() as server:
        server.fail("500")
        yield server


class Clocks(threading.local):
    """A clock for each thread, in place of `time`: only waiting advances it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Simulate a network in which requests to `SILENT` use up their whole time limit, on these clocks."""
    made, send = Clocks(), requests.Session.request

    def sent(session: Any, method: Any, url: Any, **options: Any) -> Any:
        if not str(url).startswith(SILENT):
            return send(session, method, url, **{**options, "timeout": HANG})
        made.now += options["timeout"]
        raise exceptions.Timeout("silent")

    monkeypatch.setattr(yahoo_session, "time", made)
    monkeypatch.setattr(requests.Session, "request", sent)
    return made


def outcomes(source: YFinance, seconds: dict[str, float], clocks: Clocks) -> dict[str, tuple[float, object]]:
    """Fetch all symbols at once; return for each the seconds on its thread's clock, and its outcome."""
    found: dict[str, tuple[float, object]] = {}

    def ask(symbol: str, limit: float) -> None:
        try:
            outcome: object = source.fetch(symbol, None, limit).values["close"].tolist()
        except BacktestError as problem:
            outcome = type(problem)
        found[symbol] = (clocks.now, outcome)

    threads = [threading.Thread(target=ask, args=one) for one in seconds.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# 1. Only the requested series


@pytest.mark.parametrize("symbol", ["SPY#B", "SPY?x", "A\nB", "", " ", "../SPY", "A/B", "A%2FB", "..", "SPY\0"])
def test_no_symbol_is_read_as_another_one(symbol: str, yahoo: FakeYahoo, tmp_path: Path) -> None:
    """The client inserts it into the address unchanged: "SPY#B" would return the prices of SPY under another name."""
    with pytest.raises(UnknownSeries, match="not a symbol of Yahoo's") as failure:
        YFinance(tmp_path, Led(yahoo.base)).fetch(symbol, None, HANG)
    assert "\n" not in str(failure.value)
    assert yahoo.requests == []


def test_an_isin_is_not_looked_up(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """The client would take the first listing that a search finds, of whatever exchange and currency."""
    with pytest.raises(UnknownSeries):
        YFinance(tmp_path, Led(yahoo.base)).fetch("US78462F1030", None, HANG)
    assert yahoo.requests == []


@pytest.mark.parametrize("symbol", ["^GSPC", "EURUSD=X", "BRK-B", "ES=F", "M&M.NS", "0700.HK", "BTC-USD", "^SP500-45"])
def test_yahoos_spellings_are_accepted_as_symbols(symbol: str, yahoo: FakeYahoo, tmp_path: Path) -> None:
    yahoo.listed[symbol] = Listed(DAYS, CLOSES)
    assert YFinance(tmp_path, Led(yahoo.base)).fetch(symbol, None, HANG).values["close"].tolist() == CLOSES


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "America/New_York"])
def test_the_first_requested_date_is_a_local_date_of_the_exchange(zone: str, yahoo: FakeYahoo, tmp_path: Path) -> None:
    """The client receives no time zone; a Monday that begins on Sunday in UTC is included, and Friday is not."""
    yahoo.listed["FAR"] = Listed(DAYS, CLOSES, zone=zone)
    values = YFinance(tmp_path, Led(yahoo.base)).fetch("FAR", date.fromisoformat(DAYS[5]), HANG).values
    assert [f"{day:%Y-%m-%d}" for day in values.index] == DAYS[5:]


# 2. Facts that Yahoo states and the client hides


class Altered(FakeYahoo):
    """Client whose dividends have their own currency, as Yahoo reports for some listings."""

    currency = "EUR"

    def content(self, target: str) -> bytes | None:
        content = super().content(target)
        return content and content.replace(b'"amount":', b'"currency": "%s", "amount":' % self.currency.encode())


@pytest.mark.parametrize(("currency", "refused"), [("EUR", True), ("USD", False), ("", False)])
def test_dividends_in_another_currency_are_not_added(
    currency: str,
    refused: bool,
    yahoo: FakeYahoo,
    tmp_path: Path,
) -> None:
    """The client drops their currency: 1.5 euros would be paid as 1.5 dollars."""
    with Altered() as server:
        server.currency = currency
        server.listed["ADR"] = Listed(DAYS, CLOSES, dividends={DAYS[3]: 1.5})
        source = YFinance(tmp_path, Led(server.base, yahoo.base))
        if not refused:
            assert source.fetch("ADR", None, HANG).values["dividends"].sum() == 1.5
            return
        with pytest.raises(DataError, match=r"^yfinance ADR: dividends are in EUR and closes in USD") as failure:
            source.fetch("ADR", None, HANG)
    assert not isinstance(failure.value, DataUnavailableError)  # another request would change nothing


def test_not_found_is_an_unknown_symbol_whatever_the_status(yahoo: FakeYahoo, tmp_path: Path) -> None:
    class Plain(FakeYahoo):
        def content(self, target: str) -> bytes | None:
            del target
            return b'{"chart": {"result": null, "error": {"code": "Not Found", "description": "No data found"}}}'

    with Plain() as server:
        server.listed["GONE"] = Listed(DAYS, CLOSES)
        source = YFinance(tmp_path, Led(server.base, yahoo.base))
        with pytest.raises(UnknownSeries, match="knows no such symbol"):
            source.fetch("GONE", None, HANG)


# 3. Few requests, and no host that delays the others


def test_a_fetch_is_one_request_and_all_share_one_cookie(yahoo: FakeYahoo, tmp_path: Path) -> None:
    source = YFinance(tmp_path, Led(yahoo.base))
    for symbol in ("SPY", "S0", "SPY"):
        source.fetch(symbol, None, HANG)
    assert yahoo.counts == {"/": 1, "/v1/test/getcrumb": 1, f"{CHART}SPY": 2, f"{CHART}S0": 1}


def test_hanging_cookie_hosts_cost_their_share_of_the_time_once(
    yahoo: FakeYahoo, clocks: Clocks, tmp_path: Path
) -> None:
    """They are on lists of blocked hosts, and prices come without them: they cost a quarter of the time at most, once.

    The client itself would wait for them again for each symbol, while the other threads wait in line.
    """
    source = YFinance(tmp_path, Led(yahoo.base, SILENT))
    first = outcomes(source, dict.fromkeys(("S0", "S1", "S2", "S3"), 4.0), clocks)
    assert {str(outcome) for _, outcome in first.values()} == {str(CLOSES)}
    assert 0 < max(took for took, _ in first.values()) <= 1.0
    later = outcomes(source, dict.fromkeys(("S4", "S5", "S6", "S7"), 4.0), clocks)
    assert {str(outcome) for _, outcome in later.values()} == {str(CLOSES)}
    assert max(took for took, _ in later.values()) == 0


def test_each_thread_has_its_own_deadline(clocks: Clocks, tmp_path: Path) -> None:
    """If nothing answers, each thread takes the time it was given; the client's own limits are 10 s and 30 s each."""
    limits = {"S0": 0.5, "S1": 2.0, "S2": 0.5, "S3": 2.0}
    found = outcomes(YFinance(tmp_path, Led(SILENT)), limits, clocks)
    assert {outcome for _, outcome in found.values()} == {TimedOut}
    assert {symbol: took for symbol, (took, _) in found.items()} == pytest.approx(limits, rel=1e-12)


def test_a_refusal_is_answered_with_a_new_cookie(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """Remembered cookies are dropped, and the client's second way to get one fails."""

    class Mended(Led):
        def request(self, method: Any, url: Any, **options: Any) -> Any:  # type: ignore[override]  # hands on what it gets
            if urlsplit(str(url)).path == "/consent":
                yahoo.faults.clear()
            return super().request(method, url, **options)

    yahoo.faults["SPY"] = "401"
    source = YFinance(tmp_path, Mended(yahoo.base))
    assert source.fetch("SPY", None, HANG).values["close"].tolist() == CLOSES


def test_a_failing_crumb_is_not_sent_on(yahoo: FakeYahoo, failing: FakeYahoo, tmp_path: Path) -> None:
    """The client takes the text of any answer but 429 for the crumb, even an error's."""
    YFinance(tmp_path, Led(yahoo.base, failing.base)).fetch("SPY", None, HANG)
    assert [one for one in yahoo.requests if "crumb" in one] == []


# 4. Nothing on disk, and nothing on the terminal

WORKER = """
import sys, time
sys.path[:0] = ["tests", "tests/data/sources"]
from pathlib import Path
from test_yahoo_source import Led
from backtest.data.sources.yahoo import YFinance
print(YFinance(Path(sys.argv[1]), Led(sys.argv[2])).fetch(sys.argv[3], None, 600.0).values["close"].tolist())
"""


def start_process(folder: Path, home: Path, yahoo: FakeYahoo, symbol: str) -> "subprocess.Popen[str]":
    """Start a process that prints a symbol's closes; the client creates its tables once per process."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), yahoo.base, symbol],
        cwd=Path(__file__).parents[3],
        env={"HOME": str(home), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_concurrent_first_runs_leave_no_file_and_log_nothing(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """The client's tables fail if processes create or fill them at once, so none is written, here or in the home."""
    processes = [start_process(tmp_path / "client", tmp_path, yahoo, f"S{k}") for k in range(3)]
    assert [process.communicate(timeout=HANG) for process in processes] == [(f"{CLOSES}\n", "")] * 3
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_damaged_tables_of_an_earlier_client_are_ignored(yahoo: FakeYahoo, tmp_path: Path) -> None:
    for table in ("tkr-tz.db", "cookies.db"):
        (tmp_path / table).write_bytes(b"no table" * 600)
    assert start_process(tmp_path, tmp_path, yahoo, "SPY").communicate(timeout=HANG) == (f"{CLOSES}\n", "")
