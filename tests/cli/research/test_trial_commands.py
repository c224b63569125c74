"""`trials`: each run of a project is listed once by its rule, and its reports say how many were tried."""

import json
import re
import shutil
from pathlib import Path

import pytest

from support.command_line import Answer, command
from support.files.small_run import without_figures, write_small_config


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three rules that were run on the same assets, one of them twice."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "backtest.toml").touch()
    write_small_config(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("mine.yaml", "--output", "outside")
        patch.delenv("BACKTEST_TRIALS")
        run("mine.yaml", "--output", "first")
        run("mine.yaml", "--output", "second", "--set", "leverage.multiple=1.2")
        run("mine.yaml", "--json", "--name", "third", "--set", "leverage.multiple=1.8")
        run("mine.yaml", "--output", "again")
    return folder


@pytest.fixture(autouse=True)
def _in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("BACKTEST_TRIALS")


@pytest.fixture
def copy(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, for a test that adds to its ledger."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Answer:
    answer = without_figures("run", *arguments)
    assert answer.code == 0, answer.err
    return answer


def lines(project: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (project / ".backtest/trials.jsonl").read_text("utf-8").splitlines()]


def test_every_run_has_a_line(project: Path) -> None:
    recorded = lines(project)
    assert [line["name"] for line in recorded] == ["mine", "mine", "third", "mine"]
    assert len({str(line["rule"]) for line in recorded}) == 3
    assert {line["universe"] for line in recorded} == {"=gold, bonds, stocks"}


def test_the_page_says_how_many_rules_were_tried(project: Path) -> None:
    first, again, outside = (
        (project / name / "tearsheet.html").read_text("utf-8") for name in ("first", "again", "outside")
    )
    assert 'id="trials"' not in first, "the first rule was not chosen among others"
    assert "3 rules have been tried on these assets in this project" in again
    assert "ledger of trials is off" in outside


@pytest.mark.parametrize("name", ["first", "again"])
def test_tables_and_summary_do_not_depend_on_the_ledger(project: Path, name: str) -> None:
    for file in (project / "outside").iterdir():
        if file.suffix in {".csv", ".json"} and file.name != "manifest.json":
            assert (project / name / file.name).read_bytes() == file.read_bytes()


def test_a_replay_is_identical_and_is_no_trial(project: Path) -> None:
    before = lines(project)
    assert command("replay", "again").out.startswith("again: identical")
    assert lines(project) == before


def test_the_list_has_a_row_for_each_rule() -> None:
    answer = command("trials", "list")
    rows = [line.split() for line in answer.out.splitlines() if "2010-2014" in line]
    assert [(row[0], row[-3]) for row in rows] == [("mine", "2"), ("mine", "1"), ("third", "1")]
    assert answer.err == ""


def test_a_comparison_has_the_deflated_sharpe_ratio_of_each_strategy(copy: Path) -> None:
    write_small_config(copy, "other", leverage={"multiple": 1.2})
    answer = without_figures("compare", "mine.yaml", "other.yaml", "--output", "compared")
    assert answer.code == 0, answer.err
    page = (copy / "compared/comparison.html").read_text("utf-8")
    assert re.search(r"deflated Sharpe ratio; .* 2014\): mine [\d.]+%, 3 rules; other [\d.]+%, 3 rules\.", page)
    assert [line["name"] for line in lines(copy)[4:]] == ["mine", "other"]


def test_the_ledger_is_switched_off_and_on(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lines(copy)
    assert command("trials", "off").out.endswith(" is off\n")
    run("mine.yaml", "--json")
    assert lines(copy) == before
    assert command("trials", "list").out.endswith("the ledger is off: runs are not recorded\n")
    assert command("trials", "on").out.endswith(" is on\n")
    monkeypatch.setenv("BACKTEST_TRIALS", "off")
    assert command("trials", "on").out.endswith("BACKTEST_TRIALS=off turns it off here\n")


def test_an_edited_ledger_is_a_note_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "backtest.toml").touch()
    (tmp_path / ".backtest").mkdir()
    (tmp_path / ".backtest/trials.jsonl").write_text("{}\n")
    write_small_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    answer = without_figures("run", "mine.yaml", "--output", "done")
    assert answer.code == 0
    assert "trials.jsonl: line 1 is not a trial, so it was edited or damaged" in answer.err
    assert command("trials", "reset").out.startswith("the trials so far are in ")
    assert "holds no trial. Hint: python -m backtest run CONFIG" in command("trials", "list").out
    assert command("trials", "reset").out == "there were no trials\n"


def test_outside_a_project_there_is_no_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command("trials", "list")
    assert answer.code == 2
    assert "not in a project, so there is no ledger of trials; expected one of backtest.toml" in answer.err


def test_the_candidates_of_a_walk_forward_and_its_path_are_trials(copy: Path) -> None:
    """A candidate is the rule that it is in a sweep, over the dates of the path."""
    vary, before = ("--vary", "leverage.multiple=[1.1, 1.3]"), len(lines(copy))
    answer = command("walk-forward", "mine.yaml", *vary, "--set", "walk_forward.window=2Y", "--json")
    assert answer.code == 0, answer.err
    added = lines(copy)[before:]
    command("sweep", "mine.yaml", *vary, "--json")
    assert [line["name"] for line in added] == ["mine 0", "mine 1", "mine_walk_forward"]
    assert [line["rule"] for line in added[:2]] == [line["rule"] for line in lines(copy)[before + 3 :]]
    assert len({line["start"] for line in added}) == 1


def test_each_run_of_a_sweep_is_a_trial(copy: Path) -> None:
    """A run that fails is not one."""
    before = lines(copy)
    answer = command(
        "sweep", "mine.yaml", "--vary", "leverage.multiple=[1.1, 1.3]", "--vary", "costs.trading_bps=[5, 9000]"
    )
    assert answer.code == 0, answer.err
    added = lines(copy)[len(before) :]
    stored = json.loads(
        command("sweep", "mine.yaml", "--vary", "leverage.multiple=[1.1]", "--output", "x", "--json").out
    )
    assert {line["universe"] for line in added} == {"=gold, bonds, stocks"}
    assert len({str(line["rule"]) for line in added}) == len(added) >= 2
    assert stored["best"][0]["sharpe"] in [line["sharpe"] for line in lines(copy)]
