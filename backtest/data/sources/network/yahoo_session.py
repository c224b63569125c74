"""Session for Yahoo, with a deadline and an error for each cause of failure; slow to import."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from curl_cffi import requests
from curl_cffi.requests import exceptions

from backtest.data.sources.network.http_download import retry_after
from backtest.errors import (
    DataError,
    DataUnavailableError,
    NoDataInRange,
    NoNetwork,
    RateLimited,
    SourceDown,
    TimedOut,
    UnknownSeries,
)

_CHART = "/v8/finance/chart/"
_CRUMB = "/v1/test/getcrumb"
_SHARE_OF_COOKIES = 0.125  # of the time left: the chart endpoint answers without a cookie too
_SHORTEST = 0.001  # seconds; curl counts in milliseconds, and 0 means no limit
_BROKEN_OFF = ("reset", "empty reply", "recv failure", "closed", "eof")  # in curl's messages about a connection


class JudgingSession(requests.Session[requests.Response]):
    """Session that imitates a browser, as Yahoo requires, and checks every answer with prices before the client does.

    Args:
        options: options of `curl_cffi.requests.Session`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"impersonate": "chrome", **options})
        self._of_thread = threading.local()
        self._cookies_had: dict[tuple[str, str], Any] = {}

    @contextmanager
    def within(self, seconds: float, label: str) -> Iterator[None]:
        """Set a time limit for all requests of this thread, and the name of the series in messages."""
        own = self._of_thread
        own.deadline, own.label, own.about, own.refused = time.monotonic() + seconds, label, {}, False
        yield

    @property
    def about(self) -> Mapping[str, Any]:
        """Return the facts about its symbol in the last answer of this thread."""
        about: Mapping[str, Any] = self._of_thread.about
        return about

    def request(self, method: Any, url: Any, **options: Any) -> Any:  # type: ignore[override] # passes its arguments on
        """Return the answer to a request of the client.

        Raises:
            DataError: the answer has no prices; the subclass states the reason.
        """
        own = self._of_thread
        left = own.deadline - time.monotonic()
        if left <= _SHORTEST:
            raise _late(own.label)
        if _CHART not in str(url):
            return self._cookie(method, url, {**options, "timeout": max(left * _SHARE_OF_COOKIES, _SHORTEST)})
        try:
            answer = super().request(method, url, **{**options, "timeout": left})
        except exceptions.RequestException as problem:
            raise _failure(problem, own.label) from problem
        if answer.status_code in (401, 403) and not own.refused:
            own.refused = True  # the client has a second way to get a cookie
            self._cookies_had.clear()
            return answer
        _check_status(answer, own.label)
        own.about = _checked_meta(answer, own.label)
        return answer

    def _cookie(self, method: Any, url: Any, options: Mapping[str, Any]) -> Any:
        """Return the answer to a request for a cookie or a crumb, made once for all threads until Yahoo refuses one.

        A hanging host, as behind some blocklists, would otherwise cost its share of the time of every fetch.

        Raises:
            ConnectionError: there was no answer; the client continues without it.
        """
        asked = (str(method), str(url))
        if asked not in self._cookies_had:
            try:
                answer = super().request(method, url, **options)
            except exceptions.RequestException:
                answer = None
            if answer is not None and _CRUMB in asked[1] and not answer.ok:
                answer = None  # the client would send the error message as the crumb
            self._cookies_had[asked] = answer
        answer = self._cookies_had[asked]
        if answer is None:
            raise exceptions.ConnectionError("no cookie from there")
        return answer


def _failure(problem: exceptions.RequestException, label: str) -> DataUnavailableError:
    if isinstance(problem, exceptions.Timeout):
        return _late(label)
    if isinstance(problem, exceptions.IncompleteRead | exceptions.ChunkedEncodingError):
        return SourceDown(f"{label}: Yahoo's answer was cut off")
    if any(sign in str(problem).lower() for sign in _BROKEN_OFF):
        return SourceDown(f"{label}: Yahoo closed the connection. Hint: try again later.")
    if isinstance(problem, exceptions.ConnectionError | exceptions.ProxyError | exceptions.SSLError):
        return NoNetwork(f"{label}: Yahoo cannot be reached. Hint: check the network, or use the cache with --offline.")
    return SourceDown(f"{label}: the request failed ({type(problem).__name__})")


def _late(label: str) -> TimedOut:
    return TimedOut(f"{label}: Yahoo did not answer in time. Hint: try again later, or raise data.timeout.")


def _unknown(label: str) -> UnknownSeries:
    return UnknownSeries(f"{label}: Yahoo knows no such symbol. Hint: look it up on finance.yahoo.com.")


def _check_status(answer: Any, label: str) -> None:
    status = answer.status_code
    if status == 429:
        seconds = retry_after(answer.headers.get("Retry-After", ""))
        asks = f", and asks to wait {seconds:.0f} s" if seconds else ""
        raise RateLimited(f"{label}: Yahoo asks for fewer requests (429){asks}. Hint: try again later.", seconds)
    if status == 404:
        raise _unknown(label)
    if status in (401, 403):
        raise SourceDown(f"{label}: Yahoo refused to answer ({status}). Hint: try again later.")
    if status >= 500:
        raise SourceDown(f"{label}: Yahoo failed ({status}). Hint: try again later.")


def _checked_meta(answer: Any, label: str) -> Mapping[str, Any]:
    """Return the facts about its symbol in a chart.

    Raises:
        DataUnavailableError: the answer is not a chart, or an empty one.
        DataError: dividends are in another currency than the closes, which the client would hide.
    """
    try:
        chart = json.loads(answer.content)["chart"]
        error, results = chart.get("error"), chart.get("result")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        what = "Yahoo's answer was cut off, or is not data. Hint: try again later."
        if answer.content.lstrip()[:1] == b"<":
            what = "got a web page instead of data. Hint: the network may require a login."
        raise SourceDown(f"{label}: {what}") from problem
    if isinstance(error, dict) and error.get("code") == "Not Found":
        raise _unknown(label)
    if error:
        reason = str(error.get("description") or error.get("code"))
        if "startDate" in reason or "endDate" in reason:
            raise NoDataInRange(f"{label}: nothing in the range asked for ({reason})")
        raise SourceDown(f"{label}: Yahoo refused: {reason}")
    if not results or not (results[0].get("meta") or {}).get("exchangeTimezoneName"):
        raise NoDataInRange(f"{label}: Yahoo answered without a single price. Hint: another range, or symbol.")
    about: Mapping[str, Any] = results[0]["meta"]
    dividends = (results[0].get("events") or {}).get("dividends") or {}
    others = {paid.get("currency") for paid in dividends.values()} - {None, "", about.get("currency")}
    if others:
        raise DataError(
            f"{label}: dividends are in {', '.join(sorted(others))} and closes in {about.get('currency')}; expected "
            "one currency, which a total return needs. Hint: use another listing, or your own file."
        )
    return about
