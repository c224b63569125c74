"""The tearsheet: what is on it equals what `summary` says, nothing leads outside, nothing is empty."""

import hashlib
import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from backtest.analysis import BacktestResult
from backtest.analysis.break_even_spread.break_even_result import BreakEven, BreakEvenSpread, CurvePoint
from backtest.analysis.metrics.metric_registry import shown_in
from backtest.reporting.figures.figure_style import BENCHMARK, PALETTE, STRATEGY
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.format import change, change2, percent, percent2, ratio
from backtest.reporting.pages.measure_texts import headline
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.ledger_result import random_run
from support.builders.synthetic_result import made_up
from support.pages.read_page import Page

SVG = b'<svg xmlns="name"></svg>'
STATIC = (
    "growth", "drawdown", "distribution", "rolling", "weights", "capital_and_risk_shares", "risk", "forecasts",
    "attribution", "financing", "costs",
)  # fmt: skip
EVERY_FIGURE = dict.fromkeys(STATIC, SVG)


def page(result: BacktestResult, **options: object) -> Page:
    return Page(render_tearsheet(result, EVERY_FIGURE, **options))  # type: ignore[arg-type]  # options of either kind


@pytest.fixture(scope="module")
def text() -> str:
    result = made_up(gross=1.5)
    figures = {name: figure.svg for name, figure in render_all(result).items()}
    return render_tearsheet(result, figures, command="python -m backtest run x.yaml", data_files=["nav.csv"])


ASSETS = files("backtest.reporting.pages") / "assets"


class TestNothingLeadsOutside:
    """The page needs no network, and its reader no eyes."""

    def test_no_address(self, text: str) -> None:
        library = (ASSETS / "echarts.common.min.js").read_text(encoding="utf-8")
        own = text.replace(library, "").replace("http%3A//www.w3.org/2000/svg", "")
        own = own.replace("http://www.w3.org/2000/svg", "")  # the name of the format, which nothing fetches
        assert len(text) - len(own) > len(library)
        assert not re.search(r"@import|url\((?!%23)|https?:|src=\"//", own)

    def test_the_library_is_its_makers(self) -> None:
        """The sum in the README beside it is that of the file: nobody has put anything into it."""
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

    def test_a_reader_who_does_not_see_is_told(self, text: str) -> None:
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
        result = made_up(3000, periods_per_year=252)
        chart = page(result).data["charts"]["growth"]
        days = np.cumsum(chart["x"]["dates"])
        assert (np.datetime64("1970-01-01") + days == result.nav.index.to_numpy().astype("datetime64[D]")).all()
        assert result.benchmark is not None
        shown = {one["key"]: one["values"] for one in chart["panels"][0]["series"]}
        for key, nav in (("strategy", result.nav), ("benchmark", result.benchmark.nav)):
            np.testing.assert_allclose(shown[key], nav, rtol=1e-7)  # written with 8 digits
        deepest = min(chart["panels"][1]["series"][0]["values"])
        assert deepest == pytest.approx(result.summary()["max_drawdown"], rel=1e-4)  # with 5

    def test_long_series_are_thinned_and_keep_their_extremes(self) -> None:
        result = made_up(3000, periods_per_year=252, gross=1.5, short=True)
        drawn = page(result).data["charts"]["weights"]["panels"][0]["series"]
        assert len(drawn[0]["values"]) < 1700 < len(result.weights)
        for one, name in zip(drawn, result.assets, strict=False):
            extremes = [min(one["values"]), max(one["values"])]
            np.testing.assert_allclose(extremes, [result.weights[name].min(), result.weights[name].max()], rtol=1e-4)

    def test_the_trades_are_all_there(self) -> None:
        result = made_up(60, gross=1.5)
        found = page(result)
        listed = found.data["tables"]["trades"]
        sizes = result.trades.to_numpy()
        assert len(listed["rows"]) == np.count_nonzero(sizes)
        assert [abs(row[2]) for row in listed["rows"]] == sorted((abs(row[2]) for row in listed["rows"]), reverse=True)
        assert sum(row[2] for row in listed["rows"]) == pytest.approx(sizes.sum(), abs=1e-3)  # 5 digits each
        assert listed["kinds"][1][listed["rows"][0][1]] in result.assets
        largest = float(sizes.flat[np.abs(sizes).argmax()])
        assert found.table("Date")[1][2] == change2(largest)

    def test_the_palette_is_that_of_the_figures(self) -> None:
        style = (files("backtest.reporting.pages") / "templates" / "style.css").read_text(encoding="utf-8")
        light = dict(re.findall(r"--(s\d|strategy|benchmark): (#\w+)", style.partition("@media")[0]))
        assert [light[f"s{i}"].upper() for i in range(10)] == [colour.upper() for colour in PALETTE]
        assert (light["strategy"].upper(), light["benchmark"].upper()) == (STRATEGY, BENCHMARK)


