"""Data of a finished run. No measure is imported here: measures are functions of a `RunRecord` or of its columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import pandas as pd

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.order_terms import OrderTerms
from backtest.analysis.selection.walk_forward_record import WalkForward
from backtest.data.dates.months_and_years import is_whole_year
from backtest.data.series_origin import Origin
from backtest.engine.path_inputs import PathInputs
from backtest.numerics.tolerances import ROUNDING


@dataclass(frozen=True, eq=False, repr=False)
class RunRecord:
    """Returns, holdings, trades and costs of a run over P dates and n assets.

    The first date is the date of the first trade, on which NAV is 1; amounts in currency are in units of this NAV.

    Args:
        name: name of the run.
        strategy: name of its strategy.
        periods_per_year: one of `frequencies.FREQUENCIES`, unless the settings give another number.
        nav: (P,) currency, after each close's trades; the first value, 1, is before the first trade.
        weights: (P, n) fractions of NAV after each close's trades.
        target_weights: (m, n) fractions of NAV by rebalance date, including the last one, which is not traded.
        target_scales: (m,) factors by which the initial margin, or the leverage of the funds, scales the targets down;
            1 where the targets are allowed as they are.
        trades: (k, n) by date of trade, fractions of NAV before the trade; with leveraged funds, trades of their
            shares. A date has one row for each trade, in order, and no row if nothing is traded.
        trade_terms: (k, 3) for the same trades: `reason` (`rebalance`, `band`, `margin_call` or `no_price`);
            `margin_call`, True if the trade answers a margin call of that close; `scale`, the factor by which the
            target was scaled down to be allowed, else 1.
        turnover: (P,) half the sum of absolute trades, fraction of NAV. The first trade counts in the second row.
        costs: (P, 4) `trading`, `financing`, `borrow`, `fees`, currency.
        financing_drag: (P,) the part of the financing cost above the cash return, currency.
        loan: (P,) amount financed over each period, currency: the margin loan, the notional of futures, or the
            borrowing inside leveraged funds.
        contributions: (P, n + 6) profit of each asset, and of cash and each cost, by period, over the first NAV. They
            add up to the total return. `shortfall` is the lender's loss if NAV falls below zero.
        risk_contributions: (m', n) ex-ante risk contributions of the allowed targets, decimal per year, from the
            covariance of their date; rows only for the m' dates that have a covariance.
        asset_volatilities: (m', n) forecast volatility of each asset from the same covariances, decimal per year;
            NaN for an asset without a covariance.
        class_volatilities: (m', k) forecast volatility of the holdings of each asset class, decimal per year; no
            columns if there are no classes.
        trade_dates: (m,) date, by rebalance date, on which the decision was first traded or found to need no trade;
            NaT if the run ends before that.
        asset_returns: (P, n) decimal per period, NaN where an asset has no return. The first row precedes the run.
        cash_returns: (P,) decimal per period. The first value precedes the run.
        latest_trades: (n,) trades from the last weights to the last allowed targets, fractions of NAV.
        classes: asset class by asset.
        consumer_prices: index with one value a month, from before the first date on; None if the run has no index.
        break_even: break-even spreads against the benchmark; None if they were not computed.
        benchmark: the benchmark's record over exactly the same dates; None without a benchmark.
        other_benchmarks: records of the other benchmarks of a list, over the same dates.
        notes: notes for the reader on data, dates and events.
        warnings: findings in the data that should be checked.
        origins: source of each series of the run.
        settings: the whole resolved configuration.
        config_file: absolute path of the configuration, without the home folder; None if it was not a file.
        overrides: values by dotted name that replaced settings of the configuration, without secrets.
        data_sha256: hash of the dates, prices and cash returns of the run.
        series_sha256: hash of each series of the run, by name of the asset or of the setting, such as `data.cash`.
        own_code: SHA-256 of each file of code that did not come with the package, by path.
        order_terms: prices, lots and costs at the last date, for orders; None if the record was cut or built by hand.
        strategy_files: SHA-256 of each file that belongs to the strategy's settings, such as given weights, by path.
        sleeve_weights: (m, k × n) target weights of each sleeve of a blend, fractions of NAV, with columns of sleeve
            and asset; they add up to the target weights. None for other strategies.
        walk_forward: choices of a walk-forward; None for other runs.
        setup: the `plan.Setup` of the run, from which a comparison starts it again at a later date. None for a record
            that was built by hand or unpickled: a pickle leaves out the market data.
        path_inputs: what the path is computed from, for the page; None where `setup` is None, for a record that was
            cut, and if the path needs terms that the page does not compute.
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
    benchmark: Self | None = None
    other_benchmarks: tuple[Self, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    config_file: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    data_sha256: str = ""
    series_sha256: Mapping[str, str] = field(default_factory=dict)
    own_code: Mapping[str, str] = field(default_factory=dict)
    order_terms: OrderTerms | None = None
    strategy_files: Mapping[str, str] = field(default_factory=dict)
    sleeve_weights: pd.DataFrame | None = None
    walk_forward: WalkForward | None = None
    setup: object | None = None
    path_inputs: PathInputs | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return the contents of a pickle: everything but the setup and the inputs of the path."""
        return {**vars(self), "setup": None, "path_inputs": None}

    def __repr__(self) -> str:
        first, last = self.nav.index[0], self.nav.index[-1]
        return f"<BacktestResult {self.name} ({self.strategy}), {first:%Y-%m-%d} to {last:%Y-%m-%d}>"

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
        """(m, n) target weights, scaled down where the initial margin or the leverage of the funds requires it."""
        return self.target_weights.mul(self.target_scales, axis=0)

    @cached_property
    def forecast_volatility(self) -> pd.Series:
        """(m',) volatility of the allowed targets by the covariance of their date, decimal per year."""
        return self.risk_contributions.sum(axis=1).rename("forecast_volatility")

    @property
    def benchmarks(self) -> tuple[Self, ...]:
        """All benchmarks, the one of relative numbers first."""
        return () if self.benchmark is None else (self.benchmark, *self.other_benchmarks)

    @property
    def assets(self) -> list[str]:
        """Names of the n assets."""
        return list(self.weights.columns)

    @cached_property
    def gross_exposure(self) -> pd.Series:
        """(P,) Σ|w| after each close's trades, multiple of NAV."""
        return self.weights.abs().sum(axis=1).rename("gross_exposure")

    @property
    def whole_year(self) -> bool:
        """True if the run covers a year or more; otherwise its return and costs are not annualised."""
        return is_whole_year(pd.DatetimeIndex(self.nav.index), self.periods_per_year)

    @property
    def financing(self) -> str:
        """Kind of financing: `margin`, `futures` or `leveraged_fund`."""
        return str(self._financing.get("kind", "margin"))

    @property
    def fund_leverage(self) -> float:
        """Exposure per unit held: the leverage of the funds that hold the assets, 1 without funds."""
        return float(self._financing.get("leverage", 1.0))

    @property
    def _financing(self) -> Mapping[str, Any]:
        financing: Mapping[str, Any] = self.settings.get("financing", {})
        return financing

    def until(self, end: pd.Timestamp) -> Self:
        """Return the record and its benchmark up to `end`; if this drops a date, what covers all dates goes too."""
        if end >= self.nav.index[-1]:
            return self
        shortened: dict[str, Any] = {
            name: value.loc[:end]
            for name, value in ((name, getattr(self, name)) for name in self.__dataclass_fields__)
            if isinstance(value, pd.Series | pd.DataFrame) and isinstance(value.index, pd.DatetimeIndex)
        }
        trade_dates = shortened["trade_dates"] = shortened["trade_dates"].where(lambda dates: dates <= end)
        waiting = trade_dates.loc[end:end].index[trade_dates.loc[end:end].isna()]  # empty, or the last date
        due = (self.allowed_targets.loc[waiting] - self.weights.loc[waiting]).sum()
        shortened["latest_trades"] = due.where(due.abs() >= ROUNDING, 0.0)
        benchmark = None if self.benchmark is None else self.benchmark.until(end)
        others = tuple(other.until(end) for other in self.other_benchmarks)
        shortened |= {"benchmark": benchmark, "other_benchmarks": others}
        shortened |= {"walk_forward": None, "path_inputs": None}
        return replace(self, **shortened, break_even=None, order_terms=None)
