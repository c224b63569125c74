"""A record that is cut at a date has the trades and the open trades of that date."""

from pathlib import Path
from typing import Any

import pandas as pd

import backtest as bt
from backtest.analysis.tables.holdings import holdings_now
from support.builders.compared_runs import run_config, write_prices

DATES = pd.bdate_range("2011-01-31", periods=200)
DECISION = pd.Timestamp("2011-08-31")


def test_a_record_cut_on_a_decision_equals_a_run_whose_data_ends_there(tmp_path: Path) -> None:
    """With a lag of a day, the decision of the last date awaits its trade in both."""
    write_prices(tmp_path, DATES)
    settings: dict[str, Any] = {"rebalance": {"frequency": "monthly", "execution_lag": 1}, "estimation": {"window": 60}}
    whole = bt.run(run_config(tmp_path, "whole", **settings))
    ended = bt.run(run_config(tmp_path, "ended", data={"end": f"{DECISION:%Y-%m-%d}"}, **settings))
    cut = whole.until(DECISION)
    assert cut.latest_trades.all()
    for name in ("nav", "trades", "trade_terms", "trade_dates", "latest_trades"):
        assert getattr(cut, name).equals(getattr(ended, name)), name
    assert holdings_now(cut).equals(holdings_now(ended))
    between = whole.until(DECISION + pd.offsets.BDay(5))
    assert between.trades.index[-1] == DECISION + pd.offsets.BDay(1)
    assert not between.latest_trades.any()


def test_a_decision_traded_at_the_close_of_the_cut_leaves_nothing_to_do(tmp_path: Path) -> None:
    """A run that ends on the same date has not traded it, as nothing is traded on the last date of the data."""
    write_prices(tmp_path, DATES)
    settings: dict[str, Any] = {"rebalance": {"frequency": "monthly", "execution_lag": 0}, "estimation": {"window": 60}}
    cut = bt.run(run_config(tmp_path, "whole", **settings)).until(DECISION)
    assert cut.trades.index[-1] == cut.target_weights.index[-1] == DECISION
    assert cut.latest_trades.to_list() == [0.0, 0.0]


def test_the_text_of_a_record_has_its_first_and_last_date() -> None:
    result = bt.run("configs/erc.yaml", {"start": "2000-01-01", "end": "2000-12-31", "benchmark": None})
    assert repr(result) == "<BacktestResult erc (erc), 2000-01-31 to 2000-12-31>"
