"""Kenneth French's library through the real client and a local server: columns, downloads and failures."""

import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO

import numpy as np
import pytest

from backtest.data.raw_series import RawSeries
from backtest.data.sources import french
from backtest.data.sources.french import French
from backtest.errors import DataError, NoNetwork, RateLimited, SourceDown, TimedOut, UnknownSeries
from support.patience import HANG
from support.web.fake_sources import FRENCH_FOLDER, FakeWeb, french_zip
from support.web.french_files import DAILY, FACTORS, INDUSTRIES


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[FakeWeb]:
    with FakeWeb() as running:
        for name, text in {
            "F-F_Research_Data_Factors": FACTORS,
            "F-F_Research_Data_Factors_daily": DAILY,
            "10_Industry_Portfolios": INDUSTRIES,
            "25_Portfolios_5x5_Daily": DAILY,
        }.items():
            running.french[name] = french_zip(name, text)
        yield running


def monthly(server: FakeWeb) -> French:
    return French("monthly", server.base + FRENCH_FOLDER)


def daily(server: FakeWeb) -> French:
    return French("daily", server.base + FRENCH_FOLDER)


def returns(quotes: RawSeries) -> dict[str, float]:
    return {f"{day:%Y-%m-%d}": float(value) for day, value in quotes.values["return"].items()}


# Values


def test_months_are_dated_at_their_end_and_percent_become_decimals(server: FakeWeb) -> None:
    quotes = monthly(server).fetch("SMB", None, HANG)
    assert (quotes.label, quotes.kind, quotes.rate) == ("french SMB", "returns", None)
    assert returns(quotes) == pytest.approx(
        {
            "1926-07-31": -0.0256,
            "1926-08-31": -0.0117,
            "1926-09-30": -0.014,
            "1926-10-31": -0.0009,
            "1926-11-30": -0.001,
        },
        rel=1e-14,
    )
    assert str(quotes.values.index.dtype) == "datetime64[s]"
    assert quotes.values.index.name == "date"


def test_the_market_is_the_excess_return_plus_the_bill(server: FakeWeb) -> None:
    source = monthly(server)
    market = source.fetch("Mkt", None, HANG)
    assert list(returns(market).values()) == pytest.approx([0.0318, 0.0289, 0.0059, -0.0292, 0.0284], rel=1e-12)
    assert market.notes == ()
    bill = source.fetch("RF", None, HANG)
    assert list(returns(bill).values()) == pytest.approx([0.0022, 0.0025, 0.0023, 0.0032, 0.0031], rel=1e-12)
    assert bill.notes == ()


def test_missing_value_codes_become_nan(server: FakeWeb) -> None:
    assert (
        np.isnan(list(returns(monthly(server).fetch("HML", None, HANG)).values())).tolist() == [False] * 3 + [True] * 2
    )


def test_daily_returns_come_from_the_daily_file(server: FakeWeb) -> None:
    quotes = daily(server).fetch("Mkt", None, HANG)
    assert quotes.label == "french_daily Mkt"
    assert returns(quotes) == pytest.approx({"1926-07-01": 0.001, "1926-07-02": 0.0046}, rel=1e-12)
    assert returns(daily(server).fetch("F-F_Research_Data_Factors_daily/Mkt", None, HANG)) == returns(quotes)
    daily(server).fetch("25_Portfolios_5x5_Daily/SMB", None, HANG)
    assert [path.rpartition("/")[2] for path in server.requests] == [
        "F-F_Research_Data_Factors_daily_CSV.zip",
        "F-F_Research_Data_Factors_daily_CSV.zip",
        "25_Portfolios_5x5_Daily_CSV.zip",
    ]


@pytest.mark.parametrize(("column", "expected"), [("NoDur", [1.45, 3.97]), ("Hlth", [1.77, 4.25]), ("Hi 30", [3, 6])])
def test_the_first_table_which_is_value_weighted_is_used(server: FakeWeb, column: str, expected: list[float]) -> None:
    quotes = monthly(server).fetch(f"10_Industry_Portfolios/{column}", None, HANG)
    assert list(returns(quotes).values()) == pytest.approx([value / 100 for value in expected])
    assert quotes.notes == ()


