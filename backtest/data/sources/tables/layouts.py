"""Layouts of tables: a column for each series, a row for each date and symbol, or columns by symbol and field."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.data.sources.tables.cells import Cells
from backtest.data.sources.tables.text_table import SYMBOLS
from backtest.errors import DataError

_CLOSES = ("price", "close/last", "last", "px_last", "schlusskurs", "schluss")
"""Closes at investing.com, Nasdaq, Bloomberg and German banks, next to opens or highs."""
_REVERSED = slice(None, None, -1)
_OTHERS = ("open", "high", "low", "erster", "hoch", "tief")


@dataclass(frozen=True, eq=False)
class Layout:
    """Series of a table.

    Args:
        cells: the whole table.
        name: layout in words.
        symbols: names of the series.
        part: function that returns the columns of a series.
        has_symbols: whether the table names its symbols, so that each may have several columns.
    """

    cells: Cells
    name: str
    symbols: Sequence[str]
    part: Callable[[str], Cells]
    has_symbols: bool = True

    @property
    def is_newest_first(self) -> bool:
        """Return whether the rows of the file are in the reverse order."""
        part = self.part(self.symbols[0])
        return any(cells.rows == _REVERSED for cells in (self.cells, part) if isinstance(cells.rows, slice))


def layout_of(cells: Cells) -> Layout:
    """Return the layout of a table, and its series with their rows from old to new.

    Raises:
        DataError: a cell is not a date.
    """
    cells = oldest_first(cells)
    if isinstance(cells.values.columns, pd.MultiIndex):
        return _two_levels(cells)
    column = symbol_column(list(cells.values.columns))
    if column is not None and _has_symbols(cells, column):
        return _long(cells, column)
    names = [str(name) for name in cells.values.columns]

    def part(name: str) -> Cells:
        return cells.part(cells.values[[name]])

    return Layout(cells, "a column for each series", names, part, has_symbols=False)


def symbol_column(names: Sequence[str]) -> str | None:
    """Return the column of symbols of a long table, by its name.

    >>> symbol_column(["Ticker", "Close"])
    'Ticker'
    """
    return next((name for name in names if name.strip().lower() in SYMBOLS), None)


def is_one_symbol(names: Sequence[str]) -> bool:
    """Return whether columns are the open, close and others of one symbol, by their names."""
    known = {name.strip().lower() for name in names}
    return bool(known & {"close", "adj close", *_CLOSES}) and bool(known & {"volume", *_OTHERS})


def with_close(cells: Cells) -> Cells:
    """Return the columns of a symbol; the close is called `Close`, whatever the vendor calls it."""
    names = [str(name) for name in cells.values.columns]
    known = {name.strip().lower(): name for name in names}
    other = next((known[name] for name in _CLOSES if name in known), None)
    if other is None or "close" in known or not set(_OTHERS) & set(known):
        return cells
    return cells.part(cells.values.rename(columns={other: "Close"}))


def oldest_first(cells: Cells) -> Cells:
    """Return a table whose dates strictly fall in the reverse order; other tables as they are."""
    dates = cells.date_column.dates
    falls = len(dates) > 1 and bool((np.diff(dates.asi8) < 0).all())
    return cells.part(rows=_REVERSED) if falls else cells


def _has_symbols(cells: Cells, column: str) -> bool:
    """Return whether a column has symbols, and not prices of a series of that name."""
    texts = pd.Series(cells.values[column].dropna().unique()).astype(str)
    is_number = pd.to_numeric(texts, errors="coerce").notna()
    return not is_number.all() or bool(cells.date_column.dates.has_duplicates)


def _long(cells: Cells, column: str) -> Layout:
    symbols = cells.values[column].astype(str).str.strip()
    if cells.values[column].isna().any():
        row = int(np.flatnonzero(cells.values[column].isna().to_numpy())[0])
        raise DataError(f"{cells.places[row]}: no {column}; expected the symbol of each row")
    others = cells.values.drop(columns=column)

    def part(symbol: str) -> Cells:
        return oldest_first(cells.part(others, (symbols == symbol).to_numpy()))

    return Layout(cells, f"a row for each date and {column}", symbols.unique().tolist(), part)


def _two_levels(cells: Cells) -> Layout:
    """Return the layout of columns with a symbol and a field."""
    symbols = [str(symbol) for symbol in dict.fromkeys(cells.values.columns.get_level_values(0))]

    def part(symbol: str) -> Cells:
        own = cells.values.loc[:, cells.values.columns.get_level_values(0) == symbol]
        return cells.part(own.set_axis(own.columns.get_level_values(1), axis=1))

    return Layout(cells, "a column for each symbol and field", symbols, part)
