"""Numbers and dates as the data of a page holds them: short, and exact to the digits that can be seen."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from backtest.numerics.arrays import Ints

_EPOCH = np.datetime64("1970-01-01", "D")


def days(dates: pd.Index | pd.Series) -> list[int]:
    """Days since 1970, one for each date.

    >>> days(pd.to_datetime(["1970-01-02", "1970-01-05"]))
    [1, 4]
    """
    found: list[int] = _days(dates).tolist()
    return found


def steps(dates: pd.Index) -> list[int]:
    """Days since 1970 of the first date, then the days from each to the next, which are short to write.

    >>> steps(pd.to_datetime(["1970-01-02", "1970-01-05", "1970-01-06"]))
    [1, 3, 1]
    """
    found: list[int] = np.diff(_days(dates), prepend=0).tolist()
    return found


def numbers(values: ArrayLike, digits: int = 5) -> list[Any]:
    """Floats with so many significant digits, None where there is none.

    >>> numbers([1 / 3, 12345.678, -0.0000123456, float("nan")])
    [0.33333, 12346.0, -1.2346e-05, None]
    """
    found = np.asarray(values, dtype=float)
    sizes = np.where(np.isfinite(found) & (found != 0), np.abs(found), 1.0)
    places = digits - 1 - np.floor(np.log10(sizes))
    # by a whole power of ten, up or down: so the nearest float to the rounded number comes out, which is short to write
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    with np.errstate(invalid="ignore"):
        rounded = np.round(found * up / down) / up * down
    missing = ~np.isfinite(found)
    if not missing.any():
        return list(rounded.tolist())
    return [None if gone else value for gone, value in zip(missing.tolist(), rounded.tolist(), strict=True)]


def indexed(values: Iterable[str]) -> tuple[list[str], list[int]]:
    """The different texts in the order in which they come, and the place of each value among them.

    >>> indexed(["bonds", "gold", "bonds"])
    (['bonds', 'gold'], [0, 1, 0])
    """
    places: dict[str, int] = {}
    found = [places.setdefault(value, len(places)) for value in values]
    return list(places), found


def _days(dates: pd.Index | pd.Series) -> Ints:
    return np.asarray((dates.to_numpy().astype("datetime64[D]") - _EPOCH).astype(np.int64))
