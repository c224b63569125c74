"""`MarketData` from aligned levels: prices, returns, cash, and series derived from them."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import TOLERANCE, infer_periods_per_year, spacing_of
from backtest.data.preparation import Preparation
from backtest.data.prepare.bars import opens_and_volumes
from backtest.data.prepare.consumer_prices import consumer_prices
from backtest.data.prepare.leveraged_fund import check_daily, history
from backtest.data.prepare.provenance import origins_of, spot_assets
from backtest.data.prepare.quotes import quotes_of
from backtest.data.prepare.rates.cash_returns import cash_returns, simple_returns
from backtest.data.quality.finding import Finding
from backtest.data.quality.lagging import find_lagging
from backtest.data.series_origin import Origin
from backtest.numerics.arrays import Floats

Market = TypeVar("Market")

_NOTES = (
    "excluded", "files", "series", "shifted dates", "conversions", "frequency", "bars", "funds", "consumer prices",
    "levels", "splices", "alignment", "start", "end",
)  # fmt: skip
"""Topics of notes, in the order of a report."""


def build(data: Preparation, make: Callable[..., Market]) -> Market:
    """Return the market data of a run from its aligned levels.

    Args:
        data: preparation with one table of aligned levels.
        make: constructor of the market data.

    Raises:
        DataError: the frequency is not supported; a leveraged fund is on data that is not daily, or loses everything;
            opens, volumes or consumer prices do not fit the dates of the run.
    """
    (table,) = data.tables
    dates = pd.DatetimeIndex(table.values.index, name="date")
    periods_per_year, frequency_notes = _frequency(data, dates)
    check_daily(data.series.funds, dates)
    cash = cash_returns(data, data.settings.cash, data.series.cash)
    prices, returns = _prices_and_returns(data, cash, dates)
    loan_rate = data.settings.loan_rate
    loan = None if loan_rate is None else cash_returns(data, loan_rate, data.series.loan)
    index, index_notes = consumer_prices(data, dates)
    opens, volumes, bars_notes = opens_and_volumes(data, prices)
    spot = spot_assets(data)
    origins = origins_of(data, prices, spot)
    notes = {
        **data.notes,
        "frequency": frequency_notes,
        "bars": bars_notes,
        "funds": tuple(f"{name}: {fund.meaning}" for name, fund in data.series.funds.items()),
        "consumer prices": index_notes,
    }
    return make(
        prices=prices,
        returns=returns,
        cash_returns=pd.Series(cash, index=dates, name="cash"),
        classes=data.classes,
        periods_per_year=periods_per_year,
        notes=tuple(note for topic in _NOTES for note in notes.get(topic, ())),
        warnings=tuple(str(finding) for finding in (*data.findings, *_lagging(data, origins))),
        origins=origins,
        loan_returns=None if loan is None else pd.Series(loan, index=dates, name="loan_rate"),
        consumer_prices=index,
        opens=opens,
        volumes=volumes,
        spot=spot,
        quotes=quotes_of(data),
        settings=data.settings,
    )


def _frequency(data: Preparation, dates: pd.DatetimeIndex) -> tuple[int, tuple[str, ...]]:
    """Return the periods per year of the dates of a run, and a note if the settings contradict the dates."""
    spacing, given = spacing_of(dates), data.settings.periods_per_year
    caveats = data.notes["shifted dates"]  # why the dates that all series share may be unclear
    label = data.tables[0].label
    number = given or spacing.periods_per_year or infer_periods_per_year(dates, label, caveats)
    counted = spacing.rows_per_year if given is None else spacing.periods_per_year or spacing.rows_per_year
    if 1 / TOLERANCE <= number / counted <= TOLERANCE:
        return number, ()
    rule = "volatility, Sharpe ratio, windows in years and the default execution lag use"
    if given is not None:
        note = f"data.periods_per_year is {given}, while the dates have about {counted:.3g} a year: {rule} the setting"
    else:
        note = f"the dates have about {counted:.3g} rows a year, as sessions are missing: {rule} {number} a year"
    return number, (note,)


def _prices_and_returns(data: Preparation, cash: Floats, dates: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (T, n) prices and returns of the assets; leveraged funds are computed from the series they follow."""
    (table,), assets, funds = data.tables, list(data.series.names), data.series.funds
    names = [spec.name for spec in data.series.priced]
    prices = np.ascontiguousarray(table.values[names].to_numpy(dtype=float))
    returns = simple_returns(prices)
    if funds:
        columns = {name: (prices[:, i], returns[:, i]) for i, name in enumerate(names)}
        for name, fund in funds.items():
            columns[name] = history(name, fund, columns[fund.of], cash, dates)
        levels, changes = zip(*(columns[name] for name in assets), strict=True)
        prices = np.ascontiguousarray(np.column_stack(levels))
        returns = np.ascontiguousarray(np.column_stack(changes))
    return _frozen(prices, dates, assets), _frozen(returns, dates, assets)


def _frozen(block: Floats, dates: pd.DatetimeIndex, assets: list[str]) -> pd.DataFrame:
    """Return a frame around a contiguous block, read-only so that rows can be sliced without a copy."""
    block.flags.writeable = False
    return pd.DataFrame(block, index=dates, columns=assets, copy=False)


def _lagging(data: Preparation, origins: tuple[Origin, ...]) -> list[Finding]:
    """Return findings about series that end early; only series that every date needs are checked, not proxies."""
    names = {spec.name for spec in (*data.series.priced, *data.series.needed)}
    last = {origin.name: date.fromisoformat(origin.last) for origin in origins if origin.name in names}
    end = data.settings.end
    last = {name: day if end is None else min(day, end) for name, day in last.items()}
    return find_lagging(last, data.periods_per_year)
