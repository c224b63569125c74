"""The ledger keeps every trial, notices edits, and never stops a run."""

import hashlib
import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from backtest.trials.trial_ledger import TrialLedger
from support.builders.made_trials import made_trial

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrialLedger:
    monkeypatch.delenv("BACKTEST_TRIALS")
    (tmp_path / "backtest.toml").touch()
    found = TrialLedger.near(tmp_path)
    assert found is not None
    return found


def notes_of(ledger: TrialLedger, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Read a ledger, and return what it logs."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "backtest"):
        ledger.read()
    return [record.getMessage() for record in caplog.records]


def edit(ledger: TrialLedger, *lines: bytes | None) -> None:
    """Replace lines of the file from the first on; None leaves a line as it is."""
    before = ledger.path.read_bytes().split(b"\n")
    after = [old if new is None else new for old, new in zip(before, lines, strict=False)]
    ledger.path.write_bytes(b"\n".join([*after, *before[len(lines) :]]))


def test_trials_come_back_in_order(ledger: TrialLedger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.append([made_trial(1)])
    ledger.append([made_trial(2), made_trial(3, sharpe=None)])
    assert [trial.name for trial in ledger.read()] == ["rule 1", "rule 2", "rule 3"]
    assert ledger.read()[2].model_copy(update={"before": ""}) == made_trial(3, sharpe=None)
    assert notes_of(ledger, caplog) == []


def test_each_line_has_the_hash_of_the_line_before(ledger: TrialLedger) -> None:
    ledger.append([made_trial(1), made_trial(2)])
    ledger.append([made_trial(3)])
    lines = ledger.path.read_bytes().splitlines()
    before = [json.loads(line)["before"] for line in lines]
    assert before == ["", *(hashlib.sha256(line).hexdigest() for line in lines[:-1])]


def test_the_root_of_the_project_has_the_ledger(ledger: TrialLedger, tmp_path: Path) -> None:
    (tmp_path / "configs/etf").mkdir(parents=True)
    assert TrialLedger.near(tmp_path / "configs/etf") == ledger
    assert ledger.path == tmp_path.resolve() / ".backtest/trials.jsonl"
    (tmp_path / "backtest.toml").unlink()
    assert TrialLedger.near(tmp_path / "configs") is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((None, b"{}"), "line 2 is not a trial (and 1 more)"),
        ((None, b"\xff"), "line 2 is not a trial (and 1 more)"),
        ((None, b""), "line 2 is not a trial (and 1 more)"),
        ((made_trial(9).model_dump_json().encode(),), "line 2 does not follow the line before it,"),
        ((None, None, made_trial(9).model_dump_json().encode()), "line 3 does not follow the line before it,"),
    ],
)
def test_an_edited_line_is_reported_and_the_others_count(
    ledger: TrialLedger, caplog: pytest.LogCaptureFixture, change: tuple[bytes | None, ...], expected: str
) -> None:
    ledger.append([made_trial(1), made_trial(2), made_trial(3)])
    edit(ledger, *change)
    (note,) = notes_of(ledger, caplog)
    assert expected in note
    assert "Hint: python -m backtest trials reset" in note
    ledger.append([made_trial(4)])
    assert notes_of(ledger, caplog) == [note], "new trials follow the damaged ones"
    assert ledger.read()[-1].name == "rule 4"


def test_a_removed_line_is_noticed(ledger: TrialLedger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.append([made_trial(1), made_trial(2), made_trial(3)])
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(lines[0] + lines[2])
    (note,) = notes_of(ledger, caplog)
    assert "line 2 does not follow the line before it" in note


def test_a_line_that_was_cut_off_is_ended_before_the_next(
    ledger: TrialLedger, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that is killed, or a full disk, may leave half a line."""
    ledger.append([made_trial(1), made_trial(2)])
    ledger.path.write_bytes(ledger.path.read_bytes()[:-20])
    assert [trial.name for trial in ledger.read()] == ["rule 1"]
    ledger.append([made_trial(3)])
    assert [trial.name for trial in ledger.read()] == ["rule 1", "rule 3"]
    (note,) = notes_of(ledger, caplog)
    assert "line 2 is not a trial," in note


def test_threads_lose_no_line(ledger: TrialLedger, caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ledger.append([made_trial(number), made_trial(number)]), range(24)))
    assert len(ledger.read()) == 48
    assert notes_of(ledger, caplog) == []


def test_processes_lose_no_line(ledger: TrialLedger, caplog: pytest.LogCaptureFixture) -> None:
    code = (
        "import sys; from pathlib import Path; from backtest.trials.trial_ledger import TrialLedger\n"
        "from support.builders.made_trials import made_trial\n"
        "for number in range(20): TrialLedger(Path(sys.argv[1])).append([made_trial(number)])"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    other = subprocess.Popen([sys.executable, "-c", code, ledger.root], env=environment)
    here = 0
    while other.poll() is None:
        ledger.append([made_trial(here)])
        here += 1
        with suppress(subprocess.TimeoutExpired):
            other.wait(0.005)  # leaves the processor to the other process
    assert other.returncode == 0
    assert len(ledger.read()) == here + 20
    assert notes_of(ledger, caplog) == []


def test_a_ledger_that_is_off_is_not_written(ledger: TrialLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.switch(on=False)
    ledger.append([made_trial(1)])
    assert ledger.is_off
    assert not ledger.path.exists()
    ledger.switch(on=True)
    ledger.switch(on=True)
    assert not ledger.is_off
    monkeypatch.setenv("BACKTEST_TRIALS", "off")
    assert ledger.is_off
    ledger.append([made_trial(1)])
    assert not ledger.path.exists()


def test_a_reset_begins_a_new_ledger_and_keeps_the_old_file(
    ledger: TrialLedger, caplog: pytest.LogCaptureFixture
) -> None:
    assert ledger.reset() is None
    ledger.append([made_trial(1)])
    kept = ledger.reset()
    assert kept is not None
    assert b"rule 1" in kept.read_bytes()
    assert ledger.read() == []
    ledger.append([made_trial(2)])
    assert [trial.name for trial in ledger.read()] == ["rule 2"]
    assert notes_of(ledger, caplog) == []


def test_a_folder_that_cannot_be_written_is_a_message_for_debugging(
    ledger: TrialLedger, caplog: pytest.LogCaptureFixture
) -> None:
    """A file in place of the folder fails for every user; a read-only folder does not fail for the administrator."""
    (ledger.root / ".backtest").touch()
    with caplog.at_level(logging.DEBUG, "backtest"):
        ledger.append([made_trial(1)])
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert "the run is not recorded" in record.getMessage()
    assert ledger.read() == []


def test_a_pipe_in_place_of_the_file_does_not_hang(ledger: TrialLedger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.path.parent.mkdir()
    os.mkfifo(ledger.path)
    ledger.append([made_trial(1)])
    (note,) = notes_of(ledger, caplog)
    assert "cannot be read (it is not a file)" in note


def test_a_process_that_holds_the_lock_too_long_does_not_stop_a_run(
    ledger: TrialLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtest.trials.trial_ledger._SECONDS", 0.0)
    ledger.path.parent.mkdir()
    with FileLock(ledger.path.with_name("trials.lock")):
        ledger.append([made_trial(1)])
    assert not ledger.path.exists()
