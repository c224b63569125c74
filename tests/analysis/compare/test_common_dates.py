"""Dates of a comparison: all runs begin again on the first date that all of them have."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.data.dates.common_dates import on_common_dates
from backtest.errors import ComparisonError
from backtest.reporting.files.report_files import json_bytes
from backtest.runs.compared_runs import compare
from support.builders.compared_runs import EXACT, refusal, run_config, write_prices
from support.builders.market_files import write_config, write_csv

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
TOGETHER = {
    "differences", "beta", "alpha", "tracking_error", "information_ratio", "up_capture", "down_capture", "correlation",
}  # fmt: skip


def test_the_order_of_arguments_changes_no_number(tmp_path: Path) -> None:
    """Periods per year stated by one configuration apply to all; two different numbers are refused."""
    write_prices(tmp_path, pd.bdate_range("2015-01-02", periods=400))
    paths = {}
    for name, stated in (("a", None), ("b", 260), ("c", 250)):
        data = {"source": "csv", "path": "prices.csv", "assets": ["stocks", "bonds"], "cash": 0.02}
        if stated is not None:
            data["periods_per_year"] = stated
        weights = {"stocks": 0.7 if name == "a" else 0.4, "bonds": 0.3}
        paths[name] = write_config(
            tmp_path / f"{name}.yaml", data=data, strategy={"name": "sixty_forty", "weights": weights}
        )
    one, other, third = (bt.run(path) for path in paths.values())
    found, turned = compare([one, other]), compare([other, one])
    assert found.periods_per_year == turned.periods_per_year == 260
    pd.testing.assert_frame_equal(found.metrics, turned.metrics[["a", "b"]], rtol=0, atol=0)
    assert found.notes == turned.notes == ("a has 252 periods a year on its own dates, and 260 on these",)
    for pair in ([other, third], [third, other]):
        with pytest.raises(ComparisonError, match=r"data\.periods_per_year: .* expected one number"):
            compare(pair)


WITH_BENCHMARKS = sorted(
    str(path.relative_to(CONFIGS).with_suffix(""))
    for folder in (CONFIGS, CONFIGS / "daily")
    for path in folder.glob("*.yaml")
    if "\nbenchmark:" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_BENCHMARKS)
def test_a_strategy_has_the_same_numbers_as_a_benchmark_and_in_a_comparison(name: str) -> None:
    """They are equal to the bit, whichever of the two runs begins first by itself."""
    path = CONFIGS / f"{name}.yaml"
    result, benchmark = bt.run(path), load_config(path).benchmark
    assert benchmark is not None
    assert result.benchmark is not None
    for pair in ([bt.run(benchmark), result], [result, bt.run(benchmark)], [result.benchmark, result]):
        found = compare(pair)
        both = dict(zip(found.names, found.summaries.values(), strict=True))
        expected = {key: value for key, value in result.summary()["benchmark"].items() if key not in TOGETHER}
        assert json_bytes(both[result.benchmark.name]) == json_bytes(expected)
        alone = {key: value for key, value in result.summary().items() if key not in {"benchmark", "break_even"}}
        assert json_bytes(both[result.name]) == json_bytes(alone)


MARKETS: dict[str, tuple[str, int, dict[str, Any], str]] = {
    "monthly": ("ME", 90, {}, "prices.csv"),
    "daily": ("B", 320, {}, "prices.csv"),
    "other_calendar": ("B", 320, {}, "fewer.csv"),
    "two_days_later": ("B", 320, {"rebalance": {"execution_lag": 2}}, "prices.csv"),
    "bands": ("B", 320, {"rebalance": {"bands": {"absolute": 0.02}}}, "prices.csv"),
    "never": ("ME", 90, {"rebalance": {"frequency": "never"}}, "prices.csv"),
    "futures": ("ME", 90, {"financing": {"kind": "futures"}, "leverage": {"multiple": 2}}, "prices.csv"),
    "levered": ("ME", 90, {"financing": {"spread_bps": 100}, "leverage": {"multiple": 2}}, "prices.csv"),
}


@pytest.mark.parametrize("case", MARKETS)
def test_three_runs_begin_on_the_first_date_of_the_last_one(case: str, tmp_path: Path) -> None:
    """Each equals, to the bit, its run as a benchmark of the last one, and each pays for its first purchase."""
    spacing, count, terms, other_file = MARKETS[case]
    write_prices(tmp_path, pd.date_range("2011-01-31", periods=count, freq=spacing))
    first = run_config(tmp_path, "first", other_file, estimation={"window": 12}, **terms)
    second = run_config(tmp_path, "second", assets=("bonds", "oil"), estimation={"window": 24}, **terms)
    last: dict[str, Any] = {"assets": ("stocks", "gold", "oil"), "estimation": {"window": 45}, **terms}
    results = [bt.run(path) for path in (first, second, run_config(tmp_path, "last", **last))]
    found = compare(results)
    assert len({result.nav.index[0] for result in results}) == 3
    for name, path in (("first", first), ("second", second)):
        if case == "other_calendar" and name == "second":
            continue  # the pair of the second and the last alone has more dates than all three
        paired = bt.run(run_config(tmp_path, f"with_{name}", benchmark=str(path), **last))
        assert paired.benchmark is not None
        begun = found.results[found.names.index(name)]
        pd.testing.assert_series_equal(begun.nav, paired.benchmark.nav)
        pd.testing.assert_frame_equal(begun.weights, paired.benchmark.weights)
        pd.testing.assert_frame_equal(begun.trades, paired.benchmark.trades)
        pd.testing.assert_series_equal(found.growth["last"], paired.nav, check_names=False)
    for result in found.results:
        assert result.nav.index[0] == found.start
        assert result.turnover.iloc[1] >= result.trades.iloc[0].abs().sum() / 2 - EXACT
        assert result.costs["trading"].iloc[1] > 0.002
        assert result.trades.index[0] == found.start


def test_the_comparison_ends_on_the_earliest_end_and_decides_there(tmp_path: Path) -> None:
    """A result that was cut equals a run whose data ends there."""
    dates = pd.date_range("2011-01-31", periods=60, freq="ME")
    write_prices(tmp_path, dates)
    long = bt.run(run_config(tmp_path, "long"))
    cut: dict[str, Any] = {"data": {"end": f"{dates[49]:%Y-%m-%d}"}, "assets": ("stocks", "gold")}
    short = bt.run(run_config(tmp_path, "short", **cut))
    found = compare([long, short])
    ended = bt.run(run_config(tmp_path, "ended", data={"end": f"{dates[49]:%Y-%m-%d}"}))
    assert found.end == dates[49]
    assert found.notes == ("the dates end with short on 2015-02-28; on its own long on 2015-12-31",)
    for begun in (found.results[0], compare([long.until(dates[49]), short]).results[0]):
        pd.testing.assert_series_equal(begun.nav, ended.nav)
        pd.testing.assert_series_equal(begun.latest_trades, ended.latest_trades)


def test_a_run_ruined_before_the_common_start_begins_again(tmp_path: Path) -> None:
    dates = pd.date_range("2011-01-31", periods=60, freq="ME")
    prices = write_prices(tmp_path, dates)
    prices.iloc[10:, 0] *= 0.02
    write_csv(prices, tmp_path / "prices.csv")
    lost = bt.run(run_config(tmp_path, "lost", **SHARE, leverage={"multiple": 2.5}))
    late = bt.run(run_config(tmp_path, "late", assets=("bonds", "gold"), estimation={"window": 24}))
    assert lost.nav.iloc[-1] == 0
    assert lost.nav.index[-1] < late.nav.index[0]
    found = compare([lost, late])
    assert found.start == late.nav.index[0]
    assert found.end == dates[-1]
    assert found.growth["lost"].iloc[-1] > 0


SHARE: dict[str, Any] = {"strategy": {"name": "equal_weight"}}


def test_results_that_were_pickled_compare_on_the_dates_they_have(tmp_path: Path) -> None:
    """A pickle has no setup, as a user's strategy cannot be pickled; results that would begin again are refused."""
    write_prices(tmp_path, pd.date_range("2011-01-31", periods=60, freq="ME"))
    early, late = (
        bt.run(run_config(tmp_path, name, estimation={"window": n})) for name, n in (("early", 12), ("late", 24))
    )
    copied = pickle.loads(pickle.dumps([early, late]))  # noqa: S301 - made here
    assert [one.setup for one in copied] == [None, None]
    assert json_bytes(copied[0].summary()) == json_bytes(early.summary())
    assert refusal(copied) == refusal([copied[0], late]).replace("early cannot", "early, late cannot")
    assert refusal(copied) == (
        "the results have different dates, and early, late cannot begin again on the common ones: it was unpickled "
        "or built by hand, without its setup. Hint: compare results that bt.run made in this process."
    )
    same = [copied[0], replace(copied[0], name="again")]
    assert compare(same).growth["again"].equals(early.nav.rename("again"))


