"""The comparison page in a real browser: clicks, each width, print, and axe-core."""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page

from backtest.reporting.files.comparison_files import write_comparison
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result
from support.pages.browser_page import (
    OpenPage,
    Scheme,
    axe_findings,
    closed_up,
    draw_all,
    drawn,
    headings_of,
    pages_of,
    printed,
    standing_out,
)
from support.pages.page_cases import MARKUP

NAMES = ("first", "levered", MARKUP, "债券_策略", *(f"strategy_of_a_long_name_{i}" for i in range(6)))


PageWith = Callable[[int], Path]


@pytest.fixture(scope="module")
def page_with(tmp_path_factory: pytest.TempPathFactory) -> PageWith:
    """Fixture: the page of a number of strategies, the second of which is levered; each page is written once."""

    @cache
    def write_page(count: int) -> Path:
        results = [
            synthetic_result(120, gross=1.5 if i == 1 else 1.0, name=name, seed=i, benchmark=False)
            for i, name in enumerate(NAMES[:count])
        ]
        folder = tmp_path_factory.mktemp("reports") / "comparison"
        return write_comparison(compare(results), folder, command="python -m backtest compare a.yaml b.yaml")

    return write_page


@pytest.fixture
def three(page_with: PageWith) -> Path:
    return page_with(3)


def open_all(page: Page) -> None:
    """Open all folded parts."""
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")


def growth_of(page: Page) -> list[str]:
    """Return the text next to each name."""
    return page.locator("[data-growth]").all_inner_texts()


@pytest.mark.parametrize("count", [2, 10])
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_page_fits_its_window_and_has_no_axe_findings(
    count: int, width: int, scheme: Scheme, page_of: OpenPage, page_with: PageWith
) -> None:
    page = page_of(page_with(count), width=width, scheme=scheme)
    open_all(page)
    assert axe_findings(page) == []
    for narrower in (width, 768, 390):
        page.set_viewport_size({"width": min(width, narrower), "height": 900})
        assert standing_out(page) == []


def test_a_click_hides_a_strategy_on_the_whole_page(three: Path, page_of: OpenPage) -> None:
    page = page_of(three)
    open_all(page)
    page.locator("[hidden]:not(script)").evaluate_all("all => all.forEach(one => one.removeAttribute('data-column'))")
    places = page.locator("[data-column~=run1]")
    shown = places.count()
    assert shown == places.locator("visible=true").count() > 40
    others = page.locator("[data-column=run0]:visible").count()
    page.get_by_role("button", name="levered").click()
    assert places.locator("visible=true").count() == 0
    assert page.locator("[data-column=run0]:visible").count() < others  # columns of the levered strategy in these rows
    assert page.get_by_role("button", name="levered").get_attribute("aria-pressed") == "false"
    assert page.get_by_role("row", name="first less levered").count() == 0
    page.get_by_role("button", name="levered").click()
    assert places.locator("visible=true").count() == shown
    assert page.locator("[data-column=run0]:visible").count() == others


def test_charts_omit_hidden_strategies_and_tables_stay_complete(three: Path, page_of: OpenPage) -> None:
    page = page_of(three)
    open_all(page)
    draw_all(page)
    before = drawn(page)
    lines = ("growth", "rolling", "gross_exposure")
    assert all([line["name"] for line in before[chart]["series"]][:3] == list(NAMES[:3]) for chart in lines)
    page.locator("button[data-series=run1]").click()
    now = drawn(page)
    for chart in lines:
        assert [line["name"] for line in now[chart]["series"]] == [
            line["name"] for line in before[chart]["series"] if line["name"] != "levered"
        ]
    for table in page.locator("table").all():  # a cell for each heading, except for cells that span several
        rows = table.locator("tr:visible:not(:has([colspan])):not([data-column] tr)")
        cells = rows.evaluate_all("all => all.map(row => [...row.cells].filter(cell => !cell.hidden).length)")
        assert len(set(cells)) == 1
    page.locator("button[data-series=run1]").click()
    assert drawn(page)["growth"]["series"] == before["growth"]["series"]


def test_with_every_strategy_hidden_nothing_fails(three: Path, page_of: OpenPage) -> None:
    page = page_of(three)
    for key in ("run0", "run1", "run2"):
        page.locator(f"button[data-series={key}]").click()
    assert page.locator(".bars:visible, .point:visible").count() == 0
    page.get_by_role("button", name="All", exact=True).click()


