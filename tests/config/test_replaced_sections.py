"""Replacing some sections of a checked configuration is the same as checking the whole again, mistakes included."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backtest.config import RunConfig, load_config
from backtest.config.replaced_sections import with_sections
from backtest.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
FITTING: list[dict[str, Any]] = [
    {"financing.spread_bps": 75},
    {"financing": {"kind": "margin", "maintenance_margin": 0.25}},
    {"estimation.window": "5Y", "costs.trading_bps": 7},
    {"leverage.target_volatility": "benchmark", "leverage.max_gross_exposure": 2},
    {"rebalance": {"frequency": "quarterly"}, "start": "1995-01-31", "end": None},
    {"name": "other", "fees.management_bps": 30, "initial_capital": 1e6, "costs.fixed": 2.0},
]
WRONG: list[dict[str, Any]] = [
    {"financing.spread": 75},
    {"costs.trading_bps": {"stocks": 5}},
    {"costs.fixed": 2.0},
    {"rebalance.execution": "open"},
    {"estimation.covariance": "ledoit"},
    {"leverage.target_volatility": -0.1, "estimation.window": 0},
    {"financing.spread_bps": 10**400},
    {"end": "1900-01-01", "start": "1950-01-01"},
    {"costs": 3},
    {"leverage": {"multiple": 2}, "leverage.debt": 0.5},
]


def checked_whole(config: RunConfig, overrides: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Return the configuration with all of its sections checked again."""
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules[load_config.__module__], "with_sections", lambda *_: None)
        return load_config(config, overrides)


@pytest.mark.parametrize("name", ["erc", "levered_erc", "60_40"])
@pytest.mark.parametrize("overrides", FITTING, ids=str)
def test_the_configuration_is_the_same(name: str, overrides: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(CONFIGS / f"{name}.yaml")
    if "leverage.target_volatility" in overrides and config.benchmark is None:
        overrides = {"leverage.target_volatility": 0.1}
    replaced = with_sections(config, overrides)
    assert replaced is not None
    whole = checked_whole(config, overrides, monkeypatch)
    assert (replaced, replaced.resolved(), replaced.overrides) == (whole, whole.resolved(), whole.overrides)
    assert replaced.data is config.data  # not checked again
    assert load_config(replaced, {"financing": replaced.financing}).resolved() == replaced.resolved()


@pytest.mark.parametrize("overrides", WRONG, ids=lambda given: str(given)[:60])
def test_a_mistake_is_described_by_the_check_of_the_whole(
    overrides: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(CONFIGS / "erc.yaml")
    messages = []
    for load in (load_config, partial(checked_whole, monkeypatch=monkeypatch)):
        with pytest.raises(ConfigError) as caught:
            load(config, overrides)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("overrides", [{"data.start": "1990-01-01"}, {"strategy": "erc"}, {"benchmark": None}], ids=str)
def test_what_other_sections_take_over_needs_the_whole(overrides: dict[str, Any]) -> None:
    assert with_sections(load_config(CONFIGS / "erc.yaml"), overrides) is None
