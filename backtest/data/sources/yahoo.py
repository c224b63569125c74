"""Yahoo's history through the yfinance client: raw closes, dividends, capital gains and splits, one request per symbol.

The client raises few errors and hardly distinguishes causes: an unknown symbol, a failing server and a captive portal
all read as "possibly delisted". So it gets the session of `yahoo_session`, which checks every answer of the chart
endpoint before the client sees it, and limits every request to the time left.

The client keeps nothing on disk. Its tables of time zones and cookies break when processes create or fill them at the
same time, and a damaged table stays damaged; a new cookie takes one request, and no time zone is needed beforehand.
"""

import logging
import re
import threading
import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backtest.data.raw_series import Rate, RawSeries
from backtest.data.sources.source import Source, SourceRecord
from backtest.errors import BacktestError, NoDataInRange, SourceDown, UnknownSeries

if TYPE_CHECKING:
    from backtest.data.sources.network.yahoo_session import JudgingSession

_COLUMNS = {"Close": "close", "Dividends": "dividends", "Capital Gains": "capital_gains", "Stock Splits": "splits"}
_BARS = {"Close": "close", "Open": "open", "Volume": "volume"}
_YIELDS = {
    "^IRX": Rate(quoted="discount", days=91),  # Cboe: discount yield of the newest 13-week bill
    "^FVX": Rate(quoted="bond_equivalent", days=1826),
    "^TNX": Rate(quoted="bond_equivalent", days=3652),
    "^TYX": Rate(quoted="bond_equivalent", days=10957),
}
_NO_TOTAL_RETURN = {
    "INDEX": "price index: the dividends of its members are not in it",
    "FUTURE": "front contracts strung together: nobody earns the jumps between them",
    "CURRENCY": "spot rate of exchange: the interest of the currency is not in it",
}
_TOTAL_RETURN = re.compile(r"\^(\w+TR|XNDX|XCMP|[GMS]DAXI|TECDAX|BVSP)")  # indices with dividends reinvested
_SYMBOL = re.compile(
    r"\^?[A-Z0-9][A-Z0-9.^=&_-]*", re.IGNORECASE
)  # part of a URL: a "#" or "?" would request another symbol
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", re.IGNORECASE)  # the client would take the first listing it finds
_setting_up = threading.Lock()


class YFinance(Source):
    """Yahoo's daily history. Closes and payments are per share as of the day of fetching; splits are for information.

    Args:
        folder: folder for files of the client, so that it can never write to a home folder; it writes no files.
        session: replaces the default session in tests.
        bars: whether to fetch opens and volumes in place of payments. Yahoo revises volumes, so they are kept apart.
    """

    def __init__(self, folder: Path, session: "JudgingSession | None" = None, *, bars: bool = False) -> None:
        self._folder, self._session, self._columns = folder, session, _BARS if bars else _COLUMNS

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        """Return closes, dividends, capital gains and splits of a symbol, its bars, or the rate of a yield like `^IRX`.

        Raises:
            UnknownSeries: Yahoo knows no such symbol.
            DataUnavailableError: the series could not be fetched; the subclass states the reason.
            DataError: its dividends and closes are in different currencies.
        """
        label = f"yfinance {symbol}"
        if not _SYMBOL.fullmatch(symbol) or _ISIN.fullmatch(symbol):
            raise UnknownSeries(f"yfinance {symbol!r}: not a symbol of Yahoo's. Hint: look it up on finance.yahoo.com.")
        _set_up(self._folder)
        session = self._shared_session()
        with session.within(seconds, label):
            history = _history(session, symbol, since, label)
            return _raw_series(history, symbol, label, session.about, self._columns)

    def _shared_session(self) -> "JudgingSession":
        """Return the session for all threads; the client uses a single session."""
        from backtest.data.sources.network.yahoo_session import JudgingSession

        with _setting_up:
            self._session = self._session or JudgingSession()
        return self._session


