"""Findings: what can be used and should be looked at, each with the series, the dates and the values.

What is out of proportion is judged against the series itself, over its whole history and around the date, so that
a crash among wild days, or a bill fund that hardly moves, is no finding. At most one finding for each check and series:
the worst, and how many more there are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.data.quality.finding import Finding
from backtest.data.quality.gaps import and_more, longest_gap, stray_days
from backtest.numerics.arrays import Dates, Floats

_Rows = NDArray[np.intp]

_OUT_OF_PROPORTION = 20.0  # times the usual move: 13.5 standard deviations of a normal one
_LEAST_MOVE = 0.01  # smaller ones are ticks of what hardly moves
_AROUND = 22  # moves around a date, a month of days
_CHANCE = 1e-3  # expected number of stale runs as long in a series without fault
_HALF_YEAR = 125  # of days
_LARGEST_DIVIDEND = 1 / 3  # of the close before
_LARGEST_RATE = 0.5

# New shares for old ones. 4 for 3 and 5 for 4 are left out: crashes are of that size (19 October 1987 is a 5 for 4).
_FORWARD = [(3, 2), *((new, 1) for new in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100))]
_SPLITS = [*_FORWARD, *((1, old) for old in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100))]
_SPLIT_MOVES = np.log([old / new for new, old in _SPLITS])


@dataclass(frozen=True, eq=False)
class _History:
    """The n dates with a value, and what is there."""

    series: str
    days: Dates
    levels: Floats
    closes: Floats

    def finding(self, check: str, first: int, last: int, text: str) -> Finding:
        return Finding(self.series, check, self.days[first].item(), self.days[last].item(), text)


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
    """Find prices of one series that look like errors.

    Moves are changes of the total-return level, in which a large dividend is not a move; stale runs are runs of closes.

    Args:
        series: its name.
        dates: (T,) rising.
        levels: (T,) total-return levels above zero; NaN = none.
        periods_per_year: one of `periods.FREQUENCIES`; None if the dates have none of them.
        closes: (T,) raw closes of the same dates, NaN where the levels are; the levels where there are none.
        dividends: (T,) paid per share, 0 or NaN = none.
        splits: (T,) new shares for an old one, 0, 1 or NaN = none; None where the source does not tell.
    """
    days = dates.astype("datetime64[D]", copy=False)
    closes = levels if closes is None else closes
    there = np.flatnonzero(~np.isnan(levels))
    if there.size < 2:
        return []
    kept: slice | _Rows = slice(None) if there.size == levels.size else there
    history = _History(series, days[kept], levels[kept], closes[kept])
    found = [
        _gap(history, periods_per_year),
        _missing(series, days, there),
        _stale(history),
        *_jumps(history, None if splits is None else _recorded(days, splits)),
        _weekend(history) if periods_per_year in (252, 300) else None,
        None if dividends is None else _dividend(series, days, closes, there, dividends),
    ]
    return [finding for finding in found if finding]


def find_in_rate(series: str, dates: Dates, rates: Floats, periods_per_year: int | None) -> list[Finding]:
    """Find gaps in a quoted rate, and values that look like percent.

    Dates without a value are not gaps: publishers of rates list holidays.

    Args:
        series: its name.
        dates: (T,) rising.
        rates: (T,) decimal a year; NaN = none.
        periods_per_year: one of `periods.FREQUENCIES`; None if the dates have none of them.
    """
    there = np.flatnonzero(~np.isnan(rates))
    if there.size == 0:
        return []
    history = _History(series, dates.astype("datetime64[D]")[there], rates[there], rates[there])
    found = [_gap(history, periods_per_year)]
    wrong = np.flatnonzero(np.abs(history.levels) > _LARGEST_RATE)
    if wrong.size:
        worst = int(wrong[np.argmax(np.abs(history.levels[wrong]))])
        text = (
            f"a rate of {history.levels[worst]:g} on {history.days[worst]}{and_more(wrong.size - 1)}; expected "
            f"decimals a year, at most {_LARGEST_RATE:g}: percent taken for decimals?"
        )
        found.append(history.finding("unit", int(wrong[0]), int(wrong[-1]), text))
    return [finding for finding in found if finding]


def _gap(history: _History, periods_per_year: int | None) -> Finding | None:
    found = None if periods_per_year is None else longest_gap(history.days, periods_per_year)
    return None if found is None else history.finding("gap", found[0], found[0] + 1, found[1])


def _missing(series: str, days: Dates, there: _Rows) -> Finding | None:
    inside = int(there[-1] - there[0]) + 1
    if inside == there.size:
        return None
    holes = days[np.setdiff1d(np.arange(there[0], there[-1]), there)]
    where = f"on {holes[0]}" if holes.size == 1 else f"on {holes.size} dates from {holes[0]} to {holes[-1]}"
    text = f"no value {where}; expected one on every date of its history"
    return Finding(series, "missing", holes[0].item(), holes[-1].item(), text)


def _stale(history: _History) -> Finding | None:
    """The same close on so many dates that chance does not explain it.

    A run goes on with probability p: the share of the runs that do or, if larger, the share of unchanged closes in
    the half year before or after, so that the months in which a bill fund stands still explain themselves. A run of k
    unchanged closes is then expected T p^k times. No share counts the run itself, and all begin with 1 of 20.
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
        f"{history.days[last]}{and_more(lengths.size - 1)}; expected to move, as all but cash at zero interest does"
    )
    return history.finding("stale", first, last, text)


