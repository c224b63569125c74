"""Anomalies in one series: values that can be used but need a review.

Moves are judged against the series itself, over its whole history and around the date, so that a crash among volatile
days, or a bill fund that hardly moves, is not a finding. Each check reports at most one finding per series: the worst,
with the number of others.
"""

import numpy as np
from numpy.typing import NDArray

from backtest.data.quality.finding import Finding
from backtest.data.quality.gaps import and_more, longest_gap, stray_days
from backtest.data.quality.history import History
from backtest.data.quality.jumps import find_jumps, recorded_splits
from backtest.numerics.arrays import Dates, Floats

_Rows = NDArray[np.intp]

_CHANCE = 1e-3  # expected number of equally long stale runs in a series without errors
_HALF_YEAR = 125  # of days
_LARGEST_DIVIDEND = 1 / 3  # of the close before
_LARGEST_RATE = 0.5


def find(
    series: str,
    dates: Dates,
    levels: Floats,
    periods_per_year: int | None,
    *,
    closes: Floats | None = None,
    dividends: Floats | None = None,
    splits: Floats | None = None,
) -> list[Finding]:
    """Return prices of one series that look like errors.

    Moves are changes of the total-return level, in which a large dividend is not a move; stale runs are runs of closes.

    Args:
        series: name of the series.
        dates: (T,) rising.
        levels: (T,) total-return levels above zero; NaN = no value.
        periods_per_year: one of `frequencies.FREQUENCIES`; None if the dates have none of them.
        closes: (T,) raw closes on the same dates, NaN where the levels are NaN; default: the levels.
        dividends: (T,) paid per share; 0 or NaN = no dividend.
        splits: (T,) new shares for an old one; 0, 1 or NaN = no split; None if the source does not list splits.
    """
    days = dates.astype("datetime64[D]", copy=False)
    closes = levels if closes is None else closes
    rows = np.flatnonzero(~np.isnan(levels))
    if rows.size < 2:
        return []
    selected: slice | _Rows = slice(None) if rows.size == levels.size else rows
    history = History(series, days[selected], levels[selected], closes[selected])
    findings = [
        _gap(history, periods_per_year),
        _missing(series, days, rows),
        _stale(history),
        *find_jumps(history, periods_per_year, None if splits is None else recorded_splits(days, splits)),
        _weekend(history) if periods_per_year in (252, 300) else None,
        None if dividends is None else _dividend(series, days, closes, rows, dividends),
    ]
    return [finding for finding in findings if finding]


def find_in_rate(series: str, dates: Dates, rates: Floats, periods_per_year: int | None) -> list[Finding]:
    """Return gaps in a quoted rate, and values that look like percent.

    Dates without a value are not gaps: publishers of rates list holidays.

    Args:
        series: name of the series.
        dates: (T,) rising.
        rates: (T,) decimal a year; NaN = no value.
        periods_per_year: one of `frequencies.FREQUENCIES`; None if the dates have none of them.
    """
    rows = np.flatnonzero(~np.isnan(rates))
    if rows.size == 0:
        return []
    history = History(series, dates.astype("datetime64[D]")[rows], rates[rows], rates[rows])
    findings = [_gap(history, periods_per_year)]
    wrong = np.flatnonzero(np.abs(history.levels) > _LARGEST_RATE)
    if wrong.size:
        worst = int(wrong[np.argmax(np.abs(history.levels[wrong]))])
        text = (
            f"a rate of {history.levels[worst]:g} on {history.days[worst]}{and_more(wrong.size - 1)}; expected "
            f"decimals a year, at most {_LARGEST_RATE:g}: percent taken for decimals?"
        )
        findings.append(history.finding("unit", int(wrong[0]), int(wrong[-1]), text))
    return [finding for finding in findings if finding]


def _gap(history: History, periods_per_year: int | None) -> Finding | None:
    gap = None if periods_per_year is None else longest_gap(history.days, periods_per_year)
    return None if gap is None else history.finding("gap", gap[0], gap[0] + 1, gap[1])


def _missing(series: str, days: Dates, rows: _Rows) -> Finding | None:
    inside = int(rows[-1] - rows[0]) + 1
    if inside == rows.size:
        return None
    holes = days[np.setdiff1d(np.arange(rows[0], rows[-1]), rows)]
    where = f"on {holes[0]}" if holes.size == 1 else f"on {holes.size} dates from {holes[0]} to {holes[-1]}"
    text = f"no value {where}; expected one on every date of its history"
    return Finding(series, "missing", holes[0].item(), holes[-1].item(), text)


def _stale(history: History) -> Finding | None:
    """Return a run of equal closes that is too long for chance.

    A run continues with probability p: the share of runs that continue or, if larger, the share of unchanged closes in
    the half year before or after, so that flat months of a bill fund are expected. A run of k unchanged closes is then
    expected T p^k times. The shares exclude the run itself, and start from 1 in 20.
    """
    same = history.closes[1:] == history.closes[:-1]
    edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    long = lengths > 1
    if not long.any():
        return None
    persists = (lengths > 1).sum() / (lengths.size + 19)
    starts, lengths = starts[long], lengths[long]
    counts = np.concatenate(([0], np.cumsum(same)))
    ends = starts + lengths
    before, after = np.maximum(starts - _HALF_YEAR, 0), np.minimum(ends + _HALF_YEAR, same.size)
    share_before = (counts[starts] - counts[before] + 1) / (starts - before + 20)
    share_after = (counts[after] - counts[ends] + 1) / (after - ends + 20)
    goes_on = np.maximum(persists, np.maximum(share_before, share_after))
    stale = same.size * goes_on**lengths < _CHANCE
    if not stale.any():
        return None
    starts, lengths = starts[stale], lengths[stale]
    worst = int(lengths.argmax())
    first, last = int(starts[worst]), int(starts[worst] + lengths[worst])
    text = (
        f"the same value, {history.closes[first]:g}, on {last - first + 1} dates from {history.days[first]} to "
        f"{history.days[last]}{and_more(lengths.size - 1)}; prices are expected to change (only cash at a zero rate "
        "may stay flat)"
    )
    return history.finding("stale", first, last, text)


def _weekend(history: History) -> Finding | None:
    stray = stray_days(history.days)
    return None if stray is None else history.finding("weekend", *stray)


def _dividend(series: str, days: Dates, closes: Floats, rows: _Rows, dividends: Floats) -> Finding | None:
    paid = np.flatnonzero(np.nan_to_num(dividends))
    paid = paid[paid > rows[0]]
    before = closes[rows[np.searchsorted(rows, paid) - 1]]
    share = dividends[paid] / before
    wrong = np.flatnonzero((share < 0) | (share > _LARGEST_DIVIDEND))
    if not wrong.size:
        return None
    worst = int(wrong[np.argmax(np.abs(share[wrong]))])
    row = int(paid[worst])
    text = (
        f"a dividend of {dividends[row]:g} on {days[row]}, {100 * share[worst]:.0f} % of the close before, "
        f"{before[worst]:g}{and_more(wrong.size - 1)}; expected none below 0 or above a third"
    )
    return Finding(series, "dividend", days[row].item(), days[row].item(), text)
