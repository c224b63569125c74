"""Runs of too few periods, or of less than a year: numbers without information are null, and nothing is annualised.

There are two arguments. A number that is the same for any returns (Sortino's -sqrt(12) for any single loss, the
correlation of ±1 of any two returns, the kurtosis of any three) has no information. And a return of less than a year
is not a rate per year: the Global Investment Performance Standards forbid annualising it.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.data.dates.months_and_years import is_whole_year
from backtest.reporting.files.report_files import json_bytes
from backtest.reporting.pages.headline import headline_rows
from backtest.reporting.pages.notebook import comparison_html, result_html
from backtest.runs.break_even import break_even
from backtest.runs.compared_runs import compare
from support.builders.market_files import random_levels, write_config, write_csv
from support.command_line import command
from support.pages.read_page import Page

pytestmark = pytest.mark.usefixtures("without_figures")

RATES = {
    "cagr", "gross_cagr", "real_cagr", "cash_cagr", "calmar", "turnover_per_year", "trading_cost_per_year",
    "financing_cost_per_year", "financing_drag_per_year", "borrow_cost_per_year", "fees_per_year",
}  # fmt: skip
"""Numbers that a run of less than a year does not have."""

SUMS = {"turnover", "trading_cost", "financing_cost", "financing_drag", "borrow_cost", "fees"}
"""Numbers that only such a run has."""

LEAST = {
    "volatility": 2, "sharpe": 2, "sortino": 2, "var_95": 2, "cvar_95": 2, "tracking_error": 2, "information_ratio": 2,
    "skew": 3, "beta": 3, "correlation": 3, "excess_kurtosis": 4,
}  # fmt: skip
"""Periods that a number needs."""


def write_run(folder: Path, periods: int, seed: int = 0, *, freq: str = "ME", crash: bool = False) -> Path:
    """Write configurations of a levered run and its benchmark over n periods; with `crash` the run is ruined."""
    dates = pd.date_range("2020-01-31", periods=periods + 1, freq=freq)
    levels = random_levels(dates, [0.2, 0.1], np.random.default_rng(seed), drift=-0.1)
    if crash:
        levels[3:] *= 0.1
    write_csv(pd.DataFrame(levels, index=dates, columns=["shares", "treasuries"]), folder / "prices.csv")
    data = {
        "source": "csv",
        "path": "prices.csv",
        "cash": 0.01,
        "assets": {"shares": "equities", "treasuries": "bonds"},
    }
    terms = {"costs": {"trading_bps": 20}, "fees": {"management_bps": 50}, "rebalance": {"execution_lag": 0}}
    write_config(folder / "mixed.yaml", data=data, strategy={"name": "sixty_forty"}, **terms)
    return write_config(
        folder / "levered.yaml",
        data=data,
        strategy={"name": "equal_weight"},
        leverage={"multiple": 2},
        financing={"spread_bps": 100},
        benchmark=None if crash else "mixed.yaml",
        report={"break_even": not crash},
        **terms,
    )


def plain(result: BacktestResult) -> dict[str, Any]:
    """Return the summary as JSON, with null for undefined numbers and the benchmark's numbers at the top level."""
    summary = json.loads(json_bytes(result.summary()))
    relative = {key: value for key, value in summary.get("benchmark", {}).items() if key not in summary}
    return {**summary, **relative}


# 1. Too few periods


@pytest.mark.parametrize("periods", [1, 2, 3, 4, 5])
def test_numbers_of_too_few_periods_are_null(tmp_path: Path, periods: int) -> None:
    summary = plain(bt.run(write_run(tmp_path, periods)))
    assert {key for key in LEAST if summary[key] is None} == {key for key in LEAST if LEAST[key] > periods}
    assert summary["autocorrelation"] is None
    assert summary["adjusted_volatility"] is None
    assert [summary["confidence"][key] for key in ("cagr", "volatility", "sharpe", "max_drawdown")] == [None] * 4
    band = summary["bias_statistic_band"]
    assert (band == [None, None]) == (summary["bias_statistic"] is None)
    if periods == 1:
        assert set(summary["realised_risk_shares"].values()) == {None}


