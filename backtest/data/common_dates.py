"""Markets on the dates that all of them have: of a run and its benchmark, or of the runs of a comparison."""

from collections.abc import Sequence
from functools import reduce

import pandas as pd

from backtest.data.market import MarketData
from backtest.errors import DataError


def shared_dates(markets: Sequence[MarketData]) -> pd.DatetimeIndex:
    """Dates that every market has.

    Args:
        markets: one or more.
    """
    return reduce(pd.DatetimeIndex.intersection, (market.dates for market in markets))


def on_shared_dates(markets: Sequence[MarketData], end: pd.Timestamp) -> list[MarketData]:
    """Cut markets to the same last date and, from the date on which all have begun, to the dates that they share.

    Args:
        markets: one or more.
        end: the last date to keep.

    Returns:
        The markets in their order; one that loses no date is the same object.
    """
    begin, shared = max(market.dates[0] for market in markets), shared_dates(markets)
    cut = []
    for market in markets:
        kept = market.dates[(market.dates <= end) & ((market.dates < begin) | market.dates.isin(shared))]
        cut.append(market if len(kept) == len(market.dates) else market.on(kept))
    return cut


def on_common_dates(data: MarketData, other: MarketData) -> tuple[MarketData, MarketData, tuple[str, ...]]:
    """Cut two markets to the same last date and, where both have begun, to the dates that they share.

    Raises:
        DataError: they come at different frequencies, or share fewer than two dates.
    """
    if data.periods_per_year != other.periods_per_year:
        raise DataError(
            f"the benchmark's data has {other.periods_per_year} periods a year, the run's {data.periods_per_year}; "
            "expected the same. Hint: a benchmark on the same source."
        )
    end, shared = min(data.dates[-1], other.dates[-1]), shared_dates([data, other])
    if len(shared) < 2:
        raise DataError(f"the run and its benchmark share {len(shared)} dates; expected two or more")
    notes = []
    if data.dates[-1] != other.dates[-1]:
        notes.append(f"the run ends on {end:%Y-%m-%d}, the last date that its benchmark has too")
    cut = on_shared_dates([data, other], end)
    for market, kept, whose in zip((data, other), cut, ("run's", "benchmark's"), strict=True):
        left_out = int((market.dates <= end).sum()) - len(kept.dates)
        if left_out:
            notes.append(f"{left_out} of the {whose} dates are left out, which the other does not have")
    return cut[0], cut[1], tuple(notes)
