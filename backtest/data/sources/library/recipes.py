"""Recipes of the library: the parts of each series; `recipes.toml` has one entry per series."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from backtest.data.raw_series import RawSeries
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.bundled_sample import Sample
from backtest.data.sources.source import CatalogueEntry, Source, SourceRecord
from backtest.errors import DataError, UnknownSeries, suggestion


@dataclass(frozen=True)
class Part:
    """Series of another source that a series of the library is put together from.

    Args:
        source: name of the source.
        symbol: symbol at the source.
        begins: its first date, for lists; None for a bundled part.
        since: the first date used; None for all dates.
        maturity: years of the par bond that is modelled from the series, which are yields; None if none is.
        indexed_to: symbol at the same source of the consumer prices that the principal is indexed to.
    """

    source: str
    symbol: str
    begins: date | None = None
    since: date | None = None
    maturity: float | None = None
    indexed_to: str | None = None

    @cached_property
    def dates(self) -> tuple[str, str]:
        """Return the first and the last date, for lists; a live part ends today."""
        if self.begins is not None:
            return str(self.begins), "today"
        values = Sample(self.source).fetch(self.symbol, None, 0.0).values.dropna()
        return f"{values.index[0]:%Y-%m-%d}", f"{values.index[-1]:%Y-%m-%d}"

    @property
    def specs(self) -> tuple[SeriesSpec, ...]:
        """Return the places of the series and, for an indexed one, of the consumer prices."""
        symbols = (self.symbol,) if self.indexed_to is None else (self.symbol, self.indexed_to)
        return tuple(SeriesSpec(symbol, self.source, symbol, None, "prices", None) for symbol in symbols)

    @property
    def described(self) -> str:
        """Return the place of the part and the transformation of its values, for lists."""
        bond = f" as a par bond of {self.maturity:g} years" if self.maturity else ""
        return f"{self}{bond}{f' indexed to {self.indexed_to}' if self.indexed_to else ''}"

    def __str__(self) -> str:
        return f"{self.source} {self.symbol}"


@dataclass(frozen=True)
class Recipe:
    """Recipe of a series.

    Args:
        entry: name, kind, class and description of the series.
        method: rule by which its values follow from the parts.
        licence: licence or owner of the data.
        parts: parts in order of preference; each extends the ones before it.
        monthly: whether the series has a value a month.
    """

    entry: CatalogueEntry
    method: str
    licence: str
    parts: tuple[Part, ...]
    monthly: bool

    @property
    def dates(self) -> str:
        """Return the first and the last date of the series with and without a network."""
        first = min(part.dates[0] for part in self.parts)
        bundled = [" to ".join(part.dates) for part in self.parts if part.begins is None]
        return f"{first} to today" + (f"; without a network {bundled[0]}" if bundled else ", with a network only")


@cache
def recipes_of(source: str) -> Mapping[str, Recipe]:
    """Return the recipes of `library` or `library_daily` by name.

    >>> [part.described for part in recipes_of("library")["us_treasury_10y"].parts]
    ['sample us_treasury_10y', 'fred DGS10 as a par bond of 10 years']
    """
    with (Path(__file__).parent / "recipes.toml").open("rb") as file:
        entries: dict[str, dict[str, Any]] = tomllib.load(file)
    frequency = "daily" if source == "library_daily" else "monthly"
    return {
        name: Recipe(
            CatalogueEntry(name, about["kind"], about.get("class"), about["description"], bool(about.get("spot"))),
            about["method"],
            about["licence"],
            tuple(Part(**part) for part in about[frequency]),
            frequency == "monthly",
        )
        for name, about in entries.items()
        if frequency in about
    }


def recipe_of(spec: SeriesSpec) -> Recipe | None:
    """Return the recipe of a series of the library; None for a series of another source.

    Raises:
        UnknownSeries: the library has no such series.
    """
    if spec.source not in ("library", "library_daily"):
        return None
    recipes = recipes_of(spec.source)
    if spec.symbol not in recipes:
        hint = suggestion(spec.symbol, recipes)
        raise UnknownSeries(f"{spec.source}: no series {spec.symbol}; it has {', '.join(recipes)}.{hint}")
    return recipes[spec.symbol]


class Library(Source):
    """Series that are put together from series of other sources, which are fetched in their place.

    Args:
        name: `library` or `library_daily`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def catalogue(self) -> list[CatalogueEntry]:
        """Return the series of the library, with their classes and one line about each."""
        return [recipe.entry for recipe in recipes_of(self._name).values()]

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - neither helps
        """Raise `DataError`: the parts of a series are fetched, not the series."""
        raise DataError(f"{self._name} {symbol}: put together from parts; expected a request for each of them")


RECORDS = (
    SourceRecord("library", open=lambda *_: Library("library"), is_monthly=True),
    SourceRecord("library_daily", open=lambda *_: Library("library_daily")),
)
