"""The tools of the page tests detect what they should: errors, requests, overflow, accessibility findings, print."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.pages.browser_page import (
    OpenPage,
    Watch,
    axe_findings,
    frozen,
    headings_of,
    pages_of,
    printed,
    standing_out,
)

NOBODY = "http://127.0.0.1:9"


def document(body: str) -> str:
    return f'<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>{body}</main></html>'


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>console.error('wrong')</script>", "wrong"),
        ("<script>missing()</script>", "missing is not defined"),
        (f"<img alt='' src='{NOBODY}/a.png'>", f"asks for {NOBODY}/a.png"),
        (f"<style>@import '{NOBODY}/a.css';</style>", f"asks for {NOBODY}/a.css"),
    ],
)
def test_errors_and_requests_of_a_page_are_detected(
    browser: Browser, tmp_path: Path, body: str, complaint: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(document(body))
    with browser.new_context() as window:
        watch = Watch(window)
        window.new_page().goto(path.as_uri())
    assert [said for said in watch.complaints() if complaint in said]


def test_a_correct_page_has_no_findings(page_of: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(document("<p>Text.</p><h2>More (of it)</h2><p>债券</p><h2>债券</h2>"))
    page = page_of(path)
    assert (standing_out(page), axe_findings(page)) == ([], [])
    pdf = printed(page)
    assert pdf.startswith(b"%PDF-")
    assert [page_size == pytest.approx((595, 842), abs=1) for page_size in pages_of(pdf)] == [True]  # A4 in points
    assert headings_of(pdf) == {"Apage", "More(ofit)", "债券"}


def test_overflowing_elements_are_named_unless_they_scroll(page_of: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    wide = '<div class="wide" style="width:900px">wide</div>'
    path.write_text(document(f'<div style="overflow-x:auto" tabindex="0">{wide}</div>'))
    assert standing_out(page_of(path, width=390)) == []
    path.write_text(document(wide))
    assert "div.wide" in standing_out(page_of(path, width=390))
    assert standing_out(page_of(path, width=1440)) == []


def test_axe_finds_missing_labels_and_low_contrast(page_of: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    faint = "<style>@media (prefers-color-scheme: dark) {p {color: #ddd}}</style><p>faint</p>"
    path.write_text(document(f"{faint}<button></button>"))
    assert axe_findings(page_of(path)) == ["critical: button-name at button"]
    assert "serious: color-contrast at p" in axe_findings(page_of(path, scheme="dark"))


def test_a_page_without_scripts_can_be_checked_by_axe(page_of: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(document("<button></button><script>document.querySelector('button').textContent = 'x'</script>"))
    assert axe_findings(page_of(path)) == []
    without = page_of(path, scripts=False)
    assert axe_findings(page_of(frozen(without, tmp_path))) == ["critical: button-name at button"]
