"""FRED through the real client and a local server: values, dates, and messages of failures."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

import backtest as bt
from backtest.data.raw_series import INCOME_UNKNOWN, Rate, RawSeries
from backtest.data.sources.fred import Fred
from backtest.data.sources.network import http_download
from backtest.errors import (
    DataError,
    NoDataInRange,
    NoNetwork,
    RateLimited,
    SourceDown,
    TimedOut,
    UnknownSeries,
)
from support.patience import HANG
from support.web.fake_sources import FakeWeb, fred_csv

BILLS = {"2024-01-01": ".", "2024-01-02": "5.22", "2024-01-03": "5.25", "2024-01-04": "", "2024-01-05": "-0.01"}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[FakeWeb]:
    with FakeWeb() as running:
        running.fred["DTB3"] = fred_csv("DTB3", BILLS)
        yield running


def fetched(server: FakeWeb, symbol: str, rows: dict[str, str], since: date | None = None) -> RawSeries:
    server.fred[symbol] = fred_csv(symbol, rows)
    return Fred(server.base).fetch(symbol, since, HANG)


def dates(quotes: RawSeries) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in quotes.values.index]


# 1. Values


def test_days_without_a_value_are_left_out_and_percent_become_decimals(server: FakeWeb) -> None:
    quotes = Fred(server.base).fetch("DTB3", None, HANG)
    assert (quotes.label, quotes.kind, quotes.notes) == ("fred DTB3", "rate", ())
    assert quotes.rate == Rate(quoted="discount", days=91)
    assert dates(quotes) == ["2024-01-02", "2024-01-03", "2024-01-05"]
    assert quotes.values["rate"].tolist() == pytest.approx([0.0522, 0.0525, -0.0001], rel=1e-15)
    assert list(quotes.values.columns) == ["rate"]
    assert str(quotes.values.index.dtype) == "datetime64[s]"
    assert quotes.values.index.name == "date"
    assert server.agents == [f"risk-parity-backtest/{bt.__version__} (historical backtester)"]


def test_windows_line_ends_a_byte_order_mark_and_the_older_header_are_read(server: FakeWeb) -> None:
    plain = Fred(server.base).fetch("DTB3", None, HANG)
    server.fred["DTB3"] = "\ufeff" + fred_csv("DTB3", BILLS, "DATE").replace("\n", "\r\n")
    assert Fred(server.base).fetch("DTB3", None, HANG).values.equals(plain.values)


@pytest.mark.parametrize("since", ["2023-12-31", "2022-12-31"])
def test_a_request_from_a_periods_end_includes_that_period(server: FakeWeb, since: str) -> None:
    """FRED dates a year at its first day: a request from 2022-12-31 on has to include the year 2022."""
    years = {f"{year}-01-01": f"{year}.5" for year in range(2000, 2025)}
    whole = fetched(server, "GDPA", years)
    tail = fetched(server, "GDPA", years, date.fromisoformat(since))
    assert 2 <= len(tail.values) < 5
    assert dates(tail)[0] <= since <= dates(tail)[-1]
    assert tail.values.equals(whole.values[-len(tail.values) :])
    assert server.requests[-1].endswith(f"?id=GDPA&cosd={date.fromisoformat(since) - timedelta(days=366)}")


# 2. Dates on which values are known


@pytest.mark.parametrize(
    ("months", "word", "ends"),
    [
        (1, "month", ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29"]),
        (3, "quarter", ["2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31"]),
        (12, "year", ["2020-12-31", "2021-12-31", "2022-12-31", "2023-12-31"]),
    ],
)
def test_a_period_is_dated_at_its_end(server: FakeWeb, months: int, word: str, ends: list[str]) -> None:
    last = {1: 2024 * 12 + 1, 3: 2024 * 12, 12: 2023 * 12}[months]
    begins = [last - months * k for k in (3, 2, 1, 0)]
    rows = {f"{n // 12}-{n % 12 + 1:02}-01": f"{k}.5" for k, n in enumerate(begins, 1)}
    average = fetched(server, "TB3MS", rows)
    assert dates(average) == ends
    assert average.notes == (f"averages of each {word}, dated at its end",)
    other = fetched(server, "CPIAUCSL", rows)
    assert dates(other) == ends
    assert other.values["level"].tolist() == [1.5, 2.5, 3.5, 4.5]
    assert other.notes == (f"the value of each {word}, dated at its end", INCOME_UNKNOWN)


def test_a_month_that_is_missing_does_not_make_longer_periods(server: FakeWeb) -> None:
    rows = {"2023-01-01": "1", "2023-02-01": "2", "2023-05-01": "3", "2023-10-01": "4"}
    assert dates(fetched(server, "FEDFUNDS", rows)) == ["2023-01-31", "2023-02-28", "2023-05-31", "2023-10-31"]


@pytest.mark.parametrize("rows", [{"2024-02-01": "1"}, {"2024-02-01": "1", "2024-03-04": "2"}])
def test_a_day_that_happens_to_be_the_first_stays(server: FakeWeb, rows: dict[str, str]) -> None:
    assert dates(fetched(server, "FEDFUNDS", rows)) == list(rows)


# 3. Failures and their messages


FAULTS = [
    ("404", UnknownSeries, "fred DTB3: nothing has this name (status 404). Hint: check the spelling."),
    ("429", RateLimited, "fred DTB3: the source asked for fewer requests (status 429). Hint: try again later."),
    ("500", SourceDown, "fred DTB3: the source failed (status 500). Hint: try again later."),
    ("403", SourceDown, "fred DTB3: the source failed (status 403). Hint: try again later."),
    (
        "html",
        SourceDown,
        (
            "fred DTB3: got a web page instead of data. "
            "Hint: the name may be misspelt, or the network may require a login."
        ),
    ),
    (
        "empty",
        SourceDown,
        "fred DTB3: the answer is not a table of DTB3; expected a date and its value in each line",
    ),
    ("truncated", SourceDown, "fred DTB3: the answer was cut off or garbled. Hint: try again later."),
    ("truncated chunks", SourceDown, "fred DTB3: the answer was cut off or garbled. Hint: try again later."),
    ("reset", SourceDown, "fred DTB3: 127.0.0.1 closed the connection. Hint: try again later."),
    *(
        (
            fault,
            TimedOut,
            "fred DTB3: no complete answer from 127.0.0.1 in 0.3 s. Hint: try again, or raise data.timeout.",
        )
        for fault in ("hang", "drip", "drip head")
    ),
]


@pytest.mark.parametrize(("fault", "kind", "words"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_each_fault_has_its_error_and_the_next_attempt_succeeds(
    server: FakeWeb, fault: str, kind: type[DataError], words: str
) -> None:
    """A hanging or dripping download never ends by itself, so an error proves that the limit of 0.3 s works."""
    server.fail(fault)
    with pytest.raises(DataError) as caught:
        Fred(server.base).fetch("DTB3", None, 0.3 if kind is TimedOut else HANG)
    assert type(caught.value) is kind
    assert str(caught.value) == words
    server.recover()
    assert len(Fred(server.base).fetch("DTB3", None, HANG).values) == 3


def test_an_abandoned_download_stops_reading(server: FakeWeb) -> None:
    """The body drips as long as it is read: the reading thread stops with the next bytes."""
    server.fail("drip")
    with pytest.raises(TimedOut):
        http_download.download(server.base, label="dripping", seconds=0.1)
    reading = [thread for thread in threading.enumerate() if thread.name == "download dripping"]
    for thread in reading:
        thread.join(HANG)
    assert not any(thread.is_alive() for thread in reading)


@pytest.mark.parametrize(
    ("text", "wait"), [("30", 30), ("soon", 0), ("", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("-5", 0)]
)
def test_retry_after_is_passed_on(server: FakeWeb, text: str, wait: float) -> None:
    server.fail("429", headers={"Retry-After": text})
    with pytest.raises(RateLimited) as caught:
        Fred(server.base).fetch("DTB3", None, HANG)
    assert caught.value.wait == wait
    assert ("and to wait 30 s (status 429)" in str(caught.value)) == (wait == 30)


def test_retry_after_may_be_a_date(server: FakeWeb) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    server.fail("429", headers={"Retry-After": format_datetime(until, usegmt=True)})
    with pytest.raises(RateLimited) as caught:
        Fred(server.base).fetch("DTB3", None, HANG)
    assert (until - datetime.now(UTC)).total_seconds() <= caught.value.wait <= 3600


def test_nobody_listening_is_no_network() -> None:
    with socket.socket() as bound:  # bound and not listening: refused
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(NoNetwork) as caught:
            Fred(f"http://127.0.0.1:{port}").fetch("DTB3", None, HANG)
    assert str(caught.value) == (
        "fred DTB3: 127.0.0.1 cannot be reached. Hint: check the network, or use what is cached: --offline."
    )


def test_a_proxy_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://name:secret@127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(NoNetwork) as caught:
            Fred().fetch("DTB3", None, HANG)
    assert str(caught.value) == (
        "fred DTB3: the proxy does not reach fred.stlouisfed.org. Hint: check HTTPS_PROXY and NO_PROXY."
    )


def test_certificates_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with FakeWeb(context) as server:
        server.fred["DTB3"] = fred_csv("DTB3", BILLS)
        with pytest.raises(NoNetwork) as caught:
            Fred(server.base).fetch("DTB3", None, HANG)
        assert str(caught.value).startswith("fred DTB3: the certificate of 127.0.0.1 is not trusted. Hint: ")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        assert len(Fred(server.base).fetch("DTB3", None, HANG).values) == 3
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file) + "x")
        with pytest.raises(NoNetwork) as caught:
            Fred(server.base).fetch("DTB3", None, HANG)
    assert str(caught.value) == (
        "fred DTB3: the file of certificates cannot be read. Hint: check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
    )


def test_an_endless_answer_is_abandoned(server: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_download, "LARGEST", 2**20)
    with pytest.raises(SourceDown, match=r"^fred BIG: more than 1 MiB; expected a file of prices$"):
        fetched(server, "BIG", {f"x{n:09}": "1" for n in range(100_000)})


def test_messages_never_contain_the_address(server: FakeWeb) -> None:
    """A user's address may contain a password or a key; messages name at most the host."""
    url = server.base.replace("//", "//name:secret@") + "/graph/fredgraph.csv?id=DTB3&token=secret"
    for fault in [fault for fault, _, _ in FAULTS if fault not in ("html", "empty")]:
        server.fail(fault)
        with pytest.raises(DataError) as caught:
            http_download.download(url, label="prices.csv", seconds=0.3 if fault.startswith(("hang", "drip")) else HANG)
        assert "secret" not in str(caught.value)
        assert str(caught.value).startswith("prices.csv: ")


