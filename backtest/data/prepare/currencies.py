"""Currency codes, and the currency that a source states."""

import re
from typing import Annotated

from pydantic import AfterValidator, StrictStr

from backtest.data.raw_series import RawSeries

HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS"}
"""Hundredths of currencies in which exchanges quote prices: pence in London, cents in Johannesburg, agorot in Tel
Aviv."""


def _iso_code(code: str) -> str:
    if code in HUNDREDTHS:
        raise ValueError(f"got {code!r}, expected {HUNDREDTHS[code]}: returns are the same in its hundredths")
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f"got {code!r}, expected the ISO code of a currency, such as EUR")
    return code


Currency = Annotated[StrictStr, AfterValidator(_iso_code)]


def currency_of(raw: RawSeries) -> str | None:
    """Return the currency of prices, or of the deposit that a rate is paid on, if the source states it.

    >>> import pandas as pd
    >>> currency_of(RawSeries(pd.DataFrame({"close": [70.0]}), "yfinance VUKE.L", "closes", facts={"currency": "GBp"}))
    'GBP'
    """
    code = raw.facts.get("currency")
    return None if code is None else HUNDREDTHS.get(code, code)


def cannot_be_converted(currency: str, run_currency: str) -> str:
    """Return the error text for an asset in a currency for which the run has no exchange rate."""
    return (
        f"in {currency}, and the run is in {run_currency}; expected the same. Hint: data.fx: {{{currency}: the series "
        f"of the price of one {currency} in {run_currency}}}, or data.currency: {currency}"
    )
