"""Page of a comparison of synthetic results with a placeholder for each figure, parsed."""

from collections.abc import Sequence
from typing import Any

from backtest.analysis import BacktestResult
from backtest.reporting.pages.compared.comparison_page import render_comparison_page
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result
from support.pages.read_page import Page

SVG = b'<svg xmlns="name"></svg>'
STATIC = ("growth", "drawdown", "rolling", "class_shares", "gross_exposure")


def synthetic_runs(count: int = 3, periods: int = 90, **options: Any) -> list[BacktestResult]:
    """Return `count` results, the last one levered, over dates that cover some crises."""
    return [
        synthetic_result(
            periods, gross=1.5 if i == count - 1 else 1.0, name=f"run_{i}", seed=i, benchmark=False, **options
        )
        for i in range(count)
    ]


def page(results: Sequence[BacktestResult], **options: Any) -> Page:
    return Page(render_comparison_page(compare(results), dict.fromkeys(STATIC, SVG), **options))
