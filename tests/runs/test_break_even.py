"""`break_even`: a run at the break-even spread equals its benchmark."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.break_even_spread.spread_search import BOUND, PairedReturns
from backtest.config import load_config
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.files.report_files import json_bytes
from backtest.runs.break_even import break_even
from backtest.runs.spread_match import GRID, Match, returns_of
from backtest.runs.steps import Steps
from support.builders.break_even_runs import (
    CONFIGS,
    LEVERED,
    SWITCHING,
    config,
    extending_levered,
    market,
    of_multiple,
    random_months,
)
from support.builders.market_files import write_csv, write_strategy
from support.command_line import command


@pytest.fixture(scope="module")
def levered() -> BreakEven:
    return break_even(LEVERED)


# 1. The definition


def test_the_break_even_of_two_periods_by_hand(tmp_path: Path) -> None:
    """Twice NAV in an asset that earns 1 % in February 2020 (29 days) and nothing in March (31), against once NAV.

    Cash earns nothing, the loan is 1 × NAV after each rebalance. With x = spread / 360 the strategy ends at
    (1.02 - 29 x)(1 - 31 x), the benchmark at 1.01:
        899 x² - 60.62 x + 0.01 = 0
        x = (60.62 - sqrt(60.62² - 4 × 899 × 0.01)) / (2 × 899) = 0.00016536, a spread of 595.3 bp.

    Twice an asset has the Sharpe ratio of the asset if the loan costs nothing, so that break-even is 0.
    """
    market(tmp_path, [0.01, 0.0], [0.0, 0.0])
    found = break_even(of_multiple(tmp_path, 2.0, {"asset": "stocks"}))
    x = (60.62 - math.sqrt(60.62**2 - 4 * 899 * 0.01)) / (2 * 899)
    assert found.by_return.spread == pytest.approx(360 * x, abs=1e-12)
    assert round(1e4 * found.by_return.spread, 1) == 595.3
    assert found.by_sharpe.spread == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("measure", ["cagr", "sharpe"])
def test_a_run_at_the_break_even_spread_equals_its_benchmark(tmp_path: Path, measure: str) -> None:
    """From 1999 on both break-evens are above zero, and so can be configured."""
    found = break_even(extending_levered(tmp_path, "data: {start: 1996-01-01}"))
    spread = (found.by_return if measure == "cagr" else found.by_sharpe).spread
    assert 0.05 < spread < BOUND
    tied = extending_levered(tmp_path, f"data: {{start: 1996-01-01}}\nfinancing: {{spread_bps: {1e4 * spread!r}}}")
    summary = bt.run(tied).summary()
    assert summary[measure] == pytest.approx(summary["benchmark"][measure], abs=1e-9)


def test_daily_runs_break_even_although_the_loan_drifts_between_rebalances(tmp_path: Path) -> None:
    """The effect of the spread is not linear here, and the solution still holds for whole runs."""
    dates = pd.bdate_range("2020-01-01", periods=300)
    rng = np.random.default_rng(8)
    levels = 100 * np.cumprod(1 + 0.0008 + 0.01 * rng.standard_normal((300, 2)), axis=0)
    market(tmp_path, [0.0], [0.0])
    write_csv(pd.DataFrame(levels, index=dates, columns=["stocks", "bonds"]), tmp_path / "prices.csv")
    settings: dict[str, Any] = {"costs": {"trading_bps": 10}, "cash": 0.02}
    found = break_even(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing={"spread_bps": 50}, **settings))
    assert 0 < found.by_return.spread < BOUND
    tied = {"spread_bps": 1e4 * found.by_return.spread}
    summary = bt.run(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing=tied, **settings)).summary()
    assert summary["cagr"] == pytest.approx(summary["benchmark"]["cagr"], abs=1e-9)


def test_a_strategy_that_reads_current_weights_decides_along_each_path(tmp_path: Path) -> None:
    """Weights depend on the spread, and the solution still holds for a whole run."""
    market(tmp_path, random_months(40), random_months(40, 2))
    half = {"name": "halfway"}
    found = break_even(config(tmp_path, half, {"asset": "bonds"}))
    assert found.borrows
    assert 0 < found.by_return.spread < BOUND
    tied = config(tmp_path, half, {"asset": "bonds"}, financing={"spread_bps": 1e4 * found.by_return.spread})
    summary = bt.run(tied).summary()
    assert summary["cagr"] == pytest.approx(summary["benchmark"]["cagr"], abs=1e-9)


def test_excess_return_falls_with_the_spread(levered: BreakEven) -> None:
    """The excess falls along the grid, and at the configured spread it equals the run's own summary."""
    spreads = [point.spread for point in levered.curve]
    assert spreads == sorted({*GRID, 0.005, 0.01})
    assert (np.diff([point.excess_return for point in levered.curve]) < 0).all()
    assert (np.diff([point.excess_sharpe for point in levered.curve]) < 0).all()
    summary = bt.run(LEVERED).summary()
    here = levered.at(levered.configured.spread)
    assert here.excess_return == pytest.approx(summary["cagr"] - summary["benchmark"]["cagr"], abs=1e-12)
    assert here.excess_sharpe == pytest.approx(summary["sharpe"] - summary["benchmark"]["sharpe"], abs=1e-12)


