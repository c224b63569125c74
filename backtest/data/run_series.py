"""Which series a run reads, by what they are for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backtest.data.prepare.leveraged_fund import LeveragedFund
from backtest.data.series import Series, SeriesSettings, WideFile

if TYPE_CHECKING:
    from backtest.data.data_settings import DataSettings

_AS_ITS_SECTION = SeriesSettings()


@dataclass(frozen=True)
class RunSeries:
    """The series of a run, their places at their sources worked out.

    Args:
        settings: that name them.
    """

    settings: "DataSettings"

    @cached_property
    def _held(self) -> Mapping[str, Series]:
        """By asset its series, of those that have one, in order."""
        assets = self.settings.assets
        own: Mapping[str, Any] = assets if isinstance(assets, Mapping) else dict.fromkeys(assets)
        read = {name: one for name, one in own.items() if not isinstance(one, LeveragedFund)}
        return {name: self._series(name, None if isinstance(one, str) else one) for name, one in read.items()}

    def assets(self) -> list[Series]:
        """The series of the assets that have one, in order."""
        return list(self._held.values())

    def followed(self) -> dict[str, Series]:
        """By leveraged fund, the series that it follows: an asset's, or one that is not held."""
        return {
            name: self._held.get(fund.of) or self._series(fund.of, None) for name, fund in self.settings.funds.items()
        }

    def priced(self) -> list[Series]:
        """The series of prices of a run: those of assets, and what leveraged funds follow besides."""
        return list(dict.fromkeys([*self.assets(), *self.followed().values()]))

    def cash(self) -> Series | None:
        """The series of cash; None where cash is a rate of the settings."""
        return self._beside_assets("cash", self.settings.cash)

    def loan(self) -> Series | None:
        """The series that loans are charged; None where it is a rate of the settings, or none is set."""
        return self._beside_assets("loan_rate", self.settings.loan_rate)

    def consumer_prices(self) -> Series | None:
        """The series of consumer prices, if there is one."""
        if self.settings.consumer_prices is None:
            return None
        given = self.settings.consumer_prices
        return self._series("consumer_prices", SeriesSettings(symbol=given) if isinstance(given, str) else given)

    def opens(self) -> dict[str, Series]:
        """By asset, the series of its opens, where the run has them."""
        return self._bars(self.settings.opens, "opens")

    def volumes(self) -> dict[str, Series]:
        """By asset, the series of its volumes, where the run has them."""
        return self._bars(self.settings.volumes, "volumes")

    def _bars(self, given: bool | WideFile | None, what: str) -> dict[str, Series]:
        if isinstance(given, WideFile):
            return {name: given.column(name, what) for name in self.settings.names}
        if not given:
            return {}
        return {one.name: replace(one, name=f"{one.name} bars", bars=True) for one in self.assets()}

    def every(self) -> list[Series]:
        """Every series that is read."""
        prices = self.consumer_prices()
        beside = [*([] if prices is None else [prices]), *self.opens().values(), *self.volumes().values()]
        return list(dict.fromkeys([*self.aligned(), *beside]))

    def interest(self) -> list[Series]:
        """The series that say what cash earns and loans are charged."""
        found = (self.cash(), self.loan())
        return [series for series in found if series is not None]

    def fx(self) -> dict[str, Series]:
        """By currency, the series of its price in that of the run."""
        found = {
            code: self._beside_assets(f"{code}/{self.settings.currency}", given)
            for code, given in self.settings.fx.items()
        }
        return {code: series for code, series in found.items() if series is not None}

    def needed(self) -> list[Series]:
        """The series beside the assets that every date of the run needs."""
        return [*self.interest(), *self.fx().values()]

    def used(self) -> list[Series]:
        """The series on the dates of a run: prices, and what else every date needs."""
        return [*self.priced(), *self.needed()]

    def aligned(self) -> list[Series]:
        """The same, and what they are spliced to."""
        return [*self.used(), *self.proxies().values()]

    def proxies(self) -> dict[str, Series]:
        """Series to which assets are spliced, by asset."""
        return {
            name: self._held.get(one) or self._series(one, None)
            if isinstance(one, str)
            else self._series(one.symbol or name, one)
            for name, one in self.settings.splice.items()
        }

    def _beside_assets(self, own_name: str, given: str | float | SeriesSettings | None) -> Series | None:
        """A series of the source by its name, which may be an asset's, or one of its own; None for a number."""
        if given is None or isinstance(given, float):
            return None
        if isinstance(given, SeriesSettings):
            return self._series(own_name, given)
        return self._held.get(given) or self._series(given, None)

    def _series(self, name: str, own: SeriesSettings | None) -> Series:
        own = own or _AS_ITS_SECTION
        source = own.source or self.settings.source
        same = source == self.settings.source
        return Series(
            name,
            source,
            own.symbol or name,
            own.path or (self.settings.path if same else None),
            own.values or (self.settings.values if same else "prices"),
            own.rate,
            currency=own.currency,
        )
