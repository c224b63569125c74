"""Codes of currencies, and the currency that a source states."""

import re
from typing import Annotated

from pydantic import AfterValidator, StrictStr

from backtest.data.quotes import Quotes
from backtest.errors import DataError

_HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS"}
"""What exchanges quote in place of the currency: pence in London, cents in Johannesburg, agorot in Tel Aviv."""


def _iso_code(code: str) -> str:
    if code in _HUNDREDTHS:
        raise ValueError(f"got {code!r}, expected {_HUNDREDTHS[code]}: returns are the same in its hundredths")
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f"got {code!r}, expected the ISO code of a currency, such as EUR")
    return code


Currency = Annotated[StrictStr, AfterValidator(_iso_code)]


def currency_of(quotes: Quotes) -> str | None:
    """Return the currency of prices, or of what a rate is paid on, where the source states it.

    >>> import pandas as pd
    >>> currency_of(Quotes(pd.DataFrame({"close": [70.0]}), "yfinance VUKE.L", "closes", facts={"currency": "GBp"}))
    'GBP'
    """
    code = quotes.facts.get("currency")
    return None if code is None else _HUNDREDTHS.get(code, code)


def units_of(quotes: Quotes) -> float:
    """How much of its currency a price of 1 is: 0.01 where prices are in pence."""
    return 0.01 if quotes.facts.get("currency") in _HUNDREDTHS else 1.0


def cannot_be_converted(own: str, wanted: str) -> str:
    """What to say of an asset in a currency for which the run has no rate of exchange."""
    return (
        f"in {own}, and the run is in {wanted}; expected the same. Hint: data.fx: {{{own}: the series of the price of "
        f"one {own} in {wanted}}}, or data.currency: {own}"
    )


def check_currency(what: str, quotes: Quotes, wanted: str, why: str) -> None:
    """Raise `DataError` where a source says that its prices are in another currency than the one that is wanted."""
    told = currency_of(quotes)
    if told not in (None, wanted):
        raise DataError(f"{quotes.label}: in {told}, by its source; expected {wanted}, {why}. Hint: look at {what}.")
