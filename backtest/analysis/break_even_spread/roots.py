"""Roots of many functions at once, each of one variable: the nearest to zero on the side that its sign at zero says."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from backtest.numerics.arrays import Bools, Floats, Ints

Functions = Callable[[Floats, Ints], Floats]
"""Values (k,) at k places of the k functions of these numbers."""

_FIRST_STEP = 1 / 16  # of the bound
_PRECISION = 1e-13


class _Points(NamedTuple):
    """Places and what the functions are there, (k,) both."""

    place: Floats
    value: Floats

    def some(self, which: Bools | Ints) -> "_Points":
        return _Points(self.place[which], self.value[which])


def nearest_roots(functions: Functions, count: int, bound: float) -> Floats:
    """The root of each function that falls from zero on, or rises: above zero where it is positive there, else below.

    Places are tried outwards from zero, each twice the one before, until the sign changes; Chandrupatla's method (1997)
    finds the root between the last two, to 1e-13.

    Args:
        functions: of places and of the numbers of functions.
        count: how many there are.
        bound: no place beyond it is tried.

    Returns:
        (count,) infinite, of the sign at zero, where that is kept up to the bound; NaN where the function at zero is.

    Example:
        >>> levels = np.array([1.0, -3.0, 9.0])
        >>> nearest_roots(lambda places, which: levels[which] - 2 * places, 3, 4.0).round(12).tolist()
        [0.5, -1.5, inf]
    """
    near = _Points(np.zeros(count), functions(np.zeros(count), np.arange(count)))
    found = np.where(near.value == 0, 0.0, np.copysign(np.inf, near.value))
    found[np.isnan(near.value)] = np.nan
    left, step = np.flatnonzero(np.isinf(found)), _FIRST_STEP * bound
    near = near.some(left)
    while step <= bound and left.size > 0:
        place = np.copysign(step, found[left])
        far = _Points(place, functions(place, left))
        crossed = np.sign(far.value) * np.sign(near.value) <= 0
        found[left[crossed]] = _between(functions, left[crossed], near.some(crossed), far.some(crossed))
        left, near, step = left[~crossed], far.some(~crossed), 2 * step
    return found


def _between(functions: Functions, which: Ints, one: _Points, other: _Points) -> Floats:
    """Roots between two places at which the signs differ; the first step is a secant's."""
    found = np.where(one.value == 0, one.place, other.place)
    left = np.flatnonzero((one.value != 0) & (other.value != 0))
    one, other = one.some(left), other.some(left)
    share = one.value / (one.value - other.value)  # of the way from one to the other
    while left.size > 0:
        place = one.place + share * (other.place - one.place)
        here = _Points(place, functions(place, which[left]))
        same = np.sign(here.value) == np.sign(one.value)
        third, other, one = _chosen(same, one, other), _chosen(same, other, one), here
        found[left] = _chosen(np.abs(one.value) < np.abs(other.value), one, other).place
        goes_on = (np.abs(other.place - one.place) > 2 * _PRECISION) & (one.value != 0) & ~np.isnan(one.value)
        left, one, other, third = left[goes_on], one.some(goes_on), other.some(goes_on), third.some(goes_on)
        least = _PRECISION / np.abs(other.place - one.place)
        share = np.clip(_next_share(one, other, third), least, 1 - least)
    return found


def _next_share(one: _Points, other: _Points, third: _Points) -> Floats:
    """Inverse quadratic interpolation where the three points lie well for it, else a half."""
    xi = (one.place - other.place) / (third.place - other.place)
    phi = (one.value - other.value) / (third.value - other.value)
    well = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    share = np.full(len(xi), 0.5)
    (a, at_a), (b, at_b), (c, at_c) = one.some(well), other.some(well), third.some(well)
    share[well] = at_a / (at_b - at_a) * at_c / (at_b - at_c)
    share[well] += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
    return share


def _chosen(first: Bools, one: _Points, other: _Points) -> _Points:
    return _Points(np.where(first, one.place, other.place), np.where(first, one.value, other.value))
