"""Returns on cash and cost of loans on the dates of a run, from a series, a quoted rate or a constant rate."""

from typing import cast

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import days_between
from backtest.data.preparation import Preparation
from backtest.data.prepare.rates.quoted_rates import rate_level
from backtest.data.series_settings import SeriesSettings
from backtest.data.series_spec import SeriesSpec
from backtest.numerics.arrays import Floats


def cash_returns(data: Preparation, given: str | float | SeriesSettings, spec: SeriesSpec | None) -> Floats:
    """Return (T,) returns on cash or a loan on the dates of the table, decimal per period; the first is NaN.

    Args:
        data: preparation with one table of aligned levels.
        given: the setting.
        spec: series of the setting; None if it is a constant rate a year.
    """
    values = data.tables[0].values
    dates = pd.DatetimeIndex(values.index)
    if spec is None:
        cash: Floats = (1 + cast("float", given)) ** (days_between(dates) / 365.25) - 1
        cash[0] = np.nan
        return cash
    rate = data.rates.get(spec.name)
    if rate is None or rate.rate is None:
        return simple_returns(values[spec.name].to_numpy(dtype=float))
    quoted = rate.values["rate"].dropna()
    level = rate_level(pd.DatetimeIndex(quoted.index), quoted.to_numpy(), rate.rate, dates)
    if spec.name in data.conversions:
        level = level * values[data.conversions[spec.name]].to_numpy(dtype=float)
    return simple_returns(level)


def simple_returns(levels: Floats) -> Floats:
    """Return (T, ...) levels as simple returns, the first of them NaN."""
    returns = np.empty_like(levels)
    returns[0] = np.nan
    np.divide(levels[1:], levels[:-1], out=returns[1:])
    returns[1:] -= 1
    return returns
