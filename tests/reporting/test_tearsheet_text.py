"""Text of the tearsheet: words for each kind of financing, nothing empty, and users' text escaped."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backtest.analysis import BacktestResult
from backtest.analysis.break_even_spread.break_even_result import BreakEven, BreakEvenSpread, CurvePoint
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.format import percent, percent2
from backtest.reporting.pages.measure_texts import headline
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.synthetic_result import synthetic_result
from support.pages.read_page import Page
from support.pages.rendered_tearsheet import EVERY_FIGURE, SVG, page


def financed_by(kind: str, **more: object) -> BacktestResult:
    """A synthetic result with a loan, of another kind of financing."""
    result = synthetic_result(60, gross=1.5)
    return replace(result, settings={**result.settings, "financing": {"kind": kind, **more}})


def tied(by_return: BreakEvenSpread, by_sharpe: BreakEvenSpread, *, curve: bool = False) -> BreakEven:
    points = tuple(CurvePoint(k / 400, 0.01 - k / 400, 0.1) for k in range(17)) if curve else ()
    return BreakEven(
        name="synthetic", benchmark="sixty_forty", start=pd.Timestamp("2003-12-31"), end=pd.Timestamp("2008-12-31"),
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
        result = synthetic_result(60, gross=1.5)
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

    def test_the_first_twenty_events_and_the_number_of_others_are_listed(self) -> None:
        result = synthetic_result(60, gross=1.5)
        found = page(replace(result, trade_terms=result.trade_terms.assign(scale=0.5)))
        assert len(found.table("Date")) == 1 + 20
        assert f"There are {len(result.trades) - 20} more" in found.text

    def test_a_run_without_events_has_no_section_for_them(self) -> None:
        assert not {"events", "breakeven"} & set(page(synthetic_result(60, gross=1.5)).sections)

    def test_ruin_is_an_event(self) -> None:
        assert page(synthetic_result(20, ruined=True)).table("Date")[1][1] == "Ruin"

    def test_the_break_even_spreads_are_stated(self) -> None:
        result, inside = synthetic_result(60, gross=1.5), BreakEvenSpread(0.0130, (-0.0422, np.inf))
        found = page(replace(result, break_even=tied(inside, BreakEvenSpread(-0.0033))))
        assert (
            "The compound return equals the benchmark's (sixty_forty) at a loan spread of 130 bp (95% interval: −422 "
            "bp to above 2,000 bp). The Sharpe ratio equals the benchmark's (sixty_forty) at a loan spread of −33 bp, "
            "so it is lower even if financing costs no more than cash."
        ) in found.text
        beyond = page(replace(result, break_even=tied(BreakEvenSpread(np.inf), BreakEvenSpread(np.nan))))
        assert "is above the benchmark's (sixty_forty) at any loan spread up to 2,000 bp." in beyond.text
        assert "The Sharpe ratio equals" not in beyond.text

    def test_its_figure_is_on_the_page_when_there_is_a_curve(self) -> None:
        result = synthetic_result(60, gross=1.5)
        spread = BreakEvenSpread(0.01, (-0.01, 0.03))
        with_curve = replace(result, break_even=tied(spread, spread, curve=True))
        assert set(render_all(with_curve)) - set(render_all(result)) == {"break_even"}
        found = Page(render_tearsheet(with_curve, {**EVERY_FIGURE, "break_even": SVG}))
        assert any("at each loan spread" in str(image["alt"]) for image in found.of("img"))

    def test_gross_net_and_real_returns_are_side_by_side(self) -> None:
        result = synthetic_result(60)
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
    """Sections, columns and words for features that a run does not have are left out."""

    def test_without_a_benchmark_there_is_no_column_for_one(self) -> None:
        found = page(synthetic_result(benchmark=False))
        assert "enchmark" not in found.text.replace("What these numbers mean", "")
        assert [len(row) for row in found.table("Return")] == [2] * len(found.table("Return"))

    def test_without_loans_there_is_no_financing(self) -> None:
        assert "inancing" in page(synthetic_result(gross=1.5)).table("Costs as a fraction of NAV")[2][0]
        assert not re.search("[Ff]inanc|borrow fee", page(synthetic_result()).text)

    def test_sections_without_content_are_left_out_with_their_links(self) -> None:
        full = page(synthetic_result(gross=1.5))
        assert full.sections == [
            "numbers", "growth", "years", "falls", "regimes", "correlations", "holding", "active", "weights", "now",
            "risk", "attribution", "financing", "costs", "returns", "measures", "trades", "run",
        ]  # fmt: skip
        bare = Page(
            render_tearsheet(synthetic_result(1, risk=False, free=True, seed=1, benchmark=False), {"growth": SVG})
        )
        assert bare.sections == [
            "numbers", "growth", "years", "falls", "weights", "now", "attribution", "costs", "measures", "trades",
            "run",
        ]  # fmt: skip
        assert [link["href"] for link in bare.of("a")] == ["#main", *(f"#{name}" for name in bare.sections)]
        assert len(bare.of("img")) == 1
        assert "Worst drawdowns" not in page(synthetic_result(30, still=True)).text

    @pytest.mark.parametrize(
        "result",
        [
            synthetic_result(1),
            synthetic_result(1, ruined=True, benchmark=False),
            synthetic_result(20, ruined=True, gross=3.0),
            synthetic_result(30, still=True, free=True),
            synthetic_result(30, periods_per_year=4),
            synthetic_result(30, tuple(f"asset_{i}" for i in range(60)), gross=2.0, short=True),
        ],
        ids=["one", "ruin at once", "ruin", "still", "quarterly", "60 assets"],
    )
    def test_no_run_shows_an_undefined_number(self, result: BacktestResult) -> None:
        found = page(result)
        assert not re.search(r"\b(nan|NaN|None|N/A|inf|NaT|undefined)\b", found.text)
        for group in headline(result.summary()):
            assert not any(row.strategy == "–" and row.benchmark in {"–", None} for row in group.rows)

    def test_one_month_is_not_described_as_a_year(self) -> None:
        found = page(synthetic_result(1, benchmark=False))
        assert "in all" in found.text
        assert "a year at" not in found.text

    def test_ruin_is_stated(self) -> None:
        result = synthetic_result(20, ruined=True)
        assert f"lost all of its capital by {result.summary()['end']}" in page(result).text


class TestWhatUsersWrite:
    """Names, notes, settings and commands are all on the page, escaped."""

    def test_markup_in_names_is_escaped(self) -> None:
        script = "<script>alert('1')</script>"
        result = synthetic_result(30, (script, "沪深300指数"), name=f"{script} & co", notes=(f"see {script}",))
        found = page(result, command=f"run {script}", versions={script: script})
        assert found.of("script") == page(synthetic_result(30)).of("script")
        assert found.of("title")
        assert f"{script} & co" in found.text
        assert f"see {script}" in found.text
        assert f"run {script}" in found.text
        assert found.table("Asset")[1][0] == script
        assert found.table("Asset")[2][0] == "沪深300指数"

    def test_every_setting_is_on_the_page(self) -> None:
        result = synthetic_result()
        found = page(result, command="python -m backtest run x.yaml", versions={"numpy": "2.4.6"})
        for text in ("source", "sample", "path", "not set", "stocks, bonds, gold", "2.4.6", "ab" * 32):
            assert text in found.text, text

    def test_up_to_three_notes_are_at_the_top_and_more_are_announced_there(self) -> None:
        notes = ("gold is modelled", "trades are free", "a third", "a fourth")
        few, many = (page(synthetic_result(notes=shown)).text for shown in (notes[:2], notes))
        assert few.index("gold is modelled") < few.index("Growth and drawdown")
        assert many.index("4 notes on the data and on this run: read them") < many.index("Growth and drawdown")
        assert many.index("gold is modelled") > many.index("Growth and drawdown")
        assert "on the data and on this run" not in few

    def test_without_a_command_it_is_not_mentioned(self) -> None:
        assert "To repeat the run" in page(synthetic_result(), command="x").text
        assert "To repeat the run" not in page(synthetic_result()).text
