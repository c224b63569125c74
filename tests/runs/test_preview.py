"""`check`: settings, dates, assets and expected time of a configuration, without a simulation."""

import re
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

import backtest as bt
from backtest.cli.check_command import in_words
from backtest.config import load_config
from support.command_line import command

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIGS = REPOSITORY / "configs"


def test_check_shows_what_the_run_then_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, dates, assets and notes are the run's own, and nothing is simulated."""
    result = bt.run(CONFIGS / "levered_erc.yaml")
    first, last, targets, notes = *(f"{result.nav.index[at]:%F}" for at in (0, -1)), result.target_weights, result.notes
    monkeypatch.setattr("backtest.runs.plan.path_of", None)  # the simulation
    answer = command("check", CONFIGS / "levered_erc.yaml")
    assert (answer.code, answer.err) == (0, "")
    settings, _, rest = answer.out.partition("\n\n")
    shown = YAML(typ="safe", pure=True).load(settings)
    assert shown == load_config(CONFIGS / "levered_erc.yaml").resolved()
    lines = [line.strip() for line in rest.splitlines()]
    assert f"first decision: {targets.index[0]:%F}" in lines
    assert f"run: {first} to {last}, {len(targets)} decisions" in lines
    assert "data: monthly, 1986-01-31 to 2012-12-31, 324 dates" in lines
    assert [line.split()[0] for line in lines if line.count("-") == 8] == list(targets)
    assert {line for line in lines if line.startswith("note: ")} <= {f"note: {note}" for note in notes}
    assert lines[-1].startswith("expected time of the decisions: ")


def test_check_shows_when_each_asset_is_in_the_run(tmp_path: Path) -> None:
    """`young` begins two years later than `old`; with `ragged`, it is the only one that does."""
    dates = pd.date_range("2000-01-31", periods=72, freq="ME")
    prices = pd.DataFrame({"old": range(100, 172), "young": range(200, 272)}, index=dates.rename("date"), dtype=float)
    prices.loc[prices.index < "2002-01-31", "young"] = None
    prices.to_csv(tmp_path / "prices.csv")
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nstrategy: equal_weight\nestimation: {window: 12}\n"
        "data: {source: csv, path: prices.csv, assets: [old, young], cash: 0.01, ragged: true}\n"
    )
    answer = command("check", tmp_path / "mine.yaml")
    rows = {line.split()[0]: line.split()[1:] for line in answer.out.splitlines() if re.match(r" *(old|young) ", line)}
    whole, later = ["2000-01-31", "2005-12-31"], ["2002-01-31", "2005-12-31"]
    assert rows == {"old": whole + whole, "young": later + later}


def test_check_takes_overrides_and_names_probable_mistakes() -> None:
    answer = command("check", CONFIGS / "erc.yaml", "--set", "costs.trading_bps=0.001", "--start", "2000-01-01")
    assert "run: 2000-01-31 to 2012-12-31, 156 decisions" in answer.out
    assert "note: costs.trading_bps: 0.001 means 0.00001 %, which is unusual" in answer.out


def test_check_asks_strategies_that_follow_their_path_too() -> None:
    answer = command("check", CONFIGS / "erc.yaml", "--set", "leverage={debt: 0.5}")
    assert (answer.code, answer.err) == (0, "")
    assert "288 decisions" in answer.out


def test_check_refuses_what_run_refuses(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("name: wrong\nstrategy: ercc\n")
    checked, run = command("check", tmp_path / "wrong.yaml"), command("run", tmp_path / "wrong.yaml")
    assert (checked.code, checked.out, checked.err) == (2, "", run.err)


def test_expected_time_has_no_more_digits_than_it_deserves() -> None:
    assert [in_words(seconds) for seconds in (0.4, 3.4, 119.0, 600.0)] == [
        "less than a second", "about 3 s", "about 119 s", "about 10 minutes",
    ]  # fmt: skip
