"""Numbers and charts of the tearsheet equal what `summary` and the tables of the run have."""

import hashlib
import re
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from backtest.analysis.metrics.metric_registry import shown_in
from backtest.reporting.colours import BENCHMARK, PALETTE, STRATEGY
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.format import change, change2, percent, percent2, ratio
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.ledger_result import random_run
from support.builders.synthetic_result import synthetic_result
from support.pages.read_page import Page
from support.pages.rendered_tearsheet import EVERY_FIGURE, STATIC, page


@pytest.fixture(scope="module")
def text() -> str:
    result = synthetic_result(gross=1.5)
    figures = {name: figure.svg for name, figure in render_all(result).items()}
    return render_tearsheet(result, figures, command="python -m backtest run x.yaml", data_files=["nav.csv"])


ASSETS = files("backtest.reporting.pages") / "assets"


class TestNothingLeadsOutside:
    """The page needs no network, and works with a screen reader."""

    def test_no_address(self, text: str) -> None:
        library = (ASSETS / "echarts.common.min.js").read_text(encoding="utf-8")
        own = text.replace(library, "").replace("http%3A//www.w3.org/2000/svg", "")
        own = own.replace("http://www.w3.org/2000/svg", "")  # the namespace, which is never fetched
        assert len(text) - len(own) > len(library)
        assert not re.search(r"@import|url\((?!%23)|https?:|src=\"//", own)

    def test_the_library_is_the_original_file(self) -> None:
        """The README next to the library states the checksum of the file, so the file is unchanged."""
        digest = hashlib.sha256((ASSETS / "echarts.common.min.js").read_bytes()).hexdigest()
        assert digest in (ASSETS / "README.md").read_text(encoding="utf-8")

    def test_every_reference_is_inside(self, text: str) -> None:
        found = Page(text)
        ids = {attributes["id"] for _, attributes in found.tags if "id" in attributes}
        links = {str(link["href"]) for link in found.of("a")}
        assert {link[1:] for link in links if link.startswith("#")} <= {str(name) for name in ids}
        assert {link for link in links if not link.startswith("#")} == {"nav.csv"}
        assert all(str(image["src"]).startswith("data:image/svg+xml,") for image in found.of("img"))
        assert all(set(script) <= {"type", "id"} for script in found.of("script"))
        assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in found.tags}

    def test_every_chart_has_its_data_and_a_picture(self, text: str) -> None:
        found = Page(text)
        drawn = [attributes["data-chart"] for attributes in found.of("div") if "data-chart" in attributes]
        assert drawn == list(dict.fromkeys(drawn))
        assert set(drawn) == set(found.data["charts"])
        assert len(found.of("img")) == len(STATIC)

    def test_every_chart_has_a_text_alternative(self, text: str) -> None:
        found = Page(text)
        assert all(len(str(image["alt"])) > 20 for image in found.of("img"))
        drawn = [attributes for attributes in found.of("div") if "data-chart" in attributes]
        assert all(one["role"] == "img" and len(str(one["aria-label"])) > 20 for one in drawn)
        assert found.of("html")[0]["lang"] == "en"
        assert all(head.get("scope") in {"col", "row"} for head in found.of("th"))
        levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


class TestWhatTheScriptDraws:
    """The charts' data are the tables of the run."""

    def test_growth_keeps_every_row(self) -> None:
        result = synthetic_result(3000, periods_per_year=252)
        chart = page(result).data["charts"]["growth"]
        days = np.cumsum(chart["x"]["dates"])
        assert (np.datetime64("1970-01-01") + days == result.nav.index.to_numpy().astype("datetime64[D]")).all()
        assert result.benchmark is not None
        shown = {one["key"]: one["values"] for one in chart["panels"][0]["series"]}
        for key, nav in (("strategy", result.nav), ("benchmark", result.benchmark.nav)):
            np.testing.assert_allclose(shown[key], nav, rtol=1e-7)  # written with 8 digits
        deepest = min(chart["panels"][1]["series"][0]["values"])
        assert deepest == pytest.approx(result.summary()["max_drawdown"], rel=1e-4)  # written with 5 digits

    def test_long_series_are_thinned_and_keep_their_extremes(self) -> None:
        result = synthetic_result(3000, periods_per_year=252, gross=1.5, short=True)
        drawn = page(result).data["charts"]["weights"]["panels"][0]["series"]
        assert len(drawn[0]["values"]) < 1700 < len(result.weights)
        for one, name in zip(drawn, result.assets, strict=False):
            extremes = [min(one["values"]), max(one["values"])]
            np.testing.assert_allclose(extremes, [result.weights[name].min(), result.weights[name].max()], rtol=1e-4)

    def test_every_trade_is_listed(self) -> None:
        result = synthetic_result(60, gross=1.5)
        found = page(result)
        listed = found.data["tables"]["trades"]
        sizes = result.trades.to_numpy()
        assert len(listed["rows"]) == np.count_nonzero(sizes)
        assert [abs(row[2]) for row in listed["rows"]] == sorted((abs(row[2]) for row in listed["rows"]), reverse=True)
        assert sum(row[2] for row in listed["rows"]) == pytest.approx(sizes.sum(), abs=1e-3)  # 5 digits each
        assert listed["kinds"][1][listed["rows"][0][1]] in result.assets
        largest = float(sizes.flat[np.abs(sizes).argmax()])
        assert found.table("Date")[1][2] == change2(largest)

    def test_the_page_has_the_colours_of_the_figures(self) -> None:
        """Also on a dark screen each colour of a series has a value."""
        light, dark = render_tearsheet(synthetic_result(), {}).partition("@media")[::2]
        named = dict(re.findall(r"--(\w+): (#\w+)", light))
        assert [named[f"s{i}"] for i in range(10)] == list(PALETTE)
        assert (named["strategy"], named["benchmark"]) == (STRATEGY, BENCHMARK)
        assert set(named) == set(re.findall(r"--(\w+): #", dark.partition("}")[0]))


