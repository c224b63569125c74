"""Download over HTTP within a time limit, with an error for each kind of failure."""

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from backtest.errors import DataUnavailableError, NoNetwork, RateLimited, SourceDown, TimedOut, UnknownSeries
from backtest.version import __version__

if TYPE_CHECKING:
    import requests

LARGEST = 64 * 2**20  # bytes; daily returns of a hundred portfolios since 1926 are 12 MiB zipped
_AGENT = f"risk-parity-backtest/{__version__} (historical backtester)"


def download(url: str, *, label: str, seconds: float) -> bytes:
    """Return the complete content of an address.

    Proxies and certificates come from the environment (`HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`).

    Args:
        url: address of the file; messages name only its host, because the rest may be secret.
        label: beginning of messages.
        seconds: time limit, however the server behaves.

    Raises:
        UnknownSeries: status 404.
        RateLimited: status 429, with the pause that `Retry-After` asks for.
        SourceDown: any other failure of the server, or a body that was cut off or is larger than `LARGEST`.
        NoNetwork: nothing answers at the address, or its certificate is not trusted.
        TimedOut: the download took too long.
    """
    outcome: Future[bytes] = Future()

    def work() -> None:
        try:
            outcome.set_result(_read(url, label, seconds))
        except BaseException as problem:  # noqa: BLE001 - raised again in the waiting thread
            outcome.set_exception(problem)

    # In a thread, because the client's timeouts cover neither name resolution nor a slow response header.
    Thread(target=work, daemon=True, name=f"download {label}").start()
    try:
        return outcome.result(timeout=seconds)
    except TimeoutError as problem:
        raise _too_slow(label, url, seconds) from problem


def _read(url: str, label: str, seconds: float) -> bytes:
    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    end = monotonic() + seconds
    content = bytearray()
    try:
        with requests.get(url, headers={"User-Agent": _AGENT}, timeout=seconds, stream=True) as response:
            _check_status(response.status_code, response.headers, label)
            while piece := response.raw.read1(2**16, decode_content=True):  # what has arrived, without waiting for more
                content += piece
                if len(content) > LARGEST:
                    raise SourceDown(f"{label}: more than {LARGEST / 2**20:.0f} MiB; expected a file of prices")
                if monotonic() > end:
                    raise _too_slow(label, url, seconds)
    except (requests.Timeout, ReadTimeoutError) as problem:
        raise _too_slow(label, url, seconds) from problem
    except requests.RequestException as problem:
        raise _failure(problem, label, url) from problem
    except HTTPError as problem:
        raise SourceDown(f"{label}: the answer was cut off or garbled. Hint: try again later.") from problem
    except OSError as problem:  # a file that requests itself opens
        raise NoNetwork(
            f"{label}: the file of certificates cannot be read. Hint: check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
        ) from problem
    return bytes(content)


def _check_status(status: int, headers: Mapping[str, str], label: str) -> None:
    if status == 404:
        raise UnknownSeries(f"{label}: nothing has this name (status 404). Hint: check the spelling.")
    if status == 429:
        wait = retry_after(headers.get("Retry-After", ""))
        asked = f" and to wait {wait:.0f} s" if wait else ""
        raise RateLimited(
            f"{label}: the source asked for fewer requests{asked} (status 429). Hint: try again later.", wait
        )
    if status != 200:
        raise SourceDown(f"{label}: the source failed (status {status}). Hint: try again later.")


def retry_after(text: str) -> float:
    """Return the seconds to wait, from a number or a date (RFC 9110, 10.2.3); 0 for any other text."""
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _failure(problem: "requests.RequestException", label: str, url: str) -> DataUnavailableError:
    """Return an error in place of an error of requests, whose message may contain the whole address."""
    import requests
    from urllib3.exceptions import ProtocolError

    host = urlsplit(url).hostname
    cause = problem.args[0] if problem.args else None
    if isinstance(problem, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(problem):
        return NoNetwork(
            f"{label}: the certificate of {host} is not trusted. "
            "Hint: behind a company proxy, set REQUESTS_CA_BUNDLE to the file of its certificate."
        )
    # urllib3 blames the proxy even if the proxy reached the source, which then closed the connection.
    blamed = getattr(getattr(cause, "reason", None), "original_error", None)
    broken_off = isinstance(cause, ProtocolError) or isinstance(blamed, ConnectionResetError)
    if isinstance(problem, requests.exceptions.ProxyError) and not broken_off:
        return NoNetwork(f"{label}: the proxy does not reach {host}. Hint: check HTTPS_PROXY and NO_PROXY.")
    broken_off = broken_off or isinstance(problem, requests.exceptions.SSLError)
    if isinstance(problem, requests.ConnectionError) and not broken_off:
        return NoNetwork(
            f"{label}: {host} cannot be reached. Hint: check the network, or use what is cached: --offline."
        )
    if isinstance(problem, requests.ConnectionError):
        return SourceDown(f"{label}: {host} closed the connection. Hint: try again later.")
    return SourceDown(f"{label}: no usable answer from {host} ({type(problem).__name__})")


def _too_slow(label: str, url: str, seconds: float) -> TimedOut:
    host = urlsplit(url).hostname
    return TimedOut(
        f"{label}: no complete answer from {host} in {round(seconds, 1):g} s. Hint: try again, or raise data.timeout."
    )


def refuse_page(content: bytes, label: str) -> None:
    """Raise `SourceDown` if a web page was returned instead of data."""
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        raise SourceDown(
            f"{label}: got a web page instead of data. "
            "Hint: the name may be misspelt, or the network may require a login."
        )
