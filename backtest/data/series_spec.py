"""`SeriesSpec`: the name of a series in a run and its place at its source."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, StrictStr

from backtest.data.quality.adjusted_closes import Prices
from backtest.data.raw_series import Rate
from backtest.data.sources.tables.dialect import Dialect
from backtest.errors import UNPRINTABLE

_LONGEST_NAME = 200  # characters


def _check_name(name: str) -> str:
    if not name or len(name) > _LONGEST_NAME or UNPRINTABLE.search(name):
        raise ValueError(f"expected a name of 1 to {_LONGEST_NAME} characters that can be printed")
    return name


Name = Annotated[StrictStr, AfterValidator(_check_name)]
"""Name of an asset, a class or a series."""

Values = Literal["prices", "returns"]


@dataclass(frozen=True)
class SeriesSpec:
    """Name of a series in a run, and its place at its source.

    Args:
        name: name in the run.
        source: name of the source.
        symbol: name of the series at the source.
        path: path of a file source.
        values: content of a file.
        rate: quotation of a rate, if the settings state it.
        bars: whether to read opens, closes and volumes.
        currency: currency of the values, if the settings state it.
        maturity: years of the par bond that is modelled from the values, which are yields; None if none is.
        prices: whether closes of a file are adjusted for dividends, if the settings state it.
        dialect: what the settings state about a file.
    """

    name: str
    source: str
    symbol: str
    path: str | None
    values: Values
    rate: Rate | None
    bars: bool = False
    currency: str | None = None
    maturity: float | None = None
    prices: Prices | None = None
    dialect: Dialect = field(default_factory=Dialect)
