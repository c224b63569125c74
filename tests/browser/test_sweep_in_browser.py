"""The page of a sweep in a real browser: its map, filters, order and commands, each width, and axe-core."""

from pathlib import Path

import numpy as np
import pytest

from backtest.reporting.pages.sweep_page import sweep_page
from support.pages.browser_page import OpenPage, Scheme, axe_findings, standing_out
from support.pages.swept_page import swept_runs

RUNS = swept_runs(windows=40)  # 480 runs, so that the table is longer than its frame


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "sweep.html"
    path.write_text(sweep_page(RUNS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "small.html"
    path.write_text(sweep_page(swept_runs()), encoding="utf-8")
    return path


def test_a_sweep_is_sorted_filtered_and_one_run_is_looked_at(sweep: Path, page_of: OpenPage) -> None:
    page = page_of(sweep)
    first, count = page.locator("#table tbody tr[data-run]").first, page.locator("#count")
    sharpe, best = RUNS.metrics["sharpe"], int(np.nanargmax(RUNS.metrics["sharpe"]))
    assert first.get_attribute("data-run") == str(best)
    assert page.locator("#table tbody tr").count() < 60
    button = page.locator("#table thead").get_by_role("button", name="Sharpe ratio")
    button.click()
    assert first.get_attribute("data-run") == str(np.nanargmin(sharpe))
    page.locator("#scroller").evaluate("one => one.scrollTop = one.scrollHeight")
    page.wait_for_selector(f"#table tr[data-run='{len(sharpe) - 1}']")  # the run that failed is the last

    page.fill("#search", "window=3y volatility>0.09 sharpe>0.4")
    grid = sharpe.reshape(40, 3, 4)
    assert count.inner_text() == f"{(grid[2][:, 2:] > 0.4).sum()} of 480 runs"
    page.click("#clear")
    assert count.inner_text() == "480 runs"
    page.mouse.move(0, 0)

    page.select_option("[data-pick=down]", label="Estimation: covariance")
    page.select_option("[data-pick=across]", label="Strategy: target volatility")
    cells = page.locator("#cells tbody td button")
    assert cells.all_inner_texts() == [f"{value:.2f}" for value in np.nanmax(grid, axis=0).ravel()]
    page.select_option("[data-pick=over]", label="median over the other settings")
    assert cells.all_inner_texts() == [f"{value:.2f}" for value in np.nanmedian(grid, axis=0).ravel()]
    page.select_option("[data-pick=metric]", label="Maximum drawdown")
    assert page.locator(".luck").count() == 0  # the best by chance is a Sharpe ratio

    page.locator(".map .best button").click()
    assert page.locator("#run-name").inner_text() == f"Run {int(np.nanargmax(RUNS.metrics['max_drawdown']))}"


def test_a_command_on_the_page_is_quoted_for_a_shell(small: Path, page_of: OpenPage) -> None:
    page = page_of(small)
    page.fill("#search", "window=3Y covariance=<b> volatility>0.09 volatility<0.11")
    page.locator("#table tbody tr[data-run]").click()
    assert page.locator("#run-command code").inner_text() == (
        "python -m backtest run reports/erc_sweep/manifest.json --set estimation.window=3Y "
        "--set 'estimation.covariance=\"<b>&\\\"'\\''</script>\"' --set strategy.target_volatility=0.1 --name erc_30"
    )
    assert page.locator("#run-python code").inner_text().startswith("found.result(30)")
    assert standing_out(page) == []
    assert axe_findings(page) == []


def test_a_brush_on_an_axis_filters_the_table(sweep: Path, page_of: OpenPage) -> None:
    page = page_of(sweep)
    canvas = page.locator("#parallel")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    x = box["x"] + box["width"] - 52  # of the last axis, the Sharpe ratio
    page.mouse.move(x, box["y"] + 41)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 41 + 128)
    page.mouse.up()
    sharpe = RUNS.metrics["sharpe"]
    low, high = np.nanmin(sharpe), np.nanmax(sharpe)
    shown = int(page.locator("#count").inner_text().split()[0])
    expected = int((sharpe >= low + (high - low) / 2).sum())
    assert abs(shown - expected) <= 8  # runs within a pixel of the end
    page.click("#clear")
    assert page.locator("#count").inner_text() == "480 runs"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sweep_fits_its_window_and_has_no_axe_findings(scheme: Scheme, small: Path, page_of: OpenPage) -> None:
    page = page_of(small, scheme=scheme)
    for width in (768, 1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert standing_out(page) == []
        if width != 768:
            assert axe_findings(page) == []
