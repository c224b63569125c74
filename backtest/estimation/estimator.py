"""`Estimator`: settings of a covariance estimator and one method. A file each for those that there are."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, StrictInt

Array = NDArray[np.float64]

_WINDOW = re.compile(r"([1-9][0-9]*)([YD])")


def _checked(window: int | str) -> int | str:
    if isinstance(window, str) and not _WINDOW.fullmatch(window):
        raise ValueError(
            f"{window!r} is no window; expected a number of periods such as 36, years '3Y', or rows '252D'"
        )
    if window_rows(window, 252) < 2:
        raise ValueError(f"a window of {window}; expected two periods or more, as a variance needs two returns")
    return window


Window = Annotated[StrictInt | str, AfterValidator(_checked)]


def window_rows(window: int | str, periods_per_year: int) -> int:
    """Number of rows in a window.

    >>> window_rows("3Y", 12), window_rows("252D", 252), window_rows(36, 12)
    (36, 252, 36)
    """
    if isinstance(window, int):
        return window
    match = _WINDOW.fullmatch(window)
    if match is None:
        raise ValueError(f"{window!r} is no window")
    return int(match[1]) * (periods_per_year if match[2] == "Y" else 1)


class Estimator(BaseModel, ABC):
    """Base of all covariance estimators: a frozen model whose fields are its settings.

    Args:
        window: how many of the last excess returns: periods (36), years ("3Y" is 3 × periods_per_year rows), or rows
            ("252D").
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Window = "3Y"

    @abstractmethod
    def covariances(self, excess_returns: Array, rows: Sequence[int], periods_per_year: int) -> Array:
        """The covariance as it could be estimated at the close of each of the given rows.

        Args:
            excess_returns: (T, n) decimal per period; NaN where an asset has none.
            rows: m rising positions in 0..T-1.
            periods_per_year: of the rows.

        Returns:
            (m, n, n) decimal² per period, symmetric and positive semi-definite; row k depends on no return after
            rows[k]. The row and column of an asset that lacks a return it needs are NaN, the others as if it were
            not there.
        """
