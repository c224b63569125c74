"""`Estimator`: base class of the covariance estimators, with their common settings and one method."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, field_serializer, field_validator

from backtest.errors import BacktestError, EstimationError
from backtest.estimation.own_covariances import checked_covariances
from backtest.numerics.array_arguments import as_floats, check_shapes
from backtest.numerics.arrays import Floats
from backtest.own_code import is_own, reported

Missing = Literal["complete_assets", "complete_rows"]

MOST_A_PERIOD = 1e75
"""Largest return in a period, decimal: above it, sums of fourth powers would be beyond double precision."""

MOST_A_YEAR = 366  # periods a year: the most rows that a window of one year can have

_WINDOW = re.compile(r"([1-9][0-9]{0,17})([YMD])")
_MOST_ROWS = 2**31 - 1  # a longer window is never full either, and fits into the integers of the kernels


@dataclass(frozen=True)
class Length:
    """Mark of a setting that is a length of time: how many rows of the data it must cover."""

    least: int


def _check_window(window: int | str) -> int | str:
    if window_rows(window, 252) < 2:
        raise ValueError(f"a window of {window}; expected two periods or more, because a variance needs two returns")
    return window


def _check_half_life(half_life: int | str) -> int | str:
    if isinstance(half_life, str) and not _WINDOW.fullmatch(half_life):
        raise ValueError(
            f"{half_life!r} is not a half-life; expected a number of periods such as 11, years '1Y', months '3M', "
            "or rows '63D'"
        )
    if window_rows(half_life, 252) < 1:
        raise ValueError(f"a half-life of {half_life}; expected one period or more")
    return half_life


Window = Annotated[StrictInt | str, AfterValidator(_check_window), Length(2)]
HalfLife = Annotated[StrictInt | str, AfterValidator(_check_half_life), Length(1)]


def window_rows(window: int | str, periods_per_year: int) -> int:
    """Return the number of rows in a window.

    >>> window_rows("3Y", 12), window_rows("3M", 252), window_rows("252D", 252), window_rows(36, 12)
    (36, 63, 252, 36)
    """
    if isinstance(window, int):
        return min(window, _MOST_ROWS)
    match = _WINDOW.fullmatch(window)
    if match is None:
        raise ValueError(
            f"{window!r} is not a window; expected a number of periods such as 36, years '3Y', months '3M', "
            "or rows '252D'"
        )
    number = int(match[1])
    rows = number if match[2] == "D" else round(number * periods_per_year / (12 if match[2] == "M" else 1))
    return min(rows, _MOST_ROWS)


def lengths(settings: BaseModel) -> dict[str, tuple[int | str, int]]:
    """Return the settings of a model that are lengths of time and are given: the value, and the least rows it needs.

    Settings inside of settings are included.

    >>> from backtest.estimation.methods.ewma import EWMA
    >>> lengths(EWMA())
    {'window': ('5Y', 2), 'half_life': ('1Y', 1)}
    """
    found: dict[str, tuple[int | str, int]] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        inner = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
        marks = [mark for mark in (*field.metadata, *inner) if isinstance(mark, Length)]
        if isinstance(value, BaseModel):
            found.update({f"{name}.{deeper}": given for deeper, given in lengths(value).items()})
        elif value is not None and marks:
            least = settings.least_rows(name) if isinstance(settings, Estimator) else 0
            found[name] = value, max(marks[0].least, least)
    return found


def too_short(section: str, settings: BaseModel, periods_per_year: int) -> list[str]:
    """Return a line for each length of time that covers too few rows of data with so many periods a year.

    >>> from backtest.estimation.methods.ewma import EWMA
    >>> too_short("estimation", EWMA(half_life="1M"), 4)
    ["estimation.half_life: 1M is 0 of the data's periods, of 4 a year; expected 1 or more. Hint: 2M or longer"]
    """
    lines = []
    for name, (value, least) in lengths(settings).items():
        rows = window_rows(value, periods_per_year)
        if rows < least:
            longer = next(n for n in count(1) if window_rows(f"{n}M", periods_per_year) >= least)
            lines.append(
                f"{section}.{name}: {value} is {rows} of the data's periods, of {periods_per_year} a year; "
                f"expected {least} or more. Hint: {longer}M or longer"
            )
    return lines


class Estimator(BaseModel, ABC):
    """Base of all covariance estimators: a frozen model whose fields are its settings.

    Definitions: docs/conventions/estimation.md

    Args:
        covariance: the estimator's name in a configuration. Each shipped class has its own; a class of a user gets the
            name by which the configuration chose it.
        window: number of most recent excess returns: periods (36), years ("3Y" is 3 × periods_per_year rows), months
            ("3M" is a quarter of periods_per_year rows), or rows ("252D").
        missing: treatment of a missing return inside a window. `complete_assets` leaves out the asset that lacks the
            return; `complete_rows` leaves out the row for all assets (`window_sizes`). Covariances of pairs of assets
            over different rows are not offered, because together they need not form a covariance matrix.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    covariance: str = ""
    window: Annotated[Window, Field(validate_default=True)] = "3Y"
    missing: Missing = "complete_assets"

    formula: ClassVar[str] = ""
    """Formula of the covariance, as the table of estimators in the documentation shows it."""
    source: ClassVar[str] = ""
    """Publication that defines the estimator, for the same table; empty for textbook formulas."""
    least_returns: ClassVar[int] = 2
    """Smallest number of returns in a window, whatever the data."""

    @field_validator("window")
    @classmethod
    def _is_long_enough(cls, window: int | str) -> int | str:
        if window_rows(window, MOST_A_YEAR) < cls.least_returns:
            raise ValueError(
                f"a window of {window}, but {cls.model_fields['covariance'].default or cls.__name__} needs "
                f"{cls.least_returns} returns or more; expected a longer window, or another covariance"
            )
        return window

    @field_serializer("covariance")
    def _name(self, covariance: str) -> str:
        """Return the name as it is: a class that extends a shipped one has another name than its base allows."""
        return covariance

    def least_rows(self, setting: str) -> int:
        """Return the least rows that a length of time needs; 0 if no more than the type of the setting demands."""
        return self.least_returns if setting == "window" else 0

    def covariances(self, excess_returns: ArrayLike, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Return the covariance that can be estimated at the close of each of the given rows.

        Args:
            excess_returns: (T, n) decimal per period; NaN for missing returns.
            rows: m rising positions in 0..T-1.
            periods_per_year: number of rows in a year.

        Returns:
            (m, n, n) decimal² per period, symmetric and positive semi-definite. Matrix k does not depend on returns
            after rows[k]. If an asset lacks a return that it needs, its row and column are NaN and the other entries
            are the same as without that asset.

        Raises:
            BacktestError: the returns are not a table of numbers, or the rows are not positions in it.
            EstimationError: a return is infinite or beyond 1e75, the settings ask for an estimate that these returns do
                not allow, or a class of a user fails or returns something else than covariances.
        """
        returns, positions = as_floats(excess_returns, "excess_returns"), np.asarray(rows)
        check_shapes(("excess_returns", returns, "Tn"), stacks=False)
        for row, asset in np.argwhere(np.abs(returns) > MOST_A_PERIOD)[:1]:
            raise EstimationError(
                f"excess_returns[{row}, {asset}] is {returns[row, asset]:g}, expected decimals such as 0.01 for 1 %; "
                f"hint: NaN for a missing return"
            )
        if positions.ndim != 1 or (positions.size and positions.dtype.kind not in "iu"):
            raise BacktestError(f"rows: got {positions.dtype} of shape {positions.shape}, expected a list of integers")
        rising = (positions[1:] > positions[:-1]).all()
        if positions.size and not (positions[0] >= 0 and positions[-1] < len(returns) and rising):
            raise BacktestError(
                f"rows: got {positions.size} from {positions[0]} to {positions[-1]}, expected rising positions in 0 to "
                f"{len(returns) - 1}"
            )
        if not is_own(type(self)):
            return self.estimate(returns, rows, periods_per_year)
        name = self.covariance or type(self).__name__
        with reported(EstimationError, f"{name}: "):
            found = self.estimate(returns, rows, periods_per_year)
        return checked_covariances(found, name, (len(positions), returns.shape[1]))

    @abstractmethod
    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Return `covariances` of arguments that have been checked; a new estimator overrides this method."""
