"""The page on the command line lists what the parser has, and what the variables and exit codes mean."""

import re
from pathlib import Path

import pytest
import typer

import backtest.errors
from backtest.cli import app
from backtest.cli.message_options import OPTIONS
from backtest.cli.repeat_commands import DIFFERENT
from backtest.data.cache.default_folders import folder_in
from backtest.data.data_settings import DataSettings
from backtest.data.fetch_series import access_for
from backtest.errors import BacktestError
from support.command_line import command, in_a_process

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/guide/command-line.md").read_text(encoding="utf-8")
CONFIG = ROOT / "configs/equal_weight.yaml"


def first_cells(heading: str) -> list[str]:
    """Return the first cell of each row of the table under a heading, without backticks."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [cell.strip("` ") for cell in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)[1:]]


def commands_of(group: typer.Typer) -> set[str]:
    """Return the names of all commands; a command of a group follows the group's name."""
    names = {str(command.name or getattr(command.callback, "__name__", "")) for command in group.registered_commands}
    inner = [(added.name, added.typer_instance) for added in group.registered_groups]
    return names | {f"{name} {below}" for name, app in inner if app is not None for below in commands_of(app)}


def test_the_page_lists_all_commands() -> None:
    shown = {" ".join(re.findall(r"(?<![\w\[])[a-z]+(?:-[a-z]+)*\b", cell)) for cell in first_cells("Commands")}
    assert shown == commands_of(app)


def test_the_page_lists_the_options_of_all_commands() -> None:
    assert first_cells("Messages") == [f"--{name}" for name in OPTIONS]


def test_the_page_lists_the_variables_that_the_code_reads() -> None:
    code = (ROOT / "backtest/data/cache/default_folders.py").read_text(encoding="utf-8")
    assert first_cells("Environment variables") == re.findall(r"^[A-Z]+ = .*\"(BACKTEST_\w+)\"", code, re.MULTILINE)


def test_the_page_lists_the_exit_codes_of_all_errors() -> None:
    errors = [value for value in vars(backtest.errors).values() if isinstance(value, type)]
    codes = {str(error.exit_code) for error in errors if issubclass(error, BacktestError)}
    assert set(first_cells("Exit codes")) == {"0", "1", "130", str(DIFFERENT), *codes}


def test_reports_are_written_to_the_folder_of_the_variable(tmp_path: Path) -> None:
    before = "import os\nos.environ['BACKTEST_REPORTS'] = 'mine'"
    answer = in_a_process("run", str(CONFIG), cwd=tmp_path, before=before)
    assert answer.out.splitlines()[-1] == "tearsheet: mine/equal_weight/tearsheet.html"
    assert (tmp_path / "mine/index.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_variable_of_the_cache_is_the_default_of_its_option(tmp_path: Path) -> None:
    before = "import os\nos.environ['BACKTEST_CACHE'] = 'mine'"
    assert in_a_process("data", "list", cwd=tmp_path, before=before).out.startswith("mine holds no series")
    assert command("data", "list", "--cache", tmp_path).out.startswith(f"{tmp_path.as_posix()} holds no series")


def test_a_folder_in_a_configuration_wins_over_the_variable_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtest.data.fetch_series.CACHE", Path("mine"))
    usual = DataSettings(source="sample", assets=("gold",), cash=0.0)
    other = usual.model_copy(update={"cache": "other"})
    assert access_for(usual).cache.client_folder("x").is_relative_to("mine")
    assert access_for(other).cache.client_folder("x").is_relative_to("other")


@pytest.mark.parametrize(("value", "folder"), [("~/mine", Path.home() / "mine"), ("", Path("reports"))])
def test_an_empty_variable_counts_as_unset(value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKTEST_REPORTS", value)
    assert folder_in("BACKTEST_REPORTS", "reports") == folder