def test_dates_that_others_lack_are_noted(tmp_path: Path) -> None:
    dates = pd.date_range("2011-01-31", periods=120, freq="B")
    write_prices(tmp_path, dates)
    found = compare([bt.run(run_config(tmp_path, "whole")), bt.run(run_config(tmp_path, "gaps", "fewer.csv"))])
    missing = [date for date in dates[40::7] if date > found.start]
    assert found.notes[-1] == f"{len(missing)} dates of whole are left out, as not all of the others have them"
    assert not set(missing) & set(found.growth.index)


def test_the_run_that_decides_the_first_or_last_date_is_noted(tmp_path: Path) -> None:
    write_prices(tmp_path, pd.date_range("2011-01-31", periods=60, freq="ME"))
    early = bt.run(run_config(tmp_path, "early", estimation={"window": 12}, data={"end": "2014-12-31"}))
    late, third = (bt.run(run_config(tmp_path, name, estimation={"window": 24})) for name in ("late", "third"))
    assert compare([early, late, third]).notes == (
        "the dates begin with late, third on 2013-01-31; on its own early on 2012-01-31",
        "the dates end with early on 2014-12-31; on its own late on 2015-12-31, third on 2015-12-31",
    )


def test_only_a_run_that_its_benchmark_shortens_notes_its_end() -> None:
    months = pd.date_range("2011-01-31", periods=30, freq="ME")
    frame = pd.DataFrame({"a": range(100, 130)}, index=months, dtype=float)
    whole, early = (bt.MarketData.from_prices(prices, cash=0.02) for prices in (frame, frame.iloc[:20]))
    assert on_common_dates(early, {"b": whole})[1] == ()
    assert on_common_dates(whole, {"b": early})[1] == (
        f"the run ends on {months[19]:%Y-%m-%d}, the last date that it shares with its benchmark",
    )
