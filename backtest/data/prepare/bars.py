"""What the market tells beside closes: opens on the scale of the prices, and the value traded."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from backtest.data.dates.months_and_years import to_month_ends
from backtest.data.dates.spacing import spacing_of
from backtest.data.prepare.currencies import units_of
from backtest.data.quality import limits
from backtest.data.quotes import Quotes
from backtest.data.table import Table
from backtest.errors import DataError

MOST_MISSING = 2.5  # times the run's usual step: half of the values may be missing, and quarters are not months


def open_ratio(opens: Quotes, prices: Quotes) -> pd.Series:
    """Opens as fractions of the price at the close of the same date; NaN where one of the two is missing.

    Args:
        opens: bars of the asset, whose own closes are taken; or levels on the scale of its prices, each above 0. An
            open of 0 in a bar is a missing one, as Yahoo has them.
        prices: the asset itself, as its source has it.

    Raises:
        DataError: opens of a file that are none, or beside returns.
    """
    if opens.kind == "bars":
        close, opened = opens.values["close"], opens.values["open"]
        return opened.where(opened > 0) / close
    if prices.kind == "returns":
        raise DataError(
            f"{opens.label}: opens beside returns ({prices.label}); expected prices, whose scale they share"
        )
    table = Table(opens.values, opens.label, places=opens.places)
    limits.check_rows(table)
    limits.check_values(table)
    close = prices.values.iloc[:, 0]
    return opens.values.iloc[:, 0].reindex(close.index) / close


def value_traded(volumes: Quotes) -> pd.Series:
    """The value traded by date in the currency of the asset: of bars the shares at the close; 0 where nothing was.

    Raises:
        DataError: a value below 0 in a file.
    """
    if volumes.kind == "bars":
        return volumes.values["volume"] * volumes.values["close"] * units_of(volumes)
    table = Table(volumes.values, volumes.label, places=volumes.places)
    limits.check_rows(table)
    value = volumes.values.iloc[:, 0]
    wrong = np.flatnonzero(value.to_numpy() < 0)
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{table.where(row)}: a traded value of {value.iloc[row]:g} on {value.index[row]:%Y-%m-%d}; expected 0 or "
            "more. Hint: the value traded in currency, not its change."
        )
    return value


def on_dates(columns: Mapping[str, pd.Series], dates: pd.DatetimeIndex, what: str) -> pd.DataFrame:
    """(T, n) values on the dates of a run, months dated at their end; NaN where there is none, nothing carried.

    Args:
        columns: by asset.
        dates: (T,) of the run.
        what: is put there, for messages.

    Raises:
        DataError: the values come at another frequency than the run's.
    """
    expected = spacing_of(dates)
    placed = {}
    for name, values in columns.items():
        there = values.dropna()
        own = pd.DatetimeIndex(there.index)
        spacing = spacing_of(own) if len(own) > 1 else expected
        with_gaps = 0.5 < spacing.usual / expected.usual <= MOST_MISSING
        if not (spacing.same_frequency(expected) or with_gaps):
            theirs, ours = (one.rounded for one in (spacing, expected))
            raise DataError(
                f"data.{what}: {name} has {theirs} a year, and the run {ours} dates; expected the same. "
                f"Hint: remove data.frequency, where it is set, or data.{what}."
            )
        monthly = expected.periods_per_year == 12
        placed[name] = (there.set_axis(to_month_ends(own, name), axis=0) if monthly else there).reindex(dates)
    return pd.DataFrame(placed, index=dates)


def exchange(quotes: Quotes, dates: pd.DatetimeIndex) -> pd.Series:
    """The rate of exchange in force on each date: its latest one.

    Raises:
        DataError: changes of a rate, from which its level is not known.
    """
    if quotes.kind == "returns":
        raise DataError(
            f"{quotes.label}: returns; expected the level of the rate of exchange, to convert volumes by it"
        )
    return quotes.values.iloc[:, 0].dropna().reindex(dates, method="ffill")


def lacking(table: pd.DataFrame, prices: pd.DataFrame, what: str) -> Iterable[str]:
    """A note for each asset without a value on dates on which it has a price."""
    missing = table.isna() & prices.notna()
    for name, count in missing.sum().items():
        if count:
            yield f"{name}: no {what} on {count:,} of {len(prices):,} dates"
