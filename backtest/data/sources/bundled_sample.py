"""Bundled samples of real US history, monthly and daily; `data/sample/PROVENANCE.md` states their origin."""

import tomllib
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.data.raw_series import COLUMNS, YIELD_ALONE, Kind, Rate, RawSeries
from backtest.data.sources.source import CatalogueEntry, Source, SourceRecord
from backtest.errors import UnknownSeries

_FOLDER = Path(__file__).parent.parent / "sample"


@cache
def _described(source: str) -> dict[str, Any]:
    with (_FOLDER / "columns.toml").open("rb") as file:
        described: dict[str, Any] = tomllib.load(file)[source]
    return described


def catalogue_of(source: str) -> list[CatalogueEntry]:
    """Return the series of a sample, with their classes and one line about each.

    >>> catalogue_of("sample")[0].name
    'us_stocks'
    """
    return [
        CatalogueEntry(name, about["kind"], about.get("asset_class"), about["description"], bool(about.get("spot")))
        for name, about in _described(source)["columns"].items()
    ]


class Sample(Source):
    """A bundled sample.

    Args:
        name: `sample` or `sample_daily`.
    """

    cached = False

    def __init__(self, name: str) -> None:
        self._name = name

    def catalogue(self) -> list[CatalogueEntry]:
        """Return the series of the sample, with their classes and one line about each."""
        return catalogue_of(self._name)

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - always the whole history
        """Return a series of the sample, as a total-return level or, for a yield, as a rate.

        Raises:
            UnknownSeries: the sample has no such series.
        """
        about = _described(self._name)
        if symbol not in about["columns"]:
            raise UnknownSeries(f"{about['file']}: no column {symbol}; it has {', '.join(about['columns'])}")
        column = about["columns"][symbol]
        rate = Rate.model_validate(column["rate"]) if "rate" in column else None
        kind: Kind = "levels" if rate is None else "rate"
        values = self._values[[symbol]].set_axis(COLUMNS[kind], axis=1)
        facts = {"currency": "USD", **({"spot": "true"} if column.get("spot") else {})}
        return RawSeries(values, about["file"], kind, rate, notes=_notes(column), facts=facts)

    @cached_property
    def _values(self) -> pd.DataFrame:
        values = pd.read_csv(_FOLDER / _described(self._name)["file"], index_col="date", parse_dates=["date"])
        return values.set_axis(pd.DatetimeIndex(values.index).as_unit("s"), axis=0).astype(float)


def _notes(column: dict[str, Any]) -> tuple[str, ...]:
    notes = []
    if column.get("spot"):
        notes.append("spot price, no investable index: no roll yield, storage or collateral")
    if column.get("smoothed"):
        until = f" up to {column['smoothed_until']:%Y-%m}" if "smoothed_until" in column else ""
        notes.append(f"modelled from monthly average yields{until}, which understates volatility")
    if "rate" in column:
        notes.append(YIELD_ALONE)
    return tuple(notes)


RECORDS = (
    SourceRecord("sample", open=lambda *_: Sample("sample"), is_bundled=True, is_monthly=True),
    SourceRecord("sample_daily", open=lambda *_: Sample("sample_daily"), is_bundled=True),
)
