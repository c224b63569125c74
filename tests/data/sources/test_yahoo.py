# ruff: noqa: E501 - a row of the table of faults is a line
"""The real yfinance client against a server that answers like Yahoo: data, and messages of failures."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest

from backtest import errors
from backtest.data.prepare.total_return import total_return_level
from backtest.data.raw_series import Rate
from backtest.data.sources.network.yahoo_session import JudgingSession
from backtest.data.sources.yahoo import YFinance
from support.patience import HANG
from support.web.fake_yahoo import FakeYahoo, Listed, walk

DAYS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2024-03-04", periods=8, freq="B")]  # summer time begins on the 10th
CLOSES = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0, 107.0]


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FakeYahoo() as server:
        server.listed["SPY"] = Listed(DAYS, CLOSES, dividends={DAYS[3]: 1.5})
        yield server


@pytest.fixture
def source(yahoo: FakeYahoo, tmp_path_factory: pytest.TempPathFactory) -> YFinance:
    """Return the source with requests redirected to the server; the client's folder is shared by the process."""

    class Led(JudgingSession):
        def request(self, method: Any, url: Any, **options: Any) -> Any:  # type: ignore[override]  # hands on what it gets
            parts = urlsplit(str(url))
            return super().request(method, f"{yahoo.base}{parts.path}?{parts.query}", **options)

    return YFinance(client_folder(tmp_path_factory), Led())


