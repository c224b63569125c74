"""Rebalance settings: the dates on which weights are decided and traded."""

from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Day = Literal["first", "last"] | Annotated[int, Field(strict=True)]
Frequency = Literal["daily", "weekly", "monthly", "quarterly", "yearly", "never", "given"]

Width = Annotated[float, Field(gt=0, le=1, strict=True)]

_MOST_DAYS = {"weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}


class BandSettings(BaseModel):
    """Rebalancing bands around the weights of the last decision.

    The half-width of an asset's band is the smaller of `absolute` and `relative`. If a weight is outside its band on a
    date of `check`, all assets are traded.

    Definitions: docs/conventions/schedule.md#bands

    Args:
        absolute: half-width, fraction of NAV.
        relative: half-width, fraction of the target weight.
        to: trade to the `target`, or to the `edge` of the bands: the nearest weights inside the bands that have the
            same sum as the targets.
        check: frequency of the comparison; default: the dates of decisions.
        also_on_schedule: trade every decision. Otherwise a decision is traded only if a weight is outside the band
            around it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    absolute: Width | None = None
    relative: Width | None = Field(default=None, validate_default=True)
    to: Literal["target", "edge"] = "target"
    check: Literal["daily", "weekly", "monthly", "quarterly", "yearly"] | None = None
    also_on_schedule: bool = False

    @field_validator("relative")
    @classmethod
    def _one_is_given(cls, relative: Width | None, info: ValidationInfo) -> Width | None:
        if relative is None and info.data.get("absolute", 0.0) is None:
            raise ValueError(
                "no width; expected absolute, such as 0.05 of NAV, or relative, such as 0.25 of the target"
            )
        return relative


class RebalanceSettings(BaseModel):
    """The `rebalance:` section of a configuration.

    Definitions: docs/conventions/schedule.md

    Args:
        frequency: new weights are decided once in each period of the data; `never`: only once, on the first possible
            date; `given`: on the strategy's own dates, the default of a strategy that has some.
        day: date of the decision within the period: `last`, `first`, the n-th, or with -n the n-th from the end.
        execution_lag: number of dates from the decision to the trade; default: 1 for daily and weekly data, 0 for
            monthly data and longer. A lag of 0 on daily data trades at the close that the decision uses.
        execution: trade at the `close`, or at the `open` of the date, which needs `data.opens` and a lag of at least 1.
        bands: trade only when weights have drifted out of these bands.
        minimum_trade: no-trade zone, fraction of NAV: smaller trades of an asset are not made. Has to be less than
            the absolute band.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frequency: Frequency = "monthly"
    day: Day = "last"
    execution_lag: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    execution: Literal["close", "open"] = "close"
    bands: BandSettings | None = None
    minimum_trade: Annotated[float, Field(ge=0, lt=1, strict=True)] = 0.0

    @field_validator("day")
    @classmethod
    def _day_of_a_period(cls, day: Day, info: ValidationInfo) -> Day:
        frequency = info.data.get("frequency", "yearly")
        most = _MOST_DAYS.get(frequency)
        if most is None and day != "last":
            raise ValueError(f"no day can be chosen with frequency {frequency}. Hint: remove it")
        if isinstance(day, int) and most is not None and not 1 <= abs(day) <= most:
            raise ValueError(
                f"got {day}, expected first, last, 1 to {most}, or -{most} to -1, with frequency {frequency}"
            )
        return day

    @field_validator("bands")
    @classmethod
    def _bands_are_checked(cls, bands: BandSettings | None, info: ValidationInfo) -> BandSettings | None:
        if bands is not None and bands.check is None and info.data.get("frequency") == "never":
            raise ValueError("never checked after the first date; expected a frequency too, such as check: monthly")
        return bands

    @field_validator("minimum_trade")
    @classmethod
    def _a_breach_is_traded(cls, minimum_trade: float, info: ValidationInfo) -> float:
        bands = info.data.get("bands")
        if bands is not None and bands.absolute is not None and minimum_trade >= bands.absolute:
            raise ValueError(
                f"got {minimum_trade:g}, expected less than bands.absolute, {bands.absolute:g}: trades of "
                "weights outside their bands would be too small to be made"
            )
        return minimum_trade

    def on_own_dates(self) -> Self:
        """Return the settings with decisions on the strategy's own dates, unless they say when to decide."""
        if {"frequency", "day"} & self.model_fields_set:
            return self
        settings = self.model_copy(update={"frequency": "given"})
        settings.model_fields_set.discard("frequency")  # it stays a default
        return settings

    def lag(self, periods_per_year: int) -> int:
        """Return the execution lag in periods."""
        if self.execution_lag is not None:
            return self.execution_lag
        return 1 if periods_per_year >= 52 or self.execution == "open" else 0  # an open comes before its close


def given_rows(dates: pd.DatetimeIndex, given: pd.DatetimeIndex) -> list[int]:
    """Return the positions of given dates in the data, or of the next date of the data, and the last date of the data.

    >>> dates = pd.DatetimeIndex(["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-04"])
    >>> given_rows(dates, pd.DatetimeIndex(["2020-01-30", "2020-02-01", "2020-03-01"]))
    [0, 2, 3]
    """
    rows = dates.searchsorted(given)
    return sorted({*map(int, rows[rows < len(dates)]), len(dates) - 1})


def rebalance_rows(dates: pd.DatetimeIndex, frequency: Frequency, day: Day = "last") -> list[int]:
    """Return the positions of the rebalance dates: one date of each period in the data, and the last date of the data.

    Weeks are ISO weeks. A period with fewer dates than `day` asks for uses its last date (or its first, if counted from
    the end). A decision on the last date of the data is not traded, but reports what to hold now. The last period may
    not be complete, so with a `day` of -2 or below it has no rebalance date except the last date of the data.

    `daily` and `never` return all dates; with `never`, the caller stops after the first decision.

    >>> dates = pd.DatetimeIndex(["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-04", "2020-02-05"])
    >>> rebalance_rows(dates, "monthly"), rebalance_rows(dates, "monthly", 2), rebalance_rows(dates, "monthly", -2)
    ([1, 4], [1, 3, 4], [0, 4])
    """
    if frequency in ("daily", "never"):
        return list(range(len(dates)))
    periods = dates.to_period({"weekly": "W", "monthly": "M", "quarterly": "Q", "yearly": "Y"}[frequency])
    firsts, lasts = (np.flatnonzero(~periods.duplicated(keep=kept)) for kept in ("first", "last"))
    n = {"first": 1, "last": -1}[day] if isinstance(day, str) else day
    rows = np.minimum(firsts + n - 1, lasts) if n > 0 else np.maximum(lasts + n + 1, firsts)
    known = rows if n >= -1 else rows[:-1]
    return sorted({*map(int, known), len(dates) - 1})
