"""Text of a comparison's page: its verdicts, its notes, and comparisons of unusual runs."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from backtest.analysis import BacktestResult
from backtest.analysis.compare.comparison import Comparison
from backtest.reporting.files.comparison_files import write_comparison
from backtest.reporting.files.manifest import written_on
from backtest.reporting.format import day, percent, ratio
from backtest.reporting.pages.compared.comparison_page import render_comparison_page
from backtest.reporting.pages.compared.comparison_words import findings, in_words_of_chance
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result
from support.pages.read_page import Page
from support.pages.rendered_comparison import STATIC, SVG, page, synthetic_runs


class TestWords:
    """The sentences that open the page."""

    def test_the_page_names_the_highest_return_and_differences_within_chance(
        self, comparison: Comparison, found: Page
    ) -> None:
        (most,), (best,) = comparison.best["cagr"], comparison.best["sharpe"]
        summary = comparison.summaries[most]
        assert findings(comparison)[0] == (
            f"{best} has the highest Sharpe ratio, {ratio(comparison.summaries[best]['sharpe'])}, but its lead may be "
            "chance."
        )
        assert findings(comparison)[1].startswith(
            f"{most} earned the most: {percent(summary['cagr'])} a year, with a Sharpe ratio of "
            f"{ratio(summary['sharpe'])} and a maximum drawdown of {percent(-summary['max_drawdown'])}."
        )
        said = " ".join(findings(comparison))
        assert said in found.text
        least = comparison.sharpe_differences["holm_p"].min()
        assert in_words_of_chance(comparison) == (
            "No difference of Sharpe ratios can be distinguished from chance when corrected for 3 pairs "
            f"(smallest p-value {least:.3f})."
        )

    def test_a_difference_that_is_more_than_chance(self) -> None:
        one = synthetic_result(120, benchmark=False, name="one")
        better = replace(one, nav=one.nav * 1.002 ** np.arange(121), name="better")
        assert in_words_of_chance(compare([one, better])) == (
            "The difference of Sharpe ratios can be distinguished from chance: better above one (p-value below 0.001)."
        )
        third = synthetic_result(120, benchmark=False, name="third", seed=7)
        said = in_words_of_chance(compare([one, third, better]))
        assert (
            " of 3 differences of Sharpe ratios can be distinguished from chance when corrected for 3 pairs: " in said
        )
        assert "better above one (p-value below 0.001)" in said

    def test_dates_are_explained(self) -> None:
        note = "the dates begin with late on 2004-12-31; on its own synthetic on 2003-12-31"
        found = replace(compare(synthetic_runs(2)), notes=(note,))
        assert note in Page(render_comparison_page(found, dict.fromkeys(STATIC, SVG))).text

    def test_each_note_appears_once_with_the_names_it_concerns(self) -> None:
        one, other = synthetic_runs(2)
        text = page([replace(one, notes=("both", "first")), replace(other, notes=("both",))]).text
        assert "both (all)" in text
        assert "first (run_0)" in text


class TestOddComparisons:
    """Unusual comparisons give a correct page."""

    @staticmethod
    def checked(results: Sequence[BacktestResult]) -> Page:
        found = page(results, command="python -m backtest compare a b", versions={"numpy": "2"})
        cells = {cell.strip() for table in found.tables for row in table for cell in row}
        assert not {"nan", "None", "inf", "NaN", "nan%"} & cells
        assert not re.search(r"\bnan\b|\binf\b|None|NaT", found.text)
        assert all(len(table) > 1 for table in found.tables)
        for chart in found.data["charts"].values():
            for part in chart["panels"]:
                assert any(value is not None for one in part["series"] for value in one["values"]), part["title"]
        links = {str(link["href"])[1:] for link in found.of("a")} - {"main"}
        assert links == set(found.sections)
        return found

    def test_a_strategy_that_ended_at_zero(self) -> None:
        found = self.checked(
            [*synthetic_runs(2, periods=30), synthetic_result(20, ruined=True, name="ruined", benchmark=False)]
        )
        assert "ruined lost all of its capital on 2005-08-31, where the comparison ends" in found.text
        assert "−100.0%" in {cell for row in found.tables[0] for cell in row}

    def test_one_month(self) -> None:
        found = self.checked(synthetic_runs(2, periods=1))
        assert "There are too few dates to test differences of Sharpe ratios." in found.text
        assert {"rolling", "windows", "chance"}.isdisjoint(found.sections)
        assert "Total return" in found.tables[0][0]

    def test_nothing_happened(self) -> None:
        still = [synthetic_result(30, still=True, free=True, risk=False, benchmark=False, name=name) for name in "ab"]
        found = self.checked(still)
        assert "All earned the same, 0.0% a year." in found.text
        assert {"risk", "chance", "correlations"}.isdisjoint(found.sections)
        assert "★" not in "".join(cell for table in found.tables for row in table for cell in row)

    def test_the_same_twice(self) -> None:
        one = synthetic_result(30, benchmark=False)
        found = self.checked([one, one])
        assert [row[0] for row in found.tables[0][1:]] == ["synthetic", "synthetic (2)"]
        assert "All earned the same" in found.text

    def test_names_are_text(self) -> None:
        hostile, chinese = "<script>alert(1)</script>", "风险平价_策略"
        results = [
            synthetic_result(30, name=name, seed=i, benchmark=False)
            for i, name in enumerate((hostile, chinese, chinese))
        ]
        found = self.checked(results)
        assert {row[0] for row in found.tables[0][1:]} == {hostile, chinese, f"{chinese} (2)"}
        assert found.data["charts"]["growth"]["panels"][0]["series"][0]["name"] == hostile
        assert len(found.of("script")) == 5
        assert not any("alert(1)</script" in script for script in found.scripts)

    def test_ten_strategies_over_a_year_of_daily_data(self) -> None:
        found = self.checked(synthetic_runs(10, periods=252, periods_per_year=252, start="2020-01-31"))
        assert "10 strategies" in found.text
        assert len(found.table("Pair")) == 1 + 45


def test_the_page_is_written_next_to_its_data(tmp_path: Path, comparison: Comparison) -> None:
    steps: list[str] = []
    path = write_comparison(comparison, tmp_path / "both", command="python -m backtest compare a", on_step=steps.append)
    assert path == tmp_path / "both/comparison.html"
    assert steps == ["figures", "files"]
    text = path.read_text(encoding="utf-8")
    beside = {str(link["href"]) for link in Page(text).of("a") if not str(link["href"]).startswith("#")}
    assert beside == {"comparison.csv", "comparison.json", "nav.csv", "manifest.json"}
    assert all((path.parent / name).is_file() for name in beside)
    figures = {file.name for file in (path.parent / "figures").iterdir()}
    assert figures == {f"{name}.{kind}" for name in STATIC for kind in ("png", "svg")}
    assert len(text) < 1_000_000
    assert "python -m backtest compare a" in text
    manifest = json.loads((path.parent / "manifest.json").read_text(encoding="utf-8"))
    assert f"written {day(written_on(manifest['environment']))}" in text
