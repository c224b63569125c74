"""Orders of an account: an example by hand, identities of money, and each kind of holding."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.orders.order_list import OrderList, orders_of_run
from support.builders.market_files import PRICED_DATES, config_of_two_funds, write_strategy

MONEY = 1e-12  # of NAV


def account(**rows: tuple[float | None, float | None]) -> pd.DataFrame:
    """Return holdings from (quantity, value) by symbol."""
    return pd.DataFrame(rows, index=["quantity", "value"], dtype=float).T


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> bt.BacktestResult:
    return bt.run(config_of_two_funds(tmp_path_factory.mktemp("half")))


def check_identities(orders: OrderList, *, futures: bool = False) -> None:
    """Cash before, less trades and costs, is cash after; NAV falls by the costs, and weights are values over NAV."""
    table, assets, cash = orders.table, orders.table.iloc[:-1], orders.table.loc["cash"]
    paid, size = 0.0 if futures else 1.0, orders.nav
    assert cash["held"] - paid * assets["value"].sum() - assets["cost"].sum() == pytest.approx(
        cash["after"], abs=MONEY * size
    )
    assert (assets["held"] + assets["value"] - assets["after"]).abs().max() <= MONEY * size
    assert paid * assets["held"].sum() + cash["held"] == pytest.approx(orders.nav, abs=MONEY * size)
    assert paid * assets["after"].sum() + cash["after"] == pytest.approx(orders.nav_after, abs=MONEY * size)
    known = assets["unit"] != "money"
    assert (assets["quantity"] * assets["price"] - assets["value"])[known].abs().max() <= MONEY * size
    assert (table["weight"] - table["target"] - table["drift"]).abs().max() <= MONEY


def test_an_example_by_hand(half: bt.BacktestResult) -> None:
    """3 SPY at 100 and cash of 700, to a half of SPY and of TLT at 40; orders cost 0.1 %.

    After costs of about 0.7 the targets are 4.996 SPY and 12.49 TLT. Rounded toward zero they are 4 and 12. SPY is
    nearer to 5, which leaves money; TLT is not nearer to 13. The orders are 2 SPY and 12 TLT, 680 in all. They cost
    0.68, and 19.32 of cash is left.
    """
    orders = bt.orders(half, holdings=account(SPY=(3, None), cash=(None, 700)))
    table = orders.table
    assert (orders.nav, orders.currency, orders.date) == (1000.0, "USD", PRICED_DATES[-1])
    assert table["quantity"].to_list()[:2] == [2.0, 12.0]
    assert table["unit"].to_list() == ["shares", "shares", "money"]
    assert table["value"].to_list() == pytest.approx([200, 480, -680.68], rel=1e-14)
    assert table["cost"].to_list() == pytest.approx([0.2, 0.48, 0], rel=1e-14)
    assert table["after"].to_list() == pytest.approx([500, 480, 19.32], rel=1e-13)
    assert table["weight"].to_list() == pytest.approx([500 / 999.32, 480 / 999.32, 19.32 / 999.32], rel=1e-13)
    assert table["target"].to_list() == pytest.approx([0.5, 0.5, 0.0], abs=1e-15)
    check_identities(orders)


CASES: dict[str, dict[str, Any]] = {
    "the run's own holdings": {"nav": 12_345.67},
    "cash alone": {"holdings": account(cash=(None, 5000))},
    "a loan, and another holding": {"holdings": account(SPY=(70, None), XYZ=(10, 2000), cash=(None, -1500))},
    "an own price": {"holdings": account(TLT=(10, 410), cash=(5000, None))},
    "nav instead of cash": {"nav": 20_000, "holdings": account(TLT=(None, 410), GOLDX=(None, 999))},
    "shorts to cover": {"holdings": account(SPY=(-7, None), XYZ=(-1, -20), cash=(None, 9000))},
}


@pytest.mark.parametrize("case", CASES)
def test_money_is_neither_made_nor_lost(case: str, half: bt.BacktestResult) -> None:
    check_identities(bt.orders(half, **CASES[case]))


def test_without_holdings_the_account_holds_what_the_run_holds(half: bt.BacktestResult) -> None:
    orders = bt.orders(half, nav=1e6)
    np.testing.assert_allclose(orders.table["held"].iloc[:2], 1e6 * half.weights.iloc[-1], rtol=1e-15)
    assert orders.notes == ("the account is taken to hold what the run holds; holdings (--holdings) replace that",)


def test_other_holdings_are_sold_with_a_note(half: bt.BacktestResult) -> None:
    orders = bt.orders(half, holdings=account(XYZ=(8.5, 850), OLD=(None, 40), cash=(None, 110)))
    table = orders.table
    assert list(table.loc["XYZ", ["quantity", "unit", "price", "after"]]) == [-8.5, "shares", 100.0, 0.0]
    assert list(table.loc["OLD", ["value", "unit", "after"]]) == [-40.0, "money", 0.0]
    assert table.loc["XYZ", "cost"] == pytest.approx(0.85, rel=1e-14)
    assert orders.notes == (
        "XYZ is not an asset of the run: all of it is sold",
        "OLD is not an asset of the run: all of it is sold",
    )


def test_the_price_of_the_account_replaces_the_close(half: bt.BacktestResult) -> None:
    table = bt.orders(half, holdings=account(TLT=(10, 410), cash=(None, 1000))).table
    assert table["price"].iloc[:2].to_list() == [100.0, 41.0]


def test_one_share_has_a_price_of_its_value(half: bt.BacktestResult) -> None:
    orders = bt.orders(half, holdings=account(TLT=(1, 41), cash=(None, 1000)))
    assert orders.table["price"].iloc[1] == 41.0
    by_date = orders.by_date()
    assert list(by_date.index) == [orders.date] * 3
    assert by_date["price"].iloc[1] == 41.0


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no value of the account": (
        {},
        (
            "half: the value of the account is not known; expected nav (--nav), holdings with a row cash (--holdings), "
            "or initial_capital in the configuration"
        ),
    ),
    "a NAV below zero": ({"nav": -5.0}, "nav: got -5.0; expected an amount of money above zero, such as 1000000"),
    "holdings that owe more than they own": (
        {"holdings": account(SPY=(1, None), cash=(None, -100))},
        "nav: got 0.0; expected an amount of money above zero, such as 1000000",
    ),
    "neither nav nor cash": (
        {"holdings": account(SPY=(1, None))},
        "holdings: no row cash; expected the value of the account (nav) or its cash",
    ),
    "both nav and cash": (
        {"nav": 100, "holdings": account(cash=(1, None))},
        "holdings: nav and a row cash; expected the value of the account (nav) or its cash",
    ),
    "another letter": (
        {"nav": 100, "holdings": account(spy=(1, 100))},
        (
            "holdings, row 1: spy is not an asset of the run. Did you mean SPY? "
            "Hint: leave out a holding that is not to be sold."
        ),
    ),
    "a letter too many": (
        {"nav": 100, "holdings": account(TTLT=(1, None))},
        (
            "holdings, row 1: TTLT is not an asset of the run. Did you mean TLT? "
            "Hint: leave out a holding that is not to be sold."
        ),
    ),
    "another holding without a value": (
        {"nav": 100, "holdings": account(XYZ=(1, None))},
        "holdings, row 1: XYZ is not an asset of the run; expected its value too.",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_each_mistake_has_one_message(case: str, half: bt.BacktestResult) -> None:
    given, message = MISTAKES[case]
    with pytest.raises(bt.BacktestError) as error:
        bt.orders(half, **given)
    assert str(error.value) == message


def test_a_similar_name_is_no_mistake_if_the_asset_has_its_own_row(half: bt.BacktestResult) -> None:
    assert "TLTT" in bt.orders(half, holdings=account(TLT=(1, None), TLTT=(1, 41), cash=(1, None))).table.index


def test_a_symbol_of_the_source_stands_for_its_asset_once(tmp_path: Path) -> None:
    assets = {"stocks": {"symbol": "SPY"}, "bonds": {"symbol": "TLT"}}
    result = bt.run(config_of_two_funds(tmp_path, data={"assets": assets}))
    assert bt.orders(result, nav=1000, holdings=account(SPY=(3, None))).table.loc["stocks", "held"] == 300
    with pytest.raises(bt.BacktestError, match="row 2: stocks is stocks, which has a row already; expected one row"):
        bt.orders(result, nav=1000, holdings=account(SPY=(3, None), stocks=(1, None)))


def test_a_quantity_without_a_price_is_an_error_that_names_the_date() -> None:
    result = bt.run("configs/erc.yaml")
    with pytest.raises(bt.BacktestError, match="gold is not priced on 2012-12-31; expected its value too"):
        bt.orders(result, nav=1000, holdings=account(gold=(3, None)))


def test_futures_are_ordered_in_contracts_and_need_no_cash(tmp_path: Path) -> None:
    """A half of 100,000 is 10 contracts of 50 at 100; TLT has no multiplier, so that its order is a notional."""
    assets = {"SPY": {"class": "equities", "lot": 50.0}, "TLT": "bonds"}
    result = bt.run(config_of_two_funds(tmp_path, data={"assets": assets}, financing={"kind": "futures"}, costs={}))
    orders = bt.orders(result, holdings=account(SPY=(2, None), cash=(None, 100_000)))
    assert orders.table["quantity"].to_list() == [8.0, 50_000.0, 0.0]
    assert orders.table["unit"].to_list() == ["contracts", "money", "money"]
    assert orders.table["price"].iloc[0] == 5000.0
    assert list(orders.table.loc["cash", ["held", "after", "weight"]]) == [100_000, 100_000, 1.0]
    check_identities(orders, futures=True)


def test_funds_of_leveraged_financing_are_ordered_in_money(tmp_path: Path) -> None:
    """Half of 3000 is 1500 of exposure, which is 500 in a fund of leverage 3; the rest is cash."""
    financing = {"kind": "leveraged_fund", "leverage": 3}
    result = bt.run(config_of_two_funds(tmp_path, financing=financing, costs={}))
    orders = bt.orders(result, holdings=account(cash=(None, 3000)))
    assert orders.table["value"].to_list() == pytest.approx([500, 500, -1000], rel=1e-14)
    assert orders.table["weight"].to_list() == pytest.approx([0.5, 0.5, 2 / 3], rel=1e-14)
    assert set(orders.table["unit"]) == {"money"}


SHORT_BONDS = """from backtest import Strategy


