"""Style of all figures: settings of object-oriented matplotlib, without pyplot."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.result import BacktestResult
from backtest.reporting.colours import DASHES, OTHERS, PALETTE
from backtest.reporting.display_names import asset_name

INK, BAND, GRID, TOTAL = "#222222", "#F1EFEA", "#E4E4E4", "#555555"

_DPI = 110
_STYLE: dict[Any, Any] = {
    "font.size": 10, "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#888888", "axes.labelcolor": INK,
    "axes.axisbelow": True, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.8, "lines.linewidth": 1.5,
    "xtick.color": "#555555", "ytick.color": "#555555", "text.color": INK, "legend.frameon": False,
    "legend.fontsize": 9.5, "axes.titlepad": 9, "axes.labelsize": 10, "figure.facecolor": "white", "figure.dpi": _DPI,
    "figure.constrained_layout.use": False, "figure.autolayout": False, "text.parse_math": False, "text.usetex": False,
    "axes.unicode_minus": True,
    "xtick.minor.visible": False, "ytick.minor.visible": False, "xtick.bottom": False, "ytick.left": False,
    "xtick.major.size": 0, "ytick.major.size": 0, "xtick.major.pad": 6,
}  # fmt: skip
_PLAIN = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(("backend", "interactive"))}
_WIDE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB",
    "WenQuanYi Zen Hei", "SimHei", "Noto Sans SC", "Arial Unicode MS",
)  # fmt: skip

Subject = TypeVar("Subject", BacktestResult, Comparison)


def in_house_style(draw: Callable[[Subject], Figure]) -> Callable[[Subject], Figure]:
    """Decorate a drawing function to use the style of all figures, independent of the user's matplotlib settings."""

    @wraps(draw)
    def styled(subject: Subject) -> Figure:
        with house_style(names_in(subject)):
            return draw(subject)

    return styled


def names_in(subject: BacktestResult | Comparison | None) -> Iterator[str]:
    """Yield all names that a figure of a result or comparison may show."""
    if isinstance(subject, Comparison):
        for result in subject.results:
            yield from names_in(result)
    elif subject is not None:
        yield from (subject.name, *subject.assets, *subject.classes.values())
        for benchmark in subject.benchmarks:
            yield from names_in(benchmark)


@contextmanager
def house_style(names: Iterable[str]) -> Iterator[None]:
    """Set the style of all figures, with an installed font for Chinese, Japanese and Korean names if they need one."""
    fonts = ["DejaVu Sans"]
    if any(ord(letter) > 0x2E7F for name in names for letter in name):  # letters that DejaVu does not have
        installed = {font.name for font in fontManager.ttflist}
        fonts += [font for font in _WIDE_FONTS if font in installed][:1]
    with mpl.rc_context({**_PLAIN, **_STYLE, "font.family": fonts}):
        yield


def colours_of(names: Sequence[str], *, folded: bool) -> list[str]:
    """Return a colour for each name; grey for the last one if it is the sum of the others."""
    colours = [PALETTE[i % len(PALETTE)] for i in range(len(names))]
    return [*colours[:-1], OTHERS] if folded else colours


def line_style(number: int) -> Any:
    """Return one of the dashes as matplotlib reads them."""
    dashes = DASHES[number]
    return dashes if isinstance(dashes, str) else (0, dashes)


def truncate(name: str, letters: int = 20) -> str:
    """Truncate a label to the available width; an asset of the package has its display name."""
    name = asset_name(name)
    name = name if len(name) <= letters else f"{name[: letters - 1]}…"
    return f"\u200b{name}" if name.startswith("_") else name  # matplotlib ignores labels that begin with an underscore
