"""One style for all figures: colours, axes, legends, and the way to PNG. Object-oriented matplotlib, without pyplot."""

import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from numpy.typing import NDArray
from PIL import Image

from backtest.analysis.result import BacktestResult

STRATEGY, BENCHMARK, INK, OTHERS = "#0072B2", "#777777", "#222222", "#BBBBBB"
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#332288", "#999933", "#882255",
)  # fmt: skip
"""Safe for colour blindness: Okabe and Ito (2008), then three of Tol's."""

_DPI, _WIDTH, _COMPRESSION = 110, 9.0, 2
_STACK_ROWS = 2000
_RIGHT, _LEGEND, _TOP, _BOTTOM = 0.4, 2.0, 0.45, 0.4  # inches
_STYLE: dict[Any, Any] = {
    "font.size": 10, "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#888888", "axes.labelcolor": INK,
    "axes.axisbelow": True, "axes.grid": True, "grid.color": "#E4E4E4", "grid.linewidth": 0.8, "lines.linewidth": 1.5,
    "xtick.color": "#555555", "ytick.color": "#555555", "text.color": INK, "legend.frameon": False,
    "legend.fontsize": 9.5, "axes.titlepad": 9, "axes.labelsize": 10, "figure.facecolor": "white", "figure.dpi": _DPI,
    "figure.constrained_layout.use": False, "figure.autolayout": False, "text.parse_math": False, "text.usetex": False,
    "axes.unicode_minus": True,
    "xtick.minor.visible": False, "ytick.minor.visible": False, "xtick.major.size": 0, "xtick.major.pad": 6,
    "ytick.major.size": 0,
}  # fmt: skip
_PLAIN = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(("backend", "interactive"))}
_WIDE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB",
    "WenQuanYi Zen Hei", "SimHei", "Noto Sans SC", "Arial Unicode MS",
)  # fmt: skip


def in_house_style(draw: Callable[[BacktestResult], Figure]) -> Callable[[BacktestResult], Figure]:
    """Draw in the style of all figures, whatever the user's own matplotlib settings are left at."""

    @wraps(draw)
    def styled(result: BacktestResult) -> Figure:
        with _house_style([result.name, *result.assets, result.benchmark.name if result.benchmark else ""]):
            return draw(result)

    return styled


@contextmanager
def _house_style(names: Iterable[str]) -> Iterator[None]:
    fonts = ["DejaVu Sans"]
    if any(ord(letter) > 0x2E7F for name in names for letter in name):  # beyond what DejaVu has
        installed = {font.name for font in fontManager.ttflist}
        fonts += [font for font in _WIDE_FONTS if font in installed][:1]
    with mpl.rc_context({**_PLAIN, **_STYLE, "font.family": fonts}):
        yield


