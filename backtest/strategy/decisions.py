"""Calls to a strategy: the views passed to it, and the target weights that it returns."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import overload

import numpy as np
import pandas as pd

from backtest.errors import (
    BacktestError,
    InsufficientHistory,
    NoOptimalPortfolio,
    NoRiskBudgetPortfolio,
    StrategyError,
)
from backtest.numerics.arrays import Bools, Floats
from backtest.own_code import described
from backtest.strategy.agreement import answers_together, ask_together, check_agreement, sampled_dates
from backtest.strategy.base import Strategy, aligned_weights, check_finite
from backtest.strategy.view import About, MarketView, MarketViews
from backtest.strategy.view_history import History


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Views of several rebalance dates: history, covariances, holdable assets and benchmark weights.

    Args:
        history: the arrays that views are cut from.
        rows: (m,) positions of the rebalance dates.
        covariances: (m, n, n) per period; NaN for assets without a full window.
        holdable: (m, n) True for assets that may be held.
        benchmark: function that returns the (m, k) target weights of the benchmark by `history.benchmark_assets`, NaN
            before its first; called only when they are read. None if the benchmark has no weights to read.
    """

    history: History
    rows: Sequence[int]
    covariances: Floats
    holdable: Bools
    benchmark: Callable[[], Floats] | None = None

    def part(self, dates: slice) -> "ViewBatch":
        """Return the batch of some of the dates."""
        return replace(
            self,
            rows=self.rows[dates],
            covariances=self.covariances[dates],
            holdable=self.holdable[dates],
            benchmark=self._benchmark_on(dates),
        )

    def view(self, k: int, current_weights: Floats | None = None) -> MarketView:
        """Return the view of the k-th date."""
        return MarketView.cut(
            self.history,
            self.rows[k],
            self.holdable[k],
            self.covariances[k],
            benchmark=self._benchmark_on(k),
            current_weights=current_weights,
        )

    def views(self, first: int, end: int) -> MarketViews:
        """Return the views of consecutive dates with the same holdable assets, each created on access."""
        held = np.flatnonzero(self.holdable[first])
        covariances = self.covariances[first:end]
        if held.size < self.holdable.shape[1]:
            # laid out date by date; otherwise the last bits of a date would depend on the number of dates
            covariances = covariances[np.ix_(np.arange(end - first), held, held)]
        about = About(
            self.history.dates[list(self.rows[first:end])],
            tuple(self.history.assets[i] for i in held),
            self.history.assets,
            self.history.classes,
            self.history.periods_per_year,
        )
        return MarketViews(
            _LazyViews(self, range(first, end)), covariances, about, self._benchmark_on(slice(first, end))
        )

    def _benchmark_on(self, dates: int | slice) -> Callable[[], Floats] | None:
        benchmark = self.benchmark
        return None if benchmark is None else lambda: benchmark()[dates]

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Yield first and end of each stretch of dates with the same holdable assets, if there are any assets."""
        for first, end in equal_rows(self.holdable):
            if self.holdable[first].any():
                yield first, end


def equal_rows(flags: Bools) -> Iterator[tuple[int, int]]:
    """Yield first and end of each stretch of equal rows.

    >>> list(equal_rows(np.array([[True, False], [True, False], [True, True]])))
    [(0, 2), (2, 3)]
    """
    changes = (flags[1:] != flags[:-1]).any(axis=1)
    cuts = [0, *(np.flatnonzero(changes) + 1).tolist(), len(flags)]
    yield from ((first, end) for first, end in pairwise(cuts) if end > first)


@dataclass(frozen=True)
class _LazyViews(Sequence[MarketView]):
    """Views created on access, because each owns a copy of its history, and all together would not fit into memory."""

    batch: ViewBatch
    dates: range

    @overload
    def __getitem__(self, index: int) -> MarketView: ...
    @overload
    def __getitem__(self, index: slice) -> "_LazyViews": ...
    def __getitem__(self, index: int | slice) -> "MarketView | _LazyViews":
        if isinstance(index, slice):
            return _LazyViews(self.batch, self.dates[index])
        return self.batch.view(self.dates[index])

    def __len__(self) -> int:
        return len(self.dates)


def answer(strategy: Strategy, batch: ViewBatch, k: int, current_weights: Floats | None = None) -> Floats:
    """Return the target weights of the k-th date, (n,) over all assets of the run; 0 for assets that may not be held.

    Raises:
        InsufficientHistory: the strategy lacks history on that date.
        StrategyError: the result is not a portfolio, or the settings do not fit the data.
    """
    weights = np.zeros(batch.holdable.shape[1])
    if batch.holdable[k].any():
        view = batch.view(k, current_weights if strategy.reads_current_weights else None)
        with _name_strategy_in_errors(strategy, view.as_of, view.assets):
            weights[batch.holdable[k]] = aligned_weights(strategy.target_weights(view), view)
    return weights


@contextmanager
def _name_strategy_in_errors(strategy: Strategy, as_of: pd.Timestamp, assets: tuple[str, ...]) -> Iterator[None]:
    """Add the strategy and the date to errors; add the line of the file to unexpected errors."""
    who = f"{type(strategy).__name__} on {as_of:%Y-%m-%d}"
    try:
        yield
    except (NoRiskBudgetPortfolio, NoOptimalPortfolio) as problem:
        raise StrategyError(f"{who}: {name_assets(problem, assets)}") from problem
    except InsufficientHistory:
        raise
    except StrategyError as problem:
        raise StrategyError(f"{who}: {problem}") from problem
    except BacktestError:
        raise
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as problem:  # any error in a strategy is for the user to fix, sys.exit too
        own = getattr(sys.modules.get(type(strategy).__module__), "__file__", None)
        raise StrategyError(described(problem, f"{who}: ", own)) from problem


def name_assets(problem: NoRiskBudgetPortfolio | NoOptimalPortfolio, assets: Sequence[str]) -> str:
    """Return the message of a solver with the names of assets in place of their positions, without the date's position.

    >>> name_assets(NoOptimalPortfolio("covariance[3]: the variance of asset 1 is 0"), ["spx", "bills"])
    'covariance: the variance of bills is 0'
    """
    names = {f"asset {i}": name for i, name in enumerate(assets)}  # a matrix of the strategy may have more assets
    named = re.sub(r"\basset \d+", lambda match: names.get(match[0], match[0]), str(problem))
    return re.sub(r"^covariance\[\d+\]", "covariance", named)  # the date is named elsewhere


def answers(strategy: Strategy, batch: ViewBatch) -> Floats:
    """Return the target weights on all dates, (m, n) over all assets of the run.

    Consecutive dates with the same holdable assets are passed together. The result of a strategy's own
    `target_weights_many` is checked on some of these dates, including the first and the last of each stretch. The
    weights for comparison are computed first.

    Raises:
        InsufficientHistory: the strategy lacks history on one of the dates.
        StrategyError: the result is not a portfolio, or differs from `target_weights`.
    """
    weights = np.zeros(batch.holdable.shape)
    sampled = sampled_dates(len(batch.rows)) if answers_together(strategy) else []
    for first, end in batch.stretches():
        views = batch.views(first, end)
        inside = {0, end - first - 1, *(k - first for k in sampled if first <= k < end)} if sampled else ()
        try:
            apart = {k: _ask_alone(strategy, views[k]) for k in sorted(inside)}  # before any later view is shown
        except StrategyError:
            _ask_checked(strategy, views)  # reports the first date that fails, which may be an earlier one
            raise
        together = _ask_checked(strategy, views)
        for k, weights_apart in apart.items():
            with _name_strategy_in_errors(strategy, views.as_of[k], views.assets):
                check_agreement(views, together[k], *weights_apart)
        weights[first:end, batch.holdable[first]] = together
    return weights


def _ask_alone(strategy: Strategy, view: MarketView) -> tuple[Floats, Floats]:
    """Return the (n,) weights of one date by `target_weights`, and by a stack that ends with its view."""
    with _name_strategy_in_errors(strategy, view.as_of, view.assets):
        alone = aligned_weights(strategy.target_weights(view), view)
    return alone, _ask_checked(strategy, MarketViews([view]))[-1]


def _ask_checked(strategy: Strategy, views: MarketViews) -> Floats:
    try:
        with _name_strategy_in_errors(strategy, views.as_of[0], views.assets):
            values = ask_together(strategy, views)
    except InsufficientHistory:
        raise
    except StrategyError:
        for view in views if len(views) > 1 else ():  # find the date that failed
            _ask_checked(strategy, MarketViews([view]))
        raise
    for k in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1]:
        with _name_strategy_in_errors(strategy, views.as_of[k], views.assets):
            check_finite(values[k], views[k])
    return values
