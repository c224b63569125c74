"""`sweep` as a user runs it: the best runs, the files, JSON, a dry run, and refused input."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import backtest as bt
from backtest.sweeps.sweep_numbers import GroupRuns
from support.command_line import command
from support.files.small_run import without_figures, write_small_config

CONFIG = Path(__file__).parents[3] / "configs/erc.yaml"
VARY = ("--vary", "estimation.window=[3Y,5Y]", "--vary", "costs.trading_bps={from: 0, to: 20, step: 10}")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each command runs in its own folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sweep_prints_its_best_runs_and_writes_all(here: Path) -> None:
    answer = command("sweep", CONFIG, *VARY)
    assert (answer.code, answer.err) == (0, "")
    found = bt.sweep(CONFIG, {"estimation.window": ["3Y", "5Y"], "costs.trading_bps": [0, 10, 20]})
    lines = answer.out.splitlines()
    assert lines[0] == "6 runs: 2 sets of decisions, 2 estimates of risk"
    rows = [line.split() for line in lines if line.strip()[:1].isdigit() and "runs" not in line]
    assert [int(row[0]) for row in rows] == list(found.best().index)
    assert rows[0][1] == f"{100 * found.best()['cagr'].iloc[0]:.2f}"
    assert any(line.startswith("note: runs begin between 1989-01-31 and 1991-01-31") for line in lines)
    assert lines[-2:] == ["runs: reports/erc_sweep/runs.parquet", "page: reports/erc_sweep/sweep.html"]
    stored = pd.read_parquet(here / "reports/erc_sweep/runs.parquet")
    assert stored["sharpe"].tolist() == found.frame["sharpe"].tolist()
    assert lines[-4].startswith("best of 6 runs, 3 of them independent: Sharpe ratio 0.7")
    assert command("list").out.strip() == "sweep: erc_sweep"
    assert '<a href="./erc_sweep/sweep.html">erc_sweep</a>' in (here / "reports/index.html").read_text(encoding="utf-8")
    assert max(len(line) for line in lines if not line.startswith(("note: ", "best of "))) <= 80


def test_json_has_the_best_runs_alone() -> None:
    answer = command("sweep", CONFIG, *VARY, "--json", "--by", "max_drawdown")
    best = json.loads(answer.out)
    assert (best["runs"], best["failed"], best["best"][0]["estimation.window"]) == (6, 0, "3Y")
    falls = [run["max_drawdown"] for run in best["best"]]
    assert falls == sorted(falls, reverse=True)


def test_a_dry_run_runs_nothing(here: Path) -> None:
    answer = command("sweep", CONFIG, *VARY, "--dry-run")
    assert answer.out.startswith("6 runs: 2 sets of decisions, 2 estimates of risk, about 0 s and 0.0 MB")
    assert not list(here.iterdir())


def test_a_section_of_the_configuration_is_swept_and_cannot_be_run(here: Path) -> None:
    (here / "mine.yaml").write_text(
        f"extends: {CONFIG}\nname: mine\nsweep: {{grid: {{estimation.window: [3Y, 4Y]}}}}\n"
    )
    assert command("sweep", "mine.yaml").out.startswith("2 runs: ")
    refused = command("run", "mine.yaml")
    assert refused.code == 2
    assert "mine.yaml:3:1: sweep: many runs; expected a single one" in refused.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--vary", "estimation.windw=[3Y]"), "sweep: estimation.windw: unknown setting"),
        (("--vary", "costs.trading_bps=[-1]"), "sweep: costs.trading_bps: got -1"),
        ((), "no section sweep; expected one such as"),
        ((*VARY, "--by", "shape"), "by: got 'shape'; expected one of total_return"),
        ((*VARY, "--workers", "0"), "workers: got 0; expected a whole number, 1 or more"),
        ((*VARY, "--resume"), "there is no sweep to resume"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(options: tuple[str, ...], message: str, here: Path) -> None:
    answer = command("sweep", CONFIG, *options)
    assert (answer.code, answer.out.count("\n") <= 1) == (2, True)
    assert message in answer.err
    assert not list(here.rglob("*.parquet"))
    assert not list(here.rglob("parts"))


def test_an_interrupted_sweep_says_how_to_continue(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, prepared = GroupRuns.prepare, []

    def interrupted(self: GroupRuns, group: Any) -> Any:
        prepared.append(group)
        if len(prepared) == 2:
            raise KeyboardInterrupt
        return prepare(self, group)

    monkeypatch.setattr(GroupRuns, "prepare", interrupted)
    answer = command("sweep", CONFIG, *VARY, "--workers", "1")
    assert answer.code == 130
    assert "interrupted: finished runs are in reports/erc_sweep; --resume continues" in answer.err
    assert len(pd.read_parquet(here / "reports/erc_sweep/parts")) == 3
    assert command("sweep", CONFIG, *VARY, "--resume").code == 0
    assert len(pd.read_parquet(here / "reports/erc_sweep/runs.parquet")) == 6


CANDIDATES = ("--vary", "strategy=[equal_weight, erc, inverse_variance]", "--set", "walk_forward.window=2Y")


def test_a_walk_forward_is_reported_verified_and_replayed_as_any_run(here: Path) -> None:
    config = write_small_config(here)
    answer = without_figures("walk-forward", config, *CANDIDATES)
    assert answer.code == 0, answer.err
    result = bt.walk_forward(config, {"window": "2Y"}, {"strategy": ["equal_weight", "erc", "inverse_variance"]})
    walked = result.walk_forward
    assert walked is not None
    assert walked.sentence in answer.out.splitlines()
    folder = here / "reports/mine_walk_forward"
    page = (folder / "tearsheet.html").read_text(encoding="utf-8")
    assert walked.sentence in page
    assert all(str(settings) in page for settings in walked.choices["settings"])
    stored = pd.read_csv(folder / "walk_forward.csv", index_col=0, parse_dates=[0])
    assert stored["candidate"].tolist() == walked.choices["candidate"].tolist()
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["walk_forward"]
    assert summary["best_afterwards"]["sharpe"] == walked.candidates.loc[walked.best, "sharpe"]
    for again in (("verify", folder), ("replay", folder), ("walk-forward", config, *CANDIDATES, "--json")):
        assert command(*again).code == 0
    refused = command("run", folder / "manifest.json")
    assert (refused.code, "many runs; expected a single one" in refused.err) == (2, True)
