"""The `estimation:` section of a configuration."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictInt

_WINDOW = re.compile(r"([1-9][0-9]*)([YD])")


def _checked(window: int | str) -> int | str:
    if isinstance(window, str) and not _WINDOW.fullmatch(window):
        raise ValueError(
            f"{window!r} is no window; expected a number of periods such as 36, years '3Y', or rows '252D'"
        )
    if window_rows(window, 252) < 2:
        raise ValueError(f"a window of {window}; expected two periods or more, as a variance needs two returns")
    return window


class EstimationSettings(BaseModel):
    """How the covariance of excess returns is estimated at each rebalance date.

    Args:
        covariance: `sample`, with divisor window - 1.
        window: how many of the last excess returns: periods (36), years ("3Y" is 3 × periods_per_year rows), or rows
            ("252D").
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    covariance: Literal["sample"] = "sample"
    window: Annotated[StrictInt | str, AfterValidator(_checked)] = "3Y"


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
