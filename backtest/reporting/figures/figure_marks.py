"""Marks on axes: thinned lines and stacked areas, and bars as one artist."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.dates import date2num
from matplotlib.path import Path

from backtest.analysis.drawing.thinning import rows_to_draw
from backtest.analysis.tables.crises import overlapping_crises
from backtest.numerics.arrays import Floats
from backtest.reporting.figures.figure_style import BAND, INK

LINE_ROWS, STACK_ROWS = 1000, 800  # more points would be invisible, and each makes an SVG larger
_LETTER = 6.4  # width of a letter in the name of a crisis, pixels
_HEADROOM = 0.09
_BOX = np.array([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], dtype=np.uint8)
_NAME: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 7.5, "color": "#666666"}


def line(ax: Axes, values: pd.Series, *, most: int = LINE_ROWS, **looks: Any) -> None:
    """Draw a line by date with at most `most` points, which keep its extremes."""
    points = _thin(values, most)
    ax.plot(points.index, points.to_numpy(), **looks)


def _thin(values: pd.Series, most: int) -> pd.Series:
    return values.iloc[rows_to_draw(values.to_numpy(dtype=float)[:, None], most)]


def stack(ax: Axes, table: pd.DataFrame, colours: Sequence[str], *, step: bool = False) -> list[Artist]:
    """Draw stacked areas, positive values upward and negative ones downward; return handles for a legend.

    Each area reaches from zero, and the areas nearer to zero are drawn over it, which takes half the points of bands
    and leaves no seams. If any part is below zero, a dashed line shows the total. With `step`, a row holds until the
    next one. A missing value is drawn as zero.
    """
    table = table.iloc[rows_to_draw(table.to_numpy(), max(STACK_ROWS, 2 * table.shape[1] + 2))].fillna(0.0)
    dates, values = table.index, table.to_numpy()
    if step:
        dates, values = dates.repeat(2)[1:], values.repeat(2, axis=0)[:-1]
    up, down = np.maximum(values, 0).cumsum(axis=1), np.minimum(values, 0).cumsum(axis=1)
    handles: list[Artist] = []
    for column in reversed(range(len(colours))):
        handles.insert(0, _area(ax, dates, up[:, column], colours[column]))
        if (values[:, column] < 0).any():
            _area(ax, dates, down[:, column], colours[column])
    if (values < 0).any():
        ax.plot(dates, values.sum(axis=1), color=INK, linewidth=1, linestyle="--", label="total")
    ax.set_ylim(1.04 * float(down[:, -1].min()), 1.04 * float(up[:, -1].max()) or 1.0)
    return handles


def area(ax: Axes, values: pd.Series, colour: str, *, alpha: float = 1.0) -> None:
    """Draw the area between a line by date and zero."""
    points = _thin(values, LINE_ROWS)
    _area(ax, points.index, points.to_numpy(), colour, alpha)


def _area(ax: Axes, dates: pd.Index, heights: Floats, colour: str, alpha: float = 1.0) -> Artist:
    days = _days(dates)
    corners = np.column_stack([np.concatenate([days[:1], days, days[-1:]]), np.concatenate([[0.0], heights, [0.0]])])
    drawn = PolyCollection([corners], facecolors=colour, alpha=alpha, linewidths=0, snap=False)
    return _add(ax, drawn, corners)


def bars(
    ax: Axes, places: Sequence[float], base: Floats, sizes: Floats, colour: str | Sequence[str], *, wide: float = 0.8
) -> PolyCollection:
    """Draw vertical bars as one artist, which is much faster than a patch for each bar."""
    corners = _corners(places, base, sizes, wide)
    return _draw_bars(ax, corners.transpose(2, 0, 1), colour)


def flat_bars(
    ax: Axes, places: Sequence[float], base: Floats, sizes: Floats, colour: str | Sequence[str], *, wide: float = 0.8
) -> PolyCollection:
    """Draw horizontal bars as one artist."""
    corners = _corners(places, base, sizes, wide)[:, ::-1]
    return _draw_bars(ax, corners.transpose(2, 0, 1), colour)


def cells(ax: Axes, colours: Floats) -> None:
    """Draw a table of (rows, columns, 4) colours, with the first row at the top and cells centred on whole numbers.

    Cells of one colour are one path, because there are fewer colours than cells.
    """
    rows, columns = colours.shape[:2]
    row, column = np.divmod(np.arange(rows * columns), columns)
    left, top = column - 0.5, row - 0.5
    corners = np.array([[left, top], [left + 1, top], [left + 1, top + 1], [left, top + 1], [left, top]])
    shown, which = np.unique(colours.reshape(-1, 4), axis=0, return_inverse=True)
    alike = [corners.transpose(2, 0, 1)[which == number] for number in range(len(shown))]
    paths = [Path(boxes.reshape(-1, 2), np.tile(_BOX, len(boxes))) for boxes in alike]
    ax.add_collection(PathCollection(paths, facecolors=shown, linewidths=0), autolim=False)
    ax.set_xlim(-0.5, columns - 0.5)
    ax.set_ylim(rows - 0.5, -0.5)


def _corners(places: Sequence[float], base: Floats, sizes: Floats, wide: float) -> Floats:
    """Corners of k bars, (4, 2, k)."""
    left, right = np.asarray(places, dtype=float) - wide / 2, np.asarray(places, dtype=float) + wide / 2
    return np.array([[left, base], [left, base + sizes], [right, base + sizes], [right, base]])


def _draw_bars(ax: Axes, corners: Floats, colour: str | Sequence[str]) -> PolyCollection:
    drawn = PolyCollection(list(corners), facecolors=colour, linewidths=0)
    return _add(ax, drawn, corners.reshape(-1, 2))


def _add(ax: Axes, drawn: PolyCollection, corners: Floats) -> PolyCollection:
    """Set axis limits explicitly, because finding them from collections takes longer than drawing."""
    ax.add_collection(drawn, autolim=False)
    ax.update_datalim(corners)
    ax.autoscale_view()
    return drawn


def crises(ax: Axes, dates: pd.DatetimeIndex) -> None:
    """Draw light bands over the crises within the dates, with names, where they fit, in a margin above the data."""
    first, last = _days(dates[[0, -1]])
    width = ax.get_window_extent().width / (last - first)  # pixels a day
    taken, named = first, False
    for crisis in overlapping_crises(dates):
        start, end = _days(pd.DatetimeIndex([crisis.start, crisis.end]))
        ax.axvspan(start, end, color=BAND, linewidth=0, zorder=0.1)
        middle, half = (start + end) / 2, _LETTER * len(crisis.name) / (2 * width)
        if middle - half >= taken and middle + half <= last:
            ax.text(middle, 0.985, crisis.name, **_NAME, transform=ax.get_xaxis_transform())
            taken, named = middle + half + _LETTER / width, True
    if named:
        scale = ax.yaxis.get_transform()
        low, high = scale.transform(np.array(ax.get_ylim()))
        ax.set_ylim(top=float(scale.inverted().transform(np.array([high + _HEADROOM * (high - low)]))[0]))


def _days(dates: pd.Index) -> Floats:
    """Dates as matplotlib date numbers."""
    return np.asarray(date2num(dates.to_numpy()))  # type: ignore[no-untyped-call]  # untyped there
