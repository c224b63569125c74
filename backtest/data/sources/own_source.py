"""Sources of users, named `package.module:Class`: their classes, and what they return, are checked."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import get_args

import pandas as pd

from backtest.data.raw_series import COLUMNS, Kind, RawSeries
from backtest.data.sources.network.http_retry import validated
from backtest.data.sources.source import CatalogueEntry, Source, SourceRecord
from backtest.errors import DataError
from backtest.own_code import own_class, reported


def own_record(name: str) -> SourceRecord:
    """Return the record of a source named `package.module:Class`.

    Raises:
        ValueError: the class cannot be imported, or is not a source.
    """
    own: type[Source] = own_class(name, Source, ValueError)
    return SourceRecord(name, open=lambda *_: OwnSource(name, own), own=own)


class OwnSource(Source):
    """A user's source whose unexpected errors and answers become a `DataError`.

    Args:
        name: name in the configuration.
        own: the user's class, or a function that returns the source.
    """

    def __init__(self, name: str, own: Callable[[], Source]) -> None:
        self._name, self._guarded = name, partial(reported, DataError, f"{name}: ")
        with self._guarded():
            self._own = own()
            self.cached = bool(self._own.cached)

    def catalogue(self) -> list[CatalogueEntry] | None:
        """Same as `Source.catalogue`."""
        with self._guarded():
            entries = self._own.catalogue()
        if entries is not None and not (
            isinstance(entries, list) and all(isinstance(entry, CatalogueEntry) for entry in entries)
        ):
            raise DataError(f"{self._name}: catalogue returned {_kind(entries)}; expected a list of CatalogueEntry")
        return entries

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        """Same as `Source.fetch`."""
        with self._guarded():
            raw = self._own.fetch(symbol, since, seconds)
        where = f"{self._name}: fetch of {symbol}"
        if not isinstance(raw, RawSeries) or not isinstance(raw.values, pd.DataFrame):
            raise DataError(f"{where} returned {_kind(raw)}; expected a RawSeries with a DataFrame of values")
        if not isinstance(raw.label, str):
            raise DataError(f"{where} returned the label {raw.label!r}; expected text")
        if raw.kind not in get_args(Kind):
            raise DataError(f"{where} returned the kind {raw.kind!r}; expected one of {', '.join(get_args(Kind))}")
        columns = list(raw.values.columns)
        if not set(COLUMNS[raw.kind]) <= set(columns) or len(set(columns)) < len(columns):
            wanted = ", ".join(COLUMNS[raw.kind])
            raise DataError(f"{where} returned {raw.kind} with the columns {columns}; expected {wanted}, each once")
        return validated(raw, raw.label)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
