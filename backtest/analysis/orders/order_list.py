"""`orders`: what to trade now, from the holdings of an account to the latest targets of a run.

Definitions: docs/conventions/orders.md
"""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.order_terms import OrderTerms
from backtest.analysis.orders.holdings_file import CASH, Holdings, read_holdings
from backtest.analysis.orders.lots import Account, rounded_quantities
from backtest.analysis.run_record import RunRecord
from backtest.errors import BacktestError, DataError
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import ROUNDING

_AS_RUN = "the account is taken to hold what the run holds; holdings (--holdings) replace that"
_NEAR = 0.8  # similarity of a symbol to the name of an asset from which on it counts as misspelled


@dataclass(frozen=True, eq=False)
class OrderList:
    """Orders of an account, and what it holds after them. Amounts are in the currency of the run.

    Args:
        date: date of the prices and of the targets.
        currency: currency of all amounts.
        nav: value of the account before the orders.
        table: a row for each asset of the run, each other holding, and last `cash`: `held` and `after`, values before
            and after the orders; `quantity` and `unit`, the order in `shares`, `contracts` or, for an asset without a
            price, `money`; `price` of a quantity of 1, NaN for money; `value` of the order, for cash the change of
            cash; `cost` of the order; `weight`, `target` and `drift`, fractions of the NAV after the orders: the
            weights that result, the targets, and their difference. Funds are counted at their exposure in the last
            three. Sales are below zero.
        notes: notes for the reader.
    """

    date: pd.Timestamp
    currency: str
    nav: float
    table: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def cost(self) -> float:
        """Cost of all orders."""
        return float(self.table["cost"].sum())

    def by_date(self) -> pd.DataFrame:
        """Return the table with the date in each row, as the files of a report have it."""
        dates = pd.DatetimeIndex([self.date] * len(self.table), name="date")
        return self.table.reset_index().set_axis(dates, axis=0)

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return {
            "date": f"{self.date:%Y-%m-%d}",
            "currency": self.currency,
            "nav": self.nav,
            "cost": self.cost,
            "nav_after": self.nav_after,
            "orders": self.table.reset_index().to_dict("records"),
            "notes": list(self.notes),
        }

    @property
    def nav_after(self) -> float:
        """Value of the account after the orders, which is lower by their cost."""
        return self.nav - self.cost


def orders(
    result: RunRecord, *, nav: float | None = None, holdings: str | Path | pd.DataFrame | None = None
) -> OrderList:
    """Return the orders that lead from the holdings of an account to the latest targets of a run.

    Orders are in whole lots of shares or contracts where the price is known, and in money elsewhere. They are rounded
    to the targets as far as the money allows: rounding never needs a loan that the targets do not.

    Args:
        result: result of a run.
        nav: value of the account in the currency of the run. Default: the sum of the holdings and their cash, or,
            without holdings, the NAV of the run with `initial_capital`.
        holdings: a CSV file or a frame with the columns symbol, quantity and value; see `read_holdings`. Default: the
            account holds what the run holds.

    Raises:
        DataError: the holdings cannot be read, valued or assigned.
        BacktestError: the value of the account is not known or not positive, or orders cost more than that.

    Example:
        >>> import backtest as bt
        >>> account = pd.DataFrame({"symbol": ["us_stocks", "cash"], "value": [30_000, 70_000]})
        >>> listed = bt.orders(bt.run("configs/erc.yaml"), holdings=account)
        >>> listed.table["value"].round().astype(int).to_dict()
        {'us_stocks': -9993, 'us_treasury_10y': 63589, 'gold': 8608, 'crude_oil': 7706, 'cash': -70000}
    """
    terms = result.order_terms
    if terms is None:
        raise BacktestError(f"{result.name}: no prices and costs of its last date; expected the result of bt.run")
    if result.nav.iloc[-1] <= 0:
        raise BacktestError(f"{result.name}: the run lost all of its capital, so that it has no targets")
    if holdings is None:
        value = _checked(nav if nav is not None else _nav_of_run(result))
        held = result.weights.iloc[-1].to_numpy() / terms.leverage * value
        account = _account(terms, value, held, terms.units)
        return replace(_orders_of(account, result, terms, []), notes=(_AS_RUN,))
    read = read_holdings(holdings)
    at = _positions(read, result)
    held, units = _valued(read, at, result, terms)
    account = _account(terms, _nav_of(read, nav, held, futures=terms.futures), held, units)
    others = [symbol for symbol, position in zip(read.symbols, at, strict=True) if position is None]
    return _orders_of(account, result, terms, others)


def orders_of_run(result: RunRecord) -> OrderList | None:
    """Return the orders of an account that holds what the run holds.

    None if it has no orders: without `initial_capital`, after a ruin, or if its NAV does not pay for them.
    """
    try:
        return orders(result)
    except BacktestError:
        return None


def _nav_of_run(result: RunRecord) -> float:
    capital = result.settings.get("initial_capital")
    if capital is None:
        raise BacktestError(
            f"{result.name}: the value of the account is not known; expected nav (--nav), holdings with a row "
            f"{CASH} (--holdings), or initial_capital in the configuration"
        )
    return float(capital * result.nav.iloc[-1])


def _nav_of(read: Holdings, nav: float | None, held: Floats, *, futures: bool) -> float:
    """Return the NAV of an account: as given, or its cash and the value of its holdings unless they are futures."""
    if (nav is None) == (read.cash is None):
        got = "no" if nav is None else "nav and a"
        raise DataError(f"{read.label}: {got} row {CASH}; expected the value of the account (nav) or its {CASH}")
    return _checked(nav if nav is not None else (read.cash or 0.0) + (0.0 if futures else float(held.sum())))


