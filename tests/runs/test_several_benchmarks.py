"""A list of benchmarks: the first relates to the run as a single one does, the others stand next to it."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

import backtest as bt
from backtest.config import load_config
from backtest.config.manifest_config import config_of_manifest
from backtest.errors import ConfigError, SimulationError
from backtest.reporting.charts.run_charts import charts_of
from backtest.reporting.files.finished_run import is_of_run
from backtest.reporting.files.manifest import plain_json
from backtest.reporting.files.manifest_paths import path_in_report
from backtest.reporting.files.replayed import _changes
from backtest.reporting.files.report_files import manifest_of_result
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.pages.read_page import Page

ERC = Path(__file__).parents[2] / "configs" / "erc.yaml"
LIST = ["60_40", "equal_weight", {"equities": 0.3, "bonds": 0.7}, "us_stocks"]
NAMES = ["60_40", "equal_weight", "30 equities + 70 bonds", "us_stocks"]
TITLES = ["Equal risk contribution", "60/40", "equal_weight", "30 equities + 70 bonds", "US stocks"]


@pytest.fixture(scope="module")
def result() -> bt.BacktestResult:
    return bt.run(ERC, {"benchmark": LIST})


def test_the_first_is_the_benchmark_and_the_others_are_runs_over_the_same_dates(result: bt.BacktestResult) -> None:
    assert [side.name for side in result.benchmarks] == NAMES
    for side, given in zip(result.benchmarks, LIST, strict=True):
        alone = bt.run(ERC, {"benchmark": given})
        assert alone.benchmark is not None
        pd.testing.assert_series_equal(side.nav, alone.benchmark.nav, check_exact=True)
    summary, single = result.summary(), bt.run(ERC).summary()
    del summary["benchmarks"]
    assert plain_json(summary) == plain_json(single)


def test_the_summary_has_numbers_of_each(result: bt.BacktestResult) -> None:
    summary = result.summary()
    assert list(summary["benchmarks"]) == NAMES
    for side in result.benchmarks:
        listed, own = summary["benchmarks"][side.name], side.summary()
        keys = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown")
        assert {key: listed[key] for key in keys} == {key: own[key] for key in keys}
        assert listed["sharpe_difference"] == pytest.approx(summary["sharpe"] - own["sharpe"], abs=1e-12)
        low, high = listed["sharpe_difference_interval"]
        (row,) = bt.compare([result, side]).sharpe_differences.to_dict("records")
        quantile = t.ppf(0.975, round(0.4 * (len(result.nav) - 1) ** (2 / 3)))
        assert (high - low) / 2 == pytest.approx(quantile * row["robust_error"], rel=1e-6)
        assert (high + low) / 2 == pytest.approx(listed["sharpe_difference"], abs=1e-12)


def test_page_chart_and_figure_show_them(result: bt.BacktestResult) -> None:
    page = Page(render_tearsheet(result, {}))
    assert f"benchmarks: {', '.join(TITLES[1:])}" in page.text
    head, *rows = page.table("Metric")
    assert head == ["Metric", *TITLES]
    labels = ["CAGR", "Volatility", "Sharpe ratio", "Maximum drawdown", "Difference of Sharpe ratios", "its interval"]
    assert [row[0] for row in rows] == labels
    assert rows[4][1:] == ["", "+0.11", "+0.17", "−0.04", "+0.28"]
    assert rows[5][1:3] == ["", "−0.35 to 0.57"]
    assert all(f"Settings of the benchmark, {name}" in page.text for name in NAMES)
    chart = charts_of(result)["charts"]["growth"]
    assert [line["name"] for line in chart["panels"][0]["series"]] == TITLES
    assert [item["name"] for item in chart["legend"]] == TITLES[2:]
    drawn = bt.plot.growth(result).axes[0]
    legend = drawn.get_legend()
    assert legend is not None
    assert [text.get_text().partition(":")[0] for text in legend.get_texts()][:3] == ["Equal risk co…", *TITLES[1:3]]


def test_a_single_one_in_a_list_is_that_benchmark() -> None:
    assert load_config(ERC, {"benchmark": ["60_40"]}) == load_config(ERC, {"benchmark": "60_40"})


def test_settings_keep_the_list(result: bt.BacktestResult, tmp_path: Path) -> None:
    config = load_config(ERC, {"benchmark": LIST})
    resolved = config.resolved()
    assert [side["name"] for side in resolved["benchmark"]] == NAMES
    assert bt.RunConfig.model_validate(resolved).resolved() == resolved
    assert load_config(config, {"estimation.window": "5Y"}).benchmarks == config.benchmarks
    assert load_config(config, {"benchmark": None}).benchmarks == ()
    manifest = plain_json(manifest_of_result(result, {}, {}))
    assert [side["name"] for side in manifest["other_benchmarks"]] == NAMES[1:]
    assert is_of_run(manifest)
    again = config_of_manifest(manifest, tmp_path / "manifest.json")
    assert again.resolved() == resolved
    assert again.benchmarks[0].file.name == "60_40.yaml"
    del manifest["other_benchmarks"]  # as an edited manifest may lack it
    manifest["config_file"] = manifest["benchmark_config_file"] = None
    assert config_of_manifest(manifest, tmp_path / "manifest.json").resolved() == resolved


def test_a_replay_names_what_changed_in_another_benchmark(result: bt.BacktestResult, tmp_path: Path) -> None:
    now = manifest_of_result(result, {}, {})
    before = plain_json(now)
    before["other_benchmarks"][2]["series_sha256"]["us_stocks"] = "other"
    before["other_benchmarks"][0]["own_code"] = {"strategies/mine.py": "other"}
    changes = list(_changes(before, now, tmp_path))
    assert changes == ["data revised: us_stocks", f"own code changed: {path_in_report('strategies/mine.py', tmp_path)}"]


def test_results_can_be_cut_sent_and_compared(result: bt.BacktestResult) -> None:
    date = result.nav.index[100]
    assert [len(side.nav) for side in result.until(date).benchmarks] == [101] * len(LIST)
    sent = pickle.loads(pickle.dumps(result))  # noqa: S301 - the bytes that were written here
    assert [side.name for side in sent.benchmarks] == NAMES
    assert bt.compare([result, result.other_benchmarks[0]]).results[0].benchmarks == ()


def frame(first: dict[str, float]) -> pd.DataFrame:
    """Return returns of two assets, the first of which has some other values by date."""
    dates = pd.date_range("2015-01-31", periods=30, freq="ME")
    returns = np.random.default_rng(4).normal(0.005, [0.04, 0.01], (30, 2))
    table = pd.DataFrame(returns, dates, ["stocks", "bonds"])
    for date, value in first.items():
        table.loc[date, "stocks"] = value
    return table


def test_all_begin_with_the_last_that_can_and_end_before_any_is_ruined() -> None:
    market = bt.MarketData.from_returns(frame({}), cash=0.01)
    of_window = {"strategy": "inverse_volatility", "data": {}, "estimation": {"window": 12}, "name": "windowed"}
    settings: dict[str, Any] = {"strategy": "equal_weight", "benchmark": [{"stocks": 1.0}, of_window]}
    late = bt.run({**settings, "start": "2015-06-30", "name": "late"}, market=market)
    assert late.nav.index[0] == late.other_benchmarks[0].nav.index[0] == market.dates[12]
    assert any("its benchmark, windowed, begins then" in note for note in late.notes)
    ruined = bt.MarketData.from_returns(frame({"2016-12-31": -0.6}), cash=0.01)
    levered = {"strategy": {"name": "sixty_forty", "weights": {"stocks": 2.0}}, "data": {}, "name": "levered"}
    with pytest.raises(SimulationError, match=r"^the benchmark levered lost all of its capital on 2016-12-31"):
        _ = bt.run({**settings, "benchmark": [{"stocks": 1.0}, levered]}, market=ruined).nav


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["gold", "gold"], "benchmark[1]: another benchmark has the name gold too; expected each name once"),
        ([], "benchmark: got []; expected a configuration such as 60_40.yaml"),
        (["gold", "us_stoks"], "benchmark[1]: no series us_stoks; available: us_stocks, "),
        (["gold", 3], "benchmark[1]: got 3; expected a configuration such as 60_40.yaml"),
        ([["gold"]], "benchmark[0]: got ['gold']; expected a configuration"),
        (["gold", "sixty.yaml"], "benchmark[1]: no such file: sixty.yaml"),
        (["gold", {"equites": 1.0}], "benchmark[1]: strategy: equites: neither a class nor an asset"),
        (["gold", {"name": "yen", "strategy": "erc",
                   "data": {"source": "sample", "assets": ["gold"], "cash": 0.0, "currency": "JPY"}}],
         "benchmark[1]: its currency is JPY, but the run's is USD"),
    ],
)  # fmt: skip
def test_mistakes_are_reported_at_their_place(given: list[Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(ERC, {"benchmark": given})
    assert f"overrides: {message}" in str(caught.value)


def test_a_mistake_of_the_run_is_not_repeated_for_each() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(ERC, {"benchmark": ["equal_weight", "inverse_volatility"], "estimation.window": "x"})
    assert len(caught.value.problems) == 1


def test_a_file_cannot_set_what_the_list_becomes() -> None:
    with pytest.raises(ConfigError, match="other_benchmarks: unknown setting"):
        load_config(ERC, {"other_benchmarks": ["gold"]})
