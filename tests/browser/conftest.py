"""Browser fixtures: pages open in the system's Chromium, one per worker. Without Chromium these tests are skipped."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from backtest.reporting.files.report_files import write_report
from support.pages.browser_page import OpenPage, ReportOf, Scheme, Watch
from support.pages.page_cases import CASES
from support.patience import HANG

# the headless shell draws the same pages in two thirds of the time, as it has no windows
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
HEIGHTS = {1440: 900, 768: 1024, 390: 844}


@pytest.fixture(scope="session", autouse=True)
def chromium() -> str:
    """Path of the browser; without a browser no report is written either."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium; install it (Debian: apt-get install chromium-headless-shell)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium with its own temporary profile."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS, timeout=1000 * HANG)
        yield running
        running.close()


@pytest.fixture
def page_of(browser: Browser) -> Iterator[OpenPage]:
    """Return a function that opens pages; at the end, fail if one logged an error or requested anything but files."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def open_page(path: Path, *, width: int = 1440, scheme: Scheme = "light", scripts: bool = True) -> Page:
        window = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=scheme, java_script_enabled=scripts
        )
        opened.append((window, Watch(window)))
        window.set_default_timeout(1000 * HANG)  # milliseconds
        page = window.new_page()
        page.goto(path.as_uri())
        return page

    yield open_page
    for window, _ in opened:
        window.close()
    assert not [complaint for _, watch in opened for complaint in watch.complaints()]


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> ReportOf:
    """Return a function that gives the report folder of a case; each report is written once."""
    root = tmp_path_factory.mktemp("reports")

    @cache
    def folder_of(case: str) -> Path:
        return write_report(CASES[case](), root / case, command=f"python -m backtest run {case}.yaml").parent

    return folder_of


@pytest.fixture(scope="session", params=CASES)
def report(request: pytest.FixtureRequest, report_of: ReportOf) -> Path:
    """The folder of the report on each case in turn."""
    return report_of(request.param)
