"""The list of trades: every trade of the table by date and asset, once."""

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.tables.trade_list import trade_list
from support.builders.ledger_result import simulated, terms_of
from support.builders.synthetic_result import synthetic_result


@pytest.mark.parametrize("assets", [("stocks", "bonds", "gold"), ("date", "reason", "trade"), ("only",)])
def test_every_trade_is_listed_for_any_asset_names(assets: tuple[str, ...]) -> None:
    result = synthetic_result(30, assets, short=True)
    found = trade_list(result)
    assert list(found.columns) == ["date", "asset", "trade", "weight", "reason"]
    assert len(found) == np.count_nonzero(result.trades.to_numpy())
    for date, asset, trade, weight, reason in found.itertuples(index=False):
        assert result.trades.loc[date, asset] == trade != 0
        assert result.weights.loc[date, asset] == weight
        assert reason == "rebalance"
    places = [(date, result.assets.index(asset)) for date, asset in zip(found["date"], found["asset"], strict=True)]
    assert places == sorted(places)


def test_only_traded_assets_have_rows_and_forced_sales_have_their_reason() -> None:
    """Two assets at 50 % whose prices do not move, so nothing is traded later; one loses its price on date three."""
    dates = pd.date_range("2021-01-01", periods=5, freq="D")
    result = simulated(np.zeros((5, 2)), [0.0] * 5, {0: [0.5, 0.5], 1: [0.5, 0.5]}, terms_of(2), dates, missing={1: 2})
    found = trade_list(result)
    assert found["date"].tolist() == [dates[0], dates[0], dates[2]]
    assert found["trade"].tolist() == [0.5, 0.5, -0.5]
    assert found["weight"].tolist() == [0.5, 0.5, 0.0]
    assert found["reason"].tolist() == ["rebalance", "rebalance", "no_price"]


def test_half_of_the_traded_sizes_is_the_turnover() -> None:
    result = bt.run("configs/erc.yaml")
    by_date = trade_list(result).set_index("date")["trade"].abs().groupby(level=0).sum() / 2
    assert by_date.iloc[2:].to_numpy() == pytest.approx(result.turnover.loc[by_date.index[2:]].to_numpy(), rel=1e-12)
    assert by_date.iloc[:2].sum() == pytest.approx(result.turnover.iloc[1], rel=1e-12)  # where the first one is counted


def test_a_run_without_trades_has_no_rows() -> None:
    result = synthetic_result(3, benchmark=False)
    result.trades.iloc[:] = 0.0
    assert trade_list(result).empty
