"""`compare` as a user runs it: configurations and finished runs, its output, its files, and refused input."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.compare.comparison import Comparison
from backtest.config import load_config
from backtest.config.manifest_config import config_of_manifest
from backtest.data import market_data
from backtest.data.data_settings import DataSettings
from support.builders.market_files import random_levels, write_config, write_csv
from support.command_line import Answer, command

pytestmark = pytest.mark.usefixtures("without_figures")

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = ROOT / "configs"
ARTICLE = [CONFIGS / f"{name}.yaml" for name in ("60_40", "erc", "all_weather", "levered_erc")]
STARS = "*: the best of a row; won: share of windows with the higher compound return"
FOLDER = "reports/60_40_vs_erc_vs_all_weather_vs_levered_erc"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each command runs in its own folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files except the page, which contains its time of writing."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "comparison.html"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def error_of(answer: Answer) -> str:
    assert (answer.code, answer.out) == (2, "")
    (line,) = answer.err.splitlines()
    return line


# 1. Output


def test_compare_shows_and_writes_the_articles_strategies(here: Path) -> None:
    """The table has the numbers of the comparison in Python, and the files are complete."""
    answer = command("compare", *ARTICLE)
    assert (answer.code, answer.err) == (0, "")
    found = bt.compare([bt.run(path) for path in ARTICLE])
    rows = {line[:24].strip(): line[24:].split() for line in answer.out.splitlines()}
    volatility = [f"{100 * value:.2f}" for value in found.metrics.T["volatility"]]
    assert [cell for cell in rows["volatility"] if "%" not in cell] == volatility
    assert rows["volatility"][5] == "%*"  # the third is the calmest
    assert rows["risk: equities"][0] == "90.42"
    assert answer.out.splitlines()[-1] == f"comparison: {FOLDER}/comparison.html"
    assert rows["GFC"] == ["-22.9/-28.9", "-2.5/-14.0", "-6.0/-16.5", "-14.9/-31.6"]
    differences = found.sharpe_differences.iloc[:3]
    assert rows["p, robust"] == [f"{p:.2f}" for p in differences["robust_p"]]
    years = [float(f"{one['sharpe'].years_needed:.2g}") for one in found.differences.values()]
    assert rows["years to tell it"] == [f"{one:,.0f}" for one in years]
    assert rows["p, volatility"] == [f"{one['volatility'].p_value:.2f}" for one in found.differences.values()]
    low, high = found.summaries["erc"]["confidence"]["volatility"]
    assert rows["95% interval, %"][1] == f"{100 * low:.1f}..{100 * high:.1f}"
    assert len(rows["95% prediction, %"]) == 4
    assert rows["Sharpe difference"] == [f"{-value:.2f}" for value in differences["difference"]]  # the later row
    assert rows["won, windows of 3Y"] == [f"{share:.2f}" for share in found.windows_won[3]["60_40"].iloc[1:]]
    assert {path.name for path in (here / FOLDER).iterdir()} == {
        "comparison.html", "comparison.csv", "comparison.json", "nav.csv", "manifest.json", "figures",
    }  # fmt: skip
    table = pd.read_csv(here / FOLDER / "comparison.csv", index_col="measure")
    assert [float(table[name]["sharpe"]) for name in found.names] == found.metrics.T["sharpe"].to_list()
    navs = pd.read_csv(here / FOLDER / "nav.csv", index_col="date", parse_dates=["date"])
    assert navs.to_numpy().tolist() == found.growth.to_numpy().tolist()


@pytest.fixture(scope="module")
def five() -> Comparison:
    return bt.compare([bt.run(path) for path in (*ARTICLE, CONFIGS / "equal_weight.yaml")])


@pytest.mark.parametrize(("width", "tables"), [(200, 1), (80, 2), (60, 3), (45, 5)])
def test_strategies_that_do_not_fit_the_terminal_follow_in_further_tables(
    width: int, tables: int, five: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell is wrapped or shortened, and each strategy has every row once, with the contents of a wide terminal.

    All widths show one comparison, made once; its files, which do not depend on the width, are not written.
    """
    monkeypatch.setattr("backtest.runs.pipeline.run_all", lambda configs, **_: configs)
    monkeypatch.setattr("backtest.runs.compared_runs.compare", lambda _: five)
    monkeypatch.setattr(
        "backtest.reporting.files.comparison_files.write_comparison", lambda *_, **__: Path("comparison.html")
    )
    monkeypatch.setenv("COLUMNS", str(width))
    lines = command("compare", *ARTICLE, CONFIGS / "equal_weight.yaml").out.splitlines()
    above = [line for line in lines[: lines.index(STARS)] if not line.startswith("note: ")]
    assert max(len(line) for line in above) <= width
    assert "…" not in "".join(lines)
    assert sum(line.startswith(" 1989-01-31 to") for line in lines) == tables
    values = [line.split()[2:] for line in lines if line.startswith(" maximum drawdown")]
    assert len(values) == tables
    assert [cell for row in values for cell in row if "%" not in cell] == [
        "-28.91", "-13.98", "-16.50", "-31.56", "-30.33",
    ]  # fmt: skip
    assert len([cell for row in values for cell in row if cell == "%*"]) == 1  # the best of all tables


