"""`Periods`: the market as the engine walks it, made once for all runs over it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.data.market_data import MarketData
from backtest.numerics.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Periods:
    """The market as arrays over all T dates of the data.

    Args:
        prices: (T, n) total-return levels at the close; NaN where there is no price, before the first or after the
            last one of an asset.
        cash_returns: (T,) decimal per period.
        days: (T,) calendar days in each period.
        loan_returns: (T,) what loans pay before their spread, decimal per period; by default the cash return.
        opens: whether rows are in turn the open of a date and its close.
        missing: (T, n) where an open is unknown although its date has a close; without rows: nowhere.
        label: tells of a row and an asset what a user knows them by.
    """

    prices: Floats
    cash_returns: Floats
    days: Ints
    loan_returns: Floats | None = None
    opens: bool = False
    missing: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    label: Callable[[int, int], str] = "asset {1} at row {0}".format

    @classmethod
    def of(cls, data: MarketData) -> "Periods":
        """Those of a market."""
        loans = None if data.loan_returns is None else data.loan_returns.to_numpy()

        def label(row: int, i: int) -> str:
            return f"{data.assets[i]} on {data.dates[row]:%Y-%m-%d}"

        return cls(data.prices.to_numpy(), data.cash_returns.to_numpy(), data.days, loans, label=label)

    @property
    def shape(self) -> tuple[int, int]:
        """T and n."""
        rows, count = self.prices.shape
        return rows, count

    @cached_property
    def priced(self) -> Bools:
        """(T, n) whether an asset has a price; without rows where all have."""
        there = ~np.isnan(self.prices)
        return read_only(there[:0] if there.all() else there)

    @cached_property
    def carried(self) -> Floats:
        """(T, n) prices, the last one carried on where there is none, and 1 before the first: nothing is earned."""
        prices = np.ascontiguousarray(self.prices)
        if self.priced.size == 0:
            return read_only(prices)
        rows = np.maximum.accumulate(np.where(self.priced, np.arange(len(prices))[:, None], 0), axis=0)
        return read_only(np.nan_to_num(np.take_along_axis(prices, rows, axis=0), nan=1.0))

    @cached_property
    def series(self) -> Floats:
        """(4, T) cash returns, twice, and years in each period by days over 360 and over 365."""
        return read_only(np.stack([self.cash_returns, self.cash_returns, self.interest_years, self.fee_years]))

    @cached_property
    def interest_years(self) -> Floats:
        """(T,) years in each period by days over 360."""
        return read_only(self.days / 360)

    @cached_property
    def fee_years(self) -> Floats:
        """(T,) years in each period by days over 365."""
        return read_only(self.days / 365)

    @cached_property
    def losing_a_price(self) -> Bools:
        """(T,) whether a date lacks a price that the one before has; without elements where all prices are there."""
        if self.priced.size == 0:
            return np.zeros(0, dtype=bool)
        return np.append(False, (self.priced[:-1] & ~self.priced[1:]).any(axis=1))

    def has_price(self, rows: Ints) -> Bools:
        """(k, n) whether an asset has a price on these rows."""
        if self.priced.size == 0:
            return np.ones((len(rows), self.prices.shape[1]), dtype=bool)
        return np.asarray(self.priced[rows])


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same, contiguous and not to be written to: of one type for the compiler, wherever they come from."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