def test_the_break_even_lies_where_the_curve_crosses_zero_and_inside_its_interval(levered: BreakEven) -> None:
    below, above = levered.at(0.0125), levered.at(0.015)
    assert below.excess_return > 0 > above.excess_return
    assert 0.0125 < levered.by_return.spread < 0.015
    assert levered.by_sharpe.spread < 0  # levered ERC has a lower Sharpe ratio than 60/40 from the start
    for one in (levered.by_return, levered.by_sharpe):
        assert one.interval is not None
        assert one.interval[0] < one.spread < one.interval[1]


def test_break_even_is_deterministic(levered: BreakEven) -> None:
    again = break_even(LEVERED)
    assert (again.by_return, again.by_sharpe, again.curve) == (levered.by_return, levered.by_sharpe, levered.curve)


def test_the_configured_spread_changes_neither_break_even(levered: BreakEven, tmp_path: Path) -> None:
    other = break_even(extending_levered(tmp_path, "financing: {spread_bps: 175}"))
    assert (other.by_return, other.by_sharpe) == (levered.by_return, levered.by_sharpe)
    assert other.configured.spread == 0.0175


def test_returns_of_a_bootstrap_draw_equal_a_run_at_its_spread(tmp_path: Path) -> None:
    """Rebalanced every period and without costs they are exact, to rounding (1e-16 a period's return).

    Bought once and kept, dearer interest has taken a share d of NAV by the end, and leverage is higher by about as
    much: what the draw leaves out is of the order of d × return.
    """
    market(tmp_path, random_months(12), random_months(12, 2))
    errors, orders = [], []
    for frequency in ("monthly", "never"):
        path = of_multiple(tmp_path, 1.6, {"asset": "bonds"}, cash=0.03, rebalance={"frequency": frequency})
        steps = Steps(offline=True)
        plan, _ = steps.plan(load_config(path))
        decided, (benchmark,) = steps.decided(plan), steps.benchmarks(plan)
        match = Match.of(decided, benchmark.result)
        free, dear = match.path(0.0), match.path(0.04)
        exposure = free.ledger().loan[1:] / free.nav[:-1] * plan.data.days[1:] / 360
        drawn = PairedReturns(returns_of(free), exposure, match.sides[0].other, 0.0).at(0.04)
        errors.append(np.abs(drawn - returns_of(dear)).max())
        orders.append((1 - dear.nav[-1] / free.nav[-1]) * np.abs(returns_of(free)).max())
    assert errors[0] < 1e-15
    assert 0.01 * orders[1] < errors[1] < orders[1]


