"""Renderers that runs hand to their results, so that notebooks can show them. Jinja is loaded on first use."""

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.result import BacktestResult


def render_result(result: BacktestResult) -> str:
    """Render a result as HTML for a notebook."""
    from backtest.reporting.pages.notebook import result_html

    return result_html(result)


def render_comparison(comparison: Comparison) -> str:
    """Render a comparison as HTML for a notebook."""
    from backtest.reporting.pages.notebook import comparison_html

    return comparison_html(comparison)
