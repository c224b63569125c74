"""`SeriesSpec`: the name of a series in a run and its place at its source."""

from dataclasses import dataclass
from typing import Literal

from backtest.data.raw_series import Rate

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
    """

    name: str
    source: str
    symbol: str
    path: str | None
    values: Values
    rate: Rate | None
    bars: bool = False
    currency: str | None = None