def panels(
    titles: Sequence[str], heights: Sequence[float], *, left: float = 0.8, legend: bool = False, one_axis: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure of panels one above the other.

    Args:
        titles: one for each panel.
        heights: of each panel's plot, inches.
        left: room for the labels of the vertical axis, inches.
        legend: leave room for a legend on the right.
        one_axis: the horizontal axis is labelled below the last panel alone.
    """
    between = 0.12 if one_axis else _BOTTOM
    height = sum(heights) + _TOP * len(heights) + between * (len(heights) - 1) + _BOTTOM
    width = _WIDTH - left - (_LEGEND if legend else _RIGHT)
    figure = Figure(figsize=(_WIDTH, height))
    axes, top = [], height
    for title, tall in zip(titles, heights, strict=True):
        bottom = top - _TOP - tall
        ax = figure.add_axes((left / _WIDTH, bottom / height, width / _WIDTH, tall / height))
        ax.set_title(cut(title, 60), y=1.0)  # places are given, as to find them takes half of the time of drawing
        ax.xaxis.set_label_coords(0.5, -_BOTTOM / tall)
        ax.yaxis.set_label_coords(-0.58 / width, 0.5)
        axes.append(ax)
        top = bottom - between
    return figure, axes


def legend_beside(ax: Axes, handles: Sequence[Artist], names: Sequence[str]) -> None:
    """A legend on the right, read from the top, with long names cut."""
    ax.legend(
        list(handles), [cut(name) for name in names], loc="upper left", bbox_to_anchor=(1.01, 1.03), borderaxespad=0,
        handlelength=1.2, handletextpad=0.6, labelspacing=0.45,
    )  # fmt: skip


def cut(name: str, letters: int = 20) -> str:
    """A name that fits."""
    name = name if len(name) <= letters else f"{name[: letters - 1]}…"
    return f"\u200b{name}" if name.startswith("_") else name  # matplotlib drops labels that begin with one


def percent_axis(ax: Axes, label: str) -> None:
    """The vertical axis holds decimals and shows percent."""
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(100 * value, 6):g}%".replace("-", "\u2212")))
    ax.set_ylabel(label)


def log_axis(ax: Axes, low: float, high: float, label: str) -> None:
    """A logarithmic vertical axis with plain numbers."""
    low, high = low / 1.05, high * 1.05
    ax.set_yscale("log", nonpositive="clip")
    ax.set_ylim(low, high)
    decades = np.log10(high / low)
    steps = (1.0,) if decades > 4 else (1.0, 3.0) if decades > 2 else (1.0, 2.0, 5.0)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]) if decades < 0.8 else LogLocator(subs=steps))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.set_ylabel(label)


def date_axis(axes: Sequence[Axes], dates: pd.Index) -> None:
    """Ticks at the beginnings of years, or of months in short runs, labelled below the last axes; all span the run."""
    ticks, labels = _date_ticks(dates)
    for ax in axes:
        ax.set_xlim(dates[0], dates[-1])
        ax.xaxis.set_major_locator(FixedLocator(date2num(ticks)))  # type: ignore[no-untyped-call]  # untyped there
        ax.xaxis.set_major_formatter(FixedFormatter(labels) if ax is axes[-1] else NullFormatter())


def _date_ticks(dates: pd.Index) -> tuple[list[pd.Timestamp], list[str]]:
    first, last = dates[0], dates[-1]
    years = range(first.year, last.year + 2)
    form = "%Y"
    if len(years) > 4:
        step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if len(years) <= 9 * step)
        ticks = [pd.Timestamp(year, 1, 1) for year in years if year % step == 0]
    else:
        months = list(pd.date_range(first - pd.offsets.MonthBegin(), last, freq="MS"))
        ticks, form = months[:: -(-len(months) // 8)], "%b %Y"
    ticks = [tick for tick in ticks if first <= tick <= last]
    if len(ticks) < 2:
        ticks, form = [first, last], "%Y-%m-%d"
    return ticks, [f"{tick:{form}}" for tick in ticks]


def stack(ax: Axes, table: pd.DataFrame, colours: Sequence[str]) -> list[Artist]:
    """Stacked areas: what is above zero upward, what is below downward. The handles of the columns, for a legend.

    Of more rows than the picture is wide in pixels, evenly spaced ones are drawn.
    """
    table = table.iloc[:: -(-len(table) // _STACK_ROWS)]
    dates = table.index.to_numpy()
    handles: list[Artist] = []
    up, down = np.zeros(len(table)), np.zeros(len(table))
    for values, colour in zip(table.to_numpy().T, colours, strict=True):
        above, below = up + np.maximum(values, 0), down + np.minimum(values, 0)
        handles.append(ax.fill_between(dates, up, above, color=colour, linewidth=0, snap=False))
        if (values < 0).any():
            ax.fill_between(dates, down, below, color=colour, linewidth=0, snap=False)
        up, down = above, below
    ax.set_ylim(1.04 * float(down.min()), 1.04 * float(up.max()) or 1.0)
    return handles


def bars(
    ax: Axes, places: Sequence[float], base: NDArray[np.float64], sizes: NDArray[np.float64], colour: str
) -> PolyCollection:
    """Upright bars as one artist, which draws much faster than a patch for each."""
    left, right = np.asarray(places) - 0.4, np.asarray(places) + 0.4
    corners = np.array([[left, base], [left, base + sizes], [right, base + sizes], [right, base]])
    drawn = PolyCollection(list(corners.transpose(2, 0, 1)), facecolors=colour, linewidths=0)
    ax.add_collection(drawn)
    ax.autoscale_view()
    return drawn


def colours_of(names: Sequence[str], *, folded: bool) -> list[str]:
    """A colour for each name; grey for the last one where it stands for the others."""
    own = [PALETTE[i % len(PALETTE)] for i in range(len(names))]
    return [*own[:-1], OTHERS] if folded else own


def png(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    canvas = FigureCanvasAgg(figure)
    # ticks are made when they are drawn, in the style of that moment
    with _house_style([]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        canvas.draw()  # type: ignore[no-untyped-call]  # untyped there
    buffer = io.BytesIO()
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # untyped there
    Image.fromarray(pixels).convert("RGB").save(buffer, format="png", compress_level=_COMPRESSION)
    return buffer.getvalue()
