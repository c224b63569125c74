"""Result of a run: its data, and the most requested measures as methods."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from backtest.analysis.attribution.return_attribution import real_nav
from backtest.analysis.attribution.sleeve_attribution import sleeve_summary
from backtest.analysis.metrics.realised_risk import realised_risk_of_a_year
from backtest.analysis.metrics.records.metric_record import MetricRecord
from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.analysis.metrics.rolling_measures import rolling_measures
from backtest.analysis.metrics.summary import headline, summarise
from backtest.analysis.origins.active_risk import ActiveRisk, active_risk
from backtest.analysis.origins.asset_correlations import AssetCorrelations, asset_correlations
from backtest.analysis.origins.factor_regression import Factors, factors_of
from backtest.analysis.origins.holding_periods import HoldingPeriods, holding_periods
from backtest.analysis.origins.regimes import regimes
from backtest.analysis.origins.ties import Ties, ties
from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.events import events_of
from backtest.analysis.tables.holdings import capital_and_risk


@dataclass(frozen=True, eq=False, repr=False)
class BacktestResult(RunRecord):
    """Result of a run: the columns of `RunRecord`, and measures computed on first use.

    Args:
        own_metrics: metrics of the user, by the setting `report.metrics`.
        renderer: function that renders a result as HTML for notebooks; without one, notebooks show the plain text.
    """

    own_metrics: tuple[MetricRecord, ...] = ()
    renderer: Callable[["BacktestResult"], str] | None = None

    def _repr_html_(self) -> str | None:
        return None if self.renderer is None else self.renderer(self)

    @cached_property
    def real_nav(self) -> pd.Series | None:
        """(P,) NAV in consumer prices of the first date; None without an index. See `return_attribution.real_nav`."""
        return None if self.consumer_prices is None else real_nav(self.nav, self.consumer_prices)

    @cached_property
    def rolling(self) -> pd.DataFrame:
        """Volatility, Sharpe ratio and correlation over the last 12 months. See `rolling_measures.rolling_measures`."""
        return rolling_measures(self)

    @cached_property
    def capital_and_risk(self) -> pd.DataFrame:
        """(n, 3) average shares of capital, expected risk and realised risk. See `holdings.capital_and_risk`."""
        return capital_and_risk(self)

    @cached_property
    def asset_correlations(self) -> AssetCorrelations:
        """Correlations of the assets: clustered, in crises and outside, of stocks and bonds over time."""
        return asset_correlations(self)

    @cached_property
    def active_risk(self) -> ActiveRisk:
        """Difference from the benchmark by asset class: allocation, selection, and shares of the tracking error."""
        return active_risk(self)

    @cached_property
    def holding_periods(self) -> HoldingPeriods:
        """Returns over spans of 1 to 20 years and of all calendar years, and the time under water."""
        return holding_periods(self)

    @cached_property
    def sleeves(self) -> pd.DataFrame:
        """(k + 1, 3) weight, profit and share of risk of each sleeve of a blend. See `sleeve_attribution`."""
        return sleeve_summary(self)

    @cached_property
    def realised_risk(self) -> pd.DataFrame:
        """(k, n + 1) realised risk contributions over the 12 months before each rebalance date, decimal per year."""
        return realised_risk_of_a_year(self)

    @cached_property
    def events(self) -> pd.DataFrame:
        """(k, 2) `event` and `amount` by date: margin calls, forced trades, scaled-down targets, ruin."""
        return events_of(self)

    def regimes(self, labels: pd.Series | None = None, *, lagged: bool = False) -> pd.DataFrame:
        """Return the performance in months of rising and falling rates and the like. See `regimes.regimes`."""
        return regimes(self, labels, lagged=lagged)

    def factors(self, factors: pd.DataFrame | None = None) -> Factors:
        """Return the regression on factors, or on the run's own asset classes. See `factor_regression.factors_of`."""
        return factors_of(self, factors)

    def ties(self) -> Ties:
        """Return the loan spreads at which levered risk parity of the run's stocks and bonds ties with 60/40."""
        return ties(self)

    def headline(self) -> dict[str, float]:
        """Return the ten numbers of the table in the terminal, as in `summary` but at once, and metrics of the user."""
        return headline(RunNumbers(self), self.own_metrics)

    @cached_property
    def _summary(self) -> dict[str, Any]:
        return summarise(self, self.own_metrics)

    def summary(self) -> dict[str, Any]:
        """Return the headline numbers as decimals, NaN where undefined; the same as in `summary.json`."""
        return deepcopy(self._summary)
