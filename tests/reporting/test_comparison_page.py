"""Numbers and charts of a comparison's page equal what the comparison has."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.metrics.metric_registry import BY_KEY
from backtest.reporting.files.report_files import json_bytes
from backtest.reporting.format import FILTERS, change, difference, percent, ratio
from backtest.reporting.pages.chance_words import p_value
from backtest.reporting.pages.compared.comparison_sections import bars_of, scatter_of
from backtest.reporting.pages.compared.comparison_words import SHARES
from backtest.reporting.pages.measure_texts import interval_of, page_groups
from backtest.runs.compared_runs import compare
from support.pages.read_page import Page
from support.pages.rendered_comparison import STATIC, page, synthetic_runs


class TestNothingLeadsOutside:
    """The page needs no network, and works with a screen reader."""

    def test_no_address(self, text: str) -> None:
        library = files("backtest.reporting.pages") / "assets" / "echarts.common.min.js"
        own = text.replace(library.read_text(encoding="utf-8"), "").replace("http%3A//www.w3.org/2000/svg", "")
        own = own.replace("http://www.w3.org/2000/svg", "")  # the namespace, which is never fetched
        assert not re.search(r"@import|url\((?!%23)|https?:|src=\"//", own)

    def test_every_reference_is_inside(self, found: Page) -> None:
        ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        links = {str(link["href"]) for link in found.of("a")}
        assert {link[1:] for link in links if link.startswith("#")} <= {str(name) for name in ids}
        assert {link for link in links if not link.startswith("#")} == {"nav.csv"}
        assert all(str(image["src"]).startswith("data:image/svg+xml,") for image in found.of("img"))

    def test_every_chart_has_its_data_and_a_picture(self, found: Page) -> None:
        drawn = [str(attributes["data-chart"]) for attributes in found.of("div") if "data-chart" in attributes]
        assert sorted(drawn) == sorted(found.data["charts"])
        assert len(found.of("img")) == len(STATIC) - 1  # shares of capital and risk are bars of the page itself

    def test_every_chart_has_a_text_alternative(self, found: Page) -> None:
        assert all(len(str(image["alt"])) > 20 for image in found.of("img"))
        assert all(head.get("scope") in {"col", "row", "rowgroup"} for head in found.of("th"))
        levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        marks = [attributes for _, attributes in found.tags if attributes.get("class") == "mark"]
        assert marks
        assert all(mark["aria-hidden"] == "true" for mark in marks)
        assert found.text.count("★ best") == len(marks)


class TestNumbers:
    """Numbers on the page equal the numbers of comparison.json."""

    def test_every_measure_of_each_with_the_best_marked(self, comparison: Comparison, found: Page) -> None:
        said = json.loads(json_bytes(comparison.summary()))["metrics"]
        rows = {row[0]: row[1:] for row in found.table("Measure") if len(row) > 1}
        measures = [metric for group in page_groups("comparison", 12).values() for metric in group]
        shown = {measure.label: measure for measure in measures if measure.label in rows}
        assert {"CAGR", "Sharpe ratio", "Maximum drawdown", "Financing drag a year", "Skew, monthly"} <= set(shown)
        for label, measure in shown.items():
            numbers, best = said[measure.key]["values"], said[measure.key]["best"]
            aim = measure.group in {"Return", "Risk"} and measure.key not in {
                "bias_statistic",
                "effective_number_of_bets",
            }
            expected = [
                FILTERS[measure.form](numbers[name])
                + ("★ best" if aim and name in best and numbers[name] else "")
                + interval
                for name in comparison.names
                for interval in [f" {interval_of(comparison.summaries[name], measure) or ''}".rstrip()]
            ]
            assert rows[label] == expected, label
        missing = [key for key, one in said.items() if any(value not in {None, 0} for value in one["values"].values())]
        assert set(missing) <= {measure.key for measure in shown.values()}

    def test_events_such_as_margin_calls_are_counted(self) -> None:
        one, other = synthetic_runs(2)
        called = other.trade_terms.assign(margin_call=True, scale=0.5)
        rows = {row[0]: row[1:] for row in page([one, replace(other, trade_terms=called)]).table("Measure")}
        dates = str(len(other.trades))
        assert rows["Margin calls"] == ["0", dates]
        assert rows["Targets scaled down"] == ["0", dates]
        assert "Forced sales" not in rows

    def test_the_headline_is_ranked_by_sharpe_ratio(self, comparison: Comparison, found: Page) -> None:
        table = found.table("Strategy")
        ranked = sorted(comparison.names, key=lambda name: -comparison.summaries[name]["sharpe"])
        assert [row[0] for row in table[1:]] == ranked
        place = table[0].index("Sharpe ratio")
        assert [[cell.replace("★ best", "").strip() for cell in row[place : place + 2]] for row in table[1:]] == [
            [ratio(comparison.summaries[name]["sharpe"]), interval_of(comparison.summaries[name], BY_KEY["sharpe"])]
            for name in ranked
        ]
        assert sum("best" in row[place] for row in table[1:]) == 1

    def test_years(self, comparison: Comparison, found: Page) -> None:
        (table,) = (table for table in found.tables if table[0][0] == "Return, %")
        years = json.loads(json_bytes(comparison.summary()))["summaries"]
        assert table[0][1:-3] == [*years["run_0"]["calendar_years"]]
        assert table[0][-3:] == ["3 years", "5 years", "All, a year"]
        for row, name in zip(table[1:], comparison.names, strict=True):
            returns = years[name]["calendar_years"].values()
            assert row[0] == name
            assert row[1:-3] == [percent(value, 0).removesuffix("%") for value in returns]
            navs = comparison.growth[name]
            trailing = [(navs.iloc[-1] / navs.iloc[-1 - 12 * n]) ** (1 / n) - 1 for n in (3, 5)]
            assert row[-3:] == [percent(value) for value in (*trailing, years[name]["cagr"])]

    def test_points_of_the_scatter_are_at_their_sharpe_ratio(self, comparison: Comparison) -> None:
        """The slope from the origin is the Sharpe ratio, in units of the ray of 0.25."""
        drawn = scatter_of(comparison)
        assert drawn is not None
        ray_x, ray_y, slope = drawn.rays[0]
        x0, zero = drawn.origin[0], drawn.zero
        unit = (zero - ray_y) / (ray_x - x0) / slope
        for name, x, y, *_ in drawn.points:
            sharpe = (zero - y) / (x - x0) / unit
            assert sharpe == pytest.approx(comparison.summaries[name]["sharpe"], abs=0.01)  # pixels have one decimal

    def test_settings_that_differ(self) -> None:
        one, other, third = synthetic_runs(3, periods=30)
        settings = {"name": "a", "strategy": {"name": "erc", "window": 3}, "benchmark": {"x": 1}}
        runs = [
            replace(one, settings=settings),
            replace(other, settings={**settings, "strategy": {"name": "erc", "window": 5}}),
            replace(third, settings={**settings, "leverage": {"max": 2.0}}),
        ]
        assert page(runs).table("Setting")[1:] == [["strategy.window", "3", "5", "3"], ["leverage.max", "–", "–", "2"]]

    def test_names_link_to_tearsheets(self) -> None:
        found = page(synthetic_runs(2, periods=30), links={"run_1": "../run_1/tearsheet.html"}, shelf="../index.html")
        links = [link["href"] for link in found.of("a") if not str(link["href"]).startswith("#")]
        assert links == ["../index.html", "../run_1/tearsheet.html"]

    def test_crises_and_falls(self, comparison: Comparison, found: Page) -> None:
        tables = [table for table in found.tables if table[0][0] == "Return"]
        for table, crises in zip(tables, (comparison.crises, comparison.falls), strict=True):
            assert table[0][1:] == [f"{one.crisis.name}{one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}" for one in crises]
            for row, name in zip(table[1:], comparison.names, strict=True):
                assert row == [
                    name, *(f"{change(one.returns[name])} fall {percent(-one.drawdowns[name])}" for one in crises)
                ]  # fmt: skip

    def test_shares_of_capital_and_risk(self) -> None:
        classes = {"stocks": "equities", "bonds": "bonds", "gold": "commodities"}
        given = [replace(one, classes=classes) for one in synthetic_runs(2)]
        comparison = compare(given)
        (table,) = (table for table in page(given).tables if table[0][1] == "Share of")
        assert table[0][2:] == ["equities", "bonds", "commodities"]
        rows = [row[-4:] for row in table[1:]]
        expected = [
            [label, *(percent(value, 0) for value in comparison.class_shares(of)[name])]
            for name in comparison.names
            for of, label in SHARES.items()
        ]
        assert rows == expected

    def test_differences_of_sharpe_ratios(self, comparison: Comparison, found: Page) -> None:
        table = found.table("Pair")
        for row, one in zip(table[1:], comparison.sharpe_differences.to_dict("records"), strict=True):
            assert row[0] == f"{one['name']} less {one['other']}"
            assert row[1].lstrip("+") == ratio(one["difference"])
            assert row[2] == ratio(one["robust_error"])
            assert row[3:6] == [f"{one[key]:.3f}" for key in ("robust_p", "memmel_p", "holm_p")]
            assert row[6] == ("more than chance" if one["holm_p"] < 0.05 else "may be chance")

    def test_correlations(self, comparison: Comparison, found: Page) -> None:
        rows = [row[1:] for row in found.table("Between")[1:]]
        assert rows == [[ratio(value) for value in row] for row in comparison.correlations.to_numpy()]

    def test_pairs_have_differences_below_and_windows_won_above_the_diagonal(
        self, comparison: Comparison, found: Page
    ) -> None:
        """Each cell has the windows of all lengths; the page shows one of them."""
        table = found.table("Row less column")
        tests = {(one["other"], one["name"]): one for one in comparison.sharpe_differences.to_dict("records")}
        assert list(comparison.windows_won) == [1, 3, 5]
        for i, (row, name) in enumerate(zip(table[1:], comparison.names, strict=True)):
            for j, (cell, other) in enumerate(zip(row[1:], comparison.names, strict=True)):
                if j < i:
                    one = tests[name, other]
                    assert cell == f"{difference(-one['difference'])} p {p_value(one['holm_p'])}"
                else:
                    won = [] if i == j else [shares.to_numpy()[i, j] for shares in comparison.windows_won.values()]
                    assert cell == "".join(percent(share, 0) for share in won)
        filled = [attributes for _, attributes in found.tags if attributes.get("class") == "significant"]
        assert len(filled) == int((comparison.sharpe_differences["holm_p"] < 0.05).sum())


class TestWhatTheScriptDraws:
    """The charts' data are the tables of the comparison."""

    def test_growth_has_every_row_of_each(self, comparison: Comparison, found: Page) -> None:
        chart = found.data["charts"]["growth"]
        days = np.cumsum(chart["x"]["dates"])
        dates = comparison.growth.index.to_numpy().astype("datetime64[D]")
        assert (np.datetime64("1970-01-01") + days == dates).all()
        above, below = (part["series"] for part in chart["panels"])
        for name, nav, fall in zip(comparison.names, above, below, strict=True):
            assert nav["column"] == fall["name"] == name
            np.testing.assert_allclose(nav["values"], comparison.growth[name], rtol=1e-6)  # written with 7 digits
            expected = drawdown(comparison.growth[name].to_numpy())
            np.testing.assert_allclose(fall["values"], expected, rtol=1e-4)  # written with 5 digits

    def test_long_series_are_thinned_and_the_page_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        results = synthetic_runs(2, periods=600, periods_per_year=252)
        whole = page(results)
        monkeypatch.setattr("backtest.reporting.charts.comparison_charts._NUMBERS", 2000)
        thinned = page(results)
        drawn = thinned.data["charts"]["growth"]["panels"][0]["series"]
        assert len(drawn[0]["values"]) <= 500
        for one, result in zip(drawn, results, strict=True):
            extremes = [min(one["values"]), max(one["values"])]
            np.testing.assert_allclose(extremes, [result.nav.min(), result.nav.max()], rtol=1e-6)
        assert "Long series are thinned for display" in thinned.text
        assert "Download NAV" not in thinned.text
        assert "Download NAV" in whole.text

    def test_a_strategy_has_one_key_and_one_look_in_all_charts(self, found: Page) -> None:
        looks: dict[str, set[str]] = {}
        for chart in found.data["charts"].values():
            for one in (one for part in chart["panels"] for one in part["series"]):
                looks.setdefault(one["key"], set()).add(f"{one['name']} {one['colour']} {one['dash']}")
        assert {key: len(found) for key, found in looks.items()} == {"run0": 1, "run1": 1, "run2": 1}
        assert len(set.union(*looks.values())) == 3
        assert set(looks) == {button["data-series"] for button in found.of("button") if "data-series" in button}

    def test_no_two_of_many_strategies_look_alike(self) -> None:
        drawn = page(synthetic_runs(20, periods=30)).data["charts"]["growth"]["panels"][0]["series"]
        assert len({one["colour"] for one in drawn[:10]}) == 10
        assert len({f"{one['dash']}" for one in drawn[:5]}) == 5
        assert len({f"{one['colour']} {one['dash']}" for one in drawn}) == 20

    def test_every_table_marks_the_cells_that_a_click_hides(self, found: Page) -> None:
        """Each strategy has a column or a row in each table, and its pairs carry its number."""
        columns = [str(attributes["data-column"]) for _, attributes in found.tags if "data-column" in attributes]
        for table in found.tables:
            assert {"run_0", "run_1", "run_2"} <= {word for row in table for cell in row for word in cell.split()}
        assert sum(len(one.split()) == 2 for one in columns) == 3
        assert all(set(one.split()) <= {"run0", "run1", "run2"} for one in columns)

    def test_bars_of_capital_and_risk_add_up(self) -> None:
        """Bars are as wide as the shares, and with a hedge as wide as the sizes of the shares."""
        classes = {"stocks": "equities", "bonds": "bonds", "gold": "commodities"}
        comparison = compare([replace(one, classes=classes) for one in synthetic_runs(2)])
        for block in bars_of(comparison)["blocks"]:
            assert [bar["of"] for bar in block] == ["capital", "risk", "realised_risk"]
            for bar in block:
                assert sum(float(part["width"]) for part in bar["parts"]) == pytest.approx(100, abs=0.03)
