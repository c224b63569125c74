"""Each example of the design runs: the Python interface, configurations, and the command line."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.cli import script
from backtest.config import load_config
from support.command_line import command
from support.consumer import design_examples as design

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of the examples are relative to the project."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def market() -> bt.MarketData:
    return design.market()


def test_a_run_of_a_file_and_its_overrides() -> None:
    plain, changed = design.from_a_file(), design.with_overrides()
    assert plain.settings["estimation"]["window"] == 36
    assert changed.settings["estimation"]["window"] == "3Y"
    assert changed.overrides == {"estimation.window": "3Y", "financing.spread_bps": 80.0}
    with pytest.raises(bt.BacktestError, match=r"estimation\.windw: unknown setting.*Did you mean window\?"):
        bt.run("configs/erc.yaml", {"estimation.windw": "3Y"})


def test_prices_and_returns_in_memory_are_the_same_data(market: bt.MarketData) -> None:
    of_prices, of_returns = design.from_a_mapping(market), design.from_a_mapping(design.market_of_returns())
    np.testing.assert_allclose(of_prices.nav, of_returns.nav, rtol=1e-12)  # levels are products of the returns


@pytest.mark.parametrize("shape", ["unnamed", "zoned", "two levels", "a column of dates"])
def test_any_frame_of_prices_is_accepted(shape: str, market: bt.MarketData) -> None:
    frame = design.prices()
    if shape == "zoned":
        frame.index = pd.DatetimeIndex(frame.index).tz_localize("America/New_York")
    elif shape == "two levels":
        frame.columns = pd.MultiIndex.from_product([["Close"], frame.columns])
    elif shape == "a column of dates":
        frame = frame.rename_axis("date").reset_index()
    assert bt.MarketData.from_prices(frame, cash=0.02).returns.equals(market.returns)


def test_a_prepared_run_repeats_what_depends_on_a_change(market: bt.MarketData) -> None:
    cheap, dear, dearest = design.spreads(market)
    assert cheap > dear > dearest


def test_a_sweep_has_a_row_for_each_combination(market: bt.MarketData) -> None:
    assert len(design.swept(market)) == 4


def test_runs_with_other_windows_cover_the_same_dates(market: bt.MarketData) -> None:
    short, long = design.several(market)
    assert short.nav.index.equals(long.nav.index)
    assert str(short.nav.index[0].date()) == "2018-06-30"
    assert list(bt.compare([short, long]).metrics) == ["1Y", "3Y"]


def test_configurations_are_compared_by_their_files() -> None:
    assert list(bt.compare(["configs/60_40.yaml", "configs/erc.yaml"]).metrics) == ["60_40", "erc"]


@pytest.mark.parametrize(
    "benchmark",
    ["equal_weight", "spx", {"equities": 0.6, "bonds": 0.4}, {"strategy": "sixty_forty"}],
    ids=str,
)
def test_a_benchmark_is_a_strategy_a_series_weights_or_settings(benchmark: Any, market: bt.MarketData) -> None:
    result = design.against(benchmark, market)
    assert result.benchmark is not None
    assert result.benchmark.nav.index.equals(result.nav.index)


@pytest.mark.usefixtures("without_figures")
def test_a_report_has_its_files(market: bt.MarketData, tmp_path: Path) -> None:
    page = design.reported(design.from_a_mapping(market), tmp_path / "report")
    assert page.name == "tearsheet.html"
    written = {path.name for path in page.parent.iterdir()}
    assert {"summary.json", "nav.csv", "weights.csv", "manifest.json"} <= written


def test_weights_and_contributions_of_a_covariance() -> None:
    covariance = np.diag([0.04, 0.01])
    equal, budgeted = design.weights_of(covariance)
    for weights, shares in ((equal, [0.5, 0.5]), (budgeted, [0.7, 0.3])):
        contributions = np.asarray(bt.risk_contributions(weights, covariance))
        np.testing.assert_allclose(contributions / contributions.sum(), shares, rtol=1e-9)  # the solver stops at 1e-10


class Stateful(bt.Strategy):
    """A strategy that counts its calls, which none may."""

    calls: int = 0

    def target_weights(self, view: bt.MarketView) -> pd.Series:
        """Return equal weights."""
        self.calls = self.calls + 1  # type: ignore[misc]  # mypy refuses it too
        return pd.Series(1 / len(view.assets), index=list(view.assets))


def test_own_strategies_are_objects_or_classes(market: bt.MarketData) -> None:
    later = bt.run({"strategy": design.Momentum(window="3Y")}, market=market)
    assert (later.nav.index[0] - bt.run({"strategy": design.Momentum}, market=market).nav.index[0]).days > 700
    config = {"estimation": {"window": "1Y"}, "benchmark": "equal_weight"}
    assert len(bt.run({**config, "strategy": design.Attributes}, market=market).nav) > 1
    with pytest.raises(bt.BacktestError, match="calls cannot be set: a strategy is frozen"):
        bt.run({"strategy": Stateful}, market=market)


def test_a_configuration_is_checked_by_every_way_in() -> None:
    config = load_config("configs/erc.yaml")
    assert bt.RunConfig.model_validate(config.resolved()).resolved() == config.resolved()
    with pytest.raises(bt.BacktestError, match="name"):
        config.model_copy(update={"name": 7})
    for wrong in (7, None, ["a"], {"strategy": 7}, {"data": "x"}):
        with pytest.raises(bt.BacktestError, match="expected"):
            bt.run(wrong)  # type: ignore[arg-type]  # a wrong type is the point


def test_strategies_without_code(market: bt.MarketData, tmp_path: Path) -> None:
    (tmp_path / "weights.csv").write_text("date,spx,ust\n2016-01-31,0.6,0.4\n2017-06-30,0.5,0.5\n")
    given = {"name": "given_weights", "file": str(tmp_path / "weights.csv")}
    assert bt.run({"strategy": given}, market=market).target_weights["spx"].tolist()[:2] == [0.6, 0.5]
    sleeves = {"calm": {"strategy": "erc", "budget": 0.5}, "fund": {"strategy": given, "budget": 0.5}}
    blend = {"strategy": {"name": "blend", "sleeves": sleeves}, "estimation": {"window": "1Y"}}
    assert bt.run(blend, market=market).sleeves["risk"].round(6).tolist() == [0.5, 0.5, 0.0]


@pytest.mark.usefixtures("without_figures")
def test_a_run_on_the_command_line_with_overrides(tmp_path: Path) -> None:
    changes = ("--set", "estimation.window=60", "--set", "financing.spread_bps=80", "--name", "erc_60")
    folder = tmp_path / "erc_60"
    answer = command("run", "configs/erc.yaml", *changes, "--output", folder)
    assert (answer.code, "tearsheet: " in answer.out) == (0, True), answer.err
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["config"]["name"] == "erc_60"
    assert manifest["overrides"] == {"name": "erc_60", "estimation.window": 60, "financing.spread_bps": 80.0}
    assert command("replay", folder).out.startswith(f"{folder}: identical")
    assert command("verify", folder).out.startswith(f"{folder}: intact")


@pytest.mark.usefixtures("without_figures")
def test_several_configurations_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with `configs/`; reports are in `reports/`."""
    (tmp_path / "configs").mkdir()
    for name in ("erc", "60_40"):
        (tmp_path / f"configs/{name}.yaml").write_bytes((ROOT / f"configs/{name}.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    answer = command("run", "erc", "60_40", "--start", "2000-01-31", "--end", "2004-12-31")
    assert answer.code == 0, answer.err
    assert {path.parent.name for path in (tmp_path / "reports").glob("*/tearsheet.html")} == {"erc", "60_40"}


def test_the_command_finds_own_modules_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `python -m backtest` does; modules of Python and of packages come first."""
    (tmp_path / "desk_in_this_folder.py").write_text("PRICES = 1", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("backtest.cli.main", lambda: import_module("desk_in_this_folder"))
    script()
    monkeypatch.delitem(sys.modules, "desk_in_this_folder")
    assert sys.path[-1] == ""


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with (ROOT / "configs/60_40.yaml").open(encoding="utf-8") as text:
        monkeypatch.setattr("sys.stdin", text)
        monkeypatch.chdir(ROOT / "configs")
        assert json.loads(command("run", "-", "--json").out)["name"] == "60_40"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "configs/ecr.yaml"), r"Did you mean configs/erc.yaml\?"),
        (("run", "erc", "--set", "rebalance=quarterly"), "such as {frequency: quarterly}"),
        (("run", "erc", "--set", "rebalance.frequency=Monthly"), r"Did you mean monthly\?"),
        (("run", "erc", "--set", "data.strt=2000-01-01"), r"Did you mean start\?"),
    ],
)
def test_near_misses_get_a_suggestion(arguments: tuple[str, ...], message: str) -> None:
    answer = command(*arguments)
    assert answer.code == 2
    assert message.replace("\\", "") in answer.err


def test_a_check_runs_nothing_and_a_schema_is_json() -> None:
    assert "first decision" in command("check", "erc").out
    assert json.loads(command("schema").out)["properties"]["strategy"]


def test_orders_of_an_account(tmp_path: Path) -> None:
    (tmp_path / "holdings.csv").write_text("symbol,value\nus_stocks,400000\ncash,600000\n")
    listed = command("orders", "erc", "--holdings", tmp_path / "holdings.csv", "--json")
    assert listed.code == 0, listed.err
    assert json.loads(listed.out)
