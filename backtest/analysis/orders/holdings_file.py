"""Holdings of an account, from a CSV file or a frame: a symbol with its quantity, its value, or both in each row.

Definitions: docs/conventions/orders.md#holdings
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from backtest.data.sources.tables.cells import Cells, Places
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.regular_file import clear_errors, open_regular
from backtest.data.sources.tables.text_table import text_cells
from backtest.errors import DataError
from backtest.numerics.arrays import Floats

CASH = "cash"
_COLUMNS = "columns symbol, quantity and value, of which one of the last two may be missing"


@dataclass(frozen=True, eq=False)
class Holdings:
    """Holdings of an account, without its cash.

    Args:
        label: name of the file.
        symbols: symbol of each holding.
        places: place of each holding in the file, for messages.
        quantities: (k,) shares or contracts, below zero for shorts; NaN if not given.
        values: (k,) in the currency of the run, below zero for shorts; NaN if not given.
        cash: cash of the account, below zero for a loan; None if not given.
    """

    label: str
    symbols: tuple[str, ...]
    places: tuple[str, ...]
    quantities: Floats
    values: Floats
    cash: float | None


def read_holdings(given: str | Path | pd.DataFrame) -> Holdings:
    """Return the holdings of an account; the row `cash` is its cash.

    Args:
        given: path of a CSV file whose first column has the symbols, or a frame with a column or an index of symbols.

    Raises:
        DataError: it cannot be read, or a row has no symbol or no number, or a symbol comes twice.

    Example:
        >>> held = read_holdings(pd.DataFrame({"symbol": ["SPY", "cash"], "quantity": [10, 500.0]}))
        >>> held.symbols, held.quantities.tolist(), held.cash
        (('SPY',), [10.0], 500.0)
    """
    label, table = _cells_of_frame(given) if isinstance(given, pd.DataFrame) else _cells_of_file(given)
    columns = {str(name).strip().lower(): name for name in table.values.columns}
    if not {"quantity", "value"} & set(columns):
        raise DataError(f"{label}: columns {', '.join(map(str, table.values.columns))}; expected {_COLUMNS}")
    blank = np.full(len(table.dates), np.nan)
    numbers = {name: table.numbers(columns[name]) if name in columns else blank for name in ("quantity", "value")}
    symbols = ["" if pd.isna(symbol) else str(symbol).strip() for symbol in table.dates]
    _check_rows(symbols, numbers["quantity"], numbers["value"], table.places)
    in_cash = np.array([symbol.lower() == CASH for symbol in symbols], dtype=bool)
    held = np.flatnonzero(~in_cash).tolist()
    amounts = np.where(np.isnan(numbers["value"]), numbers["quantity"], numbers["value"])[in_cash]
    return Holdings(
        label,
        tuple(symbols[row] for row in held),
        tuple(table.places[row] for row in held),
        numbers["quantity"][held],
        numbers["value"][held],
        float(amounts[0]) if amounts.size else None,
    )


def _cells_of_file(given: str | Path) -> tuple[str, Cells]:
    path = Path(given)
    if not os.path.isfile(path):  # noqa: PTH113 - Path raises if it is too long
        raise DataError(f"{given}: no such file; expected a CSV file of holdings with {_COLUMNS}")
    with clear_errors(path.name):
        return path.name, text_cells(partial(open_regular, path, path.name), path.name, Dialect())


def _cells_of_frame(frame: pd.DataFrame) -> tuple[str, Cells]:
    label = "holdings"
    frame = frame.rename(columns=str)
    named = next((name for name in frame.columns if name.strip().lower() == "symbol"), None)
    if named is None and isinstance(frame.index, pd.RangeIndex):
        raise DataError(f"{label}: columns {', '.join(frame.columns)}; expected {_COLUMNS}")
    symbols = frame.index.to_series() if named is None else frame[named]
    return label, Cells(symbols, frame, Places(f"{label}, row ", range(1, len(frame) + 1)), label)


def _check_rows(symbols: list[str], quantities: Floats, values: Floats, places: Sequence[str]) -> None:
    """Raise `DataError` for the first row that does not say what is held."""
    twice = Counter(symbol.lower() if symbol.lower() == CASH else symbol for symbol in symbols)
    for symbol, quantity, value, place in zip(symbols, quantities.tolist(), values.tolist(), places, strict=True):
        if not symbol:
            raise DataError(f"{place}: no symbol; expected the name of an asset, or {CASH}")
        if twice[symbol.lower() if symbol.lower() == CASH else symbol] > 1:
            raise DataError(f"{place}: {symbol} appears twice; expected one row for each holding")
        if np.isinf(quantity) or np.isinf(value):
            raise DataError(f"{place}: {symbol} has an infinite number; expected its quantity or its value")
        if np.isnan(quantity) and np.isnan(value):
            raise DataError(f"{place}: {symbol} has neither a quantity nor a value; expected one of them, or both")
        both = not (np.isnan(quantity) or np.isnan(value))
        if both and symbol.lower() == CASH and quantity != value:
            raise DataError(f"{place}: {symbol} has quantity {quantity:g} and value {value:g}; expected one amount")
        if both and symbol.lower() != CASH and (quantity * value < 0 or (quantity == 0) != (value == 0)):
            raise DataError(
                f"{place}: {symbol} has quantity {quantity:g} and value {value:g}; expected the same sign, below zero "
                "for a short"
            )
