"""HTML pages: one file each, with its stylesheet, script, chart library and data inside it."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backtest.reporting.colours import css_variables
from backtest.reporting.display_names import asset_name, run_title
from backtest.reporting.format import FILTERS, for_script

_SAFE_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_SVG_AS_IS = " =:/'(),;+-@"  # characters that need no quoting in a data address


def render(
    template: str,
    *,
    data: Mapping[str, Any] | None = None,
    script: str = "templates/page.js",
    library: bool = True,
    **context: Any,
) -> str:
    """Return a page as HTML, without external addresses.

    Args:
        template: file in `templates/` that extends `base.html.j2`.
        data: charts and tables for the page's script, as JSON values; without data the page has no chart library.
        script: the page's script.
        library: whether the script draws with the chart library.
        context: variables of the template. All text is escaped, because a name may contain HTML.
    """
    return _templates().get_template(template).render(
        style=Markup(css_variables()) + _asset("templates/style.css"),  # noqa: S704 - no input
        script=_asset(script),
        formats=_in_script(for_script()),
        library="" if data is None or not library else _asset("assets/echarts.common.min.js"),
        data=None if data is None else _in_script(data),
        **context,
    )  # fmt: skip


def picture(svg: bytes) -> str:
    """Return an image as a data address, which is part of the page."""
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
    environment.filters.update({**FILTERS, "asset": asset_name, "titled": run_title})
    environment.globals["asset"] = _asset
    return environment


@cache
def _asset(path: str) -> Markup:
    text = files("backtest.reporting.pages").joinpath(*path.split("/")).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of the package, not input


def _in_script(data: Mapping[str, Any]) -> Markup:
    """JSON safe to embed in a `<script>` element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter, escaped in _SAFE_IN_SCRIPT.items():
        text = text.replace(letter, escaped)
    return Markup(text)  # noqa: S704 - the letters of HTML are escaped
