"""`stress`: the last holdings of a run under instantaneous shocks, other correlations and past crises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.origins.bond_durations import MONTHS, bond_durations, latest_durations
from backtest.analysis.origins.regime_labels import YEAR, by_month
from backtest.config import RunConfig, load_config
from backtest.data.market_data import MarketData
from backtest.data.sources.bundled_sample import Sample
from backtest.errors import SimulationError
from backtest.risk.instant_shock import ShockEffect
from backtest.runs.pipeline import Config, data_settings_of
from backtest.runs.plan import Decided
from backtest.runs.run_result import result_of
from backtest.runs.steps import Steps
from backtest.studies.stress_book import BONDS, Book


@dataclass(frozen=True, eq=False, repr=False)
class Stress:
    """Effects of shocks on the last holdings of a run, decimal.

    Args:
        config: the configuration.
        date: date of the holdings.
        weights: (n,) exposure / NAV by asset on that date.
        scenarios: (k, 3) by scenario: `nav_change`; `leverage` after it, gross exposure / NAV, NaN without NAV;
            `margin_left`, NAV less the maintenance margin after it, as a fraction of NAV before: below 0 there is a
            margin call, NaN without a maintenance margin.
        contributions: (k, n) contribution of each asset to the change of NAV.
        correlations: (3, 5) for the estimated correlations and for +0.5 and +0.9 of all pairs: `volatility` per year;
            `same_risk_leverage`, which has the volatility of the estimated ones; the columns of `scenarios` for a
            month that is the worst of a hundred.
        durations: (M, b) empirical duration of each bond over 36 months, in years, by month; no columns without bonds.
        latest_durations: (b, 3) by bond: `value` over the last 36 months of returns and yields, which scenarios use,
            and the ends `low` and `high` of its 95 % interval.
        notes: what is missing and why.
    """

    config: RunConfig
    date: pd.Timestamp
    weights: pd.Series
    scenarios: pd.DataFrame
    contributions: pd.DataFrame
    correlations: pd.DataFrame
    durations: pd.DataFrame
    latest_durations: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Stress {self.config.name}: {len(self.scenarios)} scenarios>"

    @property
    def sentence(self) -> str:
        """The worst scenario in words."""
        if self.scenarios.empty:
            return "No scenario fits the holdings."
        row = int(self.scenarios["nav_change"].to_numpy().argmin())
        worst = self.scenarios.index[row]
        change, leverage, left = self.scenarios.to_numpy(dtype=float)[row]
        after = "nothing is left of NAV" if np.isnan(leverage) else f"leverage is {leverage:.2f} afterwards"
        call = "; there is a margin call" if left < 0 else ""
        return (
            f"The worst of {len(self.scenarios)} scenarios is {worst}: NAV changes by {change:z.1%}, and {after}{call}."
        )


def stress(
    config: Config,
    shocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
) -> Stress:
    """Apply shocks to the last holdings of a run, and let the other assets follow by the estimated covariance.

    The covariance is the estimate of the run at its last decision. Definitions: docs/guide/stress.md

    Args:
        config: see `bt.run`, as for `overrides`, `market` and `offline`.
        shocks: returns by asset or class, above -1 and up to 10, all at once: the first scenario. The usual ones follow
            it.
        overrides: values that replace settings, by dotted name.
        market: market data in place of the `data` sections.
        offline: ask no source.

    Raises:
        ConfigError: a shock is of an unknown name, or not a return above -1 and up to 10.
        SimulationError: NAV is lost before the last date.
        BacktestError: see `bt.run`.

    Example:
        >>> found = stress("configs/levered_erc.yaml", {"us_stocks": -0.2})
        >>> found.scenarios["nav_change"].round(3).head(2).to_dict()
        {'us_stocks -20 %': -0.056, 'equities -20 %': -0.056}
    """
    loaded = load_config(config, overrides, data=data_settings_of(market))
    steps = Steps(offline=offline, market=market)
    plan, _ = steps.plan(loaded)
    book, date, notes = _book(steps.decided(plan))
    shocked = book.shocks(shocks or {})  # before the name, which needs numbers
    given = {_name(shocks): shocked} if shocks else {}
    durations, latest, missing = _durations(loaded, plan.data)
    crises, unplayed = book.replayed(plan.data.prices)
    scenarios = given | book.usual_scenarios(latest["value"]) | crises
    effects = {name: book.under(values) for name, values in scenarios.items()}
    return Stress(
        loaded,
        date,
        pd.Series(book.weights, list(book.assets), name="weight"),
        _table(
            {name: book.after(effect) for name, effect in effects.items()}, ["nav_change", "leverage", "margin_left"]
        ),
        _contributions(effects, book.assets),
        book.correlations(),
        durations,
        latest,
        (*notes, *missing, *unplayed),
    )


def _name(shocks: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * value:+g} %" for name, value in shocks.items())


def _table(rows: Mapping[str, Mapping[str, float]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows.values()), list(rows), columns, dtype=float)


def _contributions(effects: Mapping[str, ShockEffect], assets: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame([effect.contributions for effect in effects.values()], list(effects), list(assets))


def _book(decided: Decided) -> tuple[Book, pd.Timestamp, tuple[str, ...]]:
    """Return the last holdings with the covariance of the last decision, and notes on assets without one."""
    plan, decisions = decided.plan, decided.decisions
    result = result_of(decided)
    date = result.nav.index[-1]
    if date < plan.data.dates[-1]:
        raise SimulationError(f"stress: NAV is lost on {date:%Y-%m-%d}; expected holdings on the last date")
    batch, at = decisions.agenda.at(decisions.first + len(decided.rows) - 1)
    covariance = batch.covariances[at] * plan.data.periods_per_year
    weights = result.weights.iloc[-1].to_numpy(dtype=float)
    decisions.agenda.forget()
    unknown = [asset for i, asset in enumerate(plan.data.assets) if weights[i] != 0 and np.isnan(covariance[i, i])]
    notes = (f"without a covariance, and moved by shocks of its own only: {', '.join(unknown)}",) if unknown else ()
    assets, maintenance = tuple(plan.data.assets), plan.terms.margin.maintenance
    return Book(assets, plan.data.classes, weights, np.nan_to_num(covariance), maintenance), date, notes


def _durations(config: RunConfig, data: MarketData) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Return durations of bonds against the bundled 10-year Treasury yield, the last ones, and why some are missing."""
    bonds = [asset for asset in data.assets if data.classes.get(asset) == BONDS]
    none = pd.DataFrame(index=data.dates[:0]), pd.DataFrame(columns=["value", "low", "high"], dtype=float)
    if not bonds:
        return *none, ()
    if data.periods_per_year < YEAR:
        return *none, ("no durations: expected periods of a month or less",)
    if config.data.currency != "USD":
        return *none, (f"no durations: the run is in {config.data.currency}, and the bundled yield is American",)
    yields = Sample("sample").fetch("us_yield_10y", None, 0.0).values["rate"].dropna()
    months = by_month(data.returns[bonds].iloc[1:])
    if (data.dates[-1] + pd.offsets.BDay(1)).month == data.dates[-1].month:
        months = months.iloc[:-1]  # the month has not ended
    latest = latest_durations(months, yields)
    lacking = [str(bond) for bond in latest.index[latest["value"].isna()]]
    why = f"no duration: {', '.join(lacking)}, without {MONTHS} months of returns and yields"
    return bond_durations(months, yields), latest, (why,) if lacking else ()
