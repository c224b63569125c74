"""Contract of every strategy: each check runs for each strategy that discovery finds, so new files are checked too.

A strategy is a frozen model of settings and a function of the data known on a date. Its answers must not depend on the
order of assets, on the unit of prices, on earlier questions, or on how many dates are asked together.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import backtest as bt
from backtest.errors import StrategyError
from backtest.strategy import Strategy
from backtest.strategy.discovery import find_strategy, strategy_files, with_settings
from backtest.testing.strategy_rules import STRATEGY_RULES
from support.builders.market_files import write_csv
from support.strategies.needed_settings import NEEDED
from support.strategies.shipped_strategies import (
    ASKED,
    CLASSES,
    CONFIGS,
    STRATEGIES,
    configuration,
    market,
)

MARKET = bt.MarketData.from_prices(market(), cash="bills", classes=CLASSES)
"""120 business days."""


@pytest.fixture(scope="module", params=ASKED, ids=lambda choice: "-".join([choice[0], *map(str, choice[1].values())]))
def choice(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """A strategy and its settings."""
    picked: tuple[str, dict[str, Any]] = request.param
    return picked


# ------------------------------------------------------------------------------------------------------------ the class


def test_there_are_strategies() -> None:
    """If discovery found no strategy, all tests below would pass."""
    assert {"erc", "levered_erc", "sixty_forty"} <= set(STRATEGIES)
    assert {path.parent.resolve() for path in strategy_files(CONFIGS).values()} == {CONFIGS.parent / "strategies"}


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_is_a_frozen_model_that_refuses_unknown_settings(name: str) -> None:
    """Settings cannot change during a run, and a misspelt setting is an error, not silently the default."""
    found = find_strategy(name, CONFIGS)
    settings = NEEDED.get(name, [{}])[0]
    strategy = with_settings(found, name, settings)
    assert found.model_config.get("frozen")
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        found.model_validate({**settings, "no_such_setting": 1})
    for setting in found.model_fields:
        with pytest.raises(StrategyError, match="a strategy is frozen"):
            setattr(strategy, setting, None)
    again = with_settings(find_strategy(name, CONFIGS), name, settings)
    assert again == strategy, "equal settings are equal strategies"


@pytest.mark.parametrize("name", STRATEGIES)
def test_its_docstring_opens_with_one_line(name: str) -> None:
    """The command line lists the first lines of docstrings; every setting has a description, or inherits one."""
    found = find_strategy(name, CONFIGS)
    own = found.__dict__.get("__doc__")
    assert own, "a docstring of its own, not the base's"
    first, *rest = inspect.cleandoc(own).splitlines()
    assert 10 <= len(first) <= 120
    assert first.endswith((".", ")"))
    assert not rest or rest[0] == "", "one line, then a blank one"
    texts = [inspect.getdoc(base) or "" for base in found.__mro__ if issubclass(base, Strategy)]
    documented = re.findall(r"^ +(\w+): ", "\n".join(texts), re.MULTILINE)  # under Args
    assert [setting for setting in found.model_fields if setting not in documented] == []
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name), "the name that configurations write"


# ---------------------------------------------------------------------------------------------------------- the answers


@pytest.mark.parametrize("rule", STRATEGY_RULES, ids=lambda rule: rule.__name__)
def test_it_follows_the_rules_of_all_strategies(choice: tuple[str, dict[str, Any]], rule: Callable[..., None]) -> None:
    """`bt.testing.check_strategy` checks the same rules for a user's strategy, on months instead of days."""
    name, settings = choice
    rule(find_strategy(name, CONFIGS)(**settings), MARKET)


def test_it_runs_while_assets_join_and_leave(choice: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """Assets without prices are never held, and the run begins with the assets that have a full window."""
    prices = market()
    prices.loc[prices.index[:50], "oil"] = np.nan
    prices.loc[prices.index[90:], "gold"] = np.nan
    write_csv(prices, tmp_path / "market.csv")
    path = configuration(tmp_path, *choice, ragged=True)
    result = bt.run(path)
    assert (result.weights.loc[result.weights.index < prices.index[70], "oil"] == 0).all(), (
        "a full window is 20 returns"
    )
    assert (result.weights.loc[prices.index[90] :, "gold"] == 0).all()
    assert result.nav.index[0] < prices.index[50]
    assert np.isfinite(result.nav).all()
