"""Sparklines: the shape of a NAV in a few points, for a table, a terminal or a manifest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtest.analysis.drawing.thinning import rows_to_draw
from backtest.numerics.arrays import Floats

POINTS = 60


def sparkline(nav: pd.Series, most: int = POINTS) -> list[float]:
    """Return the NAVs of a few dates, with four significant digits.

    `rows_to_draw` selects the dates, so the highest and the lowest NAV are among them. The points are drawn at equal
    distances, each within a thirtieth of the width of its true position.

    Args:
        nav: (P,) currency, no NaN.
        most: largest number of points, 4 or more.

    Example:
        >>> nav = pd.Series([1.0, 1.23456, 0.9, 1234.56])
        >>> sparkline(nav)
        [1.0, 1.235, 0.9, 1235.0]
    """
    values = nav.to_numpy()
    return [float(f"{value:.4g}") for value in values[rows_to_draw(values[:, None], most)]]


def heights(lines: Sequence[Sequence[float]]) -> list[Floats]:
    """Return lines on a common scale, from 0 at the lowest value to 1 at the highest; 0.5 if all values are the same.

    The scale is logarithmic, so that the same growth has the same slope at any time. If any value is 0 or below, it is
    linear.

    Args:
        lines: values of each line, at least one.

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
    """Return the `points` attribute of an SVG `polyline` for each line: x to the right, y downwards, one decimal.

    Args:
        lines: values of each line, at least one; a single value is drawn as a horizontal line.
        width: width of the SVG, which the line fills.
        height: height of the SVG.
        margin: margin on each side for the width of the stroke.

    Example:
        >>> polylines([[1.0, 10.0, 100.0]], 100.0, 22.0)
        ['1.0,21.0 50.0,11.0 99.0,1.0']
    """
    points = []
    for line in heights(lines):
        ends = np.repeat(line, 2) if len(line) == 1 else line
        x = np.linspace(margin, width - margin, len(ends))
        y = height - margin - ends * (height - 2 * margin)
        points.append(" ".join(f"{right:.1f},{down:.1f}" for right, down in zip(x, y, strict=True)))
    return points
