"""`Periods`: market data as the engine's arrays, built once for all runs over the same data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.data.market_data import MarketData
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.day_counts import FEE_YEAR, INTEREST_YEAR


@dataclass(frozen=True, eq=False)
class Periods:
    """Market data as arrays over all T dates.

    Args:
        prices: (T, n) total-return levels at the close; NaN before the first and after the last price of an asset.
        cash_returns: (T,) decimal per period.
        days: (T,) calendar days in each period.
        loan_returns: (T,) loan rate before its spread, decimal per period; default: the cash return.
        opens: whether rows alternate between the open and the close of a date.
        missing: (T, n) whether an open is unknown although the date has a close; no rows: no open is unknown.
        label: function that names an asset and a date for messages, given the row and the asset's position.

    Example:
        >>> Periods(np.array([[1.0], [1.1]]), np.zeros(2), np.array([0, 31])).shape
        (2, 1)
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
        """Return the periods of a market."""
        loans = None if data.loan_returns is None else data.loan_returns.to_numpy()

        def label(row: int, i: int) -> str:
            return f"{data.assets[i]} on {data.dates[row]:%Y-%m-%d}"

        return cls(data.prices.to_numpy(), data.cash_returns.to_numpy(), data.days, loans, label=label)

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of rows and of assets."""
        rows, count = self.prices.shape
        return rows, count

    @cached_property
    def priced(self) -> Bools:
        """Return whether an asset has a price, (T, n); no rows if all assets always have a price."""
        priced = ~np.isnan(self.prices)
        return read_only(priced[:0] if priced.all() else priced)

    @cached_property
    def carried(self) -> Floats:
        """Return (T, n) prices; a missing price repeats the last known price, and is 1 before the first."""
        prices = np.ascontiguousarray(self.prices)
        if self.priced.size == 0:
            return read_only(prices)
        rows = np.maximum.accumulate(np.where(self.priced, np.arange(len(prices))[:, None], 0), axis=0)
        return read_only(np.nan_to_num(np.take_along_axis(prices, rows, axis=0), nan=1.0))

    @cached_property
    def series(self) -> Floats:
        """Return (4, T) cash returns, twice, and years in each period, as days / 360 and as days / 365."""
        return read_only(np.stack([self.cash_returns, self.cash_returns, self.interest_years, self.fee_years]))

    @cached_property
    def interest_years(self) -> Floats:
        """Return (T,) years in each period, as days / 360."""
        return read_only(self.days / INTEREST_YEAR)

    @cached_property
    def fee_years(self) -> Floats:
        """Return (T,) years in each period, as days / 365."""
        return read_only(self.days / FEE_YEAR)

    @cached_property
    def losing_a_price(self) -> Bools:
        """Return whether an asset has lost its price since the previous date, (T,); empty if no price is missing."""
        if self.priced.size == 0:
            return np.zeros(0, dtype=bool)
        return np.append(False, (self.priced[:-1] & ~self.priced[1:]).any(axis=1))

    def has_price(self, rows: Ints) -> Bools:
        """Return whether an asset has a price on these rows, (k, n)."""
        if self.priced.size == 0:
            return np.ones((len(rows), self.prices.shape[1]), dtype=bool)
        return np.asarray(self.priced[rows])


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous read-only view, so that all inputs of the kernels have the same type."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
