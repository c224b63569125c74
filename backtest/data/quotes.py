"""`Quotes`: one series as its source has it, and `Rate`, how a quoted rate turns into a return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["levels", "returns", "closes", "rate", "bars"]


class Rate(BaseModel):
    """How a rate is quoted, which says what it earns.

    Definitions: docs/conventions/data.md#quoted-rates

    Args:
        quoted: `discount` (bank discount of a bill, act/360), `bond_equivalent` (simple act/365 up to 182 days,
            semiannual compounding beyond) or `overnight` (simple act/360 from one quotation to the next).
        days: to maturity of what is quoted; an overnight rate has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quoted: Literal["discount", "bond_equivalent", "overnight"]
    days: int = Field(default=91, ge=1, le=36_525)


@dataclass(frozen=True, eq=False)
class Quotes:
    """One series as its source has it: nothing adjusted, filled or left out.

    Args:
        values: numbers by local date (no time, no zone), as fetched; NaN = none that day. Its columns follow `kind`:
            `levels`: `level`, a total-return level. `returns`: `return`, simple, decimal per period.
            `closes`: `close`, and where the source has them `dividends`, `capital_gains` (per share, on the ex-date)
            and `splits` (new shares for an old one), all in the shares of the day of fetching, as `close` is.
            `bars`: `close`, `open` and `volume` (shares), in the shares of the day of fetching.
            `rate`: `rate`, decimal a year, in force from its date on.
        label: what messages call it, such as `prices.csv` or `yfinance SPY`.
        kind: what the values are.
        rate: how a rate is quoted.
        places: where each row stands, for messages; none for what is not a file of the user's.
        notes: caveats that a report has to repeat, without the name of the series.
        facts: what the source says of it: currency, timezone, instrument; `spot: true` of a spot price.
    """

    values: pd.DataFrame
    label: str
    kind: Kind
    rate: Rate | None = None
    places: Sequence[str] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
