"""A page in a real browser: its errors and requests, its overflow, its axe-core findings and its print."""

import csv
import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Protocol

from playwright.sync_api import BrowserContext, Page

Scheme = Literal["light", "dark"]

INSIDE = ("file:", "data:", "blob:")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SERIOUS = ("serious", "critical")
_LOOKS, _BETWEEN = 50, 100  # milliseconds

_STANDING_OUT = """() => {
  const wide = document.scrollingElement.scrollWidth, room = document.documentElement.clientWidth;
  if (wide <= room) return [];
  const out = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > room + 0.5);
  const named = e => e.tagName.toLowerCase() + (e.id && "#" + e.id) + [...e.classList].map(c => "." + c).join("");
  return [`the page is ${wide} px wide in ${room}`, ...out.slice(0, 5).map(named)];
}"""
_RUN_AXE = """async rules => {
  const found = await axe.run({runOnly: rules, resultTypes: ["violations"]});
  return found.violations.flatMap(({id, impact, nodes}) => nodes.map(node => [impact, id, node.target.join(" ")]));
}"""

_ALL_DRAWN = """() => [...document.querySelectorAll("[data-chart]")].every(one =>
  !one.clientWidth || echarts.getInstanceByDom(one))"""
_DRAWN = """() => JSON.stringify(Object.fromEntries([...document.querySelectorAll("[data-chart]")].map(container => {
  const {title, grid, xAxis, yAxis, series} = echarts.getInstanceByDom(container).getOption();
  return [container.dataset.chart, {title, grid, xAxis, yAxis, series}];
})))"""


ReportOf = Callable[[str], Path]
"""Gives the folder of the report on one of `page_cases.CASES`."""


class OpenPage(Protocol):
    """Function that opens a file in the browser, in a given width, in light or dark, with scripts on or off."""

    def __call__(self, path: Path, *, width: int = 1440, scheme: Scheme = "light", scripts: bool = True) -> Page: ...


class Watch:
    """Errors, failures and requests of a window's pages, recorded from before the first page is opened."""

    def __init__(self, window: BrowserContext) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        window.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        window.on("weberror", lambda error: self.errors.append(str(error.error)))
        window.on("request", lambda request: self.requests.append(request.url))

    def complaints(self) -> list[str]:
        """Return errors, and requests that leave the disk; the list should be empty."""
        outside = [f"asks for {address}" for address in self.requests if not address.startswith(INSIDE)]
        return [*self.errors, *outside]


def standing_out(page: Page) -> list[str]:
    """Return the width of a page that scrolls sideways and the elements beyond its right edge; empty if it fits.

    Elements that scroll within a frame of their own, such as wide tables, are not counted. After a change of the window
    a busy machine lays the page out late, so a page that does not fit is looked at again for some seconds.
    """
    found: list[str] = page.evaluate(_STANDING_OUT)
    for _ in range(_LOOKS if found else 0):
        page.wait_for_timeout(_BETWEEN)
        found = page.evaluate(_STANDING_OUT)
        if not found:
            break
    return found


def axe_findings(page: Page) -> list[str]:
    """Return serious and critical findings of axe-core by WCAG 2.2 A and AA and best practices.

    axe-core needs scripts: for a page without them, see `frozen`.
    """
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    return [
        f"{impact}: {rule} at {place}" for impact, rule, place in page.evaluate(_RUN_AXE, RULES) if impact in SERIOUS
    ]


def draw_all(page: Page) -> None:
    """Open all folded parts and make the window as tall as the page, so that every chart is near and is drawn."""
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    size = page.viewport_size
    assert size
    page.set_viewport_size({"width": size["width"], "height": page.evaluate("document.documentElement.scrollHeight")})
    page.wait_for_function(_ALL_DRAWN)


def drawn(page: Page) -> dict[str, Any]:
    """Return the options given to the chart library, by chart: titles, grids, axes and series."""
    found: dict[str, Any] = json.loads(page.evaluate(_DRAWN))
    return found


def downloaded(page: Page, button: str) -> tuple[str, list[list[str]]]:
    """Return the name of the file that a click on a button saves, and the cells of its rows, read as CSV."""
    with page.expect_download() as waiting:
        page.click(button)
    file = waiting.value
    with Path(file.path()).open(encoding="utf-8", newline="") as text:
        return file.suggested_filename, list(csv.reader(text))


def frozen(page: Page, folder: Path) -> Path:
    """Save a page in its current state without its scripts: what a page without scripts shows, for axe-core."""
    page.evaluate("document.querySelectorAll('script').forEach(script => script.remove())")
    copy = folder / "frozen.html"
    copy.write_text(page.content(), encoding="utf-8")
    return copy


def printed(page: Page) -> bytes:
    """Return the page as a PDF, A4, with its headings as the outline."""
    return page.pdf(format="A4", prefer_css_page_size=True, print_background=True, tagged=True, outline=True)


def pages_of(pdf: bytes) -> list[tuple[float, float]]:
    """Return width and height in points of each page of a PDF, as Chromium writes it."""
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(float(width), float(height)) for width, height in boxes]


def headings_of(pdf: bytes) -> set[str]:
    """Return the outline of a PDF, as Chromium writes it, and the document's title, without blanks.

    Chromium omits the blanks at which a heading breaks, so all are left out.
    """
    found = re.findall(rb"/Title (?:\(((?:\\.|[^\\)])*)\)|<FEFF([0-9A-F]*)>)", pdf)
    return {closed_up(_text(wide, plain)) for plain, wide in found}


def closed_up(text: str) -> str:
    """Return a text without its blanks.

    >>> closed_up("Where the risk is")
    'Wheretheriskis'
    """
    return "".join(text.split())


def _text(wide: bytes, plain: bytes) -> str:
    """Decode a PDF's string: UTF-16 in hexadecimal, or characters of which some are escaped."""
    if wide:
        return bytes.fromhex(wide.decode()).decode("utf-16-be")
    return re.sub(r"\\(.)", r"\1", plain.decode("latin-1"))
