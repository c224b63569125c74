"""The manifest of a report: what was run, with which versions, and the checksum of every file."""

import json
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.data.market_data import MarketData
from backtest.reporting.files.manifest import versions
from backtest.reporting.files.manifest_paths import manifest_from_report
from support.command_line import Answer, command
from support.files.small_run import ASSETS, run_small, write_small_config


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; no test changes it."""
    return run_small(tmp_path_factory.mktemp("run"), command)


@pytest.fixture(scope="module")
def manifest(done: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((done / "manifest.json").read_text("utf-8"))
    return found


# Contents


def test_every_file_but_the_manifest_has_its_checksum(done: Path, manifest: dict[str, Any]) -> None:
    files = {path for path in done.rglob("*") if path.is_file()}
    expected = {path.relative_to(done).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}
    del expected["manifest.json"]
    assert manifest["files"] == expected
    assert {"nav.csv", "summary.json", "tearsheet.html", "figures/growth.png"} <= set(expected)


def test_versions_cover_what_touches_a_number(manifest: dict[str, Any]) -> None:
    packages = {"numpy", "numba", "llvmlite", "scipy", "pandas", "clarabel", "pyarrow"}
    assert {name: manifest["versions"][name] for name in packages} == {name: version(name) for name in packages}
    assert manifest["versions"]["blas"]
    assert manifest["versions"] == versions()


def test_the_configuration_file_is_named_without_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_small_config(tmp_path)
    result = bt.run("mine.yaml", {"estimation.window": "6M", "costs": {"trading_bps": 5}, "start": "2012-01-31"})
    assert result.config_file == "~/mine.yaml"
    assert result.overrides == {
        "estimation.window": "6M",
        "costs": result.settings["costs"],
        "start": "2012-01-31",
    }
    assert result.benchmark is not None
    assert result.benchmark.overrides == {}


def test_a_manifest_has_no_path_of_this_machine(done: Path) -> None:
    """A project can be moved as a whole, and its manifest tells nobody where it is."""
    text = (done / "manifest.json").read_text("utf-8")
    assert json.loads(text)["config_file"] == "../mine.yaml"
    assert str(done.parent) not in text


def test_paths_of_another_tree_stay_absolute() -> None:
    """A relative path through the root would break as soon as the report is moved."""
    manifest = {
        "config_file": "/data/a.yaml",
        "own_code": {"/srv/s/m.py": "1", "Mine": ""},
        "config_files": {"a": None},
    }
    assert manifest_from_report(manifest, Path("/srv/reports/a")) == {
        "config_file": "/data/a.yaml",
        "own_code": {"../../s/m.py": "1", "Mine": ""},
        "config_files": {"a": None},
    }
    others = {"other_benchmarks": [{"config_file": "/srv/b.yaml", "strategy_files": {"/srv/w.csv": "1"}}]}
    assert manifest_from_report(others, Path("/srv/reports/a")) == {
        "other_benchmarks": [{"config_file": "../../b.yaml", "strategy_files": {"../../w.csv": "1"}}]
    }
    of_comparison = {"own_code": {"a": {"/srv/s/m.py": "1"}, "b": {}}, "config_files": {"a": "/srv/a.yaml"}}
    assert manifest_from_report(of_comparison, Path("/srv/reports/ab")) == {
        "own_code": {"a": {"../../s/m.py": "1"}, "b": {}},
        "config_files": {"a": "../../a.yaml"},
    }


def test_settings_from_python_have_no_file() -> None:
    dates = pd.date_range("2020-01-31", periods=24, freq="ME")
    market = MarketData.from_prices(pd.DataFrame({"a": range(1, 25)}, index=dates, dtype=float), cash=0.0)
    result = bt.run({"strategy": "equal_weight", "estimation": {"window": "6M"}}, market=market)
    assert (result.config_file, result.overrides) == (None, {})


def test_overrides_of_overrides_are_all_listed(done: Path) -> None:
    config = load_config(done.parent / "mine.yaml", {"name": "a"})
    again = bt.run(config, {"name": "b", "costs.trading_bps": 0})
    assert again.overrides == {"name": "b", "costs.trading_bps": 0.0}


def test_each_series_has_its_own_hash() -> None:
    """A change of one series leaves the hashes of the others."""
    dates = pd.date_range("2020-01-31", periods=24, freq="ME")
    prices = pd.DataFrame({name: range(1, 25) for name in ASSETS}, index=dates, dtype=float)
    before = MarketData.from_prices(prices, cash=0.01).series_sha256
    prices["bonds"] += np.where(dates == "2020-05-31", 0.5, 0.0)
    after = MarketData.from_prices(prices, cash=0.01).series_sha256
    assert list(before) == [*ASSETS, "data.cash"]
    assert [name for name in before if before[name] != after[name]] == ["bonds"]
    other_cash = MarketData.from_prices(prices, cash=0.02).series_sha256
    assert [name for name in after if after[name] != other_cash[name]] == ["data.cash"]


# A run of a manifest


def summary_of(answer: Answer) -> dict[str, Any]:
    assert (answer.code, answer.err) == (0, "")
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_a_manifest_is_run_like_a_configuration(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = json.loads((done / "summary.json").read_text("utf-8"))
    assert summary_of(command("run", done / "manifest.json", "--json")) == written
    monkeypatch.chdir(done)  # standard input has no folder that paths could be relative to
    with (done / "manifest.json").open(encoding="utf-8") as text:
        monkeypatch.setattr("sys.stdin", text)
        assert summary_of(command("run", "-", "--json")) == written


def test_settings_of_a_manifest_can_be_replaced(done: Path) -> None:
    changed = summary_of(
        command("run", done / "manifest.json", "--set", "costs.trading_bps=20", "--name", "dear", "--json")
    )
    written = json.loads((done / "summary.json").read_text("utf-8"))
    assert (written["name"], changed["name"]) == ("mine", "dear")
    assert changed["cagr"] < written["cagr"]


def test_a_manifest_that_is_not_of_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    answer = command("run", tmp_path / "manifest.json")
    assert answer.code == 2
    assert f"{tmp_path}: a folder without the manifest.json of a run" in answer.err