def test_a_blank_line_below_the_header_and_none_at_the_end_make_no_difference(server: FakeWeb) -> None:
    expected = returns(monthly(server).fetch("Mkt", None, HANG))
    short = FACTORS[: FACTORS.index("\n\n Annual")].replace(",RF\n", ",RF   \n\n")
    server.french["F-F_Research_Data_Factors"] = french_zip("x", short)
    assert returns(monthly(server).fetch("Mkt", None, HANG)) == expected


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("Mkt-RF", "a return above cash: what cash earns is not in it"),
        ("SMB", "the return of a long-short portfolio: no capital is tied up in it, and what cash earns is not added"),
    ],
)
def test_long_short_and_excess_returns_have_a_caveat(server: FakeWeb, symbol: str, words: str) -> None:
    assert monthly(server).fetch(symbol, None, HANG).notes == (words,)


# One download for all columns of a file, always whole


def test_two_columns_of_a_file_are_one_download_and_the_whole_history(server: FakeWeb) -> None:
    source = monthly(server)
    assert len(source.fetch("Mkt", date(2024, 1, 1), HANG).values) == 5
    source.fetch("RF", None, HANG)
    source.fetch("10_Industry_Portfolios/Durbl", None, HANG)
    assert sorted(server.counts.values()) == [1, 1]
    monthly(server).fetch("RF", None, HANG)
    assert sorted(server.counts.values()) == [1, 2]  # another run downloads it again


def test_threads_share_the_download_of_a_file(server: FakeWeb) -> None:
    source = monthly(server)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda symbol: source.fetch(symbol, None, HANG), ["Mkt", "RF", "SMB", "HML"] * 4))
    assert [len(quotes.values) for quotes in found] == [5] * 16
    assert len(server.requests) == 1


def test_waiting_for_another_download_respects_the_time_limit(server: FakeWeb) -> None:
    server.fail("hang", times=1)
    source = monthly(server)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(source.fetch, "Mkt", None, HANG)
        while not server.requests:
            assert not first.done()
        with pytest.raises(TimedOut) as caught:
            source.fetch("RF", None, 0.1)
        assert not first.done()
        server.release()
        assert isinstance(first.exception(), SourceDown)
    assert str(caught.value) == (
        "french RF: another download of F-F_Research_Data_Factors did not finish in 0.1 s. "
        "Hint: try again, or raise data.timeout."
    )
    assert len(source.fetch("RF", None, HANG).values) == 5


# Failures and their messages


