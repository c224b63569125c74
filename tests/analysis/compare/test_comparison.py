"""Comparisons: every number equals the runs' own, the best of each is marked, and tables and summary agree."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.compare.comparison import WINDOW_YEARS, Comparison
from backtest.analysis.compare.side_by_side import best_of, class_shares, windows_won
from backtest.analysis.metrics.drawdown import worst_drawdowns
from backtest.analysis.metrics.metric_registry import BETTER
from backtest.analysis.tables.crises import falls_of
from backtest.analysis.uncertainty.sharpe_difference import holm
from backtest.reporting.files.report_files import json_bytes
from backtest.runs.compared_runs import compare
from support.builders.compared_runs import EXACT, refusal
from support.builders.synthetic_result import synthetic_result

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


@pytest.fixture(scope="module")
def results() -> list[BacktestResult]:
    """Runs of the article's table, and a levered one."""
    return [bt.run(CONFIGS / f"{name}.yaml") for name in ("60_40", "erc", "all_weather", "levered_erc")]


@pytest.fixture(scope="module")
def comparison(results: list[BacktestResult]) -> Comparison:
    return compare(results)


# What is compared


def test_each_result_has_the_dates_that_all_share(results: list[BacktestResult], comparison: Comparison) -> None:
    shared = set.intersection(*(set(result.nav.index) for result in results))
    assert set(comparison.growth.index) == shared
    assert (comparison.growth.iloc[0] == 1).all()
    assert comparison.names == ("60_40", "erc", "all_weather", "levered_erc")
    assert all(result.benchmark is None for result in comparison.results)


def test_a_run_over_exactly_these_dates_keeps_its_numbers(
    results: list[BacktestResult], comparison: Comparison
) -> None:
    erc = results[1].summary()
    assert (comparison.start, comparison.end) == (pd.Timestamp(erc["start"]), pd.Timestamp(erc["end"]))
    for key, value in comparison.metrics["erc"].items():
        assert value == pytest.approx(erc[str(key)], abs=0, nan_ok=True)


def test_the_order_changes_no_number(results: list[BacktestResult], comparison: Comparison) -> None:
    turned = compare(results[::-1])
    pd.testing.assert_frame_equal(turned.metrics[list(comparison.names)], comparison.metrics)


def test_repeated_names_are_numbered() -> None:
    one, other, third = (synthetic_result(seed=seed) for seed in range(3))
    named = replace(third, name="synthetic (2)")
    assert compare([one, named, other]).names == ("synthetic", "synthetic (2)", "synthetic (3)")


def test_a_ruin_ends_the_comparison_and_is_noted() -> None:
    ruined = synthetic_result(20, name="ruined", ruined=True)
    found = compare([synthetic_result(30, seed=1), ruined])
    assert found.notes == ("ruined lost all of its capital on 2005-08-31, where the comparison ends",)
    assert found.metrics.loc["cagr", "ruined"] == -1
    json.loads(json_bytes(found.summary()))


def test_incomparable_results_are_refused() -> None:
    monthly = synthetic_result()
    assert refusal([]) == "0 to compare; expected two results or more"
    assert refusal([monthly]) == "1 to compare; expected two results or more"
    assert refusal([monthly, synthetic_result(periods_per_year=252, name="fast")]) == (
        "synthetic is monthly, fast is daily; expected results with the same frequency"
    )
    in_euros = replace(monthly, name="euros", settings={"data": {"currency": "EUR"}})
    assert refusal([monthly, in_euros]) == ("synthetic is USD, euros is EUR; expected results with the same currency")
    assert refusal([monthly, synthetic_result(start="2013-12-31", name="later")]) == (
        "synthetic 2003-12-31 to 2007-12-31; later 2013-12-31 to 2017-12-31: they share 0 dates; expected two or more"
    )


@pytest.mark.parametrize(
    "made",
    [
        {"still": True, "free": True},
        {"periods": 1},
        {"assets": ("one",)},
        {"risk": False},
        {"gross": 2.5},
        {"assets": ("黄金", "<script>")},
        {"periods": 400, "periods_per_year": 252},
    ],
    ids=str,
)
def test_unusual_results_can_be_compared(made: dict[str, Any]) -> None:
    """Undefined numbers are null, and all others are present."""
    found = compare([synthetic_result(**made), synthetic_result(**made, seed=5, name="other")])
    summary = json.loads(json_bytes(found.summary()))
    assert summary["strategies"] == ["synthetic", "other"]
    assert set(found.table().columns) == {"better", "best", "synthetic", "other"}


