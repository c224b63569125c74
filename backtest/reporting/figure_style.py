"""One style for all figures: colours, axes and legends, and the way to PNG. Object-oriented matplotlib, without pyplot."""

import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from PIL import Image

from backtest.analysis.result import BacktestResult

STRATEGY, BENCHMARK, INK, OTHERS = "#0072B2", "#777777", "#222222", "#BBBBBB"
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#332288", "#999933", "#882255",
)  # fmt: skip
"""Safe for colour blindness: Okabe and Ito (2008), then three of Tol's."""

_DPI, _WIDTH, _COMPRESSION = 110, 9.0, 4
_LEFT, _RIGHT, _LEGEND, _TOP, _BOTTOM, _GAP = 0.75, 0.3, 2.0, 0.5, 0.4, 0.3  # inches
_STYLE = {
    "font.size": 10, "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#888888", "axes.labelcolor": INK,
    "axes.axisbelow": True, "axes.grid": True, "grid.color": "#E4E4E4", "grid.linewidth": 0.8, "lines.linewidth": 1.5,
    "xtick.color": "#555555", "ytick.color": "#555555", "text.color": INK, "legend.frameon": False, "legend.fontsize": 9.5,
    "axes.titlepad": 9, "figure.facecolor": "white", "figure.dpi": _DPI, "figure.constrained_layout.use": False,
    "figure.autolayout": False, "text.parse_math": False, "text.usetex": False, "axes.unicode_minus": True,
}  # fmt: skip
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
    with mpl.rc_context({**_STYLE, "font.family": fonts}):
        yield


def panels(titles: Sequence[str], heights: Sequence[float], *, legend: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of panels one above the other, with room on the right for a legend.

    Args:
        titles: one for each panel.
        heights: of each panel's plot, inches.
        legend: leave the room.
    """
    each = _TOP + _BOTTOM
    height = sum(heights) + each * len(heights) + _GAP * (len(heights) - 1)
    figure = Figure(figsize=(_WIDTH, height))
    axes, top = [], height
    width = _WIDTH - _LEFT - (_LEGEND if legend else _RIGHT)
    for title, tall in zip(titles, heights, strict=True):
        bottom = top - _TOP - tall
        ax = figure.add_axes((_LEFT / _WIDTH, bottom / height, width / _WIDTH, tall / height))
        ax.set_title(title)
        axes.append(ax)
        top = bottom - _BOTTOM - _GAP
    return figure, axes


def legend_beside(ax: Axes, handles: Sequence[object], names: Sequence[str]) -> None:
    """A legend on the right, read from the top, with long names cut."""
    ax.legend(
        list(handles), [_cut(name) for name in names], loc="upper left", bbox_to_anchor=(1.01, 1.03), borderaxespad=0,
        handlelength=1.2, handletextpad=0.6, labelspacing=0.45,
    )  # fmt: skip


def _cut(name: str, letters: int = 20) -> str:
    name = name if len(name) <= letters else f"{name[: letters - 1]}…"
    return f"\u200b{name}" if name.startswith("_") else name  # matplotlib drops labels that begin with one


def percent_axis(ax: Axes, label: str) -> None:
    """The vertical axis holds decimals and shows percent."""
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
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


def date_axis(ax: Axes, dates: pd.Index) -> None:
    """Ticks at the beginnings of years, or of months in short runs; the axis spans the dates."""
    first, last = dates[0], dates[-1]
    ax.set_xlim(first, last)  # type: ignore[arg-type]  # dates are converted
    years = range(first.year, last.year + 2)
    form = "%Y"
    if len(years) > 4:
        step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if len(years) <= 13 * step)
        ticks = [pd.Timestamp(year, 1, 1) for year in years if year % step == 0]
    else:
        months = list(pd.date_range(first - pd.offsets.MonthBegin(), last, freq="MS"))
        ticks, form = months[:: -(-len(months) // 8)], "%b %Y"
    ticks = [tick for tick in ticks if first <= tick <= last]
    if not ticks:
        ticks, form = [first, last], "%Y-%m-%d"
    ax.xaxis.set_major_locator(FixedLocator(mpl.dates.date2num(ticks)))  # type: ignore[attr-defined]
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:{form}}" for tick in ticks]))


def stack(ax: Axes, table: pd.DataFrame, colours: Sequence[str]) -> list[object]:
    """Stacked areas: what is above zero upward, what is below downward. The handles of the columns, for a legend."""
    dates, handles = table.index.to_numpy(), []
    up, down = np.zeros(len(table)), np.zeros(len(table))
    for values, colour in zip(table.to_numpy().T, colours, strict=True):
        above, below = up + np.maximum(values, 0), down + np.minimum(values, 0)
        handles.append(ax.fill_between(dates, up, above, color=colour, linewidth=0))
        if (values < 0).any():
            ax.fill_between(dates, down, below, color=colour, linewidth=0)
        up, down = above, below
    return handles


def colours_of(names: Sequence[str], *, folded: bool) -> list[str]:
    """A colour for each name; grey for the last one where it stands for the others."""
    own = [PALETTE[i % len(PALETTE)] for i in range(len(names))]
    return [*own[:-1], OTHERS] if folded else own


def png(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        canvas.draw()
    buffer = io.BytesIO()
    pixels = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    Image.fromarray(pixels).save(buffer, format="png", compress_level=_COMPRESSION)
    return buffer.getvalue()
