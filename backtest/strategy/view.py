"""`MarketView`: the market as it could be known at one close, and nothing after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.errors import InsufficientHistory, StrategyError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """The arrays that views are cut from, T dates and n assets. Held by the run, never by a strategy.

    Args:
        dates: (T,) known in advance, like a calendar.
        assets: the n assets.
        prices: (T, n) total-return levels.
        returns: (T, n) decimal per period.
        cash_returns: (T,) decimal per period.
        classes: asset class by asset.
        periods_per_year: of the dates.
        benchmark_assets: what the benchmark's target weights are of.
    """

    dates: pd.DatetimeIndex
    assets: tuple[str, ...]
    prices: Array
    returns: Array
    cash_returns: Array
    classes: Mapping[str, str]
    periods_per_year: int
    benchmark_assets: tuple[str, ...] = ()


class MarketView:
    """What a strategy is shown at a rebalance date: history up to and including that close, read-only.

    Everything handed out is made on demand from arrays that end at `as_of`; pandas objects are copies of that part, so
    nothing in them leads to later values.

    Attributes:
        assets: the n assets that may be held now, in the order of the data.
        universe: every asset of the run, those that may not be held now included.
        classes: asset class of every asset of the universe that has one.
        periods_per_year: 252, 365, 52, 12, 4 or 1.
    """

    def __init__(
        self,
        history: History,
        row: int,
        columns: NDArray[np.intp] | None,
        covariance: Array,
        *,
        benchmark: Array | None = None,
        current_weights: Array | None = None,
    ) -> None:
        self.universe = history.assets
        self.classes: Mapping[str, str] = MappingProxyType(dict(history.classes))
        self.periods_per_year = history.periods_per_year
        self.assets = history.assets if columns is None else tuple(history.assets[i] for i in columns)
        self._columns = columns
        self._calendar, self._row = history.dates, row  # dates are known in advance
        self._prices = history.prices[: row + 1]
        self._returns = history.returns[: row + 1]
        self._cash_returns = history.cash_returns[: row + 1]
        self._covariance = covariance
        self._benchmark, self._benchmark_assets = benchmark, history.benchmark_assets
        self._current_weights = current_weights

    @cached_property
    def as_of(self) -> pd.Timestamp:
        """The rebalance date."""
        return self._calendar[self._row]

    @cached_property
    def _dates(self) -> pd.DatetimeIndex:
        return self._calendar[: self._row + 1]

    def _frame(self, values: Array) -> pd.DataFrame:
        values = np.array(values if self._columns is None else values[:, self._columns])
        values.flags.writeable = False
        return pd.DataFrame(values, index=self._dates, columns=list(self.assets), copy=False)

    def _series(self, values: Array, index: "Sequence[str] | pd.DatetimeIndex") -> pd.Series:
        values = np.array(values)
        values.flags.writeable = False
        return pd.Series(values, index=index if isinstance(index, pd.DatetimeIndex) else list(index), copy=False)

    @cached_property
    def prices(self) -> pd.DataFrame:
        """(t, n) total-return levels up to `as_of`; NaN before an asset's first price."""
        return self._frame(self._prices)

    @cached_property
    def returns(self) -> pd.DataFrame:
        """(t, n) simple returns, decimal per period; NaN where there is none, the first row of prices among them."""
        return self._frame(self._returns)

    @cached_property
    def excess_returns(self) -> pd.DataFrame:
        """(t, n) returns less cash returns, decimal per period."""
        return self._frame(self._returns - self._cash_returns[:, None])

    @cached_property
    def cash_returns(self) -> pd.Series:
        """(t,) return on cash, decimal per period."""
        return self._series(self._cash_returns, self._dates)

    @cached_property
    def covariance(self) -> pd.DataFrame:
        """(n, n) the run's estimate for excess returns, decimal² per period, never annualised.

        Raises:
            InsufficientHistory: the estimation window is not full yet; the run begins later.
        """
        if not np.isfinite(self._covariance).all():
            raise InsufficientHistory(f"no covariance on {self.as_of:%Y-%m-%d}: the estimation window is not full yet")
        values = self._covariance.copy()
        values.flags.writeable = False
        return pd.DataFrame(values, index=list(self.assets), columns=list(self.assets), copy=False)

    @cached_property
    def volatility(self) -> pd.Series:
        """(n,) sqrt(periods_per_year × diag(covariance)), decimal per year.

        Raises:
            InsufficientHistory: the estimation window is not full yet.
        """
        variances = np.diag(self.covariance.to_numpy())
        return self._series(np.sqrt(self.periods_per_year * variances), self.assets)

    @property
    def current_weights(self) -> pd.Series:
        """(n,) weights at this close before any trade decided now; fractions of NAV, 0 where nothing is held.

        Raises:
            StrategyError: the strategy has not declared that it reads them.
        """
        if self._current_weights is None:
            raise StrategyError(
                "current_weights are only kept for a strategy that says it reads them. "
                "Hint: put `reads_current_weights: ClassVar[bool] = True` into its class."
            )
        return self._series(self._current_weights, self.assets)

    @property
    def benchmark_target_weights(self) -> pd.Series:
        """Target weights of the run's benchmark at this date, by asset; fractions of its NAV.

        Raises:
            StrategyError: the run has no benchmark, or one that reads its current weights.
            InsufficientHistory: the benchmark has none yet.
        """
        if self._benchmark is None:
            raise StrategyError(
                "this strategy follows a benchmark, and the run has none, or one that reads its own current weights. "
                "Hint: set `benchmark:` to one that states its targets."
            )
        if np.isnan(self._benchmark).any():
            raise InsufficientHistory(f"the benchmark has no target weights on {self.as_of:%Y-%m-%d} yet")
        return self._series(self._benchmark, self._benchmark_assets)


class MarketViews(Sequence[MarketView]):
    """Views of several rebalance dates with the same assets: what `target_weights_many` is given.

    Attributes:
        assets: the n assets of all these views.
        covariance: (m, n, n) decimal² per period.
        periods_per_year: as in `MarketView`.
        classes: as in `MarketView`.
    """

    def __init__(self, views: Sequence[MarketView]) -> None:
        self._views = views
        self.assets = views[0].assets
        self.classes = views[0].classes
        self.periods_per_year = views[0].periods_per_year

    @overload
    def __getitem__(self, index: int) -> MarketView: ...
    @overload
    def __getitem__(self, index: slice) -> "MarketViews": ...
    def __getitem__(self, index: int | slice) -> "MarketView | MarketViews":
        if isinstance(index, slice):
            return MarketViews(self._views[index])
        return self._views[index]

    def __len__(self) -> int:
        return len(self._views)

    @cached_property
    def covariance(self) -> Array:
        """(m, n, n) the covariances of all views, decimal² per period."""
        stack = np.stack([view._covariance for view in self._views])  # noqa: SLF001 - the frames around them cost more than the work
        if not np.isfinite(stack).all():
            raise InsufficientHistory("the estimation window is not full on all of these dates")
        return stack