class ShortBonds(Strategy):
    \"\"\"Stocks, and bonds sold short.\"\"\"

    def target_weights(self, view):
        return {"SPY": 1.0, "TLT": -0.2}
"""


def test_targets_below_zero_are_sold_short(tmp_path: Path) -> None:
    write_strategy(tmp_path, "short_bonds", SHORT_BONDS)
    result = bt.run(config_of_two_funds(tmp_path, strategy="short_bonds", costs={}))
    orders = bt.orders(result, holdings=account(cash=(None, 1000)))
    assert orders.table["quantity"].to_list()[:2] == [10.0, -5.0]
    check_identities(orders)


def test_money_terms_cost_the_same_as_in_the_run(tmp_path: Path) -> None:
    """A fixed cost of 2 for each order, and 0.1 % of its value."""
    costs = {"fixed": 2.0, "trading_bps": 10}
    result = bt.run(config_of_two_funds(tmp_path, costs=costs, initial_capital=50_000.0))
    table = bt.orders(result, holdings=account(SPY=(3, None), cash=(None, 700))).table
    assert table["cost"].to_list() == pytest.approx([2.2, 2.48, 0.0], rel=1e-13)


def test_with_initial_capital_the_account_is_the_runs_own(tmp_path: Path, half: bt.BacktestResult) -> None:
    result = bt.run(config_of_two_funds(tmp_path, initial_capital=50_000.0))
    orders = bt.orders(result)
    assert orders.nav == pytest.approx(50_000 * result.nav.iloc[-1], rel=1e-15)
    own = orders_of_run(result)
    assert own is not None
    pd.testing.assert_frame_equal(own.table, orders.table)
    assert orders_of_run(half) is None


def test_a_pickled_result_has_the_same_orders_and_a_shortened_one_has_none(half: bt.BacktestResult) -> None:
    copy = pickle.loads(pickle.dumps(half))  # noqa: S301 - our own pickle
    pd.testing.assert_frame_equal(bt.orders(copy, nav=1000).table, bt.orders(half, nav=1000).table)
    with pytest.raises(bt.BacktestError, match="half: no prices and costs of its last date; expected the result of"):
        bt.orders(half.until(PRICED_DATES[-3]), nav=1000)


def test_a_run_that_lost_money_has_orders(tmp_path: Path) -> None:
    loser = bt.run(config_of_two_funds(tmp_path), {"fees.management_bps": 5000})
    assert 0 < loser.nav.iloc[-1] < 1
    check_identities(bt.orders(loser, nav=1000))
