"""The shelf in a real browser: sorting, search, download, ticks, links, each width, and print."""

import json
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest
from playwright.sync_api import Locator

from backtest.reporting.files.comparison_files import write_comparison
from backtest.reporting.files.report_files import json_bytes
from backtest.reporting.pages.shelf_page import write_shelf
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result
from support.pages.browser_page import (
    OpenPage,
    ReportOf,
    Scheme,
    axe_findings,
    downloaded,
    frozen,
    pages_of,
    printed,
    standing_out,
)
from support.pages.page_cases import MARKUP

ODD = "50% <b> & #1? 债券"
RUNS = {"erc_levered": "sample", "Still": "still", "month": "one_month", ODD: "markup"}
NUMBERS = {
    "CAGR": "cagr",
    "Volatility": "volatility",
    "Sharpe ratio": "sharpe",
    "Maximum drawdown": "max_drawdown",
    "Average gross exposure": "average_gross_exposure",
    "Financing drag a year": "financing_drag_per_year",
    "Events": "margin_calls",
}


@pytest.fixture(scope="module")
def shelf(report_of: ReportOf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shelf page of a comparison and of several runs: without risk, of one month, and with an odd name."""
    folder = tmp_path_factory.mktemp("shelf") / "reports"
    for name, case in RUNS.items():
        place = Path(shutil.copytree(report_of(case), folder / name))
        manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
        manifest["config"] = {"name": name, "strategy": {"name": "erc"}, "data": {}}  # a synthetic result has none
        (place / "manifest.json").write_bytes(json_bytes(manifest))
    names = ("first", MARKUP)
    compared = compare([synthetic_result(name=name, seed=seed, benchmark=False) for seed, name in enumerate(names)])
    write_comparison(compared, folder / "first_vs_other")
    return write_shelf(folder)


def folder_of(row: Locator) -> str:
    """Return the first line of a row's name; the second, if any, is the name of the run itself."""
    return row.locator("th").inner_text().split("\n")[0]


def sorted_by(table: Locator, heading: str, way: str) -> list[str]:
    """Click a heading, check that it alone shows the direction, and return the names in their new order."""
    cell = table.locator("thead th").filter(has=table.page.get_by_role("button", name=heading, exact=True))
    cell.get_by_role("button").click()
    assert cell.get_attribute("aria-sort") == way
    assert table.locator("th[aria-sort=ascending], th[aria-sort=descending]").count() == 1
    return [folder_of(row) for row in table.locator("tbody tr").all()]


def test_every_column_sorts_in_both_directions(shelf: Path, page_of: OpenPage) -> None:
    """Numbers sort from the largest down and back, texts from a to z and back; rows without a number come last."""
    table = page_of(shelf).locator("#runs-table")
    summaries = {name: json.loads((shelf.parent / name / "summary.json").read_text(encoding="utf-8")) for name in RUNS}
    assert sum(summary["sharpe"] is None for summary in summaries.values()) == 2
    for heading, key in NUMBERS.items():
        values = [summary[key] for summary in summaries.values() if summary[key] is not None]
        for way in ("descending", "ascending"):
            found = [summaries[name][key] for name in sorted_by(table, heading, way)]
            assert found[: len(values)] == sorted(values, reverse=way == "descending")
            assert set(found[len(values) :]) <= {None}
    for heading, names in {
        "Name": [ODD, "erc_levered", "month", "Still"],  # capitals are no others
        "Growth of 1": sorted(RUNS, key=lambda name: -summaries[name]["total_return"]),
    }.items():
        first, second = ("ascending", "descending") if heading == "Name" else ("descending", "ascending")
        assert sorted_by(table, heading, first) == names
        assert sorted_by(table, heading, second) == names[::-1]
    headings = table.locator("thead th").all_inner_texts()
    for heading in ("Strategy", "Period", "Written (UTC)"):
        sorted_by(table, heading, "ascending")
        cells = table.locator(f"tbody td:nth-child({headings.index(heading) + 1})")
        found = cells.evaluate_all("all => all.map(one => one.dataset.value)")
        assert found == sorted(found)
    assert table.locator("thead th:has-text('Data') button").count() == 0


def test_the_shelf_is_searched_and_downloaded(shelf: Path, page_of: OpenPage) -> None:
    page = page_of(shelf)
    rows, count = page.locator("#runs-table tbody tr"), page.locator("output[data-count=runs-table]")
    assert (rows.count(), count.inner_text()) == (4, "4 in all")
    for text, found in {"1989": ["erc_levered"], "<B> 债券": [ODD], "still SIXTY": ["Still"], "zzz": []}.items():
        page.fill("input[data-filter=runs-table]", text)
        assert [folder_of(row) for row in rows.all()] == found
        assert count.inner_text() == f"{len(found)} of 4"
        assert page.locator("#comparisons-table tbody tr").count() == 1  # which have their own search
        name, (header, *saved) = downloaded(page, "button[data-download=runs-table]")
        assert (name, header[:3], [row[0] for row in saved]) == ("runs.csv", ["Name", "Strategy", "CAGR"], found)
    page.fill("input[data-filter=runs-table]", "still")
    saved = downloaded(page, "button[data-download=runs-table]")[1]
    assert dict(zip(*saved, strict=True)) | {"CAGR": "0", "Sharpe ratio": ""} == dict(zip(*saved, strict=True))
    assert axe_findings(page) == []


def test_ticked_runs_are_a_command_that_compares_them(shelf: Path, page_of: OpenPage) -> None:
    """The first tick is the baseline; a shell reads each folder as one word; rows that the search hides stay ticked."""
    page = page_of(shelf)
    bar, code = page.locator("#compare"), page.locator("#compare code")
    boxes = {name: page.get_by_role("checkbox", name=f"Compare {name}", exact=True) for name in ("Still", ODD)}
    assert bar.is_hidden()
    boxes["Still"].check()
    assert (code.is_visible(), bar.get_by_role("status").inner_text()) == (
        False,
        "Tick another run to compare the two.",
    )
    boxes[ODD].focus()
    page.keyboard.press("Space")
    page.fill("input[data-filter=runs-table]", "still")
    words = shlex.split(code.inner_text())
    assert words == ["python", "-m", "backtest", "compare", "reports/Still", f"reports/{ODD}"]
    assert all((shelf.parents[1] / word).is_dir() for word in words[4:])
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text }")
    bar.locator("[data-copy]").click()
    assert page.evaluate("window.copied") == code.inner_text()
    assert axe_findings(page) == []
    bar.get_by_role("button", name="Clear").click()
    assert bar.is_hidden()
    assert page.locator("#runs input:checked").count() == 0


