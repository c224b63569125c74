"""Benchmarks without a file: each equals the configuration that one would write for it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.errors import ConfigError

ERC = Path(__file__).parents[3] / "configs" / "erc.yaml"


def benchmark_of(given: Any, **overrides: Any) -> bt.RunConfig:
    config = load_config(ERC, {"benchmark": given, **overrides})
    assert config.benchmark is not None
    return config.benchmark


def test_a_file_is_found_by_name() -> None:
    assert benchmark_of("60_40") == benchmark_of("60_40.yaml")
    assert benchmark_of(load_config(ERC.with_name("60_40.yaml"))) == benchmark_of("60_40.yaml")


def test_a_strategy_has_the_data_schedule_and_terms_of_the_run() -> None:
    given, run = benchmark_of("inverse_volatility", leverage={"multiple": 2}), load_config(ERC)
    assert (given.name, given.strategy.name, given.leverage) == ("inverse_volatility", "inverse_volatility", None)
    for section in ("data", "estimation", "rebalance", "costs", "financing"):
        assert getattr(given, section) == getattr(run, section)


def test_weights_are_held_by_class_or_asset() -> None:
    given = benchmark_of({"equities": 0.6, "bonds": 0.4})
    assert given.name == "60 equities + 40 bonds"
    by_hand = load_config(ERC, {"strategy": {"name": "sixty_forty", "weights": {"equities": 0.6, "bonds": 0.4}}})
    assert given.strategy == by_hand.strategy
    assert given.data == by_hand.data


def test_a_series_earns_its_own_return() -> None:
    """An asset of the run, or any other series of its source, without costs."""
    for name in ("us_stocks", "us_corporate_aaa"):
        result = bt.run(ERC, {"benchmark": name})
        assert result.benchmark is not None
        assert result.benchmark.name == name
        sample = pd.read_csv("backtest/data/sample/monthly.csv", index_col="date", parse_dates=True)[name]
        held = sample[result.nav.index]
        np.testing.assert_allclose(result.benchmark.nav, held / held.iloc[0], rtol=1e-12)


def test_a_mapping_is_a_configuration() -> None:
    given = benchmark_of(
        {"name": "mine", "strategy": "erc", "data": {"source": "sample", "assets": ["gold"], "cash": 0.0}}
    )
    assert (given.name, given.data.names) == ("mine", ("gold",))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("us_stoks", "benchmark: no series us_stoks; available: us_stocks, us_tbill, "),
        (
            "sixty.yaml",
            "benchmark: no such file: sixty.yaml; expected a configuration such as 60_40.yaml, a strategy, ",
        ),
        ("a/b", "benchmark: no such file: a/b; expected a configuration such as 60_40.yaml, a strategy, a series, or "),
        ({"equites": 1.0}, "benchmark: strategy: equites: neither a class nor an asset of this run"),
        ({"gold": True}, "benchmark: got {'gold': True}; expected a configuration such as 60_40.yaml"),
        ({}, "benchmark: got {}; expected a configuration such as 60_40.yaml"),
        (3, "benchmark: got 3; expected a configuration such as 60_40.yaml"),
        ({"strategy": "er", "data": {}}, "benchmark: strategy.name: unknown strategy 'er'; there are: "),
        ({"gold": 10**400}, "benchmark: strategy.weights.gold: got 1000000"),  # larger than a float
    ],
    ids=str,
)
def test_a_benchmark_that_means_nothing_is_refused(given: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        benchmark_of(given)
    assert str(caught.value).splitlines()[0].startswith(f"overrides: {words}")


def test_an_inherited_mistake_is_reported_once() -> None:
    with pytest.raises(ConfigError) as caught:
        benchmark_of("equal_weight", rebalance="quarterly", **{"costs.trading_bps": -1})
    assert str(caught.value).splitlines() == [
        "overrides: rebalance: got 'quarterly', expected settings with values, such as {frequency: quarterly}",
        "overrides: costs.trading_bps: got -1, expected greater than or equal to 0",
    ]
