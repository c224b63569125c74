"""Configurations on the command line: files, names, standard input, and options that replace settings."""

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

import backtest as bt
from backtest.cli.chosen_configs import in_command, overrides_of
from support.command_line import Answer, command

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with the shipped configurations."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summaries(answer: Answer) -> list[dict[str, object]]:
    assert (answer.code, [line for line in answer.err.splitlines() if not line.startswith("note: ")]) == (0, [])
    printed = json.loads(answer.out)
    return printed if isinstance(printed, list) else [printed]


@pytest.mark.usefixtures("without_figures")
def test_several_configurations_are_run_and_reported(here: Path) -> None:
    """Each has its report, with the command that repeats it; options apply to all of them."""
    answer = command("run", "erc", "configs/60_40.yaml", "--set", "estimation.window=5Y", "--start", "2000-01-01")
    assert (answer.code, answer.err) == (0, "")
    pages = [line for line in answer.out.splitlines() if line.startswith("tearsheet: ")]
    assert pages == ["tearsheet: reports/erc/tearsheet.html", "tearsheet: reports/60_40/tearsheet.html"]
    for name, given in (("erc", "erc"), ("60_40", "configs/60_40.yaml")):
        manifest = json.loads((here / "reports" / name / "manifest.json").read_text("utf-8"))
        assert manifest["config"]["estimation"]["window"] == "5Y"
        assert manifest["config"]["start"] == "2000-01-01"
        page = (here / "reports" / name / "tearsheet.html").read_text("utf-8")
        assert f"python -m backtest run {given} --set estimation.window=5Y --start 2000-01-01" in page


def test_json_prints_numbers_and_writes_nothing(here: Path) -> None:
    """Unless --output says where."""
    options = ("--json", "--set", "estimation.window=24", "--set", "financing={spread_bps: 80}")
    (one,) = summaries(command("run", "erc", *options))
    assert one == json.loads(json.dumps(one))
    expected = bt.run("configs/erc.yaml", {"estimation.window": 24, "financing": {"spread_bps": 80}}).summary()
    assert (one["sharpe"], one["start"]) == (expected["sharpe"], expected["start"])
    assert not (here / "reports").exists()
    both = summaries(command("run", "erc", "60_40", "--json", "--end", "2000-12-31"))
    assert [(each["name"], each["end"]) for each in both] == [("erc", "2000-12-31"), ("60_40", "2000-12-31")]


@pytest.mark.usefixtures("without_figures")
def test_a_name_is_the_reports(here: Path) -> None:
    assert command("run", "erc", "--name", "erc_80", "--set", "financing.spread_bps=80").code == 0
    assert (here / "reports" / "erc_80" / "summary.json").exists()


def test_standard_input_is_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its paths are relative to the current folder; a text without a name is named after its strategy."""
    text = "extends: configs/erc.yaml\nname: piped\nestimation: {window: 24}\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    (one,) = summaries(command("run", "-", "--json"))
    assert one["name"] == "piped"
    monkeypatch.setattr(sys, "stdin", io.StringIO("name: [\n"))
    assert command("run", "-", "--json").err.startswith("error: -:2:1: not YAML")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{text}name: again\n"))
    assert command("run", "-", "--json").err == "error: -:4:1: name: appears twice; expected each setting once\n"


def test_comparisons_and_break_evens_take_the_same_options() -> None:
    compared = command("compare", "60_40", "erc", "--json", "--start", "2000-01-01", "--set", "costs.trading_bps=0")
    assert compared.code == 0
    assert json.loads(compared.out)["start"] == "2000-01-31"
    solved = command("breakeven", "levered_erc", "--json", "--end", "2005-12-31")
    assert json.loads(solved.out)["end"] == "2005-12-31"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "erk"), "erk: no such file. Did you mean configs/erc.yaml?"),
        (("run", "configs/er.yaml"), "configs/er.yaml: no such file. Did you mean configs/erc.yaml?"),
        (("compare", "erc", "all_wether"), "all_wether: no such file. Did you mean configs/all_weather.yaml?"),
        (("run", "zzz"), "zzz: no such file."),
        (("run", "erc", "--set", "window"), "--set window: expected NAME=VALUE, such as estimation.window=3Y"),
        (("run", "erc", "--set", "=3"), "--set =3: expected NAME=VALUE, such as estimation.window=3Y"),
        (("run", "erc", "--set", "a=1", "--set", "a=2"), "--set a: given twice; expected each setting once"),
        (("run", "erc", "--set", "name=[1"), "--set name:1:10: not YAML: "),
        (("run", "erc", "--set", "name=x\nstart: 5"), "--set name: got 'x\\nstart: 5'; expected one value"),
        (("run", "erc", "--set", "estimation.windw=3"), "overrides: estimation.windw: unknown setting; estimation acc"),
        (("run", "erc", "--start", "soon"), "overrides: start: got 'soon', expected a date such as 2012-12-31"),
        (("run", "erc", "60_40", "--name", "x"), "--name with 2 configurations; expected one, or no --name"),
        (("run", "erc", "60_40", "--output", "x"), "--output with 2 configurations; expected one, or no --output"),
        (("run", "erc", "configs/erc.yaml"), "erc and configs/erc.yaml are both named erc; expected a different `name"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], words: str, here: Path) -> None:
    answer = command(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {words}")
    assert not (here / "reports").exists()


def test_values_are_read_as_yaml() -> None:
    given = overrides_of(["a=NO", "b=1e-4", "c=[x, 2]", "d={gold: 0.5}", "e=", "f=a=b", "g='60'"])
    assert given == {
        "a": "NO", "b": 1e-4, "c": ["x", 2], "d": {"gold": 0.5}, "e": None, "f": "a=b", "g": "60",
    }  # fmt: skip


def test_a_repeated_command_has_no_secret(here: Path) -> None:
    settings = ["data.path=https://user:secret@127.0.0.1/a.csv?token=secret", "name=a b"]
    words = in_command("run", [here / "configs" / "erc.yaml"], settings, start=None, name="x")
    assert words.startswith("python -m backtest run configs/erc.yaml --set ")
    assert words.endswith(" --set 'name=a b' --name x")
    assert "secret" not in words


# Shell completion


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("backtest run erc", ["erc", "erc_expected_shortfall"]),
        ("backtest check lever", ["levered_erc", "levered_erc_futures"]),
        (
            "backtest run erc --set rebalance.bands.a",
            ["rebalance.bands.absolute=", "rebalance.bands.also_on_schedule="],
        ),
        ("backtest da", ["data"]),
    ],
)
def test_shells_complete_commands_configurations_and_settings(
    words: str, offered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__package__", "")  # else click takes pytest for the program
    monkeypatch.setenv("_BACKTEST_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    answer = command()
    assert (answer.code, answer.out.split()) == (0, offered)
