"""Extreme moves of one series: spikes, splits that were not adjusted, other jumps, and moves at an end.

A move is extreme in comparison with the usual moves of the series, over its history and around the date. A split that
is on record needs no such threshold: the close either moves by its ratio on that date, or it does not.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.data.quality.finding import Finding
from backtest.data.quality.gaps import and_more
from backtest.data.quality.history import History
from backtest.numerics.arrays import Dates, Floats

_Rows = NDArray[np.intp]

_OUT_OF_PROPORTION = 20.0  # times the usual move: 13.5 standard deviations of a normal distribution
_OF_LONG_PERIODS = 10.0  # the same for months and longer, whose distributions have thinner tails
_LEAST_MOVE = 0.01  # smaller moves are ticks of a series that hardly moves
_AROUND = 22  # moves around a date, a month of days
_LARGEST_OWN_MOVE = 0.045  # next to the ratio of a split; a fall by 30 % is a crash, not a 3 for 2
_LARGE, _FAR_OUT = np.log(2.0), 100.0  # a jump doubles or halves the value, or is as many times the usual move
_NORMAL = 1.4826  # standard deviation of a normal distribution over its median move
_CLEAR = np.log(1000.0)  # odds at which a recorded split was not adjusted

# New shares for old ones. 4 for 3 and 5 for 4 are left out, as crashes are that large (19 October 1987 looks like 5:4).
_FORWARD = [(3, 2), *((new, 1) for new in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100))]
_SPLITS = [*_FORWARD, *((1, old) for old in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100))]
_SPLIT_MOVES = np.log([old / new for new, old in _SPLITS])


class Split(NamedTuple):
    """A split on record: its date, and the number of new shares for an old one."""

    day: np.datetime64
    ratio: float

    def __str__(self) -> str:
        ratio = Fraction(self.ratio).limit_denominator(1000)
        return f"a split of {ratio.numerator} for {ratio.denominator} is recorded on {self.day}"


def recorded_splits(days: Dates, splits: Floats) -> list[Split]:
    """Return the splits of a source that lists them.

    Args:
        days: (T,) dates.
        splits: (T,) new shares for an old one; 0, 1 or NaN = no split.
    """
    rows = np.flatnonzero((splits > 0) & (splits != 1))
    return [Split(days[row], float(splits[row])) for row in rows.tolist()]


def find_jumps(history: History, periods_per_year: int | None, recorded: list[Split] | None) -> list[Finding | None]:
    """Return extreme moves: spikes, which the next date reverses, moves as large as a split, and other jumps.

    A first or last value that is wrong, such as the one of a line that was cut, has no neighbour on its other side.

    Args:
        history: values of the series.
        periods_per_year: one of `frequencies.FREQUENCIES`; None if the dates have none of them.
        recorded: splits on record; None if the source does not list them.
    """
    moves = np.diff(np.log(history.levels))
    unadjusted = _unadjusted(history, recorded or [])
    rows, around, usual = _extreme(moves, _OF_LONG_PERIODS if (periods_per_year or 252) <= 12 else _OUT_OF_PROPORTION)
    following = np.append(moves, 0.0)[rows + 1]
    reversed_ = np.abs(moves[rows] + following) < np.minimum(np.abs(moves[rows]), np.abs(following)) / 3
    of_spikes = np.isin(rows, np.concatenate((rows[reversed_], rows[reversed_] + 1)))
    off = np.abs(moves[rows, None] - _SPLIT_MOVES)
    of_splits = (~of_spikes & (off.min(axis=1) < np.minimum(6 * around, _LARGEST_OWN_MOVE))) | np.isin(rows, unadjusted)
    other, sizes = ~of_spikes & ~of_splits, np.abs(moves[rows])
    at_end = (rows == 0) | (rows == moves.size - 1)
    ends = other & at_end & (sizes > _OUT_OF_PROPORTION * around)
    jumps = other & ~at_end & ((sizes > _LARGE) | (sizes > _FAR_OUT * around))
    return [
        _spike(history, moves, rows[reversed_ & of_spikes & ~of_splits], usual),
        _split(history, moves, np.union1d(rows[of_splits], unadjusted), recorded),
        _jump(history, moves, rows[jumps], usual),
        *(_end(history, row, usual) for row in rows[ends].tolist()),
    ]


def _extreme(moves: Floats, limit: float) -> tuple[_Rows, Floats, float]:
    """Return the rows of extreme moves, the usual move around each of them, and the usual move of the series."""
    sizes = np.abs(moves)
    nothing = np.array([], dtype=np.intp), np.array([]), 0.0
    if moves.size < _AROUND or not (moving := sizes[sizes > 0]).size:
        return nothing
    if 2 * np.count_nonzero(moving > moving.max() / limit) > moving.size:
        return nothing  # then the median is above it too; counting is faster
    usual = float(np.median(moving))
    rows = np.flatnonzero(sizes > max(_LEAST_MOVE, limit * usual))
    begin = np.clip(rows - _AROUND // 2, 0, moves.size - _AROUND)
    around = np.maximum(np.median(sizes[begin[:, None] + np.arange(_AROUND)], axis=1), usual)
    extreme = sizes[rows] > limit * around
    return rows[extreme], around[extreme], usual


def _unadjusted(history: History, recorded: list[Split]) -> _Rows:
    """Return the moves by the ratio of a split that is recorded for their date.

    A close that was adjusted moves as usual on that date, by a normal distribution; one that was not also moves by the
    ratio.
    """
    moves = np.diff(np.log(history.closes))
    usual = _NORMAL * float(np.median(np.abs(moves)))
    rows = []
    for split in recorded:
        row = int(np.searchsorted(history.days, split.day)) - 1
        if 0 <= row < moves.size and history.days[row + 1] == split.day:
            adjusted, as_traded = moves[row] ** 2, (moves[row] + np.log(split.ratio)) ** 2
            if adjusted - as_traded > 2 * _CLEAR * usual**2:
                rows.append(row)
    return np.array(rows, dtype=np.intp)


def _spike(history: History, moves: Floats, rows: _Rows, usual: float) -> Finding | None:
    if not rows.size:
        return None
    row = int(rows[np.argmax(np.abs(moves[rows]))]) + 1
    before, value, after = history.closes[row - 1 : row + 2]
    text = (
        f"{value:g} on {history.days[row]}, between {before:g} on {history.days[row - 1]} and {after:g} on "
        f"{history.days[row + 1]}{and_more(rows.size - 1)}; expected moves near its usual {100 * usual:.2g} %"
    )
    return history.finding("spike", row, row, text)


def _jump(history: History, moves: Floats, rows: _Rows, usual: float) -> Finding | None:
    if not rows.size:
        return None
    row = int(rows[np.argmax(np.abs(moves[rows]))]) + 1
    before, value = history.closes[row - 1 : row + 1]
    text = (
        f"from {before:g} to {value:g} on {history.days[row]}{and_more(rows.size - 1)}, a factor of "
        f"{np.exp(abs(moves[row - 1])):.3g}; expected moves near its usual {100 * usual:.2g} %. Is it another unit, a "
        "thousands point read as a decimal one, or a mark for a missing value?"
    )
    return history.finding("jump", row, row, text)


def _end(history: History, move: int, usual: float) -> Finding:
    row, beside, end, order = (0, 1, "first", "before") if move == 0 else (move + 1, move, "last", "after")
    text = (
        f"{history.closes[row]:g} on {history.days[row]}, the {end} date, {order} {history.closes[beside]:g} on "
        f"{history.days[beside]}; expected moves near its usual {100 * usual:.2g} %. Is the {end} value complete?"
    )
    return history.finding("end", row, row, text)


def _split(history: History, moves: Floats, rows: _Rows, recorded: list[Split] | None) -> Finding | None:
    """Return the largest move that matches a split: one on record, or within 6 times the usual move."""
    if not rows.size:
        return None
    row = int(rows[np.argmax(np.abs(moves[rows]))]) + 1
    near = [split for split in recorded or [] if abs(int((split.day - history.days[row]).astype(int))) <= 7]
    new, old = _SPLITS[int(np.abs(moves[row - 1] - _SPLIT_MOVES).argmin())]
    if near and near[-1].day == history.days[row]:
        ratio = Fraction(near[-1].ratio).limit_denominator(1000)
        new, old = ratio.numerator, ratio.denominator
    record = "" if recorded is None else "; no split is recorded near it"
    record = f"; {near[-1]}" if near else record
    unit = " or by pence for pounds" if 100 in (new, old) else ""
    text = (
        f"from {history.closes[row - 1]:g} to {history.closes[row]:g} on {history.days[row]}{and_more(rows.size - 1)}, "
        f"as by a split of {new} for {old} that was not adjusted{unit}{record}; expected adjusted closes"
    )
    return history.finding("split", row, row, text)
