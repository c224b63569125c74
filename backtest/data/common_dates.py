"""Two markets on the dates that both have: a run's and its benchmark's."""

from backtest.data.market import MarketData
from backtest.errors import DataError


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
    begin, end = max(data.dates[0], other.dates[0]), min(data.dates[-1], other.dates[-1])
    shared = data.dates.intersection(other.dates)
    if len(shared) < 2:
        raise DataError(f"the run and its benchmark share {len(shared)} dates; expected two or more")
    notes = []
    if data.dates[-1] != other.dates[-1]:
        notes.append(f"the run ends on {end:%Y-%m-%d}, the last date that its benchmark has too")
    cut = []
    for market, whose in ((data, "run's"), (other, "benchmark's")):
        kept = market.dates[(market.dates <= end) & ((market.dates < begin) | market.dates.isin(shared))]
        left_out = int((market.dates <= end).sum()) - len(kept)
        if left_out:
            notes.append(f"{left_out} of the {whose} dates are left out, which the other does not have")
        cut.append(market if len(kept) == len(market.dates) else market.on(kept))
    return cut[0], cut[1], tuple(notes)
