"""The `data:` section of a configuration."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, ValidationInfo, field_validator

Source = Literal["sample", "sample_daily", "csv", "parquet"]
FILE_SOURCES = ("csv", "parquet")
NAMES_IN_USE = ("date", "cash_interest", "financing_cost", "borrow_fees", "trading_costs", "other_fees", "shortfall")


class DataSettings(BaseModel):
    """Which series a run reads, from where, and over which dates.

    Args:
        source: the bundled `sample` (monthly) or `sample_daily`, or a wide `csv` or `parquet` file.
        path: that file; relative to the configuration.
        values: what a file's columns hold: total-return `prices` or simple `returns`.
        assets: the columns to hold, in this order.
        cash: a series of the source, or a rate per year: (1 + rate)^(days / 365.25) - 1 over a period.
        classes: asset class of each asset of a file; the samples know their own.
        start: first date, inclusive; windows fill inside start..end.
        end: last date, inclusive.
        ragged: let assets join when they have a full window and leave when their prices end.
        periods_per_year: overrides what the spacing of the dates says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    path: Path | None = Field(default=None, validate_default=True)
    values: Literal["prices", "returns"] = "prices"
    assets: Annotated[tuple[str, ...], Field(min_length=1)]
    cash: str | StrictFloat
    classes: dict[str, str] = Field(default_factory=dict)
    start: date | None = None
    end: date | None = None
    ragged: bool = False
    periods_per_year: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None

    @field_validator("path")
    @classmethod
    def _path_goes_with_source(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        source = info.data.get("source")
        if source in FILE_SOURCES and path is None:
            raise ValueError(f"source {source} needs a path to its file")
        if source is not None and source not in FILE_SOURCES and path is not None:
            raise ValueError(f"source {source} is bundled and takes no path; for a file use source: csv or parquet")
        return path

    @field_validator("values")
    @classmethod
    def _samples_hold_prices(cls, values: str, info: ValidationInfo) -> str:
        if values == "returns" and info.data.get("source") not in FILE_SOURCES:
            raise ValueError("the samples hold prices; returns are for source: csv or parquet")
        return values

    @field_validator("assets")
    @classmethod
    def _assets_differ(cls, assets: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in assets if assets.count(name) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        taken = sorted(set(assets) & set(NAMES_IN_USE))
        if taken:
            raise ValueError(f"{', '.join(taken)}: a column of the report's own; rename it in the source")
        return assets

    @field_validator("cash")
    @classmethod
    def _rate_is_possible(cls, cash: str | float) -> str | float:
        if isinstance(cash, float) and not -0.5 < cash < 1:
            raise ValueError(f"a rate of {cash:g} a year; expected a decimal such as 0.02 for 2 %")
        return cash

    @field_validator("end")
    @classmethod
    def _end_follows_start(cls, end: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start")
        if start is not None and end is not None and end <= start:
            raise ValueError(f"{end} is not after start, {start}")
        return end