def _jumps(history: _History, recorded: list[tuple[np.datetime64, float]] | None) -> list[Finding | None]:
    """Moves out of all proportion: undone on the next date (spikes), or as large as a split and not undone."""
    moves = np.diff(np.log(history.levels))
    sizes = np.abs(moves)
    if moves.size < _AROUND or not (moving := sizes[sizes > 0]).size:
        return []
    if 2 * np.count_nonzero(moving > moving.max() / _OUT_OF_PROPORTION) > moving.size:
        return []  # the median is above that too, and counting is faster
    usual = float(np.median(moving))
    rows = np.flatnonzero(sizes > max(_LEAST_MOVE, _OUT_OF_PROPORTION * usual))
    if not rows.size:
        return []
    begin = np.clip(rows - _AROUND // 2, 0, moves.size - _AROUND)
    around = np.maximum(np.median(sizes[begin[:, None] + np.arange(_AROUND)], axis=1), usual)
    kept = sizes[rows] > _OUT_OF_PROPORTION * around
    rows, around = rows[kept], around[kept]
    following = np.append(moves, 0.0)[rows + 1]
    undone = np.abs(moves[rows] + following) < np.minimum(sizes[rows], np.abs(following)) / 3
    of_spikes = np.isin(rows, np.concatenate((rows[undone], rows[undone] + 1)))
    return [
        _spike(history, moves, rows[undone], usual),
        _split(history, moves, rows[~of_spikes], around[~of_spikes], recorded),
    ]


def _spike(history: _History, moves: Floats, rows: _Rows, usual: float) -> Finding | None:
    if not rows.size:
        return None
    row = int(rows[np.argmax(np.abs(moves[rows]))]) + 1
    before, value, after = history.closes[row - 1 : row + 2]
    text = (
        f"{value:g} on {history.days[row]}, between {before:g} on {history.days[row - 1]} and {after:g} on "
        f"{history.days[row + 1]}{and_more(rows.size - 1)}; expected moves near its usual {100 * usual:.2g} %"
    )
    return history.finding("spike", row, row, text)


def _split(
    history: _History,
    moves: Floats,
    rows: _Rows,
    around: Floats,
    recorded: list[tuple[np.datetime64, float]] | None,
) -> Finding | None:
    """The largest move that is a split's, give or take a move of that time (6 times its usual one, at most 5 %)."""
    off = np.abs(moves[rows, None] - _SPLIT_MOVES)
    near = off.min(axis=1, initial=np.inf) < np.minimum(6 * around, 0.05)
    rows, off = rows[near], off[near]
    if not rows.size:
        return None
    worst = int(np.argmax(np.abs(moves[rows])))
    row = int(rows[worst]) + 1
    new, old = _SPLITS[int(off[worst].argmin())]
    known = "" if recorded is None else "; no split is recorded near it"
    for day, ratio in recorded or []:
        if abs(int((day - history.days[row]).astype(int))) <= 7:
            known = f"; a split of {ratio:g} for 1 is recorded on {day}"
    unit = " or by pence for pounds" if 100 in (new, old) else ""
    text = (
        f"from {history.closes[row - 1]:g} to {history.closes[row]:g} on {history.days[row]}{and_more(rows.size - 1)}, "
        f"as by a split of {new} for {old} that was not adjusted{unit}{known}; expected adjusted closes"
    )
    return history.finding("split", row, row, text)


def _recorded(days: Dates, splits: Floats) -> list[tuple[np.datetime64, float]]:
    rows = np.flatnonzero((splits > 0) & (splits != 1))
    return [(days[row], float(splits[row])) for row in rows.tolist()]


def _weekend(history: _History) -> Finding | None:
    found = stray_days(history.days)
    return None if found is None else history.finding("weekend", *found)


def _dividend(series: str, days: Dates, closes: Floats, there: _Rows, dividends: Floats) -> Finding | None:
    paid = np.flatnonzero(np.nan_to_num(dividends))
    paid = paid[paid > there[0]]
    before = closes[there[np.searchsorted(there, paid) - 1]]
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