def _raw_series(
    history: pd.DataFrame, symbol: str, label: str, about: Mapping[str, Any], selected: Mapping[str, str]
) -> RawSeries:
    dates = pd.DatetimeIndex(history.index).tz_localize(None).normalize().as_unit("s").rename("date")
    columns = {
        ours: history[theirs].to_numpy(dtype=float) if theirs in history else np.zeros(len(history))
        for theirs, ours in selected.items()
    }
    values = pd.DataFrame(columns, index=dates)
    values = values[~values.index.duplicated(keep="last")].sort_index()
    if _under_way(about) == values.index[-1]:
        values = values.iloc[:-1]
    if values["close"].isna().all():
        raise NoDataInRange(f"{label}: no close among {len(values)} dates. Hint: another range, or another symbol.")
    names = {"currency": "currency", "exchangeTimezoneName": "timezone", "instrumentType": "instrument"}
    facts = {ours: str(about[theirs]) for theirs, ours in names.items() if about.get(theirs)}
    if selected is _BARS:
        return RawSeries(values, label, "bars", facts=facts)
    if symbol.upper() in _YIELDS:
        rates = values[["close"]].set_axis(["rate"], axis=1) / 100
        return RawSeries(rates, label, "rate", rate=_YIELDS[symbol.upper()], facts=facts)
    has_dividends = _TOTAL_RETURN.fullmatch(symbol.upper()) is not None
    note = None if has_dividends else _NO_TOTAL_RETURN.get(facts.get("instrument", ""))
    return RawSeries(values, label, "closes", notes=() if note is None else (note,), facts=facts)


def _under_way(about: Mapping[str, Any]) -> pd.Timestamp | None:
    """Return the local date of a session that the server reports as not over; its last price is not a close."""
    session = (about.get("currentTradingPeriod") or {}).get("regular") or {}
    traded, end, zone = about.get("regularMarketTime"), session.get("end"), about.get("exchangeTimezoneName")
    if not (isinstance(traded, int | float) and isinstance(end, int | float) and zone) or traded >= end:
        return None
    return pd.Timestamp(end, unit="s", tz="UTC").tz_convert(zone).tz_localize(None).normalize()


def _history(session: "JudgingSession", symbol: str, since: date | None, label: str) -> pd.DataFrame:
    import yfinance

    # A session that opens on a Monday in Sydney opens on Sunday in UTC; earlier rows are removed below.
    span = {"period": "max"} if since is None else {"start": (since - timedelta(days=1)).isoformat()}
    try:
        ticker = yfinance.Ticker(symbol, session=session)
        # The client's YfData singleton has one lock, held while waiting for cookies, and one cache of answers.
        ticker._data = type.__call__(yfinance.data.YfData, session=session)  # noqa: SLF001 - so each fetch gets its own
        ticker._tz = "UTC"  # noqa: SLF001 - avoids a request; only `start` uses it
        history: pd.DataFrame = ticker.history(interval="1d", auto_adjust=False, actions=True, keepna=True, **span)
    except BacktestError:
        raise
    except yfinance.exceptions.YFPricesMissingError as problem:
        raise NoDataInRange(f"{label}: no prices in the range asked for") from problem
    except Exception as problem:  # whatever the client raises is reported by its name
        raise SourceDown(f"{label}: the client could not read Yahoo's answer ({type(problem).__name__})") from problem
    if since is not None:
        history = history[pd.DatetimeIndex(history.index).tz_localize(None) >= pd.Timestamp(since)]
    if history.empty:
        raise NoDataInRange(f"{label}: no prices in the range asked for")
    return history


def _set_up(folder: Path) -> None:
    """Configure the client for the whole process: it raises errors, and keeps nothing on disk."""
    with _setting_up:
        import yfinance
        from yfinance import cache

        warnings.filterwarnings(
            "ignore", category=DeprecationWarning, module="yfinance"
        )  # the user cannot fix their causes
        logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # errors are raised instead
        yfinance.config.debug.hide_exceptions = False
        yfinance.set_tz_cache_location(str(folder))
        cache._CookieCacheManager._Cookie_cache = cache._CookieCacheDummy()  # noqa: SLF001 - there is no public way


RECORDS = (
    SourceRecord(
        "yfinance", open=lambda spec, _, client_folder: YFinance(client_folder, bars=spec.bars), has_bars=True
    ),
)
