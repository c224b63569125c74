"""`run`: its output, the files of a report, and interrupted runs."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.command_line import Answer, answer_of, command, in_a_process, percentages
from support.patience import HANG

REPOSITORY = Path(__file__).resolve().parents[2]
ERC = REPOSITORY / "configs" / "erc.yaml"

TABLES = {
    "returns", "nav", "weights", "target_weights", "trades", "costs", "contributions", "attribution",
    "risk_contributions", "realised_risk_contributions", "forecast_volatility",
}  # fmt: skip
FILES = {*(f"{name}.csv" for name in TABLES), "tearsheet.html", "summary.json", "manifest.json"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# 1. A finished run


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, Path]:
    """Run `python -m backtest run configs/erc.yaml --output erc` once, in its own process, with warnings as errors."""
    folder = tmp_path_factory.mktemp("run")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "backtest", "run", str(ERC), "--output", "erc"],
        cwd=folder, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    return answer_of(ended.returncode, ended.stdout, ended.stderr), folder / "erc"


def test_a_run_prints_headline_numbers_and_the_path_of_the_page(finished_run: tuple[Answer, Path]) -> None:
    answer, report = finished_run
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[-1] == "tearsheet: erc/tearsheet.html"
    assert "1989-01-31 to 2012-12-31" in lines[1]
    assert lines[1].split()[-2:] == ["erc", "60_40"]
    summary = json.loads((report / "summary.json").read_text())
    shown = {"CAGR": "cagr", "volatility": "volatility", "maximum drawdown": "max_drawdown"}
    for label, key in shown.items():
        (line,) = [line for line in lines if line.strip().startswith(label)]
        assert percentages(line) == [
            pytest.approx(100 * side[key], abs=0.0051) for side in (summary, summary["benchmark"])
        ]
    assert [line for line in lines if line.startswith("note: crude_oil: ")]


def test_growth_of_run_and_benchmark_is_shown_in_a_line_each(finished_run: tuple[Answer, Path]) -> None:
    """The last NAV of each follows blocks on one scale: the higher of the two ends in the highest block."""
    answer, report = finished_run
    lines = answer.out.splitlines()
    begin = lines.index("growth of 1, log scale")
    last = dict(zip(("erc", "60_40"), (report / "nav.csv").read_text().splitlines()[-1].split(",")[1:], strict=True))
    shown = {name: (blocks, end) for name, blocks, end in (line.split() for line in lines[begin + 1 : begin + 3])}
    assert {name: end for name, (_, end) in shown.items()} == {name: f"{float(nav):.2f}" for name, nav in last.items()}
    assert {len(blocks) for blocks, _ in shown.values()} == {48}
    assert shown[max(last, key=lambda name: float(last[name]))][0][-1] == "█"
    assert shown["erc"][0][0] == shown["60_40"][0][0]


@pytest.mark.usefixtures("without_figures")
def test_blocks_are_left_out_if_the_encoding_lacks_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command("run", REPOSITORY / "configs/60_40.yaml", "--output", "x", encoding="ascii")
    assert (answer.code, answer.err) == (0, "")
    assert "growth" not in answer.out
    assert answer.out.isascii()
    assert answer.out.splitlines()[-1] == "tearsheet: x/tearsheet.html"


def test_json_option_prints_only_the_summary(finished_run: tuple[Answer, Path], tmp_path: Path) -> None:
    """Scripts read only JSON on stdout; notes go to stderr, and the report is written too."""
    shown, report = finished_run
    answer = command("run", ERC, "--json", "--output", tmp_path / "x")
    assert answer.code == 0
    assert answer.out == (report / "summary.json").read_text(encoding="utf-8")
    assert answer.err.splitlines() == [line for line in shown.out.splitlines() if line.startswith("note: ")]
    assert contents(tmp_path / "x").keys() == contents(report).keys()


def test_a_run_writes_every_file_of_a_report(finished_run: tuple[Answer, Path]) -> None:
    _, report = finished_run
    assert {path.name for path in report.iterdir()} == {*FILES, "figures"}
    pictures = sorted((report / "figures").iterdir())
    assert {"growth", "drawdown", "weights"} <= {path.stem for path in pictures}
    begins = {".png": b"\x89PNG\r\n", ".svg": b"<svg "}
    assert all(path.read_bytes().startswith(begins[path.suffix]) for path in pictures)
    assert len(pictures) == 2 * len({path.stem for path in pictures})
    assert (report / "tearsheet.html").read_text().lower().startswith("<!doctype html>")
    for name in TABLES:
        header, *rows = (report / f"{name}.csv").read_text().splitlines()
        assert header.startswith("date,")
        dates = [row.partition(",")[0] for row in rows]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in dates)
        assert all(first < second for first, second in pairwise(dates))
    assert (report / "nav.csv").read_text().splitlines()[:2] == ["date,strategy,benchmark", "1989-01-31,1.0,1.0"]
    manifest = json.loads((report / "manifest.json").read_text())
    assert manifest["made_by"] == "risk-parity-backtest"
    assert manifest["config"]["name"] == "erc"
    assert manifest["config"]["benchmark"]["name"] == "60_40"
    assert re.fullmatch("[0-9a-f]{64}", manifest["data_sha256"])
    assert list(report.parent.iterdir()) == [report]  # no temporary files remain


def test_running_again_replaces_the_report_and_gives_the_same_bytes(
    finished_run: tuple[Answer, Path], tmp_path: Path
) -> None:
    first, report = finished_run
    again = tmp_path / "erc"  # as deep as the first: paths in a manifest are relative to its folder
    shutil.copytree(report, again)
    (again / "nav.csv").write_text("of an earlier run\n")
    (again / "no_longer_written.csv").write_text("of an earlier run\n")
    answer = command("run", ERC, "--output", again)
    assert answer.code == 0
    assert answer.out.splitlines()[:-1] == first.out.splitlines()[:-1]
    was, now = contents(report), contents(again)
    assert was.keys() == now.keys()
    same = [name for name in was if name.endswith(".csv") or name == "summary.json"]
    assert len(same) == len(TABLES) + 1
    assert [name for name in same if was[name] != now[name]] == []
    one, two = (json.loads(files["manifest.json"]) for files in (was, now))
    for manifest in (one, two):
        del manifest["environment"]
        del manifest["files"]["tearsheet.html"]  # its command has a path relative to the current folder
    assert one == two
    assert [path.name for path in again.parent.iterdir()] == ["erc"]


@pytest.mark.usefixtures("without_figures")
def test_without_output_the_report_is_named_after_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command("run", REPOSITORY / "configs" / "60_40.yaml")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "tearsheet: reports/60_40/tearsheet.html"
    assert (tmp_path / "reports" / "60_40" / "manifest.json").is_file()
    assert "benchmark" not in json.loads((tmp_path / "reports" / "60_40" / "summary.json").read_text())
    assert (tmp_path / "reports" / "60_40" / "nav.csv").read_text().startswith("date,strategy\n")


# 2. An interrupted run


@pytest.fixture
def earlier(tmp_path: Path, finished_run: tuple[Answer, Path]) -> Path:
    """Write an earlier report that differs from a new one."""
    report = tmp_path / "reports" / "erc"
    shutil.copytree(finished_run[1], report)
    (report / "nav.csv").write_text("of an earlier run\n")
    return report


@pytest.fixture
def usual_signals() -> Iterator[None]:
    """Signals have their usual effect, also where a shell has made them ignored, as for jobs in the background."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("usual_signals")
