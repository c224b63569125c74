"""`RawSeries`: one series as its source has it, and `Rate`: the quotation of a rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from backtest.errors import DataError

Kind = Literal["levels", "returns", "closes", "rate", "bars"]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "levels": ("level",),
    "returns": ("return",),
    "closes": ("close",),
    "rate": ("rate",),
    "bars": ("close", "open", "volume"),
}
"""Columns that the values of a kind must have."""

INCOME_UNKNOWN = "as published by FRED; whether its income is in it is not known"
"""Note of levels that may lack income. It does not apply to rates and to indices of consumer prices."""

YIELD_ALONE = "a yield earned day by day: a bond's changes in price are not in it"
"""Note of a bond's yield as a rate. It does not apply to a bond that is modelled from the yield."""


class Rate(BaseModel):
    """Quotation of a rate, which determines what a deposit at this rate earns.

    Definitions: docs/conventions/data.md#quoted-rates

    Args:
        quoted: `discount` (bank discount of a bill, act/360), `bond_equivalent` (simple act/365 up to 182 days,
            semiannual compounding beyond) or `overnight` (simple act/360 from one quotation to the next).
        days: days to maturity of the quoted instrument; ignored for an overnight rate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quoted: Literal["discount", "bond_equivalent", "overnight"]
    days: int = Field(default=91, ge=1, le=36_525)


@dataclass(frozen=True, eq=False)
class RawSeries:
    """One series as its source has it, without adjustments, filled values or omissions.

    Args:
        values: numbers by local date (no time, no zone), as fetched; NaN = no value on that date. The columns depend
            on `kind`:
            `levels`: `level`, a total-return level. `returns`: `return`, simple, decimal per period.
            `closes`: `close` and, if the source has them, `dividends`, `capital_gains` (per share, on the ex-date)
            and `splits` (new shares for an old one), all per share as of the day of fetching.
            `bars`: `close`, `open` and `volume` (shares), per share as of the day of fetching.
            `rate`: `rate`, decimal a year, in force from its date onwards.
        label: name of the series in messages, such as `prices.csv` or `yfinance SPY`.
        kind: meaning of the values.
        rate: quotation of a rate.
        places: place of each row in the user's file, for messages; empty for other sources.
        notes: caveats for the report, without the name of the series.
        facts: what the source states: `currency`, `base` (of an exchange rate: the currency whose price it is),
            `timezone`, `instrument`, `spot: true` for a spot price, and `unit: percent` for a rate whose quotation is
            not known; what was done: `model`, a description of modelled values, and `inverted: true`; what a file
            shows: `clock`, its times of day, and `open_end: true` if its last line has no line end.
    """

    values: pd.DataFrame
    label: str
    kind: Kind
    rate: Rate | None = None
    places: Sequence[str] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def as_rate(raw: RawSeries, rate: Rate) -> RawSeries:
    """Return the series as a rate with the given quotation.

    Args:
        raw: a rate, whose quotation is replaced, or levels, which are read as percent a year.
        rate: the quotation.

    Raises:
        DataError: the series holds closes or returns.

    >>> percent = pd.DataFrame({"level": [5.0]}, index=pd.DatetimeIndex(["2024-01-02"], name="date"))
    >>> as_rate(RawSeries(percent, "x", "levels"), Rate(quoted="overnight")).values["rate"].tolist()
    [0.05]
    """
    if raw.kind == "rate":
        return replace(raw, rate=rate)
    if raw.kind != "levels":
        raise DataError(f"{raw.label}: {raw.kind}, not a rate; expected a rate in percent. Hint: remove `rate`.")
    values = (raw.values / 100).set_axis(["rate"], axis=1)
    notes = tuple(note for note in raw.notes if note != INCOME_UNKNOWN)
    return replace(raw, values=values, kind="rate", rate=rate, notes=notes)
