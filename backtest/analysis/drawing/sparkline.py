"""Sparklines: the shape of a NAV in a few points, small enough for a table, a terminal or a manifest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtest.analysis.drawing.thinning import rows_to_draw
from backtest.numerics.arrays import Floats

POINTS = 60


def sparkline(nav: pd.Series, most: int = POINTS) -> list[float]:
    """The NAVs of a few dates, with four significant digits.

    The dates are those that `rows_to_draw` picks, so that the highest and the lowest stay. They are drawn side by side
    at one distance: no point is further from its place than a thirtieth of the width.

    Args:
        nav: (P,) without NaN.
        most: points at most; 4 or more.

    Example:
        >>> nav = pd.Series([1.0, 1.23456, 0.9, 1234.56])
        >>> sparkline(nav)
        [1.0, 1.235, 0.9, 1235.0]
    """
    values = nav.to_numpy()
    return [float(f"{value:.4g}") for value in values[rows_to_draw(values[:, None], most)]]


def heights(lines: Sequence[Sequence[float]]) -> list[Floats]:
    """Lines on one scale, from 0 at the lowest of all values to 1 at the highest; 0.5 where there is no other.

    The scale is logarithmic, on which the same growth has the same slope whenever it was, but where a value is 0 or
    below: there it is linear.

    Args:
        lines: each with one value or more.

    Example:
        >>> [line.tolist() for line in heights([[1.0, 10.0], [10.0, 100.0]])]
        [[0.0, 0.5], [0.5, 1.0]]
        >>> [line.tolist() for line in heights([[1.0, 0.75, 0.0]])]
        [[1.0, 0.75, 0.0]]
    """
    shown = [np.asarray(line, dtype=np.float64) for line in lines]
    if all((line > 0).all() for line in shown):
        shown = [np.log(line) for line in shown]
    low, high = min(line.min() for line in shown), max(line.max() for line in shown)
    if high <= low:
        return [np.full(len(line), 0.5) for line in shown]
    return [(line - low) / (high - low) for line in shown]


def polylines(lines: Sequence[Sequence[float]], width: float, height: float, margin: float = 1.0) -> list[str]:
    """The `points` of an SVG `polyline` for each line: x to the right, y downwards, one decimal.

    Args:
        lines: each with one value or more; one value is drawn as a level line.
        width: of the picture, all of it used.
        height: of the picture.
        margin: kept free on each side, for the width of the pen.

    Example:
        >>> polylines([[1.0, 10.0, 100.0]], 100.0, 22.0)
        ['1.0,21.0 50.0,11.0 99.0,1.0']
    """
    found = []
    for line in heights(lines):
        ends = np.repeat(line, 2) if len(line) == 1 else line
        x = np.linspace(margin, width - margin, len(ends))
        y = height - margin - ends * (height - 2 * margin)
        found.append(" ".join(f"{right:.1f},{down:.1f}" for right, down in zip(x, y, strict=True)))
    return found
