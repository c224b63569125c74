"""Settings in a wrong unit: a note with the likely value, and no note in a correct configuration.

1. the ranges belong to existing settings, and lie inside the allowed values;
2. each common slip (percent for a decimal, a decimal or percent for basis points, rows for years) has a note with the
   likely value, which has no note itself;
3. no shipped configuration has such a note;
4. impossible values are errors with their place.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from backtest.config import RunConfig, load_config
from backtest.config.plausible_ranges import PLAUSIBLE, improbable
from backtest.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
DATA = {"source": "sample", "assets": ["us_stocks", "us_treasury_10y"], "cash": "us_tbill"}

SLIPS: list[tuple[str, Any, Any]] = [
    ("data.cash", 0.5, 0.005),
    ("costs.trading_bps", 1000.0, 10.0),
    ("costs.trading_bps", 0.1, 10.0),
    ("costs.trading_bps.gold", 0.001, 10.0),
    ("costs.half_spread_bps", 0.05, 5.0),
    ("costs.half_spread_bps", 500.0, 5.0),
    ("costs.schedule.1990-01-01", 0.001, 10.0),
    ("financing.spread_bps", 0.005, 50.0),
    ("financing.spread_bps", 0.5, 50.0),
    ("financing.spread_bps", -0.005, -50.0),
    ("financing.spread_bps", 1.5, 150.0),
    ("fees.expense_ratio_bps", 0.95, 95.0),
    ("financing.tiers.100000", 0.01, 100.0),
    ("financing.swap_spread_bps", 4000.0, 40.0),
    ("financing.basis_bps.bonds", 0.005, 50.0),
    ("financing.borrow_fee_bps", 0.003, 30.0),
    ("financing.expense_ratio_bps", 0.09, 9.0),
    ("fees.expense_ratio_bps", 0.0009, 9.0),
    ("fees.management_bps", 2.0, 200.0),
    ("fees.management_bps", 0.015, 150.0),
    ("fees.performance.rate", 0.002, 0.2),
    ("financing.initial_margin.equities", 0.001, 0.1),
    ("leverage.target_volatility", 1.0, 0.01),
    ("leverage.target_volatility", 0.001, 0.1),
    ("strategy.target_volatility", 1.2, 0.012),
    ("leverage.multiple", 15.0, 0.15),
    ("leverage.debt", 8.0, 0.08),
    ("leverage.max_gross_exposure", 50.0, 0.5),
    ("rebalance.minimum_trade", 0.1, 0.001),
    ("rebalance.bands.absolute", 0.5, 0.005),
    ("rebalance.bands.relative", 1.0, 0.01),
    ("data.assets.SPY_3X.expense_ratio", 0.09, 0.0009),
]


def settings(path: str, value: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


@pytest.mark.parametrize(("path", "written", "meant"), SLIPS)
def test_an_implausible_value_has_a_note_with_the_likely_value(path: str, written: Any, meant: Any) -> None:
    (note,) = improbable(settings(path, written))
    assert note.startswith(f"{path}: {written:.10f}".rstrip("0").rstrip(".") + " means ")
    assert f"; {meant:g} would mean " in note
    assert improbable(settings(path, meant)) == []
    assert improbable(settings(path, 0.0)) == []


def test_a_size_is_named_as_written() -> None:
    """A resolved configuration shows it with a decimal."""
    (note,) = improbable({"financing": {"tiers": {"0.0": 150.0, "100000.0": 1.0}}})
    assert note.startswith("financing.tiers.100000: 1 means 0.01 %")


def test_every_range_belongs_to_an_existing_setting() -> None:
    """The JSON schemas of configurations and strategies have a setting at each path."""
    schema = json.dumps(RunConfig.model_json_schema())
    for *_, setting in PLAUSIBLE:
        assert f'"{setting}"' in schema or setting in {"target_volatility", "max_gross_exposure"}, setting
    for range_ in PLAUSIBLE.values():
        assert 0 <= range_.least < range_.most
        assert range_.least <= range_.meant(2 * range_.most) <= range_.most


SINGLE_RUNS = sorted(path for path in CONFIGS.rglob("*.yaml") if path.parent.name != "sweeps")


@pytest.mark.parametrize("file", SINGLE_RUNS, ids=lambda path: path.stem)
def test_no_shipped_configuration_has_a_note(file: Path) -> None:
    config = load_config(file)
    assert improbable(config.resolved()) == []
    if config.benchmark is not None:
        assert improbable(config.benchmark.resolved()) == []


@pytest.mark.parametrize("path", ["estimation.window", "leverage.window", "estimation.half_life"])
def test_few_rows_were_probably_years(path: str) -> None:
    (note,) = improbable(settings(path, 3))
    assert note == f"{path}: 3 means 3 returns, which are too few to estimate risk; 3Y would mean years"
    for window in ("3Y", "3D", 60):
        assert improbable(settings(path, window)) == []


def test_weights_above_five_times_nav_were_probably_percent() -> None:
    (note,) = improbable(settings("strategy.weights", {"SPY": 6.0, "TLT": -4.0}))
    assert note == "strategy.weights: their sizes add up to 10 times NAV; percentages would be written 0.06, 0.04"
    assert improbable(settings("strategy.weights", {"SPY": 1.8, "TLT": 1.2})) == []


def test_money_is_compared_with_the_capital() -> None:
    """A fixed cost of 5 is 5 times a capital of 1, and negligible next to a million."""
    terms: dict[str, Any] = {"costs": {"fixed": 5.0}, "financing": {"tiers": {"0": 150.0, "100000": 100.0}}}
    assert [note.split(":")[0] for note in improbable({**terms, "initial_capital": 100.0})] == [
        "costs.fixed", "financing.tiers",
    ]  # fmt: skip
    assert improbable({**terms, "initial_capital": 1e6}) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "target": ({"strategy": {"name": "levered_erc", "target_volatility": 10}}, "strategy.target_volatility: got 10"),
    "leverage": ({"leverage": {"target_volatility": 10}}, "leverage.target_volatility: got 10"),
    "multiple": ({"leverage": {"multiple": 50}}, "leverage.multiple: got 50"),
    "floor": (
        {"leverage": {"target_volatility": 0.1, "min_gross_exposure": 50, "max_gross_exposure": 60}},
        "leverage.min_gross_exposure: got 50",
    ),
    "weights": (
        {"strategy": {"name": "sixty_forty", "weights": {"us_stocks": 60, "us_treasury_10y": 40}}},
        "strategy.weights: their sizes add up to 100",
    ),
    "classes of weights": (
        {"strategy": {"name": "volatility_target", "weights": {"equities": 30, "bonds": -30}}},
        "Hint: {equities: 0.3, bonds: -0.3}",
    ),
    "budgets": (
        {"strategy": {"name": "erc", "budgets": {"us_stocks": 50, "us_treasury_10y": 50}}},
        "strategy.budgets.us_stocks: got 50",
    ),
    "bound": ({"strategy": {"name": "erc", "max_weight": 60}}, "strategy.max_weight: got 60"),
    "fixed": (
        {"initial_capital": 1.0, "costs": {"fixed": 5.0}},
        "costs.fixed: 5 for each asset traded; expected less than initial_",
    ),
}


@pytest.mark.parametrize(("sections", "words"), WRONG.values(), ids=WRONG.keys())
def test_an_impossible_value_is_an_error_with_its_place(tmp_path: Path, sections: dict[str, Any], words: str) -> None:
    file = tmp_path / "mine.yaml"
    whole = {"name": "mine", "data": DATA, "strategy": {"name": "equal_weight"}, **copy.deepcopy(sections)}
    file.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert all(problem.startswith(f"{file}:") for problem in caught.value.problems)
    assert words in str(caught.value)
