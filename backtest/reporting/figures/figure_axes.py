"""Panels, legends and axes of figures, at given positions: automatic layout would take half of the drawing time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
)

from backtest.reporting.figures.figure_style import GRID, truncate
from backtest.reporting.format import NUMBERS

_WIDTH = 9.0
_RIGHT, _LEGEND, _TOP, _BOTTOM = 0.47, 2.0, 0.45, 0.4  # inches


def panels(
    titles: Sequence[str],
    heights: Sequence[float],
    *,
    left: float = 0.8,
    right: float = _RIGHT,
    legend: bool = False,
    one_axis: bool = True,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels below each other.

    Args:
        titles: title of each panel.
        heights: height of each panel's plot, inches.
        left: room for the labels of the vertical axis, inches.
        right: room on the right, inches.
        legend: leave room for a legend on the right instead.
        one_axis: label the horizontal axis only below the last panel.
    """
    between = 0.12 if one_axis else _BOTTOM
    height = sum(heights) + _TOP * len(heights) + between * (len(heights) - 1) + _BOTTOM
    width = _WIDTH - left - (_LEGEND if legend else right)
    figure = Figure(figsize=(_WIDTH, height))
    axes, top = [], height
    for title, tall in zip(titles, heights, strict=True):
        bottom = top - _TOP - tall
        ax = figure.add_axes((left / _WIDTH, bottom / height, width / _WIDTH, tall / height))
        ax.set_title(truncate(title, 74), y=1.0)
        ax.xaxis.set_label_coords(0.5, -_BOTTOM / tall)
        ax.yaxis.set_label_coords(-0.58 / width, 0.5)
        axes.append(ax)
        top = bottom - between
    return figure, axes


def legend_above(ax: Axes, *, reverse: bool = True, columns: int = 2) -> None:
    """Add a legend next to the title, where it hides nothing; the line drawn last (the strategy) comes first."""
    handles, names = ax.get_legend_handles_labels()
    names = [truncate(name, 30) for name in names]
    step = -1 if reverse else 1
    ax.legend(
        handles[::step], names[::step], loc="lower right", ncols=columns, bbox_to_anchor=(1, 1), borderaxespad=0.3,
        columnspacing=1.4, handlelength=1.8,
    )  # fmt: skip


def legend_beside(ax: Axes, handles: Sequence[Artist], names: Sequence[str], *, wide: float = 1.2) -> None:
    """Add a legend on the right, from the top, with long names truncated; `wide` is the sample width in font sizes."""
    ax.legend(
        list(handles), [truncate(name) for name in names], loc="upper left", bbox_to_anchor=(1.01, 1.03),
        borderaxespad=0, handlelength=wide, handletextpad=0.6, labelspacing=0.45,
    )  # fmt: skip


def percent_ticks(axis: Axis, most: int = 4) -> None:
    """Show the decimals of an axis as percent."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: NUMBERS["percent"].tick(value)))


def percent_axis(ax: Axes, label: str) -> None:
    """Show the decimals of the vertical axis as percent."""
    percent_ticks(ax.yaxis)
    ax.set_ylabel(label)


def ratio_axis(ax: Axes, label: str) -> None:
    """Show plain numbers on the vertical axis."""
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: NUMBERS["ratio"].tick(value)))
    ax.set_ylabel(label)


def log_axis(ax: Axes, low: float, high: float, label: str) -> None:
    """Make the vertical axis logarithmic, with plain numbers."""
    low, high = low / 1.05, high * 1.05
    ax.set_yscale("log", nonpositive="clip")
    ax.set_ylim(low, high)
    decades = np.log10(high / low)
    steps = (1.0,) if decades > 4 else (1.0, 3.0) if decades > 2 else (1.0, 2.0, 5.0)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]) if decades < 0.8 else LogLocator(subs=steps))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: NUMBERS["growth"].tick(value)))
    ax.set_ylabel(label)


def date_axis(axes: Sequence[Axes], dates: pd.Index) -> None:
    """Put ticks at the beginnings of years, or of months in a short run, with labels below the last axes only."""
    ticks, labels = _date_ticks(dates)
    places = date2num(ticks)  # type: ignore[no-untyped-call]  # untyped there
    for ax in axes:
        ax.set_xlim(dates[0], dates[-1])
        if ax is axes[-1]:
            ax.xaxis.set_major_locator(FixedLocator(places))
            ax.xaxis.set_major_formatter(FixedFormatter(labels))
        else:  # the same grid lines; drawing them as ticks would take longer
            ax.xaxis.set_major_locator(NullLocator())
            ax.vlines(places, 0, 1, colors=GRID, linewidth=0.8, zorder=0.5, transform=ax.get_xaxis_transform())


def round_step(years: int, most: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, ... that divides a number of years into at most `most` steps.

    >>> round_step(40, 9), round_step(1000, 9)
    (5, 200)
    """
    powers = [10**power for power in range(5)]
    step: int = next(step for power in powers for step in (power, 2 * power, 5 * power) if years <= most * step)
    return step


def _date_ticks(dates: pd.Index) -> tuple[list[pd.Timestamp], list[str]]:
    first, last = dates[0], dates[-1]
    years = range(first.year, last.year + 2)
    form = "%Y"
    if len(years) > 4:
        step = round_step(len(years), 9)
        ticks = [pd.Timestamp(year, 1, 1) for year in years if year % step == 0]
    else:
        months = list(pd.date_range(first - pd.offsets.MonthBegin(), last, freq="MS"))
        ticks, form = months[:: -(-len(months) // 8)], "%b %Y"
    ticks = [tick for tick in ticks if first <= tick <= last]
    if len(ticks) < 2:
        ticks, form = [first, last], "%Y-%m-%d"
    return ticks, [f"{tick:{form}}" for tick in ticks]
