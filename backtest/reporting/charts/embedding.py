"""Numbers and dates for the data of a page: short, and exact to the visible digits."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from backtest.numerics.arrays import Ints

_EPOCH = np.datetime64("1970-01-01", "D")


def days(dates: pd.Index | pd.Series) -> list[int]:
    """Return the days since 1970 of each date.

    >>> days(pd.to_datetime(["1970-01-02", "1970-01-05"]))
    [1, 4]
    """
    counts: list[int] = _days(dates).tolist()
    return counts


def steps(dates: pd.Index) -> list[int]:
    """Return the days since 1970 of the first date, then the days from each date to the next, which take less space.

    >>> steps(pd.to_datetime(["1970-01-02", "1970-01-05", "1970-01-06"]))
    [1, 3, 1]
    """
    counts: list[int] = np.diff(_days(dates), prepend=0).tolist()
    return counts


def numbers(values: ArrayLike, digits: int = 5) -> list[Any]:
    """Return floats rounded to significant digits, None for NaN and infinite values.

    >>> numbers([1 / 3, 12345.678, -0.0000123456, float("nan")])
    [0.33333, 12346.0, -1.2346e-05, None]
    """
    floats = np.asarray(values, dtype=float)
    sizes = np.where(np.isfinite(floats) & (floats != 0), np.abs(floats), 1.0)
    places = digits - 1 - np.floor(np.log10(sizes))
    # times or over a whole power of ten: the result is the float nearest to the rounded number, which is short in JSON
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    with np.errstate(invalid="ignore"):
        rounded = np.round(floats * up / down) / up * down
    missing = ~np.isfinite(floats)
    if not missing.any():
        return list(rounded.tolist())
    return [None if gone else value for gone, value in zip(missing.tolist(), rounded.tolist(), strict=True)]


def index_texts(values: Iterable[str]) -> tuple[list[str], list[int]]:
    """Return the different texts in order of appearance, and the position of each value among them.

    >>> index_texts(["bonds", "gold", "bonds"])
    (['bonds', 'gold'], [0, 1, 0])
    """
    places: dict[str, int] = {}
    positions = [places.setdefault(value, len(places)) for value in values]
    return list(places), positions


def _days(dates: pd.Index | pd.Series) -> Ints:
    return np.asarray((dates.to_numpy().astype("datetime64[D]") - _EPOCH).astype(np.int64))
