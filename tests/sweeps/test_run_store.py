"""The folder of a sweep: what survives an interruption, what is resumed, and what is never replaced."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import backtest as bt
from backtest.errors import ReportError
from backtest.sweeps.sweep_numbers import GroupRuns

CONFIG = Path(__file__).parents[2] / "configs/erc.yaml"
GRID = {"estimation.window": ["2Y", "3Y", "4Y"], "costs.trading_bps": [5, 50]}


class InterruptedForTestError(Exception):
    """In place of a signal."""


def interrupt_after(runs: int) -> Any:
    def on_runs(done: int, total: int) -> None:
        assert total == 6
        if done >= runs:
            raise InterruptedForTestError

    return on_runs


def begin(folder: Path, runs: int, **options: Any) -> None:
    with pytest.raises(InterruptedForTestError):
        bt.sweep(CONFIG, GRID, folder=folder, workers=1, on_runs=interrupt_after(runs), **options)


@pytest.fixture
def undisturbed() -> pd.DataFrame:
    return bt.sweep(CONFIG, GRID).frame


def test_a_sweep_is_resumed_after_each_group_and_nothing_is_repeated(
    tmp_path: Path, undisturbed: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, prepared = tmp_path / "sweep", []
    prepare = GroupRuns.prepare

    def counted(self: Any, group: Any) -> Any:
        prepared.append(len(group.runs))
        return prepare(self, group)

    monkeypatch.setattr(GroupRuns, "prepare", counted)
    begin(folder, 2)
    assert len(pd.read_parquet(folder / "parts")) == 2
    begin(folder, 4, resume=True)
    found = bt.sweep(CONFIG, GRID, folder=folder, resume=True)
    assert prepared == [2, 2, 2]
    pd.testing.assert_frame_equal(found.frame, undisturbed, check_exact=True)
    stored = pd.read_parquet(folder / "runs.parquet")
    assert stored["sharpe"].tolist() == undisturbed["sharpe"].tolist()
    assert sorted(file.name for file in folder.iterdir()) == ["manifest.json", "runs.parquet", "sweep.html"]
    assert json.loads((folder / "manifest.json").read_text())["finished"] is True


def test_a_half_written_part_is_not_a_part(tmp_path: Path, undisturbed: pd.DataFrame) -> None:
    folder = tmp_path / "sweep"
    begin(folder, 2)
    (folder / "parts/.000001.parquet.77").write_bytes(b"half of a fil")
    found = bt.sweep(CONFIG, GRID, folder=folder, resume=True)
    pd.testing.assert_frame_equal(found.frame, undisturbed, check_exact=True)


def test_a_finished_sweep_is_resumed_without_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bt.sweep(CONFIG, GRID, folder=tmp_path)
    monkeypatch.setattr(GroupRuns, "prepare", None)
    again = bt.sweep(CONFIG, GRID, folder=tmp_path, resume=True)
    pd.testing.assert_frame_equal(again.frame, first.frame, check_exact=True)


def test_errors_survive_in_the_table(tmp_path: Path) -> None:
    grid = {"estimation.window": ["3Y", "90Y"]}
    first = bt.sweep(CONFIG, grid, folder=tmp_path)
    again = bt.sweep(CONFIG, grid, folder=tmp_path, resume=True)
    assert again.numbers.errors == first.numbers.errors
    assert list(again.numbers.errors) == [1]


@pytest.mark.parametrize(
    ("earlier", "options", "message"),
    [
        ("unfinished", {}, "holds an unfinished sweep. Hint: --resume continues it, --replace removes it"),
        ("other", {}, "holds a sweep of other settings. Hint: --replace, or another --output"),
        ("other", {"resume": True}, "holds a sweep of other settings or of another version, which cannot be resumed"),
        ("nothing", {"resume": True}, "there is no sweep to resume"),
        ("files", {"replace": True}, "holds thesis.txt, which is no sweep"),
        ("broken", {"resume": True}, "cannot be read"),
        ("locked", {"resume": True}, "another process writes this sweep"),
    ],
)
def test_an_earlier_sweep_is_not_lost(earlier: str, options: dict[str, Any], message: str, tmp_path: Path) -> None:
    locked = None
    if earlier in ("unfinished", "broken", "locked"):
        begin(tmp_path, 2)
    if earlier == "other":
        bt.sweep(CONFIG, {"costs.trading_bps": [1]}, folder=tmp_path)
    if earlier == "files":
        (tmp_path / "thesis.txt").write_text("x")
    if earlier == "broken":
        next((tmp_path / "parts").glob("*.parquet")).write_bytes(b"PAR1 and no more")
    if earlier == "locked":
        from filelock import FileLock

        locked = FileLock(tmp_path / ".lock")
        locked.acquire()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(ReportError, match=message):
        bt.sweep(CONFIG, GRID, folder=tmp_path, **options)
    assert {path: path.read_bytes() for path in before} == before
    assert earlier not in ("other", "nothing", "files") or not (tmp_path / "parts").exists()
    if locked is not None:
        locked.release()


def test_replace_begins_again(tmp_path: Path, undisturbed: pd.DataFrame) -> None:
    begin(tmp_path, 2)
    found = bt.sweep(CONFIG, GRID, folder=tmp_path, replace=True)
    pd.testing.assert_frame_equal(found.frame, undisturbed, check_exact=True)
