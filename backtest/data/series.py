"""One series of a run: what the settings say of it, and its place at its source."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictStr,
    field_serializer,
    model_serializer,
)

from backtest.data.prepare.currencies import Currency
from backtest.data.quotes import Rate
from backtest.data.sources.address import public
from backtest.data.sources.source import own_source

FILE_SOURCES = ("csv", "parquet")
SAMPLES = ("sample", "sample_daily")
SOURCES = (*SAMPLES, *FILE_SOURCES, "yfinance", "fred", "french", "french_daily")
Values = Literal["prices", "returns"]


def _source(name: str) -> str:
    if name in SOURCES:
        return name
    if ":" in name:
        own_source(name)
        return name
    close = get_close_matches(name, SOURCES, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ValueError(f"got {name!r}, expected one of {', '.join(SOURCES)}, or package.module:Class.{hint}")


SourceName = Annotated[StrictStr, AfterValidator(_source)]


class SeriesSettings(BaseModel):
    """Origin of one series, where it differs from its section.

    Definitions: docs/conventions/data.md

    Args:
        source: as that of the section.
        symbol: its name at the source; its own name by default.
        path: of a file, a folder of one file a symbol, or an address.
        values: what a file holds: total-return `prices` or simple `returns`.
        rate: how a quoted rate turns into a return on cash, where the source does not know: `{quoted: discount, days:
            91}`; `bond_equivalent` and `overnight` too.
        currency: of its prices, or of the deposit that a quoted rate is paid on; by default the currency that the
            source states, else the currency of the run. Cash, the loan rate and splice series of a run with `fx`
            have no such default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName | None = None
    symbol: StrictStr | None = None
    path: StrictStr | None = None
    values: Values | None = None
    rate: Rate | None = None
    currency: Currency | None = None

    @model_serializer(mode="wrap")
    def _what_is_set(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What differs from the section, without what is secret in an address."""
        set_ = {key: value for key, value in dump(self).items() if value is not None}
        return {**set_, **({"path": public(set_["path"])} if "path" in set_ else {})}


class AssetSettings(SeriesSettings):
    """What an asset is, and where it comes from.

    Definitions: docs/conventions/data.md#spot-series

    Args:
        class: its asset class.
        spot: whether its prices are those of the spot market, such as crude oil's: nobody can hold it as it stands, and
            spot less cash is not the return of a future. Where the settings say nothing its source does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    asset_class: StrictStr | None = Field(default=None, alias="class")
    spot: StrictBool | None = None


class WideFile(BaseModel):
    """A file with a column for each asset, named as the asset is.

    Definitions: docs/conventions/data.md#opens-and-volumes

    Args:
        path: of a file, a folder of one file an asset, or an address.
        source: `csv` or `parquet`; by the ending of the path where it is not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: StrictStr
    source: Literal["csv", "parquet"] | None = None

    def column(self, asset: str, what: str) -> "Series":
        """The series of one asset in it."""
        ending = "parquet" if self.path.endswith((".parquet", ".pq")) else "csv"
        return Series(f"{asset} {what}", self.source or ending, asset, self.path, "prices", None)

    @field_serializer("path")
    def _no_secret(self, path: str) -> str:
        return public(path)


@dataclass(frozen=True)
class Series:
    """One series of a run, its place at its source worked out.

    Args:
        name: in the run.
        source: name of the source.
        symbol: at the source.
        path: of a file source.
        values: what a file holds.
        rate: how a rate is quoted, where the settings say so.
        bars: whether it is opens, closes and volumes that are wanted.
        currency: of its values, if the settings state it.
    """

    name: str
    source: str
    symbol: str
    path: str | None
    values: Values
    rate: Rate | None
    bars: bool = False
    currency: str | None = None