class TestNumbers:
    """What is shown is what `summary` and the tables say."""

    def test_every_headline_number_is_the_summarys(self) -> None:
        result = made_up(60, gross=1.5, short=True)
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
        summary, of_three_months = made_up().summary(), made_up(3).summary()
        tearsheet = shown_in("tearsheet")
        shown = {metric.key for metric in tearsheet if not metric.needs_benchmark}
        assert {
            key for one in (summary, of_three_months) for key, value in one.items() if isinstance(value, float)
        } == shown
        relative = {key for key, value in summary["benchmark"].items() if isinstance(value, float)} - shown
        assert relative == {metric.key for metric in tearsheet if metric.needs_benchmark}

    def test_calendar_is_coloured_starred_and_compounded(self) -> None:
        result = made_up(24, start="2003-05-31", benchmark=False)
        table = page(result).table("Year")
        assert [row[0] for row in table[1:]] == ["2003", "2004", "2005"]
        first = result.nav.iloc[1] / result.nav.iloc[0] - 1
        assert table[1][5:7] == ["", change(first).strip("+%")]
        year = result.nav.loc["2004-12-31"] / result.nav.loc["2003-12-31"] - 1
        assert table[2][13] == change(year).strip("+%")
        assert [row[13].endswith("*") for row in table[1:]] == [True, False, True]

    def test_the_benchmarks_years_stand_beside(self) -> None:
        result = made_up(24, start="2003-05-31")
        assert result.benchmark is not None
        others = result.benchmark.nav
        table = page(result).table("Year")
        assert table[2][14] == change(others.loc["2004-12-31"] / others.loc["2003-12-31"] - 1).strip("+%")
        assert [row[14].endswith("*") for row in table[1:]] == [True, False, True]

    def test_holdings_show_what_to_trade(self) -> None:
        result = made_up(10, gross=1.5)
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
        result = made_up(60)
        table = page(result).table("Depth")
        assert table[1][:3] == [
            percent(result.summary()["max_drawdown"]),
            result.summary()["max_drawdown_start"],
            result.summary()["max_drawdown_end"],
        ]

    def test_where_the_return_went(self) -> None:
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
        assert [row[1] for row in terms[1:-1]] == [percent2(value) for value in there]
        assert terms[-1] == ["CAGR", percent2(summary["cagr"])]
        gross = percent2(parts["cagr"]["gross"])
        assert f"CAGR is {gross} before trading costs and other fees, " in page(result).text

    def test_the_return_of_many_assets_is_a_short_table(self) -> None:
        table = page(made_up(30, tuple(f"asset_{i}" for i in range(60)), free=True)).table("Source")
        assert [row[0] for row in table[-2:]] == ["48 others", "Total return"]
        assert len(table) == 1 + 12 + 2

    def test_the_sentence(self) -> None:
        result = made_up(60, gross=1.5, seed=2)
        summary = result.summary()
        drag = percent2(summary["financing_drag_per_year"])
        sentence = (
            f"fixed on stocks, bonds and gold grew by {percent(summary['cagr'])} a year at "
            f"{percent(summary['volatility'])} volatility (Sharpe ratio {ratio(summary['sharpe'])}) with a "
            f"maximum drawdown of {percent(-summary['max_drawdown'])} and paid 1.5% a year to borrow, "
            f"{drag} of which is above the cash rate;"
        )
        assert summary["cagr"] > 0
        assert sentence in page(result).text


def financed_by(kind: str, **more: object) -> BacktestResult:
    """A made-up result with a loan, of another kind of financing."""
    result = made_up(60, gross=1.5)
    return replace(result, settings={**result.settings, "financing": {"kind": kind, **more}})


def tied(by_return: BreakEvenSpread, by_sharpe: BreakEvenSpread, *, curve: bool = False) -> BreakEven:
    points = tuple(CurvePoint(k / 400, 0.01 - k / 400, 0.1) for k in range(17)) if curve else ()
    return BreakEven(
        name="made_up", benchmark="sixty_forty", start=pd.Timestamp("2003-12-31"), end=pd.Timestamp("2008-12-31"),
        financing="margin", configured=CurvePoint(0.005, 0.005, 0.1), borrows=True, by_return=by_return,
        by_sharpe=by_sharpe, curve=points, block=1.0,
    )  # fmt: skip