def test_links_lead_to_existing_reports(shelf: Path, page_of: OpenPage) -> None:
    page = page_of(shelf)
    addresses = page.locator("main a").evaluate_all("all => all.map(one => one.href)")
    assert len(addresses) >= 5 * 3
    assert all(Path(url2pathname(urlparse(address).path)).exists() for address in addresses)
    page.get_by_role("link", name=ODD).click()
    page.wait_for_url("**/tearsheet.html")
    assert page.locator("h1").inner_text() == MARKUP
    page.go_back()
    page.get_by_role("link", name="first_vs_other").click()
    assert page.locator("h1").inner_text() == f"first, {MARKUP}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shelf_fits_its_window_and_has_no_axe_findings(scheme: Scheme, shelf: Path, page_of: OpenPage) -> None:
    page = page_of(shelf, scheme=scheme)
    for box in page.locator("#runs tbody input").all():
        box.check()
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert standing_out(page) == []
    assert axe_findings(page) == []
    lines = page.locator("svg polyline")
    assert lines.count() == len(RUNS) + 2
    boxes = lines.evaluate_all("all => all.map(one => one.getBBox().width)")
    assert all(width > 100 for width in boxes)  # of 120 pixels
    pages = pages_of(printed(page))
    assert pages == [pytest.approx((842, 595), abs=1)] * len(pages)  # points, landscape


def test_the_shelf_is_complete_without_scripts(shelf: Path, page_of: OpenPage, tmp_path: Path) -> None:
    page = page_of(shelf, scripts=False, width=390)
    assert page.locator("tbody tr:visible").count() == len(RUNS) + 1
    assert page.locator(".script-only:visible").count() == 0
    assert standing_out(page) == []
    assert axe_findings(page_of(frozen(page, tmp_path))) == []
