"""`RunSeries`: the series of a run by their role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backtest.data.data_settings import DataSettings
from backtest.data.prepare.leveraged_fund import LeveragedFund
from backtest.data.series_settings import SeriesSettings, WideFile
from backtest.data.series_spec import SeriesSpec

Specs = tuple[SeriesSpec, ...]


@dataclass(frozen=True, eq=False)
class RunSeries:
    """The series of a run by their role, and what the settings state about its assets.

    Args:
        names: of the assets, in order.
        classes: class by asset, as far as the settings state it.
        spot: by asset, whether it is a spot price, as far as the settings state it.
        funds: the assets that are models of leveraged funds.
        assets: series of the other assets, in order.
        followed: by leveraged fund, the series that it follows: an asset's, or one that is not held.
        cash: series of cash; None if cash is a constant rate.
        loan: series of the loan rate; None if it is a constant rate or not set.
        fx: by currency, the series of its price in the currency of the run.
        proxies: by asset, the series that extends it backwards.
        consumer_prices: series of consumer prices; None if there is none.
        opens: by asset, the series of its opens; empty if the run has none.
        volumes: by asset, the series of its volumes; empty if the run has none.
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
    proxies: Mapping[str, SeriesSpec]
    consumer_prices: SeriesSpec | None
    opens: Mapping[str, SeriesSpec]
    volumes: Mapping[str, SeriesSpec]
    priced: Specs
    """Series of prices: of the assets, and of what leveraged funds follow."""
    interest: Specs
    """Series of what cash earns and of what loans are charged."""
    needed: Specs
    """Series other than prices that every date of the run needs: interest and exchange rates."""
    aligned: Specs
    """All series that are put on the same dates: prices, what every date needs, and proxies."""
    every: Specs
    """Every series that is read."""


def series_of(settings: DataSettings) -> RunSeries:
    """Return the series of a run by their role."""
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
        proxies=_by_name(
            settings.splice,
            lambda name, own: named(own.symbol or name if isinstance(own, SeriesSettings) else name, own),
        ),
        consumer_prices=None if prices is None else _spec(settings, "consumer_prices", prices),
        opens=_bars(settings.opens, "opens", tuple(members), held),
        volumes=_bars(settings.volumes, "volumes", tuple(members), held),
    )


def _with_groups(**roles: Any) -> RunSeries:
    """Add the groups of series that steps of the preparation need."""
    interest = tuple(spec for spec in (roles["cash"], roles["loan"]) if spec is not None)
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
        return {name: SeriesSpec(f"{name} {kind}", source, name, path, "prices", None) for name in names}
    if not given:
        return {}
    return {name: replace(spec, name=f"{name} bars", bars=True) for name, spec in held.items()}


def _spec(settings: DataSettings, name: str, own: SeriesSettings | None) -> SeriesSpec:
    """Return the place of a series: its own settings come before those of the section."""
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
    )