# The tables


def test_the_best_of_each_metric_equals_a_plain_search(comparison: Comparison) -> None:
    for key, row in comparison.metrics.iterrows():
        values = {name: value for name, value in row.items() if not math.isnan(value)}
        distance = {
            "higher": lambda value: -value,
            "lower": lambda value: value,
            "nearest 1": lambda value: abs(value - 1),
        }
        if key not in BETTER or len({round(value, 9) for value in values.values()}) < 2:
            assert comparison.best[str(key)] == ()
            continue
        lost = {name: distance[BETTER[str(key)]](value) for name, value in values.items()}
        expected = tuple(name for name, value in lost.items() if value <= min(lost.values()) + 1e-9)
        assert comparison.best[str(key)] == expected


def test_every_metric_with_a_best_is_in_a_summary(comparison: Comparison) -> None:
    """Otherwise renaming a measure would silently drop its "best" mark. Sums of costs are for less than a year."""
    short = compare([synthetic_result(3), synthetic_result(3, seed=1)])
    assert set(BETTER) <= {*comparison.metrics.index, *short.metrics.index}
    assert {"average_gross_exposure", "average_cash_weight", "forecast_volatility"} <= {
        *comparison.metrics.index
    } - set(BETTER)


def test_ties_share_the_mark_and_missing_values_get_none() -> None:
    nan = float("nan")
    metrics = pd.DataFrame(
        {"a": [0.5, 0.2, nan, 1.25], "b": [0.5 + 1e-12, 0.2, nan, 0.5], "c": [0.1, 0.2, nan, 0.75]},
        index=["sharpe", "volatility", "calmar", "bias_statistic"],
    )
    assert best_of(metrics) == {"sharpe": ("a", "b"), "volatility": (), "calmar": (), "bias_statistic": ("a", "c")}


def test_the_table_of_the_article_holds_on_the_sample(comparison: Comparison) -> None:
    """60/40 is skewed to stocks, risk parity is balanced between assets, All-Weather is unlevered and not balanced."""
    risk, capital = comparison.class_shares("risk"), comparison.class_shares("capital")
    assert capital["60_40"].to_dict() == pytest.approx({"equities": 0.6, "bonds": 0.4, "commodities": 0.0}, abs=EXACT)
    assert risk["erc"].to_dict() == pytest.approx({"equities": 0.25, "bonds": 0.25, "commodities": 0.5}, abs=1e-9)
    assert risk["60_40"].to_dict()["equities"] > 0.85
    assert risk["60_40"].to_dict()["commodities"] == 0
    assert risk["all_weather"].to_dict()["equities"] > 0.4
    for shares in (risk, capital):
        assert shares.sum().to_numpy() == pytest.approx(1, abs=1e-9)
    leverage = comparison.metrics.loc["max_gross_exposure"]
    assert leverage["all_weather"] == pytest.approx(1, abs=EXACT)
    assert leverage["levered_erc"] > 2


def test_shares_of_results_without_classes_or_covariance() -> None:
    plain = replace(synthetic_result(), classes={}, name="plain")
    blind = synthetic_result(risk=False, name="blind")
    shares = class_shares({one.name: one.summary() for one in (plain, synthetic_result(), blind)}, "capital")
    assert shares["plain"].to_dict() == pytest.approx({"unclassified": 1.0, "equities": 0.0}, abs=EXACT)
    assert shares["synthetic"].to_dict() == pytest.approx({"unclassified": 0.0, "equities": 1.0}, abs=EXACT)
    assert shares["blind"].isna().all()


def test_correlations_are_computed_from_returns(comparison: Comparison) -> None:
    expected = comparison.growth.pct_change().iloc[1:].corr()
    pd.testing.assert_frame_equal(comparison.correlations, expected, rtol=0, atol=1e-10)


def test_each_pair_has_a_difference_of_sharpe_ratios(comparison: Comparison) -> None:
    table, sharpe = comparison.sharpe_differences, comparison.metrics.loc["sharpe"]
    assert len(table) == 6
    for row in table.to_dict("records"):
        assert row["difference"] == pytest.approx(sharpe[row["name"]] - sharpe[row["other"]], abs=EXACT)
        assert 0 < row["robust_p"] <= 1
        assert 0 < row["memmel_p"] <= 1
    assert table["holm_p"].tolist() == holm(table["robust_p"].to_numpy()).tolist()


