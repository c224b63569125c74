"""Notebook views of a result and of a comparison: their numbers, any name as text, in light and in dark."""

import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backtest as bt
from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.result import BacktestResult
from backtest.reporting.colours import NOTEBOOK
from backtest.reporting.pages.headline import headline_rows
from backtest.reporting.pages.notebook import comparison_html, result_html
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result

VOID = {"polyline"}
SCRIPT = '<script>alert("1")</script>'


class Fragment(HTMLParser):
    """Text of an HTML fragment, and the rows of its table; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


@pytest.mark.parametrize(
    "options",
    [
        {"gross": 1.5},
        {"benchmark": False},
        {"periods": 1},
        {"still": True},
        {"ruined": True},
        {"assets": ("alone",)},
        {"assets": tuple(f"asset_{i}" for i in range(60))},
        {"periods": 12_600, "periods_per_year": 252, "start": "1970-01-01", "gross": 1.5},
        {"notes": ("a note", "another")},
    ],
    ids=str,
)
def test_a_result_shows_the_headline_of_its_summary(options: dict[str, Any]) -> None:
    result = synthetic_result(**options)
    html = result_html(result)
    assert len(html.encode()) < 30_000
    shown, summary = Fragment(html), result.summary()
    sides = [result] if result.benchmark is None else [result, result.benchmark]
    heading, growth, *rows = shown.rows
    assert heading == [f"{summary['start']} to {summary['end']}", *(one.name for one in sides)]
    assert growth == ["growth of 1", *(f"{one.nav.iloc[-1]:,.2f}" for one in sides)]
    assert [tuple(row) for row in rows] == headline_rows(summary)
    assert ("log scale" in shown.text) is not options.get("ruined", False)
    assert f"{result.name}: fixed on" in shown.text
    assert len(re.findall("<polyline", html)) == len(sides) + 1  # and the line at 1
    assert all(note in shown.text for note in result.notes)
    assert not re.search(r"\b(nan|NaN|None|inf)\b", shown.text)


def test_a_comparison_shows_each_strategy_and_marks_the_best() -> None:
    found = compare([synthetic_result(name=name, seed=seed, benchmark=False) for seed, name in enumerate("abc")])
    html = comparison_html(found)
    shown = Fragment(html)
    assert shown.rows[0] == ["2003-12-31 to 2007-12-31", "a", "b", "c"]
    sharpes = next(row for row in shown.rows if row[0] == "Sharpe ratio")
    assert sharpes[1:] == [f"{value:.2f}" for value in found.metrics.T["sharpe"]]
    assert f"Highest Sharpe ratio: {found.best['sharpe'][0]};" in shown.text
    assert len(re.findall("<polyline", html)) == 4
    assert len(html.encode()) < 30_000


def test_a_large_comparison_shows_eight_strategies_and_names_the_others() -> None:
    found = compare([synthetic_result(name=f"number_{i}", seed=i, benchmark=False) for i in range(11)])
    html = comparison_html(found)
    shown = Fragment(html)
    assert shown.rows[0][1:] == [f"number_{i}" for i in range(8)]
    assert "Not shown: number_8, number_9, number_10." in shown.text
    assert len(html.encode()) < 30_000


def test_equal_strategies_have_no_best_mark() -> None:
    shown = Fragment(comparison_html(compare([synthetic_result(benchmark=False), synthetic_result(benchmark=False)])))
    assert shown.text.strip().startswith("2 strategies over their common dates.\n")
    assert "Highest" not in shown.text


@pytest.mark.parametrize("name", [SCRIPT, "风险平价", "a & b", "{{ 7 * 7 }}"])
def test_any_name_is_shown_as_text(name: str) -> None:
    result = synthetic_result(name=name, assets=(name, "bonds"), notes=(f"{name}: a note",))
    for html in (
        result_html(result),
        comparison_html(compare([result, synthetic_result(name="other", benchmark=False)])),
    ):
        shown = Fragment(html)
        assert name in shown.rows[0]
        assert shown.tags <= {
            "div", "p", "strong", "svg", "polyline", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
            "ul", "li",
        }  # fmt: skip


def test_the_fragment_has_no_links_scripts_or_global_styles() -> None:
    """Notebooks share one page: a stylesheet, an id or a script in a repr would reach all of it."""
    html = result_html(synthetic_result())
    assert not re.search(r"https?:|//|<style|<script| id=| class=|url\(|@import", html)


@pytest.mark.parametrize("ground", [(255, 255, 255), (30, 30, 30)], ids=["light", "dark"])
def test_lines_have_contrast_on_light_and_dark_backgrounds(ground: tuple[int, int, int]) -> None:
    """The contrast is at least 3 to 1, as WCAG 2.2 (criterion 1.4.11) requires of graphics."""

    def luminance(colour: tuple[int, ...]) -> float:
        share = np.array(colour) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for colour in NOTEBOOK:
        pair = [luminance(tuple(bytes.fromhex(colour[1:]))), luminance(ground)]
        assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 3, colour


def test_the_plain_repr_is_unchanged() -> None:
    result: BacktestResult = synthetic_result()
    assert repr(result) == "<BacktestResult synthetic (fixed), 2003-12-31 to 2007-12-31>"


def test_results_and_comparisons_render_themselves_in_notebooks() -> None:
    """An unpickled result does too: its renderer is pickled by name."""
    result = bt.run(Path(__file__).parents[2] / "configs/60_40.yaml")
    comparison = compare([result, replace(result, name="other")])
    assert result._repr_html_() == result_html(result)
    assert comparison._repr_html_() == comparison_html(comparison)
    unpickled = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own pickle
    assert unpickled._repr_html_() == result_html(result)


def test_a_result_built_by_hand_has_only_the_plain_repr() -> None:
    assert synthetic_result()._repr_html_() is None
    assert Comparison((synthetic_result(), synthetic_result()))._repr_html_() is None