class TestLeverage:
    """Words by kind of financing, events, the break-even."""

    @pytest.mark.parametrize(
        ("kind", "rows", "sentence"),
        [
            (
                "margin",
                ["Financing, at the cash rate", "Financing, above the cash rate"],
                "paid 1.5% a year to borrow, 0.37% of which",
            ),
            (
                "futures",
                ["Implied rate, at the cash rate", "Basis"],
                "paid 1.5% a year through the rate implied by its futures",
            ),
            (
                "leveraged_fund",
                ["Paid by the funds, at the cash rate", "Swap spread"],
                "inside its funds on their borrowing",
            ),
        ],
    )
    def test_each_kind_of_financing_has_its_words(self, kind: str, rows: list[str], sentence: str) -> None:
        found = page(financed_by(kind, **({"leverage": 2} if kind == "leveraged_fund" else {})))
        assert [row[0] for row in found.table("Source")[4:6]] == rows
        assert sentence in found.text
        assert ("borrowed" in found.text.replace("below zero it is borrowed", "")) == (kind == "margin")

    def test_events_are_listed_with_what_they_did(self) -> None:
        result = made_up(60, gross=1.5)
        reasons, called, scales = ["margin_call", "rebalance", "no_price"], [True, True, False], [1.0, 0.75, 1.0]
        rest = len(result.trades) - 4
        terms = result.trade_terms.assign(
            reason=["rebalance", *reasons, *["rebalance"] * rest],
            margin_call=[False, *called, *[False] * rest],
            scale=[1.0, *scales, *[1.0] * rest],
        )
        sizes = [percent2(size) for size in result.trades.abs().sum(axis=1).iloc[1:4]]
        table = page(replace(result, trade_terms=terms)).table("Date")
        assert [row[1:] for row in table[1:]] == [
            ["Margin call", f"{sizes[0]} of NAV was sold at this close"],
            ["Margin call", f"answered by the trade of this close, {sizes[1]} of NAV"],
            ["Target scaled down", "to 75.0% of the target weights"],
            ["No price", f"{sizes[2]} of NAV was sold at its last price"],
        ]
        assert [row[0] for row in table[1:3]] == [f"{date:%Y-%m-%d}" for date in result.trades.index[1:3]]

    def test_the_first_twenty_and_how_many_more(self) -> None:
        result = made_up(60, gross=1.5)
        found = page(replace(result, trade_terms=result.trade_terms.assign(scale=0.5)))
        assert len(found.table("Date")) == 1 + 20
        assert f"There are {len(result.trades) - 20} more" in found.text

    def test_a_quiet_run_says_nothing_of_events(self) -> None:
        assert not {"events", "breakeven"} & set(page(made_up(60, gross=1.5)).sections)

    def test_ruin_is_an_event(self) -> None:
        assert page(made_up(20, ruined=True)).table("Date")[1][1] == "Ruin"

    def test_where_it_breaks_even(self) -> None:
        result, inside = made_up(60, gross=1.5), BreakEvenSpread(0.0130, (-0.0422, np.inf))
        found = page(replace(result, break_even=tied(inside, BreakEvenSpread(-0.0033))))
        assert (
            "The compound return equals the benchmark's (sixty_forty) at a loan spread of 130 bp (95% interval: −422 "
            "bp to above 2,000 bp). The Sharpe ratio equals the benchmark's (sixty_forty) at a loan spread of −33 bp, "
            "so it is lower even if financing costs no more than cash."
        ) in found.text
        beyond = page(replace(result, break_even=tied(BreakEvenSpread(np.inf), BreakEvenSpread(np.nan))))
        assert "is above the benchmark's (sixty_forty) at any loan spread up to 2,000 bp." in beyond.text
        assert "The Sharpe ratio" not in beyond.text

    def test_its_figure_is_on_the_page_when_there_is_a_curve(self) -> None:
        result = made_up(60, gross=1.5)
        spread = BreakEvenSpread(0.01, (-0.01, 0.03))
        with_curve = replace(result, break_even=tied(spread, spread, curve=True))
        assert set(render_all(with_curve)) - set(render_all(result)) == {"break_even"}
        found = Page(render_tearsheet(with_curve, {**EVERY_FIGURE, "break_even": SVG}))
        assert any("at each loan spread" in str(image["alt"]) for image in found.of("img"))

    def test_gross_net_and_real_stand_side_by_side(self) -> None:
        result = made_up(60)
        assert result.benchmark is not None
        months = pd.date_range("2003-06-30", periods=70, freq="ME")
        index = pd.Series(100 * 1.002 ** np.arange(70), index=months)
        real = replace(result, consumer_prices=index, benchmark=replace(result.benchmark, consumer_prices=index))
        rows = page(real).table("Return")
        assert [row[0] for row in rows[1:4]] == ["CAGR", "CAGR before costs", "Real CAGR"]
        summary = real.summary()
        assert rows[3][1:] == [percent(one["real_cagr"]) for one in (summary, summary["benchmark"])]
        assert summary["real_cagr"] < summary["cagr"] < summary["gross_cagr"]
        assert "in consumer prices" in page(real).text
        assert "Real CAGR" not in page(result).text


