"""`schema`, `new strategy` and `init`: what they write runs at once, and nothing is overwritten."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from backtest.cli.project.json_schema import json_schema
from support.command_line import command
from support.patience import HANG

WRITTEN = ["configs/schema.json", "configs/calm.yaml", "strategies/calm.py", "tests/test_calm.py"]


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def run_tests(file: Path) -> None:
    """Call the two test functions of a file."""
    functions = [function for name, function in runpy.run_path(str(file)).items() if name.startswith("test_")]
    assert len(functions) == 2
    for function in functions:
        function()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_schema_prints_the_schema() -> None:
    answer = command("schema")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == json_schema()


def test_a_new_strategy_runs_and_its_test_passes(tmp_path: Path) -> None:
    answer = command("new", "strategy", "calm")
    assert (answer.code, answer.err) == (0, "")
    assert files_in(tmp_path) == sorted(WRITTEN)
    shown = answer.out.splitlines()
    assert sorted(shown[:4]) == sorted(f"wrote {name}" for name in WRITTEN)
    assert shown[4:] == ["run it: python -m backtest run calm", "test it: python -m pytest tests/test_calm.py"]
    run = command("run", "calm", "--json")
    assert (run.code, json.loads(run.out)["name"]) == (0, "calm")
    run_tests(tmp_path / "tests/test_calm.py")


def test_the_generated_test_notices_a_strategy_that_holds_too_little(tmp_path: Path) -> None:
    command("new", "strategy", "calm")
    file = tmp_path / "strategies/calm.py"
    text = file.read_text(encoding="utf-8").replace("/ calmness.sum()", "/ calmness.sum() / 2")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        run_tests(tmp_path / "tests/test_calm.py")


def test_generated_code_passes_ruff(tmp_path: Path) -> None:
    """In a project of the user. `mypy --strict` checks the files in `backtest/cli/project/first_project`."""
    command("new", "strategy", "calm")
    rules = ("--extend-select", "ANN,B,D,I,N,PT,PTH,RUF,SIM,UP", "--config", 'lint.pydocstyle.convention="google"')
    for words in (("check", *rules), ("format", "--check")):
        command_line = [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache"]
        ended = subprocess.run(command_line, cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False)
        assert ended.returncode == 0, ended.stdout


def test_init_sets_up_an_empty_folder(tmp_path: Path) -> None:
    """The folder is the root of its project, even below another one. Hidden files do not count."""
    (tmp_path / ".hidden").touch()
    answer = command("init")
    assert (answer.code, answer.err) == (0, "")
    names = [name.replace("calm", "my_strategy") for name in WRITTEN]
    assert files_in(tmp_path) == sorted([".hidden", "backtest.toml", *names])
    assert command("check", "my_strategy").code == 0


def test_init_refuses_a_folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    answer = command("init")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: this folder has notes.txt in it; expected an empty one. Hint: python -m backtest new strategy NAME\n"
    )
    assert files_in(tmp_path) == ["notes.txt"]


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_calm.py").touch()
    answer = command("new", "strategy", "calm")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: tests/test_calm.py: exists already, so nothing was written")
    assert files_in(tmp_path) == ["tests/test_calm.py"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Calm", "expected lower-case letters, digits and _, such as my_strategy"),
        ("my-strategy", "expected lower-case letters, digits and _, such as my_strategy"),
        ("../calm", "expected lower-case letters, digits and _, such as my_strategy"),
        ("class", "expected lower-case letters, digits and _, such as my_strategy"),
        ("erc", "a shipped strategy has this name; expected another one"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, words: str, tmp_path: Path) -> None:
    answer = command("new", "strategy", name)
    assert (answer.code, answer.out, answer.err) == (2, "", f"error: strategy {name}: {words}\n")
    assert files_in(tmp_path) == []