def test_each_other_strategy_has_differences_from_the_first(comparison: Comparison) -> None:
    """As in a run whose benchmark is the first strategy."""
    first, *others = comparison.results
    assert list(comparison.differences) == list(comparison.names[1:])
    for other, found in zip(others, comparison.differences.values(), strict=True):
        expected = replace(other, benchmark=first).summary()["benchmark"]["differences"]
        for measure, difference in found.items():
            assert asdict(difference) == pytest.approx(expected[measure], nan_ok=True), measure


def test_a_strategy_is_levered_if_its_gross_exposure_is(comparison: Comparison) -> None:
    assert comparison.levered == ("levered_erc",)
    means = {name: comparison.metrics[name]["average_gross_exposure"] for name in comparison.names}
    pd.testing.assert_series_equal(comparison.gross_exposure.mean(), pd.Series(means))


@given(seed=st.integers(0, 10_000), window=st.integers(1, 12))
def test_windows_won_equal_a_plain_count(seed: int, window: int) -> None:
    """Neither side wins a tie, so the shares of a pair add up to 1 less the share of ties."""
    rng = np.random.default_rng(seed)
    navs = pd.DataFrame(np.cumprod(1 + rng.choice([-0.5, 0.0, 1.0], (10, 3)), axis=0), columns=list("abc"))
    won = windows_won(navs, window)
    count = len(navs) - window
    for one in "abc":
        for other in "abc":
            growth = [
                (navs[one].iloc[t + window] / navs[one].iloc[t], navs[other].iloc[t + window] / navs[other].iloc[t])
                for t in range(max(count, 0))
            ]
            wins = sum(a > b for a, b in growth)
            expected = math.nan if one == other or not growth else wins / len(growth)
            assert won[other][one] == pytest.approx(expected, abs=EXACT, nan_ok=True)


def test_windows_that_do_not_fit_are_left_out() -> None:
    found = compare([synthetic_result(36), synthetic_result(36, seed=3)])
    assert WINDOW_YEARS == (1, 3, 5)
    assert list(found.windows_won) == [1, 3]
    assert found.summary()["windows_won"]["3"]["windows"] == 1
    with pytest.raises(ValueError, match="expected 1 period or more"):
        windows_won(found.growth, 0)


def test_falls_are_the_worst_drawdowns_of_the_first(comparison: Comparison) -> None:
    first = comparison.results[0].nav
    for found, spell in zip(comparison.falls, worst_drawdowns(first, 5), strict=True):
        assert (found.first, found.last) == (spell.peak, spell.trough)
        assert found.drawdowns["60_40"] == pytest.approx(spell.depth, abs=EXACT)
        assert found.returns["60_40"] == pytest.approx(spell.depth, abs=EXACT)
    assert falls_of(pd.Series([1.0, 2.0], index=first.index[:2], name="up")) == ()


# What is written


def test_the_table_and_the_summary_are_the_same_numbers(comparison: Comparison) -> None:
    table, summary = comparison.table(), comparison.summary()
    assert table.index.is_unique
    for key, one in summary["metrics"].items():
        assert [table.loc[key, name] for name in comparison.names] == pytest.approx(
            list(one["values"].values()), abs=0, nan_ok=True
        )
        assert table.loc[key, "best"] == "; ".join(one["best"])
    for of in ("capital", "risk", "realised_risk"):
        for name, shares in summary[f"{of}_shares"].items():
            assert {label: table.loc[f"{of}_share: {label}", name] for label in shares} == shares
    for crisis in summary["crises"]:
        assert table.loc[f"return: {crisis['name']}", "erc"] == crisis["returns"]["erc"]
        assert table.loc[f"drawdown: {crisis['name']}", "erc"] == crisis["drawdowns"]["erc"]
    assert summary["crises"][-2]["name"] == "GFC"
    assert len(summary["falls_of_the_first"]) == 5
    assert repr(comparison) == "<Comparison of 60_40, erc, all_weather, levered_erc, 1989-01-31 to 2012-12-31>"


def test_the_summary_counts_returns() -> None:
    """A comparison of twelve months has twelve returns and thirteen values of NAV."""
    runs = bt.run_all(["configs/60_40.yaml", "configs/erc.yaml"], {"start": "1999-12-31", "end": "2000-12-31"})
    assert compare(runs).summary()["periods"] == 12