def client_folder(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "yfinance-client"


def test_raw_closes_and_payments_on_the_ex_date(yahoo: FakeYahoo, source: YFinance) -> None:
    """Local dates through the change to summer time; nothing adjusted, nothing filled."""
    yahoo.listed["FUND"] = Listed(
        DAYS,
        [*CLOSES[:2], None, *CLOSES[3:]],
        {DAYS[3]: 1.5},
        {DAYS[5]: (2, 1)},
        {DAYS[3]: 0.25},
        instrument="MUTUALFUND",
    )
    quotes = source.fetch("FUND", None, HANG)
    assert [f"{day:%Y-%m-%d}" for day in quotes.values.index] == DAYS
    assert quotes.values.index.dtype == "datetime64[s]"
    assert list(quotes.values.columns) == ["close", "dividends", "capital_gains", "splits"]
    np.testing.assert_array_equal(quotes.values["close"], [100, 101, np.nan, 103, 104, 105, 106, 107])
    assert quotes.values["dividends"].tolist() == [0, 0, 0, 1.5, 0, 0, 0, 0]
    assert quotes.values["capital_gains"].tolist() == [0, 0, 0, 0.25, 0, 0, 0, 0]
    assert quotes.values["splits"].tolist() == [0, 0, 0, 0, 0, 2, 0, 0]
    assert (quotes.kind, quotes.label, quotes.notes) == ("closes", "yfinance FUND", ())
    assert quotes.facts == {"currency": "USD", "timezone": "America/New_York", "instrument": "MUTUALFUND"}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Australia/Sydney", "Europe/London", "Pacific/Auckland"])
def test_dates_are_local_dates_of_the_exchange(zone: str, yahoo: FakeYahoo, source: YFinance) -> None:
    """A session that opens on Monday in Sydney opens on Sunday in UTC."""
    yahoo.listed["FAR"] = Listed(DAYS, CLOSES, zone=zone)
    assert [f"{day:%Y-%m-%d}" for day in source.fetch("FAR", None, HANG).values.index] == DAYS


def test_a_missing_adjusted_close_changes_nothing(yahoo: FakeYahoo, source: YFinance) -> None:
    """The client would return unadjusted prices as adjusted ones; the level here is made from payments."""
    with_it = source.fetch("SPY", None, HANG)
    yahoo.listed["SPY"].adjusted = False
    without = source.fetch("SPY", None, HANG)
    pd.testing.assert_frame_equal(with_it.values, without.values)
    level, _ = total_return_level(without.values)
    assert level.iloc[3] / level.iloc[2] == pytest.approx((103 + 1.5) / 102, rel=1e-12)


def test_an_unfinished_session_is_left_out(yahoo: FakeYahoo, source: YFinance) -> None:
    yahoo.listed["SPY"].under_way = True
    assert f"{source.fetch('SPY', None, HANG).values.index[-1]:%Y-%m-%d}" == DAYS[-2]


def test_only_requested_dates_are_returned_and_new_dividends_appear_at_once(yahoo: FakeYahoo, source: YFinance) -> None:
    assert len(source.fetch("SPY", date.fromisoformat(DAYS[5]), HANG).values) == 3
    yahoo.listed["SPY"].dividends = {DAYS[3]: 1.5, DAYS[7]: 2.0}
    assert source.fetch("SPY", date.fromisoformat(DAYS[5]), HANG).values["dividends"].tolist() == [0, 0, 2.0]


def test_a_yield_is_a_rate_and_an_index_has_a_caveat(yahoo: FakeYahoo, source: YFinance) -> None:
    yahoo.listed["^IRX"] = Listed(DAYS, [5.2] * 8, instrument="INDEX")
    yahoo.listed["^GSPC"] = yahoo.listed["^SP500TR"] = Listed(DAYS, CLOSES, instrument="INDEX")
    bill = source.fetch("^IRX", None, HANG)
    assert (bill.kind, bill.rate) == ("rate", Rate(quoted="discount", days=91))
    assert bill.values["rate"].tolist() == pytest.approx([0.052] * 8)
    assert source.fetch("^GSPC", None, HANG).notes == ("price index: the dividends of its members are not in it",)
    assert source.fetch("^SP500TR", None, HANG).notes == ()


FAULTS = {
    "404": ("unknown", errors.UnknownSeries, "Yahoo knows no such symbol. Hint: look it up on finance.yahoo.com."),
    "404 without words": ("404", errors.UnknownSeries, "Yahoo knows no such symbol. Hint: look it up on finance.yahoo.com."),
    "400 of the range": ("no such range", errors.NoDataInRange, "nothing in the range asked for (Data doesn't exist for startDate = 1, endDate = 2)"),
    "400 of another kind": ("refused", errors.SourceDown, "Yahoo refused: Invalid input - interval=1e"),
    "429": ("429", errors.RateLimited, "Yahoo asks for fewer requests (429). Hint: try again later."),
    "429 with Retry-After": ("429 7", errors.RateLimited, "Yahoo asks for fewer requests (429), and asks to wait 7 s. Hint: try again later."),
    "500": ("500", errors.SourceDown, "Yahoo failed (500). Hint: try again later."),
    "503": ("503", errors.SourceDown, "Yahoo failed (503). Hint: try again later."),
    "401": ("401", errors.SourceDown, "Yahoo refused to answer (401). Hint: try again later."),
    "a web page": ("html", errors.SourceDown, "got a web page instead of data. Hint: the network may require a login."),
    "cut JSON": ("cut json", errors.SourceDown, "Yahoo's answer was cut off, or is not data. Hint: try again later."),
    "a cut body": ("truncated", errors.SourceDown, "Yahoo's answer was cut off"),
    "nothing": ("empty", errors.SourceDown, "Yahoo's answer was cut off, or is not data. Hint: try again later."),
    "empty arrays": ("empty arrays", errors.NoDataInRange, "Yahoo answered without a single price. Hint: another range, or symbol."),
    "reset": ("reset", errors.SourceDown, "Yahoo closed the connection. Hint: try again later."),
    "hanging": ("hang", errors.TimedOut, "Yahoo did not answer in time. Hint: try again later, or raise data.timeout."),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "kind", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_has_its_message(
    fault: str, kind: type[Exception], words: str, yahoo: FakeYahoo, source: YFinance
) -> None:
    """One line with the cause; the client alone would call most of these "possibly delisted"."""
    yahoo.listed["BAD"] = walk("BAD", pd.date_range("2024-01-01", periods=60, freq="B"))
    yahoo.faults["BAD"] = fault
    with pytest.raises(errors.DataError) as failure:
        source.fetch("BAD", None, 1.0 if fault == "hang" else HANG)
    assert (type(failure.value), str(failure.value)) == (kind, f"yfinance BAD: {words}")
    assert source.fetch("SPY", None, HANG).values["close"].tolist() == CLOSES  # one of several failed


def test_the_docs_quote_the_message_of_each_fault() -> None:
    page = (Path(__file__).parents[3] / "docs" / "when_a_source_fails.md").read_text(encoding="utf-8")
    assert [words for _, _, words in FAULTS.values() if f"`{words}`" not in page and "503" not in words] == []


def test_a_symbol_without_a_close_has_no_data(yahoo: FakeYahoo, source: YFinance) -> None:
    yahoo.listed["NONE"] = Listed(DAYS, [None] * 8)
    with pytest.raises(errors.NoDataInRange, match=r"^yfinance NONE: no close among 8 dates"):
        source.fetch("NONE", None, HANG)


def test_nobody_listening_is_no_network(source: YFinance, yahoo: FakeYahoo) -> None:
    yahoo.base = "http://127.0.0.1:9"  # the port to discard; nothing listens on it
    with pytest.raises(errors.NoNetwork, match=r"^yfinance SPY: Yahoo cannot be reached"):
        source.fetch("SPY", None, HANG)


def test_a_hanging_server_takes_no_longer_than_the_time_limit(yahoo: FakeYahoo, source: YFinance) -> None:
    """Cookies, crumb, time zone and history hang for ever; test_yahoo_source covers the time limit of each."""
    yahoo.fail("hang")
    with pytest.raises(errors.TimedOut):
        source.fetch("SPY", None, 1.0)
