"""Classic quantstats page, in addition to the tearsheet.

By default quantstats assumes daily returns, downloads a benchmark by its name, drops leading zero returns, changes the
global state of matplotlib and pandas, prints, and warns. This module sets its options and isolates it. Its chart of
yearly returns is broken on pandas 3 (bars next to their years) and is left out; its table of yearly returns is correct.
"""

import contextlib
import html
import io
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from backtest.analysis.result import BacktestResult
from backtest.errors import ReportError

DEVIATIONS = (
    "Sharpe ratio, Sortino ratio and alpha use returns, not returns above cash (RF 0).",
    "The information ratio is per period, not annualised.",
    "CAGR, Calmar ratio and expected returns are annualised even for a run of less than a year.",
    "Drawdowns begin one period after the peak and end one period before the recovery.",
    "Words such as daily and days mean the periods of the data.",
    "The chart of yearly returns is left out, because it draws bars next to their years; the table is correct.",
)
"""Differences between its page and the tearsheet, and statements of the page that are wrong."""

_NOTE = " ".join(("Page of the quantstats package. Its conventions differ from the tearsheet's.", *DEVIATIONS))
_STYLE = {
    "figure.figsize": (10, 6), "axes.facecolor": "white", "figure.facecolor": "white", "grid.color": "#dddddd",
    "grid.linewidth": 0.5, "lines.linewidth": 1.5, "text.color": "#333333", "xtick.color": "#666666",
    "ytick.color": "#666666", "svg.hashsalt": "quantstats",
}  # fmt: skip
_FONTS = logging.getLogger("matplotlib.font_manager")


def write_quantstats(result: BacktestResult, path: str | Path) -> None:
    """Write the quantstats page of a result, without downloads, output or changes of global state.

    Args:
        result: result of a run.
        path: file of the page.

    Raises:
        ReportError: quantstats cannot make a page of this run, for example because it has very few periods.
    """
    with _kept_to_itself(), tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
        import quantstats
        from quantstats import reports

        package = Path(quantstats.__file__).parent
        template, page = Path(folder) / "template.html", Path(folder) / "page.html"
        theirs = (package / "report.html").read_text(encoding="utf-8")
        template.write_text(_ours(theirs, result.notes), encoding="utf-8")
        options = {**_options(result), "output": str(page), "template_path": template}
        try:
            reports.html(result.returns.rename("Strategy"), **options)  # type: ignore[no-untyped-call]  # untyped there
        except Exception as problem:  # an error in quantstats does not mean that the run is wrong
            raise ReportError(
                f"{path}: quantstats cannot make its page from these {len(result.returns)} periods "
                f"({type(problem).__name__}: {problem}). Hint: report.quantstats: false."
            ) from problem
        text = _without_addresses(page.read_text(encoding="utf-8"))
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def _options(result: BacktestResult) -> dict[str, Any]:
    benchmark = result.benchmark
    return {
        "benchmark": None if benchmark is None else benchmark.returns.rename("Benchmark"),
        "benchmark_title": None if benchmark is None else "Benchmark",
        "strategy_title": "Strategy",
        "title": _text(result.name),  # quantstats does not escape it
        "parameters": {} if benchmark is None else {"Benchmark run": _text(benchmark.name)},
        "rf": 0.0,  # any other rate would also be deducted from its CAGR
        "periods_per_year": result.periods_per_year,
        "match_dates": False,  # the dates match, and True would drop leading zero returns
    }


def _text(name: str) -> str:
    return html.escape(name).replace("{", "&#123;")


def _ours(template: str, notes: Sequence[str]) -> str:
    """The quantstats template, without the yearly chart and network access, and with the notes of the run."""
    template = template.replace("{{eoy_returns}}", "").replace(' onload="save()"', "")
    paragraphs = "".join(f"<p>{_text(note)}</p>\n" for note in notes)
    return template.replace("<hr>", f"<p>{_NOTE}</p>\n{paragraphs}<hr>", 1)


def _without_addresses(page: str) -> str:
    """The page without external icons, links, document types and metadata; the name of the SVG namespace stays."""
    page = re.sub(r"<link\b[^>]*>", "", page)
    page = re.sub(r'<a href="http[^>]*>(.*?)</a>', r"\1", page)
    page = re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE svg[^>]*>", "", page)
    return re.sub(r"<metadata>.*?</metadata>", "", page, flags=re.DOTALL)


@contextlib.contextmanager
def _kept_to_itself() -> Iterator[None]:
    """Suppress output and restore the state of matplotlib; the same run gives the same page."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    backend, level = mpl.get_backend(), _FONTS.level
    noise = io.StringIO()
    with (
        mpl.rc_context(),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(noise),
        contextlib.redirect_stderr(noise),
    ):
        warnings.simplefilter("ignore")
        import quantstats.reports  # noqa: F401 - sets the theme of seaborn on its first import
        import seaborn as sns  # type: ignore[import-untyped]  # ships no types

        try:
            _FONTS.setLevel(logging.ERROR)
            plt.switch_backend("agg")
            sns.set_theme(font_scale=1.1, rc=_STYLE)
            yield
        finally:
            plt.switch_backend(backend)
            _FONTS.setLevel(level)
