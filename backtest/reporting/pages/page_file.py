"""A page: one file that opens from disk, with its stylesheet, its script, the chart library and its data inside it."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backtest.reporting.format import FILTERS, for_script

_SAFE_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_SVG_AS_IS = " =:/'(),;+-@"  # what a data address in double quotes may hold unquoted


def render(template: str, *, data: Mapping[str, Any] | None = None, **context: Any) -> str:
    """A page as HTML, with no address in it that leads outside.

    Args:
        template: its file in `templates/`, which extends `base.html.j2`.
        data: what its script draws and lists, as JSON can hold it; without it the page has no chart library either.
        context: what the template reads. All text is escaped: a name may hold HTML.
    """
    return _templates().get_template(template).render(
        style=_asset("templates/style.css"),
        script=_asset("templates/page.js"),
        formats=_in_script(for_script()),
        library="" if data is None else _asset("assets/echarts.common.min.js"),
        data=None if data is None else _in_script(data),
        **context,
    )  # fmt: skip


def picture(svg: bytes) -> str:
    """The address of a picture that stands in the page itself."""
    return f"data:image/svg+xml,{quote(svg.decode(), safe=_SVG_AS_IS)}"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("backtest.reporting.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


@cache
def _asset(path: str) -> Markup:
    text = files("backtest.reporting.pages").joinpath(*path.split("/")).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own file, no input


def _in_script(data: Mapping[str, Any]) -> Markup:
    """JSON that no text in it can end the element of."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter, escaped in _SAFE_IN_SCRIPT.items():
        text = text.replace(letter, escaped)
    return Markup(text)  # noqa: S704 - nothing in it is read as HTML
