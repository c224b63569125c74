"""Market data that goes on after the end of the history, with periods that are drawn from it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from backtest.data.dates.frequencies import DAYS, MONTHS
from backtest.data.market_data import MarketData
from backtest.errors import DataError
from backtest.numerics.arrays import Floats, Ints

MONTHLY = 12
_WEEKS = {365: "1111111", 300: "1111110", 252: "1111100"}
"""Days of the week with a price, from Monday on, by periods per year."""

MOST_PATHS = 128  # histories in one market; more would hardly be faster


class DrawnMarket:
    """History of a market, the last part of which is followed by drawn periods.

    All series are drawn together, so that assets, cash and loans keep their relations within a period.

    Args:
        data: market data in which every asset has a price on every date.
        warm: number of dates of the history before the drawn periods, 1 or more: what the first decision looks back on.
        count: number of drawn periods.

    Raises:
        DataError: an asset has no price on some date, or dates are neither days, nor whole weeks or months apart.
    """

    def __init__(self, data: MarketData, warm: int, count: int) -> None:
        if data.prices.isna().to_numpy().any():
            raise DataError(
                "monte carlo: an asset has no price on some date. Hint: data.ragged: false, or a later data.start"
            )
        self._data, self._warm = data, warm
        self.length = warm + count
        dates = data.dates[-warm:].append(_dates_after(data, count))
        self.dates = pd.DatetimeIndex(dates).as_unit("s")  # nanoseconds end in 2262
        self._years = -(-self.length // data.periods_per_year)
        columns = [data.returns.to_numpy(), data.cash_returns.to_numpy()[:, None]]
        if data.loan_returns is not None:
            columns.append(data.loan_returns.to_numpy()[:, None])
        self._values: Floats = np.hstack(columns)
        self._known: dict[int, pd.DatetimeIndex] = {}

    @property
    def most_paths(self) -> int:
        """Number of histories that may follow each other in one market; one unless periods are months."""
        return MOST_PATHS if self._data.periods_per_year == MONTHLY else 1

    def after(self, rows: Ints) -> MarketData:
        """Return the market of some draws, one after the other; dates of a next one follow after a gap.

        Args:
            rows: (k, count) drawn positions of returns in the data, 1 or more.
        """
        history = np.arange(len(self._data.dates) - self._warm, len(self._data.dates))
        chosen = np.concatenate([np.concatenate([history, drawn]) for drawn in rows])
        values, dates = self._values[chosen], self._dates_of(len(rows))
        n = len(self._data.assets)
        growth = np.nan_to_num(values[:, :n]).reshape(len(rows), self.length, n)
        growth[:, 0] = 0.0  # levels begin at 1 in each of the histories
        levels = (1 + growth).cumprod(axis=1).reshape(-1, n)
        loans = None if self._data.loan_returns is None else pd.Series(values[:, n + 1], dates)
        return replace(
            self._data,
            prices=pd.DataFrame(levels, dates, self._data.prices.columns),
            returns=pd.DataFrame(values[:, :n], dates, self._data.returns.columns),
            cash_returns=pd.Series(values[:, n], dates),
            loan_returns=loans,
            consumer_prices=None,
            opens=None,
            volumes=None,
        )

    def _dates_of(self, count: int) -> pd.DatetimeIndex:
        """Return the dates of several histories, one after the other."""
        if count not in self._known:
            shifted = (pd.DateOffset(years=k * self._years) for k in range(1, count))
            others = [pd.DatetimeIndex(self.dates + years) + pd.offsets.MonthEnd(0) for years in shifted]
            self._known[count] = pd.DatetimeIndex(np.concatenate([self.dates, *others]))
        return self._known[count]


def _dates_after(data: MarketData, count: int) -> pd.DatetimeIndex:
    """Return the dates of the periods that follow the last date of the data."""
    last, number = pd.Timestamp(data.dates[-1]), data.periods_per_year
    step: pd.offsets.BaseOffset
    if number in MONTHS:
        last, step = last + pd.offsets.MonthEnd(0), pd.offsets.MonthEnd(MONTHS[number])
    elif number in DAYS:
        step = pd.offsets.Day(DAYS[number])
    elif number in _WEEKS:
        step = pd.offsets.CustomBusinessDay(weekmask=_WEEKS[number])
    else:
        raise DataError(f"monte carlo: data with {number} periods a year; expected days, weeks or months")
    return pd.date_range(last + step, periods=count, freq=step)
