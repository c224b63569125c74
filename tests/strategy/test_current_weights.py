"""Current weights of a view are the weights after drift, costs and due trades, equal to the oracle's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import StrategyError
from support.builders.market_files import write_config, write_csv, write_strategy
from support.oracle import oracle
from support.strategies.shipped_strategies import CLASSES, market, run

READER = '''
from typing import ClassVar
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Reader(Strategy):
    """Half way from what is held to equal weights: it trades half of the drift."""
    {declaration}
    def target_weights(self, view: MarketView) -> pd.Series:
        return 0.5 * view.current_weights + 0.5 / len(view.assets)
'''


def test_current_weights_have_to_be_declared(tmp_path: Path) -> None:
    """They are known only within the simulation; the error of an undeclared strategy explains how to declare them."""
    write_strategy(tmp_path, "reader", READER.format(declaration=""))
    with pytest.raises(StrategyError, match="reads_current_weights: ClassVar\\[bool\\] = True"):
        run(tmp_path, market(), "reader", {})


@pytest.mark.parametrize(("lag", "joins"), [(0, 0), (1, 0), (2, 0), (0, 45), (1, 45)])
def test_current_weights_are_the_drifted_ones(tmp_path: Path, lag: int, joins: int) -> None:
    """They are the weights at a close, after drift, interest, costs and a trade due at this close.

    The oracle, given all decisions before a date, holds exactly these weights at the close of the date. The test
    computes the next decision from them, and so on. Nothing is held before the first trade. With ragged data the first
    asset has no price before row `joins`, and the view has the weights of the other assets.
    """
    write_strategy(tmp_path, "reader", READER.format(declaration="reads_current_weights: ClassVar[bool] = True"))
    prices = market()
    prices.loc[prices.index[:joins], "spx"] = np.nan
    write_csv(prices, tmp_path / "market.csv")
    config = write_config(
        tmp_path / "run.yaml",
        data={"source": "csv", "path": "market.csv", "cash": "bills", "assets": list(CLASSES), "ragged": joins > 0},
        estimation={"window": 20},
        strategy={"name": "reader"},
        rebalance={"frequency": "weekly", "execution_lag": lag},
        costs={"trading_bps": 50},
        financing={"spread_bps": 100},
    )
    result = bt.run(config)
    days = [day.date() for day in prices.index]
    series = {name: [None if np.isnan(p) else float(p) for p in prices[name]] for name in CLASSES}
    cash = [0.0, *prices["bills"].pct_change().iloc[1:]]
    rows = [row for row in oracle.rebalance_indices(days, "weekly") if row >= (20 if joins else 0)]
    start = rows[0] + lag
    targets: dict[int, dict[str, float]] = {}
    path: oracle.OraclePath | None = None
    for row in rows:
        held = dict.fromkeys(CLASSES, 0.0)
        if path is not None and row >= start and (lag > 0 or row > start):
            held = path.weights[row - start]
        there = [name for name in CLASSES if name != "spx" or not joins or row >= joins + 20]
        targets[row] = {name: 0.5 * held[name] + 0.5 / len(there) if name in there else 0.0 for name in CLASSES}
        if row + lag >= start:
            path = oracle.simulate(
                days[start:],
                {name: series[name][start:] for name in CLASSES},
                cash[start:],
                {r + lag - start: target for r, target in targets.items() if r + lag < len(days)},
                trading_cost=dict.fromkeys(CLASSES, 0.005),
                spread=0.01,
            )
    assert path is not None
    np.testing.assert_allclose(result.target_weights, [list(targets[row].values()) for row in rows], rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.nav, path.nav, rtol=1e-13)


def test_current_weights_of_two_assets_over_two_months(tmp_path: Path) -> None:
    """Two assets, monthly, no costs: bought at 1/4 each (half way from nothing to 1/2), then A doubles and B stays.

    NAV 1 + 0.25 = 1.25; drifted A 0.5/1.25 = 0.4, B 0.25/1.25 = 0.2; so the next targets are 0.45 and 0.35. Then A
    halves: NAV 1.25 (1 - 0.225) = 0.96875, A 0.225/0.775 and B 0.35/0.775; targets half of that and 1/4.
    """
    write_strategy(tmp_path, "reader", READER.format(declaration="reads_current_weights: ClassVar[bool] = True"))
    dates = pd.date_range("2020-01-31", periods=4, freq="ME")
    write_csv(pd.DataFrame({"A": [1.0, 2.0, 1.0, 1.0], "B": [5.0] * 4}, index=dates), tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": 0.0, "assets": ["A", "B"]}
    result = bt.run(write_config(tmp_path / "run.yaml", data=data, strategy={"name": "reader"}))
    third = [0.225 / 0.775 / 2 + 0.25, 0.35 / 0.775 / 2 + 0.25]
    np.testing.assert_allclose(result.target_weights.iloc[:3], [[0.25, 0.25], [0.45, 0.35], third], rtol=1e-14)
    np.testing.assert_allclose(result.nav.iloc[:3], [1.0, 1.25, 0.96875], rtol=1e-14)
