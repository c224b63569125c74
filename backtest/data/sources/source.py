"""`Source`: interface of a data source; `SourceRecord`: properties of a source that settings depend on."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from backtest.data.raw_series import RawSeries
from backtest.data.series_spec import SeriesSpec


@dataclass(frozen=True, eq=False)
class CatalogueEntry:
    """A series that a source offers.

    Args:
        name: symbol of the series at the source.
        kind: `asset`, `cash` or `macro`; the columns of a file are all `asset`.
        asset_class: class of an asset, if the source knows it.
        description: one line about the series.
        spot: whether it is a spot price, which cannot be held.
    """

    name: str
    kind: str
    asset_class: str | None = None
    description: str = ""
    spot: bool = False


class Source(ABC):
    """Base of all data sources: one method that fetches a series.

    A class outside this package is named in a configuration as `package.module:Class` and created without arguments.

    Example:
        >>> import pandas as pd
        >>> class Constant(Source):
        ...     def fetch(self, symbol, since, seconds):
        ...         dates = pd.date_range("2020-01-01", periods=3, name="date")
        ...         return RawSeries(pd.DataFrame({"level": 1.0}, index=dates), symbol, "levels")
        >>> len(Constant().fetch("ONE", None, 10.0).values)
        3
    """

    cached: bool = True
    """Whether fetched series are kept in the cache. Files on this machine are read again each time."""

    def catalogue(self) -> list[CatalogueEntry] | None:
        """Return the series on offer, or None if the source cannot list them.

        Raises:
            DataError: the list cannot be read.
        """
        return None

    def knows(self, symbol: str) -> bool:  # noqa: ARG002 - for sources that know more names
        """Return whether a series can be fetched under a name that the catalogue does not list."""
        return False

    @abstractmethod
    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        """Fetch a series in a single attempt; the caller retries if the error suggests that this may help.

        Args:
            symbol: symbol of the series.
            since: the first date needed; None for the whole history. Earlier rows do no harm.
            seconds: time limit of this attempt.

        Raises:
            UnknownSeries: there is no such series.
            DataUnavailableError: the series could not be fetched. Its subclasses state the reason: `NoNetwork`,
                `RateLimited`, `SourceDown`, `TimedOut` and `NoDataInRange`.
            DataError: the series exists but cannot be read.
        """


@dataclass(frozen=True)
class SourceRecord:
    """Name and properties of a source. Each module of `sources/` lists its records in `RECORDS`.

    Args:
        name: name in a configuration.
        open: function that creates the source. Arguments: one of its series, the folder that its path is relative to,
            and a folder for files of the source's client. It neither reads nor requests anything.
        endings: endings of the files that it reads. Such a source needs a path, and its files hold prices or returns.
        is_bundled: whether the data is part of this package.
        is_monthly: whether it has only monthly series.
        has_bars: whether it has opens and volumes.
        own: class of a user's source; None for a source of this package.
    """

    name: str
    open: Callable[[SeriesSpec, Path, Path], Source]
    endings: tuple[str, ...] = ()
    is_bundled: bool = False
    is_monthly: bool = False
    has_bars: bool = False
    own: type[Source] | None = None

    @property
    def is_file(self) -> bool:
        """Return whether the source reads a file or a folder of files."""
        return bool(self.endings)
