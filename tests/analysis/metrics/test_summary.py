"""Nested entries of a summary: calendar years, worst drawdowns and crises."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.compare.side_by_side import metrics_of
from backtest.analysis.metrics.drawdown import drawdown, worst_drawdowns
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns, drawdown_lengths
from backtest.analysis.tables.crises import CRISES, in_crises, overlapping_crises
from backtest.reporting.files.report_files import json_bytes
from support.builders.synthetic_result import synthetic_result


@pytest.fixture(scope="module")
def erc() -> BacktestResult:
    return bt.run("configs/erc.yaml")


def test_crises_have_the_same_order_and_separate_numbers_for_run_and_benchmark(erc: BacktestResult) -> None:
    assert erc.benchmark is not None
    summary = erc.summary()
    navs = pd.DataFrame({"run": erc.nav, "benchmark": erc.benchmark.nav})
    expected = in_crises(navs)
    assert len(expected) > 5
    for side, rows in (("run", summary["crises"]), ("benchmark", summary["benchmark"]["crises"])):
        assert [row["name"] for row in rows] == [one.crisis.name for one in expected]
        assert [row["return"] for row in rows] == [one.returns[side] for one in expected]
        assert [row["drawdown"] for row in rows] == [one.drawdowns[side] for one in expected]
        assert [row["first"] for row in rows] == [f"{one.first:%Y-%m-%d}" for one in expected]
    for one in expected:
        within = erc.nav.loc[one.first : one.last].to_numpy()
        assert one.drawdowns["run"] == drawdown(within).min()
        assert one.returns["run"] == within[-1] / within[0] - 1


def test_the_first_worst_drawdown_is_the_headline_drawdown(erc: BacktestResult) -> None:
    summary = erc.summary()
    rows = summary["worst_drawdowns"]
    assert len(rows) == 10
    names = ("max_drawdown", "max_drawdown_start", "max_drawdown_end")
    assert [rows[0][key] for key in ("depth", "peak", "trough")] == [summary[key] for key in names]
    assert [row["depth"] for row in rows] == drawdown_lengths(erc.nav, 10)["depth"].tolist()


def test_calendar_years_compound_to_the_total_return(erc: BacktestResult) -> None:
    summary = erc.summary()
    years = summary["calendar_years"]
    assert years == {str(year): value for year, value in calendar_returns(erc.nav, 12)[YEAR].items()}
    assert math.prod(1 + value for value in years.values()) - 1 == pytest.approx(summary["total_return"], rel=1e-12)


def test_nested_entries_are_written_to_json_and_not_compared(erc: BacktestResult) -> None:
    summary = erc.summary()
    nested = {key for key, value in summary.items() if isinstance(value, list | dict)}
    assert {"crises", "worst_drawdowns", "calendar_years"} <= nested
    assert not nested & set(metrics_of({"erc": summary}).index)
    written = json.loads(json_bytes(summary))
    assert written["crises"] == summary["crises"]
    assert written["calendar_years"] == summary["calendar_years"]


@pytest.mark.parametrize(
    "one", [synthetic_result(1), synthetic_result(24, still=True, free=True), synthetic_result(24, ruined=True)]
)
def test_short_flat_and_ruined_runs_have_nested_entries(one: BacktestResult) -> None:
    summary = json.loads(json_bytes(one.summary()))
    assert summary["crises"] == []
    assert all(row["depth"] < 0 for row in summary["worst_drawdowns"])
    assert summary["calendar_years"]
    if one.nav.iloc[-1] == 0:
        assert summary["worst_drawdowns"][0] | {"days_down": 0, "days": 0} == {
            "depth": -1, "peak": f"{one.nav.idxmax():%Y-%m-%d}", "trough": summary["end"], "recovery": None,
            "days_down": 0, "days_up": None, "days": 0,
        }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_worst_drawdowns_equal_a_plain_search_from_peak_to_peak(seed: int) -> None:
    nav = synthetic_result(200, seed=seed).nav
    spells, peak, lowest = [], nav.iloc[0], math.inf
    for value in [*nav.iloc[1:], math.inf]:
        lowest = min(lowest, value)
        if value >= peak:
            spells += [lowest / peak - 1] if lowest < peak else []
            peak, lowest = value, math.inf
    assert [one.depth for one in worst_drawdowns(nav, 1_000)] == sorted(spells)


class TestOverlapping:
    """Crises to shade on a chart: those that overlap its dates."""

    def test_covered_crises_stay_whole_and_others_are_truncated(self) -> None:
        found = overlapping_crises(pd.to_datetime(["2008-06-30", "2015-01-30", "2022-03-31"]))
        assert [one.name for one in found][:2] == ["GFC", "Euro crisis"]
        assert f"{found[0].start:%Y-%m-%d} {found[0].end:%Y-%m-%d}" == "2008-06-30 2009-03-09"
        assert f"{found[-1].start:%Y-%m-%d} {found[-1].end:%Y-%m-%d}" == "2022-01-03 2022-03-31"
        assert found[1] in CRISES

    @pytest.mark.parametrize(("first", "last"), [("2009-03-09", "2011-04-29"), ("2015-01-30", "2015-01-30")])
    def test_a_crisis_that_only_touches_the_dates_is_left_out(self, first: str, last: str) -> None:
        assert overlapping_crises(pd.to_datetime([first, last])) == ()

    @pytest.mark.parametrize("frequency", ["D", "ME", "YE"])
    def test_every_fully_covered_crisis_is_included(self, frequency: str) -> None:
        dates = pd.date_range("1970-01-31", "2023-12-31", freq=frequency)
        nav = pd.DataFrame({"a": np.ones(len(dates))}, index=dates)
        assert {one.crisis for one in in_crises(nav)} <= set(overlapping_crises(dates))
