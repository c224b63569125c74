"""Events of a run other than its decisions: margin calls, forced sales, targets scaled down, ruin."""

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.engine.terms import FundTerms, MarginTerms, Terms, TradingTerms
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from support.builders.ledger_result import simulated, terms_of

DATES = pd.date_range("2021-01-01", periods=5, freq="D")
NOTHING = [0.0] * 5


def on_margin(returns: list[float], targets: dict[int, list[float]], dates: pd.DatetimeIndex = DATES) -> BacktestResult:
    """Simulate one asset without costs or a cash return; initial margin 50 %, maintenance margin 40 %."""
    terms = Terms(TradingTerms(np.zeros(1)), margin=MarginTerms(initial=np.array([0.5]), maintenance=np.array([0.4])))
    return simulated(np.array(returns)[:, None], NOTHING[: len(dates)], targets, terms, dates)


def events_of(result: BacktestResult) -> list[tuple[str, str, float]]:
    table = result.events
    return [
        (f"{date:%Y-%m-%d}", event, round(amount, 12))
        for date, event, amount in zip(table.index, table["event"], table["amount"], strict=True)
    ]


def test_scaled_targets_and_forced_sales_are_events() -> None:
    """Asked for 2.5, allowed 2 at 50 %: 80 %. A fall by a quarter: 1.5 of assets, NAV 0.5, which is 33 % of it.

    At 40 % it carries 1.25: 0.25 is sold, half of NAV.
    """
    result = on_margin([0, 0, -0.25, 0, 0], {0: [2.5]})
    assert events_of(result) == [("2021-01-01", "scaled_down", 0.8), ("2021-01-03", "margin_call", 0.5)]
    assert result.trade_terms["reason"].tolist() == ["rebalance", "margin_call"]
    assert result.trade_terms["margin_call"].tolist() == [False, True]
    assert result.trade_terms["scale"].tolist() == pytest.approx([0.8, 1.0], abs=1e-15)
    summary = result.summary()
    assert [summary[name] for name in ("margin_calls", "forced_sales", "targets_scaled_down")] == [1, 1, 1]


def test_a_call_answered_by_a_rebalance_is_not_a_forced_sale() -> None:
    """The same fall on a date of trading, back to 1: 1.5 of assets on NAV 0.5 is 3, so 2 of NAV is sold."""
    result = on_margin([0, 0, -0.25, 0, 0], {0: [2.0], 2: [1.0]})
    assert events_of(result) == [("2021-01-03", "answered_call", 2.0)]
    summary = result.summary()
    assert [summary[name] for name in ("margin_calls", "forced_sales", "targets_scaled_down")] == [1, 0, 0]


def test_ruin_is_an_event_with_the_lenders_loss() -> None:
    result = on_margin([0, -0.6, 0], {0: [2.0]}, DATES[:3])
    assert events_of(result) == [("2021-01-02", "ruin", 0.2)]


def test_sales_of_unpriced_assets_and_targets_beyond_a_funds_leverage_are_events() -> None:
    """Two assets at 50 %, one of which loses its price on the third date; then 3.0 asked of a fund of 2: two thirds."""
    gone = simulated(np.zeros((5, 2)), NOTHING, {0: [0.5, 0.5]}, terms_of(2), DATES, missing={1: 2})
    assert events_of(gone) == [("2021-01-03", "no_price", 0.5)]
    assert gone.summary()["forced_sales"] == 1
    fund = simulated(
        np.zeros((5, 1)),
        NOTHING,
        {0: [3.0]},
        Terms(TradingTerms(np.zeros(1)), FundTerms(2.0), MarginTerms(initial=np.ones(1))),
        DATES,
    )
    assert events_of(fund) == [("2021-01-01", "scaled_down", round(2 / 3, 12))]


def test_a_run_of_rebalances_alone_has_no_events() -> None:
    result = bt.run("configs/60_40.yaml")
    assert result.events.empty
    assert set(result.trade_terms["reason"]) == {"rebalance"}
    lines = csv_bytes(tables(result)["trades"]).decode().splitlines()
    assert lines[0] == "date,us_stocks,us_treasury_10y,reason"
    assert all(line.endswith(",rebalance") for line in lines[1:])
    assert len(lines) == 1 + len(result.trades)


def test_events_end_with_the_dates_of_a_result() -> None:
    result = on_margin([0, 0, -0.25, 0, 0], {0: [2.0]})
    assert len(result.events) == 1
    assert result.until(DATES[1]).events.empty
