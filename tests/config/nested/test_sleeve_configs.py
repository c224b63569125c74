"""A sleeve that is a whole configuration decides as that configuration does alone, or the loading says why it cannot."""

# ruff: noqa: E501 - each message is one line

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import RunConfig, load_config
from backtest.errors import ConfigError
from support.builders.market_files import random_levels, write_config, write_csv, write_strategy
from support.strategies.own_strategies import CLASSES, HEAD

DATES = pd.date_range("2015-01-31", periods=72, freq="ME")
DATA: dict[str, Any] = {"source": "csv", "path": "market.csv", "cash": 0.02, "assets": CLASSES}
RUN: dict[str, Any] = {"data": DATA, "estimation": {"window": 24}, "costs": {"trading_bps": 10}, "strategy": "erc"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prices of three assets, the last of which begins after two years, and a benchmark."""
    place = tmp_path_factory.mktemp("sleeves")
    prices = pd.DataFrame(random_levels(DATES, [0.16, 0.06, 0.15], np.random.default_rng(2)), DATES, [*CLASSES])
    write_csv(prices, place / "market.csv")
    write_csv(prices.where((prices.columns != "gold") | (prices.index > DATES[24])[:, None]), place / "ragged.csv")
    write_config(place / "fixed.yaml", **{**RUN, "strategy": "sixty_forty"})
    return place


def blended(folder: Path, sleeves: Mapping[str, Any], **settings: Any) -> bt.BacktestResult:
    strategy = {"name": "blend", "sleeves": sleeves}
    return bt.run(write_config(folder / "blended.yaml", **{**RUN, **settings, "strategy": strategy}))


@pytest.mark.parametrize(
    "settings",
    [
        {"estimation": {"covariance": "ledoit_wolf", "window": 36}},
        {"estimation": {"window": 12}, "strategy": "levered_erc"},
        {"leverage": {"multiple": 1.5}},
        {"leverage": {"target_volatility": 0.1, "window": 18, "min_gross_exposure": 0.5}},
        {"leverage": {"target_volatility": "benchmark"}, "benchmark": "fixed.yaml"},
        {"data": {**DATA, "path": "ragged.csv", "ragged": True}, "estimation": {"covariance": "oas", "window": 30}},
    ],
    ids=str,
)
def test_a_blend_of_one_configuration_is_that_configuration(folder: Path, settings: dict[str, Any]) -> None:
    """Sums of returns over a window may begin at another row, so numbers differ by rounding, 1e-12.

    The last one has assets that join when the windows of the run and of the sleeve are full; the sleeve's is longer.
    """
    alone = bt.run(write_config(folder / "alone.yaml", **{**RUN, **settings}))
    ours = {name: value for name, value in settings.items() if name in ("data", "benchmark")}
    both = blended(folder, {"all": {"config": "alone.yaml", "weight": 1.0}}, **ours)
    expected = alone.target_weights.reindex(both.target_weights.index).fillna(0.0)
    np.testing.assert_allclose(both.target_weights, expected, rtol=0, atol=1e-12)
    if "ragged" not in str(settings):
        assert both.nav.index.equals(alone.nav.index)


def test_each_sleeve_has_its_own_window_and_the_sleeves_add_up(folder: Path) -> None:
    """Half of each, in binary fractions; the run begins when the longer window is full."""
    runs = [
        bt.run({**RUN, "estimation": {"window": window}, "data": {**DATA, "path": str(folder / "market.csv")}})
        for window in (12, 36)
    ]
    for name, window in (("short", 12), ("long", 36)):
        write_config(folder / f"{name}.yaml", **{**RUN, "estimation": {"window": window}})
    both = blended(folder, {name: {"config": name, "weight": 0.5} for name in ("short", "long")})
    assert both.nav.index.equals(runs[1].nav.index)
    sum_of_both = 0.5 * runs[0].target_weights.loc[both.target_weights.index] + 0.5 * runs[1].target_weights
    np.testing.assert_allclose(both.target_weights, sum_of_both, rtol=0, atol=1e-12)


def test_the_resolved_settings_have_the_decisions_of_the_configuration(folder: Path) -> None:
    """So a manifest needs no other file, and the configuration may change afterwards."""
    write_config(folder / "calm.yaml", **{**RUN, "estimation": {"covariance": "oas", "window": 12}})
    strategy = {"name": "blend", "sleeves": {"calm": {"config": "calm.yaml", "weight": 1}}}
    loaded = load_config(write_config(folder / "run.yaml", **{**RUN, "strategy": strategy}))
    sleeve = loaded.resolved()["strategy"]["sleeves"]["calm"]
    assert sleeve["estimation"]["covariance"] == "oas"
    assert sleeve["strategy"]["name"] == "erc"
    assert "config" not in sleeve
    assert RunConfig.model_validate({**loaded.resolved(), "file": loaded.file}) == loaded
    assert load_config(loaded, {"costs.trading_bps": 5}).strategy == loaded.strategy


def test_configurations_of_python_and_data_in_memory(folder: Path) -> None:
    """A sleeve has the data in memory in place of its own."""
    market = bt.MarketData.from_returns(
        pd.DataFrame(np.random.default_rng(1).normal(0, 0.02, (60, 2)), DATES[:60], ["a", "b"]), cash=0.0
    )
    calm = load_config(
        {
            "strategy": "erc",
            "estimation": {"window": 12},
            "name": "calm",
            "data": DATA | {"path": str(folder / "market.csv")},
        }
    )
    sleeves = {"calm": {"config": calm, "weight": 1.0}}
    result = bt.run({"strategy": {"name": "blend", "sleeves": sleeves}}, market=market)
    alone = bt.run({"strategy": "erc", "estimation": {"window": 12}}, market=market)
    np.testing.assert_allclose(result.nav, alone.nav, rtol=1e-12)


OWN_ESTIMATOR = """
from backtest.estimation.methods.sample_covariance import Sample
class Twice(Sample):
    '''Twice the covariance.'''
    factor: float = 2.0
    def estimate(self, excess_returns, rows, periods_per_year):
        return self.factor * super().estimate(excess_returns, rows, periods_per_year)
"""


def test_own_code_of_a_sleeve_is_found_and_hashed(folder: Path) -> None:
    """A sleeve with settings of its own, in place of a configuration."""
    (folder / "estimators").mkdir()
    (folder / "estimators/twice.py").write_text(OWN_ESTIMATOR, encoding="utf-8")
    write_strategy(folder, "mine", HEAD + "class Mine(ERC):\n    '''ERC.'''\n")
    own = {"strategy": "mine", "estimation": {"covariance": "twice", "factor": 3.0}, "weight": 1.0}
    result = blended(folder, {"own": own})
    assert [Path(file).name for file in result.own_code] == ["mine.py", "twice.py"]
    with pytest.raises(ConfigError, match=r"sleeves\.own\.estimation: twice: facto: unknown setting"):
        blended(folder, {"own": {**own, "estimation": {"covariance": "twice", "facto": 3.0}}})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": {**DATA, "cash": 0.0, "ragged": True}}, "its data.cash, data.ragged differ from the run's; expected the same data"),
        ({"costs": {"trading_bps": 20}}, "its section costs is not the run's, which is for the whole portfolio; expected the same, or none"),
        ({"rebalance": {"frequency": "yearly"}}, "its section rebalance is not the run's"),
        ({"leverage": {"target_volatility": "benchmark"}, "benchmark": "fixed.yaml"}, "its leverage.target_volatility follows its benchmark, which is not the benchmark of the run"),
        ({"leverage": {"debt": 0.5}}, "debt needs a NAV, which a sleeve does not have; expected multiple or target_volatility"),
        ({"leverage": {"target_volatility": 0.1, "smoothing": 0.5}}, "smoothing needs earlier decisions"),
        ({"estimation": {"window": "a while"}}, "wrong.yaml:14:13: estimation.window: 'a while' is not a window"),
        ({"strategy": {"name": "blend", "sleeves": {"me": {"config": "wrong.yaml", "weight": 1}}}}, "wrong.yaml: a sleeve of itself: .*wrong.yaml -> .*wrong.yaml"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_cannot_apply_to_a_sleeve_is_an_error(folder: Path, settings: dict[str, Any], message: str) -> None:
    write_config(folder / "wrong.yaml", **{**RUN, **settings})
    with pytest.raises(ConfigError, match=message if "->" in message else re.escape(message)):
        blended(folder, {"a": {"config": "wrong.yaml", "weight": 1.0}})


@pytest.mark.parametrize(
    ("sleeve", "message"),
    [
        ({"config": "fixd.yaml"}, "config: no such file: fixd.yaml; expected a configuration such as erc.yaml"),
        ({"config": 7}, "config: got 7; expected a configuration such as erc.yaml"),
        ({"config": "fixed", "strategy": "erc"}, "config: given in addition to strategy, which it has itself"),
        ({"config": "fixed", "leverage": {"multiple": 2}}, "config: given in addition to leverage"),
    ],
)
def test_the_name_of_a_configuration_is_checked(folder: Path, sleeve: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^.*blended\.yaml:\d+:\d+: strategy\.sleeves\.a\.{message}"):
        blended(folder, {"a": {**sleeve, "weight": 1.0}})


def test_a_sleeve_without_a_solution_names_itself_and_its_asset() -> None:
    """The second asset joins later, so an asset has another position in the sleeve than in the run."""
    returns = pd.DataFrame(np.random.default_rng(1).normal(0, 0.02, (48, 3)), DATES[:48], ["a", "late", "flat"])
    returns.loc[: DATES[11], "late"] = np.nan
    returns["flat"] = 0.0
    market = bt.MarketData.from_returns(returns, cash=0.0, ragged=True)
    own = {"strategy": "inverse_volatility", "estimation": {"window": 24}, "weight": 1.0}
    settings = {"strategy": {"name": "blend", "sleeves": {"own": own}}, "estimation": {"window": 6}}
    with pytest.raises(bt.BacktestError, match=r"^Blend on 2016-12-31: sleeve own: .*\bflat\b"):
        bt.run(settings, market=market)


def test_a_window_of_a_sleeve_that_is_never_full_is_named(folder: Path) -> None:
    sleeve = {"strategy": "erc", "estimation": {"window": "20Y"}, "weight": 1.0}
    with pytest.raises(
        bt.BacktestError, match=r"the window of 20Y is not full yet.*Hint: a shorter estimation.window of the sleeve"
    ):
        blended(folder, {"a": sleeve})
    with pytest.raises(
        ConfigError,
        match=r"strategy\.sleeves\.a\.estimation\.window: 1M is 1 of the data's periods.*expected 2 or more",
    ):
        blended(folder, {"a": {**sleeve, "estimation": {"window": "1M"}}})
