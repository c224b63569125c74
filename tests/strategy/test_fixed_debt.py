"""Fixed debt: after each trade the loan is the stated part of the first NAV."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import backtest as bt
from backtest.config import load_config
from backtest.data.market_data import load
from backtest.runs import plan as planning
from support.builders.market_files import write_csv
from support.strategies.scaled_runs import ALL_IN, FREE, write_run


def months(folder: Path, levels: list[float]) -> pd.DatetimeIndex:
    """Write one asset at these levels, and cash that earns nothing."""
    dates = pd.date_range("2020-01-31", periods=len(levels), freq="ME")
    write_csv(pd.DataFrame({"spx": levels, "bills": 1.0}, index=dates), folder / "market.csv")
    return dates


def test_a_fixed_debt_by_hand(tmp_path: Path) -> None:
    """A debt of half the first NAV, in one asset whose loan is free, is bought once and then held.

    The run buys 1.5 of the asset at 100. At 110: 1.65 less the debt of 0.5 is a NAV of 1.15, and the target
    1.15 × (1 + 0.5 / 1.15) = 1.65 equals the holding. At 88: 1.32 - 0.5 = 0.82. At 132: 1.98 - 0.5 = 1.48.
    """
    months(tmp_path, [100, 110, 88, 132])
    result = bt.run(write_run(tmp_path, "run", ALL_IN, {"debt": 0.5}, **FREE, estimation={"window": 2}))
    navs = [1.0, 1.15, 0.82, 1.48]
    np.testing.assert_allclose(result.nav, navs, rtol=1e-14)
    np.testing.assert_allclose(result.target_weights["spx"], 1 + 0.5 / np.array(navs), rtol=1e-14)
    assert result.trades["spx"].to_list() == [1.5]


def test_a_fixed_debt_up_to_a_gross_exposure(tmp_path: Path) -> None:
    """At 88, 1 + 0.5 / 0.82 = 1.61 is above 1.55: 0.82 × 1.55 = 1.271 is kept, and the debt falls to 0.451.

    At 132, 1.271 × 1.5 - 0.451 = 1.4555, and the debt is 0.5 again.
    """
    months(tmp_path, [100, 110, 88, 132])
    leverage = {"debt": 0.5, "max_gross_exposure": 1.55}
    result = bt.run(write_run(tmp_path, "run", ALL_IN, leverage, **FREE, estimation={"window": 2}))
    np.testing.assert_allclose(result.nav, [1.0, 1.15, 0.82, 1.4555], rtol=1e-14)
    np.testing.assert_allclose(result.target_weights["spx"], [1.5, 1.65 / 1.15, 1.55, 1.9555 / 1.4555], rtol=1e-14)


def test_the_debt_is_restored_by_every_trade(run: Callable[..., bt.BacktestResult]) -> None:
    """This holds for any weights that add up to one, traded free of cost at the close of the decision."""
    terms: dict[str, Any] = {"costs": {}, "rebalance": {"frequency": "weekly", "execution_lag": 0}}
    result = run({"name": "erc"}, {"debt": 0.8}, **terms)
    nav, traded = result.nav, result.trade_dates.dropna()
    debt = nav * (result.weights.sum(axis=1) - 1)
    np.testing.assert_allclose(debt.loc[traded], 0.8, rtol=1e-12)
    assert debt.round(9).nunique() > len(traded) // 2, "in between it grows by its interest"


def test_a_path_can_be_simulated_again(tmp_path: Path) -> None:
    """The break-even search simulates it once for each spread, and no simulation affects the next."""
    months(tmp_path, [100, 110, 88, 132, 120, 140])
    settings = load_config(write_run(tmp_path, "run", ALL_IN, {"debt": 0.5}, **FREE, estimation={"window": 2}))
    plan = planning.Plan.of(settings, load(settings.data, tmp_path))
    decided = plan.decide(plan.first_trade)
    first, dear, again = (decided.path(plan.terms.with_spread(spread)).ledger() for spread in (0.0, 0.5, 0.0))
    assert first.nav.tobytes() == again.nav.tobytes()
    assert dear.nav[-1] < first.nav[-1]
