"""`Book`: the holdings that a stress test shocks, and the scenarios that follow from names, yields and history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd

from backtest.analysis.tables.crises import CRISES, Crisis, in_crises
from backtest.errors import ConfigError, suggestion
from backtest.numerics.arrays import Floats
from backtest.risk.instant_shock import ShockEffect, effect_of, expected_returns, likely_loss, with_correlation

EQUITIES, BONDS = "equities", "bonds"
REPLAYED = ("Bond rout of 1994", "GFC", "Covid", "2022")
_SHOCKS = ((EQUITIES, -0.2), (EQUITIES, -0.4), (BONDS, -0.1))
_RISES = (0.01, 0.02, 0.03)
_CORRELATIONS = (0.5, 0.9)
_WORST = 2.326348  # quantile of the normal distribution at 0.99: a loss of one month in a hundred
_MONTHS = 12
_LARGEST = 10  # return of a shock: more is probably a percentage


@dataclass(frozen=True, eq=False)
class Book:
    """Holdings of a date and what is known of their risk.

    Args:
        assets: names of the n assets.
        classes: asset class by asset.
        weights: (n,) exposure / NAV.
        covariance: (n, n) covariance per year; zeros for an asset without an estimate.
        maintenance: (n,) maintenance margin, fraction of a position; None without one.
    """

    assets: tuple[str, ...]
    classes: Mapping[str, str]
    weights: Floats
    covariance: Floats
    maintenance: Floats | None

    def margin_left(self, effect: ShockEffect) -> float:
        """Return NAV less the maintenance margin after a shock, fraction of NAV before; below 0 is a margin call."""
        if self.maintenance is None:
            return np.nan
        sizes = np.abs(self.weights * (1 + effect.returns))
        return 1 + effect.nav_change - float(self.maintenance @ sizes)

    def after(self, effect: ShockEffect) -> dict[str, float]:
        """Return the change of NAV, and leverage and margin after it."""
        found = {"nav_change": effect.nav_change, "leverage": effect.leverage}
        return {**found, "margin_left": self.margin_left(effect)}

    def under(self, shocks: Floats) -> ShockEffect:
        """Return the effect of shocks, NaN for assets that follow by the covariance."""
        return effect_of(self.weights, expected_returns(shocks, self.covariance))

    def shocks(self, given: Mapping[str, float]) -> Floats:
        """Return (n,) shocks by asset from shocks by asset or class, NaN for other assets; an asset's own one counts.

        Raises:
            ConfigError: a name is not an asset or class of the run, or a shock is not a number above -1 and up to 10.
        """
        if not isinstance(given, Mapping):
            raise ConfigError(
                f"shocks: got the type {type(given).__name__}; expected a mapping such as {{'bonds': -0.1}}"
            )
        known = (*self.assets, *sorted(set(self.classes.values())))
        found = np.full(len(self.assets), np.nan)
        for name, value in sorted(given.items(), key=lambda item: item[0] in self.assets):
            if name not in known:
                near = suggestion(str(name), known)
                raise ConfigError(
                    f"shocks: {name} is not an asset or class of the run; expected one of {', '.join(known)}.{near}"
                )
            if isinstance(value, bool) or not isinstance(value, Real) or not -1 < value <= _LARGEST:
                raise ConfigError(
                    f"shocks: {name}: got {value!r:.80}; expected a return above -1 and up to {_LARGEST}, such as "
                    "-0.1 for -10 %"
                )
            chosen = [asset == name or self.classes.get(asset) == name for asset in self.assets]
            found[chosen] = value
        return found

    def usual_scenarios(self, durations: pd.Series) -> dict[str, Floats]:
        """Return the shocks of stocks, of bonds, and of the yield for bonds with a duration.

        A rise of the yield by y moves a bond of duration D by exp(-D y) - 1.
        """
        present = set(self.classes.values())
        found = {
            f"{name} {100 * value:.0f} %": self.shocks({name: value}) for name, value in _SHOCKS if name in present
        }
        known = durations.reindex(self.assets).to_numpy(dtype=float)
        if np.isfinite(known).any():
            found |= {f"yields +{1e4 * rise:.0f} bp": np.exp(-known * rise) - 1 for rise in _RISES}
        return found

    def correlations(self) -> pd.DataFrame:
        """Return volatility and a bad month under the estimated correlations and under equal ones of all pairs.

        A bad month is the most likely one of those in which the portfolio loses 2.33 standard deviations.
        """
        moved = {f"{value:+.1f}": with_correlation(self.covariance, value) for value in _CORRELATIONS}
        estimated, gross, rows = self._volatility(self.covariance), np.abs(self.weights).sum(), {}
        for name, covariance in {"estimated": self.covariance, **moved}.items():
            volatility = self._volatility(covariance)
            same_risk = float(gross * estimated / volatility) if volatility > 0 else np.nan
            bad = effect_of(self.weights, likely_loss(self.weights, covariance / _MONTHS, _WORST))
            rows[name] = {"volatility": volatility, "same_risk_leverage": same_risk, **self.after(bad)}
        return pd.DataFrame.from_dict(rows, orient="index")

    def _volatility(self, covariance: Floats) -> float:
        return float(np.sqrt(max(0.0, float(self.weights @ covariance @ self.weights))))

    def replayed(self, prices: pd.DataFrame) -> tuple[dict[str, Floats], tuple[str, ...]]:
        """Return the returns of the assets in past crises, and why some crises are missing.

        Args:
            prices: (T, n) total-return levels; NaN before an asset's first price.
        """
        chosen = [crisis for crisis in CRISES if crisis.name in REPLAYED]
        covered = {each.crisis.name: each.returns for each in in_crises(prices, chosen)}
        held, found, notes = self.weights != 0, {}, []
        for crisis in chosen:
            returns = covered.get(crisis.name)
            lacking = [] if returns is None else [*returns.index[held & returns.isna().to_numpy()]]
            if returns is None or lacking:
                notes.append(_missing(crisis, prices.index, lacking))
            else:
                found[f"{crisis.name} replayed"] = returns.to_numpy()
        return found, tuple(notes)


def _missing(crisis: Crisis, dates: pd.Index, lacking: Sequence[str]) -> str:
    span = f"{crisis.start:%Y-%m-%d} to {crisis.end:%Y-%m-%d}"
    why = (
        f"{', '.join(lacking)} without a price"
        if lacking
        else f"the data is from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
    )
    return f"not replayed: {crisis.name}, {span}; {why}"
