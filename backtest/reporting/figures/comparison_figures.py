"""Figures of a comparison: one function a figure, and `render_comparison` for all that have something to show.

A strategy has the same colour and the same dashes in all figures.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.metrics.drawdown import drawdown as below_peak
from backtest.analysis.tables.holdings import largest_and_rest
from backtest.numerics.arrays import Floats
from backtest.reporting.charts.chart_parts import colour_and_dash
from backtest.reporting.colours import MOST_COLOURED, PALETTE
from backtest.reporting.figures.figure_axes import (
    date_axis,
    legend_beside,
    log_axis,
    panels,
    percent_axis,
    percent_ticks,
    ratio_axis,
)
from backtest.reporting.figures.figure_files import Picture, pictures
from backtest.reporting.figures.figure_marks import crises, flat_bars, line
from backtest.reporting.figures.figure_style import INK, colours_of, in_house_style, line_style, truncate
from backtest.reporting.format import ratio
from backtest.reporting.pages.compared.comparison_words import SHARES
from backtest.reporting.titles import CLASS_SHARES, DRAWDOWN, GROSS_EXPOSURE, GROWTH, SHARPE, VOLATILITY

_RIGHT = 2.4
_ROWS = 4000  # most points of all lines of a figure

__all__ = ["class_shares", "drawdown", "gross_exposure", "growth", "render_comparison", "rolling"]


@in_house_style
def growth(comparison: Comparison) -> Figure:
    """All NAVs, first = 1, on a log scale, which cannot show a NAV of zero."""
    figure, (ax,) = panels([f"{GROWTH}, log scale"], [3.0], right=_RIGHT)
    navs = comparison.growth
    _lines(ax, [navs[name] for name in navs])
    positive = navs.where(navs > 0)
    log_axis(ax, float(positive.min().min()), float(positive.max().max()), "NAV, first = 1")
    date_axis((ax,), navs.index)
    crises(ax, pd.DatetimeIndex(navs.index))
    _legend(ax, [f"{truncate(name, 14)}: {ratio(navs[name].iloc[-1])}" for name in navs.columns])
    return figure


@in_house_style
def drawdown(comparison: Comparison) -> Figure:
    """Drawdown of each NAV below its running peak."""
    figure, (ax,) = panels([DRAWDOWN], [2.4], right=_RIGHT)
    navs = comparison.growth
    falls = [pd.Series(below_peak(navs[name].to_numpy()), index=navs.index) for name in navs]
    _lines(ax, falls, linewidth=1.1)
    percent_axis(ax, "NAV / peak \u2212 1")
    ax.set_ylim(min(ax.get_ylim()[0], -0.01), 0)
    date_axis((ax,), navs.index)
    crises(ax, pd.DatetimeIndex(navs.index))
    _legend(ax, comparison.names)
    return figure


@in_house_style
def rolling(comparison: Comparison) -> Figure:
    """Volatility and Sharpe ratio of each strategy over the last 12 months."""
    figure, (above, below) = panels([VOLATILITY, SHARPE], [2.0, 2.0], right=_RIGHT)
    _lines(above, [result.rolling["volatility"] for result in comparison.results], panes=2)
    _lines(below, [result.rolling["sharpe"] for result in comparison.results], panes=2)
    percent_axis(above, "a year")
    above.set_ylim(bottom=0)
    ratio_axis(below, "ratio")
    below.axhline(0, color=INK, linewidth=0.8)
    date_axis((above, below), comparison.growth.index)
    _legend(above, comparison.names)
    return figure


@in_house_style
def gross_exposure(comparison: Comparison) -> Figure:
    """Long and short positions of each strategy over its NAV: what exceeds 100 % is borrowed or short."""
    figure, (ax,) = panels([GROSS_EXPOSURE], [2.0], right=_RIGHT)
    _lines(ax, [result.gross_exposure for result in comparison.results])
    ax.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    ax.set_ylim(bottom=0)
    percent_axis(ax, "of NAV")
    date_axis((ax,), comparison.growth.index)
    _legend(ax, comparison.names)
    return figure


@in_house_style
def class_shares(comparison: Comparison) -> Figure:
    """Shares of asset classes in the capital and in the expected and realised risk of each strategy."""
    tables = {of: comparison.class_shares(of).T for of in SHARES}  # strategies by classes
    classes = tables["capital"].shape[1]
    table = largest_and_rest(pd.concat(tables), MOST_COLOURED)
    table = table.reindex([(of, name) for name in comparison.names for of in SHARES]).dropna()
    names = table.index.get_level_values(1)
    group = pd.factorize(names)[0]
    places = np.arange(len(table)) + 0.5 * group  # with a gap between strategies
    left, tall = 3.1, 0.3 + 0.22 * len(table)
    figure, (ax,) = panels([CLASS_SHARES], [tall], left=left, right=1.7)
    _stack_bars(ax, places.tolist(), table.to_numpy(), colours_of(list(table.columns), folded=table.shape[1] < classes))
    ax.set_yticks(places, [SHARES[of] for of in table.index.get_level_values(0)])
    margin = ax.get_yaxis_transform()
    for number, name in enumerate(dict.fromkeys(names)):
        first = places[group == number][0]
        ax.text(-(left - 0.15) / 4.2, first, truncate(name, 22), weight="bold", va="center_baseline", transform=margin)
    ax.set_ylim(places[-1] + 0.6, -0.6)
    percent_ticks(ax.xaxis, 5)
    ax.grid(visible=False, axis="y")
    ax.axvline(0, color=INK, linewidth=0.8)
    legend_beside(ax, ax.collections, [truncate(str(name), 15) for name in table.columns])
    return figure


def _stack_bars(ax: Axes, places: list[float], values: Floats, colours: list[str]) -> None:
    """Horizontal stacked bars of (rows, parts): positive to the right, negative to the left; one artist a part."""
    right, left = np.maximum(values, 0).cumsum(axis=1), np.minimum(values, 0).cumsum(axis=1)
    for part, colour in enumerate(colours):
        size = values[:, part]
        flat_bars(ax, places, np.where(size >= 0, right[:, part], left[:, part]) - size, size, colour)
    ax.set_xlim(min(0.0, 1.02 * left.min()), max(1.0, right.max()))


def render_comparison(comparison: Comparison) -> dict[str, Picture]:
    """Return all figures that have something to show, as PNG and SVG, by name.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/erc.yaml")
        >>> list(render_comparison(bt.compare([result.benchmark, result])))
        ['growth', 'drawdown', 'rolling', 'class_shares', 'gross_exposure']
    """
    return pictures({name: draw for name, (draw, shown) in _FIGURES.items() if shown(comparison)}, comparison)


def _has_window(comparison: Comparison) -> bool:
    return not comparison.results[0].rolling.empty


def _has_shares(comparison: Comparison) -> bool:
    return not comparison.class_shares("capital").dropna(axis=1).empty


_FIGURES: Mapping[str, tuple[Callable[[Comparison], Figure], Callable[[Comparison], bool]]] = {
    "growth": (growth, lambda _: True),
    "drawdown": (drawdown, lambda _: True),
    "rolling": (rolling, _has_window),
    "class_shares": (class_shares, _has_shares),
    "gross_exposure": (gross_exposure, lambda _: True),
}


def _looks(place: int) -> dict[str, Any]:
    colour, dash = colour_and_dash(place)
    return {"color": PALETTE[colour], "linestyle": line_style(dash)}


def _lines(ax: Axes, columns: Sequence[pd.Series], *, panes: int = 1, **looks: Any) -> None:
    """Lines of a figure; the more lines and panes, the fewer points each line has."""
    most = max(200, _ROWS // (panes * len(columns)))
    for number, values in enumerate(columns):
        line(ax, values, most=most, **_looks(number), **looks)


def _legend(ax: Axes, names: Sequence[str]) -> None:
    legend_beside(ax, ax.lines[: len(names)], names, wide=2.2)
