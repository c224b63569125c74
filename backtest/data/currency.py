"""Currencies: which one each series is in, that it can be had in the run's, and its conversion."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, StrictStr

from backtest.data.quotes import Quotes
from backtest.data.table import Table
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
    """The currency of prices, where their source tells; None of a rate, which has none.

    >>> import pandas as pd
    >>> currency_of(Quotes(pd.DataFrame({"close": [70.0]}), "yfinance VUKE.L", "closes", facts={"currency": "GBp"}))
    'GBP'
    """
    code = quotes.facts.get("currency")
    return None if code is None or quotes.kind == "rate" else _HUNDREDTHS.get(code, code)


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


def converted(table: Table, foreign: Mapping[str, str]) -> Table:
    """The table with some of its series converted to the currency of the run: (1 + r)(1 + r_fx) - 1.

    Args:
        table: levels or returns, with a value of the rate of exchange wherever a converted series has one.
        foreign: by series, the column of the price of its currency in that of the run.

    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-02", periods=2)
    >>> levels = pd.DataFrame({"DAX": [100.0, 110.0], "EUR/USD": [1.0, 1.1]}, index=days)
    >>> converted(Table(levels, "x"), {"DAX": "EUR/USD"}).values["DAX"].round(6).tolist()
    [100.0, 121.0]
    """
    values = table.values
    if table.are_returns:
        new = {name: (1 + values[name]) * (1 + values[fx]) - 1 for name, fx in foreign.items()}
    else:
        new = {name: values[name] * values[fx] for name, fx in foreign.items()}
    return replace(table, values=values.assign(**new)) if foreign else table