def test_json_option_prints_only_the_comparison(here: Path) -> None:
    answer = command("compare", *ARTICLE[:2], "--json", "--output", "mine")
    assert answer.code == 0
    assert answer.out == (here / "mine/comparison.json").read_text(encoding="utf-8")
    assert json.loads(answer.out)["strategies"] == ["60_40", "erc"]


def test_runs_without_loans_have_no_financing_rows() -> None:
    assert "financing" not in command("compare", *ARTICLE[:2]).out
    assert "financing a year" in command("compare", ARTICLE[0], ARTICLE[3]).out


def test_repeating_a_comparison_replaces_it_with_the_same_bytes(here: Path) -> None:
    command("compare", *ARTICLE[:2], "--output", "one")
    before = contents(here / "one")
    (here / "one/other.txt").write_text("in the way")
    assert command("compare", *ARTICLE[:2], "--output", "one").code == 0
    after = contents(here / "one")
    assert set(after) == set(before)
    manifests = [json.loads(files.pop("manifest.json")) for files in (before, after)]
    varies = {"written_at", "git_revision", "platform", "machine"}
    assert all(set(manifest.pop("environment")) == varies for manifest in manifests)
    assert manifests[0] == manifests[1]
    assert manifests[0]["comparison"]["erc"]["strategy"]["name"] == "erc"
    assert before == after


def test_folder_of_many_strategies_is_named_after_the_first_two(here: Path) -> None:
    for number in range(6):
        text = ARTICLE[0].read_text(encoding="utf-8").replace("name: 60_40", f"name: a_strategy_of_long_name_{number}")
        (here / f"{number}.yaml").write_text(text, encoding="utf-8")
    assert command("compare", *(f"{number}.yaml" for number in range(6))).code == 0
    (folder,) = (path for path in (here / "reports").iterdir() if path.is_dir())
    assert folder.name == "a_strategy_of_long_name_0_vs_a_strategy_of_long_name_1_vs_4_others"


def test_each_market_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """60/40 is run on its own, and as the benchmark of two others that share one data section."""
    loaded: list[DataSettings] = []
    real = market_data.load

    def counted(settings: DataSettings, *more: Any) -> Any:
        loaded.append(settings)
        return real(settings, *more)

    monkeypatch.setattr("backtest.runs.steps.load", counted)
    assert command("compare", ARTICLE[0], ARTICLE[1], ARTICLE[3]).code == 0
    assert len(loaded) == 2


# 2. Finished runs


@pytest.fixture
def finished_run(here: Path) -> Path:
    assert command("run", ARTICLE[1], "--output", here / "reports/erc").code == 0
    return here / "reports/erc"


def test_a_finished_run_is_run_again_from_its_manifest(finished_run: Path) -> None:
    answer = command("compare", finished_run, ARTICLE[1], "--json")
    assert (answer.code, answer.err) == (0, "")
    values = json.loads(answer.out)["metrics"]["cagr"]["values"]
    assert list(values) == ["erc", "erc (2)"]
    assert values["erc"] == values["erc (2)"]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_configuration_of_a_manifest_equals_the_original(path: Path) -> None:
    config = load_config(path)
    settings = json.loads(json.dumps(config.resolved()))
    again = config_of_manifest({"config": settings}, ROOT / "reports/erc/manifest.json")
    assert again.resolved() == config.resolved()
    assert again.strategy == config.strategy
    assert again.data == config.data


def test_a_finished_run_that_no_longer_repeats_is_refused(finished_run: Path, here: Path) -> None:
    """Prices may have been revised since; here a NAV in the file differs from a run of the manifest."""
    navs = pd.read_csv(finished_run / "nav.csv")
    navs["strategy"] *= np.where(navs.index == 100, 1.0001, 1.0)
    navs.to_csv(finished_run / "nav.csv", index=False)
    assert error_of(command("compare", finished_run, ARTICLE[0])) == (
        f"error: {finished_run}/nav.csv: repeating the run of the manifest.json next to it gives a different NAV from "
        "1997-05-31 on: its data, a strategy or the program has changed. Hint: compare the configuration, or "
        "run it again."
    )
    assert [path.name for path in (here / "reports").iterdir() if path.is_dir()] == ["erc"]
    (finished_run / "nav.csv").unlink()
    assert "nav.csv: cannot be read" in error_of(command("compare", finished_run, ARTICLE[0]))


