"""Vectorised search for roots of many functions of one variable."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from backtest.numerics.arrays import Bools, Floats, Ints

Functions = Callable[[Floats, Ints], Floats]
"""Function of (k,) arguments and (k,) function indices to the (k,) values of these functions."""

_FIRST_STEP = 1 / 16  # of the bound
_PRECISION = 1e-13


class _Points(NamedTuple):
    """Arguments and values of k functions, (k,) each."""

    x: Floats
    y: Floats

    def select(self, which: Bools | Ints) -> "_Points":
        return _Points(self.x[which], self.y[which])


def nearest_roots(functions: Functions, count: int, bound: float) -> Floats:
    """Return the root of each function on one side of zero: above zero if the function is positive there, else below.

    Steps away from zero double until the sign changes. Chandrupatla's method (1997) then finds the root between the
    last two arguments, to 1e-13.

    Args:
        functions: function of arguments and function indices.
        count: number of functions.
        bound: largest size of an argument.

    Returns:
        (count,) roots; infinite, with the sign of the function at zero, if the function keeps that sign up to the
        bound; NaN if the function is NaN at zero.

    Example:
        >>> levels = np.array([1.0, -3.0, 9.0])
        >>> nearest_roots(lambda x, which: levels[which] - 2 * x, 3, 4.0).round(12).tolist()
        [0.5, -1.5, inf]
    """
    near = _Points(np.zeros(count), functions(np.zeros(count), np.arange(count)))
    roots = np.where(near.y == 0, 0.0, np.copysign(np.inf, near.y))
    roots[np.isnan(near.y)] = np.nan
    remaining, step = np.flatnonzero(np.isinf(roots)), _FIRST_STEP * bound
    near = near.select(remaining)
    while step <= bound and remaining.size > 0:
        x = np.copysign(step, roots[remaining])
        far = _Points(x, functions(x, remaining))
        crossed = np.sign(far.y) * np.sign(near.y) <= 0
        roots[remaining[crossed]] = _between(functions, remaining[crossed], near.select(crossed), far.select(crossed))
        remaining, near, step = remaining[~crossed], far.select(~crossed), 2 * step
    return roots


def _between(functions: Functions, which: Ints, a: _Points, b: _Points) -> Floats:
    """Return the roots between pairs of points of opposite sign; the first step is a secant step."""
    roots = np.where(a.y == 0, a.x, b.x)
    remaining = np.flatnonzero((a.y != 0) & (b.y != 0))
    a, b = a.select(remaining), b.select(remaining)
    share = a.y / (a.y - b.y)  # of the way from a to b
    while remaining.size > 0:
        x = a.x + share * (b.x - a.x)
        new = _Points(x, functions(x, which[remaining]))
        same = np.sign(new.y) == np.sign(a.y)
        c, b, a = _choose(same, a, b), _choose(same, b, a), new
        roots[remaining] = _choose(np.abs(a.y) < np.abs(b.y), a, b).x
        unfinished = (np.abs(b.x - a.x) > 2 * _PRECISION) & (a.y != 0) & ~np.isnan(a.y)
        remaining, a, b, c = remaining[unfinished], a.select(unfinished), b.select(unfinished), c.select(unfinished)
        shortest = _PRECISION / np.abs(b.x - a.x)
        share = np.clip(_next_share(a, b, c), shortest, 1 - shortest)
    return roots


def _next_share(a: _Points, b: _Points, c: _Points) -> Floats:
    """Return the next step as a share of the bracket: inverse quadratic interpolation where it is safe, else a half."""
    xi = (a.x - b.x) / (c.x - b.x)
    phi = (a.y - b.y) / (c.y - b.y)
    safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    share = np.full(len(xi), 0.5)
    (ax, ay), (bx, by), (cx, cy) = a.select(safe), b.select(safe), c.select(safe)
    share[safe] = ay / (by - ay) * cy / (by - cy)
    share[safe] += (cx - ax) / (bx - ax) * ay / (cy - ay) * by / (cy - by)
    return share


def _choose(first: Bools, a: _Points, b: _Points) -> _Points:
    return _Points(np.where(first, a.x, b.x), np.where(first, a.y, b.y))
