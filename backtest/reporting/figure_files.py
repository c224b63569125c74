"""From a figure to files: PNG for documents, SVG for pages and print. The same figure gives the same bytes."""

import gc
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import unwrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from backtest.reporting.figure_style import Subject, house_style, names_in

_COMPRESSION = 2
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_FAMILY = "DejaVu Sans, Verdana, sans-serif"  # Verdana is as wide; a browser finds other letters by itself
_PROLOGUE = re.compile(r"\A.*?(?=<svg )", re.DOTALL)
_SMALLER = (
    (re.compile(r' xmlns:xlink="[^"]*"'), ""),
    (re.compile(r'(<(?:use|image) )xlink:(?=href=")'), r"\1"),
    (re.compile(r"(<svg )"), rf'\1font-family="{_FAMILY}" '),
    (re.compile(r"(<text style=\"[^\"]*?)font-family: [^;\"]*;? ?"), r"\1"),
    (re.compile(r"(<text [^>]*?) transform=\"rotate\(-0 [^\"]*\""), r"\1"),
    (re.compile(r'<g id="[^"]*"'), "<g"),
    (re.compile(r"\n +(?=<)"), "\n"),
)
_PATH = re.compile(r'(?<=<path d=")[^"]*')


@dataclass(frozen=True)
class Picture:
    """A figure as files.

    Args:
        png: 990 pixels wide.
        svg: the same to any size, with its text as text.
    """

    png: bytes
    svg: bytes


def pictures(draws: Mapping[str, Callable[[Subject], Figure]], subject: Subject) -> dict[str, Picture]:
    """What each function draws of a result or a comparison, by the same names.

    Rubbish is collected afterwards: matplotlib makes so many small objects that to collect while drawing takes a
    quarter of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with _drawing(names_in(subject)):  # once, and each is drawn as it is without a style of its own
            return {name: _picture(unwrap(draw)(subject)) for name, draw in draws.items()}
    finally:
        if collecting:
            gc.enable()


def picture(figure: Figure) -> Picture:
    """The figure as PNG and SVG; the same figure gives the same bytes, but for the letters that fonts here have."""
    with _drawing([]):
        return _picture(figure)


def _picture(figure: Figure) -> Picture:
    return Picture(_png(figure), _svg(figure))


def _png(figure: Figure) -> bytes:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # untyped there
    buffer = io.BytesIO()
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # untyped there
    Image.fromarray(pixels).convert("RGB").save(buffer, format="png", compress_level=_COMPRESSION)
    return buffer.getvalue()


def _svg(figure: Figure) -> bytes:
    """The figure as SVG with no address in it but the name of the format, to a tenth of a point.

    Names are text there, whatever they hold: matplotlib escapes them. Markup is found from its `<` on, which no escaped
    text has.
    """
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata=_NO_METADATA)  # type: ignore[no-untyped-call]  # likewise
    text = _PROLOGUE.sub("", buffer.getvalue())
    for pattern, shorter in _SMALLER:
        text = pattern.sub(shorter, text)
    return _PATH.sub(lambda found: _shorter(found[0]), text).encode()


def _shorter(path: str) -> str:
    """A path of straight lines in tenths of a point, from each corner to the next, flat stretches in one piece."""
    if "C" in path or "Q" in path:
        return path
    pieces = []
    for piece in path.split("M")[1:]:
        closed = "z" in piece
        corners = np.array(piece.replace("L", "").replace("z", "").split(), dtype=float).reshape(-1, 2)
        steps = np.diff(np.rint(10 * corners).astype(int), axis=0, prepend=0)
        first, steps = steps[0], _joined(steps[1:])
        ends = " ".join(f"{step / 10:g}" for step in steps.ravel().tolist())
        pieces.append(f"M{first[0] / 10:g} {first[1] / 10:g}" + (f"l{ends}" if ends else "") + ("z" if closed else ""))
    return "".join(pieces).replace(" -", "-")


def _joined(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """(m, 2) steps with those that follow one another in the same flat direction added up."""
    flat = (steps[:, 1] == 0) & (steps[:, 0] > 0)
    begins = np.flatnonzero(~(flat & np.append(False, flat[:-1])))
    return np.add.reduceat(steps, begins, axis=0) if len(steps) else steps


@contextmanager
def _drawing(names: Iterable[str]) -> Iterator[None]:
    """Ticks are made when they are drawn, in the style of that moment."""
    with house_style(names), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield
