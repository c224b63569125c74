"""Drawdowns: declines of NAV below its running peak."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import NO_RISK


@dataclass(frozen=True)
class Drawdown:
    """A decline of NAV from a peak until the peak is reached again.

    Args:
        depth: lowest NAV / peak - 1, decimal, below 0.
        peak: last date at the peak.
        trough: first date of the lowest NAV.
        recovery: first date at the peak or above; None if NAV has not recovered.
    """

    depth: float
    peak: pd.Timestamp
    trough: pd.Timestamp
    recovery: pd.Timestamp | None


def drawdown(nav: Floats) -> Floats:
    """Return NAV / running peak - 1.

    Args:
        nav: (P,) currency, above 0 except perhaps at the end, no NaN.

    Returns:
        (P,) decimals, never above 0, and exactly 0 within `NO_RISK` of the peak, which is rounding.

    >>> drawdown(np.array([1.0, 1.1, 0.99, 1.2])).round(4).tolist()
    [0.0, 0.0, -0.1, 0.0]
    """
    below: Floats = nav / np.maximum.accumulate(nav) - 1
    return np.where(below < -NO_RISK, below, 0.0)


def worst_drawdowns(nav: pd.Series, count: int = 5) -> list[Drawdown]:
    """Return the deepest drawdowns, deepest first, and earlier first if equally deep; empty if NAV never falls.

    Args:
        nav: (P,) currency, above 0 except perhaps at the end, no NaN.
        count: maximum number of drawdowns.

    >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
    >>> worst_drawdowns(pd.Series([1.0, 1.1, 0.99, 1.2], index=dates))[0].depth.__round__(4)
    -0.1
    """
    below = drawdown(nav.to_numpy())
    under = np.concatenate([[False], below < 0, [False]])
    edges = np.flatnonzero(np.diff(under.astype(np.int8)))
    firsts, afters = edges[::2], edges[1::2]
    if not len(firsts):
        return []
    depths = np.minimum.reduceat(
        below, firsts
    )  # segments reach to the next drawdown; between drawdowns all values are 0
    drawdowns = []
    for worst in np.argsort(depths, kind="stable")[:count]:
        first, after = int(firsts[worst]), int(afters[worst])
        trough = first + int(np.argmin(below[first:after]))
        recovery = nav.index[after] if after < len(nav) else None
        drawdowns.append(Drawdown(float(below[trough]), nav.index[first - 1], nav.index[trough], recovery))
    return drawdowns
