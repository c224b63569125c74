"""A comparison and its page."""

import pytest

from backtest.analysis.compare.comparison import Comparison
from backtest.reporting.figures.comparison_figures import render_comparison
from backtest.reporting.pages.compared.comparison_page import render_comparison_page
from backtest.runs.compared_runs import compare
from support.pages.read_page import Page
from support.pages.rendered_comparison import synthetic_runs


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(synthetic_runs())


@pytest.fixture(scope="module")
def text(comparison: Comparison) -> str:
    figures = {name: figure.svg for name, figure in render_comparison(comparison).items()}
    return render_comparison_page(
        comparison, figures, command="python -m backtest compare a.yaml b.yaml", data_files=["nav.csv"]
    )


@pytest.fixture(scope="module")
def found(text: str) -> Page:
    return Page(text)
