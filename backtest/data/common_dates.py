"""Two markets on the dates that both have: a run's and its benchmark's."""

from dataclasses import replace

import pandas as pd

from backtest.data.market import MarketData
from backtest.data.shifted_dates import shifted
from backtest.data.spacing import Spacing, frequency_name, infer_periods_per_year, spacing_of
from backtest.errors import DataError

_FEW = 20  # dates, which tell less of the sessions of a week than both histories do


def on_common_dates(data: MarketData, other: MarketData) -> tuple[MarketData, MarketData, tuple[str, ...]]:
    """Cut two markets to the same last date and, where both have begun, to the dates that they share.

    Both get one number of periods per year: the one that the settings of the run state, else that of the shared dates.

    Raises:
        DataError: they come at different frequencies, or share fewer than two dates.
    """
    spacings = spacing_of(data.dates), spacing_of(other.dates)
    if not spacings[0].same_frequency(spacings[1]):
        own = [_in_words(one) for one in spacings]
        raise DataError(
            f"the benchmark's data is {own[1]}, the run's {own[0]}; expected the same. Hint: a benchmark on the same "
            "source."
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
    number, note = _periods_per_year(data, other, shared)
    ours, theirs = (replace(one, periods_per_year=number) if one.periods_per_year != number else one for one in cut)
    return ours, theirs, (*notes, *note)


def _periods_per_year(data: MarketData, other: MarketData, shared: pd.DatetimeIndex) -> tuple[int, tuple[str, ...]]:
    """Return the periods per year of both on the dates that they share, and a note if that differs from their own."""
    own = {"run": data.periods_per_year, "benchmark": other.periods_per_year}
    stated = own["run"] != spacing_of(data.dates).periods_per_year
    keep = stated or (own["run"] == own["benchmark"] and len(shared) < _FEW)
    caveats = {whose: shifted(one.dates) for whose, one in (("run", data), ("benchmark", other))}
    notes = [f"the {whose}'s data has {caveat}" for whose, caveat in caveats.items() if caveat is not None]
    label = "the dates of the run and its benchmark"
    number = own["run"] if keep else infer_periods_per_year(shared, label, notes)
    changed = ", ".join(f"{count} on the {whose}'s own dates" for whose, count in own.items() if count != number)
    return number, (f"the run and its benchmark have {number} periods a year ({changed})",) if changed else ()


def _in_words(spacing: Spacing) -> str:
    if spacing.periods_per_year is None:
        return f"of about {spacing.rows_per_year:.3g} dates a year"
    return frequency_name(spacing.periods_per_year)
