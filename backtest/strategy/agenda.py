"""`Agenda`: all rebalance dates of a run, some at a time."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from backtest.errors import InsufficientHistory
from backtest.strategy.base import Strategy
from backtest.strategy.decisions import ViewBatch, answer
from backtest.strategy.scaling import Scaling

_ELEMENTS = 2**24  # of the covariances that are there at a time: 128 MB, 67 dates of 500 assets


class Agenda:
    """The questions of all rebalance dates, a slice of dates at a time where all covariances would fill the memory.

    Slices are cut by position in the data, so that a covariance is estimated along with the same dates before it
    wherever a run begins and its data ends; and if possible at whole windows, as estimators share sums of windows that
    overlap. The slice last asked for is kept.

    Args:
        dates: of the data.
        rows: (m,) positions of the rebalance dates among them.
        ask: what is known on some of these rows.
        count: assets.
        window: rows of the estimator's.
    """

    def __init__(
        self,
        dates: pd.DatetimeIndex,
        rows: Sequence[int],
        ask: Callable[[Sequence[int]], ViewBatch],
        *,
        count: int,
        window: int,
    ) -> None:
        self.dates, self.rows = dates, rows
        self._ask = ask
        self._begins = _slice_starts(rows, max(1, _ELEMENTS // count**2), window)
        self._kept: tuple[int, ViewBatch] | None = None

    def at(self, k: int) -> tuple[ViewBatch, int]:
        """The slice that holds the k-th date, and its position there."""
        number = bisect_right(self._begins, k) - 1
        return self._slice(number), k - self._begins[number]

    def slices(self, first: int, end: int) -> Iterator[ViewBatch]:
        """The dates from `first` to before `end`, in order, slice after slice."""
        inside = [begin for begin in self._begins if first < begin < end]
        for begin, after in pairwise([first, *inside, end] if first < end else []):
            yield self._part(begin, after)  # and keeps none itself, so that a slice goes before the next one comes

    def _part(self, first: int, end: int) -> ViewBatch:
        batch, at = self.at(first)
        return batch.part(slice(at, at + end - first))

    def _slice(self, number: int) -> ViewBatch:
        if self._kept is None or self._kept[0] != number:
            self._kept = None
            part = slice(self._begins[number], None if number + 1 == len(self._begins) else self._begins[number + 1])
            self._kept = number, self._ask(self.rows[part])
        return self._kept[1]


def _slice_starts(rows: Sequence[int], most: int, window: int) -> list[int]:
    """Where slices of at most so many dates begin: where a window's number of rows is full, if half of them are there.

    Later dates move no cut before them: estimators sum within slices, and not a bit may hang on what comes.

    >>> _slice_starts([3, 7, 12, 14, 16, 18, 31], 3, 10), _slice_starts([3, 7, 12, 14, 16, 18, 31], 7, 10)
    ([0, 2, 5], [0, 6])
    """
    begins = [0]
    for k in range(1, len(rows)):
        dates = k - begins[-1]
        if dates == most or (2 * dates >= most and rows[k] // window != rows[k - 1] // window):
            begins.append(k)
    return begins


def first_answer(strategy: Strategy, agenda: Agenda, leverage: Scaling | None = None, *, least: int = 0) -> int:
    """Position among all rebalance dates of the first on which the strategy and its leverage have what they need.

    A strategy that reads current weights is asked as if it held nothing.

    Args:
        strategy: the strategy.
        agenda: the rebalance dates.
        leverage: leverage of the strategy's weights.
        least: number of assets that must be holdable.

    Raises:
        InsufficientHistory: there is no such date.
    """
    reason = "there is no rebalance date"
    for k in range(len(agenda.rows)):
        batch, at = agenda.at(k)
        holdable = batch.holdable[at]
        if holdable.sum() < least:
            lacking = [name for name, can in zip(batch.history.assets, holdable, strict=True) if not can]
            more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
            reason = (
                f"on {agenda.dates[agenda.rows[k]]:%Y-%m-%d} {holdable.sum()} of {holdable.size} assets have a full "
                f"window, expected {least}; without one: {', '.join(lacking[:5])}{more}"
            )
            continue
        try:
            answered = answer(strategy, batch, at, np.zeros(holdable.size))
            if leverage is not None:
                leverage.multiples(answered[None], batch.part(slice(at, at + 1)))
        except InsufficientHistory as problem:
            reason = str(problem)
        else:
            return k
    raise InsufficientHistory(
        f"{type(strategy).__name__} never has the history it needs: {reason}; the data has {len(agenda.dates)} dates. "
        "Hint: a shorter estimation.window (or costs.impact.window, where it is set), or an earlier data.start."
    )
