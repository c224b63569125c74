"""Sliders in a tearsheet, against runs of the engine, and the check of a page, which has to be able to fail."""

import json
import re
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

import backtest as bt
from backtest.reporting.format import FILTERS
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.pages.browser_page import OpenPage, ReportOf, downloaded
from support.pages.page_cases import SAMPLE

SHOWN = """() => Object.fromEntries([...document.querySelectorAll("#live [data-number]")].map(
  box => [box.dataset.number, [...box.querySelectorAll("dd")].map(one => one.textContent)]))"""
GROWTH = "() => PAGE.data.charts.growth.panels[0].series.find(one => one.key === 'strategy').values"
COLOUR = "one => getComputedStyle(one).color"
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def slide(page: Page, key: str, *keys: str) -> str:
    """Press keys on a slider; return the value shown."""
    page.focus(f"#live-{key}")
    for one in keys:
        page.keyboard.press(one)
    page.evaluate(FRAME)
    return page.locator(f"[data-slider={key}] output").inner_text()


def test_sliders_follow_the_engine_by_keyboard_and_keep_their_state_in_the_address(
    report_of: ReportOf, page_of: OpenPage
) -> None:
    """One visit, because opening a page takes longer than most of it."""
    folder = report_of("sample")
    page = page_of(folder / "tearsheet.html")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    shown = page.evaluate(SHOWN)
    forms = {"cagr": "percent", "volatility": "percent", "sharpe": "ratio", "max_drawdown": "percent"}
    written = {key: FILTERS[form](summary[key]) for key, form in forms.items()}
    assert shown == {key: [text, f"as configured {text}"] for key, text in written.items()}

    assert slide(page, "spread", "PageUp", "PageUp") == "150 bp"
    assert slide(page, "cost", "ArrowRight", "ArrowRight", "ArrowLeft") == "11 bp"
    assert slide(page, "size", "PageUp", "ArrowUp") == "15.5%"
    changed = {"financing.spread_bps": 150, "costs.trading_bps": 11, "strategy.target_volatility": 0.155}
    other = bt.run(SAMPLE, changed)
    assert page.evaluate(GROWTH) == pytest.approx(other.nav.to_numpy(), rel=1e-9)
    now = {key: FILTERS[form](other.headline()[key]) for key, form in forms.items()}
    assert page.evaluate(SHOWN) == {key: [now[key], f"as configured {written[key]}"] for key in forms}
    assert page.locator("[data-growth=strategy]").inner_text() == f"{other.nav.iloc[-1]:.3f}"
    assert page.locator(".interval").first.evaluate(COLOUR) == page.locator(".legend").first.evaluate(COLOUR)
    _, rows = downloaded(page, "[data-download=growth]")
    assert rows[0] == ["date", "strategy, other terms", "benchmark", "strategy"]

    page.wait_for_function("location.hash === '#spread=150&cost=11&size=15.5'")
    page.reload()
    page.evaluate(FRAME)
    assert page.evaluate(GROWTH) == pytest.approx(other.nav.to_numpy(), rel=1e-9)
    assert slide(page, "spread", "Home") == "0 bp"
    assert slide(page, "spread", "End") == "400 bp"
    assert slide(page, "spread", "Backspace") == "50 bp"
    assert slide(page, "size", "Delete") == "10.0%"
    page.click("[data-slider=cost] .reset")
    page.evaluate(FRAME)
    page.wait_for_function("location.hash === ''")
    assert page.evaluate(SHOWN) == shown
    assert page.locator(".interval").first.evaluate(COLOUR) == page.locator(".value").first.evaluate(COLOUR)


def altered(html: str, name: str, at: int, factor: float) -> str:
    """Return a page with one embedded number multiplied."""
    found = re.search(rf'"{name}":"([^"]+)"', html)
    assert found
    values = np.frombuffer(b64decode(found[1]), "<f8").copy()
    values[at] *= factor
    return html.replace(found[1], b64encode(values.tobytes()).decode())


def test_a_page_checks_itself_and_names_what_does_not_agree(
    report_of: ReportOf, page_of: OpenPage, tmp_path: Path
) -> None:
    page = page_of(report_of("sample") / "tearsheet.html")
    intact = check(page)
    assert intact[0] == "This page agrees with itself."
    assert "on all 288 dates" in intact[1]
    assert "on all 287 dates" in intact[2]
    assert intact[3:] == ["The chart of growth shows this NAV.", "The printed numbers follow from it."]

    html = (report_of("sample") / "tearsheet.html").read_text(encoding="utf-8")
    copy = tmp_path / "altered.html"

    def lines_of(text: str) -> list[str]:
        copy.write_text(text, encoding="utf-8")
        page.goto(copy.as_uri())
        return check(page)

    found = lines_of(altered(html, "nav", 100, 1 + 1e-6))
    assert found[0] == "This page does NOT agree with itself."
    assert "NOT on 1 of 288 dates; the largest difference is 1e−6 of NAV, on 1997-05-31." in found[1]
    assert "NOT on 2 of 287 dates" in found[2]
    assert found[3] == "The chart of growth shows another NAV on 1997-05-31."
    for name, at in (("prices", 404), ("targets", 8)):
        assert all("NOT on " in line for line in lines_of(altered(html, name, at, 1.01))[1:3]), name
    printed = lines_of(html.replace(">as configured 9.6%<", ">as configured 9.7%<", 1))
    assert printed[1] == intact[1]
    assert printed[4] == "The printed numbers do NOT follow from NAV: CAGR."


def check(page: Page) -> list[str]:
    """Press the button that checks the page; return the lines of its answer."""
    page.click("[data-check]")
    return page.locator(".check output").inner_text().splitlines()


def test_a_page_that_would_be_too_large_has_no_sliders(monkeypatch: pytest.MonkeyPatch) -> None:
    result = bt.run(SAMPLE)
    page = render_tearsheet(result, {})
    assert 'id="live"' in page
    monkeypatch.setattr("backtest.reporting.pages.page_sliders.LIMIT", len(page.encode()) - 1)
    smaller = render_tearsheet(result, {})
    assert 'id="live"' not in smaller
    assert "const PATH" not in smaller