@pytest.mark.parametrize("periods", [1, 2, 3, 4])
def test_every_reported_number_depends_on_the_returns(tmp_path: Path, periods: int) -> None:
    """Each number differs between five random markets."""
    others = ("alpha", "calmar", "bias_statistic", "up_capture", "down_capture", "max_drawdown", "total_return")
    found = [plain(bt.run(write_run(tmp_path, periods, seed))) for seed in range(5)]
    for key in (*LEAST, *others):
        values = [one[key] for one in found if one[key] is not None]
        if key != "max_drawdown" or 0.0 not in values:  # a market that never fell
            assert len({round(value, 9) for value in values}) == len(values), key


def test_a_single_loss_has_no_sortino_ratio(tmp_path: Path) -> None:
    """The ratio would be -sqrt(12) for any loss."""
    results = [bt.run(write_run(tmp_path, 1, seed)) for seed in range(4)]
    assert any(result.returns.iloc[0] < 0 for result in results)
    assert all(math.isnan(result.summary()["sortino"]) for result in results)


def test_a_comparison_of_two_periods_has_no_correlation(tmp_path: Path) -> None:
    path = write_run(tmp_path, 2)
    found = compare([bt.run(path), bt.run(tmp_path / "mixed.yaml")])
    assert found.correlations.isna().all(axis=None)


# 2. Less than a year


@pytest.mark.parametrize(
    ("first", "last", "whole"),
    [
        ("2020-01-31", "2021-01-31", True),
        ("2020-01-31", "2021-01-30", False),
        ("2019-12-31", "2020-12-31", True),
        ("2020-02-29", "2021-02-28", True),  # 365 days
        ("2019-03-01", "2020-02-29", False),  # 365 days, but the anniversary is a day later
        ("2020-01-02", "2020-12-31", False),  # a calendar year of trading days
        ("2020-01-31", "2020-02-29", False),
        ("1990-01-31", "2020-01-31", True),
    ],
)
def test_a_year_is_over_on_its_anniversary(first: str, last: str, whole: bool) -> None:
    """The dates are consecutive days."""
    assert is_whole_year(pd.date_range(first, last), 365) is whole


@pytest.mark.parametrize(
    ("dates", "periods_per_year", "rows"),
    [
        (pd.bdate_range("2021-12-31", "2022-12-30"), 252, 260),  # 31 December 2022 is a Saturday
        (pd.date_range("2020-01-31", "2021-01-31", freq="BME"), 12, 12),  # ends on 29 January
        (pd.date_range("2020-05-29", "2021-04-30", freq="BME").append(pd.DatetimeIndex(["2021-05-28"])), 12, 12),
        (pd.date_range("2021-01-01", "2022-01-05", freq="BMS"), 12, 12),  # from 1 January to 3 January
        (pd.date_range("2020-01-03", periods=53, freq="W-FRI"), 52, 52),
        (pd.date_range("2021-12-31", "2022-12-31", freq="BQE"), 4, 4),
        (pd.date_range("2021-12-31", "2022-12-31", freq="BYE"), 1, 1),
        (pd.date_range("2020-01-03", periods=14, freq="28D"), 13, 13),
    ],
)  # fmt: skip
def test_a_year_ends_with_the_last_date_before_its_anniversary(
    dates: pd.DatetimeIndex, periods_per_year: int, rows: int
) -> None:
    """The anniversary has no session; one period less is not a year."""
    assert len(dates) == rows + 1
    assert is_whole_year(dates, periods_per_year)
    assert rows == 1 or not is_whole_year(dates[:-1], periods_per_year)
    assert rows == 1 or not is_whole_year(dates[1:], periods_per_year)


