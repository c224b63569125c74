"""The live page in a browser: moving a slider, undo, pins, reload, two tabs, and the end of the server."""

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

import backtest as bt
from backtest.live import live_server
from support.patience import HANG

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, expect


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a server, which is stopped as by Ctrl-C."""
    ready: list[str] = []
    begun, stop = threading.Event(), threading.Event()

    def on_ready(where: str) -> None:
        ready.append(where)
        begun.set()

    serving = threading.Thread(
        target=partial(live_server.serve, bt.prepare("configs/levered_erc.yaml"), 0, on_ready, stop=stop), daemon=True
    )
    serving.start()
    assert begun.wait(HANG)
    yield ready[0]
    stop.set()
    serving.join(HANG)
    assert not serving.is_alive()


def test_a_visit(address: str, browser: Browser) -> None:
    expect.set_options(timeout=1000 * HANG)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(1000 * HANG)
    page, other = context.new_page(), context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(address)
    other.goto(address)
    cell = page.locator("#variants tbody tr").first.locator("td").nth(2)
    configured = f"{bt.run('configs/levered_erc.yaml').headline()['sharpe']:.2f}"
    dear = f"{bt.run('configs/levered_erc.yaml', {'financing.spread_bps': 200}).headline()['sharpe']:.2f}"
    expect(cell).to_contain_text(configured)
    slider = page.locator('[data-setting="financing.spread_bps"] input')
    slider.focus()
    for _ in range(3):
        page.keyboard.press("PageUp")  # ten steps of 5 bp
    expect(page.locator('[data-setting="financing.spread_bps"] output')).to_have_text("200 bp")
    expect(cell).to_contain_text(dear)
    page.wait_for_url("**/#financing.spread_bps=200")
    expect(page.locator("#tried")).to_contain_text("settings tried")
    page.click("#pin")
    expect(page.locator("#variants tbody tr")).to_have_count(3)  # this variant, the benchmark, the pinned one
    page.reload()
    expect(cell).to_contain_text(dear)
    page.click("#reset")
    expect(cell).to_contain_text(configured)
    page.click("#undo")
    expect(cell).to_contain_text(dear)
    page.locator('[data-setting="estimation.window"] input').focus()
    page.keyboard.press("End")  # 120 months
    expect(page.locator("#period")).to_contain_text("1996-01-31")
    expect(other.locator("#variants tbody tr").first.locator("td").nth(2)).to_contain_text(configured)
    page.bring_to_front()
    for width in (1440, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        end = time.monotonic() + HANG  # charts follow the window
        while page.evaluate("document.documentElement.scrollWidth") > width and time.monotonic() < end:
            page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not problems
    context.close()
