"""Splicing: a short history extended backwards by the returns of a proxy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtest.data.dates.months_and_years import is_whole_year
from backtest.data.preparation import Preparation
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk


@dataclass(frozen=True, eq=False, kw_only=True)
class Overlap:
    """Agreement of a series and its proxy on the dates that both have.

    Args:
        periods: number of shared returns, between dates on which both have a level.
        correlation: correlation of the shared returns; NaN if there are fewer than three, or if series or proxy is
            constant.
        tracking_difference: CAGR of the series less the CAGR of the proxy over the shared dates, decimal a year, or
            the difference of total returns over less than a year. NaN without a shared return.
        tracking_error: sqrt(periods_per_year) × std (ddof 1) of the differences of the shared returns, decimal a year;
            NaN if there are fewer than two.
        whole_year: whether the shared dates cover a year or more.
    """

    periods: int
    correlation: float
    tracking_difference: float
    tracking_error: float
    whole_year: bool = True

    def words(self, name: str) -> str:
        """Return the agreement in words.

        Args:
            name: name of the series.
        """
        if self.periods < 3:
            return f"they share {self.periods} periods, too few to compare them"
        moved = f"their returns have a correlation of {self.correlation:.2f}"
        if np.isnan(self.correlation):
            moved = "one of them never varies, so that their returns have no correlation"
        percent = round(100 * self.tracking_difference, 2)
        return (
            f"over the {self.periods:,} periods they share {moved}, and {name} earned "
            f"{abs(percent):.2f} %{' a year' if self.whole_year else ''} {'less' if percent < 0 else 'more'}, "
            f"with a tracking error of {100 * self.tracking_error:.2f} % a year"
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Splice(Overlap):
    """Report on a splice: its date, and the agreement of series and proxy.

    Args:
        name: name of the series.
        proxy_name: name of its proxy.
        first: the first date that both have; later returns are the series' own.
        left_out: number of dates of the series before `first`, which its proxy does not have.
    """

    name: str
    proxy_name: str
    first: pd.Timestamp
    left_out: int

    @property
    def note(self) -> str:
        """Return one sentence for every page that shows the series."""
        spliced = f"{self.name} before {self.first:%Y-%m-%d} is {self.proxy_name}, spliced"
        if self.left_out:
            spliced += f" ({self.left_out} earlier dates of {self.name}, which {self.proxy_name} lacks, are left out)"
        return f"{spliced}: {self.words(self.name)}"


def splice(data: Preparation) -> Preparation:
    """Return one table of all series, some assets extended backwards by their proxies, and a note on each splice.

    Raises:
        DataError: an asset and its proxy share no date, or the proxy begins no earlier.
    """
    tables, proxies = data.tables, data.series.proxies
    if len(tables) == 1 and not proxies:
        return data
    values = pd.concat([table.values for table in tables], axis=1, sort=True)
    periods_per_year = data.settings.periods_per_year or data.rows_per_year
    notes = []
    for name, proxy in proxies.items():
        other = _in_currency_of(name, proxy.name, values, data.conversions)
        own, other = values[name].dropna(), other.dropna()
        level, report = splice_series(own, other, name, proxy.name, periods_per_year)
        values = values.assign(**{name: level.reindex(values.index)})
        notes.append(report.note)
    names = dict.fromkeys(spec.name for spec in (*data.series.priced, *data.series.needed))
    label = tables[0].label if len(tables) == 1 else "the series of the run"
    table = SeriesTable(values[[name for name in names if name in values.columns]], label)
    return replace(data, tables=(table,), notes={**data.notes, "splices": tuple(notes)})


def _in_currency_of(asset: str, proxy: str, values: pd.DataFrame, conversions: Mapping[str, str]) -> pd.Series:
    """Return the level of a splice series in the currency of the asset that it extends, at the latest rates.

    Args:
        asset: name of the asset.
        proxy: name of the splice series.
        values: levels of both and of the exchange rates.
        conversions: exchange-rate column of each series that is not in the currency of the run.
    """
    level = values[proxy]
    if conversions.get(asset) == conversions.get(proxy):
        return level
    if proxy in conversions:
        level = level * values[conversions[proxy]].ffill()
    return level / values[conversions[asset]].ffill() if asset in conversions else level


def splice_series(
    level: pd.Series, proxy: pd.Series, name: str, proxy_name: str, periods_per_year: int
) -> tuple[pd.Series, Splice]:
    """Extend a series backwards by its proxy.

    Returns up to the first shared date are the proxy's; later returns are the series' own. The proxy keeps its
    values and the series is scaled to them by a factor known on that date, so that no bit of a level depends on later
    values.

    Args:
        level: total-return level by date, rising; NaN = no value on that date.
        proxy: level of its proxy by date, rising; NaN = no value on that date.
        name: name of the series, for messages.
        proxy_name: name of its proxy.
        periods_per_year: periods per year of both.

    Returns:
        The level by date: the proxy's own values before the first shared date, the scaled values of the series from
        that date on; NaN where the value used is missing. Also the report on the splice.

    Raises:
        DataError: the two share no date, or the proxy begins no earlier.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=4, freq="ME")
        >>> proxy, own = pd.Series([10.0, 11.0, 12.0, 12.6], index=dates), pd.Series([100.0, 110.0], index=dates[2:])
        >>> splice_series(own, proxy, "TLT", "VUSTX", 12)[0].round(6).tolist()
        [10.0, 11.0, 12.0, 13.2]
    """
    own, other = level.dropna(), proxy.dropna()
    shared = pd.DatetimeIndex(own.index.intersection(other.index))
    if shared.empty:
        raise DataError(
            f"splice: {name} ({_covered(own)}) and its proxy {proxy_name} ({_covered(other)}) share no date; expected "
            f"one or more, to join them on. Hint: choose a proxy that continues after {name} has begun."
        )
    first = shared[0]
    if other.index[0] >= own.index[0]:
        raise DataError(
            f"splice: {proxy_name} ({_covered(other)}) begins no earlier than {name} ({_covered(own)}); expected a "
            f"proxy with a longer history, as this one adds nothing. Hint: leave {name} out of splice."
        )
    factor = other[first] / own[first]
    joined = pd.concat([proxy[proxy.index < first], level[level.index >= first] * factor]).rename(level.name)
    left_out = int((own.index < first).sum())
    agreement = overlap(own[shared], other[shared], periods_per_year)
    return joined, Splice(name=name, proxy_name=proxy_name, first=first, left_out=left_out, **vars(agreement))


def overlap(own: pd.Series, proxy: pd.Series, periods_per_year: int) -> Overlap:
    """Return the agreement of two levels on the dates that both have.

    Args:
        own: (T,) level of the series by date, one date or more.
        proxy: (T,) level of its proxy on the same dates.
        periods_per_year: periods per year of both.
    """
    dates = pd.DatetimeIndex(own.index)
    whole_year = len(dates) > 1 and is_whole_year(dates, periods_per_year)
    correlation, difference, error = _compare(own, proxy, periods_per_year, whole_year=whole_year)
    return Overlap(
        periods=len(dates) - 1,
        correlation=correlation,
        tracking_difference=difference,
        tracking_error=error,
        whole_year=whole_year,
    )


@one_blas_thread()
def _compare(
    own: pd.Series, proxy: pd.Series, periods_per_year: int, *, whole_year: bool
) -> tuple[float, float, float]:
    """Return correlation, tracking difference and tracking error over the dates that both have."""
    if len(own) < 2:
        return np.nan, np.nan, np.nan
    levels = np.column_stack([own.to_numpy(), proxy.to_numpy()])
    years = (own.index[-1] - own.index[0]).days / 365.25 if whole_year else 1.0
    growth = (levels[-1] / levels[0]) ** (1 / years)
    difference = float(growth[0] - growth[1])
    if len(own) < 3:
        return np.nan, difference, np.nan
    returns = levels[1:] / levels[:-1] - 1
    error = float(np.sqrt(periods_per_year) * np.std(returns[:, 0] - returns[:, 1], ddof=1))
    if len(returns) < 3 or not has_risk(np.std(returns, axis=0, ddof=1)).all():
        return np.nan, difference, error
    return float(np.corrcoef(returns.T)[0, 1]), difference, error


def _covered(series: pd.Series) -> str:
    if series.empty:
        return "no values"
    return f"{series.index[0]:%Y-%m-%d} to {series.index[-1]:%Y-%m-%d}"
