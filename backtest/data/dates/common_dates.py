"""Market data on common dates, for a run and its benchmarks or for the runs of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import pandas as pd

from backtest.data.dates.frequencies import frequency_name
from backtest.data.dates.spacing import Spacing, infer_periods_per_year, spacing_of
from backtest.data.market_data import MarketData
from backtest.data.quality.shifted_dates import shifted
from backtest.errors import DataError

_FEW = 20  # dates; fewer shared dates show the sessions of a week less clearly than the whole histories


def shared_dates(markets: Sequence[MarketData]) -> pd.DatetimeIndex:
    """Return the dates that all markets have.

    Args:
        markets: one or more.
    """
    return reduce(pd.DatetimeIndex.intersection, (market.dates for market in markets))


def on_shared_dates(markets: Sequence[MarketData], end: pd.Timestamp, stated: int | None) -> list[MarketData]:
    """Cut markets to the same last date and, from the date on which all have begun, to the dates that they share.

    Before that date a daily history keeps the days of the week on which the shared dates have sessions, so that all
    its returns are over periods of the same length.

    Args:
        markets: one or more, of the same frequency.
        end: last date to keep.
        stated: periods per year from the settings; None to infer them from the dates that the markets share.

    Returns:
        The markets in their order, all with the same periods per year; a market that needs no change is returned
        unchanged.

    Raises:
        DataError: the shared dates have no clear number of periods per year.
    """
    begin, shared = max(market.dates[0] for market in markets), shared_dates(markets)
    number, sessions, cut = stated or _periods_per_year(markets, shared), _sessions(shared), []
    for market in markets:
        earlier = (market.dates < begin) & market.dates.day_of_week.isin(sessions)
        dates = market.dates[(market.dates <= end) & (earlier | market.dates.isin(shared))]
        if len(dates) < len(market.dates):
            market = market.on(dates)  # noqa: PLW2901 - the same market, shortened
        cut.append(market if market.periods_per_year == number else replace(market, periods_per_year=number))
    return cut


def on_common_dates(data: MarketData, benchmarks: Mapping[str, MarketData]) -> tuple[list[MarketData], tuple[str, ...]]:
    """Cut markets to the same last date and, from the date on which all have begun, to the dates that they share.

    All get the periods per year from the settings of the run, else the number inferred from the shared dates.

    Args:
        data: market data of the run.
        benchmarks: market data of its benchmarks by name, one or more.

    Returns:
        The markets, the run's first, and notes on their dates.

    Raises:
        DataError: the markets have different frequencies, or share fewer than two dates.
    """
    markets, single = [data, *benchmarks.values()], len(benchmarks) == 1
    owners = ["run's", *("benchmark's" if single else f"benchmark {name}'s" for name in benchmarks)]
    all_of_them = f"the run and its {'benchmark' if single else 'benchmarks'}"
    spacings = [spacing_of(market.dates) for market in markets]
    for spacing, whose in zip(spacings, owners, strict=True):
        if not spacings[0].same_frequency(spacing):
            raise DataError(
                f"the {whose} data is {_in_words(spacing)}, the run's {_in_words(spacings[0])}; expected the same. "
                "Hint: a benchmark on the same source."
            )
    end, shared = min(market.dates[-1] for market in markets), shared_dates(markets)
    if len(shared) < 2:
        raise DataError(f"{all_of_them} share {len(shared)} dates; expected two or more")
    notes = []
    if end < data.dates[-1]:
        notes.append(
            f"the run ends on {end:%Y-%m-%d}, the last date that it shares with its "
            f"{'benchmark' if single else 'benchmarks'}"
        )
    stated = data.periods_per_year if data.periods_per_year != spacings[0].periods_per_year else None
    cut = on_shared_dates(markets, end, stated)
    lack = "the other history does not" if single else "not all of the other histories"
    for market, shorter, whose in zip(markets, cut, owners, strict=True):
        left_out = int((market.dates <= end).sum()) - len(shorter.dates)
        if left_out:
            notes.append(f"{left_out} of the {whose} dates are left out, as {lack} have them")
    changed = [
        f"{market.periods_per_year} on the {whose} own dates"
        for market, shorter, whose in zip(markets, cut, owners, strict=True)
        if market.periods_per_year != shorter.periods_per_year
    ]
    if changed:
        notes.append(f"{all_of_them} have {cut[0].periods_per_year} periods a year ({', '.join(changed)})")
    return cut, tuple(notes)


def _periods_per_year(markets: Sequence[MarketData], shared: pd.DatetimeIndex) -> int:
    """Return the periods per year of the dates that markets share."""
    own = [market.periods_per_year for market in markets]
    if len(set(own)) == 1 and len(shared) < _FEW:
        return own[0]
    caveats = dict.fromkeys(caveat for market in markets if (caveat := shifted(market.dates)) is not None)
    notes = [
        *(f"one history has {caveat}" for caveat in caveats),
        "the setting of the run, or of any of the runs that are compared, is used",
    ]
    return infer_periods_per_year(shared, "the dates that all share", notes)


def _sessions(shared: pd.DatetimeIndex) -> tuple[int, ...]:
    """Return the days of the week with sessions; all seven if the dates are not daily, or if there are only a few."""
    spacing = spacing_of(shared) if len(shared) >= _FEW else None
    return spacing.sessions if spacing is not None and spacing.is_daily else tuple(range(7))


def _in_words(spacing: Spacing) -> str:
    if spacing.periods_per_year is None:
        return f"of about {spacing.rows_per_year:.3g} dates a year"
    return frequency_name(spacing.periods_per_year)
