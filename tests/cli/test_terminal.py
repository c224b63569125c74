"""Output on a terminal, and the options of every command that choose which messages are printed."""

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer.main

from backtest.cli import app
from backtest.cli import terminal as terminal_writing
from backtest.cli.data_commands import app as data_app
from backtest.cli.project.project_commands import new
from support.command_line import command


def test_a_line_of_blocks_is_exact_on_a_log_scale() -> None:
    """Eight doublings are eight blocks; the other line, of three values, ends half way up."""
    dates = pd.date_range("2000-12-31", periods=8, freq="YE")
    navs = [("doubles", pd.Series(2.0 ** np.arange(8), dates)), ("a", pd.Series([1.0, 1.0, 8.0], dates[:3]))]
    assert terminal_writing.sparklines(navs).splitlines() == [
        "growth of 1, log scale",
        "  doubles  ▁▂▃▄▅▆▇█ 128.00",
        "  a        ▁▁▄ 8.00",
    ]
    ruined = [("lost", pd.Series([1.0, 0.5, 0.0], dates[:3]))]
    assert terminal_writing.sparklines(ruined) == "growth of 1\n  lost  █▅▁ 0.00"
    still = [("still", pd.Series([1.0, 1.0], dates[:2]))]
    assert terminal_writing.sparklines(still).splitlines()[1] == "  still  ▅▅ 1.00"


def test_a_line_of_blocks_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    nav = pd.Series(np.linspace(1, 2, 300), pd.date_range("2000-12-31", periods=300, freq="ME"))
    _, line = terminal_writing.sparklines([("levered_erc", nav)]).splitlines()
    assert len(line) == 40


def test_text_on_a_terminal_breaks_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No word, number or path is cut, and text that is piped stays in one line."""
    note = "financing.maintenance_margin is 0.25, but 2020-01-02 is before reports/of_a_name/tearsheet.html"
    terminal_writing.write(note)
    assert capsys.readouterr().out == f"{note}\n"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    terminal_writing.write(note, indent=6)
    first, *others = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in (first, *others)) <= 40
    assert all(line.startswith(6 * " ") for line in others)
    assert " ".join([first, *map(str.strip, others)]) == note


class Terminal:
    """A stderr that claims to be a terminal, and records what is written."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("slow", [False, True])
def test_progress_bar_appears_only_on_a_terminal_and_after_a_while(monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    """The timer expires at once, or never."""

    class Timer(threading.Thread):
        def __init__(self, _: float, show: Callable[[], None]) -> None:
            super().__init__(target=show if slow else lambda: None)

        def start(self) -> None:
            super().start()
            self.join()

        def cancel(self) -> None:
            pass

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(threading, "Timer", Timer)
    with terminal_writing.progress(["one", "two"]) as step:
        step("two")
    assert ("two" in terminal.written) is slow


# `--quiet`, `--debug` and `--traceback`

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


@pytest.mark.usefixtures("without_figures")
def test_debug_logs_the_time_of_each_step(tmp_path: Path) -> None:
    usual = command("run", CONFIG, "--output", tmp_path / "x")
    answer = command("run", CONFIG, "--output", tmp_path / "x", "--debug")
    assert (answer.code, answer.out) == (0, usual.out)
    steps = re.findall(r"^debug: (.+): \d+\.\d{3} s$", answer.err, re.MULTILINE)
    assert steps == ["configuration", "data", "benchmark", "strategy", "figures", "files", "in all"]
    assert "debug" not in usual.err


@pytest.mark.usefixtures("without_figures")
def test_quiet_prints_results_without_notes() -> None:
    usual, quiet = command("run", CONFIG, "--json"), command("run", CONFIG, "--json", "--quiet")
    assert usual.err.startswith("note: ")
    assert (quiet.code, quiet.out, quiet.err) == (0, usual.out, "")


@pytest.mark.usefixtures("without_figures")
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