@pytest.mark.parametrize("cut", [RuntimeError, MemoryError, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_interrupted_at_its_figures_keeps_the_earlier_report(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, cut: type[BaseException] | signal.Signals
) -> None:
    """A fault of the program is raised, and too little memory is an error.

    TERM and HUP end a run as Ctrl-C does, and have their usual effect after it.
    """

    def stop(*_: Any, **__: Any) -> None:
        if not isinstance(cut, signal.Signals):
            raise cut
        os.kill(os.getpid(), cut)

    before = contents(earlier)
    monkeypatch.setattr("backtest.reporting.figures.run_figures.render_all", stop)
    if isinstance(cut, signal.Signals):
        assert command("run", ERC, "--output", earlier).code == 130
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    elif cut is MemoryError:
        assert command("run", ERC, "--output", earlier).code == 3
    else:
        with pytest.raises(cut):
            command("run", ERC, "--output", earlier)
    assert contents(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["erc"]


@pytest.mark.usefixtures("usual_signals")
def test_an_interrupt_that_compiled_code_swallows_still_ends_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler calls back into Python: an exception there is dropped, and the function is missing later."""

    def swallow(*_: Any, **__: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("no compiled object yet")

    monkeypatch.setattr("backtest.runs.pipeline.run_each", swallow)
    assert command("run", ERC, "--output", tmp_path / "x") == Answer(130, "", "")


@pytest.mark.usefixtures("usual_signals")
def test_an_interrupt_before_the_command_begins_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typer builds the commands, which takes 20 ms, before it waits for Ctrl-C."""
    monkeypatch.setattr("typer.main.get_command", lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert command("run", ERC) == Answer(130, "", "")


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("cut", [OSError, KeyboardInterrupt])
def test_a_run_interrupted_while_moving_its_report_keeps_the_earlier_report(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, cut: type[BaseException]
) -> None:
    """On systems without an atomic exchange, the earlier report is moved aside before the new one is in place."""
    monkeypatch.setattr("backtest.reporting.files.report_folder._exchange", lambda *_: False)
    rename = Path.rename
    before = contents(earlier)

    def stop(self: Path, target: Path) -> Path:
        if Path(target) == earlier and (self / "tearsheet.html").exists() and not self.name.startswith(".earlier"):
            raise cut
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stop)
    assert command("run", ERC, "--output", earlier).code != 0
    assert contents(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["erc"]


@pytest.mark.usefixtures("without_figures")
def test_a_killed_run_keeps_the_earlier_report_and_the_next_run_works(earlier: Path) -> None:
    before = contents(earlier)
    kill = (
        "import os, signal\n"
        "import backtest.reporting.files.report_files as files\n"
        "def stop(*_, **__):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.json_bytes = stop\n"
    )
    answer = in_a_process("run", str(ERC), "--output", str(earlier), cwd=earlier.parent, before=kill)
    assert answer.code == -9
    assert contents(earlier) == before
    assert len(list(earlier.parent.iterdir())) == 2
    assert command("run", ERC, "--output", earlier).code == 0
    assert contents(earlier) != before
    assert [path.name for path in earlier.parent.iterdir()] == ["erc"]


def test_a_bug_prints_its_traceback(tmp_path: Path) -> None:
    """The user cannot fix a bug, so its traceback is printed, and the exit code is 1."""
    fail = "def fail(*_, **__):\n    raise ZeroDivisionError('a bug')\n"
    bug = f"import backtest.runs.pipeline\n{fail}backtest.runs.pipeline.run_each = fail\n"
    answer = in_a_process("run", str(ERC), "--output", "x", cwd=tmp_path, before=bug)
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert "a bug" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("error", "code"), [("DataUnavailableError", 3), ("DataError", 2), ("ReportError", 2)])
def test_each_error_ends_with_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str, code: int
) -> None:
    from backtest import errors

    def fail(*_: Any, **__: Any) -> None:
        raise getattr(errors, error)("what it says")

    monkeypatch.setattr("backtest.runs.pipeline.run_each", fail)
    answer = command("run", ERC, "--output", tmp_path / "x")
    assert answer == Answer(code, "", "error: what it says\n")
