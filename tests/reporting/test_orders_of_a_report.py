"""Orders on the page and in `orders.csv`: with `initial_capital`, and only then."""

from pathlib import Path

import pandas as pd
import pytest

import backtest as bt
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.market_files import config_of_two_funds


def test_a_run_with_capital_has_orders_on_its_page_and_in_a_file(tmp_path: Path) -> None:
    result = bt.run(config_of_two_funds(tmp_path, initial_capital=100_000.0))
    orders = bt.orders(result)
    rows = tables(result)["orders"]
    assert (rows.index == orders.date).all()
    pd.testing.assert_frame_equal(rows.set_index("asset"), orders.table)
    header, *lines = csv_bytes(rows).decode().splitlines()
    assert header.startswith("date,asset,held,quantity,unit,price,value,cost,after,weight,target,drift")
    assert lines[0].startswith("2024-03-22,SPY,")
    html = render_tearsheet(result, {})
    assert f"NAV is {orders.nav:,.2f} USD" in html
    assert '<h3 id="orders">Orders</h3>' in html
    assert f"{orders.table['quantity'].abs().iloc[0]:,.0f} shares" in html


def test_a_run_without_capital_has_none(tmp_path: Path) -> None:
    result = bt.run(config_of_two_funds(tmp_path))
    assert "orders" not in tables(result)
    assert 'id="orders"' not in render_tearsheet(result, {})


def test_an_account_that_cannot_pay_for_its_orders_has_a_report_without_them(tmp_path: Path) -> None:
    """The first trade costs 6 of 10, and the orders of the last date would cost another 6."""
    sections = {"costs": {"fixed": 3.0}, "initial_capital": 10.0, "start": "2024-03-05"}
    result = bt.run(config_of_two_funds(tmp_path, **sections))
    with pytest.raises(bt.BacktestError, match=r"the orders cost more than the account, 4\.\d+ USD; expected a larger"):
        bt.orders(result)
    assert "orders" not in tables(result)