@pytest.mark.parametrize("symbol", ["", "../x", "DTB3&cosd=1", "DTB3,SP500", "DTB 3", "a/b", "DTB3\n", "é"])
def test_invalid_ids_are_not_requested(server: FakeWeb, symbol: str) -> None:
    with pytest.raises(UnknownSeries, match=r"is not an id; expected letters, digits and _ only, such as DTB3$"):
        Fred(server.base).fetch(symbol, None, HANG)
    assert server.requests == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("observation_date,DTB6\n2024-01-02,1\n", "the answer is not a table of DTB3"),
        ("observation_date,DTB3\n2024-01-02,1,2\n", "line 2 is '2024-01-02,1,2'; expected a date and a number"),
        ("observation_date,DTB3\n2024-01-02,1\n2024-01\n", "line 3 is '2024-01'; expected"),
        ("observation_date,DTB3\n2024-01-02,n/a\n", "line 2 is '2024-01-02,n/a'; expected"),
        ("observation_date,DTB3\n2024-01-02,inf\n", "line 2 is '2024-01-02,inf'; expected"),
        ("observation_date,DTB3\n2024-02-30,1\n", "line 2 is '2024-02-30,1'; expected"),
        ("error: too many requests", "the answer is not a table of DTB3"),
    ],
)
def test_an_answer_that_is_not_the_series_is_a_failure_of_the_source(server: FakeWeb, text: str, words: str) -> None:
    server.fred["DTB3"] = text
    with pytest.raises(SourceDown) as caught:
        Fred(server.base).fetch("DTB3", None, HANG)
    assert str(caught.value).startswith(f"fred DTB3: {words}")


def test_a_series_without_values_has_no_data(server: FakeWeb) -> None:
    with pytest.raises(NoDataInRange, match=r"^fred DTB3: no value$"):
        fetched(server, "DTB3", {"2024-01-01": "."})
    with pytest.raises(NoDataInRange, match=r"^fred DTB3: no value since 2026-01-01$"):
        fetched(server, "DTB3", BILLS, date(2026, 1, 1))
