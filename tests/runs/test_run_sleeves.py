"""Notes on settings of sleeves: the same as for the run itself, with the place of the sleeve."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config.plausible_ranges import improbable
from support.builders.market_files import write_config, write_strategy
from support.strategies.own_strategies import HEAD

SLEEVES = {
    "capped": {"strategy": {"name": "levered_erc", "target_volatility": 0.5, "max_weight": 0.6}, "weight": 0.5},
    "twice": {
        "strategy": "levered_erc",
        "estimation": {"covariance": "ewma", "window": 12, "half_life": 24},
        "leverage": {"target_volatility": 0.1, "max_gross_exposure": 1.25},
        "weight": 0.25,
    },
    "small": {"strategy": "erc", "estimation": {"window": 6}, "leverage": {"multiple": 0.03}, "weight": 0.25},
}


def market() -> bt.MarketData:
    returns = np.random.default_rng(1).normal(0.005, [0.04, 0.01], (48, 2))
    dates = pd.date_range("2015-01-31", periods=48, freq="ME")
    return bt.MarketData.from_returns(pd.DataFrame(returns, dates, ["stocks", "bonds"]), cash=0.01)


@pytest.fixture(scope="module")
def notes() -> tuple[str, ...]:
    strategy = {"name": "blend", "sleeves": SLEEVES}
    return bt.run({"strategy": strategy, "estimation": {"window": 12}}, market=market()).notes


@pytest.mark.parametrize(
    "note",
    [
        "strategy.sleeves.twice.estimation.half_life of 24 is longer than the window of 12: the oldest",
        "strategy.sleeves.twice: levered_erc is scaled to its own target_volatility, and leverage: multiplies",
        "the cap on gross exposure binds on 37 of 37 dates (strategy.sleeves.capped.strategy.max_gross_exposure: 3)",
        "the cap on gross exposure binds on 37 of 37 dates (strategy.sleeves.twice.leverage.max_gross_exposure: 1.25)",
        "strategy.sleeves.capped.strategy.max_weight binds on 37 of 37 dates: bonds (37)",
        "strategy.sleeves.small.leverage.multiple: 0.03 means 0.03 times NAV, which is unusual; 3 would mean 3 times",
        "strategy.sleeves.small.estimation.window: 6 means 6 returns, which are too few to estimate risk; 6Y would",
    ],
)
def test_settings_of_sleeves_have_the_notes_of_a_run(notes: tuple[str, ...], note: str) -> None:
    assert [line for line in notes if line.startswith(note)] != [], "\n".join(notes)


def test_a_usual_sleeve_has_no_notes() -> None:
    usual = {"weight": 1.0, "strategy": {"name": "sixty_forty", "weights": {"stocks": 1.0}}}
    result = bt.run({"strategy": {"name": "blend", "sleeves": {"usual": usual}}}, market=market())
    assert [note for note in result.notes if "sleeves" in note] == []


def test_sleeves_in_sleeves_are_searched_too() -> None:
    inner = {"strategy": {"name": "erc"}, "leverage": {"target_volatility": 8}}
    settings = {"strategy": {"sleeves": {"a": {"strategy": {"sleeves": {"b": inner}}}}}}
    (note,) = improbable(settings)
    assert note.startswith("strategy.sleeves.a.strategy.sleeves.b.leverage.target_volatility: 8 means 800 %")


def test_own_code_of_a_sleeve_that_shadows_a_shipped_strategy_is_noted(tmp_path: Path) -> None:
    write_strategy(tmp_path, "erc", HEAD + "class Own(ERC):\n    '''ERC.'''\n")
    strategy = {"name": "blend", "sleeves": {"own": {"strategy": "erc", "weight": 1.0}}}
    data = {"source": "sample", "assets": ["us_stocks", "gold"], "cash": 0.02, "start": "1990-01-01"}
    result = bt.run(write_config(tmp_path / "run.yaml", data=data, strategy=strategy))
    assert f"strategy erc is {tmp_path}/strategies/erc.py, not the shipped one" in result.notes