def test_a_spread_that_ruins_counts_as_a_return_of_minus_one(tmp_path: Path) -> None:
    """99 % of NAV is lost at a spread of zero; 4 % a year more on a loan of 10 × NAV, and nothing is left."""
    market(tmp_path, [0.0, -0.0899, 0.01, 0.02], [0.0] * 4)
    found = break_even(of_multiple(tmp_path, 11.0, {"asset": "bonds"}))
    assert found.at(0.04).excess_return == -1
    assert -1 < found.at(0.0).excess_return < 0
    assert found.by_return.spread < 0


# 2. In the result of a run


def numbers_of(result: BacktestResult) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(json_bytes(result.summary()))
    return summary


def test_a_run_that_borrows_has_its_break_even_spreads(levered: BreakEven) -> None:
    """They equal the command's spreads, without intervals and curve, which were not requested."""
    result = bt.run(LEVERED)
    found = result.break_even
    assert found is not None
    assert (found.by_return.spread, found.by_sharpe.spread) == (levered.by_return.spread, levered.by_sharpe.spread)
    assert (found.by_return.interval, found.by_sharpe.interval, found.curve) == (None, None, ())
    assert found.configured == levered.configured == levered.at(0.005)
    assert numbers_of(result)["break_even"] == {
        "return_bps": 1e4 * levered.by_return.spread,
        "return_interval_bps": None,
        "sharpe_bps": 1e4 * levered.by_sharpe.spread,
        "sharpe_interval_bps": None,
    }


def test_a_run_has_intervals_and_the_curve_on_request(levered: BreakEven, tmp_path: Path) -> None:
    result = bt.run(extending_levered(tmp_path, "report: {break_even: true}"))
    assert result.break_even is not None
    assert (result.break_even.by_return, result.break_even.curve) == (levered.by_return, levered.curve)
    assert levered.by_return.interval is not None
    assert numbers_of(result)["break_even"]["return_interval_bps"] == [1e4 * end for end in levered.by_return.interval]
    assert "break_even" in render_all(result)


def test_a_run_without_a_loan_or_a_benchmark_has_no_break_even() -> None:
    for name in ("erc", "60_40"):
        result = bt.run(CONFIGS / f"{name}.yaml")
        assert result.break_even is None
        assert "break_even" not in result.summary()


def test_a_strategy_that_reads_current_weights_has_a_break_even_only_on_request(tmp_path: Path) -> None:
    """It would have to decide on every path; without the request the numbers are null."""
    market(tmp_path, random_months(40), random_months(40, 2))
    quiet = bt.run(config(tmp_path, {"name": "halfway"}, {"asset": "bonds"}))
    assert set(numbers_of(quiet)["break_even"].values()) == {None}
    asked = bt.run(config(tmp_path, {"name": "halfway"}, {"asset": "bonds"}, report={"break_even": True}))
    assert 0 < asked.summary()["break_even"]["return_bps"] < 1e4 * BOUND


