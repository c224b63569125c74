"""The JSON Schema of configurations: it accepts what the loader accepts, and refuses typical mistakes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from backtest.cli.project.json_schema import json_schema
from backtest.config import load_config
from backtest.config.yaml_nodes import plain
from backtest.config.yaml_text import parse
from backtest.data.sources.registry import source_records
from backtest.engine.settings.costs import TradingCosts
from backtest.estimation.estimation_settings import estimator_classes
from backtest.strategy.discovery import find_strategy, shipped_strategies

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "configs").rglob("*.yaml"))
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
COMPLETE = """
name: mine
data: {source: sample, assets: [us_stocks, gold], cash: us_tbill}
strategy: erc
"""


def settings(text: str) -> dict[str, Any]:
    problems: list[str] = []
    values: dict[str, Any] = plain(parse(text, Path("x.yaml")), problems)
    assert not problems
    return values


def test_the_committed_schema_is_the_printed_one() -> None:
    """If it is not: `python -m backtest schema > configs/schema.json`."""
    assert json.loads((ROOT / "configs/schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_the_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def properties(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of a schema, by its place."""
    items = schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    for name, part in items:
        if name == "properties":
            yield from ((f"{place}.{key}", value) for key, value in part.items())
        yield from properties(part, f"{place}.{name}")


def test_every_property_is_described() -> None:
    """Except the second mention of a section, which only says what a complete configuration needs."""
    blank = [place for place, part in properties(SCHEMA) if set(part) - {"required"} and not part.get("description")]
    assert blank == []
    assert all(part["description"] for part in SCHEMA["$defs"].values())


@pytest.mark.parametrize("name", sorted(shipped_strategies()))
def test_every_setting_of_a_strategy_has_its_default(name: str) -> None:
    strategy = find_strategy(name, ROOT)
    described = SCHEMA["$defs"][strategy.__name__]["properties"]
    for setting, field in strategy.model_fields.items():
        assert ("default" in described[setting]) == (not field.is_required()), setting


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_shipped_configuration_names_the_schema_and_fits_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    assert (path.parent / named[1]).resolve() == ROOT / "configs/schema.json"
    assert [error.message for error in VALIDATOR.iter_errors(settings(text))] == []


@pytest.mark.parametrize(
    "path",
    [path for path in SHIPPED if path.parent.name != "sweeps"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_resolved_settings_fit_the_schema_too(path: Path) -> None:
    """All settings with their defaults: each default is among the accepted values."""
    assert [error.message for error in VALIDATOR.iter_errors(load_config(path).resolved())] == []


@pytest.mark.parametrize(
    "text",
    [
        "strategy: {name: my_own, share: 0.4}",
        "strategy: package.module:Own",
        "strategy: {name: risk_budgeting, budgets: {bonds: 0.4, growth: {share: 0.6, within: {equities: 1}}}}",
        "benchmark: 60_40.yaml",
        "benchmark: {equities: 0.6, bonds: 0.4}",
        "benchmark: {strategy: equal_weight}",
        "start: 1990-01-31",
        "estimation: {window: 3Y}",
        "estimation: {covariance: package.module:Own, decay: 0.9}",
        "costs: {trading_bps: {equities: 2, gold: 5}}",
        "costs: {schedule: {1990-01-01: 50, 2000-01-01: 10}}",
        "financing: {spread_bps: {1990-01-01: 50}}",
        "financing: {kind: leveraged_fund, leverage: 3}",
        "leverage: {multiple: 2}",
        "strategy: {name: blend, sleeves: {a: {config: erc.yaml}, b: {strategy: erc, estimation: {window: 1Y}}}}",
        "rebalance: {frequency: weekly, day: -2, bands: {absolute: 0.05}}",
    ],
)
def test_what_the_loader_accepts_fits(text: str) -> None:
    key = text.partition(":")[0]
    written = {**settings(COMPLETE), key: settings(text)[key]}
    assert [error.message for error in VALIDATOR.iter_errors(written)] == []


@pytest.mark.parametrize(
    "text",
    [
        "rebalance: quarterly",
        "rebalance: {frequency: Monthly}",
        "rebalance: {frequency: monthly, lag: 1}",
        "estimation: {windw: 36}",
        "estimation: {covariance: sample, half_life: 36}",
        "strategy: {name: erc, target_volatility: 0.1}",
        "costs: {trading_bps: -1}",
        "costs: {trading_bps: 10 bp}",
        "costs: 10",
        "financing: {kind: futures, spread_bps: 50}",
        "fees: {performance: {every: yearly}}",
        "leverage: {multiple: 0}",
        "data: {source: sample, assets: [], cash: us_tbill}",
        "data: {source: smaple, assets: [gold], cash: us_tbill}",
        "data: {source: sample, assets: [gold]}",
        "start: yesterday",
        "strategi: erc",
    ],
)
def test_typical_mistakes_do_not_fit(text: str) -> None:
    key = text.partition(":")[0]
    assert list(VALIDATOR.iter_errors({**settings(COMPLETE), key: settings(text)[key]}))


@pytest.mark.parametrize("missing", ["name", "data", "strategy"])
def test_only_a_configuration_that_extends_another_may_be_incomplete(missing: str) -> None:
    written = settings(COMPLETE)
    del written[missing]
    assert list(VALIDATOR.iter_errors(written))
    assert not list(VALIDATOR.iter_errors({**written, "extends": "erc.yaml"}))


def test_every_shipped_part_is_in_the_schema() -> None:
    """Strategies, estimators, sources and trading costs; each setting of costs has a description and a default."""
    text = json.dumps(SCHEMA)
    estimators = [estimator.model_fields["covariance"].default for estimator in estimator_classes()]
    for name in (*shipped_strategies(), *estimators, *source_records()):
        assert f'"{name}"' in text
    costs = SCHEMA["$defs"]["TradingCosts"]["properties"]
    assert costs.keys() == TradingCosts.model_fields.keys()
    assert all(part["description"] and "default" in part for part in costs.values())
    assert costs["half_spread_bps"]["description"].endswith("Basis points: 100 are 1 %.")
