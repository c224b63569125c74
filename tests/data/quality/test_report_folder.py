"""Report folders that cannot be written: a run is refused and leaves every file as it was."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.command_line import answer_of
from support.files.bad_files import assert_refused, changed, config_text, contents, good_lines, refusal_lines
from support.patience import HANG

# Folders that cannot be written


@pytest.fixture
def runnable(work: Path) -> Path:
    (work / "p.csv").write_text("\n".join(good_lines()) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))
    return work


def test_a_file_in_place_of_the_report_folder_is_refused(runnable: Path) -> None:
    (runnable / "file").write_text("mine")
    for output in (runnable / "file", runnable / "file" / "deep" / "er"):
        assert refusal_lines(runnable, output) == [
            f"{runnable / 'file'}: is a file; expected a folder for the report. Hint: choose another --output."
        ]


@pytest.mark.parametrize("manifest", [None, b"{}", b"[]", b"no JSON", b'{"made_by": "another program"}', b"\xff"])
def test_a_folder_that_is_not_a_report_is_never_replaced(runnable: Path, manifest: bytes | None) -> None:
    folder = runnable / "thesis"
    folder.mkdir()
    (folder / "chapter1.tex").write_text("years of work")
    if manifest is not None:
        (folder / "manifest.json").write_bytes(manifest)
    (line,) = refusal_lines(runnable, folder)
    assert line == (
        f"{folder}: holds files but no manifest.json of a report, so it is not replaced. "
        "Hint: choose another --output, or empty the folder."
    )


def test_the_current_folder_with_other_files_is_not_replaced(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runnable)
    for output in (".", "./", "reports/.."):
        assert "not replaced" in refusal_lines(runnable, Path(output))[0]


@pytest.mark.parametrize("problem", [errno.EACCES, errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_folder_that_cannot_be_written_is_refused_before_any_work(
    runnable: Path, monkeypatch: pytest.MonkeyPatch, problem: int
) -> None:
    """File modes do not stop root, who may run these tests, so the error of the system is simulated."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(problem, os.strerror(problem))

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the data were read for nothing")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr("backtest.runs.pipeline.run_each", never)
    output = runnable / "reports" / "new"
    assert refusal_lines(runnable, output) == [
        f"{output}: cannot be written ({os.strerror(problem)}). Hint: choose another --output."
    ]


def test_a_name_too_long_for_file_systems_is_refused(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtest.runs.pipeline.run_each", None)
    for output in (
        runnable / ("x" * 300),
        runnable / "new" / ("x" * 300) / "deep",
        runnable / "/".join(["x" * 200] * 25),
    ):
        (line,) = refusal_lines(runnable, output)
        assert line.endswith(": cannot be written (File name too long). Hint: choose another --output.")


def test_a_full_disk_leaves_the_earlier_report(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "summary.json":
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    output = runnable / "reports" / "mine"
    assert refusal_lines(runnable, output) == [
        f"{output}: cannot be written (No space left on device). Hint: choose another --output."
    ]


# The command line in a process of its own


@pytest.mark.parametrize("what", ["data", "configuration", "folder"])
def test_errors_in_a_separate_process(work: Path, what: str) -> None:
    lines = changed(10, "2015-10-31,0,100,100")() if what == "data" else good_lines()
    (work / "p.csv").write_text("\n".join(lines) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv", window="1" if what == "configuration" else "12"))
    if what == "folder":
        (work / "reports" / "mine" / "manifest.json").unlink()
    before = contents(work)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "backtest", "run", "mine.yaml"],
        cwd=work, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    answer = answer_of(ended.returncode, ended.stdout, ended.stderr)
    assert_refused(answer)
    assert len(answer.err.splitlines()) == 1
    begin = {"data": "error: p.csv:11: ", "configuration": "error: mine.yaml:7:22: ", "folder": "error: reports/mine: "}
    assert answer.err.startswith(begin[what])
    assert contents(work) == before
