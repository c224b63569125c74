"""Renderer that draws a figure once, as pixels and as SVG."""

import re
from html import escape
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_hex
from matplotlib.path import Path
from numpy.typing import NDArray

from backtest.numerics.arrays import Floats, Ints

_FAMILY = "DejaVu Sans, Verdana, sans-serif"  # Verdana has the same width; browsers substitute missing letters
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ANCHORS = {"center": "middle", "right": "end"}
_FURTHEST = 1e5  # pixels; coordinates are clipped to this, far outside the image

_FEW = 6  # corners; shorter lines are not simplified


class Recorder(RendererAgg):
    """Renderer that draws pixels and records the same elements as SVG, because drawing a figure twice takes too long.

    The SVG has no address except the name of the format, no date and no identifier of the run. Names are escaped as
    text. Positions are rounded to a tenth of a pixel. Images are not recorded, because no figure has one.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]  # untyped there
        self._elements: list[str] = []
        self._clips: dict[tuple[str, ...], str] = {}
        # the methods of the base class call draw_path for each path, so that each is recorded
        del self.draw_markers, self.draw_path_collection

    def draw_path(self, gc: Any, path: Path, transform: Any, face: Any = None) -> None:
        """Draw a line, or an area of the colour `face`."""
        super().draw_path(gc, path, transform, face)  # type: ignore[no-untyped-call]  # likewise
        looks = self._looks(gc, face)
        if not looks:
            return
        whole = None if face is not None else (0.0, 0.0, float(self.width), float(self.height))
        simple = face is None and path.should_simplify
        cleaned = path.cleaned(transform=transform, remove_nans=True, clip=whole, simplify=simple)
        corners, codes = np.clip(np.asarray(cleaned.vertices), -_FURTHEST, _FURTHEST), np.asarray(cleaned.codes)
        drawn = corners[(codes == Path.MOVETO) | (codes == Path.LINETO)]
        if len(drawn) < 2:
            return
        clip = self._clip(gc, drawn)
        tenths = np.rint(10 * np.column_stack([corners[:, 0], self.height - corners[:, 1]])).astype(np.int64)
        self._elements.append(f'<path d="{_lines(tenths, codes)}"{looks}{clip}/>')

    def draw_text(  # noqa: PLR0917 - as matplotlib calls it
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """Draw a line of text with the anchor of `mtext`, so that it stays aligned in fonts of another width."""
        super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]  # likewise
        anchor, along, turn = "start", 0.0, np.deg2rad(angle)
        if mtext is not None and mtext.get_horizontalalignment() != "left":
            anchor = _ANCHORS[mtext.get_horizontalalignment()]
            anchored = mtext.get_transform().transform(mtext.get_unitless_position())
            along = (anchored[0] - x) * np.cos(turn) - (self.height - anchored[1] - y) * np.sin(turn)
        place = _short(10 * (x + along * np.cos(turn))), _short(10 * (y - along * np.sin(turn)))
        size = prop.get_size_in_points() * self.dpi / 72
        looks = f' x="{place[0]}" y="{place[1]}" font-size="{size:.1f}" fill="{to_hex(gc.get_rgb())}"'
        if anchor != "start":
            looks += f' text-anchor="{anchor}"'
        if prop.get_weight() == "bold":
            looks += ' font-weight="bold"'
        if angle:
            looks += f' transform="rotate({-angle:g} {place[0]} {place[1]})"'
        self._elements.append(f"<text{looks}>{escape(_NO_XML.sub('', s), quote=False)}</text>")

    def svg(self) -> bytes:
        """Return everything that was drawn."""
        clips = "".join(
            f'<clipPath id="{name}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/></clipPath>\n'
            for (x, y, width, height), name in self._clips.items()
        )
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FAMILY}" stroke-linejoin="round">\n'
        return (head + clips + "\n".join(self._elements) + "\n</svg>\n").encode()

    def _looks(self, gc: Any, face: Any) -> str:
        """Fill and stroke as attributes; empty if nothing is visible."""
        forced = gc.get_alpha() if gc.get_forced_alpha() else None
        fill = _paint("fill", face, forced)
        width = gc.get_linewidth() * self.dpi / 72
        stroke = _paint("stroke", gc.get_rgb(), forced) if width > 0 else ""
        if stroke:
            dashes = gc.get_dashes()[1]
            stroke += f' stroke-width="{width:.3g}"'
            if dashes is not None:
                lengths = " ".join(f"{dash * self.dpi / 72:.3g}" for dash in dashes)
                stroke += f' stroke-dasharray="{lengths}"'
            elif gc.get_capstyle() == "projecting":
                stroke += ' stroke-linecap="square"'
        return (fill or ' fill="none"') + stroke if fill or stroke else ""

    def _clip(self, gc: Any, corners: Floats) -> str:
        """Clip path as an attribute; empty if all corners are inside it."""
        box = gc.get_clip_rectangle()
        if box is None or ((corners >= box.min - 1) & (corners <= box.max + 1)).all():
            return ""
        edges = (box.x0, self.height - box.y1, box.width, box.height)
        name = self._clips.setdefault(tuple(f"{edge:.1f}" for edge in edges), f"c{len(self._clips)}")
        return f' clip-path="url(#{name})"'


def _paint(kind: str, colour: Any, forced: float | None) -> str:
    """A colour and its opacity as attributes; empty if it is fully transparent."""
    alpha = 0.0 if colour is None else forced if forced is not None else colour[3] if len(colour) > 3 else 1.0
    if alpha == 0:
        return ""
    seen = "" if alpha == 1 else f' {kind}-opacity="{alpha:.3g}"'
    return f' {kind}="{to_hex(colour[:3])}"{seen}'


def _lines(corners: Ints, codes: NDArray[np.uint8]) -> str:
    """A path of straight lines through the corners; horizontal steps in one direction are merged."""
    begins = np.flatnonzero(codes == Path.MOVETO)
    pieces = []
    for begin, end in zip(begins, [*begins[1:], len(codes)], strict=True):
        part = codes[begin:end]
        piece = corners[begin:end][(part == Path.MOVETO) | (part == Path.LINETO)]
        steps = _join(np.diff(piece, axis=0)).ravel().tolist()
        if steps:
            first = " ".join(map(_short, piece[0].tolist()))
            pieces.append(f"M{first}l{' '.join(map(_short, steps))}" + ("z" if (part == Path.CLOSEPOLY).any() else ""))
    return "".join(pieces).replace(" -", "-")


def _join(steps: Ints) -> Ints:
    """(m, 2) steps, with consecutive horizontal steps to the right added up."""
    if len(steps) < _FEW:
        return steps
    flat = (steps[:, 1] == 0) & (steps[:, 0] > 0)
    begins = np.flatnonzero(~(flat & np.append(False, flat[:-1])))
    return np.add.reduceat(steps, begins, axis=0)


def _short(tenths: float) -> str:
    return f"{round(tenths) / 10:g}"