def _checked(nav: float) -> float:
    if not (isinstance(nav, int | float | np.number) and np.isfinite(nav) and nav > 0):
        raise BacktestError(f"nav: got {nav!r}; expected an amount of money above zero, such as 1000000")
    return float(nav)


def _positions(read: Holdings, result: RunRecord) -> list[int | None]:
    """Return the position of each holding among the assets, by name or by the symbol at their source."""
    assets = result.assets
    known = {origin.symbol: assets.index(origin.name) for origin in result.origins if origin.name in assets}
    known |= {name: position for position, name in enumerate(assets)}
    at = [known.get(symbol) for symbol in read.symbols]
    for row, (symbol, position, place) in enumerate(zip(read.symbols, at, read.places, strict=True)):
        if position is not None and position in at[:row]:
            raise DataError(f"{place}: {symbol} is {assets[position]}, which has a row already; expected one row")
        free = {name.lower(): name for name, other in known.items() if other not in at}
        close = get_close_matches(symbol.lower(), free, 1, _NEAR) if position is None else []
        if close:
            raise DataError(
                f"{place}: {symbol} is not an asset of the run. Did you mean {free[close[0]]}? "
                "Hint: leave out a holding that is not to be sold."
            )
    return at


def _valued(read: Holdings, at: list[int | None], result: RunRecord, terms: OrderTerms) -> tuple[Floats, Floats]:
    """Return the value of assets and other holdings, and of a share or contract of each; NaN if it is not known."""
    others = iter(range(len(terms.units), len(terms.units) + at.count(None)))
    units = np.append(terms.units, np.full(at.count(None), np.nan))
    held = np.zeros(len(units))
    for row, position in enumerate(at):
        i = next(others) if position is None else position
        quantity, value = read.quantities[row], read.values[row]
        if quantity != 0 and not np.isnan(quantity * value):
            units[i] = value / quantity  # the account's own price
        if np.isnan(value) and np.isnan(units[i]) and quantity != 0:
            what = "an asset of the run" if position is None else f"priced on {result.nav.index[-1]:%Y-%m-%d}"
            hint = "" if position is None else " Hint: data.assets with a lot takes prices from levels."
            raise DataError(f"{read.places[row]}: {read.symbols[row]} is not {what}; expected its value too.{hint}")
        held[i] = value if not np.isnan(value) else 0.0 if quantity == 0 else quantity * units[i]
    return held, units


def _account(terms: OrderTerms, nav: float, held: Floats, units: Floats) -> Account:
    """Return an account of the assets and of other holdings, which cost as much as the dearest asset."""
    others, in_money = len(held) - len(terms.units), np.isnan(units)
    unit = np.where(in_money, 1.0, units)
    margin = terms.initial_margin
    return Account(
        nav,
        held / unit,
        unit,
        np.where(in_money, 0.0, np.append(terms.lots, np.ones(others))),
        np.append(terms.cost, np.full(others, terms.cost.max())),
        np.append(terms.impact, np.zeros(others)),
        terms.fixed,
        None if margin is None else np.append(margin, np.zeros(others)),
        borrows=not terms.futures,
    )


def _orders_of(account: Account, result: RunRecord, terms: OrderTerms, others: list[str]) -> OrderList:
    """Return the orders of an account that has the assets of a run and other holdings."""
    targets = (result.weights.iloc[-1] + result.latest_trades).to_numpy() / terms.leverage
    targets = np.append(targets, np.zeros(len(others)))
    try:
        quantities = rounded_quantities(account, targets)
    except ValueError as problem:
        raise BacktestError(f"{problem}, {account.nav:,.2f} {terms.currency}; expected a larger one") from None
    in_money = account.lot == 0
    table = pd.DataFrame(
        {
            "held": account.held * account.unit,
            "quantity": quantities - account.held,
            "unit": np.where(in_money, "money", "contracts" if terms.futures else "shares"),
            "price": np.where(in_money, np.nan, account.unit),
            "value": (quantities - account.held) * account.unit,
            "cost": account.costs((quantities - account.held) * account.unit),
            "after": quantities * account.unit,
        },
        index=pd.Index([*result.assets, *others], name="asset"),
    )
    paid = 0.0 if terms.futures else 1.0
    table = pd.concat([table, _row_of_cash(account.nav, table, paid)])
    weights = table["after"] / (account.nav - table["cost"].sum())
    weights.iloc[:-1] *= terms.leverage
    table["weight"] = weights
    table["target"] = [*(terms.leverage * targets), 1.0 - paid * targets.sum()]
    table["drift"] = table["weight"] - table["target"]
    notes = tuple(f"{name} is not an asset of the run: all of it is sold" for name in others)
    return OrderList(result.nav.index[-1], terms.currency, account.nav, table, notes)


def _row_of_cash(nav: float, table: pd.DataFrame, paid: float) -> pd.DataFrame:
    """Return the row of cash below a table of orders, whose holdings are paid for or are futures, which are not."""
    before, change = nav - paid * table["held"].sum(), -paid * table["value"].sum() - table["cost"].sum()
    before, after = (0.0 if abs(cash) < ROUNDING * nav else cash for cash in (before, before + change))
    row = {"held": before, "quantity": change, "unit": "money", "price": np.nan, "value": change, "cost": 0.0}
    return pd.DataFrame({**row, "after": after}, index=pd.Index([CASH], name="asset"))
