"""Contract of every strategy: each check runs for each strategy that discovery finds, so new files are checked too.

A strategy is a frozen model of settings and a function of the data known on a date. Its answers must not depend on the
order of assets, on the unit of prices, on earlier questions, or on how many dates are asked together.
"""

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import backtest as bt
from backtest.errors import StrategyError
from backtest.strategy import MarketView, MarketViews, Strategy
from backtest.strategy.base import aligned_weights
from backtest.strategy.decisions import ViewBatch
from backtest.strategy.discovery import find_strategy, strategy_files
from support.builders.market_files import write_csv
from support.strategies.shipped_strategies import (
    ASKED,
    CLASSES,
    CONFIGS,
    STRATEGIES,
    asked,
    configuration,
    market,
    run,
    views_of,
)


@pytest.fixture(scope="module", params=ASKED, ids=lambda choice: "-".join([choice[0], *map(str, choice[1].values())]))
def choice(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """A strategy and its settings."""
    picked: tuple[str, dict[str, Any]] = request.param
    return picked


@pytest.fixture(scope="module")
def strategy_and_questions(
    choice: tuple[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Strategy, ViewBatch]:
    return asked(tmp_path_factory.mktemp("market"), *choice)


# ------------------------------------------------------------------------------------------------------------ the class


def test_there_are_strategies() -> None:
    """If discovery found no strategy, all tests below would pass."""
    assert {"erc", "levered_erc", "sixty_forty"} <= set(STRATEGIES)
    assert {path.parent.resolve() for path in strategy_files(CONFIGS).values()} == {CONFIGS.parent / "strategies"}


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_is_a_frozen_model_that_refuses_unknown_settings(name: str) -> None:
    """Settings cannot change during a run, and a misspelt setting is an error, not silently the default."""
    found = find_strategy(name, CONFIGS)
    strategy = found()
    assert found.model_config.get("frozen")
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        found.model_validate({"no_such_setting": 1})
    for setting in found.model_fields:
        with pytest.raises(StrategyError, match="a strategy is frozen"):
            setattr(strategy, setting, None)
    assert find_strategy(name, CONFIGS)() == strategy, "equal settings are equal strategies"


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
    documented = " ".join(inspect.getdoc(base) or "" for base in found.__mro__ if issubclass(base, Strategy))
    assert [setting for setting in found.model_fields if f"`{setting}`" not in documented] == []
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name), "the name that configurations write"


# ---------------------------------------------------------------------------------------------------------- the answers


def test_many_dates_give_the_weights_of_each_date_alone(strategy_and_questions: tuple[Strategy, ViewBatch]) -> None:
    """`target_weights_many` equals `target_weights` of each date to 1e-12, as sums may be taken in another order."""
    strategy, batch = strategy_and_questions
    views = views_of(strategy, batch)
    alone = np.stack([aligned_weights(strategy.target_weights(view), view) for view in views])
    together = strategy.target_weights_many(MarketViews(views_of(strategy, batch)))
    assert together.shape == (len(views), len(CLASSES))
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)


def test_it_is_stateless(strategy_and_questions: tuple[Strategy, ViewBatch]) -> None:
    """The same view gives the same bits: asked again, on new views, in reverse order, and after any other date."""
    strategy, batch = strategy_and_questions

    def bits(views: list[MarketView]) -> list[bytes]:
        return [aligned_weights(strategy.target_weights(view), view).tobytes() for view in views]

    views = views_of(strategy, batch)
    first = bits(views)
    assert bits(views) == first
    assert bits(views_of(strategy, batch)[::-1])[::-1] == first
    together = strategy.target_weights_many(MarketViews(views))
    assert strategy.target_weights_many(MarketViews(views_of(strategy, batch))).tobytes() == together.tobytes()
    later = strategy.target_weights_many(MarketViews(views_of(strategy, batch)[7:]))
    assert later.tobytes() == together[7:].tobytes(), "the weights of a date depend on the other dates"


def test_its_weights_are_finite_and_not_shared(strategy_and_questions: tuple[Strategy, ViewBatch]) -> None:
    """Weights are finite numbers by asset, in a new array each time: writing into one changes no later answer."""
    strategy, batch = strategy_and_questions
    view = views_of(strategy, batch)[3]
    answer = strategy.target_weights(view)
    assert isinstance(answer, pd.Series)
    assert set(answer.index) <= set(view.assets)
    values = answer.to_numpy(dtype=float, copy=True)
    assert np.isfinite(values).all()
    together = strategy.target_weights_many(MarketViews(views_of(strategy, batch)))
    assert np.isfinite(together).all()
    together[:] = 77.0
    answer.iloc[:] = 77.0
    assert pd.Series(strategy.target_weights(view)).to_numpy().tolist() == values.tolist()


def test_the_order_of_assets_does_not_matter(choice: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """Any order of assets in the configuration gives the same run to 1e-10 (rounding, and the solver's 1e-12)."""
    straight = run(tmp_path, market(), *choice)
    order = ["gold", "eafe", "spx", "oil", "ust"]
    other = run(tmp_path, market(), *choice, assets=order)
    assert list(other.weights.columns) == order
    np.testing.assert_allclose(other.nav, straight.nav, rtol=1e-10)
    for name in ("weights", "target_weights", "trades", "risk_contributions", "contributions"):
        table, wanted = getattr(other, name), getattr(straight, name)
        assert table.index.equals(wanted.index), name
        np.testing.assert_allclose(table[wanted.columns], wanted, rtol=0, atol=1e-10, err_msg=name)
    assert other.benchmark is not None
    assert straight.benchmark is not None
    np.testing.assert_allclose(other.benchmark.nav, straight.benchmark.nav, rtol=1e-10)


def test_the_unit_of_prices_does_not_matter(choice: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """Multiplying each price series by its own power of two, like a share split, gives the same run bit for bit.

    Powers of two scale doubles without rounding, so returns keep their bits, and only returns may matter.
    """
    plain = run(tmp_path, market(), *choice)
    scaled = run(tmp_path, market() * [0.25, 1024.0, 2.0, 0.5, 2.0**-7, 8.0], *choice)
    for name in ("nav", "weights", "target_weights", "trades", "costs", "contributions", "risk_contributions"):
        assert getattr(scaled, name).to_numpy().tobytes() == getattr(plain, name).to_numpy().tobytes(), name


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
