"""`History`: the arrays that the views of a run are cut from."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from backtest.numerics.arrays import Floats


@dataclass(frozen=True, eq=False)
class History:
    """Arrays from which views are cut, with T dates and n assets. Only the run holds them, never a strategy.

    Args:
        dates: (T,) known in advance, like a calendar.
        assets: the n assets.
        prices: (T, n) total-return levels.
        returns: (T, n) decimal per period.
        cash_returns: (T,) decimal per period.
        classes: asset class by asset.
        periods_per_year: number of periods in a year.
        benchmark_assets: assets of the benchmark's target weights.
    """

    dates: pd.DatetimeIndex
    assets: tuple[str, ...]
    prices: Floats
    returns: Floats
    cash_returns: Floats
    classes: Mapping[str, str]
    periods_per_year: int
    benchmark_assets: tuple[str, ...] = ()
