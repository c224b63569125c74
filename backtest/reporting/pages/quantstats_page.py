"""The classic quantstats page, as an extra beside the tearsheet.

quantstats takes any returns for daily ones unless it is told, a benchmark's name for a ticker to download, drops
leading zero returns, sets global matplotlib and pandas state, prints, and warns. Here it is told, and kept to itself.
Its chart of yearly returns is broken on pandas 3 (bars beside their years), so it is left out; its table of them is
right.
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
    "Sharpe, Sortino and alpha are of returns, not of returns above cash (RF 0).",
    "The information ratio is of one period, not of a year.",
    "CAGR, Calmar ratio and expected returns are a year even for a run of less than a year.",
    "Drawdowns begin a period after the peak and end one before the recovery.",
    "Names such as daily or days stand for the periods of the data.",
    "The chart of yearly returns is left out: it puts bars beside their years. The table of them is right.",
)
"""Where its page differs from the tearsheet, or says what is not so."""

_NOTE = " ".join(
    ("The page of the quantstats package, with its own conventions. tearsheet.html has others.", *DEVIATIONS)
)
_STYLE = {
    "figure.figsize": (10, 6), "axes.facecolor": "white", "figure.facecolor": "white", "grid.color": "#dddddd",
    "grid.linewidth": 0.5, "lines.linewidth": 1.5, "text.color": "#333333", "xtick.color": "#666666",
    "ytick.color": "#666666", "svg.hashsalt": "quantstats",
}  # fmt: skip
_FONTS = logging.getLogger("matplotlib.font_manager")


def write_quantstats(result: BacktestResult, path: str | Path) -> None:
    """Write the quantstats page of a result; nothing is downloaded, printed or left changed.

    Args:
        result: of a run.
        path: of the page.

    Raises:
        ReportError: quantstats cannot make a page of this run, as of very few periods.
    """
    with _kept_to_itself(), tempfile.TemporaryDirectory() as folder:
        import quantstats
        from quantstats import reports

        package = Path(quantstats.__file__).parent
        template, page = Path(folder) / "template.html", Path(folder) / "page.html"
        theirs = (package / "report.html").read_text(encoding="utf-8")
        template.write_text(_ours(theirs, result.notes), encoding="utf-8")
        options = {**_options(result), "output": str(page), "template_path": template}
        try:
            reports.html(result.returns.rename("Strategy"), **options)  # type: ignore[no-untyped-call]  # untyped there
        except Exception as problem:  # whatever it trips over is no fault of the run
            raise ReportError(
                f"{path}: quantstats cannot make its page of these {len(result.returns)} periods "
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
        "title": _text(result.name),  # put into the page as it is
        "parameters": {} if benchmark is None else {"Benchmark run": _text(benchmark.name)},
        "rf": 0.0,  # any other would be taken off its CAGR too
        "periods_per_year": result.periods_per_year,
        "match_dates": False,  # they match; True would cut leading zero returns
    }


def _text(name: str) -> str:
    return html.escape(name).replace("{", "&#123;")


def _ours(template: str, notes: Sequence[str]) -> str:
    """Their template without the yearly chart and what needs a network, and with our notes."""
    template = template.replace("{{eoy_returns}}", "").replace(' onload="save()"', "")
    said = "".join(f"<p>{_text(note)}</p>\n" for note in notes)
    return template.replace("<hr>", f"<p>{_NOTE}</p>\n{said}<hr>", 1)


def _without_addresses(page: str) -> str:
    """No icon, link, document type or metadata that leads outside; the name of SVG's namespace stays, as it must."""
    page = re.sub(r"<link\b[^>]*>", "", page)
    page = re.sub(r'<a href="http[^>]*>(.*?)</a>', r"\1", page)
    page = re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE svg[^>]*>", "", page)
    return re.sub(r"<metadata>.*?</metadata>", "", page, flags=re.DOTALL)


@contextlib.contextmanager
def _kept_to_itself() -> Iterator[None]:
    """Silence, and matplotlib as it was; pages come out the same each time."""
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
        import quantstats.reports  # noqa: F401 - sets seaborn's theme when it is first imported, and only then
        import seaborn as sns  # type: ignore[import-untyped]  # ships no types

        try:
            _FONTS.setLevel(logging.ERROR)
            plt.switch_backend("agg")
            sns.set_theme(font_scale=1.1, rc=_STYLE)
            yield
        finally:
            plt.switch_backend(backend)
            _FONTS.setLevel(level)
