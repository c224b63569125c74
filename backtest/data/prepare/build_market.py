"""From an aligned table to `MarketData`: prices, returns, cash, and what is computed of them."""

from collections.abc import Mapping
from functools import partial
from typing import cast

import numpy as np
import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, days_between
from backtest.data.prepare.leveraged_fund import check_daily, history
from backtest.data.prepare.quoted_rates import rate_level
from backtest.data.quotes import Quotes
from backtest.data.series import Series, SeriesSettings
from backtest.data.table import Table
from backtest.numerics.arrays import Floats


def market_data(
    table: Table,
    settings: DataSettings,
    rates: Mapping[str, Quotes],
    periods_per_year: int,
    exchange: Mapping[str, str],
) -> MarketData:
    """Return the market of a run.

    Args:
        table: levels of the series that are not quoted rates, on the dates of the run, in its currency.
        settings: what they are for.
        rates: quoted rates by name.
        periods_per_year: of the dates.
        exchange: by series in another currency than the run's, the column of its rate of exchange.

    Raises:
        DataError: a leveraged fund on data that is not daily, or one that loses everything.
    """
    dates, assets = pd.DatetimeIndex(table.values.index, name="date"), list(settings.names)
    check_daily(settings.funds, dates)
    earned = partial(_earned, table=table, rates=rates, exchange=exchange)
    cash = earned(settings.cash, settings.series.cash())
    read = [series.name for series in settings.series.priced()]
    held = table.values[read]
    values = np.ascontiguousarray(held.to_numpy(dtype=float))
    prices, returns = values, _changes(values)
    if settings.funds:
        found = {name: (prices[:, i], returns[:, i]) for i, name in enumerate(read)}
        prices, returns = _with_funds(found, settings, cash, dates)
    loan = None if settings.loan_rate is None else earned(settings.loan_rate, settings.series.loan())
    return MarketData(
        prices=_frozen(prices, dates, assets),
        returns=_frozen(returns, dates, assets),
        cash_returns=pd.Series(cash, index=dates, name="cash"),
        classes={},
        periods_per_year=periods_per_year,
        loan_returns=None if loan is None else pd.Series(loan, index=dates, name="loan_rate"),
    )


def _with_funds(
    found: dict[str, tuple[Floats, Floats]], settings: DataSettings, cash: Floats, dates: pd.DatetimeIndex
) -> tuple[Floats, Floats]:
    """(T, n) prices and returns of the assets, leveraged funds computed from what was read."""
    for name, fund in settings.funds.items():
        found[name] = history(name, fund, found[fund.of], cash, dates)
    levels, changes = zip(*(found[name] for name in settings.names), strict=True)
    return np.ascontiguousarray(np.column_stack(levels)), np.ascontiguousarray(np.column_stack(changes))


def _changes(levels: Floats) -> Floats:
    """(T, ...) levels as simple returns, the first of them NaN."""
    returns = np.empty_like(levels)
    returns[0] = np.nan
    np.divide(levels[1:], levels[:-1], out=returns[1:])
    returns[1:] -= 1
    return returns


def _earned(
    given: str | float | SeriesSettings,
    series: Series | None,
    *,
    table: Table,
    rates: Mapping[str, Quotes],
    exchange: Mapping[str, str],
) -> Floats:
    """(T,) return on cash, or what a loan is charged: of a series, of a quoted rate, or of a rate a year."""
    dates = pd.DatetimeIndex(table.values.index)
    if series is None:
        cash: Floats = (1 + cast("float", given)) ** (days_between(dates) / 365.25) - 1
        cash[0] = np.nan
        return cash
    rate = rates.get(series.name)
    if rate is None or rate.rate is None:
        return _changes(table.values[series.name].to_numpy(dtype=float))
    quoted = rate.values["rate"].dropna()
    level = rate_level(pd.DatetimeIndex(quoted.index), quoted.to_numpy(), rate.rate, dates)
    if series.name in exchange:
        level = level * table.values[exchange[series.name]].to_numpy(dtype=float)
    return _changes(level)


def _frozen(block: Floats, dates: pd.DatetimeIndex, assets: list[str]) -> pd.DataFrame:
    """A frame around a contiguous block that is read-only from now on, so that its rows are cut without a copy."""
    block.flags.writeable = False
    return pd.DataFrame(block, index=dates, columns=assets, copy=False)
