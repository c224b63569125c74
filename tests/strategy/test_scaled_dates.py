"""Multiples are the same bits date by date, for many dates together, and for a part of the dates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.data.market_data import load
from backtest.runs import plan as planning
from backtest.strategy.decisions import ViewBatch, answers
from support.builders.market_files import write_csv, write_strategy
from support.strategies.scaled_runs import (
    CLASSES,
    SIXTY_FORTY,
    UNBOUND,
    assert_same_tables,
    excess_returns,
    gross,
    write_run,
)


def questions_of(config: Path) -> tuple[ViewBatch, np.ndarray]:
    """Return the views of the run's strategy, and its answers before leverage."""
    settings = load_config(config)
    data = load(settings.data, settings.folder)
    benchmark = settings.benchmark and planning.Plan.of(
        settings.benchmark, load(settings.benchmark.data, config.parent)
    )
    plan = planning.Plan.of(settings, data, benchmark or None)
    batch = plan.views(plan.agenda.rows[plan.first :])
    return batch, answers(settings.strategy.model, batch)


READER = """
from typing import ClassVar

from backtest.strategies.erc import ERC


class Reader(ERC):
    '''ERC, asked date by date along the path, as if what it holds mattered.'''

    reads_current_weights: ClassVar[bool] = True
"""
KINDS: list[dict[str, Any]] = [
    {"multiple": 1.7},
    {"target_volatility": 0.12, "smoothing": 0.6},
    {"target_volatility": 0.12, "window": 15, "smoothing": 0.6, "min_gross_exposure": 1},
    {"target_volatility": "benchmark", "window": 15},
    {"debt": 0.4},
]


@pytest.mark.parametrize("leverage", KINDS, ids=lambda one: "-".join(map(str, one.values())))
def test_a_strategy_asked_along_the_path_is_levered_alike(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, leverage: dict[str, Any]
) -> None:
    """A strategy that reads its current weights without using them gives tables that are equal to the byte."""
    write_strategy(tmp_path, "reader", READER)
    write_run(tmp_path, "other", SIXTY_FORTY, None)
    one, other = (run({"name": name}, leverage, benchmark="other.yaml") for name in ("erc", "reader"))
    assert_same_tables(one, other)


@pytest.mark.parametrize("leverage", KINDS[:-1], ids=lambda one: "-".join(map(str, one.values())))
def test_multiples_of_a_part_of_the_dates_are_the_same_bits(
    tmp_path: Path, prices: pd.DataFrame, leverage: dict[str, Any]
) -> None:
    """This holds for each date alone and for any sequence of dates, while assets come and go."""
    prices.loc[prices.index[:60], "gold"] = np.nan
    write_csv(prices, tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": CLASSES, "ragged": True}
    write_run(tmp_path, "other", SIXTY_FORTY, None)
    config = write_run(tmp_path, "run", {"name": "erc"}, leverage, data=data, benchmark="other.yaml")
    levered, (batch, weights) = load_config(config).leverage, questions_of(config)
    assert levered is not None
    together = levered.multiples(weights, batch)
    assert np.isfinite(together).all()
    for part in [*(slice(k, k + 1) for k in range(len(weights))), slice(0, 7), slice(5, 12), slice(9, None)]:
        alone = levered.multiples(weights[part], batch.part(part))
        assert alone.tobytes() == together[part].tobytes(), part


@pytest.mark.parametrize("dates_at_a_time", [1, 5])
def test_slices_of_the_agenda_pass_the_multiple_on(
    run: Callable[..., bt.BacktestResult], monkeypatch: pytest.MonkeyPatch, dates_at_a_time: int
) -> None:
    """Smoothing continues from the last date of one slice to the first date of the next."""
    leverage = {"target_volatility": 0.12, "window": 15, "smoothing": 0.6}
    together = run(SIXTY_FORTY, leverage)
    monkeypatch.setattr("backtest.strategy.agenda._ELEMENTS", 16 * dates_at_a_time)
    assert run(SIXTY_FORTY, leverage).target_weights.equals(together.target_weights)


SOMETIMES = """
import pandas as pd

from backtest.strategy import MarketView, Strategy


class Sometimes(Strategy):
    '''All in the first asset, or, in every second week, in nothing.'''

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({view.assets[0]: float(view.as_of.week % 2)})
"""


def test_weeks_without_a_position_do_not_change_the_multiple(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame
) -> None:
    """The recursion skips weeks without a position, and they stay without one."""
    write_strategy(tmp_path, "sometimes", SOMETIMES)
    leverage = {"target_volatility": 0.12, "window": 15, "smoothing": 0.75, **UNBOUND}
    result = run({"name": "sometimes"}, leverage)
    found = gross(result)
    dates = result.target_weights.index[found > 0]
    excess = excess_returns(prices)["spx"]
    wanted = [0.12 / np.sqrt(252) / excess.loc[:date].tail(15).std() for date in dates]
    by_hand = pd.Series(wanted).ewm(alpha=0.25, adjust=False).mean()
    np.testing.assert_allclose(found[found > 0], by_hand, rtol=1e-13)
    assert (found == 0).sum() > 5
