"""`Agenda`: the rebalance dates of a run, processed in batches."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from backtest.errors import InsufficientHistory
from backtest.strategy.base import Strategy
from backtest.strategy.decisions import ViewBatch, answer
from backtest.strategy.scaling import Scaling

_ELEMENTS = 2**24  # elements of the covariances in memory at a time: 128 MB, 67 dates of 500 assets


class Agenda:
    """Views for all rebalance dates, in slices of dates if the covariances of all dates would not fit into memory.

    Slices are cut by position in the data, so that a covariance is always estimated together with the same earlier
    dates, wherever the run begins and the data ends. If possible they are cut at whole windows, because estimators
    share sums of overlapping windows. The last slice is kept.

    Args:
        dates: dates of the data.
        rows: (m,) positions of the rebalance dates among them.
        ask: function that returns the views for some of these rows.
        count: number of assets.
        window: window of the estimator, in rows.
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
        """Return the slice that contains the k-th date, and the date's position in it."""
        number = bisect_right(self._begins, k) - 1
        return self._slice(number), k - self._begins[number]

    def slices(self, first: int, end: int) -> Iterator[ViewBatch]:
        """Yield the dates first..end - 1 in order, slice after slice."""
        inside = [begin for begin in self._begins if first < begin < end]
        for begin, after in pairwise([first, *inside, end] if first < end else []):
            yield self._part(begin, after)  # without a reference to it, so that it is freed before the next one

    def forget(self) -> None:
        """Free the covariances of the last slice; they are estimated again when a date is asked for."""
        self._kept = None

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
    """Return the positions at which slices of at most `most` dates begin: at the end of a window, once half full.

    Later dates do not move the cuts before them. Estimators share sums within slices, and results must be bit-for-bit
    independent of later data.

    >>> _slice_starts([3, 7, 12, 14, 16, 18, 31], 3, 10), _slice_starts([3, 7, 12, 14, 16, 18, 31], 7, 10)
    ([0, 2, 5], [0, 6])
    """
    begins = [0]
    for k in range(1, len(rows)):
        dates = k - begins[-1]
        if dates == most or (2 * dates >= most and rows[k] // window != rows[k - 1] // window):
            begins.append(k)
    return begins


def first_answer(
    strategy: Strategy,
    agenda: Agenda,
    scaling: Scaling | None = None,
    *,
    least: int = 0,
    windows: Sequence[str] = ("estimation.window",),
    begin: int = 0,
) -> int:
    """Return the position of the first rebalance date on which the strategy and its scaling have enough history.

    A strategy that reads current weights is shown an empty portfolio.

    Args:
        strategy: the strategy.
        agenda: the rebalance dates.
        scaling: scaling of the strategy's weights.
        least: number of assets that must be holdable.
        windows: settings that decide when an asset is holdable, for the hint.
        begin: position of the first date to try.

    Raises:
        InsufficientHistory: no date has enough history.
    """
    reason, window = "there is no rebalance date", ""
    for k in range(begin, len(agenda.rows)):
        batch, at = agenda.at(k)
        holdable = batch.holdable[at]
        if holdable.sum() < least:
            lacking = [name for name, ready in zip(batch.history.assets, holdable, strict=True) if not ready]
            more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
            reason = (
                f"on {agenda.dates[agenda.rows[k]]:%Y-%m-%d} {holdable.sum()} of {holdable.size} assets have a full "
                f"window, expected {least}; without a full window: {', '.join(lacking[:5])}{more}"
            )
            window = ""
            continue
        try:
            answered = answer(strategy, batch, at, np.zeros(holdable.size))
            if scaling is not None:
                scaling.multiples(answered[None], batch.part(slice(at, at + 1)))
        except InsufficientHistory as problem:
            reason, window = str(problem), problem.window
        else:
            return k
    raise InsufficientHistory(
        f"{type(strategy).__name__} never has the history it needs: {reason}; the data has {len(agenda.dates)} dates. "
        f"Hint: a shorter {window or ' or '.join(windows)}, or an earlier data.start."
    )
