"""Configurations with random mutations load or are refused with clear lines, however odd they are."""

import copy
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from backtest.config import RunConfig, load_config
from backtest.data.data_settings import DataSettings
from backtest.data.prepare.leveraged_fund import LeveragedFund
from backtest.data.series_settings import AssetSettings
from backtest.engine.settings.costs import Fees, Impact, PerformanceFee, TradingCosts
from backtest.engine.settings.financing import Futures, Margin
from backtest.engine.settings.schedule import RebalanceSettings
from backtest.errors import UNPRINTABLE, BacktestError, ConfigError
from backtest.estimation.estimation_settings import estimator_classes
from backtest.strategy.discovery import find_strategy, strategy_files
from backtest.strategy.scaling import FixedDebt, FixedMultiple, TargetVolatility

ASSETS = {
    "us_equity": {"class": "equities"},
    "gold": "commodities",
    "fund": {"of": "us_equity", "leverage": 2, "class": "equities"},
}
BASE: dict[str, Any] = {
    "name": "mine",
    "data": {
        "source": "sample_daily", "assets": ASSETS, "cash": "us_tbill", "start": "1978-01-01", "calendar": "union",
        "splice": {"gold": "us_equity"}, "fx": {"EUR": {"source": "yfinance", "symbol": "EURUSD=X"}},
    },
    "initial_capital": 1e6,
    "estimation": {"covariance": "ewma", "window": "3Y", "half_life": 20},
    "strategy": {"name": "erc", "budgets": {"equities": 0.5, "commodities": 0.5}, "max_weight": 0.9},
    "leverage": {"target_volatility": 0.1, "window": "1Y", "smoothing": 0.5},
    "rebalance": {"frequency": "monthly", "bands": {"absolute": 0.05, "to": "edge"}},
    "costs": {"trading_bps": {"equities": 5, "commodities": 10}, "fixed": 1.0},
    "financing": {"kind": "margin", "tiers": {"0": 100, "100000": 50}, "initial_margin": 0.5},
    "fees": {"management_bps": 10, "performance": {"rate": 0.2}},
    "report": {"break_even": True},
}  # fmt: skip
MODELS: list[type[BaseModel]] = [
    RunConfig, DataSettings, AssetSettings, LeveragedFund, TradingCosts, Impact, Fees, PerformanceFee, Margin, Futures,
    RebalanceSettings, FixedDebt, FixedMultiple, TargetVolatility, *estimator_classes(),
    *(find_strategy(name, Path()) for name in strategy_files(Path())),
]  # fmt: skip
SETTINGS = sorted({field.alias or name for model in MODELS for name, field in model.model_fields.items()} | {"extends"})
ODD: list[Any] = [
    None, True, 0, -1, 1, 2, 0.0, 0.5, 1e300, 5e-324, 10**18, 10**39, -(10**400), math.inf, math.nan, "", "x",
    "~", "..", "~no_such_user", "/dev/null", "http://[", "x://", "a" * 300, "名" * 100, "a\nb", "\ud800",
    "\x1b[31m", "\u2028", "0M", "1M", "1D", f"{'9' * 18}Y", "3W", "50%", "1_000", "0001-01-01", "9999-12-31",
    "2020-02-30", "no.such:X", ":", "a:", ":b", "json:loads", "json:JSONDecoder", "gold", "equities",
    "benchmark", "mine.yaml", "strategies", "csv", "kind", [], {}, [[]], [1, "gold"], ["gold"] * 3, {"gold": 1},
    {"x": {"y": {"z": []}}}, {"": ""}, {"2015-01-01": 1}, {"of": "gold", "leverage": 2}, {"source": "csv"},
    {"path": "m.csv"}, {"name": "erc"}, {"kind": "margin"},
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the location of each value below the root."""
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*at, step)
        yield from places(value[step], (*at, step))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return the text of a configuration with one to three values replaced, removed, added, or moved."""
    config = copy.deepcopy(BASE)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from([*places(config), ("name",)]))
        section: Any = config
        for step in at[:-1]:
            section = section[step]
        odd = copy.deepcopy(draw(st.sampled_from(ODD)))
        match draw(st.sampled_from(["replace", "remove", "add", "rename"])):
            case "replace":
                section[at[-1]] = odd
            case "remove" if at[-1] in section:
                del section[at[-1]]
            case "add" if isinstance(section, dict):
                section[draw(st.sampled_from(SETTINGS))] = odd
            case "rename" if isinstance(section, dict) and at[-1] in section:
                section[draw(st.sampled_from(SETTINGS))] = section.pop(at[-1])
    return as_yaml(config)


def as_yaml(value: Any) -> str:
    """Return JSON, which is YAML, except for numbers that JSON cannot write."""
    text = json.dumps(value)
    return text.replace("-Infinity", "-.inf").replace("Infinity", ".inf").replace("NaN", ".nan")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated") / "mine.yaml"


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(text=mutated())
@example(text=as_yaml(BASE))
def test_a_mutated_configuration_loads_or_is_refused_clearly(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    try:
        load_config(file)
    except BacktestError as error:
        refusal: BacktestError = error
    else:
        return
    lines = str(refusal).split("\n")
    assert not isinstance(refusal, ConfigError) or all(line.startswith(f"{file}:") for line in lines)
    assert all(10 < len(line) < 1_300 and not UNPRINTABLE.search(line) for line in lines)


def test_the_configuration_that_is_mutated_is_right(file: Path) -> None:
    """Otherwise each mutation would be refused for another reason."""
    file.write_text(as_yaml(BASE), encoding="utf-8")
    assert load_config(file).name == "mine"
