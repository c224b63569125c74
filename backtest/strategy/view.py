"""`MarketView`: the market as known at one close, without anything later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple, overload

import numpy as np
import pandas as pd

from backtest.errors import InsufficientHistory, StrategyError
from backtest.estimation.estimator import window_rows
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.strategy.view_history import History


@dataclass(frozen=True, eq=False, repr=False)
class MarketView:
    """Read-only market history shown to a strategy at a rebalance date, up to and including that close.

    It owns a copy of the arrays up to that close, so it contains no later values; only dates are known in advance. The
    benchmark's weights are computed when they are first read. Each access to a table creates it again: store the table
    in a variable if you use it repeatedly.

    Attributes:
        as_of: the rebalance date.
        assets: the n assets that may be held now, in the order of the data.
        universe: every asset of the run, including assets that may not be held now.
        classes: asset class of every asset of the universe that has one.
        periods_per_year: number of periods in a year, one of `frequencies.FREQUENCIES` unless the settings state
            another.
    """

    as_of: pd.Timestamp
    assets: tuple[str, ...]
    universe: tuple[str, ...]
    classes: Mapping[str, str]
    periods_per_year: int
    _dates: pd.DatetimeIndex
    _prices: Floats
    _returns: Floats
    _cash_returns: Floats
    _covariance: Floats
    _benchmark: Callable[[], Floats] | None
    _benchmark_assets: tuple[str, ...]
    _current_weights: Floats | None

    @classmethod
    def cut(
        cls,
        history: History,
        row: int,
        holdable: Bools,
        covariance: Floats,
        *,
        benchmark: Callable[[], Floats] | None = None,
        current_weights: Floats | None = None,
    ) -> "MarketView":
        """Return the view of one row.

        Args:
            history: the arrays.
            row: position of the date.
            holdable: (n,) True for assets of the universe that may be held.
            covariance: (n, n) covariance of the universe.
            benchmark: function that returns the (k,) target weights of the benchmark.
            current_weights: (n,) current weights of the universe.
        """
        columns = np.flatnonzero(holdable)
        whole = columns.size == len(history.assets)
        past = slice(row + 1)
        return cls(
            as_of=history.dates[row],
            assets=history.assets if whole else tuple(history.assets[i] for i in columns),
            universe=history.assets,
            classes=history.classes,
            periods_per_year=history.periods_per_year,
            _dates=history.dates,
            _prices=_owned(history.prices[past] if whole else history.prices[past, columns]),
            _returns=_owned(history.returns[past] if whole else history.returns[past, columns]),
            _cash_returns=_owned(history.cash_returns[past]),
            _covariance=_owned(covariance if whole else covariance[np.ix_(columns, columns)]),
            _benchmark=benchmark,
            _benchmark_assets=history.benchmark_assets,
            _current_weights=None if current_weights is None else _owned(current_weights[columns]),
        )

    def estimated(self, covariance: Floats, columns: Ints) -> "MarketView":
        """Return the view of some of its assets, with another covariance.

        Args:
            covariance: (k, k) covariance of these assets.
            columns: (k,) positions of these assets.
        """
        return replace(
            self,
            assets=tuple(self.assets[i] for i in columns),
            _prices=_owned(self._prices[:, columns]),
            _returns=_owned(self._returns[:, columns]),
            _covariance=_owned(covariance),
        )

    def __repr__(self) -> str:
        return f"<MarketView of {', '.join(self.assets)} on {self.as_of:%Y-%m-%d}>"

    def _frame(self, values: Floats) -> pd.DataFrame:
        return pd.DataFrame(values, index=self._past, columns=index_of(self.assets), copy=False)

    @property
    def _past(self) -> pd.DatetimeIndex:
        return self._dates[: len(self._cash_returns)]

    @property
    def _today(self) -> pd.DatetimeIndex:
        return self._dates[len(self._cash_returns) - 1 : len(self._cash_returns)]

    @property
    def prices(self) -> pd.DataFrame:
        """(t, n) total-return levels up to `as_of`; NaN before an asset's first price."""
        return self._frame(self._prices)

    @property
    def returns(self) -> pd.DataFrame:
        """(t, n) simple returns, decimal per period; NaN if a price is missing, and in the first row of prices."""
        return self._frame(self._returns)

    @property
    def excess_returns(self) -> pd.DataFrame:
        """(t, n) returns less cash returns, decimal per period."""
        return self._frame(_owned(self._returns - self._cash_returns[:, None]))

    @property
    def cash_returns(self) -> pd.Series:
        """(t,) returns on cash, decimal per period."""
        return pd.Series(self._cash_returns, index=self._past, copy=False)

    def last(self, window: int | str) -> "MarketView":
        """Return the same view with the last periods alone, each with a return of every asset that may be held now.

        Args:
            window: number of periods, or a length such as `3Y`, `6M` or `252D` (rows), as in `estimation.window`.

        Raises:
            InsufficientHistory: there are fewer periods; the run begins later.
            StrategyError: the window is not one.

        Example:
            >>> import backtest as bt
            >>> class Momentum(bt.Strategy):
            ...     def target_weights(self, view):
            ...         growth = (1 + view.last("1Y").returns).prod()
            ...         return {growth.idxmax(): 1.0}
            >>> bt.run("configs/erc.yaml", {"strategy": Momentum}).target_weights.index[0].date()
            datetime.date(1987, 1, 31)
        """
        try:
            rows = window_rows(window, self.periods_per_year)
        except (TypeError, ValueError) as problem:
            raise StrategyError(f"view.last: {problem}") from None
        if rows < 1:
            raise StrategyError(f"view.last: got {window!r}, expected one period or more")
        lacking = np.flatnonzero(np.isnan(self._returns).any(axis=1))
        known = len(self._returns) - (lacking[-1] + 1 if lacking.size else 0)
        if known < rows:
            raise InsufficientHistory(
                f"{known} periods with all returns up to {self.as_of:%Y-%m-%d}, expected {rows} ({window})", "view.last"
            )
        return replace(
            self,
            _dates=self._past[-rows:],
            _prices=_owned(self._prices[-rows:]),
            _returns=_owned(self._returns[-rows:]),
            _cash_returns=_owned(self._cash_returns[-rows:]),
        )

    @property
    def covariance(self) -> pd.DataFrame:
        """(n, n) covariance of excess returns by the run's estimator, decimal² per period, not annualised.

        Raises:
            InsufficientHistory: the estimation window is not full yet; the run begins later.
        """
        if not np.isfinite(self._covariance).all():
            raise InsufficientHistory(f"no covariance on {self.as_of:%Y-%m-%d}: the estimation window is not full yet")
        return pd.DataFrame(self._covariance, index=index_of(self.assets), columns=index_of(self.assets), copy=False)

    @property
    def volatility(self) -> pd.Series:
        """(n,) sqrt(periods_per_year × diag(covariance)), decimal per year.

        Raises:
            InsufficientHistory: the estimation window is not full yet.
        """
        variances = np.diag(self.covariance.to_numpy())
        return pd.Series(_owned(np.sqrt(self.periods_per_year * variances)), index=index_of(self.assets), copy=False)

    @property
    def current_weights(self) -> pd.Series:
        """(n,) weights at this close, before any trade decided now; fractions of NAV, 0 for assets that are not held.

        Raises:
            StrategyError: the strategy has not declared that it reads them.
        """
        if self._current_weights is None:
            raise StrategyError(
                "current_weights are only kept for a strategy that declares that it reads them. "
                "Hint: put `reads_current_weights: ClassVar[bool] = True` into its class."
            )
        return pd.Series(self._current_weights, index=index_of(self.assets), copy=False)

    @property
    def benchmark_target_weights(self) -> pd.Series:
        """Target weights of the run's benchmark at this date, by asset; fractions of its NAV.

        Raises:
            StrategyError: the run has no benchmark, or the benchmark reads its current weights or its NAV.
            InsufficientHistory: the benchmark has no target weights yet.
        """
        if self._benchmark is None:
            raise StrategyError(
                "this strategy needs a benchmark with explicit target weights; the run has no benchmark, or its "
                "targets depend on its own holdings. Hint: set `benchmark:` to a configuration with explicit targets."
            )
        weights = _owned(self._benchmark())
        if np.isnan(weights).any():
            raise InsufficientHistory(f"the benchmark has no target weights on {self.as_of:%Y-%m-%d} yet")
        return pd.Series(weights, index=index_of(self._benchmark_assets), copy=False)


