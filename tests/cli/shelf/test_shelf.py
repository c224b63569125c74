"""The shelf: the runs it lists, their order and numbers, and concurrent writers."""

import json
import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from backtest.analysis.drawing.sparkline import POINTS
from backtest.errors import ReportError
from backtest.reporting.files.comparison_files import manifest_of
from backtest.reporting.files.manifest import environment
from backtest.reporting.files.report_files import json_bytes
from backtest.reporting.files.report_folder import replacing
from backtest.reporting.files.shelf_entry import SECTION, ComparisonEntry, RunEntry, entry_of, run_entry
from backtest.reporting.pages import shelf_page as shelf_module
from backtest.reporting.pages.shelf_page import Shelved, find, read_shelf, renew_shelf, write_shelf
from backtest.runs.compared_runs import compare
from support.builders.shelf_reports import put, put_comparison, put_manifest
from support.builders.synthetic_result import synthetic_result
from support.command_line import command
from support.pages.read_page import rows_of
from support.patience import HANG

pytestmark = pytest.mark.usefixtures("without_figures")

SCRIPT = "<script>alert(1)<∕script>"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.setattr(shelf_module, "_PATIENCE", HANG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# 1. Manifests of runs


@pytest.mark.parametrize(
    "options",
    [{}, {"benchmark": False}, {"periods": 1}, {"still": True}, {"ruined": True}, {"gross": 2.0}, {"periods": 3000}],
    ids=str,
)
def test_shelf_entry_of_a_manifest_has_the_numbers_of_the_run(options: dict[str, Any]) -> None:
    result = synthetic_result(**options)
    summary = result.summary()
    read = entry_of(json.loads(json_bytes({SECTION: run_entry(result)})))
    assert isinstance(read, RunEntry)
    for key in (
        "cagr", "volatility", "sharpe", "max_drawdown", "average_gross_exposure", "financing_drag_per_year",
    ):  # fmt: skip
        value = getattr(read, key)
        assert value == summary[key] if value is not None else summary[key] != summary[key]
    assert (read.name, read.strategy, read.periods_per_year) == ("synthetic", "fixed", 12)
    assert (read.margin_calls, read.targets_scaled_down) == (summary["margin_calls"], summary["targets_scaled_down"])
    assert read.ruined == ("ruined" in options)
    assert (f"{read.start}", f"{read.end}") == (summary["start"], summary["end"])
    assert read.benchmark == (None if result.benchmark is None else "sixty_forty")
    assert len(read.sparkline) == min(len(result.nav), POINTS) or len(result.nav) > POINTS >= len(read.sparkline)
    assert read.sparkline[-1] == pytest.approx(result.nav.iloc[-1], rel=5e-4)  # four digits
    assert max(read.sparkline) == pytest.approx(result.nav.max(), rel=5e-4)
    assert min(read.sparkline) == pytest.approx(result.nav.min(), rel=5e-4)


def test_shelf_entry_of_a_comparison_names_the_best() -> None:
    found = compare([synthetic_result(name=name, seed=seed, benchmark=False) for seed, name in enumerate("abc")])
    read = entry_of(manifest_of(found, environment()))
    assert isinstance(read, ComparisonEntry)
    assert read.names == ("a", "b", "c")
    for key in ("cagr", "sharpe", "max_drawdown"):
        (name,) = read.best[key].names
        values = found.metrics.loc[key].astype(float)
        assert read.best[key].value == values[name] == values.max()
    assert {key: line[-1] for key, line in read.sparklines.items()} == pytest.approx(
        found.growth.iloc[-1].to_dict(), rel=5e-4
    )


# 2. The list


def test_runs_and_comparisons_are_listed_newest_first(here: Path) -> None:
    """Links lead to existing files; cells and sort keys have the numbers of the manifests."""
    for day, name in enumerate(("first", "second", "third"), start=1):
        put(here, name, day, ("tearsheet.html", "summary.json", "nav.csv"), gross=1.5)
    put_comparison(here, ("a", "b"), 9)
    page = write_shelf(here).read_text(encoding="utf-8")
    rows = rows_of(page, "runs-table")
    assert [row[0] for row in rows] == ["third", "second", "first"]
    entry = read_shelf(here)[1].entry
    assert isinstance(entry, RunEntry)
    assert entry.cagr is not None
    assert rows[0][2] == f"{entry.cagr:.1%}".replace("-", "−")
    assert f'data-value="{entry.cagr}"' in page
    assert rows[0][1].split() == ["fixed", "against", "sixty_forty"]
    assert rows[0][-2].split() == ["2026-11-03", "09:30"]
    assert rows[0][-1].split() == ["summary.json", ",", "nav.csv"]
    assert [row[0] for row in rows_of(page, "comparisons-table")] == ["a_vs_b"]
    links = [unquote(link) for link in re.findall(r'href="(\./[^"]*)"', page)]
    assert len(links) == 3 * 3 + 3
    assert all((here / link).exists() for link in links)
    assert len(re.findall("<polyline", page)) == 3 + 2
    assert not re.findall(r"https?://(?!www\.w3\.org)", page.partition("<body>")[2].partition("<script>")[0])


def test_other_files_and_folders_are_not_listed(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(here, "mine")
    (here / "notes.txt").write_text("a file")
    (here / "empty").mkdir()
    put_manifest(here / "other", {"made_by": "another program"})
    put_manifest(here / ".mine-abc", {})  # being written
    put_manifest(here / "list", {})
    (here / "list/manifest.json").write_text("[]")
    assert [one.folder.name for one in read_shelf(here)] == ["mine"]
    assert not caplog.records
    assert read_shelf(here / "nothing") == []


@pytest.mark.parametrize("section", [{}, {SECTION: None}, {SECTION: {"kind": "run", "cagr": 1.0}}, {SECTION: []}])
@pytest.mark.parametrize("kind", ["config", "comparison"])
def test_a_run_of_another_version_is_listed_by_name(here: Path, section: dict[str, Any], kind: str) -> None:
    put_manifest(here / "old", {**section, kind: {"name": "old"}}, files=("tearsheet.html", "nav.csv"))
    page = write_shelf(here).read_text(encoding="utf-8")
    (row,) = rows_of(page, "runs-table" if kind == "config" else "comparisons-table")
    assert row[:2] == ["old", "run it again to see its numbers"]
    assert (row[-2].split(), row[-1]) == (["2026-11-01", "09:30"], "nav.csv")
    assert 'href="./old/tearsheet.html"' in page
    headings = re.findall(r"<th scope=\"col\"", page)
    assert len(row) == len(headings)  # or columns would be sorted by another's values


@pytest.mark.parametrize("name", ["风险平价 组合", SCRIPT, "a & b #1?.%20", '"quoted"', "javascript:alert(1)"])
def test_any_name_is_shown_as_text_and_its_links_lead_there(here: Path, name: str) -> None:
    put(here, name)
    put_comparison(here, (name, "other"))
    page = write_shelf(here).read_text(encoding="utf-8")
    assert rows_of(page, "runs-table")[0][0] == name
    assert SCRIPT not in page
    links = re.findall(r'href="(\./[^"]*)"', page)
    assert all((here / unquote(link)).exists() for link in links)
    assert not re.search(r'href="(?!\./|#)', page)


@pytest.mark.parametrize(
    "options", [{"periods": 1}, {"still": True}, {"ruined": True}, {"periods": 1, "still": True, "benchmark": False}]
)
def test_short_flat_and_ruined_runs_have_whole_rows(here: Path, options: dict[str, Any]) -> None:
    """One month, all zeros, or NAV that ends at zero: undefined numbers are dashes, and no picture contains NaN."""
    put(here, "edge", **options)
    page = write_shelf(here).read_text(encoding="utf-8")
    (row,) = rows_of(page, "runs-table")
    assert len(row) == 13
    assert row[8] == ("ruin" if "ruined" in options else "none")
    assert not re.search(r"\b(nan|NaN|None|inf)\b", page.partition("<main")[2].partition("</main>")[0])


@pytest.mark.parametrize(
    ("ruined", "calls", "scaled", "shown"),
    [
        (False, 0, 0, "none"),
        (False, 1, 0, "1 margin call"),
        (True, 1200, 2, "ruin 1,200 margin calls 2 targets scaled down"),
        (False, None, None, "–"),  # written by an earlier version
        (True, None, None, "ruin"),
    ],
)
def test_events_are_a_column(here: Path, ruined: bool, calls: int | None, scaled: int | None, shown: str) -> None:
    entry = run_entry(synthetic_result(ruined=ruined))
    counts = {"margin_calls": calls, "targets_scaled_down": scaled}
    put_manifest(here / "run", {SECTION: {**entry, **counts}})
    page = write_shelf(here).read_text(encoding="utf-8")
    (row,) = rows_of(page, "runs-table")
    assert " ".join(row[8].split()) == shown


@pytest.mark.parametrize(
    ("config", "ticks"),
    [(None, 0), ({"name": "a b", "walk_forward": {}, "sweep": {}}, 0), ({"name": "a b"}, 1)],
    ids=str,
)
def test_only_a_run_that_can_be_compared_has_a_tick(here: Path, config: dict[str, Any] | None, ticks: int) -> None:
    whole = None if config is None else {"data": {}, "strategy": {"name": "erc"}, **config}
    put_manifest(here / "reports/a b", {SECTION: run_entry(synthetic_result()), "config": whole})
    page = write_shelf(here / "reports").read_text(encoding="utf-8")
    assert page.count('type="checkbox"') == page.count('value="&#39;reports/a b&#39;"') == ticks


def test_an_empty_shelf_hints_at_the_first_run(here: Path) -> None:
    page = write_shelf(here).read_text(encoding="utf-8")
    assert "python -m backtest run configs/erc.yaml" in page
    assert "<table" not in page


# 3. Writing the shelf


def test_runs_that_end_at_the_same_time_are_all_listed(here: Path) -> None:
    """Each run moves its report into place and then writes the shelf, so the last shelf lists all of them."""
    sections = [{SECTION: run_entry(synthetic_result(name=f"run_{i}", seed=i))} for i in range(8)]
    ready = threading.Barrier(8)

    def finish(number: int) -> None:
        ready.wait()
        put_manifest(here / f"run_{number}", sections[number], number + 1)
        write_shelf(here)

    threads = [threading.Thread(target=finish, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = (here / "index.html").read_text(encoding="utf-8")
    assert [row[0] for row in rows_of(page, "runs-table")] == [f"run_{i}" for i in range(7, -1, -1)]
    assert {path.name for path in here.iterdir() if not path.name.startswith(".index.lock")} == {
        *(f"run_{i}" for i in range(8)), "index.html",
    }  # fmt: skip


def test_a_slow_writer_does_not_overwrite_a_later_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first writer reads the folder before the second run exists, and without a lock would write last."""
    render = shelf_module.render_shelf
    read, written = threading.Event(), threading.Event()

    def slow(shelf: list[Shelved], name: str) -> str:
        if len(shelf) == 1:
            read.set()
            written.wait(0.3)
        return render(shelf, name)

    def second() -> None:
        read.wait()
        put(here, "second", 2)
        write_shelf(here)
        written.set()

    monkeypatch.setattr(shelf_module, "render_shelf", slow)
    put(here, "first")
    other = threading.Thread(target=second)
    other.start()
    write_shelf(here)
    other.join()
    page = (here / "index.html").read_text(encoding="utf-8")
    assert [row[0] for row in rows_of(page, "runs-table")] == ["second", "first"]


def test_an_interrupted_write_keeps_the_earlier_shelf(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(here, "one")
    before = write_shelf(here).read_bytes()
    put(here, "two", 2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ReportError, match=r"index\.html: cannot be written \(No space left on device\)"):
        write_shelf(here)
    assert (here / "index.html").read_bytes() == before
    assert not list(here.glob(".index.html*"))


def test_a_page_from_another_program_is_never_replaced(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(here / "reports", "one")
    (here / "reports/index.html").write_text("<h1>My own</h1>")
    renew_shelf(here / "reports/one")
    assert (here / "reports/index.html").read_text() == "<h1>My own</h1>"
    (record,) = caplog.records
    assert (
        record.getMessage()
        == "reports/index.html: was not written by this program, so it is not replaced. Hint: rename it."
    )


def test_waiting_for_another_writer_has_a_limit(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr(shelf_module, "_PATIENCE", 0.05)
    with (
        FileLock(here / ".index.lock"),
        pytest.raises(ReportError, match="another run is still writing it"),
    ):
        write_shelf(here)


def test_only_the_reports_folder_has_a_shelf(here: Path) -> None:
    """A report elsewhere may be among other people's files."""
    for place in ("elsewhere", "reports/deeper", "."):
        put(here / place, "one")
        renew_shelf(here / place / "one")
        assert not (here / place / "index.html").exists()
    put(here / "reports", "two")
    renew_shelf(here / "reports/two")
    assert (here / "reports/index.html").exists()


def test_runs_and_comparisons_rebuild_the_shelf(here: Path) -> None:
    """The shelf after a run and a comparison equals the shelf read from the folder."""
    configs = Path(__file__).resolve().parents[3] / "configs"
    assert command("run", configs / "60_40.yaml").code == 0
    assert command("compare", configs / "60_40.yaml", configs / "erc.yaml").code == 0
    assert command("run", configs / "60_40.yaml", "--output", "elsewhere/mine").code == 0
    page = (here / "reports/index.html").read_text(encoding="utf-8")
    assert [row[0] for row in rows_of(page, "runs-table")] == ["60_40"]
    (row,) = rows_of(page, "comparisons-table")
    assert row[:2] == ["60_40_vs_erc", "60_40 ,  erc"]
    assert row[3].split() == ["0.71", "erc"]
    assert [path.name for path in (here / "elsewhere").iterdir()] == ["mine"]
    (run,) = [one for one in read_shelf(here / "reports") if one.kind == "run"]
    assert isinstance(run.entry, RunEntry)
    assert run.entry.sharpe == json.loads((here / "reports/60_40/summary.json").read_text())["sharpe"]


def test_an_unfinished_report_is_not_listed(here: Path) -> None:
    """Its temporary folder has a manifest before it is in place."""
    put(here, "erc")
    with replacing(here / "other") as temporary:
        (temporary / "manifest.json").write_bytes((here / "erc/manifest.json").read_bytes())
        assert [one.folder.name for one in read_shelf(here)] == ["erc"]
        with pytest.raises(ReportError):
            find(here, "other")
    assert find(here, "other").folder == here / "other"
