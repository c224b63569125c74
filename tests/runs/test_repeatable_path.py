"""Inputs of a path for a page: which runs have them, and how the size of their targets follows a setting."""

import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.engine.path_inputs import PathInputs
from backtest.risk import apply_multiples
from backtest.strategy.discovery import find_strategy
from support.strategies.shipped_strategies import CONFIGS, STRATEGIES

PREPARED = {name: bt.prepare(f"configs/{name}.yaml") for name in ("erc", "levered_erc", "volatility_target")}


def inputs_of(name: str, overrides: Mapping[str, Any]) -> PathInputs | None:
    return PREPARED[name].run(overrides).path_inputs


@pytest.mark.parametrize(
    ("name", "setting", "configured", "changed", "rest"),
    [
        ("levered_erc", "strategy.target_volatility", 0.10, 0.22, {}),
        ("levered_erc", "strategy.target_volatility", 0.22, 0.06, {"strategy.max_gross_exposure": 2}),
        ("volatility_target", "strategy.target_volatility", 0.10, 0.22, {}),
        ("erc", "leverage.target_volatility", 0.15, 0.05, {"leverage.max_gross_exposure": 2}),
        ("erc", "leverage.multiple", 1.5, 2.5, {}),
    ],
)
def test_targets_follow_the_setting_that_sizes_them(
    name: str, setting: str, configured: float, changed: float, rest: dict[str, Any]
) -> None:
    """1e-9: the reach is a ratio of two volatilities, each of which is rounded by about 1e-15."""
    inputs, other = inputs_of(name, {setting: configured, **rest}), inputs_of(name, {setting: changed, **rest})
    assert inputs is not None
    assert other is not None
    sizing = inputs.sizing
    assert sizing is not None
    assert (sizing.setting, sizing.configured) == (setting.rpartition(".")[2], configured)
    sized = apply_multiples(inputs.targets, changed / configured * sizing.reach, sizing.cap)
    assert sized == pytest.approx(other.targets, rel=1e-9, abs=1e-12)
    assert np.ptp(np.abs(other.targets).sum(axis=1)) > 0.01 or setting == "leverage.multiple"


def test_shipped_strategies_with_a_target_and_a_cap_are_those_above() -> None:
    """A new one belongs into the test above, because a page scales its targets."""
    both = {"target_volatility", "max_gross_exposure"}
    with_both = {name for name in STRATEGIES if both <= set(find_strategy(name, CONFIGS).model_fields)}
    assert with_both == {"levered_erc", "volatility_target"}


@pytest.mark.parametrize(
    ("overrides", "sizing"),
    [
        ({}, ("multiple", 1.0, np.inf)),
        ({"leverage": {"target_volatility": 0.1, "smoothing": 0.5}}, ("multiple", 1.0, 3.0)),
        ({"leverage": {"target_volatility": 0.1, "window": 24}}, ("multiple", 1.0, 3.0)),
        ({"leverage": {"target_volatility": 0.1, "min_gross_exposure": 0.5}}, None),
    ],
)
def test_other_targets_have_a_multiple_below_the_cap_or_nothing(overrides: dict[str, Any], sizing: object) -> None:
    inputs = inputs_of("erc", overrides)
    assert inputs is not None
    found = inputs.sizing
    assert (found and (found.setting, found.configured, found.cap)) == sizing


@pytest.mark.parametrize(
    "overrides",
    [
        {"rebalance.bands": {"absolute": 0.05}},
        {"rebalance.minimum_trade": 0.01},
        {"leverage": {"debt": 0.5}},
        {"financing": {"spread_bps": {"1980-01-01": 50}}},
        {"financing.spread_bps": 0, "financing.tiers": {0: 150}, "initial_capital": 1000},
        {"costs.fixed": 1, "initial_capital": 1000},
        {"costs.trading_bps": 0, "costs.schedule": {"1980-01-01": 10}},
    ],
    ids=str,
)
def test_a_path_that_needs_more_has_no_inputs(overrides: dict[str, Any]) -> None:
    assert inputs_of("erc", overrides) is None


def test_pickles_and_parts_of_a_result_have_no_inputs() -> None:
    result = PREPARED["erc"].run()
    assert result.path_inputs is not None
    assert result.until(pd.Timestamp("2000-12-31")).path_inputs is None
    assert pickle.loads(pickle.dumps(result)).path_inputs is None  # noqa: S301 - written here
