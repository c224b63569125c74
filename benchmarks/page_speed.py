"""Time the pages: how long a report takes to write and its page to draw, side by side with quantstats.

    PYTHONPATH=. python benchmarks/page_speed.py

Two runs: 24 years of months (configs/levered_erc.yaml), and 50 years of days, 6 assets and a benchmark. For each: the
whole report (`write_report`: figures as PNG and SVG, tables, page; bound 1 s and 2.5 s), the page alone, its size
(bound 2.5 MB), and the page of quantstats of the same returns, in turn. Then, where there is a Chromium, how long after
opening, the page has drawn its first chart and answered a click (bound 1 s). Medians after a warm-up.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import backtest as bt
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.pages.quantstats_page import write_quantstats
from backtest.reporting.pages.tearsheet import render_tearsheet
from benchmarks.run_speed import write_daily

ROUNDS = 5
SIXTY_FORTY = """
name: sixty_forty
data: {source: csv, path: prices.csv, assets: [a, b], cash: cash}
strategy: {name: sixty_forty, weights: {a: 0.6, b: 0.4}}
costs: {trading_bps: 10}
"""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main() -> None:
    """Time both runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        daily = write_daily(folder)
        (folder / "sixty_forty.yaml").write_text(SIXTY_FORTY, encoding="utf-8")
        text = daily.read_text(encoding="utf-8").replace("{name: erc}", "{name: levered_erc, target_volatility: 0.1}")
        daily.write_text(f"{text}benchmark: sixty_forty.yaml\n", encoding="utf-8")
        for label, config in (("24 years monthly", "configs/levered_erc.yaml"), ("50 years daily", str(daily))):
            time_pages(label, bt.run(config), folder)


def time_pages(label: str, result: bt.BacktestResult, folder: Path) -> None:
    """Print what there is to say of the pages of one run."""
    figures = {name: figure.svg for name, figure in render_all(result).items()}
    report, page, theirs = medians(
        lambda: bt.write_report(result, folder / "report", replace=True),
        lambda: render_tearsheet(result, figures),
        lambda: write_quantstats(result, folder / "quantstats.html"),
    )
    tearsheet = folder / "report" / "tearsheet.html"
    print(f"{label}: report {report:.2f} s, of it the page {page:.2f} s; {tearsheet.stat().st_size / 1e6:.2f} MB")
    print(f"  quantstats' page {theirs:.2f} s: {theirs / report:.1f} times as long as the report")
    browser = shutil.which("chromium")
    if browser:
        print(f"  in the browser: first chart drawn and a click answered after {opened(browser, tearsheet):.2f} s")


def medians(*jobs: Callable[[], object]) -> list[float]:
    """Seconds of each job, run in turn so that a machine's drift hits all alike."""
    rounds = [[timed(job) for job in jobs] for _ in range(ROUNDS + 1)][1:]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def timed(job: Callable[[], object]) -> float:
    """Seconds that a job takes."""
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def opened(browser: str, page: Path) -> float:
    """Seconds from opening a page until its first chart is drawn and a click on its scale is answered."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=list(FLAGS))
        tab = chromium.new_page(viewport={"width": 1440, "height": 1600})

        def visit() -> None:
            tab.goto(page.as_uri(), wait_until="commit")
            tab.wait_for_selector("[data-chart=growth] canvas")
            tab.click("button[data-scale=linear]")
            tab.wait_for_selector("button[data-scale=linear][aria-pressed=true]")

        found = medians(visit)[0]
        chromium.close()
    return found


if __name__ == "__main__":
    main()
