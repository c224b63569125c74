"""Tearsheet of a result with a placeholder for each figure, parsed."""

from backtest.analysis import BacktestResult
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.pages.read_page import Page

SVG = b'<svg xmlns="name"></svg>'
STATIC = (
    "growth", "drawdown", "distribution", "rolling", "weights", "risk", "forecasts",
    "attribution", "financing", "costs",
)  # fmt: skip
EVERY_FIGURE = dict.fromkeys(STATIC, SVG)


def page(result: BacktestResult, **options: object) -> Page:
    return Page(render_tearsheet(result, EVERY_FIGURE, **options))  # type: ignore[arg-type]  # options of either kind
