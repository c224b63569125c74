"""FRED, the data of the Federal Reserve Bank of St. Louis: any series by its id."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from backtest.data.raw_series import INCOME_UNKNOWN, YIELD_ALONE, Rate, RawSeries, as_rate
from backtest.data.sources.network.http_download import download, refuse_page
from backtest.data.sources.source import Source, SourceRecord
from backtest.errors import NoDataInRange, SourceDown, UnknownSeries

# Quotations, from the notes on the series' pages at FRED: daily, monthly and weekly ids of the same quotation.
_DISCOUNT = {  # H.15, "discount basis"
    28: "DTB4WK TB4WK WTB4WK",
    91: "DTB3 TB3MS WTB3MS",
    182: "DTB6 TB6MS WTB6MS",
    364: "DTB1YR TB1YR WTB1YR",
}
_CONSTANT_MATURITY = {  # H.15, "investment basis"
    30: "DGS1MO GS1M WGS1MO",
    91: "DGS3MO GS3M WGS3MO",
    182: "DGS6MO GS6M WGS6MO",
    **{round(365.25 * n): f"DGS{n} GS{n} WGS{n}YR" for n in (1, 2, 3, 5, 7, 10, 20, 30)},
}
_OVERNIGHT = "DFF FEDFUNDS EFFR OBFR SOFR ECBESTRVOLWGTTRMDMNRT IUDSOIA"
_RATES = {
    **{name: Rate(quoted="discount", days=days) for days, names in _DISCOUNT.items() for name in names.split()},
    **{
        name: Rate(quoted="bond_equivalent", days=days)
        for days, names in _CONSTANT_MATURITY.items()
        for name in names.split()
    },
    **{name: Rate(quoted="overnight") for name in _OVERNIGHT.split()},
}
_TOTAL_RETURN = re.compile(r"BAML\w+TRIV|WILL\w+IND(FC)?|SOFRINDEX")  # ICE BofA; Wilshire, gone from FRED since 2024
_UNQUOTED = re.compile(  # rates in percent whose quotation is not stated: tried after `_TOTAL_RETURN`
    # overnight, of central banks; then of the OECD and the IMF, and yields; then spreads and break-even inflation
    r"IOR(B|ER|R)|DFEDTAR[UL]?|[DMW]?PRIME|ECB(DFR|MRRFR|MLFR)|RRPONTSYAWARD|SOFR\d+DAYAVG"
    r"|IR(3T|ST|LT)\w+156N|INT[A-Z]{3}\w+193N|MORTGAGE\d+US|[DW]?(AAA|BAA)|BAML\w+|[DW]?FII\d+"
    r"|T\d+Y(\d[YM]|IE|IEM|IFR)"
)
_PRICE_INDEX = re.compile(r"SP500|DJ[ITUC]A|NASDAQ(COM|100)|NIKKEI225|WILL\w+PR(FC)?")

_EXCHANGE = re.compile(
    r"(?:D|A)?EX([A-Z]{2})([A-Z]{2})"
)  # H.10: the price of one unit of the second currency in the first
_CODES = {
    "US": "USD", "EU": "EUR", "UK": "GBP", "AL": "AUD", "NZ": "NZD", "JP": "JPY", "CA": "CAD", "CH": "CNY", "SZ": "CHF",
    "SD": "SEK", "NO": "NOK", "DN": "DKK", "MX": "MXN", "BZ": "BRL", "IN": "INR", "KO": "KRW", "HK": "HKD", "SI": "SGD",
    "TA": "TWD", "TH": "THB", "MA": "MYR", "SF": "ZAR", "SL": "LKR", "VZ": "VES",
}  # fmt: skip

_PERIODS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}


class Fred(Source):
    """Any series of FRED, downloaded as the data of its graph; no API key is needed.

    Bill rates, Treasury yields of constant maturity and overnight rates are recognised as rates. Other series are
    levels, with a note unless they are known to be total returns. Series dated on the first day of their month, quarter
    or year are dated at its end, because their values were not known earlier.

    Args:
        base: address of FRED.
    """

    def __init__(self, base: str = "https://fred.stlouisfed.org") -> None:
        self._base = base

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        """Return the series of an id; days without a value, such as holidays, are left out.

        Raises:
            UnknownSeries: FRED has no such id.
            NoDataInRange: the series has no value since then.
            DataUnavailableError: the series could not be fetched.
        """
        if not re.fullmatch(r"[A-Za-z0-9_]+", symbol):
            raise UnknownSeries(f"fred: {symbol!r} is not an id; expected letters, digits and _ only, such as DTB3")
        label = f"fred {symbol}"
        # One more year, to include the period that ends at `since` and to infer the spacing of the dates.
        begin = "" if since is None else f"&cosd={since - timedelta(days=366)}"
        content = download(f"{self._base}/graph/fredgraph.csv?id={symbol}{begin}", label=label, seconds=seconds)
        refuse_page(content, label)
        values = _values(content, symbol, label)
        if values.empty:
            raise NoDataInRange(f"{label}: no value" + (f" since {since}" if since else ""))
        return _raw_series(values, symbol.upper(), label)


def _values(content: bytes, symbol: str, label: str) -> pd.DataFrame:
    """Return the observations that have a value, as levels by date."""
    lines = content.decode("utf-8-sig", "replace").splitlines()
    header = lines[0].strip().upper().split(",") if lines else []
    if header not in (["OBSERVATION_DATE", symbol.upper()], ["DATE", symbol.upper()]):  # DATE until 2024
        raise SourceDown(f"{label}: the answer is not a table of {symbol}; expected a date and its value in each line")
    observations = list(_observations(lines, label))
    dates = pd.DatetimeIndex([day for day, _ in observations], dtype="datetime64[s]", name="date")
    return pd.DataFrame({"level": np.array([value for _, value in observations], dtype=float)}, index=dates)


def _observations(lines: Sequence[str], label: str) -> Iterator[tuple[date, float]]:
    for number, line in enumerate(lines[1:], 2):
        try:
            day, text = line.split(",")
            if text.strip() not in ("", "."):
                yield date.fromisoformat(day), _finite(text)
        except ValueError as problem:
            raise SourceDown(
                f"{label}: line {number} is {line[:60]!r}; expected a date and a number. Hint: try again later."
            ) from problem


def _finite(text: str) -> float:
    number = float(text)
    if not np.isfinite(number):
        raise ValueError(text)
    return number


def _raw_series(values: pd.DataFrame, symbol: str, label: str) -> RawSeries:
    """Return levels or rates with their caveats."""
    months = _period(pd.DatetimeIndex(values.index))
    rate = _RATES.get(symbol)
    notes, facts = [], _exchange(symbol)
    if months:
        ends = pd.DatetimeIndex(values.index) + pd.offsets.MonthEnd(months)
        values = values.set_axis(ends.as_unit("s").rename("date"), axis=0)
        what = "averages of each" if rate else "the value of each"
        notes.append(f"{what} {_PERIODS[months]}, dated at its end")
    if rate is None and _PRICE_INDEX.fullmatch(symbol):
        notes.append("price index: the dividends of its members are not in it")
    elif facts:
        notes.append("spot rate of exchange: the interest of the currency is not in it")
    elif rate is None and not _TOTAL_RETURN.fullmatch(symbol):
        notes.append(INCOME_UNKNOWN)
    elif rate is not None and rate.quoted == "bond_equivalent" and rate.days > 366:
        notes.append(YIELD_ALONE)
    elif symbol == "IUDSOIA":
        notes.append("SONIA counts its days over 365; over 360, as here, it earns 1.4 % more of itself")
    if INCOME_UNKNOWN in notes and _UNQUOTED.fullmatch(symbol):
        facts = {"unit": "percent"}
    raw = RawSeries(values, label, "levels", notes=tuple(notes), facts=facts)
    return raw if rate is None else as_rate(raw, rate)


def _exchange(symbol: str) -> dict[str, str]:
    """Return the currency of a rate of exchange, and the currency whose price it is; nothing for other series."""
    match = _EXCHANGE.fullmatch(symbol)
    if match is None or not set(match.groups()) <= set(_CODES):
        return {}
    return {"currency": _CODES[match[1]], "base": _CODES[match[2]]}


def _period(dates: pd.DatetimeIndex) -> int | None:
    """Return the number of months in a period, if all dates are first days of periods."""
    steps = np.diff(dates.to_numpy().astype("datetime64[M]").astype(np.int64))
    if not len(steps) or not (dates.day == 1).all():
        return None
    shortest = int(steps.min())
    return shortest if shortest in _PERIODS else None


RECORDS = (SourceRecord("fred", open=lambda *_: Fred()),)
