"""Anomalies in one series: values that can be used but need a review.

Moves are judged against the series itself, over its whole history and around the date, so that a crash among volatile
days, or a bill fund that hardly moves, is not a finding. Each check reports at most one finding per series: the worst,
with the number of others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.data.quality.finding import Finding
from backtest.data.quality.gaps import and_more, longest_gap, stray_days
from backtest.numerics.arrays import Dates, Floats

_Rows = NDArray[np.intp]

_OUT_OF_PROPORTION = 20.0  # times the usual move: 13.5 standard deviations of a normal distribution
_LEAST_MOVE = 0.01  # smaller moves are ticks of a series that hardly moves
_AROUND = 22  # moves around a date, a month of days
_CHANCE = 1e-3  # expected number of equally long stale runs in a series without errors
_HALF_YEAR = 125  # of days
_LARGEST_DIVIDEND = 1 / 3  # of the close before
_LARGEST_RATE = 0.5

# New shares for old ones. 4 for 3 and 5 for 4 are left out, as crashes are that large (19 October 1987 looks like 5:4).
_FORWARD = [(3, 2), *((new, 1) for new in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100))]
_SPLITS = [*_FORWARD, *((1, old) for old in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100))]
_SPLIT_MOVES = np.log([old / new for new, old in _SPLITS])


@dataclass(frozen=True, eq=False)
class _History:
    """The n dates with a value, and the values."""

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
    history = _History(series, days[selected], levels[selected], closes[selected])
    findings = [
        _gap(history, periods_per_year),
        _missing(series, days, rows),
        _stale(history),
        *_jumps(history, None if splits is None else _recorded(days, splits)),
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
    history = _History(series, dates.astype("datetime64[D]")[rows], rates[rows], rates[rows])
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


def _gap(history: _History, periods_per_year: int | None) -> Finding | None:
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


def _stale(history: _History) -> Finding | None:
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


def _jumps(history: _History, recorded: list[tuple[np.datetime64, float]] | None) -> list[Finding | None]:
    """Return extreme moves: spikes, which the next date reverses, moves as large as a split, and moves at an end.

    A first or last value that is wrong, such as the one of a line that was cut, has no neighbour on its other side.
    """
    moves = np.diff(np.log(history.levels))
    sizes = np.abs(moves)
    if moves.size < _AROUND or not (moving := sizes[sizes > 0]).size:
        return []
    if 2 * np.count_nonzero(moving > moving.max() / _OUT_OF_PROPORTION) > moving.size:
        return []  # then the median is above it too; counting is faster
    usual = float(np.median(moving))
    rows = np.flatnonzero(sizes > max(_LEAST_MOVE, _OUT_OF_PROPORTION * usual))
    if not rows.size:
        return []
    begin = np.clip(rows - _AROUND // 2, 0, moves.size - _AROUND)
    around = np.maximum(np.median(sizes[begin[:, None] + np.arange(_AROUND)], axis=1), usual)
    extreme = sizes[rows] > _OUT_OF_PROPORTION * around
    rows, around = rows[extreme], around[extreme]
    following = np.append(moves, 0.0)[rows + 1]
    reversed_ = np.abs(moves[rows] + following) < np.minimum(sizes[rows], np.abs(following)) / 3
    of_spikes = np.isin(rows, np.concatenate((rows[reversed_], rows[reversed_] + 1)))
    off = np.abs(moves[rows, None] - _SPLIT_MOVES)
    of_splits = ~of_spikes & (off.min(axis=1) < np.minimum(6 * around, 0.05))
    others = rows[~of_spikes & ~of_splits]
    return [
        _spike(history, moves, rows[reversed_], usual),
        _split(history, moves, rows[of_splits], off[of_splits], recorded),
        *(_end(history, row, usual) for row in (0, moves.size - 1) if row in others),
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


def _end(history: _History, move: int, usual: float) -> Finding:
    row, beside, end, order = (0, 1, "first", "before") if move == 0 else (move + 1, move, "last", "after")
    text = (
        f"{history.closes[row]:g} on {history.days[row]}, the {end} date, {order} {history.closes[beside]:g} on "
        f"{history.days[beside]}; expected moves near its usual {100 * usual:.2g} %. Is the {end} value complete?"
    )
    return history.finding("end", row, row, text)


def _split(
    history: _History, moves: Floats, rows: _Rows, off: Floats, recorded: list[tuple[np.datetime64, float]] | None
) -> Finding | None:
    """Return the largest move that matches a split, within 6 times the usual move around it and at most 5 %."""
    if not rows.size:
        return None
    worst = int(np.argmax(np.abs(moves[rows])))
    row = int(rows[worst]) + 1
    new, old = _SPLITS[int(off[worst].argmin())]
    record = "" if recorded is None else "; no split is recorded near it"
    for day, ratio in recorded or []:
        if abs(int((day - history.days[row]).astype(int))) <= 7:
            record = f"; a split of {ratio:g} for 1 is recorded on {day}"
    unit = " or by pence for pounds" if 100 in (new, old) else ""
    text = (
        f"from {history.closes[row - 1]:g} to {history.closes[row]:g} on {history.days[row]}{and_more(rows.size - 1)}, "
        f"as by a split of {new} for {old} that was not adjusted{unit}{record}; expected adjusted closes"
    )
    return history.finding("split", row, row, text)


def _recorded(days: Dates, splits: Floats) -> list[tuple[np.datetime64, float]]:
    rows = np.flatnonzero((splits > 0) & (splits != 1))
    return [(days[row], float(splits[row])) for row in rows.tolist()]


def _weekend(history: _History) -> Finding | None:
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