@pytest.mark.parametrize(
    ("periods", "freq", "whole"),
    [(1, "ME", False), (3, "ME", False), (11, "ME", False), (12, "ME", True), (200, "B", False), (300, "B", True)],
)
def test_a_run_of_less_than_a_year_has_no_rate_per_year(tmp_path: Path, periods: int, freq: str, whole: bool) -> None:
    """The total return and total costs replace the rates, and equal the rates times the years of a longer run."""
    result = bt.run(write_run(tmp_path, periods, freq=freq))
    for summary in (result.summary(), result.summary()["benchmark"]):
        assert {key for key in RATES if math.isnan(summary[key])} == ({"real_cagr"} if whole else RATES)
        assert {key for key in SUMS if key in summary} == (set() if whole else SUMS)
        growth = summary["attribution"]["cagr"]
        assert {math.isnan(value) for value in growth.values()} == {not whole}
        assert summary["confidence"]["cagr"] is None or whole
    summary = result.summary()
    assert math.isnan(summary["benchmark"]["alpha"]) is (not whole or periods < 3)
    assert {math.isnan(value) for value in summary["attribution"]["levered_return"].values()} == {not whole}
    years = (result.nav.index[-1] - result.nav.index[0]).days / 365.25
    paid = (result.costs["trading"] / result.nav.shift()).iloc[1:].sum()
    rate = summary["trading_cost_per_year"] * years if whole else summary["trading_cost"]
    assert rate == pytest.approx(paid, rel=1e-12)
    assert (summary["volatility"] > 0) is (periods > 1)
    assert (summary["confidence"]["sharpe"] is not None) is (periods >= 24)
    json.loads(json_bytes(result.summary()), parse_constant=pytest.fail)


def test_a_total_loss_within_a_year_is_a_total_return(tmp_path: Path) -> None:
    result = bt.run(write_run(tmp_path, 12, crash=True))
    summary = result.summary()
    assert summary["total_return"] == -1
    assert summary["periods"] == 3
    assert all(math.isnan(summary[key]) for key in RATES)
    assert "lost all of its capital by 2020-04-30" in result_html(result)


def test_break_even_of_less_than_a_year_equates_total_returns(tmp_path: Path) -> None:
    """The spread makes the total returns equal; too few periods have no interval."""
    path = write_run(tmp_path, 8)
    found = break_even(path)
    assert not found.whole_year
    configured = found.configured
    result = bt.run(path)
    assert result.benchmark is not None
    ahead = result.nav.iloc[-1] - result.benchmark.nav.iloc[-1]
    assert configured.excess_return == pytest.approx(ahead, abs=1e-12)
    assert found.by_return.interval is None
    output = command("breakeven", path).out
    assert "interval" not in output
    assert "excess: levered less mixed, over the whole run, of less than a year" in output
    assert json.loads(command("breakeven", path, "--json").out)["bootstrap"]["mean_block_periods"] is None


# 3. Pages


@pytest.mark.parametrize("periods", [1, 5])
def test_pages_show_the_total_return_and_total_costs(
    tmp_path: Path, periods: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_run(tmp_path, periods)
    result = bt.run(path)
    rows = {label: values for label, *values in headline_rows(result.summary())}
    assert "CAGR" not in rows
    assert "trading costs a year" not in rows
    assert rows["total return"][0] == f"{100 * (result.nav.iloc[-1] - 1):.2f} %"
    assert {"turnover", "trading costs", "financing"} <= set(rows)
    printed = command("run", path).out
    assert "total return" in printed
    assert "CAGR" not in printed
    page = Page((tmp_path / "reports/levered/tearsheet.html").read_text(encoding="utf-8"))
    for text in (page.text, Page(f"<div>{result_html(result)}</div>").text):
        assert "in all" in text
        assert "of NAV to borrow" in text
        assert "CAGR" not in text.replace("CAGR over the size", "")
        assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert "% of NAV in all, half the sum of all absolute trades" in page.text
    listed = command("list").out
    assert "in all" in listed


def test_comparisons_of_less_than_a_year_show_total_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [write_run(tmp_path, 5), tmp_path / "mixed.yaml"]
    printed = command("compare", *paths).out
    assert "total return" in printed
    assert "trading costs" in printed
    assert "a year" not in printed
    assert "CAGR" not in printed
    html = comparison_html(compare([bt.run(path) for path in paths]))
    assert "highest total return" in html
    assert "CAGR" not in html
    listed = command("list").out
    assert "equal" not in listed
    assert all(name in listed for name in ("levered", "mixed"))
    shelf = (tmp_path / "reports/index.html").read_text(encoding="utf-8")
    assert "equal</td>" not in shelf
    page = Page((tmp_path / "reports/levered_vs_mixed/comparison.html").read_text(encoding="utf-8"))
    assert "in all" in page.text
