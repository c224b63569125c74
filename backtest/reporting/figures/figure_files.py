"""Files of a figure: PNG for documents, SVG for pages and print. The same figure gives the same bytes."""

import gc
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import unwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from backtest.reporting.figures.figure_renderer import Recorder
from backtest.reporting.figures.figure_style import Subject, house_style, names_in

_COMPRESSION = 2


@dataclass(frozen=True)
class Picture:
    """Figure as files.

    Args:
        png: image, 990 pixels wide.
        svg: scalable image, with text as text.
    """

    png: bytes
    svg: bytes


def pictures(draws: Mapping[str, Callable[[Subject], Figure]], subject: Subject) -> dict[str, Picture]:
    """Return the figures that functions draw of a result or a comparison, by name.

    Garbage is collected afterwards: matplotlib creates so many small objects that collecting while drawing would take a
    quarter of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with _drawing(names_in(subject)):  # the style is set once, so each function is called without its decorator
            return {name: _picture(unwrap(draw)(subject)) for name, draw in draws.items()}
    finally:
        if collecting:
            gc.enable()


def write_pictures(drawn: Mapping[str, Picture], folder: Path) -> dict[str, bytes]:
    """Write each figure as PNG and SVG into a new folder; return the SVGs by name, for a page."""
    folder.mkdir()
    for name, figure in drawn.items():
        (folder / f"{name}.png").write_bytes(figure.png)
        (folder / f"{name}.svg").write_bytes(figure.svg)
    return {name: figure.svg for name, figure in drawn.items()}


def picture(figure: Figure) -> Picture:
    """Return a figure as PNG and SVG; the same figure gives the same bytes, up to the fonts installed."""
    with _drawing([]):
        return _picture(figure)


def _picture(figure: Figure) -> Picture:
    renderer = Recorder(*figure.bbox.size, figure.dpi)
    figure.draw(renderer)
    buffer = io.BytesIO()
    pixels = np.asarray(renderer.buffer_rgba())  # type: ignore[no-untyped-call]  # untyped there
    Image.fromarray(pixels).convert("RGB").save(buffer, format="png", compress_level=_COMPRESSION)
    return Picture(buffer.getvalue(), renderer.svg())


@contextmanager
def _drawing(names: Iterable[str]) -> Iterator[None]:
    """Set the style of figures while they are drawn, because ticks are created during drawing."""
    with house_style(names), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield
