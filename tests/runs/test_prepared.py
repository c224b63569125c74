"""`bt.prepare`: the same results as `bt.run`, with only those steps repeated that depend on a change."""

import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.build import build_result
from backtest.data.market_data import load
from backtest.engine.path import Path as Simulation
from backtest.reporting.files.report_files import tables
from backtest.runs import run_result
from backtest.runs import steps as steps_of_runs
from backtest.runs.plan import Plan
from backtest.runs.steps import Kept

CHANGES: list[dict[str, Any]] = [
    {},
    {"financing.spread_bps": 120},
    {"costs.trading_bps": 35},
    {"rebalance.bands": {"absolute": 0.02}},
    {"rebalance.minimum_trade": 0.01},
    {"estimation.window": "5Y"},
    {"estimation": {"covariance": "ewma", "half_life": "1Y"}},
    {"rebalance.frequency": "quarterly"},
    {"rebalance.execution_lag": 1},
    {"start": "1999-06-30"},
    {"end": "2009-03-31"},
    {"strategy": "inverse_volatility"},
    {"leverage": {"multiple": 1.5}},
    {"leverage": {"target_volatility": "benchmark"}},
    {"benchmark": "equal_weight"},
    {"benchmark": None},
    {"initial_capital": 1e6, "costs.fixed": 20},
    {"fees.expense_ratio_bps": 15},
    {"data.end": "2005-12-31"},
    {"name": "other"},
    {"strategy": "erc", "leverage": {"debt": 0.5}},  # reads NAV: it decides again along each path
]


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count the loads, plans, decisions and paths of a test."""
    counts = dict.fromkeys(("load", "plan", "decide", "path"), 0)

    def counted(name: str, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(steps_of_runs, "load", counted("load", load))
    monkeypatch.setattr(Plan, "of", counted("plan", Plan.of))
    monkeypatch.setattr(Plan, "decide", counted("decide", Plan.decide))
    monkeypatch.setattr(Simulation, "ledger", counted("path", Simulation.ledger))
    return counts


class Contents:
    """Every table, number and word of a result."""

    def __init__(self, result: bt.BacktestResult) -> None:
        self.tables, self.summary = tables(result), result.summary()
        self.words = result.name, result.notes, result.warnings, result.settings


def assert_same(one: bt.BacktestResult, other: bt.BacktestResult | Contents) -> None:
    """Assert that two results have the same bits in every table and number, and the same words."""
    found, expected = Contents(one), other if isinstance(other, Contents) else Contents(other)
    for (name, table), same in zip(found.tables.items(), expected.tables.values(), strict=True):
        pd.testing.assert_frame_equal(table, same, check_exact=True, obj=name)
    np.testing.assert_equal(found.summary, expected.summary)
    assert found.words == expected.words


@pytest.mark.parametrize("config", ["configs/erc.yaml", "configs/levered_erc.yaml"])
def test_runs_in_any_order_have_the_bits_of_runs_on_their_own(config: str) -> None:
    """Each change is run twice, once after all others: whatever was kept does not change a result."""
    prepared = bt.prepare(config)
    changes = [change for change in CHANGES if "leverage" not in change or config == "configs/erc.yaml"]
    expected = [Contents(bt.run(config, change)) for change in changes]
    for at in [*range(len(changes)), *reversed(range(len(changes)))]:
        assert_same(prepared.run(changes[at]), expected[at])


def test_a_change_repeats_only_what_depends_on_it(count: dict[str, int]) -> None:
    prepared = bt.prepare("configs/erc.yaml")
    assert count == {"load": 0, "plan": 0, "decide": 0, "path": 0}
    prepared.run().headline()
    first = dict(count)
    assert first == {"load": 2, "plan": 2, "decide": 2, "path": 2}, "the run and its benchmark"
    for change in ({}, {"financing.spread_bps": 80}, {"costs.trading_bps": 3}, {"rebalance.minimum_trade": 0.02}):
        prepared.run(change).headline()
    assert count == {**first, "path": first["path"] + 4}
    prepared.run({"estimation.window": "5Y"}).headline()
    assert count["load"] == 2, "data is read once"
    assert count["plan"] == 3, "the benchmark has the same plan, but begins later"


def test_runs_of_a_list_share_their_steps(count: dict[str, int]) -> None:
    spreads = [{"extends": "configs/erc.yaml", "name": f"s{bps}", "financing": {"spread_bps": bps}} for bps in (0, 9)]
    bt.run_all(spreads)
    assert (count["load"], count["plan"], count["decide"]) == (2, 2, 2)


@pytest.mark.parametrize(
    ("config", "overrides"),
    [
        ("configs/levered_erc.yaml", {}),
        ("configs/levered_erc_futures.yaml", {}),
        ("configs/daily/60_40_in_funds.yaml", {}),
        ("configs/daily/levered_erc_margin_calls.yaml", {}),
        ("configs/erc.yaml", {"start": "2012-06-30"}),  # less than a year
    ],
)
def test_headline_numbers_are_those_of_the_summary(config: str, overrides: dict[str, Any]) -> None:
    """They come from arrays, the summary from tables; sums in another order differ by rounding, 1e-16 a term."""
    on_demand, whole = bt.prepare(config, overrides).run(), bt.run(config, overrides)
    summary = whole.summary()
    assert len(on_demand.headline()) == (14 if "start" in overrides else 10)
    for result in (on_demand, whole):
        expected = {name: summary[name] for name in result.headline()}
        assert result.headline() == pytest.approx(expected, rel=1e-12, abs=1e-15, nan_ok=True)


def test_nothing_is_built_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    result = bt.prepare("configs/erc.yaml").run()
    monkeypatch.setattr("backtest.runs.run_result.build_result", lambda *_, **__: pytest.fail("a table was built"))
    assert result.name == "erc"
    assert result.strategy == "erc"
    assert result.nav.iloc[0] == 1
    assert result.headline()["cagr"] > 0
    assert "1989-01-31 to 2012-12-31" in repr(result)


def test_every_field_of_a_result_is_there() -> None:
    """Each is read first from a new result, because one read builds the whole."""
    prepared, whole = bt.prepare("configs/erc.yaml"), bt.run("configs/erc.yaml")
    for field in fields(bt.BacktestResult):
        read, expected = getattr(prepared.run(), field.name), getattr(whole, field.name)
        assert type(read) is type(expected), field.name
        if isinstance(expected, pd.Series | pd.DataFrame):
            assert read.equals(expected), field.name


@pytest.mark.usefixtures("without_figures")
def test_a_result_on_demand_goes_wherever_a_result_does(tmp_path: Path) -> None:
    prepared = bt.prepare("configs/erc.yaml")
    dear, free = prepared.run({"costs.trading_bps": 50, "name": "dear"}), prepared.run({"costs.trading_bps": 0})
    comparison = bt.compare([free, dear])
    assert list(comparison.metrics.columns) == ["erc", "dear"]
    assert comparison.best["cagr"] == ("erc",)
    assert bt.write_report(prepared.run(), tmp_path / "report").exists()
    unpickled = pickle.loads(pickle.dumps(prepared.run()))  # noqa: S301 - written here
    assert_same(unpickled, prepared.run())
    assert len(prepared.run().until(pd.Timestamp("2000-12-31")).weights) < len(free.weights)


def test_a_result_may_be_completed_by_two_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one thread builds the tables, the other reads one too: simulated by a read within the first build."""
    build, result = build_result, bt.prepare("configs/60_40.yaml").run()
    first: list[pd.DataFrame] = []

    def reads_too(*given: Any, **named: Any) -> bt.BacktestResult:
        monkeypatch.setattr(run_result, "build_result", build)
        first.append(result.weights)
        return build(*given, **named)

    monkeypatch.setattr(run_result, "build_result", reads_too)
    assert result.weights.equals(first[0])
    assert result.headline()["cagr"] > 0


