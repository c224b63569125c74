"""`replay`: a finished run gives the same bytes again, or the command says what differs and why."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from support.builders.market_files import write_strategy
from support.command_line import Answer, command
from support.files.small_run import run_small, without_figures, write_prices, write_small_config

OWN = """
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Mine(Strategy):
    '''The first asset alone.'''

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series([{weight}, 0.1, 0.1], index=list(view.assets))
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_small(tmp_path_factory.mktemp("run"))


@pytest.fixture
def done(original: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, of its configuration and of its prices: its paths are relative to its folder."""
    shutil.copytree(original.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "done"


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def replay(done: Path) -> Answer:
    """Replay a run; nothing is written next to it."""
    before = files_of(done.parent)
    answer = command("replay", done)
    assert files_of(done.parent) == before
    assert answer.err == ""
    return answer


def change_nav(done: Path, **changes: Any) -> None:
    """Rewrite a NAV and its checksum, as a run under other circumstances would have, and change the manifest."""
    text = (done / "nav.csv").read_text("utf-8").splitlines()
    text[5] = text[5].replace(text[5].split(",")[1], "1.5")
    (done / "nav.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    manifest = json.loads((done / "manifest.json").read_text("utf-8"))
    manifest["files"]["nav.csv"] = sha256((done / "nav.csv").read_bytes()).hexdigest()
    for section, values in changes.items():
        manifest[section].update(values)
    (done / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_the_same_bytes_are_identical(done: Path) -> None:
    answer = replay(done)
    assert (answer.code, answer.out) == (0, f"{done}: identical (12 files)\n")


def test_a_run_is_replayed_by_its_name_in_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert without_figures("run", write_small_config(tmp_path)).code == 0
    assert command("replay", "mine").out == "reports/mine: identical (12 files)\n"
    wrong = command("replay", "mime")
    assert (wrong.code, wrong.err) == (
        2,
        "error: mime: no such run or comparison in reports. Did you mean mine?\n",
    )


def test_revised_data_is_named_by_series(done: Path) -> None:
    write_prices(done.parent, scale=1.01)
    answer = replay(done)
    assert answer.code == 4
    first, *lines = answer.out.splitlines()
    assert first == f"{done}: different"
    assert [line for line in lines if line.startswith("why")] == ["why: data revised: =gold"]
    assert any(line.startswith("  nav.csv: row 38 (2013-01-31), strategy: ") for line in lines)
    assert any(line.startswith("  summary.json: ") for line in lines)
    assert not any("target_weights" in line for line in lines)  # equal weights do not depend on prices


def test_data_that_has_grown_is_cut_at_the_end_of_the_report(done: Path) -> None:
    prices = done.parent / "prices.csv"
    text = prices.read_text("utf-8")
    last = text.splitlines()[-1].partition(",")[2]  # prices that stay as they are
    prices.write_text(f"{text}2015-01-31,{last}\n2015-02-28,{last}\n", encoding="utf-8")
    answer = replay(done)
    assert answer.code == 0
    assert answer.out == (
        "note: the data has grown to 2015-02-28 since; it was run up to 2014-12-31, the end of the report\n"
        f"{done}: identical (12 files)\n"
    )


def test_changed_own_code_is_named_by_file(tmp_path: Path) -> None:
    write_strategy(tmp_path, "own", OWN.format(weight=0.5))
    config = write_small_config(tmp_path, strategy="own", benchmark=None)
    assert without_figures("run", config, "--output", tmp_path / "done").code == 0
    write_strategy(tmp_path, "own", OWN.format(weight=0.6))
    answer = replay(tmp_path / "done")
    assert answer.code == 4
    assert answer.out.endswith(f"\nwhy: own code changed: {tmp_path}/strategies/own.py\n")


def test_a_changed_version_is_named_with_both_versions(done: Path) -> None:
    change_nav(done, versions={"numpy": "1.0"}, environment={"machine": "abacus"})
    now = json.loads((done / "manifest.json").read_text("utf-8"))
    answer = replay(done)
    first, difference, *why = answer.out.splitlines()
    assert (answer.code, first) == (4, f"{done}: different")
    assert difference.startswith("  nav.csv: row 6 (2010-05-31), strategy: 1.5 in the report, now ")
    assert why[0].startswith("why: version changed: numpy 1.0, now 2.")
    assert why[1].startswith("why: other machine or revision: machine abacus, now ")
    assert now["versions"]["numpy"] == "1.0"


def test_a_difference_without_a_cause_is_unexplained(done: Path) -> None:
    change_nav(done)
    answer = replay(done)
    assert answer.code == 4
    assert answer.out.splitlines()[-1] == "why: unexplained: data, own code and versions are unchanged"


def test_an_edited_or_missing_file_is_not_blamed_on_the_run(done: Path) -> None:
    (done / "nav.csv").write_text("date,strategy\n")
    (done / "trades.csv").unlink()
    answer = replay(done)
    assert answer.code == 4
    assert answer.out.splitlines() == [
        f"{done}: different",
        "  nav.csv: changed or deleted since the report was written",
        "  trades.csv: changed or deleted since the report was written",
    ]


def test_a_report_of_an_earlier_version_is_compared_without_checksums(done: Path) -> None:
    manifest = json.loads((done / "manifest.json").read_text("utf-8"))
    for key in ("files", "series_sha256", "benchmark_series_sha256", "versions", "environment"):
        del manifest[key]
    (done / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert replay(done).code == 0
    (done / "weights.csv").write_bytes(b"\xff\xfe")
    answer = replay(done)
    assert answer.code == 4
    assert "  weights.csv: other bytes\n" in answer.out


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data", 5), ("data", [{"name": []}, 1]), ("files", [1]), ("files", {"nav.csv": 1, "../x.csv": 2}),
        ("versions", "new"), ("environment", None), ("own_code", 7), ("headline", 3), ("series_sha256", {"a": []}),
        ("config_file", 1), ("config_file", "~nobody/mine.yaml"), ("config_file", "x" * 5000), ("config_file", "\0"),
    ],
)  # fmt: skip
def test_any_value_in_a_manifest_gives_an_answer(done: Path, key: str, value: Any) -> None:
    (done / "nav.csv").write_text("date,strategy\n")
    manifest = json.loads((done / "manifest.json").read_text("utf-8"))
    del manifest["files"]
    (done / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    answer = command("replay", done)
    assert answer.code == (2 if key == "config_file" else 4)
    assert command("verify", done).code == 4


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"made_by": "risk-parity-backtest", "config": {}}'])
def test_a_folder_without_a_run_cannot_be_replayed(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    answer = command("replay", tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {tmp_path}: ")
