"""The `data:` section of a configuration."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
    Tag,
    ValidationInfo,
    field_serializer,
    field_validator,
)

from backtest.data.cache.default_folders import DATA_CACHE
from backtest.data.exchange_rate import ExchangeRates, check_exchange_rates
from backtest.data.file_settings import (
    check_described,
    only_from_files,
    record_of,
    sources_with_bars,
    takes_no_path,
)
from backtest.data.prepare.currencies import Currency
from backtest.data.prepare.leveraged_fund import LeveragedFund
from backtest.data.quality.adjusted_closes import Prices
from backtest.data.series_settings import AssetSettings, SeriesSettings, SourceName, WideFile
from backtest.data.series_spec import Name, Values
from backtest.data.sources.address import PathOrAddress, public
from backtest.data.sources.registry import source_record
from backtest.data.sources.tables.dialect import DateFormat, DecimalMark, Separator, SheetName

NAMES_IN_USE = (
    "date", "cash_interest", "financing_cost", "financing_at_cash_rate", "financing_spread", "borrow_fees",
    "trading_costs", "other_fees", "shortfall", "reason",
)  # fmt: skip
"""Columns of a run's tables; an asset cannot have one of these names."""


_AT_FRED = {"cash": "DTB3", "loan_rate": "SOFR", "consumer_prices": "CPIAUCNS"}


def _age(text: str) -> str:
    if not re.fullmatch(r"\d{1,4}[hd]", text):
        raise ValueError(f"got {text!r}, expected hours or days, such as 12h or 7d")
    return text


def _kind_of_asset(asset: Any) -> str:
    """Return the tag of the form in which the settings give an asset."""
    if isinstance(asset, LeveragedFund) or (isinstance(asset, Mapping) and {"of", "leverage"} & set(asset)):
        return "of a fund"
    return "of a series" if isinstance(asset, AssetSettings | Mapping) else "its class"


def end_follows_start(end: date | None, info: ValidationInfo) -> date | None:
    """Return the value of `end`, a setting after `start`, if it is later than `start`.

    Raises:
        ValueError: it is not.
    """
    start = info.data.get("start")
    if start is not None and end is not None and end <= start:
        raise ValueError(f"{end} is not after start, {start}")
    return end


Asset = Annotated[
    Annotated[Name, Tag("its class")]
    | Annotated[AssetSettings, Tag("of a series")]
    | Annotated[LeveragedFund, Tag("of a fund")],
    Discriminator(_kind_of_asset),
]


