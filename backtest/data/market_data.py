"""`MarketData`: total-return prices, returns and cash on the dates of a run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.numerics.arrays import Bools, Ints


@dataclass(frozen=True)
class Origin:
    """Origin of a series of a run.

    Args:
        name: name in the run.
        source: name of the source.
        symbol: symbol at the source.
        first: its first date at the source, ISO.
        last: its last date at the source, ISO.
        values: number of its values at the source.
        meaning: meaning of the values, such as a total-return level, returns or a quoted rate.
    """

    name: str
    source: str
    symbol: str
    first: str
    last: str
    values: int
    meaning: str


@dataclass(frozen=True, eq=False, repr=False)
class MarketData:
    """Aligned market history of a run.

    Args:
        prices: (T, n) total-return levels at the close, any positive scale; NaN where an asset has no price (only
            before its first or after its last price).
        returns: (T, n) simple returns, decimal per period, labelled by the end of the period; NaN where there is
            no return, as at the first price of an asset.
        cash_returns: (T,) return on cash over the same periods; the first may be NaN.
        classes: class by asset, without assets that have no class.
        periods_per_year: periods per year of the dates, one of `frequencies.FREQUENCIES` unless the settings state
            another.
        notes: caveats for the report (averaged yields, spot prices, months relabelled).
        warnings: findings in the data that the user should review.
        origins: origin of each series.
        loan_returns: (T,) cost of a loan over the same periods, before its spread; None if loans cost the cash return.
        consumer_prices: an index above 0, one value a month dated at its end, from before the first date on; None if
            the run has no index.
        opens: (T, n) total-return levels at the open, on the scale of `prices`; NaN = no open. None if the run needs no
            opens.
        volumes: (T, n) value traded on each date, in the currency of the run; NaN = not known. None if the run needs no
            volumes.
        spot: assets with spot prices, which are not futures and cannot be held as they are.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        >>> prices = pd.DataFrame({"a": [100.0, 110.0, 99.0]}, index=dates)
        >>> data = MarketData(prices, prices.pct_change(), pd.Series(0.01, index=dates), {}, 12)
        >>> data.excess_returns["a"].round(4).tolist()
        [nan, 0.09, -0.11]
    """

    prices: pd.DataFrame
    returns: pd.DataFrame
    cash_returns: pd.Series
    classes: Mapping[str, str]
    periods_per_year: int
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    origins: tuple[Origin, ...] = field(default=())
    loan_returns: pd.Series | None = field(default=None)
    consumer_prices: pd.Series | None = field(default=None)
    opens: pd.DataFrame | None = field(default=None)
    volumes: pd.DataFrame | None = field(default=None)
    spot: frozenset[str] = field(default=frozenset())

    def __repr__(self) -> str:
        first, last = self.dates[0], self.dates[-1]
        return f"<MarketData {', '.join(self.assets)}, {first:%Y-%m-%d} to {last:%Y-%m-%d}>"

    @cached_property
    def dates(self) -> pd.DatetimeIndex:
        """Return the T dates, strictly rising."""
        return pd.DatetimeIndex(self.prices.index)

    @cached_property
    def assets(self) -> tuple[str, ...]:
        """Return the n assets, in the order of the configuration."""
        return tuple(self.prices.columns)

    @cached_property
    def excess_returns(self) -> pd.DataFrame:
        """Return (T, n) returns less cash returns, decimal per period; NaN where either is NaN."""
        excess = self.returns.to_numpy() - self.cash_returns.to_numpy()[:, None]
        return pd.DataFrame(excess, index=self.returns.index, columns=self.returns.columns)

    @cached_property
    def days(self) -> Ints:
        """Return (T,) calendar days since the previous date; 0 for the first date."""
        return days_between(self.dates)

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of dates, names, prices, returns, cash and optional series, as little-endian bytes."""
        digest = hashlib.sha256()
        digest.update(self.dates.to_numpy().astype("datetime64[D]").astype("<i8").tobytes())
        digest.update("\0".join(self.assets).encode())
        for values in (self.prices, self.returns, self.cash_returns):
            digest.update(np.ascontiguousarray(values.to_numpy(dtype="<f8")).data)
        for name in ("loan_returns", "consumer_prices", "opens", "volumes"):
            optional = getattr(self, name)
            if optional is not None:
                digest.update(name.encode())
                digest.update(
                    pd.DatetimeIndex(optional.index).to_numpy().astype("datetime64[D]").astype("<i8").tobytes()
                )
                digest.update(np.ascontiguousarray(optional.to_numpy(dtype="<f8")).data)
        return digest.hexdigest()

    def on(self, dates: pd.DatetimeIndex) -> "MarketData":
        """Return the same history on some of its dates; returns are compounded over the dates left out.

        Args:
            dates: among `self.dates`, rising. The first return is kept if no earlier date is left out, else it is NaN.
        """
        rows = self.dates.get_indexer(dates)
        follows = np.diff(rows, prepend=-1) == 1  # nothing is left out just before
        returns = self.prices.iloc[rows].pct_change(fill_method=None)
        returns[follows] = self.returns.iloc[rows][follows]
        index = self.consumer_prices
        return replace(
            self,
            prices=self.prices.iloc[rows],
            returns=returns,
            cash_returns=_compound(self.cash_returns, rows, follows),
            loan_returns=None if self.loan_returns is None else _compound(self.loan_returns, rows, follows),
            consumer_prices=None if index is None else index[index.index <= dates[-1]],
            opens=None if self.opens is None else self.opens.iloc[rows],
            volumes=None if self.volumes is None else self.volumes.iloc[rows],
        )


def _compound(returns: pd.Series, rows: NDArray[np.intp], follows: Bools) -> pd.Series:
    """Return returns on some of their rows, compounded over the rows left out before each of them."""
    growth = (1 + returns.fillna(0.0)).cumprod()  # the first has nothing before it
    return growth.iloc[rows].pct_change().where(~follows, returns.iloc[rows])


def days_between(dates: pd.DatetimeIndex) -> Ints:
    """Return (T,) calendar days since the previous date, 0 for the first of T dates.

    >>> days_between(pd.DatetimeIndex(["2020-01-31", "2020-02-29"])).tolist()
    [0, 29]
    """
    numbers = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.diff(numbers, prepend=numbers[:1])