FAULTS = {
    "404": (
        UnknownSeries,
        (
            "no data set F-F_Research_Data_Factors (status 404). "
            "Hint: use the name of the zip file in the library, without _CSV.zip."
        ),
    ),
    "429": (RateLimited, "the source asked for fewer requests (status 429). Hint: try again later."),
    "500": (SourceDown, "the source failed (status 500). Hint: try again later."),
    "html": (
        SourceDown,
        "got a web page instead of data. Hint: the name may be misspelt, or the network may require a login.",
    ),
    "empty": (SourceDown, "no usable zip file with one CSV was returned. Hint: try again later."),
    "truncated": (SourceDown, "the answer was cut off or garbled. Hint: try again later."),
    "truncated chunks": (SourceDown, "the answer was cut off or garbled. Hint: try again later."),
    "reset": (SourceDown, "127.0.0.1 closed the connection. Hint: try again later."),
    "hang": (TimedOut, "no complete answer from 127.0.0.1 in 0.3 s. Hint: try again, or raise data.timeout."),
    "drip": (TimedOut, "no complete answer from 127.0.0.1 in 0.3 s. Hint: try again, or raise data.timeout."),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_error_and_leaves_nothing_behind(
    server: FakeWeb, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still until the download begins, so that the download has the whole time limit."""
    kind, words = FAULTS[fault]
    source = monthly(server)
    monkeypatch.setattr(french, "monotonic", lambda: 0.0)
    server.fail(fault)
    with pytest.raises(DataError) as caught:
        source.fetch("Mkt", None, 0.3 if kind is TimedOut else HANG)
    assert type(caught.value) is kind
    assert str(caught.value) == f"french Mkt: {words}"
    server.recover()
    assert len(source.fetch("Mkt", None, HANG).values) == 5


def test_a_missing_network_is_reported() -> None:
    server = FakeWeb()
    server.server_close()  # its port is free again, and no server listens there
    with pytest.raises(NoNetwork, match=r"^french Mkt: 127\.0\.0\.1 cannot be reached\. Hint: "):
        monthly(server).fetch("Mkt", None, HANG)


def test_an_unknown_column_is_refused_with_the_available_ones(server: FakeWeb) -> None:
    with pytest.raises(UnknownSeries) as caught:
        monthly(server).fetch("RMW", None, HANG)
    assert str(caught.value) == ("french RMW: F-F_Research_Data_Factors has no column RMW; it has Mkt-RF, SMB, HML, RF")
    with pytest.raises(UnknownSeries) as caught:
        monthly(server).fetch("10_Industry_Portfolios/Mkt", None, HANG)
    assert str(caught.value).endswith("Hlth, Utils, Other, Lo 30, Med 40 and more")


def test_an_unknown_daily_data_set_has_a_hint_at_names(server: FakeWeb) -> None:
    with pytest.raises(UnknownSeries) as caught:
        daily(server).fetch("25_Portfolios_5x5/SMB", None, HANG)
    assert str(caught.value) == (
        "french_daily 25_Portfolios_5x5/SMB: no data set 25_Portfolios_5x5_daily (status 404). Hint: use the name "
        "of the zip file in the library, without _CSV.zip (daily ones end in _daily or _Daily)."
    )


@pytest.mark.parametrize(
    "symbol",
    [
        "",
        "../x/Mkt",
        "/etc/passwd",
        "a/b/c",
        "../Mkt",
        "x?y/Mkt",
        "x%2e/Mkt",
        "-x/Mkt",
        "a\\b/Mkt",
        "M\x00",
        "é/Mkt",
        "x/",
        "/x",
    ],
)
def test_no_symbol_leads_out_of_the_folder_of_files(server: FakeWeb, symbol: str) -> None:
    with pytest.raises(UnknownSeries, match=r"^french: .* is not the name of a series; expected a column of "):
        monthly(server).fetch(symbol, None, HANG)
    assert server.requests == []


def test_a_file_of_the_other_frequency_is_refused(server: FakeWeb) -> None:
    with pytest.raises(UnknownSeries, match=r"the file is daily\. Hint: use source: french_daily\.$"):
        monthly(server).fetch("F-F_Research_Data_Factors_daily/Mkt", None, HANG)
    server.french["F-F_Research_Data_Factors_daily"] = french_zip("x", FACTORS)
    with pytest.raises(UnknownSeries, match=r"the file is monthly\. Hint: use source: french\.$"):
        daily(server).fetch("Mkt", None, HANG)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Copyright\n", "no table of returns in the file; expected rows such as 192607,2.96"),
        ("", "no table of returns in the file"),
        ("192607,1,2\n", "rows and header of the table in the file do not match"),
        ("Date,a,b\n192607,1,2\n", "rows and header"),
        (",a,b\n192607,1,2\n192608,1\n", "rows and header"),
        (",a,b\n192607,1,2\n192608,1,x\n", "the file has a cell that is not a number or a date"),
        (",a,b\n192613,1,2\n", "the file has a cell that is not a number or a date"),
    ],
)
def test_a_file_without_a_readable_table_is_a_failure_of_the_source(server: FakeWeb, text: str, words: str) -> None:
    server.french["F-F_Research_Data_Factors"] = french_zip("x", text)
    with pytest.raises(SourceDown) as caught:
        monthly(server).fetch("a", None, HANG)
    assert str(caught.value).startswith(f"french a: {words}")


def test_every_damage_to_a_zip_is_found(server: FakeWeb) -> None:
    """Any changed byte or truncation gives the same numbers or an error of the source, never other numbers."""
    whole = server.french["F-F_Research_Data_Factors"]
    expected = french._first_table(french._unzipped(whole, "x"), 6, "x")
    damaged = [whole[:length] for length in range(0, len(whole), 7)]
    damaged += [whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1 :] for i in range(len(whole))]
    refused = 0
    for content in damaged:
        try:
            table = french._first_table(french._unzipped(content, "x"), 6, "x")
        except SourceDown:
            refused += 1
        else:
            assert table.equals(expected)
    assert refused > len(damaged) / 2


@pytest.mark.parametrize("names", [[], ["a.csv", "b.csv"], ["picture.png"]])
def test_a_zip_without_exactly_one_table_is_refused(server: FakeWeb, names: list[str]) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, FACTORS)
    server.french["F-F_Research_Data_Factors"] = packed.getvalue()
    with pytest.raises(SourceDown, match=r"no usable zip file with one CSV was returned\. Hint: try again later\.$"):
        monthly(server).fetch("Mkt", None, HANG)


def test_a_file_that_unpacks_to_too_many_bytes_is_refused(server: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(french, "_LARGEST", 2**20)
    server.french["F-F_Research_Data_Factors"] = french_zip("x", FACTORS + "0" * 2**20)
    with pytest.raises(SourceDown, match=r"^french Mkt: no table of returns in the file"):
        monthly(server).fetch("Mkt", None, HANG)
