"""Orders as rows of texts, for pages and the terminal."""

import pandas as pd

from backtest.analysis.orders.holdings_file import CASH
from backtest.analysis.orders.order_list import OrderList
from backtest.reporting.format import MISSING, NumberFormat, change, percent

_MONEY, _SIGNED = NumberFormat(1, 2), NumberFormat(1, 2, plus=True)
_FINEST = 6  # decimals of a quantity

HEADINGS = ("order", "price", "value", "cost", "weight", "target", "drift")


def order_rows(orders: OrderList) -> list[tuple[str, ...]]:
    """Return the name of each holding that is held, traded or wanted, and its columns of `HEADINGS`; cash is last."""
    table = orders.table
    shown = (table[["held", "value", "target"]] != 0).any(axis=1) | (table.index == CASH)
    return [(str(name), *_texts(row)) for name, row in table[shown].iterrows()]


def _texts(row: pd.Series) -> tuple[str, ...]:
    return (
        _order(row["quantity"], row["unit"]),
        _MONEY.write(row["price"]),
        _SIGNED.write(row["value"]),
        _MONEY.write(row["cost"]),
        percent(row["weight"]),
        percent(row["target"]),
        change(row["drift"]),
    )


def _order(quantity: float, unit: str) -> str:
    """Return an order with as many decimals as it has.

    >>> _order(-12.5, "shares"), _order(3.0, "contracts"), _order(0.0, "shares"), _order(1000.0, "money")
    ('−12.5 shares', '+3 contracts', '–', '–')
    """
    if quantity == 0 or unit == "money":
        return MISSING
    digits = next((digits for digits in range(_FINEST) if abs(round(quantity, digits) - quantity) < 1e-9), _FINEST)
    return f"{_SIGNED.write(quantity, digits)} {unit}"


def in_words(orders: OrderList) -> str:
    """Return the value of the account before and after the orders.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"cost": [1.5, 0.0]}, index=["SPY", "cash"])
    >>> in_words(OrderList(pd.Timestamp("2024-01-31"), "USD", 1000.0, table, ()))
    'NAV is 1,000.00 USD, and 998.50 after costs of 1.50'
    """
    before, after, cost = (_MONEY.write(amount) for amount in (orders.nav, orders.nav_after, orders.cost))
    return f"NAV is {before} {orders.currency}, and {after} after costs of {cost}"
