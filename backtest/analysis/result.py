"""`BacktestResult`: everything that came out of a run."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from backtest.analysis.attribution.return_attribution import real_nav
from backtest.analysis.break_even_spread.spread_search import BreakEven
from backtest.analysis.metrics.realised_risk import realised_risk_of_a_year
from backtest.analysis.metrics.rolling_measures import rolling_measures
from backtest.analysis.metrics.summary import summarise
from backtest.analysis.tables.events import events_of
from backtest.analysis.tables.holdings import capital_and_risk
from backtest.data.dates.months_and_years import is_whole_year
from backtest.data.market_data import Origin


@dataclass(frozen=True, eq=False, repr=False)
class BacktestResult:
    """Returns, holdings, trades and costs of a run. P dates from the first trade on, n assets; NAV begins at 1.

    Args:
        name: of the run.
        strategy: name of its strategy.
        periods_per_year: of the dates, one of `periods.FREQUENCIES` unless the settings state another.
        nav: (P,) currency, after each close's trades; the first is 1, before the first trade.
        weights: (P, n) fractions of NAV after each close's trades.
        target_weights: (m, n) by rebalance date, the last one included although it is not traded.
        target_scales: (m,) by what the initial margin, or the leverage of the funds, scales them down, else 1.
        trades: (k, n) by date of trade, fractions of NAV before the trade; through leveraged funds, of their shares. A
            date can have more than one row, in the order of the trades; a close at which nothing is traded has none.
        trade_terms: (k, 3) of the same trades: `reason` (`rebalance`, `band`, `margin_call` or `no_price`),
            `margin_call`, whether there was one at that close, which the trade answers, and `scale`, by what the target
            was scaled down to be allowed, else 1.
        turnover: (P,) half the sum of absolute trades, fraction of NAV; the first trade's in the second row.
        costs: (P, 4) `trading`, `financing`, `borrow`, `fees`, currency.
        financing_drag: (P,) the part of financing above the cash return, currency.
        loan: (P,) what was financed over each period, currency: on margin the loan, in futures the notional, through
            leveraged funds what these borrow.
        contributions: (P, n + 6) what each asset, cash and cost added in each period, over the first NAV; all of them
            add up to the total return. `shortfall` is what the lender bore where NAV fell below zero.
        risk_contributions: (m, n) ex ante, of the allowed targets by the covariance of their date, decimal per year;
            rows only where there is a covariance.
        asset_volatilities: (m, n) forecast volatility of each asset by the covariance of the same dates, decimal per
            year; NaN for an asset without one.
        class_volatilities: (m, k) the same of what is held of each of the k asset classes; without columns where there
            is no class.
        trade_dates: (m,) by rebalance date, the date of the trade that followed, even if nothing had to be traded;
            NaT where the decision was not traded.
        asset_returns: (P, n) decimal per period, NaN where an asset has none; the first are not part of the run.
        cash_returns: (P,) decimal per period; the first is not part of the run.
        latest_trades: (n,) from the last weights to the last allowed targets, fractions of NAV.
        classes: asset class by asset.
        consumer_prices: an index, one value a month, from before the first date on; None where the run has none.
        break_even: where the run ties its benchmark; None where it was not worked out.
        benchmark: the benchmark's result over exactly the same dates, or None.
        notes: what a reader has to be told of data, dates and events.
        warnings: what was found in the data that should be looked at.
        origins: where each series of the run comes from.
        settings: the whole resolved configuration.
        data_sha256: of the dates, prices and cash that the run used.
        setup: the `plan.Setup` that the run was made from, with which a comparison begins it again at a later date.
            None for a result that was built by hand or copied by pickle, as a user's strategy cannot be pickled.
    """

    name: str
    strategy: str
    periods_per_year: int
    nav: pd.Series
    weights: pd.DataFrame
    target_weights: pd.DataFrame
    target_scales: pd.Series
    trades: pd.DataFrame
    trade_terms: pd.DataFrame
    turnover: pd.Series
    costs: pd.DataFrame
    financing_drag: pd.Series
    loan: pd.Series
    contributions: pd.DataFrame
    risk_contributions: pd.DataFrame
    asset_volatilities: pd.DataFrame
    class_volatilities: pd.DataFrame
    trade_dates: pd.Series
    asset_returns: pd.DataFrame
    cash_returns: pd.Series
    latest_trades: pd.Series
    classes: Mapping[str, str] = field(default_factory=dict)
    consumer_prices: pd.Series | None = None
    break_even: BreakEven | None = None
    benchmark: "BacktestResult | None" = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    data_sha256: str = ""
    setup: object | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle keeps: everything but the setup."""
        return {**vars(self), "setup": None}

    def __repr__(self) -> str:
        first, last = self.nav.index[0], self.nav.index[-1]
        return f"<BacktestResult {self.name} ({self.strategy}), {first:%Y-%m-%d} to {last:%Y-%m-%d}>"

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from backtest.reporting.pages.notebook import result_html

        return result_html(self)

    @cached_property
    def returns(self) -> pd.Series:
        """(P - 1,) simple returns of NAV, decimal per period, dated at the end of the period."""
        return (self.nav / self.nav.shift() - 1).iloc[1:].rename("returns")

    @cached_property
    def excess_returns(self) -> pd.Series:
        """(P - 1,) returns less cash returns, decimal per period."""
        return (self.returns - self.cash_returns.iloc[1:]).rename("excess_returns")

    @cached_property
    def allowed_targets(self) -> pd.DataFrame:
        """(m, n) target weights as far as the initial margin, or the leverage of the funds, allows them."""
        return self.target_weights.mul(self.target_scales, axis=0)

    @cached_property
    def forecast_volatility(self) -> pd.Series:
        """(m,) volatility of the allowed targets by the covariance of their date, decimal per year."""
        return self.risk_contributions.sum(axis=1).rename("forecast_volatility")

    @property
    def assets(self) -> list[str]:
        """The n assets."""
        return list(self.weights.columns)

    @cached_property
    def gross_exposure(self) -> pd.Series:
        """(P,) Σ|w| after each close's trades, multiple of NAV."""
        return self.weights.abs().sum(axis=1).rename("gross_exposure")

    @property
    def whole_year(self) -> bool:
        """Return whether it covers a year or more; if not, its return and costs are not rates per year."""
        return is_whole_year(pd.DatetimeIndex(self.nav.index), self.periods_per_year)

    @property
    def financing(self) -> str:
        """How exposure is financed: `margin`, `futures` or `leveraged_fund`."""
        return str(self._financing.get("kind", "margin"))

    @property
    def fund_leverage(self) -> float:
        """What a unit held gives in exposure: the leverage of the funds that assets are held through, else 1."""
        return float(self._financing.get("leverage", 1.0))

    @property
    def _financing(self) -> Mapping[str, Any]:
        financing: Mapping[str, Any] = self.settings.get("financing", {})
        return financing

    @cached_property
    def real_nav(self) -> pd.Series | None:
        """(P,) NAV in the consumer prices of its first date, by what was known of them; None without an index."""
        return None if self.consumer_prices is None else real_nav(self.nav, self.consumer_prices)

    @cached_property
    def rolling(self) -> pd.DataFrame:
        """Volatility, Sharpe ratio and correlation over the last 12 months; `rolling.rolling_measures`."""
        return rolling_measures(self)

    @cached_property
    def capital_and_risk(self) -> pd.DataFrame:
        """(n, 3) average shares of capital, of expected and of realised risk; `holdings.capital_and_risk`."""
        return capital_and_risk(self)

    @cached_property
    def realised_risk(self) -> pd.DataFrame:
        """(k, n + 1) realised risk contributions over the 12 months before each rebalance date, decimal per year."""
        return realised_risk_of_a_year(self)

    @cached_property
    def events(self) -> pd.DataFrame:
        """(k, 2) `event` and `amount` by date: margin calls, what they forced, targets scaled down, ruin."""
        return events_of(self)

    def until(self, end: pd.Timestamp) -> "BacktestResult":
        """Return the same result, and its benchmark, without the dates after `end`."""
        if end >= self.nav.index[-1]:
            return self
        cut: dict[str, Any] = {
            name: value.loc[:end]
            for name, value in vars(self).items()
            if name in self.__dataclass_fields__
            and isinstance(value, pd.Series | pd.DataFrame)
            and isinstance(value.index, pd.DatetimeIndex)
        }
        benchmark = None if self.benchmark is None else self.benchmark.until(end)
        nothing = 0.0 * self.latest_trades
        return replace(self, **cut, latest_trades=nothing, benchmark=benchmark, break_even=None)

    @cached_property
    def _summary(self) -> dict[str, Any]:
        return summarise(self)

    def summary(self) -> dict[str, Any]:
        """The headline numbers, decimals; NaN where one is not defined. The same as `summary.json`."""
        return deepcopy(self._summary)
