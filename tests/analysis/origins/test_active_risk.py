"""Active return and tracking error: exact sums, and closed forms of constant mixes."""

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.origins.active_risk import REST
from backtest.errors import BacktestError

DATES = pd.date_range("2000-01-31", periods=61, freq="ME")
RETURNS = pd.DataFrame(np.random.default_rng(8).normal(0.006, [0.04, 0.02, 0.03], (61, 3)), DATES, ["s", "b", "g"])
CLASSES = {"s": "equities", "b": "bonds"}


def run_of(settings: dict[str, object]) -> bt.BacktestResult:
    market = bt.MarketData.from_returns(RETURNS, cash=0.03, classes=CLASSES)
    return bt.run({"strategy": "erc", "estimation": {"window": 12}, **settings}, market=market)


@pytest.mark.parametrize(
    "settings",
    [
        {"benchmark": {"s": 0.6, "b": 0.4}, "costs": {"trading_bps": 30}},
        {"benchmark": "equal_weight", "leverage": {"multiple": 1.8}, "financing": {"spread_bps": 100}},
    ],
    ids=["costs", "levered"],
)
def test_parts_add_up(settings: dict[str, object]) -> None:
    run = run_of(settings)
    assert run.benchmark is not None
    found, active = run.active_risk, run.returns - run.benchmark.returns
    tolerance = 1e-12  # of a decimal per year: rounding of sums
    assert found.tracking_error == pytest.approx(active.std() * 12**0.5, abs=tolerance)
    assert found.active_return == pytest.approx(active.mean() * 12, abs=tolerance)
    for risks in (found.table["risk"], found.assets):
        assert risks.sum() == pytest.approx(found.tracking_error, abs=tolerance)
    assert found.table["active_return"].sum() == pytest.approx(found.active_return, abs=tolerance)
    parts = found.table[["allocation", "selection"]].sum(axis=1).drop(REST)
    np.testing.assert_allclose(parts, found.table["active_return"].drop(REST), atol=tolerance)


def test_effects_of_constant_mixes_are_products_of_weights_and_returns() -> None:
    """Equal weights against 60/40: one stock and one bond, so there is no selection; gold is its own class."""
    run = run_of({"strategy": "equal_weight", "benchmark": {"s": 0.6, "b": 0.4}})
    found, excess = run.active_risk.table, RETURNS.sub(run.cash_returns, axis=0).loc[run.returns.index]
    difference = pd.Series({"equities": 1 / 3 - 0.6, "bonds": 1 / 3 - 0.4, "g": 1 / 3})
    expected = 12 * difference * excess.mean().set_axis(difference.index)
    assert [*found.index] == ["equities", "bonds", "g", REST]
    np.testing.assert_allclose(found["active_weight"].drop(REST), difference, atol=1e-12)
    np.testing.assert_allclose(found["allocation"].drop(REST), expected, atol=1e-12)
    np.testing.assert_allclose(found["selection"].drop(REST), 0, atol=1e-12)
    assert found.loc[REST, "active_return"] == pytest.approx(0, abs=1e-12)
    assert run.active_risk.sentence.startswith("The run differs from its benchmark by ")


def test_a_run_that_is_its_benchmark_has_no_active_risk() -> None:
    found = run_of({"strategy": "equal_weight", "benchmark": "equal_weight"}).active_risk
    assert (found.tracking_error, found.active_return) == (0, 0)
    assert found.table["risk"].isna().all()
    assert found.sentence == "The run has the returns of its benchmark."


def test_without_a_benchmark_there_is_an_error() -> None:
    with pytest.raises(BacktestError, match="active_risk: the run has no benchmark; expected one"):
        _ = run_of({}).active_risk
