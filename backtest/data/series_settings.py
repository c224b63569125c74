"""Settings of one series that differ from the `data:` section."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictStr,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_serializer,
)

from backtest.data.prepare.currencies import Currency
from backtest.data.prepare.rates.par_bond import Maturity
from backtest.data.quality.adjusted_closes import Prices
from backtest.data.raw_series import Rate
from backtest.data.series_spec import Name, Values
from backtest.data.sources.address import PathOrAddress, public
from backtest.data.sources.registry import file_sources, source_of_file, source_record
from backtest.data.sources.tables.dialect import DateFormat, DecimalMark, Dialect, Separator, SheetName


def _known_source(name: str) -> str:
    source_record(name)
    return name


def _file_source(name: str) -> str:
    if not source_record(name).is_file:
        raise ValueError(f"got {name!r}, expected {file_sources()}")
    return name


SourceName = Annotated[StrictStr, AfterValidator(_known_source)]


def stated_dialect(own: Any, section: Any = None) -> Dialect:
    """Return what settings state about a file, and for the rest what their section states.

    Args:
        own: settings of a series, a file or a section.
        section: the section; None if it has another source.

    >>> stated_dialect(SeriesSettings(decimal=",")).decimal
    ','
    """
    names = [each.name for each in fields(Dialect)]
    stated = {name: getattr(own, name) for name in names}
    return Dialect(**{name: getattr(section, name, None) if given is None else given for name, given in stated.items()})


class SeriesSettings(BaseModel):
    """Settings of one series that differ from the settings of its section.

    Definitions: docs/conventions/data.md

    Args:
        source: default: the source of the section.
        symbol: name of the series at the source; default: its name in the run.
        path: path of a file or of a folder with one file per symbol, or an address.
        values: content of a file: total-return `prices` or simple `returns`.
        prices: whether closes of a file are `adjusted` for dividends, or `raw`; default: judged by the closes.
        separator: character between the cells of a text file, such as `;`, or `tab`; default: recognised.
        decimal: decimal mark of a file, `.` or `,`; default: recognised.
        date_format: form of a file's dates in the codes of `strptime`, such as `%d/%m/%Y`; default: recognised.
        sheet: sheet of a workbook, or file in a zip archive; needed if there are several.
        rate: quotation of a rate, if the source does not state it: `{quoted: discount, days: 91}`, or
            `bond_equivalent` or `overnight`.
        currency: currency of the prices, or of the deposit that earns a quoted rate; default: the currency that the
            source states, else the currency of the run. Cash, the loan rate and splice series of a run with `fx` have
            no such default.
        as: `par_bond` for yields: the total return of a par bond of constant maturity, bought at each yield and sold at
            the next; see docs/conventions/data.md#bonds-from-yields.
        maturity: years to maturity of the par bond, in halves: `{source: fred, symbol: DGS10, as: par_bond, maturity:
            10}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    source: SourceName | None = None
    symbol: Name | None = None
    path: PathOrAddress | None = None
    values: Values | None = None
    prices: Prices | None = None
    separator: Separator | None = None
    decimal: DecimalMark | None = None
    date_format: DateFormat | None = None
    sheet: SheetName | None = None
    rate: Rate | None = None
    currency: Currency | None = None
    model: Literal["par_bond"] | None = Field(default=None, alias="as")
    maturity: Maturity | None = Field(default=None, validate_default=True)

    @field_validator("maturity")
    @classmethod
    def _bonds_have_a_maturity(cls, maturity: float | None, info: ValidationInfo) -> float | None:
        model = info.data.get("model")
        if model is not None and maturity is None:
            raise ValueError(f"as: {model} needs the years to maturity too, such as maturity: 10")
        if model is None and "model" in info.data and maturity is not None:
            raise ValueError("only a bond has a maturity. Hint: as: par_bond")
        if model is not None and info.data.get("rate") is not None:
            raise ValueError("a par bond is modelled from yields in percent; remove rate")
        return maturity

    @model_serializer(mode="wrap")
    def _only_given(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return the settings that differ from the section, without secrets in an address."""
        given = {key: value for key, value in dump(self).items() if value is not None}
        return {**given, **({"path": public(given["path"])} if "path" in given else {})}


class AssetSettings(SeriesSettings):
    """Settings of an asset: the source of its series, its class, and whether it is a spot price.

    Definitions: docs/conventions/data.md#spot-series

    Args:
        class: asset class.
        spot: whether the prices are spot prices, such as crude oil: such an asset cannot be held as it is, and its
            return above cash is not the return of a future. Default: as the source states.
        lot: smallest number of shares in an order, or the multiplier of a futures contract. It also states that the
            last value of a series of levels is a price. Default: 1 share of a series with closes; see
            docs/conventions/orders.md#prices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    asset_class: Name | None = Field(default=None, alias="class")
    spot: StrictBool | None = None
    lot: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] | None = None


class WideFile(BaseModel):
    """A file with a column for each asset, under the asset's name.

    Definitions: docs/conventions/data.md#opens-and-volumes

    Args:
        path: path of a file or of a folder with one file per asset, or an address.
        source: `csv`, `excel` or `parquet`; default: the source that the ending of the path indicates.
        separator: character between the cells of a text file, such as `;`, or `tab`; default: recognised.
        decimal: decimal mark of a file, `.` or `,`; default: recognised.
        date_format: form of a file's dates in the codes of `strptime`, such as `%d/%m/%Y`; default: recognised.
        sheet: sheet of a workbook, or file in a zip archive; needed if there are several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: PathOrAddress
    source: Annotated[StrictStr, AfterValidator(_file_source)] | None = None
    separator: Separator | None = None
    decimal: DecimalMark | None = None
    date_format: DateFormat | None = None
    sheet: SheetName | None = None
    _source_in_use: str = PrivateAttr()

    @property
    def source_in_use(self) -> str:
        """Return the source that reads the file."""
        return self._source_in_use

    def model_post_init(self, _: Any) -> None:
        """Choose the source by the ending of the path if the settings do not name one."""
        self._source_in_use = self.source or source_of_file(self.path)

    @field_serializer("path")
    def _hide_secrets(self, path: str) -> str:
        return public(path)
