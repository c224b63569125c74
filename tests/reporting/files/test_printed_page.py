"""`--pdf`: the page as printed by an installed browser, and the errors without one."""

import sys
from pathlib import Path

import pytest

from backtest.errors import ReportError
from backtest.reporting.files.printed_page import find_browser, print_page
from support.command_line import command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a browser is a shell script")

PRINTS = """#!/bin/sh
for argument; do case $argument in --print-to-pdf=*) printf %s "$*" > "${argument#--print-to-pdf=}";; esac; done
"""
FAILS = "#!/bin/sh\necho 'no display' >&2\nexit 7\n"


def set_browser(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    browser = folder / "browser"
    browser.write_text(script)
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))


def test_the_chosen_browser_prints_the_page_next_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_browser(monkeypatch, tmp_path, PRINTS)
    page = tmp_path / "风险 page.html"
    assert print_page(page) == tmp_path / "风险 page.pdf"
    given = (tmp_path / "风险 page.pdf").read_text()
    assert given.startswith("--headless ")
    assert given.endswith(f" {page.as_uri()}")


def test_a_browser_that_fails_is_reported_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_browser(monkeypatch, tmp_path, FAILS)
    with pytest.raises(ReportError, match=r"browser wrote no PDF \(exit code 7: no display\)\. Hint: install"):
        print_page(tmp_path / "page.html")


@pytest.mark.parametrize("name", ["run", "compare"])
def test_without_a_browser_nothing_is_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr("backtest.reporting.files.printed_page._PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    config = Path(__file__).parents[3] / "configs/60_40.yaml"
    answer = command(name, *[config] * (1 + (name == "compare")), "--pdf", "--output", tmp_path / "report")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: --pdf: no browser that can print was found on this machine. Hint: install")
    assert not (tmp_path / "report").exists()
    monkeypatch.setenv("BROWSER", "no_such_browser")
    with pytest.raises(ReportError, match=r"BROWSER is 'no_such_browser', which is not a program"):
        find_browser()
