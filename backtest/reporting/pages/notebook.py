"""Results as notebooks show them: a sentence, growth and the headline table, in the colours of the notebook itself.

No script, no stylesheet and no address: notebooks take those out, or let them reach the rest of the page. Text has the
notebook's own colour, and lines have colours that stand out from white and from black.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.drawing.sparkline import polylines, sparkline
from backtest.analysis.result import BacktestResult
from backtest.reporting.pages.headline import rows_of
from backtest.reporting.pages.leverage_words import words_of
from backtest.reporting.pages.page_file import render

BENCHMARK = "#8a8a8a"
COLOURS = ("#3a8fd0", "#b87900", "#159c78", "#c26a9c", "#d9622b", "#8a7fe0", "#8f8f2e", BENCHMARK)
"""Of lines: each has a contrast of 3 and more with white and with #1e1e1e, a dark notebook's ground."""

_PICTURE = (680.0, 170.0)
_POINTS = 600  # of all lines together


def result_html(result: BacktestResult) -> str:
    """A run: one sentence, growth beside the benchmark's on a log scale, the headline numbers, what has to be told."""
    benchmark, summary = result.benchmark, result.summary()
    lines = [(result.name, COLOURS[0], result.nav)]
    summaries = [summary]
    if benchmark is not None:
        lines.append((benchmark.name, BENCHMARK, benchmark.nav))
        summaries.append(summary["benchmark"])
    return render(
        "notebook_result.html.j2",
        result=result,
        benchmark=benchmark,
        summary=summary,
        words=words_of(result),
        notes=[*result.warnings, *result.notes],
        **_shown(lines, summaries),
    )


def comparison_html(comparison: Comparison) -> str:
    """A comparison: growth of the first eight on a log scale, and their headline numbers."""
    names = comparison.names[: len(COLOURS)]
    lines = [(name, colour, comparison.growth[name]) for name, colour in zip(names, COLOURS, strict=False)]
    return render(
        "notebook_comparison.html.j2",
        comparison=comparison,
        left_out=comparison.names[len(COLOURS) :],
        notes=comparison.notes,
        **_shown(lines, [comparison.summaries[name] for name in names]),
    )


def _shown(lines: Sequence[tuple[str, str, pd.Series]], summaries: Sequence[Any]) -> dict[str, Any]:
    """The lines of the picture, the last one of them level at 1, and the rows of the table."""
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
        "rows": rows_of(summaries),
    }
