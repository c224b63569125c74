"""Rate settings in basis points: one number, numbers by asset or class, or numbers from each date on."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from backtest.errors import ConfigError
from backtest.numerics.arrays import Floats

_EXAMPLE = "{1990-01-01: 50}"


def _one_for_each_date(given: Any) -> Any:
    if not isinstance(given, Mapping):
        raise PydanticCustomError("schedule_type", "dates with values, such as {example}", {"example": _EXAMPLE})
    return given


def _written_as_a_date(key: Any) -> Any:
    if isinstance(key, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", key):  # a bare number would count seconds
        raise PydanticCustomError("date_type", "a date such as 2012-12-31")
    return key


def _dates_rise(schedule: dict[date, float]) -> dict[date, float]:
    if not schedule:
        raise ValueError(f"empty; expected dates with values, such as {_EXAMPLE}")
    for earlier, later in pairwise(schedule):
        if later <= earlier:
            raise ValueError(f"{later} comes after {earlier}; expected rising dates")
    return schedule


BasisPoints = Annotated[float, Field(ge=0, lt=10_000, allow_inf_nan=False, strict=True)]
SignedBasisPoints = Annotated[float, Field(gt=-10_000, lt=10_000, allow_inf_nan=False, strict=True)]
PerAsset = BasisPoints | dict[str, BasisPoints]
Requirement = Annotated[float, Field(gt=0, le=1, strict=True)]
PerAssetRequirement = Requirement | dict[str, Requirement]
_Start = Annotated[date, BeforeValidator(_written_as_a_date)]
Schedule = Annotated[dict[_Start, BasisPoints], BeforeValidator(_one_for_each_date), AfterValidator(_dates_rise)]
SignedSchedule = Annotated[
    dict[_Start, SignedBasisPoints], BeforeValidator(_one_for_each_date), AfterValidator(_dates_rise)
]


def by_asset(
    given: float | Mapping[str, float],
    assets: tuple[str, ...],
    classes: Mapping[str, str],
    setting: str,
    otherwise: float | None = None,
) -> Floats:
    """Return (n,) values by asset: the asset's own value, else the value of its class, else `otherwise`.

    Args:
        given: one number for all assets, or numbers by asset or class.
        assets: the n assets.
        classes: asset class by asset.
        setting: name of the setting, for error messages.
        otherwise: value of an asset without a number.

    Raises:
        ConfigError: an asset has no number, and `otherwise` is not given.

    Example:
        >>> given = {"bonds": 5.0, "gold": 20.0}
        >>> by_asset(given, ("gold", "treasury"), {"treasury": "bonds"}, "costs.trading_bps").tolist()
        [20.0, 5.0]
    """
    if not isinstance(given, Mapping):
        return np.full(len(assets), float(given))
    values = [given.get(name, given.get(classes.get(name, name), otherwise)) for name in assets]
    left_out = [name for name, value in zip(assets, values, strict=True) if value is None]
    if left_out:
        raise ConfigError(
            f"{setting}: no value for {', '.join(left_out)}; expected one number, or one for each asset or its class"
        )
    return np.array(values, dtype=np.float64)


def in_force(schedule: Mapping[date, float], dates: pd.DatetimeIndex, setting: str) -> Floats:
    """Return the (T,) values in force on each date: the value of the last scheduled date up to it.

    Args:
        schedule: values by the date from which they apply; dates rise.
        dates: the T dates of the data.
        setting: name of the setting, for error messages.

    Raises:
        ConfigError: the schedule begins after the first date of the data.

    Example:
        >>> from datetime import date
        >>> dates = pd.date_range("2020-01-31", periods=2)
        >>> in_force({date(2020, 1, 1): 50.0, date(2020, 2, 1): 10.0}, dates, "costs.schedule").tolist()
        [50.0, 10.0]
    """
    begins = pd.DatetimeIndex(list(schedule))
    at = begins.searchsorted(dates, side="right") - 1
    if at[0] < 0:
        raise ConfigError(
            f"{setting}: begins on {begins[0]:%Y-%m-%d}, but the data begins on {dates[0]:%Y-%m-%d}; "
            "expected a value from the first date of the data on"
        )
    return np.array(list(schedule.values()), dtype=np.float64)[at]