class DataSettings(BaseModel):
    """The series that a run reads, their sources and their dates.

    Definitions: docs/conventions/data.md

    Args:
        source: source of all series that do not name their own: the bundled `sample` (monthly) or `sample_daily`,
            `csv`, `excel`, `parquet`, `yfinance`, `fred`, `french` (monthly) or `french_daily`, the long series of the
            `library` (monthly) or `library_daily`, or a class, `package.module:Class`.
        path: path of a file or of a folder with one file per symbol, or an address; relative to the configuration.
        values: content of a file: total-return `prices` or simple `returns`.
        prices: closes of files: `adjusted` for dividends, or `raw`; default: judged by the closes.
        separator: character between the cells of a text file, such as `;`, or `tab`; default: recognised.
        decimal: decimal mark of a file, `.` or `,`; default: recognised.
        date_format: form of a file's dates in the codes of `strptime`, such as `%d/%m/%Y`; default: recognised.
        sheet: sheet of a workbook, or file in a zip archive; needed if there are several.
        assets: the series to hold, in this order: names, or names with their class (`{SPY: equities}`) or with their
            own settings (`{GLD: {class: commodities, source: csv, path: gold.csv}}`). A leveraged fund may be modelled:
            `{SPY_3X: {of: SPY, leverage: 3, expense_ratio: 0.0091, swap_spread_bps: 40, class: equities}}`.
        cash: a series of the source, a series with its own settings (`{source: fred, symbol: DTB3}`), or a rate per
            year, which earns (1 + rate)^(days / 365.25) - 1 over a period.
        loan_rate: interest rate of loans, before the spread; given like cash. Default: the cash rate.
        consumer_prices: an index of consumer prices, one value a month: a series of the source, such as `us_cpi` of the
            sample, or a series with its own settings (`{source: fred, symbol: CPIAUCNS}`).
        classes: asset class of each asset, if `assets` is a plain list of names; the samples state their own classes.
        calendar: treatment of assets that are not priced on the same dates: `intersection` keeps the dates that all
            have, `union` carries prices forward. By default the dates of several sources are intersected, and a blank
            inside the history of a file is an error.
        splice: series whose returns extend an asset's history backwards, by asset.
        currency: currency of the run, an ISO code.
        fx: exchange rates, by currency of assets, cash, loan rate or splice series: the series of the currency's price
            in the currency of the run, from the source or with its own settings
            (`{EUR: {source: yfinance, symbol: EURUSD=X}}`). With the currency's `cash` rate and `hedge: 1.0`, for one
            currency or all of them, assets in it are hedged.
        opens: `true` for assets from yfinance; otherwise `{path: opens.csv}`, a wide file on the scale of their prices.
        volumes: `true` for assets from yfinance; otherwise `{path: volumes.csv}`, a wide file of the value traded in a
            period.
        frequency: `monthly` uses the last price of each completed month.
        start: first date, inclusive; estimation windows are filled from it.
        end: last date, inclusive.
        exclude: dates to leave out, by series, such as `{SPY: [2020-03-01]}`.
        ragged: let assets join when they have a full window and leave when their prices end.
        periods_per_year: overrides the number inferred from the dates of the run; needed if that number is unclear.
        cache: folder for fetched series; relative to the folder in which the run is started. The environment variable
            `BACKTEST_CACHE` replaces the default.
        max_age: age after which a series is fetched again, such as `12h` or `7d`.
        offline: make no requests, however old the cached series are.
        timeout: time limit of all requests of the run, seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName
    path: PathOrAddress | None = Field(default=None, validate_default=True)
    values: Values = "prices"
    prices: Prices | None = None
    separator: Separator | None = None
    decimal: DecimalMark | None = None
    date_format: DateFormat | None = None
    sheet: SheetName | None = None
    assets: Annotated[tuple[Name, ...], Field(min_length=1)] | Annotated[dict[Name, Asset], Field(min_length=1)]
    cash: Name | StrictFloat | SeriesSettings
    loan_rate: Name | StrictFloat | SeriesSettings | None = None
    consumer_prices: Name | SeriesSettings | None = None
    classes: dict[Name, Name] = Field(default_factory=dict)
    calendar: Literal["intersection", "union"] | None = None
    splice: dict[Name, Name | SeriesSettings] = Field(default_factory=dict)
    currency: Currency = "USD"
    fx: ExchangeRates = Field(default_factory=dict)
    opens: StrictBool | WideFile | None = None
    volumes: StrictBool | WideFile | None = None
    frequency: Literal["monthly"] | None = None
    start: date | None = None
    end: date | None = None
    exclude: dict[Name, tuple[date, ...]] = Field(default_factory=dict)
    ragged: bool = False
    periods_per_year: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None
    cache: PathOrAddress = DATA_CACHE
    max_age: Annotated[StrictStr, AfterValidator(_age)] = "1d"
    offline: bool = False
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0

    @property
    def names(self) -> tuple[str, ...]:
        """Return the assets, in order."""
        return tuple(self.assets)

    @property
    def asset_classes(self) -> dict[str, str]:
        """Return the class of each asset whose settings state one."""
        if not isinstance(self.assets, Mapping):
            return self.classes
        own = {name: given if isinstance(given, str) else given.asset_class for name, given in self.assets.items()}
        return {**self.classes, **{name: asset_class for name, asset_class in own.items() if asset_class is not None}}

    @property
    def stated_spot(self) -> dict[str, bool]:
        """Return whether an asset is a spot price, for each asset whose settings state it."""
        own = self.assets.items() if isinstance(self.assets, Mapping) else ()
        return {name: given.spot for name, given in own if isinstance(given, AssetSettings) and given.spot is not None}

    @property
    def lots(self) -> dict[str, float]:
        """Return the lot of each asset whose settings state one."""
        own = self.assets.items() if isinstance(self.assets, Mapping) else ()
        return {name: given.lot for name, given in own if isinstance(given, AssetSettings) and given.lot is not None}

    @property
    def funds(self) -> dict[str, LeveragedFund]:
        """Return the assets that are models of leveraged funds."""
        return _funds(self.assets)

    @field_serializer("path", "cache")
    def _hide_secrets(self, path: str | None) -> str | None:
        return None if path is None else public(path)

    @field_validator("path")
    @classmethod
    def _path_goes_with_source(cls, path: str | None, info: ValidationInfo) -> str | None:
        record = record_of(info.data.get("source"))
        if record is not None and record.is_file and path is None:
            raise ValueError(f"source {record.name} needs a path to its file")
        if record is not None and not record.is_file and path is not None:
            raise ValueError(takes_no_path(record))
        return path

    @field_validator("values", "prices", "separator", "decimal", "date_format", "sheet")
    @classmethod
    def _only_files_are_described(cls, given: str | None, info: ValidationInfo) -> str | None:
        record = record_of(info.data.get("source"))
        if given not in (None, "prices") and record is not None and not record.is_file:
            what = "the samples hold prices" if record.is_bundled else f"source {record.name} states what it holds"
            raise ValueError(f"{what}; {only_from_files(str(info.field_name), given)}")
        return given

    @field_validator("assets")
    @classmethod
    def _assets_differ(cls, assets: Any, info: ValidationInfo) -> Any:
        names = tuple(assets)
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        taken = sorted(set(names) & set(NAMES_IN_USE))
        if taken:
            raise ValueError(f"{', '.join(taken)}: reserved for a column of the report; rename it in the source")
        if isinstance(assets, Mapping):
            for name, given in assets.items():
                check_described(name, given, info)
        funds = _funds(assets)
        for name, fund in funds.items():
            if fund.of in funds:
                raise ValueError(
                    f"{name}: follows {fund.of}, which is a leveraged fund itself; expected a series of prices"
                )
        return assets

    @field_validator("classes")
    @classmethod
    def _classes_agree(cls, classes: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        assets = info.data.get("assets")
        for name, given in assets.items() if isinstance(assets, Mapping) else ():
            own = given if isinstance(given, str) else given.asset_class
            if own is not None and classes.get(name, own) != own:
                raise ValueError(f"{name}: {classes[name]}, but data.assets says {own}; expected the same class")
        return classes

    @field_validator("cash", "loan_rate", "consumer_prices")
    @classmethod
    def _series_or_rate_is_possible(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, float) and not -0.5 < given < 1:
            raise ValueError(f"a rate of {given:g} a year; expected a decimal such as 0.02 for 2 %")
        name = str(info.field_name)
        if isinstance(given, SeriesSettings) and given.symbol is None:
            raise ValueError(f"expected the symbol too, such as {{source: fred, symbol: {_AT_FRED[name]}}}")
        if name == "consumer_prices" and isinstance(given, SeriesSettings) and given.currency is not None:
            raise ValueError("a price index takes no currency. Hint: use the index of the country with that currency")
        check_described(name, given, info)
        return given

    @field_validator("splice")
    @classmethod
    def _splices_extend_assets(cls, splice: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        assets = info.data.get("assets", splice)
        strange = sorted(set(splice) - set(assets))
        if strange:
            raise ValueError(
                f"{', '.join(strange)}: not among data.assets; expected an asset and the series that extends it"
            )
        for name, fund in _funds(assets).items():
            if name in splice:
                raise ValueError(
                    f"{name}: a modelled fund has the history of the series it follows. Hint: splice {fund.of}"
                )
        for name, proxy in splice.items():
            if proxy == name:
                raise ValueError(f"{name}: spliced to itself; expected another series")
            check_described(name, proxy, info)
        return splice

    @field_validator("fx")
    @classmethod
    def _exchange_rates_differ(cls, fx: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        check_exchange_rates(fx, info.data.get("currency"))
        for code, given in fx.items():
            check_described(code, given, info)
            check_described(f"{code}.cash", getattr(given, "cash", None), info)
        return fx

    @field_validator("opens", "volumes", mode="before")
    @classmethod
    def _refuse_bare_path(cls, given: Any) -> Any:
        path = public(given) if isinstance(given, str) else None
        if path is not None:
            raise ValueError(
                f"got {path!r}, expected true with source {sources_with_bars()}, or a file: {{path: {path}}}"
            )
        return given

    @field_validator("opens", "volumes")
    @classmethod
    def _assets_have_bars(cls, given: Any, info: ValidationInfo) -> Any:
        assets = info.data.get("assets")
        if not given or assets is None or "source" not in info.data:
            return given or None
        models = ", ".join(_funds(assets))
        if models:
            raise ValueError(f"{models}: a modelled fund has no {info.field_name}. Hint: remove one of the two")
        own = assets if isinstance(assets, Mapping) else {}
        for name in assets if given is True else ():
            source = getattr(own.get(name), "source", None) or info.data["source"]
            if not source_record(source).has_bars:
                raise ValueError(
                    f"true requires source {sources_with_bars()}, but {name} has source {source}; expected a file "
                    f"with a column for each asset, such as {{path: {info.field_name}.csv}}"
                )
        return given

    @field_validator("periods_per_year")
    @classmethod
    def _check_months(cls, given: int | None, info: ValidationInfo) -> int | None:
        if given not in (None, 12) and info.data.get("frequency") == "monthly":
            raise ValueError(f"got {given}, expected 12 with frequency: monthly. Hint: remove it")
        return given

    _end_follows_start = field_validator("end")(end_follows_start)


def _funds(assets: Any) -> dict[str, LeveragedFund]:
    members = assets.items() if isinstance(assets, Mapping) else ()
    return {name: given for name, given in members if isinstance(given, LeveragedFund)}