def test_a_prepared_configuration_can_be_sent_to_another_process() -> None:
    prepared = bt.prepare("configs/erc.yaml")
    prepared.run()
    sent = pickle.loads(pickle.dumps(prepared))  # noqa: S301 - written here
    assert_same(sent.run(), prepared.run())
    assert repr(prepared) == "<Prepared erc>"


def test_prepared_runs_on_prices_in_memory() -> None:
    dates = pd.date_range("2010-01-31", periods=80, freq="ME")
    draws = np.random.default_rng(1).normal(0.01, 0.03, (80, 2))
    market = bt.MarketData.from_returns(pd.DataFrame(draws, index=dates, columns=["a", "b"]), cash=0.02)
    prepared = bt.prepare({"strategy": "erc", "estimation": {"window": "1Y"}}, market=market)
    for change in ({}, {"estimation.window": "2Y"}, {"costs.trading_bps": 9}):
        expected = bt.run({"strategy": "erc", "estimation": {"window": "1Y"}}, change, market=market)
        assert_same(prepared.run(change), expected)
    with pytest.raises(bt.BacktestError, match="given by the market too"):
        prepared.run({"data.end": "2015-12-31"})


def test_a_warning_is_logged_once_for_all_runs(caplog: pytest.LogCaptureFixture) -> None:
    prepared = bt.prepare("configs/erc.yaml", {"data.end": "2018-12-31"})
    for spread in (10, 20, 30):
        assert any("gold: ends on" in warning for warning in prepared.run({"financing.spread_bps": spread}).warnings)
    assert len([message for message in caplog.messages if "gold: ends on" in message]) == 1


def test_a_mistake_in_an_override_is_reported_as_by_run() -> None:
    prepared = bt.prepare("configs/erc.yaml")
    with pytest.raises(bt.BacktestError) as expected:
        bt.run("configs/erc.yaml", {"financing.spread_bps": -5})
    with pytest.raises(bt.BacktestError) as failure:
        prepared.run({"financing.spread_bps": -5})
    assert str(failure.value).partition("overrides")[2] == str(expected.value).partition("overrides")[2]
    assert prepared.run().headline()["cagr"] > 0, "a mistake leaves the steps usable"


def test_the_latest_values_are_kept() -> None:
    made: list[str] = []
    kept: Kept[str] = Kept(2)
    for name in ("a", "b", "a", "c", "a", "b"):
        kept.get((name,), lambda name=name: made.append(name) or name)  # type: ignore[func-returns-value,misc]
    assert made == ["a", "b", "c", "b"], "b is dropped for c, as a was used after it"
    array = np.zeros(2)
    for _ in range(2):
        kept.get((array.copy(),), lambda: made.append("array") or "array")  # type: ignore[func-returns-value]
    assert made[-2:] == ["array", "array"], "equality of arrays has no single answer, so they are not shared"
