"""HTML of results in notebooks: a sentence, growth and the headline table, in the colours of the notebook.

There is no script, stylesheet or address, because notebooks remove them or apply them to the whole page. Text has the
colour of the notebook, and lines have colours that contrast with white and with black.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.drawing.sparkline import polylines, sparkline
from backtest.analysis.metrics.records.metric_record import MetricRecord
from backtest.analysis.result import BacktestResult
from backtest.reporting.colours import NOTEBOOK, NOTEBOOK_BENCHMARK
from backtest.reporting.pages.headline import rows_of
from backtest.reporting.pages.leverage_words import words_of
from backtest.reporting.pages.page_file import render

_PICTURE = (680.0, 170.0)
_POINTS = 600  # points of all lines together


def result_html(result: BacktestResult) -> str:
    """Return the HTML of a run: a sentence, growth with the benchmark on a log scale, headline numbers, notes."""
    benchmark, summary = result.benchmark, result.summary()
    lines = [(result.name, NOTEBOOK[0], result.nav)]
    summaries = [summary]
    if benchmark is not None:
        lines.append((benchmark.name, NOTEBOOK_BENCHMARK, benchmark.nav))
        summaries.append(summary["benchmark"])
    return render(
        "notebook_result.html.j2",
        result=result,
        benchmark=benchmark,
        summary=summary,
        words=words_of(result),
        notes=[*result.warnings, *result.notes],
        **_context(lines, summaries, result.own_metrics),
    )


def comparison_html(comparison: Comparison) -> str:
    """Return the HTML of a comparison: growth of the first eight strategies on a log scale, and headline numbers."""
    names = comparison.names[: len(NOTEBOOK)]
    lines = [(name, colour, comparison.growth[name]) for name, colour in zip(names, NOTEBOOK, strict=False)]
    return render(
        "notebook_comparison.html.j2",
        comparison=comparison,
        left_out=comparison.names[len(NOTEBOOK) :],
        notes=comparison.notes,
        **_context(lines, [comparison.summaries[name] for name in names], comparison.own_metrics),
    )


def _context(
    lines: Sequence[tuple[str, str, pd.Series]], summaries: Sequence[Any], own: Sequence[MetricRecord]
) -> dict[str, Any]:
    """Lines of the chart, with a level line at 1, and rows of the table."""
    points = [sparkline(nav, _POINTS // len(lines)) for _, _, nav in lines]
    *drawn, level = polylines([*points, [1.0]], *_PICTURE)
    return {
        "lines": [
            {"name": name, "colour": colour, "end": float(nav.iloc[-1]), "points": line}
            for (name, colour, nav), line in zip(lines, drawn, strict=True)
        ],
        "level": level,
        "picture": _PICTURE,
        "log": all(value > 0 for line in points for value in line),
        "rows": rows_of(summaries, own),
    }