class TestNothingIsEmpty:
    """What a run does not have is left out, with all that mentions it."""

    def test_without_a_benchmark_there_is_no_column_for_one(self) -> None:
        found = page(made_up(benchmark=False))
        assert "enchmark" not in found.text.replace("What these numbers mean", "")
        assert [len(row) for row in found.table("Return")] == [2] * len(found.table("Return"))

    def test_without_loans_there_is_no_financing(self) -> None:
        assert "inancing" in page(made_up(gross=1.5)).table("Costs as a fraction of NAV")[2][0]
        assert not re.search("[Ff]inanc|borrow fee", page(made_up()).text)

    def test_sections_without_content_are_left_out_with_their_links(self) -> None:
        full = page(made_up(gross=1.5))
        assert full.sections == [
            "numbers", "growth", "drawdowns", "months", "distribution", "rolling", "weights", "risk", "attribution",
            "financing", "costs", "now", "trades", "run",
        ]  # fmt: skip
        bare = Page(render_tearsheet(made_up(1, risk=False, free=True, seed=1, benchmark=False), {"growth": SVG}))
        assert bare.sections == [
            "numbers", "growth", "drawdowns", "months", "weights", "attribution", "costs", "now", "trades", "run",
        ]  # fmt: skip
        assert [link["href"] for link in bare.of("a")] == ["#main", *(f"#{name}" for name in bare.sections)]
        assert len(bare.of("img")) == 1
        assert "drawdowns" not in page(made_up(30, still=True)).sections

    @pytest.mark.parametrize(
        "result",
        [
            made_up(1),
            made_up(1, ruined=True, benchmark=False),
            made_up(20, ruined=True, gross=3.0),
            made_up(30, still=True, free=True),
            made_up(30, periods_per_year=4),
            made_up(30, tuple(f"asset_{i}" for i in range(60)), gross=2.0, short=True),
        ],
        ids=["one", "ruin at once", "ruin", "still", "quarterly", "60 assets"],
    )
    def test_no_kind_of_run_shows_a_number_that_is_none(self, result: BacktestResult) -> None:
        found = page(result)
        assert not re.search(r"\b(nan|NaN|None|N/A|inf|NaT|undefined)\b", found.text)
        for group in headline(result.summary()):
            assert not any(row.strategy == "–" and row.benchmark in {"–", None} for row in group.rows)

    def test_one_month_is_not_told_as_a_year(self) -> None:
        found = page(made_up(1, benchmark=False))
        assert "in all" in found.text
        assert "a year at" not in found.text

    def test_ruin_is_told(self) -> None:
        result = made_up(20, ruined=True)
        assert f"lost all of its capital by {result.summary()['end']}" in page(result).text


class TestWhatUsersWrite:
    """Names, notes, settings and commands are text, all of them on the page."""

    def test_is_text(self) -> None:
        script = "<script>alert('1')</script>"
        result = made_up(30, (script, "沪深300指数"), name=f"{script} & co", notes=(f"see {script}",))
        found = page(result, command=f"run {script}", versions={script: script})
        assert found.of("script") == page(made_up(30)).of("script")
        assert found.of("title")
        assert f"{script} & co" in found.text
        assert f"see {script}" in found.text
        assert f"run {script}" in found.text
        assert found.table("Asset")[1][0] == script
        assert found.table("Asset")[2][0] == "沪深300指数"

    def test_every_setting_stands_on_the_page(self) -> None:
        result = made_up()
        found = page(result, command="python -m backtest run x.yaml", versions={"numpy": "2.4.6"})
        for text in ("source", "sample", "path", "not set", "stocks, bonds, gold", "2.4.6", "ab" * 32):
            assert text in found.text, text

    def test_notes_are_announced_at_the_top(self) -> None:
        found = page(made_up(notes=("gold is modelled", "trades are free")))
        assert "2 notes on the data and on this run: read them" in found.text
        assert "gold is modelled" in found.text
        assert "notes on the data" not in page(made_up()).text

    def test_no_command_no_word_of_it(self) -> None:
        assert "To repeat the run" in page(made_up(), command="x").text
        assert "To repeat the run" not in page(made_up()).text


def test_the_same_result_gives_the_same_page() -> None:
    assert render_tearsheet(made_up(), EVERY_FIGURE) == render_tearsheet(made_up(), EVERY_FIGURE)
