"""`RunNumbers`: the intermediate results that the metrics of a run share, each computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.attribution.return_attribution import compound_growth
from backtest.analysis.metrics import performance
from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.metrics.ex_ante import by_class, diversification
from backtest.analysis.metrics.forecasts import forecast_accuracy
from backtest.analysis.metrics.realised_risk import realised_risk_contributions
from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.calendar_tables import drawdown_lengths
from backtest.analysis.tables.events import counts_of_events
from backtest.analysis.tables.holdings import capital_and_risk
from backtest.numerics.arrays import Floats
from backtest.numerics.day_counts import INTEREST_YEAR
from backtest.risk import percentage_contributions

WORST = 10  # drawdowns


@dataclass(frozen=True, eq=False)
class RunNumbers:
    """Arrays, sums and tables of one run, as inputs of metrics.

    Args:
        result: record of the run.
        benchmark: numbers of its benchmark over the same dates; None for a benchmark and for a run without one.
    """

    result: RunRecord
    benchmark: "RunNumbers | None" = None

    @cached_property
    def nav(self) -> Floats:
        """(P,) NAV, currency; the first is 1."""
        return self.result.nav.to_numpy()

    @cached_property
    def returns(self) -> Floats:
        """(P - 1,) returns, decimal per period."""
        return self.result.returns.to_numpy()

    @cached_property
    def excess(self) -> Floats:
        """(P - 1,) returns above cash, decimal per period."""
        return self.result.excess_returns.to_numpy()

    @cached_property
    def active(self) -> Floats:
        """(P - 1,) returns less the benchmark's returns, decimal per period.

        Raises:
            ValueError: the run has no benchmark.
        """
        return self.returns - self.against.returns

    @property
    def against(self) -> "RunNumbers":
        """Numbers of the benchmark.

        Raises:
            ValueError: the run has no benchmark.
        """
        if self.benchmark is None:
            raise ValueError(f"{self.result.name}: a metric against the benchmark, but the run has no benchmark")
        return self.benchmark

    @property
    def periods_per_year(self) -> int:
        """Periods per year."""
        return self.result.periods_per_year

    @cached_property
    def dates(self) -> pd.DatetimeIndex:
        """(P,) dates of NAV."""
        return pd.DatetimeIndex(self.result.nav.index)

    @cached_property
    def whole_year(self) -> bool:
        """True if the run covers a year or more; otherwise its return and costs are not annualised."""
        return self.result.whole_year

    @cached_property
    def years(self) -> float:
        """Length of the run, calendar days / 365.25."""
        dates = self.dates
        return performance.years_between(dates[0].to_datetime64(), dates[-1].to_datetime64())

    @cached_property
    def cagr(self) -> float:
        """CAGR of NAV after all costs; NaN for a run of less than a year."""
        return performance.cagr(float(self.nav[-1]), self.years) if self.whole_year else float("nan")

    @cached_property
    def cash_cagr(self) -> float:
        """CAGR of cash over the same dates; NaN for a run of less than a year."""
        grown = float(np.prod(1 + self.result.cash_returns.to_numpy()[1:]))
        return performance.cagr(grown, self.years) if self.whole_year else float("nan")

    @cached_property
    def max_drawdown(self) -> float:
        """Deepest fall of NAV below its running peak, decimal, 0 or below."""
        return float(drawdown(self.nav).min())

    @cached_property
    def gross_exposure(self) -> Floats:
        """(P,) Σ|w| after each close's trades, multiple of NAV."""
        return self.result.gross_exposure.to_numpy()

    @cached_property
    def growth(self) -> Mapping[str, float]:
        """CAGR `gross`, `net` and, with consumer prices, `real`; see `return_attribution.compound_growth`."""
        return compound_growth(self.result)

    @cached_property
    def worst_drawdowns(self) -> list[dict[str, Any]]:
        """Rows of `calendar_tables.drawdown_lengths`, deepest first; dates are ISO text, or None if still to come."""
        rows = drawdown_lengths(self.result.nav, WORST).to_dict("records")
        dates = {"peak", "trough", "recovery"}
        return [
            {
                str(key): (None if pd.isna(value) else iso(value)) if key in dates else value
                for key, value in row.items()
            }
            for row in rows
        ]

    @cached_property
    def deepest(self) -> dict[str, Any]:
        """The first of `worst_drawdowns`; a depth of 0 without dates if NAV never fell."""
        return self.worst_drawdowns[0] if self.worst_drawdowns else {"depth": 0.0, "peak": None, "trough": None}

    @cached_property
    def value_at_risk(self) -> tuple[float, float]:
        """VaR and CVaR at 95 %, decimal per period, positive = loss."""
        return performance.value_at_risk(self.returns)

    @cached_property
    def totals(self) -> Mapping[str, float]:
        """Turnover, and each cost over the NAV before its period, summed over the run, decimal."""
        costs = {name: flow for name, flow in self.flows.items() if name != "turnover"}
        sums = {name: float(np.sum(cost[1:] / self.nav[:-1])) for name, cost in costs.items()}
        return {"turnover": float(self.flows["turnover"].sum()), **sums}

    @cached_property
    def flows(self) -> dict[str, Floats]:
        """(P,) turnover, and each cost in currency."""
        costs = self.result.costs
        columns = {
            "turnover": self.result.turnover,
            "trading_cost": costs["trading"],
            "financing_cost": costs["financing"],
            "financing_drag": self.result.financing_drag,
            "borrow_cost": costs["borrow"],
            "fees": costs["fees"],
        }
        return {name: column.to_numpy() for name, column in columns.items()}

    def a_year(self, total: float) -> float:
        """Return a sum over the run as a rate per year; NaN for a run of less than a year."""
        return total / self.years if self.whole_year else float("nan")

    @cached_property
    def loan_years(self) -> float:
        """Financed amount times years of actual days over 360, currency × years."""
        days = np.diff(self.result.nav.index.to_numpy()) / np.timedelta64(1, "D")
        return float(np.sum(self.result.loan.to_numpy()[1:] * days / INTEREST_YEAR))

    @cached_property
    def diversification(self) -> pd.Series:
        """Averages of `ex_ante.diversification` over the rebalance dates that have a covariance."""
        return diversification(self.result).mean()

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """Accuracy of the forecasts of the portfolio, in the first row, and of each asset."""
        return forecast_accuracy(self.result)

    @cached_property
    def asset_shares(self) -> Mapping[str, Mapping[str, float]]:
        """`capital_shares`, `risk_shares` and `realised_risk_shares`: share by asset; see `holdings.capital_and_risk`.

        The realised shares also have cash and costs.
        """
        shares = {str(name): numbers(table) for name, table in self._shares_by_asset.items()}
        return {**shares, "realised_risk_shares": numbers(self._realised_shares)}

    @cached_property
    def class_shares(self) -> Mapping[str, Mapping[str, float]]:
        """The same shares by asset class; empty without classes."""
        classes = by_class(self._shares_by_asset.T, self.result.classes).T
        return {str(name): numbers(table) for name, table in classes.items()}

    @cached_property
    def events(self) -> Mapping[str, int]:
        """Numbers of margin calls, forced sales and targets scaled down."""
        return counts_of_events(self.result)

    @cached_property
    def regression(self) -> tuple[float, float]:
        """Beta, and Jensen's alpha a year, of returns above cash on the benchmark's."""
        return performance.beta_alpha(self.excess, self.against.excess, self.periods_per_year)

    @cached_property
    def tracking_error(self) -> float:
        """Annualised standard deviation of `active`."""
        return performance.volatility(self.active, self.periods_per_year)

    @cached_property
    def _realised_shares(self) -> pd.Series:
        realised = realised_risk_contributions(self.result)
        realised[:] = percentage_contributions(realised)
        return realised

    @cached_property
    def _shares_by_asset(self) -> pd.DataFrame:
        shares = capital_and_risk(self.result).reindex(self.result.assets)
        return pd.DataFrame(
            {
                "capital_shares": shares["capital"].to_numpy(),
                "risk_shares": shares["risk"].to_numpy(),
                "realised_risk_shares": self._realised_shares.to_numpy()[:-1],  # also defined without a covariance
            },
            index=self.result.assets,
        )


def numbers(table: pd.Series) -> dict[str, float]:
    """Return a series as a mapping from the text of its index to floats.

    >>> numbers(pd.Series([1, 2], index=["a", 2020]))
    {'a': 1.0, '2020': 2.0}
    """
    return {str(name): float(value) for name, value in table.items()}


def iso(date: Any) -> str:
    """Return a date as ISO text.

    >>> iso(pd.Timestamp("2020-01-31"))
    '2020-01-31'
    """
    return f"{date:%Y-%m-%d}"
