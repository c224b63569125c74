"""`Agenda`: all rebalance dates of a run, some at a time."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from backtest.errors import InsufficientHistory
from backtest.strategy.base import Strategy
from backtest.strategy.decisions import Questions, answer

_ELEMENTS = 2**24  # of the covariances that are there at a time: 128 MB, 67 dates of 500 assets


class Agenda:
    """The questions of all rebalance dates, a slice of dates at a time: all covariances together may fill the memory.

    Slices are cut by position from the first rebalance date of the data on, so that a covariance is estimated along
    with the same dates wherever a run begins and its data ends. The slice last asked for is kept.

    Args:
        dates: of the data.
        rows: (m,) positions of the rebalance dates among them.
        ask: what is known on some of these rows.
        count: assets.
    """

    def __init__(
        self, dates: pd.DatetimeIndex, rows: Sequence[int], ask: Callable[[Sequence[int]], Questions], count: int
    ) -> None:
        self.dates, self.rows = dates, rows
        self._ask, self._size = ask, max(1, _ELEMENTS // count**2)
        self._kept: tuple[int, Questions] | None = None

    def at(self, k: int) -> tuple[Questions, int]:
        """The slice that holds the k-th date, and its position there."""
        return self._slice(k // self._size), k % self._size

    def since(self, first: int, end: int) -> Iterator[Questions]:
        """The dates from `first` to before `end`, in order, slice after slice."""
        while first < end:
            after = min(end, (first // self._size + 1) * self._size)
            yield self._part(first, after)  # and keeps none itself, so that a slice goes before the next one comes
            first = after

    def _part(self, first: int, end: int) -> Questions:
        questions, at = self.at(first)
        return questions.part(slice(at, at + end - first))

    def _slice(self, number: int) -> Questions:
        if self._kept is None or self._kept[0] != number:
            self._kept = None
            begin = number * self._size
            self._kept = number, self._ask(self.rows[begin : begin + self._size])
        return self._kept[1]


def first_answer(strategy: Strategy, agenda: Agenda) -> int:
    """Position among all rebalance dates of the first on which the strategy has what it needs.

    A strategy whose settings read current weights is asked with none held.

    Raises:
        InsufficientHistory: there is no such date.
    """
    reason = "there is no rebalance date"
    for k in range(len(agenda.rows)):
        questions, at = agenda.at(k)
        holdable = questions.holdable[at]
        if holdable.sum() < min(2, holdable.size):
            reason = f"on {agenda.dates[agenda.rows[k]]:%Y-%m-%d} fewer than two assets have a full window"
            continue
        try:
            answer(strategy, questions, at, np.zeros(holdable.size))
        except InsufficientHistory as problem:
            reason = str(problem)
        else:
            return k
    raise InsufficientHistory(
        f"{type(strategy).__name__} never has the history it needs: {reason}; the data has {len(agenda.dates)} dates. "
        "Hint: a shorter estimation.window, or an earlier data.start."
    )