class TestNumbers:
    """Numbers on the page equal the numbers of `summary` and of the tables."""

    def test_every_headline_number_equals_the_summary(self) -> None:
        result = synthetic_result(60, gross=1.5, short=True)
        summary, found = result.summary(), page(result)
        rows = {row[0]: row[1:] for table in found.tables for row in table}
        for key, label, write in (
            ("cagr", "CAGR", percent),
            ("volatility", "Volatility", percent),
            ("sharpe", "Sharpe ratio", ratio),
            ("sortino", "Sortino ratio", ratio),
            ("max_drawdown", "Maximum drawdown", percent),
            ("turnover_per_year", "Turnover a year", percent),
            ("trading_cost_per_year", "Trading cost a year", percent2),
            ("financing_cost_per_year", "Financing cost a year", percent2),
            ("financing_drag_per_year", "Financing drag a year", percent2),
        ):
            assert rows[label] == [write(summary[key]), write(summary["benchmark"][key])], label
        for key, label, write in (
            ("beta", "Beta", ratio),
            ("alpha", "Alpha a year", percent),
            ("tracking_error", "Tracking error", percent),
            ("information_ratio", "Information ratio", ratio),
            ("up_capture", "Up capture", percent),
            ("down_capture", "Down capture", percent),
            ("correlation", "Correlation", ratio),
        ):
            assert rows[label] == [write(summary["benchmark"][key])], label
        assert rows["Average gross exposure"] == ["1.50×", "1.00×"]

    def test_every_number_of_the_summary_has_a_place(self) -> None:
        summary, of_three_months = synthetic_result().summary(), synthetic_result(3).summary()
        tearsheet = shown_in("tearsheet")
        shown = {metric.key for metric in tearsheet if not metric.needs_benchmark}
        assert {
            key for one in (summary, of_three_months) for key, value in one.items() if isinstance(value, float)
        } == shown
        relative = {key for key, value in summary["benchmark"].items() if isinstance(value, float)} - shown
        assert relative == {metric.key for metric in tearsheet if metric.needs_benchmark}

    def test_calendar_is_coloured_starred_and_compounded(self) -> None:
        result = synthetic_result(24, start="2003-05-31", benchmark=False)
        table = page(result).table("Year")
        assert [row[0] for row in table[1:]] == ["2003", "2004", "2005"]
        first = result.nav.iloc[1] / result.nav.iloc[0] - 1
        assert table[1][5:7] == ["", change(first).strip("+%")]
        year = result.nav.loc["2004-12-31"] / result.nav.loc["2003-12-31"] - 1
        assert table[2][13] == change(year).strip("+%")
        assert [row[13].endswith("*") for row in table[1:]] == [True, False, True]

    def test_the_years_of_the_benchmark_are_next_to_the_strategys(self) -> None:
        result = synthetic_result(24, start="2003-05-31")
        assert result.benchmark is not None
        others = result.benchmark.nav
        table = page(result).table("Year")
        assert table[2][14] == change(others.loc["2004-12-31"] / others.loc["2003-12-31"] - 1).strip("+%")
        assert [row[14].endswith("*") for row in table[1:]] == [True, False, True]

    def test_holdings_show_what_to_trade(self) -> None:
        result = synthetic_result(10, gross=1.5)
        table = page(result).table("Asset")
        assert [row[0] for row in table] == ["Asset", "stocks", "bonds", "gold", "Cash", "Gross exposure"]
        assert table[1] == [
            "stocks",
            "equities",
            percent(result.target_weights["stocks"].iloc[-1]),
            percent(result.weights["stocks"].iloc[-1]),
            "+1.0%",
        ]
        assert table[4][2:] == ["−50.0%", "−50.0%", "−3.0%"]
        assert table[5][2:] == ["150.0%", "150.0%", "3.0%"]

    def test_worst_drawdowns(self) -> None:
        result = synthetic_result(60)
        table = page(result).table("Depth")
        summary, benchmark = result.summary(), result.benchmark
        assert benchmark is not None
        peak, trough = summary["max_drawdown_start"], summary["max_drawdown_end"]
        other = change(benchmark.nav[trough] / benchmark.nav[peak] - 1)
        assert table[1][:4] == [percent(summary["max_drawdown"]), other, peak, trough]

    def test_years_are_bars_and_rows(self) -> None:
        """Twelve years of the calendar are open, and a bar has the text of its year."""
        result = synthetic_result(200, start="1990-06-30")
        found = page(result)
        recent, earlier = (table for table in found.tables if table[0][:2] == ["Year", "Jan"])
        years = [row[0] for row in [*earlier[1:], *recent[1:]]]
        assert years == [str(year) for year in range(1990, 2008)][-len(years) :]
        assert len(recent) == 1 + 12
        growth = result.nav.loc["2006-12-31"] / result.nav.loc["2005-12-31"] - 1
        assert f"2006: {result.name} {change(growth)}" in found.text

    def test_trailing_returns_end_with_the_run(self) -> None:
        result = synthetic_result(130)
        rows = {row[0]: row[1] for row in page(result).table("Trailing return")}
        assert rows["Last 10 years, a year"] == change((result.nav.iloc[-1] / result.nav.iloc[-121]) ** 0.1 - 1)
        assert rows["Last year"] == change(result.nav.iloc[-1] / result.nav.iloc[-13] - 1)
        assert rows["Whole run, a year"] == change(result.summary()["cagr"])

    def test_shares_of_capital_and_risk_have_a_row_for_each_asset(self) -> None:
        result = synthetic_result(60, gross=1.5)
        expected = [[str(name), "", *map(percent, row)] for name, row in result.capital_and_risk.iterrows()]
        assert page(result).table("Share")[1:] == expected

    def test_sources_of_the_return(self) -> None:
        result = random_run(4, shorts=False, leverage=1.0)
        summary = result.summary()
        parts = summary["attribution"]
        table, terms = page(result).table("Source"), page(result).table("Terms of the levered return")
        assert [row[0] for row in table[1:]] == [
            "stocks", "bonds", "gold", "Interest on cash", "Financing, at the cash rate",
            "Financing, above the cash rate",
            "Trading costs", "Other fees", "Total return",
        ]  # fmt: skip
        shown = {row[0]: row[1] for row in table}
        assert shown["stocks"] == percent(parts["assets"]["stocks"])
        assert shown["Financing, above the cash rate"] == percent(parts["financing_spread"])
        assert shown["Total return"] == percent(summary["total_return"])
        there = [value for value in parts["levered_return"].values() if value != 0]  # no cash drag on margin
        assert [row[2] for row in terms[1:-1]] == [percent2(value) for value in there]
        assert terms[-1] == ["CAGR", "", percent2(summary["cagr"])]
        gross = percent2(parts["cagr"]["gross"])
        assert f"CAGR is {gross} before trading costs and other fees, " in page(result).text

    def test_the_return_of_many_assets_is_a_short_table(self) -> None:
        table = page(synthetic_result(30, tuple(f"asset_{i}" for i in range(60)), free=True)).table("Source")
        assert [row[0] for row in table[-2:]] == ["48 others", "Total return"]
        assert len(table) == 1 + 12 + 2

    def test_the_opening_sentence_states_the_result(self) -> None:
        result = synthetic_result(60, gross=1.5, seed=2)
        summary = result.summary()
        drag = percent2(summary["financing_drag_per_year"])
        sentence = (
            f"fixed on stocks, bonds and gold grew by {percent(summary['cagr'])} a year at "
            f"{percent(summary['volatility'])} volatility (Sharpe ratio {ratio(summary['sharpe'])}) with a "
            f"maximum drawdown of {percent(-summary['max_drawdown'])} and paid 1.5% a year to borrow, "
            f"{drag} of which is above the cash rate."
        )
        assert summary["cagr"] > 0
        assert sentence in page(result).text


def test_the_same_result_gives_the_same_page() -> None:
    assert render_tearsheet(synthetic_result(), EVERY_FIGURE) == render_tearsheet(synthetic_result(), EVERY_FIGURE)