def test_no_break_even_after_ruin_or_beyond_the_searched_range(tmp_path: Path) -> None:
    """Ruin even at a spread of zero: null. So far ahead, or behind, that no spread matters: infinite, with its sign."""
    market(tmp_path, [0.0, -0.6, 0.1], [0.0, 0.01, 0.0])
    lost = bt.run(of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert lost.break_even is None
    assert set(numbers_of(lost)["break_even"].values()) == {None}
    market(tmp_path, [0.3, 0.2, 0.3], [0.0, 0.01, 0.0])
    ahead = bt.run(of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert ahead.summary()["break_even"]["return_bps"] == math.inf
    assert numbers_of(ahead)["break_even"]["return_bps"] == "Infinity"
    market(tmp_path, [-0.01, -0.02, -0.01], [0.03, 0.04, 0.03])
    behind = bt.run(of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert behind.summary()["break_even"]["return_bps"] == -math.inf
    assert numbers_of(behind)["break_even"]["return_bps"] == "-Infinity"


def test_a_spread_that_cannot_be_traded_does_not_stop_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """11 times NAV, every month in the other asset: twice 3 % of the first NAV.

    Free of a spread it is ahead; at 10 % a year NAV falls to where selling one asset leaves something, and buying the
    other does not.
    """
    market(tmp_path, [0.01, 0.0105] * 40, [0.0101, 0.0104] * 40)
    write_strategy(tmp_path, "switching", SWITCHING)
    costs: dict[str, Any] = {"costs": {"fixed": 3.0}, "initial_capital": 100.0}
    path = config(tmp_path, {"name": "switching"}, {"asset": "bonds", "multiple": 0.1}, **costs)
    with caplog.at_level("WARNING"):
        result = bt.run(path)
    assert result.nav.iloc[-1] > 1
    assert set(numbers_of(result)["break_even"].values()) == {None}
    assert "no break-even spread of levered: trading to a gross exposure of 11 would cost all of the NAV" in caplog.text


# 3. Other financing


def test_break_even_of_futures_is_one_basis_for_all(tmp_path: Path) -> None:
    """A run at that basis equals its benchmark; roll and margin do not change. A basis by asset is not one spread."""
    market(tmp_path, random_months(60), random_months(60, 2))
    terms = {"kind": "futures", "roll_bps": 3, "allow_negative_spread": True, "maintenance_margin": 0.1}
    more: dict[str, Any] = {"cash": 0.01, "costs": {"trading_bps": 10}}
    path = of_multiple(tmp_path, 1.6, {"asset": "bonds"}, financing={**terms, "basis_bps": {"stocks": 20}}, **more)
    found = break_even(path)
    assert (found.financing, found.borrows) == ("futures", True)
    assert math.isnan(found.configured.spread)
    summary = bt.run(path).summary()
    excess = summary["cagr"] - summary["benchmark"]["cagr"]
    assert found.configured.excess_return == pytest.approx(excess, abs=1e-12)
    output = command("breakeven", path).out
    assert "excess as configured" in output
    assert "spread: basis of all futures" in output
    basis = {**terms, "basis_bps": 1e4 * found.by_return.spread}
    tied = bt.run(of_multiple(tmp_path, 1.6, {"asset": "bonds"}, financing=basis, **more)).summary()
    assert tied["cagr"] == pytest.approx(tied["benchmark"]["cagr"], abs=1e-9)
    assert tied["break_even"]["return_bps"] == pytest.approx(1e4 * found.by_return.spread, abs=1e-8)


def test_break_even_of_leveraged_funds_is_their_swap_spread(tmp_path: Path) -> None:
    dates = pd.bdate_range("2020-01-01", periods=300)
    levels = 100 * np.cumprod(1 + 0.0008 + 0.01 * np.random.default_rng(8).standard_normal((300, 2)), axis=0)
    market(tmp_path, [0.0], [0.0])
    write_csv(pd.DataFrame(levels, index=dates, columns=["stocks", "bonds"]), tmp_path / "prices.csv")
    terms = {"kind": "leveraged_fund", "leverage": 2, "expense_ratio_bps": 50}
    found = break_even(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing={**terms, "swap_spread_bps": 40}))
    assert (found.financing, found.configured.spread) == ("leveraged_fund", 0.004)
    assert 0 < found.by_return.spread < BOUND
    tied = {**terms, "swap_spread_bps": 1e4 * found.by_return.spread}
    summary = bt.run(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing=tied)).summary()
    assert summary["cagr"] == pytest.approx(summary["benchmark"]["cagr"], abs=1e-9)


@pytest.mark.parametrize("spread", [{"spread_bps": {"2020-01-01": 50, "2021-01-01": 100}}, {"tiers": {0: 100, 5: 50}}])
def test_a_spread_by_date_or_size_has_no_configured_point(tmp_path: Path, spread: dict[str, Any]) -> None:
    market(tmp_path, random_months(40), random_months(40, 2))
    found = break_even(of_multiple(tmp_path, 1.6, {"asset": "bonds"}, financing=spread, initial_capital=10.0))
    assert math.isnan(found.configured.spread)
    assert [point.spread for point in found.curve] == list(GRID)