class About(NamedTuple):
    """Common attributes of views of several rebalance dates, and their dates."""

    as_of: pd.DatetimeIndex
    assets: tuple[str, ...]
    universe: tuple[str, ...]
    classes: Mapping[str, str]
    periods_per_year: int


class MarketViews(Sequence[MarketView]):
    """Views of several rebalance dates with the same assets, as passed to `target_weights_many`.

    Args:
        views: one or more views with the same assets; the sequence may create them on access.
        covariance: (m, n, n) covariances of all views, if they are available as one array.
        about: attributes of the views, if they are available without creating a view.
        benchmark: function that returns the (m, k) target weights of the benchmark.

    Attributes:
        as_of: the m rebalance dates.
        assets: the n assets of all these views.
        classes: as in `MarketView`.
        universe: as in `MarketView`.
        periods_per_year: as in `MarketView`.
    """

    def __init__(
        self,
        views: Sequence[MarketView],
        covariance: Floats | None = None,
        about: About | None = None,
        benchmark: Callable[[], Floats] | None = None,
    ) -> None:
        self._views, self._covariance, self._benchmark = views, covariance, benchmark
        if about is None:
            first = views[0]
            dates = first._today if len(views) == 1 else pd.DatetimeIndex([view.as_of for view in views])  # noqa: SLF001
            about = About(dates, first.assets, first.universe, first.classes, first.periods_per_year)
        self.as_of, self.assets, self.universe, self.classes, self.periods_per_year = about

    @overload
    def __getitem__(self, index: int) -> MarketView: ...
    @overload
    def __getitem__(self, index: slice) -> "MarketViews": ...
    def __getitem__(self, index: int | slice) -> "MarketView | MarketViews":
        if isinstance(index, slice):
            return MarketViews([self._views[i] for i in range(*index.indices(len(self)))])
        return self._views[index]

    def __len__(self) -> int:
        return len(self._views)

    @cached_property
    def covariance(self) -> Floats:
        """(m, n, n) covariances of all views, decimal² per period, read-only.

        Raises:
            InsufficientHistory: the estimation window is not full on all of these dates.
        """
        stack = self._covariance
        if stack is None:
            stack = np.stack([view._covariance for view in self._views])  # noqa: SLF001 - the frames cost more
        if not np.isfinite(
            np.diagonal(stack, axis1=1, axis2=2)
        ).all():  # the variance of an asset without a full window is NaN
            raise InsufficientHistory("the estimation window is not full on all of these dates")
        stack = stack[:]  # a view: a copy would fill the memory
        stack.flags.writeable = False
        return stack

    @property
    def benchmark_target_weights(self) -> Floats:
        """(m, n) target weights of the run's benchmark on these dates, by `assets`; fractions of its NAV.

        Raises:
            StrategyError: see `MarketView`; also if the benchmark holds assets that are not among `assets`.
            InsufficientHistory: the benchmark has no target weights yet.
        """
        first, stack = self[0].benchmark_target_weights, None if self._benchmark is None else self._benchmark()
        if stack is None or np.isnan(stack).any():
            stack = np.stack([view.benchmark_target_weights.to_numpy() for view in self])
        names = list(first.index)
        unknown = [names[i] for i in np.flatnonzero(stack.any(axis=0)) if names[i] not in self.assets]
        if unknown:
            raise StrategyError(
                f"the benchmark holds {', '.join(unknown)}, whose risk is unknown to this run on that date. "
                "Hint: add it to data.assets, or give target_volatility as a number."
            )
        weights = np.zeros((len(self), len(self.assets)))
        for i, name in enumerate(self.assets):
            if name in names:
                weights[:, i] = stack[:, names.index(name)]
        return weights


def index_of(names: tuple[str, ...]) -> pd.Index:
    """Return an index of names. Indices of the same names share their values, because creating the values is slow."""
    return _values_of(names).view()


@lru_cache(maxsize=64)
def _values_of(names: tuple[str, ...]) -> pd.Index:
    return pd.Index(list(names))


def _owned(values: Floats) -> Floats:
    """Return a read-only copy that shares no memory."""
    values = np.array(values)
    values.flags.writeable = False
    return values
