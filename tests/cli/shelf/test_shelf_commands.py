"""`list` and `open`."""

import json
from pathlib import Path

import pytest

from backtest.reporting.pages import shelf_page as shelf_module
from support.builders.shelf_reports import put, put_comparison, put_manifest
from support.builders.synthetic_result import synthetic_result
from support.command_line import command
from support.patience import HANG


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.setattr(shelf_module, "_PATIENCE", HANG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_prints_the_shelf(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    put(here / "reports", "first", 1)
    put(here / "reports", "second", 2, still=True, benchmark=False)
    put_manifest(here / "reports/old", {"config": {}}, 3)
    put_comparison(here / "reports", ("a", "b"), 4)
    answer = command("list")
    assert (answer.code, answer.err) == (0, "")
    rows = [line.split() for line in answer.out.splitlines() if line.strip()]
    assert rows[0] == ["run", "period", "CAGR", "volatility", "Sharpe", "drawdown", "written"]
    assert [row[0] for row in rows[2:5]] == ["old", "second", "first"]
    assert rows[3][1:] == ["2003-2007", "0.00", "%", "0.00", "%", "-", "0.00", "%", "2026-11-02"]
    assert rows[5][0] == "comparison"
    assert (rows[7][0], rows[7][-1]) == ("a_vs_b", "2026-11-04")


def test_a_long_name_is_listed_whole(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "a_name_of_a_hundred_letters_" * 3
    put(here / "reports", name)
    lines = command("list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "".join(line.strip().partition(" ")[0] for line in lines[3:]) == name


def test_list_prints_json_on_request(here: Path) -> None:
    put(here / "reports", "风险平价")
    put_comparison(here / "reports", ("a", "b"), 2)
    put_manifest(here / "reports/old", {"config": {}}, 3)
    old, compared, run = json.loads(command("list", "--json").out)
    assert old == {
        "folder": "reports/old", "kind": "run", "name": "old", "written_at": "2026-11-03T09:30:00+00:00", "page": None,
    }  # fmt: skip
    assert (compared["kind"], compared["strategies"], set(compared["best"])) == (
        "comparison", ["a", "b"], {"cagr", "sharpe", "max_drawdown"},
    )  # fmt: skip
    assert (run["page"], run["start"], run["cagr"]) == (
        "reports/风险平价/tearsheet.html", "2003-12-31", synthetic_result(seed=1).summary()["cagr"],
    )  # fmt: skip


def test_list_of_an_empty_folder_hints_at_the_first_run(here: Path) -> None:
    answer = command("list")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "reports holds no run. Hint: python -m backtest run configs/erc.yaml\n"
    assert command("list", "--json").out == "[]\n"
    assert not list(here.iterdir())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a browser was asked to open."""
    shown: list[str] = []

    def show(uri: str) -> bool:
        shown.append(uri)
        return True

    monkeypatch.setattr("webbrowser.open", show)
    return shown


@pytest.mark.parametrize("name", ["erc", "reports/erc", "./reports/erc/"])
def test_open_shows_the_page_of_a_run(here: Path, opened: list[str], name: str) -> None:
    put(here / "reports", "erc")
    answer = command("open", name)
    assert (answer.code, answer.out, answer.err) == (0, "page: reports/erc/tearsheet.html\n", "")
    assert opened == [(here / "reports/erc/tearsheet.html").as_uri()]


def test_open_shows_a_report_elsewhere_by_its_folder(here: Path, opened: list[str]) -> None:
    put(here / "elsewhere", "mine")
    assert command("open", "elsewhere/mine").code == 0
    assert opened == [(here / "elsewhere/mine/tearsheet.html").as_uri()]


def test_open_without_a_name_shows_the_shelf_as_it_is_now(here: Path, opened: list[str]) -> None:
    put(here / "reports", "written_from_python")
    answer = command("open")
    assert (answer.code, answer.out) == (0, "page: reports/index.html\n")
    assert opened == [(here / "reports/index.html").as_uri()]
    assert "written_from_python" in (here / "reports/index.html").read_text(encoding="utf-8")


def test_open_without_a_browser_prints_the_path(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(here / "reports", "erc")
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    answer = command("open", "erc")
    assert (answer.code, answer.out) == (0, "page: reports/erc/tearsheet.html\n")
    assert answer.err == "note: no browser could be started; open the page yourself\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("levered_ecr", "levered_ecr: no such run or comparison in reports. Did you mean levered_erc?"),
        ("xyz", "xyz: no such run or comparison in reports. Hint: python -m backtest list"),
        ("no_page", "reports/no_page: no page to open. Hint: run it again."),
    ],
)
def test_open_of_an_unknown_name_is_refused(here: Path, opened: list[str], name: str, words: str) -> None:
    put(here / "reports", "levered_erc")
    put(here / "reports", "no_page", files=())
    answer = command("open", name)
    assert (answer.code, answer.out, answer.err) == (2, "", f"error: {words}\n")
    assert not opened


@pytest.mark.parametrize(("arguments", "what"), [((), "reports holds no run to show"), (("erc",), "erc: no such run")])
def test_open_before_the_first_run_is_refused_with_a_hint(
    here: Path, opened: list[str], arguments: tuple[str, ...], what: str
) -> None:
    answer = command("open", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {what}")
    assert answer.err.endswith("Hint: python -m backtest run configs/erc.yaml\n")
    assert not opened
    assert not list(here.iterdir())
