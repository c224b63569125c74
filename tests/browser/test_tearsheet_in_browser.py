"""The tearsheet in a real browser: at each width, in light and dark, without scripts, in print, and by axe-core."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from backtest.analysis.metrics.metric_registry import shown_in
from backtest.reporting.format import FILTERS
from support.pages.browser_page import (
    OpenPage,
    ReportOf,
    Scheme,
    axe_findings,
    closed_up,
    frozen,
    headings_of,
    pages_of,
    printed,
    standing_out,
)
from support.pages.page_cases import MARKUP, MARKUP_ASSETS, MARKUP_NOTE

SMALL_TARGETS = """() => [...document.querySelectorAll("button, summary, input, select, nav a")].filter((one) =>
  one.offsetParent && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML.slice(0, 80))"""


def test_a_tearsheet_shows_the_numbers_of_its_summary_is_accessible_and_fits_its_window(
    report: Path, page_of: OpenPage
) -> None:
    """All checks of one page, because opening it takes longer than most of them."""
    path = report / "tearsheet.html"
    page = page_of(path, width=390)
    for width in (320, 390, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert standing_out(page) == []
        assert page.evaluate(SMALL_TARGETS) == []
        assert page.locator("nav .sheet").evaluate("one => one.open") == (width > 1100)
    assert_headline(page, json.loads((report / "summary.json").read_text(encoding="utf-8")))
    assert_read_aloud(page)
    assert standing_out(page_of(path, width=390, scripts=False)) == []


def assert_headline(page: Page, summary: dict[str, Any]) -> None:
    measures = {metric.label: metric for metric in shown_in("card")}
    cards = page.locator(".card").all()
    assert len(cards) >= 5
    for card in cards:
        measure = measures[card.locator(".label").inner_text()]
        write = FILTERS[measure.form]
        assert card.locator(".value").inner_text() == write(summary[measure.key])
        if "benchmark" in summary:
            shown, _, _ = card.locator(".other").inner_text().partition(" (")  # the confidence interval
            assert shown == f"benchmark {write(summary['benchmark'][measure.key])}"


def assert_read_aloud(page: Page) -> None:
    """Assert that a screen reader finds its way, and that axe-core finds nothing serious."""
    levels = page.locator("h1, h2, h3, h4, h5, h6").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(levels[0]) == levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("table:not(:has(th[scope=col]))").count() == 0
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert axe_findings(page) == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(width: int, scheme: Scheme, report_of: ReportOf, page_of: OpenPage) -> None:
    """The wide, light page is checked with the other reports above."""
    assert axe_findings(page_of(report_of("sample") / "tearsheet.html", width=width, scheme=scheme)) == []


def test_the_tearsheet_is_complete_without_scripts(report_of: ReportOf, page_of: OpenPage, tmp_path: Path) -> None:
    page = page_of(report_of("sample") / "tearsheet.html", scripts=False)
    pictures = page.locator("img:visible")
    assert pictures.count() >= 6
    assert all(pictures.evaluate_all("all => all.map(one => one.complete && one.naturalWidth > 0)"))
    assert axe_findings(page_of(frozen(page, tmp_path))) == []


@pytest.mark.parametrize("case", ["sample", "markup"])
def test_the_tearsheet_prints_on_a4_with_all_sections(case: str, report_of: ReportOf, page_of: OpenPage) -> None:
    page = page_of(report_of(case) / "tearsheet.html")
    sections = page.locator("h1:visible, h2:visible").all_inner_texts()
    pdf = printed(page)
    assert {closed_up(section) for section in sections} <= headings_of(pdf)
    assert 3 <= len(pages_of(pdf)) <= 30
    assert all(size == pytest.approx((595, 842), abs=1) for size in pages_of(pdf))  # points


def test_markup_in_names_is_shown_as_text(report_of: ReportOf, page_of: OpenPage) -> None:
    page = page_of(report_of("markup") / "tearsheet.html")
    assert page.locator("h1").inner_text() == MARKUP
    assert page.title().startswith(MARKUP)
    assert MARKUP_NOTE in page.locator("body").inner_text()
    for asset in MARKUP_ASSETS:
        assert page.get_by_role("rowheader", name=asset, exact=True).count() > 0
    assert page.locator("b:text('stocks'), img[src=x]").count() == 0