def test_settings_of_another_version_are_refused(finished_run: Path) -> None:
    manifest = json.loads((finished_run / "manifest.json").read_text(encoding="utf-8"))
    manifest["config"]["costs"]["taxes"] = 1
    (finished_run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert error_of(command("compare", finished_run, ARTICLE[0])) == (
        f"error: {finished_run}/manifest.json: costs.taxes: Extra inputs are not permitted; "
        "written by another version. Hint: pass the configuration file."
    )


def test_a_finished_run_of_a_file_needs_the_folder_of_its_configuration_or_an_absolute_path(here: Path) -> None:
    rng = np.random.default_rng(0)
    dates = pd.date_range("2010-01-31", periods=60, freq="ME")
    levels = random_levels(dates, [0.15, 0.05], rng)
    write_csv(pd.DataFrame(levels, index=dates, columns=["stocks", "bonds"]), here / "prices.csv")
    data = {"source": "csv", "path": "prices.csv", "assets": ["stocks", "bonds"], "cash": 0.02}
    config = write_config(here / "mine.yaml", data=data, strategy={"name": "equal_weight"})
    assert command("run", config, "--output", "done").code == 0
    assert command("compare", "done", config).code == 0
    manifest = json.loads((here / "done/manifest.json").read_text("utf-8"))
    for missing, named in ((None, "a configuration without a file"), ("/gone/mine.yaml", "/gone/mine.yaml")):
        manifest["config_file"] = missing
        (here / "done/manifest.json").write_text(json.dumps(manifest))
        assert error_of(command("compare", "done", config)) == (
            f"error: done/manifest.json: prices.csv is read, relative to {named}, which is not on this "
            "machine; expected an absolute path. Hint: pass the configuration file."
        )
    manifest["config"]["data"]["path"] = str(here / "prices.csv")
    (here / "done/manifest.json").write_text(json.dumps(manifest))
    assert command("compare", "done", config).code == 0


# 3. Errors


def test_one_result_or_two_frequencies_are_refused() -> None:
    assert error_of(command("compare", ARTICLE[0])) == (
        f"error: only {ARTICLE[0]} to compare; expected two or more configurations or folders of finished runs"
    )
    assert error_of(command("compare", ARTICLE[0], CONFIGS / "daily/erc.yaml")) == (
        "error: 60_40 is monthly, erc_daily is daily; expected results with the same frequency"
    )


@pytest.mark.parametrize("manifest", [None, "no JSON", "[]", '{"made_by": "risk-parity-backtest", "config": {}}'])
def test_a_folder_without_a_finished_run_is_refused(here: Path, manifest: str | None) -> None:
    (here / "empty").mkdir()
    if manifest is not None:
        (here / "empty/manifest.json").write_text(manifest)
    assert error_of(command("compare", ARTICLE[0], "empty")) == (
        "error: empty: a folder without the manifest.json of a run; expected a configuration (a YAML file) or the "
        "folder of a finished run, such as reports/erc"
    )


def test_the_folder_of_a_comparison_is_refused() -> None:
    assert command("compare", *ARTICLE[:2], "--output", "both").code == 0
    assert "both: a folder without the manifest.json of a run" in error_of(command("compare", ARTICLE[0], "both"))


def test_a_missing_path_is_reported_as_a_missing_configuration() -> None:
    assert error_of(command("compare", ARTICLE[0], "nothing.yaml")) == (
        "error: nothing.yaml: no such file. Hint: the path is relative to the current folder."
    )


def test_a_folder_of_other_files_is_never_replaced(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine/thesis.txt").write_text("years of work")
    assert "holds files but no manifest.json of a report" in error_of(
        command("compare", *ARTICLE[:2], "--output", "mine")
    )
    assert [path.name for path in (here / "mine").iterdir()] == ["thesis.txt"]


def test_a_failing_disk_keeps_the_earlier_comparison(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("compare", *ARTICLE[:2], "--output", "mine").code == 0
    before = (here / "mine/comparison.csv").read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert error_of(command("compare", *ARTICLE[:2], "--output", "mine")) == (
        "error: mine: cannot be written (No space left on device). Hint: choose another --output."
    )
    assert (here / "mine/comparison.csv").read_bytes() == before
    assert [path.name for path in here.iterdir()] == ["mine"]
    shutil.rmtree(here / "mine")
