"""`--quiet`, `--debug` and `--traceback`, which every command has."""

import re
from pathlib import Path

import pytest
import typer.main

from backtest.cli import app
from backtest.cli.data_commands import app as data_app
from backtest.cli.project.project_commands import new
from support.command_line import command

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = REPOSITORY / "configs/all_weather.yaml"
FAILING = """
from backtest.strategy import MarketView, Strategy


class Failing(Strategy):
    def target_weights(self, view: MarketView) -> dict[str, float]:
        raise ValueError("https://someone:secret@example.com/")
"""


COMMANDS = [registered for group in (app, data_app, new) for registered in group.registered_commands]


@pytest.mark.parametrize("registered", COMMANDS, ids=lambda registered: registered.name)
def test_every_command_has_the_options(registered: typer.models.CommandInfo) -> None:
    alone = typer.Typer()
    alone.registered_commands.append(registered)
    options = {option for parameter in typer.main.get_command(alone).params for option in parameter.opts}
    assert {"--quiet", "--debug", "--traceback"} <= options


def test_debug_logs_the_time_of_each_step(tmp_path: Path) -> None:
    usual = command("run", CONFIG, "--output", tmp_path / "x")
    answer = command("run", CONFIG, "--output", tmp_path / "x", "--debug")
    assert (answer.code, answer.out) == (0, usual.out)
    steps = re.findall(r"^debug: (.+): \d+\.\d{3} s$", answer.err, re.MULTILINE)
    assert steps == ["configuration", "data", "benchmark", "strategy", "figures", "files", "in all"]
    assert "debug" not in usual.err


def test_quiet_prints_results_without_notes() -> None:
    usual, quiet = command("run", CONFIG, "--json"), command("run", CONFIG, "--json", "--quiet")
    assert usual.err.startswith("note: ")
    assert (quiet.code, quiet.out, quiet.err) == (0, usual.out, "")


def test_quiet_prints_no_notes_between_results(tmp_path: Path) -> None:
    usual = command("run", CONFIG, "--output", tmp_path / "x").out.splitlines()
    quiet = command("run", CONFIG, "--output", tmp_path / "x", "--quiet").out.splitlines()
    assert quiet == [line for line in usual if not line.startswith("note: ")]
    assert quiet != usual


def test_quiet_and_debug_are_refused_together() -> None:
    answer = command("strategies", "--quiet", "--debug")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: --quiet and --debug cannot be combined; expected one of them\n"


def test_traceback_shows_the_line_of_own_code_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies/failing.py").write_text(FAILING, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        "data: {source: sample, assets: [gold, us_stocks], cash: us_tbill}\nname: mine\nstrategy: failing\n"
    )
    usual, shown = command("run", tmp_path / "mine.yaml"), command("run", tmp_path / "mine.yaml", "--traceback")
    assert (usual.code, usual.out, shown.code, shown.out) == (2, "", 2, "")
    (error,) = usual.err.splitlines()
    assert shown.err.splitlines()[0] == "Traceback (most recent call last):"
    assert shown.err.splitlines()[-1] == error
    assert 'failing.py", line 7, in target_weights' in shown.err
    assert "secret" not in shown.err
