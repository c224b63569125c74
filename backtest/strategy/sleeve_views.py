"""Views of a sleeve that has an estimator of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from backtest.errors import InsufficientHistory
from backtest.estimation.estimator import Estimator
from backtest.numerics.arrays import Floats, Ints
from backtest.strategy.decisions import equal_rows
from backtest.strategy.view import About, MarketView, MarketViews


@dataclass(frozen=True, eq=False)
class _Estimated(Sequence[MarketView]):
    """Consecutive views with other covariances, created on access.

    Args:
        views: the views.
        dates: positions of the dates in them.
        covariances: (m, k, k) covariances of these dates.
        columns: (k,) positions of the assets that have a covariance.
    """

    views: MarketViews
    dates: range
    covariances: Floats
    columns: Ints

    @overload
    def __getitem__(self, index: int) -> MarketView: ...
    @overload
    def __getitem__(self, index: slice) -> "_Estimated": ...
    def __getitem__(self, index: int | slice) -> "MarketView | _Estimated":
        if isinstance(index, slice):
            return _Estimated(self.views, self.dates[index], self.covariances[index], self.columns)
        return self.views[self.dates[index]].estimated(self.covariances[index], self.columns)

    def __len__(self) -> int:
        return len(self.dates)


def estimated_views(estimation: Estimator, views: MarketViews) -> Iterator[tuple[slice, Ints, MarketViews]]:
    """Yield stretches of dates with the covariance of another estimator, without the assets that it has none for.

    The covariance of a date is estimated from the history of its view; the last view contains the history of all.

    Yields:
        The dates, the positions of the assets, and the views.

    Raises:
        InsufficientHistory: on one of the dates no asset has a full window.
    """
    history = views[-1].excess_returns
    rows = history.index.get_indexer(views.as_of).tolist()
    covariances = estimation.covariances(history.to_numpy(), rows, views.periods_per_year)
    ready = np.isfinite(np.diagonal(covariances, axis1=1, axis2=2))
    for first, end in equal_rows(ready):
        columns = np.flatnonzero(ready[first])
        if not columns.size:
            raise InsufficientHistory(
                f"no covariance on {views.as_of[first]:%Y-%m-%d}: the window of {estimation.window} is not full yet",
                "estimation.window of the sleeve",
            )
        stack = np.ascontiguousarray(covariances[first:end, columns[:, None], columns])
        about = About(
            views.as_of[first:end],
            tuple(views.assets[i] for i in columns),
            views.universe,
            views.classes,
            views.periods_per_year,
        )
        part = _Estimated(views, range(first, end), stack, columns)
        yield slice(first, end), columns, MarketViews(part, stack, about)
