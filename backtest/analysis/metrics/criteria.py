"""Criteria by which a walk-forward chooses: metrics of a part of a path."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.analysis.metrics import performance
from backtest.analysis.metrics.drawdown import drawdown
from backtest.numerics.arrays import Floats

Criterion = Literal["sharpe", "sortino", "cagr", "calmar", "max_drawdown", "volatility"]
"""Key of the metric that the choice is made by."""


class PathPart(NamedTuple):
    """A part of a path.

    Args:
        nav: (P,) NAV, any unit.
        cash_returns: (P,) cash returns, decimal per period; the first is not used.
        days: (P,) dates.
        periods_per_year: periods a year.
    """

    nav: Floats
    cash_returns: Floats
    days: NDArray[np.datetime64]
    periods_per_year: int


def criterion_of(part: PathPart, choose_by: Criterion) -> float:
    """Return the metric of a part of a path, as the metric of a run over these dates.

    Returns:
        NaN if it is undefined, or if NAV is not above 0 throughout.

    Example:
        >>> nav, days = np.array([1.0, 1.02, 1.02, 1.0302]), np.arange("2000-01", "2000-05", dtype="datetime64[M]")
        >>> part = PathPart(nav, np.zeros(4), days.astype("datetime64[D]"), 12)
        >>> round(criterion_of(part, "sharpe"), 4), round(criterion_of(part, "volatility"), 6)
        (3.4641, 0.034641)
    """
    if len(part.nav) < 2 or not (part.nav > 0).all():  # NaN is not above 0
        return float("nan")
    return _CRITERIA[choose_by](part)


def _excess(part: PathPart) -> Floats:
    return _returns(part) - part.cash_returns[1:]


def _returns(part: PathPart) -> Floats:
    return np.asarray(part.nav[1:] / part.nav[:-1] - 1)


def _cagr(part: PathPart) -> float:
    years = performance.years_between(part.days[0], part.days[-1])
    return performance.cagr(float(part.nav[-1] / part.nav[0]), years)


def _calmar(part: PathPart) -> float:
    deepest = _deepest(part)
    return _cagr(part) / -deepest if deepest < 0 else float("nan")


def _deepest(part: PathPart) -> float:
    return float(drawdown(part.nav).min())


_CRITERIA: Mapping[Criterion, Callable[[PathPart], float]] = {
    "sharpe": lambda part: performance.sharpe(_excess(part), part.periods_per_year),
    "sortino": lambda part: performance.sortino(_excess(part), part.periods_per_year),
    "cagr": _cagr,
    "calmar": _calmar,
    "max_drawdown": _deepest,
    "volatility": lambda part: performance.volatility(_returns(part), part.periods_per_year),
}
