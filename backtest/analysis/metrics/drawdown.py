"""Drawdowns: how far NAV stands below its running peak."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import NO_RISK


@dataclass(frozen=True)
class Drawdown:
    """One fall from a peak until the peak is reached again.

    Args:
        depth: the lowest NAV / peak - 1, decimal, below 0.
        peak: the last date at the peak.
        trough: the first date of the lowest NAV.
        recovery: the first date back at the peak or above; None if that has not come.
    """

    depth: float
    peak: pd.Timestamp
    trough: pd.Timestamp
    recovery: pd.Timestamp | None


def drawdown(nav: Floats) -> Floats:
    """NAV / running peak - 1: (P,) decimals, never above 0, and exactly 0 within 1e-12 of the peak, which is rounding.

    >>> drawdown(np.array([1.0, 1.1, 0.99, 1.2])).round(4).tolist()
    [0.0, 0.0, -0.1, 0.0]
    """
    below: Floats = nav / np.maximum.accumulate(nav) - 1
    return np.where(below < -NO_RISK, below, 0.0)


def worst_drawdowns(nav: pd.Series, count: int = 5) -> list[Drawdown]:
    """The deepest drawdowns, deepest first; of equal ones the earlier first. None where NAV never falls.

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
    depths = np.minimum.reduceat(below, firsts)  # up to the next fall: nothing in between is below 0
    spells = []
    for worst in np.argsort(depths, kind="stable")[:count]:
        first, after = int(firsts[worst]), int(afters[worst])
        trough = first + int(np.argmin(below[first:after]))
        recovery = nav.index[after] if after < len(nav) else None
        spells.append(Drawdown(float(below[trough]), nav.index[first - 1], nav.index[trough], recovery))
    return spells
