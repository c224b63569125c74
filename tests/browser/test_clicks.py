"""The tearsheet in use: ranges, scale, names, search, sort, downloads, by mouse and by keyboard, against its files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from backtest.reporting.format import percent, ratio
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.synthetic_result import synthetic_result
from support.pages.browser_page import OpenPage, ReportOf, axe_findings, downloaded, draw_all, drawn, standing_out
from support.pages.page_cases import MARKUP
from support.pages.report_tables import dates_in, table_of
from support.patience import HANG

DAY = 86_400_000  # milliseconds
GROWTH = "[data-chart=growth]"
INKED = """() => [...document.querySelectorAll("[data-chart]")].every(one =>
  echarts.getInstanceByDom(one).getOption().title.every(({textStyle}) =>
    textStyle.color === getComputedStyle(document.documentElement).getPropertyValue("--ink").trim()))"""
FOCUS = """() => {
  const one = document.activeElement, {left, top, width, height} = one.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, top + height / 2);
  return {
    name: one.dataset.series ?? one.dataset.range ?? one.dataset.scale ?? Object.keys(one.dataset)[0] ?? one.tagName,
    outlined: getComputedStyle(one).outlineStyle === "solid",
    covered: Boolean(seen?.closest(".toolbar")) && !one.closest(".toolbar"),
  };
}"""


def pressed(page: Page, control: str) -> list[str]:
    """Return the chosen buttons of one `data-range`, `data-scale` or `data-series`; both if two share a name."""
    buttons = page.locator(f"button[data-{control}][aria-pressed=true]").all()
    return [str(button.get_attribute(f"data-{control}")) for button in buttons]


def dates_of(page: Page) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, last = (pd.Timestamp(page.input_value(f"input[data-{end}]")) for end in ("from", "to"))
    return first, last


def type_date(page: Page, end: str, date: str) -> None:
    """Type a date digit by digit, in the order of a browser in American English."""
    page.focus(f"input[data-{end}]")
    page.keyboard.type(pd.Timestamp(date).strftime("%m%d%Y"))
    page.locator(f"input[data-{end}]").blur()


def values_of(series: dict[str, Any], part: int = 2) -> list[float]:
    """Return the value of each point (or its position, or what is drawn for it)."""
    return [point[part] for point in series["data"]]


class TestRange:
    """Growth and dates equal nav.csv."""

    @staticmethod
    def follows(page: Page, nav: pd.DataFrame, first: str | pd.Timestamp, last: str | pd.Timestamp) -> None:
        """Fields show the range, the growth of 1 is next to the names, and the chart starts at 1 on its first date."""
        assert dates_of(page) == (pd.Timestamp(first), pd.Timestamp(last))
        inside = nav.loc[first:last]
        growth = inside / inside.iloc[0]
        shown = {one.get_attribute("data-growth"): one.inner_text() for one in page.locator("[data-growth]").all()}
        for side in nav.columns:
            assert float(shown[side]) == pytest.approx(growth[side].iloc[-1], abs=0.5e-3 + 1e-6)  # 3 digits of 8
        fall = (inside / inside.cummax() - 1).min()
        for side in nav.columns:
            assert page.locator(f"[data-side={side}]").inner_text().endswith(f"fall {percent(fall[side])}")
        drawn_of = drawn(page)
        for line, side in zip(drawn_of["growth"]["series"], nav.columns, strict=False):
            np.testing.assert_array_equal(values_of(line, 0), dates_in(inside).as_unit("ms").asi8)
            np.testing.assert_allclose(values_of(line), growth[side], rtol=2e-7)  # a quotient of 8 digits
        for chart in ("growth", "rolling", "weights", "risk", "financing"):
            for axis in drawn_of[chart]["xAxis"]:
                begin, end = (pd.Timestamp(axis[of], unit="ms") for of in ("min", "max"))
                assert pd.Timestamp(first) <= begin < end <= pd.Timestamp(last)

    def test_buttons_and_date_fields_choose_the_range(self, report_of: ReportOf, page_of: OpenPage) -> None:
        folder = report_of("sample")
        nav, page = table_of(folder, "nav"), page_of(folder / "tearsheet.html")
        begin, end = nav.index[[0, -1]]
        draw_all(page)
        self.follows(page, nav, begin, end)
        assert pressed(page, "range") == ["all"]

        for years in (1, 3, 5, 10, 20):
            page.click(f"button[data-range='{years}']")
            expected = end - pd.DateOffset(years=years)
            self.follows(page, nav, nav.index[abs(nav.index - expected).argmin()], end)
            assert pressed(page, "range") == [str(years)]

        type_date(page, "from", "2000-02-10")  # no date of the run
        type_date(page, "to", "2007-11-30")  # one of the run
        self.follows(page, nav, "2000-02-10", "2007-11-30")
        assert pressed(page, "range") == []
        # a single date, dates outside the run, and no date
        wrong = {"from": ("2007-11-21", "1950-01-01", ""), "to": ("2000-03-30", "2050-01-01", "")}
        for field, date in ((field, date) for field, dates in wrong.items() for date in dates):
            page.fill(f"input[data-{field}]", date)
            page.locator(f"input[data-{field}]").blur()
            self.follows(page, nav, "2000-02-10", "2007-11-30")

        page.reload()  # the range is in the address
        draw_all(page)
        self.follows(page, nav, "2000-02-10", "2007-11-30")
        page.click("button[data-range=all]")
        self.follows(page, nav, begin, end)
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        titles = {"strategy": "Levered equal risk contribution", "benchmark": "60/40"}
        for side, found in {"strategy": summary, "benchmark": summary["benchmark"]}.items():
            assert page.locator(f"[data-side={side}]").inner_text() == (
                f"{titles[side]} {percent(found['cagr'])} a year, volatility {percent(found['volatility'])}, Sharpe "
                f"ratio {ratio(found['sharpe'])}, worst fall {percent(found['max_drawdown'])}"
            )
        page.go_back()
        self.follows(page, nav, "2000-02-10", "2007-11-30")

    def test_a_drag_chooses_a_range_and_a_double_click_or_escape_resets_it(
        self, report_of: ReportOf, page_of: OpenPage
    ) -> None:
        folder = report_of("sample")
        nav, page = table_of(folder, "nav"), page_of(folder / "tearsheet.html")
        draw_all(page)
        chart = page.locator(GROWTH)
        box = chart.bounding_box()
        assert box
        dates = pd.to_datetime(["1998-06-15", "2009-03-15"])
        place = (
            f"x => echarts.getInstanceByDom(document.querySelector('{GROWTH}')).convertToPixel({{xAxisIndex: 0}}, x)"
        )
        left, right = (box["x"] + page.evaluate(place, int(date.timestamp()) * 1000) for date in dates)
        for start, stop in ((left, right), (right, left)):  # in either direction
            page.mouse.move(start, box["y"] + 150)
            page.mouse.down()
            page.mouse.move(stop, box["y"] + 160, steps=4)
            assert page.locator(f"{GROWTH} .dragged").is_visible()
            page.mouse.up()
            assert not page.locator(f"{GROWTH} .dragged").is_visible()
            found = dates_of(page)
            pixel = (nav.index[-1] - nav.index[0]) / (box["width"] - 76)
            assert all(abs(date - by_mouse) <= pixel for date, by_mouse in zip(dates, found, strict=True))
            self.follows(page, nav, *found)
            if start == left:
                page.mouse.dblclick(left, box["y"] + 150)
            else:
                page.keyboard.press("Escape")
            self.follows(page, nav, *nav.index[[0, -1]])
        page.mouse.move(left, box["y"] + 150)  # a click with a trembling hand is not a drag
        page.mouse.down()
        page.mouse.move(left + 4, box["y"] + 150)
        page.mouse.up()
        self.follows(page, nav, *nav.index[[0, -1]])
        page.evaluate("getSelection().selectAllChildren(document.querySelector('.calendar'))")
        assert "\u2212" in str(page.evaluate("String(getSelection())"))
        copied = page.evaluate("""() => {
          const clipboardData = new DataTransfer();
          const event = new ClipboardEvent("copy", { clipboardData, cancelable: true, bubbles: true });
          document.dispatchEvent(event);
          return event.clipboardData.getData("text/plain");
        }""")
        assert "-" in copied
        assert "\u2212" not in copied


def test_growth_is_drawn_on_a_log_or_a_linear_scale(report_of: ReportOf, page_of: OpenPage) -> None:
    folder = report_of("sample")
    nav, page = table_of(folder, "nav")["strategy"], page_of(folder / "tearsheet.html")
    draw_all(page)
    seen = "document.querySelector('[data-chart=growth] canvas').toDataURL()"
    pictures = []
    for scale, expected in (("log", np.log10(nav)), ("linear", nav), ("log", np.log10(nav))):
        page.click(f"button[data-scale={scale}]")
        assert pressed(page, "scale") == [scale]
        chart = drawn(page)["growth"]
        np.testing.assert_allclose(values_of(chart["series"][0], 1), expected, atol=1e-6)
        pictures.append(page.evaluate(seen))
    assert pictures[0] == pictures[2] != pictures[1]


def times_drawn(series: dict[str, Any]) -> int:
    """Return the number of drawn series: three for a range bar, two for a stack layer with negative parts, else one."""
    if series["style"] == "range":
        return 3
    return 2 if series["style"] == "stack" and any(value is not None and value < 0 for value in series["values"]) else 1


def test_a_click_on_a_name_hides_its_series_in_every_chart(report_of: ReportOf, page_of: OpenPage) -> None:
    page = page_of(report_of("sample") / "tearsheet.html")
    draw_all(page)
    panels = page.evaluate("JSON.parse(document.getElementById('page-data').textContent).charts")
    before = drawn(page)

    def hidden(*keys: str) -> None:
        """Every chart draws all its series but these, and the others have not moved."""
        now = drawn(page)
        for name, chart in panels.items():
            every = [one for panel in chart["panels"] for one in panel["series"]]
            assert [one["name"] for one in now[name]["series"]] == [
                one["name"] for one in every if one["key"] not in keys for _ in range(times_drawn(one))
            ]
            assert [axis["type"] for axis in now[name]["xAxis"]] == [axis["type"] for axis in before[name]["xAxis"]]
        buttons = page.locator("button[data-series]").all()
        assert {str(one.get_attribute("data-series")) for one in buttons} - set(pressed(page, "series")) == set(keys)

    def charts_with(key: str) -> int:
        return sum(
            any(one["key"] == key for panel in chart["panels"] for one in panel["series"]) for chart in panels.values()
        )

    hidden()
    assert charts_with("strategy") == charts_with("benchmark") == charts_with("asset: gold") == 2
    page.click("button[data-series=strategy]")
    hidden("strategy")
    page.click("button[data-series=benchmark]")  # growth has no series left
    hidden("strategy", "benchmark")
    places = page.locator("button[data-series='asset: gold']")
    assert places.count() == 2  # above the weights and above the risk
    places.first.click()
    hidden("strategy", "benchmark", "asset: gold")
    places.last.click()
    page.click("button[data-series=benchmark]")
    page.click("button[data-series=strategy]")
    hidden()
    assert drawn(page)["growth"]["yAxis"] == before["growth"]["yAxis"]


@pytest.mark.parametrize("case", ["sample", "daily"])
def test_the_download_has_every_row_of_nav(case: str, report_of: ReportOf, page_of: OpenPage) -> None:
    folder = report_of(case)
    nav, page = table_of(folder, "nav"), page_of(folder / "tearsheet.html")
    page.click("button[data-range='3']")  # of the drawn values, not of the downloaded ones
    name, (header, *rows) = downloaded(page, "button[data-download=growth]")
    assert name == "nav.csv"
    assert header == ["date", *nav.columns]
    assert [row[0] for row in rows] == list(dates_in(nav).strftime("%Y-%m-%d"))
    np.testing.assert_allclose(np.array([row[1:] for row in rows], dtype=float), nav, rtol=5e-8)  # 8 digits


def test_any_name_is_shown_as_text_in_charts_and_quoted_in_files(page_of: OpenPage, tmp_path: Path) -> None:
    names = ('<b>stocks</b>, "large"', "two\nlines", "=1+1", MARKUP)
    result = synthetic_result(assets=names, name=f"{MARKUP}, a", gross=1.5)
    path = tmp_path / "page.html"
    path.write_text(render_tearsheet(result, {}), encoding="utf-8")
    page = page_of(path)
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    _, (_, *rows) = downloaded(page, "button[data-download=trade-list]")
    assert {row[1] for row in rows} == {"'=1+1" if name == "=1+1" else name for name in names}  # no formula
    assert {len(row) for row in rows} == {5}
    page.fill("input[data-filter=trade-list]", '<b>stocks</b>, "large"')
    assert page.locator("#trade-list tbody tr").count() > 0

    for chart, said in (("growth", [result.name]), ("weights", names), ("attribution", names[:1])):
        container = page.locator(f"[data-chart={chart}]")
        container.scroll_into_view_if_needed()
        page.wait_for_function("one => echarts.getInstanceByDom(one)", arg=container.element_handle())
        container.hover(position={"x": 500, "y": 60})  # in bar charts, on the bar of the first asset
        tooltip = container.locator("> div:has(strong)")
        tooltip.wait_for()
        assert [name for name in said if " ".join(name.split()) not in " ".join(tooltip.inner_text().split())] == []
        assert tooltip.locator("script, b:text('stocks')").count() == 0
    assert page.title().startswith(MARKUP)


def test_charts_follow_the_window_width_and_the_colour_scheme(report_of: ReportOf, page_of: OpenPage) -> None:
    page = page_of(report_of("sample") / "tearsheet.html")
    draw_all(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("""() => [...document.querySelectorAll("[data-chart] canvas")].every(one =>
      one.clientWidth === one.closest("[data-chart]").clientWidth)""")
    assert {grid["left"] for name in ("growth", "rolling", "weights") for grid in drawn(page)[name]["grid"]} == {46}
    assert standing_out(page) == []
    colours = []
    for scheme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(INKED)  # the page notices it with its next frame
        colours.append(drawn(page)["growth"]["title"][0]["textStyle"]["color"])
    assert colours[0] == colours[2] != colours[1]


def test_the_keyboard_reaches_and_operates_every_control(report_of: ReportOf, page_of: OpenPage) -> None:
    page = page_of(report_of("sample") / "tearsheet.html")
    page.emulate_media(reduced_motion="reduce")  # scrolling is immediate
    page.locator("#trades > details").evaluate("one => { one.open = true; }")

    def walk(key: str, until: str) -> Sequence[str]:
        """Return the controls in focus order. Each shows its focus, and the toolbar covers none of them."""
        reached: list[str] = []
        while not reached or reached[-1] != until:
            page.keyboard.press(key)
            focus = page.evaluate(FOCUS)
            assert focus == {"name": focus["name"], "outlined": True, "covered": False}
            if not reached or focus["name"] != reached[-1]:  # a date has a stop for each of its parts
                reached.append(focus["name"])
            assert len(reached) < 200
        return reached

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#main", timeout=1000 * HANG)  # the link that skips the names of sections
    bar = ["strategy", "benchmark", "1", "3", "5", "10", "20", "all", "from", "to", "log", "linear"]
    assert walk("Tab", "linear")[-len(bar) :] == bar
    page.keyboard.press("Enter")
    assert pressed(page, "scale") == ["linear"]
    assert walk("Shift+Tab", "5")[-1] == "5"
    page.keyboard.press("Space")
    assert pressed(page, "range") == ["5"]
    walk("Shift+Tab", "benchmark")
    page.keyboard.press("Space")
    assert "benchmark" not in pressed(page, "series")
    walk("Tab", "filter")
    page.keyboard.type("gold 2008")
    assert page.locator("#trade-list tbody tr").count() == 12
    walk("Tab", "BUTTON")  # the first heading
    page.keyboard.press("Enter")
    assert page.locator("#trade-list th").first.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Tab")
    page.evaluate("scrollBy(0, document.activeElement.getBoundingClientRect().top - 5)")  # the bar covers the headings
    walk("Shift+Tab", "BUTTON")
    walk("Tab", "SUMMARY")  # the next section, folded
    walk("Shift+Tab", "linear")
    assert axe_findings(page) == []  # in its current state: hidden names, a range, rows searched and sorted
