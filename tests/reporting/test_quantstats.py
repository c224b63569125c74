"""The quantstats page: it has the right numbers and notes, needs no network, and leaves no global state."""

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from pytest_socket import disable_socket, enable_socket

from backtest.analysis import BacktestResult
from backtest.errors import ReportError
from backtest.reporting.pages import quantstats_page
from backtest.reporting.pages.quantstats_page import write_quantstats
from support.builders.synthetic_result import synthetic_result


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    return replace(synthetic_result(48, name="<b>策略</b> {{metrics}}"), notes=("T<L before 2002 is {{V}}, spliced",))


@pytest.fixture(scope="module")
def page_text(result: BacktestResult, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("quantstats") / "page.html"
    disable_socket()
    try:
        write_quantstats(result, path)
    finally:
        enable_socket()
    return path.read_text(encoding="utf-8")


def row(page: str, name: str) -> list[float]:
    found = re.search(rf"<tr><td>{re.escape(name)}</td><td>(.*?)</td><td>(.*?)</td></tr>", page)
    assert found, name
    return [float(cell.rstrip("%").replace(",", "")) for cell in found.groups()]


def test_quantstats_receives_the_frequency(page_text: str, result: BacktestResult) -> None:
    summary = result.summary()
    assert "Periods/Year: 12" in page_text
    expected = [round(100 * side["volatility"], 2) for side in (summary["benchmark"], summary)]
    assert row(page_text, "Volatility (ann.)") == expected


def test_the_total_return_equals_the_summarys(page_text: str, result: BacktestResult) -> None:
    summary = result.summary()
    expected = [round(100 * side["total_return"], 2) for side in (summary["benchmark"], summary)]
    assert row(page_text, "Cumulative Return") == expected


def test_the_page_has_no_external_references(page_text: str) -> None:
    assert set(re.findall(r"https?://[^\"<> ]*", page_text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not re.search(r"<link|<script|onload|<img[^>]*src=\"(?!data:)", page_text)


def test_names_are_shown_as_text_and_not_as_template_code(page_text: str) -> None:
    assert "&lt;b&gt;策略&lt;/b&gt; &#123;&#123;metrics}}" in page_text


def test_notes_on_the_data_are_on_this_page_too(page_text: str) -> None:
    """A spliced history is named on every page that shows it."""
    assert "<p>T&lt;L before 2002 is &#123;&#123;V}}, spliced</p>" in page_text


def test_the_broken_chart_is_left_out_and_its_table_stays(page_text: str) -> None:
    assert '<div id="eoy_returns"></div>' in page_text
    assert "EOY Returns vs Benchmark" in page_text
    assert "The chart of yearly returns is left out" in page_text


def test_rendering_prints_nothing_and_changes_no_global_state(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def html(returns: pd.Series, **options: Any) -> None:
        seen.update(options, returns=returns)
        assert quantstats_page._FONTS.level > 17
        print("noise")  # noqa: T201 - the noise to be silenced
        warnings.warn("noise", stacklevel=1)
        mpl.rcParams["font.size"] = 77
        Path(options["output"]).write_text("page", encoding="utf-8")

    monkeypatch.setattr("quantstats.reports.html", html)
    monkeypatch.setattr(quantstats_page._FONTS, "level", 17)
    before, result, backend = mpl.rcParams["font.size"], synthetic_result(6), mpl.get_backend()
    plt.switch_backend("svg")
    try:
        write_quantstats(result, tmp_path / "page.html")
        assert mpl.get_backend() == "svg"
    finally:
        plt.switch_backend(backend)
    assert capfd.readouterr() == ("", "")
    assert (mpl.rcParams["font.size"], quantstats_page._FONTS.level) == (before, 17)
    assert isinstance(seen["benchmark"], pd.Series)  # a name would be taken for a ticker
    assert (seen["rf"], seen["periods_per_year"], seen["match_dates"]) == (0.0, 12, False)
    assert seen["returns"].tolist() == result.returns.tolist()


def test_a_run_without_a_benchmark_has_a_page(tmp_path: Path) -> None:
    write_quantstats(synthetic_result(30, benchmark=False), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Key Performance Metrics" in page
    assert "vs Benchmark" not in page


def test_a_failure_of_quantstats_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def html(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("no periods")

    monkeypatch.setattr("quantstats.reports.html", html)
    with pytest.raises(ReportError, match=r"these 3 periods \(ZeroDivisionError: no periods\)\. Hint"):
        write_quantstats(synthetic_result(3), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
