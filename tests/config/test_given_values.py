"""Settings from Python: mappings, configurations and overrides are checked as YAML is, with the same messages."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.config import RunConfig, load_config
from backtest.errors import ConfigError
from backtest.strategy import MarketView, Strategy

ROOT = Path(__file__).parents[2]
ERC = ROOT / "configs" / "erc.yaml"
DATA = {"source": "sample", "assets": ["us_stocks", "us_treasury_10y"], "cash": "us_tbill"}
CONFIGS = sorted(path for path in ROOT.glob("configs/**/*.yaml") if path.parent.name != "sweeps")


class Halves(Strategy):
    """Half of NAV, spread equally."""

    share: float = 0.5

    def target_weights(self, view: MarketView) -> pd.Series:
        """Return equal weights."""
        return pd.Series(self.share / len(view.assets), index=view.assets)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# 1. Overrides equal the same settings in a file that extends


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"estimation.window": "3Y"}, "estimation: {window: 3Y}"),
        (
            {"estimation.window": 36, "financing.spread_bps": 80},
            "estimation: {window: 36}\nfinancing: {spread_bps: 80}",
        ),
        ({"estimation": {"window": 24}}, "estimation: {window: 24}"),
        ({"estimation.covariance": "ledoit_wolf"}, "estimation: {covariance: ledoit_wolf}"),
        ({"strategy": "inverse_volatility"}, "strategy: {name: inverse_volatility}"),
        ({"strategy.name": "minimum_variance"}, "strategy: {name: minimum_variance}"),
        ({"strategy.max_weight": 0.7}, "strategy: {max_weight: 0.7}"),
        ({"leverage.target_volatility": np.float64(0.1)}, "leverage: {target_volatility: 0.1}"),
        ({"leverage": {"multiple": np.int64(2)}}, "leverage: {multiple: 2}"),
        ({"data.start": date(1990, 1, 31)}, "data: {start: 1990-01-31}"),
        ({"data.start": pd.Timestamp("1990-01-31")}, "data: {start: 1990-01-31}"),
        ({"rebalance.bands.absolute": 0.05}, "rebalance: {bands: {absolute: 0.05}}"),
        ({"benchmark": None}, "benchmark: null"),
        ({"benchmark": Path("all_weather.yaml")}, "benchmark: all_weather.yaml"),
        ({"data.assets": np.array(["us_stocks", "gold"])}, "data: {assets: [us_stocks, gold]}"),
        (
            {"costs.trading_bps": pd.Series({"equities": 5, "bonds": 3, "commodities": 9})},
            "costs: {trading_bps: {equities: 5, bonds: 3, commodities: 9}}",
        ),
    ],
    ids=str,
)
def test_overrides_equal_a_file_that_extends(overrides: dict[str, Any], text: str, tmp_path: Path) -> None:
    for path in ROOT.glob("configs/*.yaml"):
        written(tmp_path / path.name, path.read_text(encoding="utf-8"))
    other = written(tmp_path / "other.yaml", f"extends: erc.yaml\n{text}\n")
    by_name = load_config(tmp_path / "erc.yaml", overrides)
    assert by_name.model_copy(update={"file": other, "overrides": ()}) == load_config(other)


def test_a_deep_name_replaces_one_value_of_a_mapping(tmp_path: Path) -> None:
    """A setting that is a mapping is replaced as a whole under its own name."""
    text = (
        f"name: x\ndata: {DATA}\nstrategy: {{name: sixty_forty, weights: {{us_stocks: 0.6, us_treasury_10y: 0.4}}}}\n"
    )
    path = written(tmp_path / "x.yaml", text.replace("'", ""))
    before = load_config(path).strategy.model
    assert before.weights == {"us_stocks": 0.6, "us_treasury_10y": 0.4}  # type: ignore[attr-defined]
    one = load_config(path, {"strategy.weights.us_stocks": 0.5}).strategy.model
    assert one.weights == {"us_stocks": 0.5, "us_treasury_10y": 0.4}  # type: ignore[attr-defined]
    whole = load_config(path, {"strategy.weights": {"us_stocks": 1.0}}).strategy.model
    assert whole.weights == {"us_stocks": 1.0}  # type: ignore[attr-defined]


# 2. Mappings and configurations


def test_a_mapping_equals_its_file(tmp_path: Path) -> None:
    path = written(tmp_path / "x.yaml", f"name: x\ndata: {DATA}\nstrategy: erc\n".replace("'", ""))
    given = load_config({"name": "x", "data": DATA, "strategy": "erc"})
    assert given.model_copy(update={"file": path}) == load_config(path)


def test_a_mapping_may_extend_a_file_and_is_named_after_its_strategy() -> None:
    assert load_config({"extends": str(ERC), "name": "mine"}).benchmark == load_config(ERC).benchmark
    assert load_config({"data": DATA, "strategy": "erc"}).name == "erc"


@pytest.mark.parametrize(
    "path", [path for path in CONFIGS if path.stem != "asness_levered"], ids=lambda path: path.stem
)
def test_resolved_settings_give_the_same_configuration(path: Path) -> None:
    """The one left out has a strategy in a file of its folder, which settings without a folder cannot name."""
    config = load_config(path)
    assert RunConfig.model_validate(config.resolved()).resolved() == config.resolved()
    names = {"name": config.name, "title": config.title}
    assert load_config(config, {"name": "other"}).model_copy(update={**names, "overrides": ()}) == config
    assert load_config(config) is config


def test_a_strategy_may_be_a_class_or_an_object() -> None:
    for given, share in ((Halves, 0.5), ({"name": Halves, "share": 0.2}, 0.2), (Halves(share=0.3), 0.3)):
        config = load_config({"data": DATA, "strategy": given})
        assert (config.name, config.strategy.model) == ("Halves", Halves(share=share))
        assert load_config(config, {"strategy.share": 0.1}).strategy.model == Halves(share=0.1)


def test_secrets_survive_an_override() -> None:
    """They are hidden where settings are shown, not where they are used."""
    address = "https://user:secret@127.0.0.1/prices.csv"
    data = {"source": "csv", "path": address, "assets": ["a"], "cash": 0.01}
    config = RunConfig.model_validate({"name": "x", "data": data, "strategy": {"name": "erc"}})
    assert "secret" not in str(config.resolved())
    assert load_config(config, {"estimation.window": 24}).data.path == address
    assert config.model_copy(update={"name": "y"}).data.path == address


# 3. Mistakes


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            {"estimation.windw": 3},
            "estimation.windw: unknown setting; estimation accepts: covariance, window, missing.",
        ),
        ({"estimation.window": -3}, "estimation.window: a window of -3; expected two periods or more"),
        ({"estimation": 5}, "estimation: got 5, expected settings with values, such as {window: 5}"),
        ({"strategy.name": "er"}, "strategy.name: unknown strategy 'er'; there are: "),
        ({"strategy.weights.gold": 1}, "strategy.weights: unknown setting; erc accepts: "),
        ({"costs.trading_bps": "NO"}, "costs.trading_bps: got 'NO', expected a valid number"),
        ({"name": None}, "name: got nothing, expected text"),
        ({"foo": 1}, "foo: unknown setting; a configuration accepts: "),
        ({"file": "x"}, "file: unknown setting; a configuration accepts: "),
        ({"extends": "x.yaml"}, "extends: not a setting that can be replaced; expected it in the file"),
        ({"a..b": 1}, "got the name 'a..b'; expected one such as 'estimation.window'"),
        ({5: 1}, "got the name 5; expected one such as 'estimation.window'"),
        ({"costs": {"trading_bps": {None: 1}}}, "costs.trading_bps: got the name None; expected text"),
        ({"estimation.window.x": 1}, "estimation.window.x: estimation.window has a single value; expected its name"),
        ({"estimation": 1, "estimation.window": 3}, "estimation: given twice, as a whole and in part"),
        ({"estimation": None, "estimation.window": 3}, "estimation: given twice, as a whole and in part"),
        (
            {"estimation": {"window": 3}, "estimation.window": 4},
            "estimation.window: given twice; expected each setting",
        ),
        ({"benchmark": 5}, "benchmark: got 5; expected a configuration such as 60_40.yaml"),
    ],
    ids=str,
)
def test_a_mistake_in_an_override_is_one_line(overrides: dict[Any, Any], words: str) -> None:
    for given in (ERC, load_config(ERC)):
        with pytest.raises(ConfigError) as caught:
            load_config(given, overrides)
        assert str(caught.value).startswith(f"overrides: {words}")


def test_a_mistake_in_a_mapping_names_its_setting() -> None:
    with pytest.raises(ConfigError, match=r"settings: estimation\.window: a window of 1; expected two periods or more"):
        load_config({"data": DATA, "strategy": "erc", "estimation": {"window": 1}})
    nested: dict[str, Any] = {}
    nested["data"] = nested
    with pytest.raises(ConfigError, match=r"settings: data\.data\.data\.\.\.: nested more than 20 levels deep"):
        load_config(nested)


def test_values_of_other_types_are_refused() -> None:
    with pytest.raises(ConfigError, match="overrides: got the type list; expected values by name of a setting"):
        load_config(ERC, [("name", "x")])  # type: ignore[arg-type]  # what a user may try
    with pytest.raises(
        ConfigError, match=r"overrides: data\.assets: got a DataFrame; expected a value, a list or a mapping"
    ):
        load_config(ERC, {"data.assets": pd.DataFrame({"a": [1.0]})})


def test_a_copy_with_wrong_values_is_refused() -> None:
    config = load_config(ERC)
    assert config.model_copy(update={"name": "other"}).name == "other"
    with pytest.raises(ConfigError, match=r"^name: Input should be a valid string$"):
        config.model_copy(update={"name": 5})
