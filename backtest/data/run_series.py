"""`RunSeries`: the series of a run by role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from backtest.data.data_settings import DataSettings
from backtest.data.prepare.leveraged_fund import LeveragedFund
from backtest.data.series_settings import SeriesSettings, WideFile, stated_dialect
from backtest.data.series_spec import SeriesSpec

Specs = tuple[SeriesSpec, ...]


@dataclass(frozen=True, eq=False)
class RunSeries:
    """The series of a run by role, and the settings' facts about its assets.

    Args:
        names: names of the assets, in order.
        classes: class of each asset whose settings state one.
        spot: whether an asset is a spot price, for each asset whose settings state it.
        funds: the assets that are models of leveraged funds.
        assets: series of the other assets, in order.
        followed: series that each leveraged fund follows: the series of an asset, or a series that is not held.
        cash: series of the return on cash; None if cash is a constant rate.
        loan: series of the loan rate; None if the rate is constant or not set.
        fx: series of each currency's price in the currency of the run.
        foreign_cash: series of the cash rate of each hedged currency whose rate is not constant.
        proxies: series that extends an asset's history backwards, by asset.
        consumer_prices: series of consumer prices; None if it is not set.
        opens: series of opens by asset; empty if the run has no opens.
        volumes: series of volumes by asset; empty if the run has no volumes.
    """

    names: tuple[str, ...]
    classes: Mapping[str, str]
    spot: Mapping[str, bool]
    funds: Mapping[str, LeveragedFund]
    assets: Specs
    followed: Mapping[str, SeriesSpec]
    cash: SeriesSpec | None
    loan: SeriesSpec | None
    fx: Mapping[str, SeriesSpec]
    foreign_cash: Mapping[str, SeriesSpec]
    proxies: Mapping[str, SeriesSpec]
    consumer_prices: SeriesSpec | None
    opens: Mapping[str, SeriesSpec]
    volumes: Mapping[str, SeriesSpec]
    priced: Specs
    """Series of prices: the assets, and the series that leveraged funds follow."""
    interest: Specs
    """Series of interest: the return on cash, the rate of loans, and the cash of hedged currencies."""
    needed: Specs
    """Series other than prices that have to cover every date of the run: interest and exchange rates."""
    aligned: Specs
    """All series that are aligned to the same dates: prices, interest, exchange rates and proxies."""
    every: Specs
    """All series that the run reads."""


class _Same:
    """Settings as a key: the same object is the same key, as mappings inside cannot be hashed."""

    def __init__(self, settings: DataSettings) -> None:
        self.settings = settings

    def __hash__(self) -> int:
        return id(self.settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.settings is self.settings


def series_of(settings: DataSettings) -> RunSeries:
    """Return the series of a run by role."""
    return _series_of(_Same(settings))


@lru_cache(maxsize=16)  # the checks of a configuration and the steps of its run ask for the same series
def _series_of(key: _Same) -> RunSeries:
    settings = key.settings
    assets = settings.assets
    members: Mapping[str, Any] = assets if isinstance(assets, Mapping) else dict.fromkeys(assets)
    held = {
        name: _spec(settings, name, None if isinstance(own, str) else own)
        for name, own in members.items()
        if not isinstance(own, LeveragedFund)
    }

    def named(own_name: str, given: str | float | SeriesSettings | None) -> SeriesSpec | None:
        """Return a series given by its name, which may be an asset's, or by its settings; None for a number."""
        if given is None or isinstance(given, float):
            return None
        if isinstance(given, SeriesSettings):
            return _spec(settings, own_name, given)
        return held.get(given) or _spec(settings, given, None)

    prices = settings.consumer_prices
    prices = SeriesSettings(symbol=prices) if isinstance(prices, str) else prices
    return _with_groups(
        names=tuple(members),
        classes=settings.asset_classes,
        spot=settings.stated_spot,
        funds=settings.funds,
        assets=tuple(held.values()),
        followed={name: held.get(fund.of) or _spec(settings, fund.of, None) for name, fund in settings.funds.items()},
        cash=named("cash", settings.cash),
        loan=named("loan_rate", settings.loan_rate),
        fx=_by_name(settings.fx, lambda code, own: named(f"{code}/{settings.currency}", own)),
        foreign_cash=_by_name(settings.fx, lambda code, own: named(f"{code} cash", getattr(own, "cash", None))),
        proxies=_by_name(
            settings.splice,
            lambda name, own: named(own.symbol or name if isinstance(own, SeriesSettings) else name, own),
        ),
        consumer_prices=None if prices is None else _spec(settings, "consumer_prices", prices),
        opens=_bars(settings.opens, "opens", tuple(members), held),
        volumes=_bars(settings.volumes, "volumes", tuple(members), held),
    )


def _with_groups(**roles: Any) -> RunSeries:
    """Return `RunSeries` with the groups of series that steps of the preparation need."""
    rates = (roles["cash"], roles["loan"], *roles["foreign_cash"].values())
    interest = tuple(dict.fromkeys(spec for spec in rates if spec is not None))
    priced = _unique(roles["assets"], roles["followed"].values())
    needed = (*interest, *roles["fx"].values())
    aligned = _unique(priced, needed, roles["proxies"].values())
    prices = () if roles["consumer_prices"] is None else (roles["consumer_prices"],)
    every = _unique(aligned, prices, roles["opens"].values(), roles["volumes"].values())
    return RunSeries(**roles, priced=priced, interest=interest, needed=needed, aligned=aligned, every=every)


def _unique(*groups: Any) -> Specs:
    return tuple(dict.fromkeys(spec for group in groups for spec in group))


def _by_name(given: Mapping[str, Any], spec_of: Callable[[str, Any], SeriesSpec | None]) -> dict[str, SeriesSpec]:
    specs = {name: spec_of(name, own) for name, own in given.items()}
    return {name: spec for name, spec in specs.items() if spec is not None}


def _bars(
    given: bool | WideFile | None, kind: str, names: tuple[str, ...], held: Mapping[str, SeriesSpec]
) -> dict[str, SeriesSpec]:
    """Return the series of opens or volumes by asset: columns of a file, or bars of the asset's own source."""
    if isinstance(given, WideFile):
        source, path = given.source_in_use, given.path
        dialect = stated_dialect(given)
        return {
            name: SeriesSpec(f"{name} {kind}", source, name, path, "prices", None, dialect=dialect) for name in names
        }
    if not given:
        return {}
    return {name: replace(spec, name=f"{name} bars", bars=True) for name, spec in held.items()}


def _spec(settings: DataSettings, name: str, own: SeriesSettings | None) -> SeriesSpec:
    """Return the place of a series; its own settings override the settings of the section."""
    own = own or SeriesSettings()
    source = own.source or settings.source
    same = source == settings.source
    return SeriesSpec(
        name,
        source,
        own.symbol or name,
        own.path or (settings.path if same else None),
        own.values or (settings.values if same else "prices"),
        own.rate,
        currency=own.currency,
        maturity=own.maturity,
        prices=own.prices or (settings.prices if same else None),
        dialect=stated_dialect(own, settings if same else None),
    )
