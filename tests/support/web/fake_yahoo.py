"""Local server that answers like Yahoo's chart endpoint, and fails on request."""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pandas as pd

from support.web.fake_sources import FakeWeb, _Handler

CHART = "/v8/finance/chart/"
PLAINTEXT = {"/v1/test/getcrumb": "crumb", "/": ""}


@dataclass
class Listed:
    """A symbol at the fake exchange.

    Args:
        dates: sessions in local dates, rising.
        closes: close of each session in today's shares; None where missing.
        dividends: per share by ISO date.
        splits: numerator and denominator by ISO date.
        capital_gains: per share by ISO date.
        zone: time zone of the exchange.
        instrument: Yahoo's type of the symbol.
        under_way: whether the last session is not over.
        adjusted: whether the answer has adjusted closes.
        opens: of each session; by default the closes.
        volumes: shares of each session; by default 1000.
    """

    dates: Sequence[str]
    closes: Sequence[float | None]
    dividends: Mapping[str, float] = field(default_factory=dict)
    splits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    capital_gains: Mapping[str, float] = field(default_factory=dict)
    zone: str = "America/New_York"
    instrument: str = "ETF"
    currency: str = "USD"
    under_way: bool = False
    adjusted: bool = True
    opens: Sequence[float | None] | None = None
    volumes: Sequence[int | None] | None = None

    def chart(self, symbol: str, begin: float, end: float) -> dict[str, Any]:
        """Return one answer's `chart`, of the sessions that open in [begin, end)."""
        begins = [self._at(day, "09:30") for day in self.dates]
        inside = [i for i, moment in enumerate(begins) if begin <= moment < end]
        closes = [self.closes[i] for i in inside]
        opens = [(self.opens or self.closes)[i] for i in inside]
        volumes = [1000 if self.volumes is None else self.volumes[i] for i in inside]
        result: dict[str, Any] = {
            "meta": self._meta(symbol),
            "timestamp": [begins[i] for i in inside],
            "events": self._events(begin, end),
            "indicators": {
                "quote": [{**dict.fromkeys(("high", "low", "close"), closes), "open": opens, "volume": volumes}]
            },
        }
        if self.adjusted:
            result["indicators"]["adjclose"] = [{"adjclose": closes}]
        if not inside:
            del result["timestamp"]
            result["indicators"] = {"quote": [{}], "adjclose": [{}]}
        return {"result": [result], "error": None}

    def _at(self, day: str, hour: str) -> int:
        return int(pd.Timestamp(f"{day} {hour}", tz=self.zone).timestamp())

    def _meta(self, symbol: str) -> dict[str, Any]:
        last = self.dates[-1]
        regular = {"timezone": "X", "start": self._at(last, "09:30"), "end": self._at(last, "16:00"), "gmtoffset": 0}
        return {
            "currency": self.currency,
            "symbol": symbol,
            "exchangeName": "PCX",
            "instrumentType": self.instrument,
            "firstTradeDate": self._at(self.dates[0], "09:30"),
            "regularMarketTime": self._at(last, "12:00" if self.under_way else "16:00"),
            "gmtoffset": 0,
            "timezone": "X",
            "exchangeTimezoneName": self.zone,
            "priceHint": 2,
            "currentTradingPeriod": {"pre": regular, "regular": regular, "post": regular},
            "dataGranularity": "1d",
            "range": "",
            "validRanges": ["1d", "5d", "1mo", "1y", "max"],
        }

    def _events(self, begin: float, end: float) -> dict[str, Any]:
        def within(rows: Mapping[str, Any]) -> dict[int, Any]:
            placed = {self._at(day, "09:30"): value for day, value in rows.items()}
            return {moment: value for moment, value in placed.items() if begin <= moment < end}

        found = {
            "dividends": {str(at): {"amount": paid, "date": at} for at, paid in within(self.dividends).items()},
            "capitalGains": {str(at): {"amount": paid, "date": at} for at, paid in within(self.capital_gains).items()},
            "splits": {
                str(at): {"date": at, "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
                for at, (new, old) in within(self.splits).items()
            },
        }
        return {name: rows for name, rows in found.items() if rows}


def walk(symbol: str, dates: pd.DatetimeIndex, volatility: float = 0.01) -> Listed:
    """Return a symbol that moves at random, the same for the same name, and pays a dividend each quarter."""
    rng = np.random.default_rng(sum(map(ord, symbol)))
    closes = 100 * np.cumprod(1 + volatility * rng.standard_normal(len(dates)))
    days = [f"{day:%Y-%m-%d}" for day in dates]
    return Listed(days, [round(float(close), 4) for close in closes], dividends=dict.fromkeys(days[30::63], 0.55))


class FakeYahoo(FakeWeb):
    """Serves `listed` by symbol in addition to `FakeWeb`; `faults` make single symbols fail, like `FakeWeb.fail`."""

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        super().__init__(ssl_context)
        self.RequestHandlerClass = _YahooHandler
        self.listed: dict[str, Listed] = {}
        self.faults: dict[str, str] = {}

    def asked(self, symbol: str) -> int:
        """Return the number of requests for a symbol's history; the client's time-zone request is not counted."""
        return sum(unquote(one).startswith(f"{CHART}{symbol}?") and "period1" in one for one in self.requests)

    def content(self, target: str) -> bytes | None:
        """Return the content of a path; None if there is nothing."""
        parts = urlsplit(target)
        if not parts.path.startswith(CHART):
            text = PLAINTEXT.get(parts.path)
            return super().content(target) if text is None else text.encode()
        symbol = unquote(parts.path.removeprefix(CHART))
        if symbol not in self.listed:
            return None
        query = {name: float(values[0]) for name, values in parse_qs(parts.query).items() if name.startswith("period")}
        chart = self.listed[symbol].chart(symbol, query.get("period1", -1e12), query.get("period2", 1e12))
        return json.dumps({"chart": chart}).encode()


class _YahooHandler(_Handler):
    server: FakeYahoo

    def do_GET(self) -> None:  # noqa: N802 - the name in http.server
        symbol = unquote(urlsplit(self.path).path).removeprefix(CHART)
        fault = self.server.faults.get(symbol) if CHART in self.path else None
        if fault is None and CHART in self.path and symbol not in self.server.listed:
            fault = "unknown"
        if fault is None:
            super().do_GET()
            return
        self.server.requests.append(self.path)
        self.close_connection = True
        errors = {
            "unknown": (404, "Not Found", "No data found, symbol may be delisted"),
            "no such range": (400, "Bad Request", "Data doesn't exist for startDate = 1, endDate = 2"),
            "refused": (400, "Bad Request", "Invalid input - interval=1e"),
        }
        content = self.server.content(self.path) or b"{}"
        if fault in errors:
            status, code, words = errors[fault]
            body = {"chart": {"result": None, "error": {"code": code, "description": words}}}
            self._answer(status, json.dumps(body).encode(), "application/json", {})
        elif fault == "empty arrays":
            body = {"chart": {"result": None, "error": None}}
            self._answer(200, json.dumps(body).encode(), "application/json", {})
        elif fault.startswith("429"):
            wait = fault.partition(" ")[2]
            self._answer(429, b"Too Many Requests", "text/plain", {"Retry-After": wait} if wait else {})
        elif fault.isdecimal():
            self._answer(int(fault), b"<html>failed</html>", "text/html", {})
        elif fault == "cut json":
            self._answer(200, content[: len(content) // 2], "application/json", {})
        else:
            self._fail(fault, content)
