"""Stress tests against closed forms, and the errors and notes of the command."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import BacktestError
from support.command_line import command

CONFIGS = Path(__file__).parents[2] / "configs"
MARGIN: dict[str, object] = {"strategy": "erc", "leverage": {"target_volatility": 0.15}, "estimation": {"window": 24}}
MARGIN |= {"financing": {"maintenance_margin": 0.3}}


@pytest.fixture(scope="module")
def market() -> bt.MarketData:
    """Fifteen years of months of a stock, and of a bond whose return is -5 times the change of the bundled yield."""
    from backtest.data.sources.bundled_sample import Sample

    dates = pd.date_range("2007-12-31", "2020-12-31", freq="ME")
    changes = Sample("sample").fetch("us_yield_10y", None, 0.0).values["rate"].diff().reindex(dates).to_numpy()
    returns = np.column_stack([np.random.default_rng(1).normal(0.005, 0.04, len(dates)), 0.002 - 5 * changes])
    frame = pd.DataFrame(returns, dates, ["s", "b"])
    return bt.MarketData.from_returns(frame, cash=0.01, classes={"s": "equities", "b": "bonds"})


def test_scenarios_follow_from_weights_betas_and_durations(market: bt.MarketData) -> None:
    found = bt.stress(MARGIN, {"s": -0.1}, market=market)
    covariance = np.cov(market.excess_returns.tail(24).to_numpy().T)
    returns = np.array([-0.1, -0.1 * covariance[0, 1] / covariance[0, 0]])
    weights = found.weights.to_numpy()
    change = weights @ returns
    row = found.scenarios.loc["s -10 %"]
    assert row["nav_change"] == pytest.approx(change, rel=1e-9)  # rounding of the estimate
    gross = np.abs(weights * (1 + returns)).sum()
    assert row["leverage"] == pytest.approx(gross / (1 + change), rel=1e-9)
    assert row["margin_left"] == pytest.approx(1 + change - 0.3 * gross, rel=1e-9)
    assert found.durations["b"].iloc[-1] == pytest.approx(5, rel=1e-9)
    assert found.latest_durations["value"]["b"] == pytest.approx(5, rel=1e-9)
    bond = found.contributions.loc["yields +200 bp", "b"]
    assert bond == pytest.approx(weights[1] * (np.exp(-5 * 0.02) - 1), rel=1e-9)


def test_crises_are_replayed_on_the_last_weights_and_missing_ones_are_named(market: bt.MarketData) -> None:
    found = bt.stress(MARGIN, market=market)
    months = market.returns.loc["2020-02-29":"2020-03-31"]
    assert found.contributions.loc["Covid replayed"].to_numpy() == pytest.approx(
        found.weights.to_numpy() * ((1 + market.returns.loc["2020-02-01":"2020-03-31"]).prod() - 1).to_numpy(), rel=1e-9
    )
    assert len(months) == 2
    assert [note.partition(",")[0] for note in found.notes] == [
        f"not replayed: {each}" for each in ("Bond rout of 1994", "GFC", "2022")
    ]


def test_correlations_move_volatility_and_the_leverage_at_the_same_risk(market: bt.MarketData) -> None:
    found = bt.stress(MARGIN, market=market).correlations
    assert found["volatility"].is_monotonic_increasing
    gross = found["same_risk_leverage"] * found["volatility"]
    np.testing.assert_allclose(gross, gross.iloc[0], rtol=1e-12)  # rounding of products
    months = found["volatility"] / np.sqrt(12)
    np.testing.assert_allclose(found["nav_change"], -2.326348 * months, rtol=1e-12)


def test_an_asset_without_a_shock_or_weight_changes_nothing(market: bt.MarketData) -> None:
    both = bt.stress(MARGIN, {"equities": -0.5, "s": -0.1, "b": 0.0}, market=market)
    assert both.scenarios["nav_change"].iloc[0] == pytest.approx(-0.1 * both.weights["s"], rel=1e-12)


@pytest.mark.parametrize(
    ("shocks", "message"),
    [
        (
            {"equites": -0.1},
            "equites is not an asset or class of the run; expected one of s, b, bonds, equities. Did you mean equities",
        ),
        ({"s": -1}, "s: got -1; expected a return above -1 and up to 10"),
        ({"s": float("nan")}, "s: got nan"),
        ({"s": -10}, "s: got -10"),
        ({"s": 10**400}, "s: got 1000"),
        ({"s": "much"}, "s: got 'much'"),
        (["s"], "got the type list; expected a mapping"),
    ],
)
def test_wrong_shocks_are_clear_errors(market: bt.MarketData, shocks: dict[str, float], message: str) -> None:
    with pytest.raises(BacktestError, match=message):
        bt.stress(MARGIN, shocks, market=market)


def test_the_command_prints_what_python_returns() -> None:
    config = CONFIGS / "equal_weight.yaml"
    answer = command("stress", config, "--shock", "bonds=-0.1", "--json")
    assert (answer.code, answer.err) == (0, "")
    found, expected = json.loads(answer.out), bt.stress(config, {"bonds": -0.1})
    assert found["sentence"] == expected.sentence
    assert found["scenarios"]["bonds -10 %"]["nav_change"] == expected.scenarios["nav_change"].iloc[0]
    shown = command("stress", config, "--shock", "bonds=-0.1").out
    assert expected.sentence in shown
    assert "duration of us_treasury_10y over 36 months: 8.8" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shock", "bonds"], "--shock bonds: expected NAME=RETURN, such as bonds=-0.1 for -10 %"),
        (["--shock", "bonds=-0.1", "--shock", "bonds=0"], "--shock bonds: given twice; expected each name once"),
    ],
)
def test_wrong_options_are_clear_errors(options: list[str], message: str) -> None:
    answer = command("stress", CONFIGS / "equal_weight.yaml", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"error: {message}\n"
