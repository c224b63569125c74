"""`MarketData`: total-return prices, returns and cash on the dates of a run, and `load`, which builds it in steps."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from backtest.data.cache.fetch import Access
from backtest.data.data_settings import DataSettings
from backtest.data.dates.spacing import days_between
from backtest.data.fetch_series import access_for, fetch
from backtest.data.given_frame import table_of
from backtest.data.preparation import locate
from backtest.data.prepare.alignment import align
from backtest.data.prepare.build_market import build
from backtest.data.prepare.conversion import convert
from backtest.data.prepare.excluded_dates import exclude
from backtest.data.prepare.levels import to_levels
from backtest.data.prepare.quotes import Quote
from backtest.data.prepare.splicing import splice
from backtest.data.prepare.tables_by_file import tabulate
from backtest.data.quality.checks import check
from backtest.data.raw_series import COLUMNS, Kind, RawSeries
from backtest.data.series_origin import Origin
from backtest.data.sources.memory import MEMORY
from backtest.errors import DataError
from backtest.numerics.arrays import Bools, Ints


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
        quotes: quoted price of each asset that has one.
        settings: the `data:` section that it was built from; None if it was built by hand.

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
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    settings: DataSettings | None = field(default=None)

    @classmethod
    def from_prices(
        cls,
        prices: Any,
        *,
        cash: float | str | pd.Series,
        classes: Mapping[str, str] | None = None,
        currency: str = "USD",
        periods_per_year: int | None = None,
        ragged: bool = False,
    ) -> "MarketData":
        """Return the market data of total-return prices in memory, checked as a file of prices is.

        Args:
            prices: (T, n) levels with dividends reinvested, in any frame with dates: see `given_frame.table_of`.
            cash: rate of cash, decimal per year; a column of the prices; or a Series of levels of its own.
            classes: class of each asset that has one.
            currency: currency of the prices, an ISO code.
            periods_per_year: overrides the number inferred from the dates.
            ragged: let assets join and leave; otherwise the dates are those on which all have a price.

        Raises:
            DataError: the prices cannot be used.

        Example:
            >>> dates = pd.date_range("2020-01-31", periods=36, freq="ME")
            >>> prices = pd.DataFrame({"SPY": 1.01 ** np.arange(36), "TLT": 1.002 ** np.arange(36)}, index=dates)
            >>> MarketData.from_prices(prices, cash=0.02, classes={"SPY": "equities", "TLT": "bonds"})
            <MarketData SPY, TLT, 2020-01-31 to 2022-12-31>
        """
        return _in_memory(
            "levels", prices, cash, {"classes": classes, "currency": currency, "periods_per_year": periods_per_year,
            "ragged": ragged}
        )  # fmt: skip

    @classmethod
    def from_returns(
        cls,
        returns: Any,
        *,
        cash: float | str | pd.Series,
        classes: Mapping[str, str] | None = None,
        currency: str = "USD",
        periods_per_year: int | None = None,
        ragged: bool = False,
    ) -> "MarketData":
        """Return the market data of simple returns in memory, checked as a file of returns is.

        Args:
            returns: (T, n) decimal per period, labelled by the end of the period, in any frame with dates.
            cash: rate of cash, decimal per year; a column of the returns; or a Series of returns of its own.
            classes: see `from_prices`, as for the other arguments.
            currency: see `from_prices`.
            periods_per_year: see `from_prices`.
            ragged: see `from_prices`.

        Raises:
            DataError: the returns cannot be used.

        Example:
            >>> dates = pd.date_range("2020-01-31", periods=36, freq="ME")
            >>> returns = pd.DataFrame({"SPY": 0.01, "CASH": 0.001}, index=dates)
            >>> MarketData.from_returns(returns, cash="CASH").prices["SPY"].iloc[:2].round(2).tolist()
            [1.0, 1.01]
        """
        return _in_memory(
            "returns", returns, cash, {"classes": classes, "currency": currency, "periods_per_year": periods_per_year,
            "ragged": ragged}
        )  # fmt: skip

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

    @cached_property
    def series_sha256(self) -> dict[str, str]:
        """Return the SHA-256 of each series, by name of the asset or, for the others, of the setting."""
        by_asset = [table for table in (self.prices, self.returns, self.opens, self.volumes) if table is not None]
        series: dict[str, list[pd.Series]] = {name: [table[name] for table in by_asset] for name in self.assets}
        series["data.cash"] = [self.cash_returns]
        for name, values in {"loan_rate": self.loan_returns, "consumer_prices": self.consumer_prices}.items():
            if values is not None:
                series[f"data.{name}"] = [values]
        return {name: _sha256(parts) for name, parts in series.items()}

    def until(self, end: date | None) -> "MarketData":
        """Return the same history up to a date, inclusive; this object itself if nothing is cut."""
        if end is None or self.dates[-1] <= pd.Timestamp(end):
            return self
        return self.on(self.dates[self.dates <= pd.Timestamp(end)])

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

    def only(self, assets: Sequence[str]) -> "MarketData":
        """Return the history of some of the assets, on the same dates; this object itself for all of them in order."""
        if tuple(assets) == self.assets:
            return self
        names = list(assets)
        return replace(
            self,
            prices=self.prices[names],
            returns=self.returns[names],
            classes={name: self.classes[name] for name in names if name in self.classes},
            opens=None if self.opens is None else self.opens[names],
            volumes=None if self.volumes is None else self.volumes[names],
            spot=self.spot.intersection(names),
            quotes={name: self.quotes[name] for name in names if name in self.quotes},
        )


def _compound(returns: pd.Series, rows: NDArray[np.intp], follows: Bools) -> pd.Series:
    """Return returns on some of their rows, compounded over the rows left out before each of them."""
    growth = (1 + returns.fillna(0.0)).cumprod()  # the first has nothing before it
    return growth.iloc[rows].pct_change().where(~follows, returns.iloc[rows])


def load(settings: DataSettings, folder: Path, access: Access | None = None) -> MarketData:
    """Read the series of a run and align them.

    By default only the dates that all assets and cash share are kept; with `ragged`, all dates that cash has. Missing
    values are filled only with `calendar: union`; without a `calendar`, a value missing inside the history of a file
    is an error.

    Args:
        settings: the `data:` section: series, sources and dates.
        folder: folder that paths are relative to.
        access: network access policy, if it differs from the settings.

    Raises:
        DataError: a source cannot be read, or its values cannot be used.
        DataUnavailableError: a series could not be fetched.
    """
    data = locate(settings, folder)  # series by role, each with its place at its source
    data = fetch(data, access)  # raw series: from the cache, from files, or over the network
    data = exclude(data)  # dates that the settings leave out
    data = tabulate(data)  # one table per file; closes and payments as total-return levels
    data = check(data)  # currencies, plausible values, findings
    data = to_levels(data)  # months at their end, returns compounded, one frequency
    data = splice(data)  # one table of all series, histories extended by proxies
    data = align(data)  # the dates of the run
    data = convert(data)  # the currency of the run
    return build(data, MarketData)  # prices, returns, cash, and what belongs to them


def _sha256(parts: list[pd.Series]) -> str:
    """Return the SHA-256 of series, dates included, as little-endian bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(pd.DatetimeIndex(part.index).to_numpy().astype("datetime64[D]").astype("<i8").tobytes())
        digest.update(part.to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()


def _in_memory(kind: Kind, given: Any, cash: Any, settings: Mapping[str, Any]) -> MarketData:
    """Return the market data of a frame, by the steps of a file: its series count as fetched already."""
    what = "prices" if kind == "levels" else "returns"
    table = table_of(given, what)
    assets = tuple(name for name in table.columns if not isinstance(cash, str) or name != cash)
    if isinstance(cash, str):
        if cash not in table:
            raise DataError(f"cash: no column {cash}; available: {', '.join(table.columns)}")
    elif isinstance(cash, int | float | np.number) and not isinstance(cash, bool):
        cash = float(cash)
    elif not isinstance(cash, pd.Series):
        got = type(cash).__name__
        raise DataError(f"cash: got the type {got}; expected a rate per year such as 0.02, a column, or a Series")
    if isinstance(cash, pd.Series):
        series, cash = table_of(cash, "cash"), "cash"
        table = table.drop(columns="cash", errors="ignore").join(series.set_axis(["cash"], axis=1), how="outer")
    classes = dict(settings["classes"] or {})
    try:
        section = DataSettings.model_validate(
            {**settings, "source": MEMORY, "assets": assets, "cash": cash, "classes": classes}
        )
    except ValidationError as failure:
        lines = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in failure.errors()]
        raise DataError("; ".join(line.replace("Value error, ", "") for line in lines)) from failure
    column = COLUMNS[kind][0]
    known = {(MEMORY, name): RawSeries(table[[name]].set_axis([column], axis=1), what, kind) for name in table.columns}
    return load(section, Path(), access_for(section, known=known))