def test_the_emphasis_follows_the_pointer_and_sort_range_and_emphasis_are_in_the_address(
    three: Path, page_of: OpenPage
) -> None:
    page = page_of(three)
    ranking, lit = page.locator("#ranking tbody tr"), page.locator("#ranking tr.on")
    first = ranking.first.get_attribute("data-key")
    assert lit.get_attribute("data-key") == first
    assert page.locator("#ranking th[aria-sort=descending]").inner_text() == "Sharpe ratio"
    ranking.last.hover()
    assert lit.get_attribute("data-key") == ranking.last.get_attribute("data-key") != first
    page.mouse.move(0, 0)
    assert lit.get_attribute("data-key") == first
    chosen = ranking.last.get_attribute("data-key")
    ranking.last.locator("td").last.click()
    page.locator("#ranking thead button", has_text="Volatility").click()
    page.locator("#ranking thead button", has_text="Volatility").click()
    page.get_by_role("button", name="5Y", exact=True).click()
    assert page.url.endswith(f"?sort=2up&on={chosen}&range=5")
    page.reload()
    assert lit.get_attribute("data-key") == chosen
    assert page.locator("#ranking th[aria-sort=ascending]").inner_text() == "Volatility"
    assert page.locator("button[data-range='5']").get_attribute("aria-pressed") == "true"
    open_all(page)
    draw_all(page)
    widths = {line["name"]: line["lineStyle"]["width"] for line in drawn(page)["growth"]["series"]}
    emphasised = page.locator(f"#ranking tr[data-key={chosen}] th").inner_text()
    assert [name for name, width in widths.items() if width > 2] == [emphasised]
    page.get_by_label("From").fill("2010-06-30")
    assert "from=2010-06-30&to=" in page.url
    page.reload()
    assert page.get_by_label("From").input_value() == "2010-06-30"
    page.keyboard.press("Escape")
    assert lit.get_attribute("data-key") == first
    assert "from" not in page.url


def test_buttons_switch_the_kind_of_risk_and_the_length_of_windows(three: Path, page_of: OpenPage) -> None:
    page = page_of(three)
    assert set(page.locator(".bar:visible > span").all_inner_texts()) == {"Capital", "Realised risk"}
    page.get_by_role("button", name="Expected", exact=True).click()
    assert set(page.locator(".bar:visible > span").all_inner_texts()) == {"Capital", "Expected risk"}
    before = page.locator(".matrix td").all_inner_texts()
    page.get_by_role("button", name="1 year", exact=True).click()
    assert page.locator(".matrix [data-years]:visible").count() == 3
    assert page.locator(".matrix td").all_inner_texts() != before


def test_charts_share_one_range_and_growth_starts_at_one_in_it(three: Path, page_of: OpenPage) -> None:
    navs = pd.read_csv(three.parent / "nav.csv", index_col="date", parse_dates=["date"])
    page = page_of(three)
    assert growth_of(page) == [f"{value:.3f}" for value in navs.iloc[-1]]
    page.get_by_role("button", name="5Y", exact=True).click()
    last = navs.loc[navs.index[-1] - pd.DateOffset(years=5) - pd.Timedelta(days=3) :]
    assert growth_of(page) == [f"{value:.3f}" for value in last.iloc[-1] / last.iloc[0]]
    page.get_by_role("button", name="Linear").click()
    assert page.get_by_role("button", name="Log", exact=True).get_attribute("aria-pressed") == "false"


def test_the_download_has_the_navs_unchanged(three: Path, page_of: OpenPage, tmp_path: Path) -> None:
    page = page_of(three)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download NAV (CSV)").click()
    saved.value.save_as(tmp_path / "nav.csv")
    with (tmp_path / "nav.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["date", *NAMES[:3]]
    mine, whole = (
        pd.read_csv(folder / "nav.csv", index_col="date", parse_dates=["date"]) for folder in (tmp_path, three.parent)
    )
    pd.testing.assert_frame_equal(mine, whole, rtol=1e-6)  # the page has 7 digits


def test_each_chart_is_drawn_without_scrolling_or_when_opened(three: Path, page_of: OpenPage) -> None:
    """A picture of the whole page has the charts that are not folded."""
    page = page_of(three)
    page.wait_for_function("""() => [...document.querySelectorAll("[data-chart]")]
        .every((one) => !one.clientWidth || one.querySelector("canvas"))""")
    open_all(page)
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        chart.locator("canvas").first.wait_for()
    assert page.title().startswith("first, levered")  # a name is not executed


def test_the_page_prints_on_a4_with_all_sections(three: Path, page_of: OpenPage) -> None:
    page = page_of(three)
    sections = page.locator("h1:visible, h2:visible").all_inner_texts()
    pdf = printed(page)
    assert {closed_up(section) for section in sections} <= headings_of(pdf)
    assert all(size == pytest.approx((842, 595), abs=1) for size in pages_of(pdf))  # points, landscape
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 728})  # A4 without its margins
    assert standing_out(page) == []
    assert (
        page.locator(".wide").evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length")
        == 0
    )


def test_the_page_is_complete_without_scripts(three: Path, page_of: OpenPage) -> None:
    page = page_of(three, scripts=False)
    pictures = page.locator("#growth img:visible")
    assert pictures.count() == 2  # growth and drawdown; the others are folded
    assert all(pictures.evaluate_all("all => all.map(one => one.complete && one.naturalWidth > 0)"))
    assert page.locator(".script-only:visible").count() == 0
