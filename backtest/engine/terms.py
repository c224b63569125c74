"""`Terms`: all that holding and trading cost in one run, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from backtest.data.dates.spacing import spacing_of
from backtest.data.market_data import MarketData
from backtest.engine.impact import impact_rates
from backtest.engine.market_periods import read_only
from backtest.engine.settings.costs import Fees, TradingCosts
from backtest.engine.settings.financing import (
    IMPACT_OF_FUNDS,
    Financing,
    Futures,
    LeveragedFund,
    Margin,
    margin_requirements,
    not_daily,
    spot_in_futures,
)
from backtest.engine.settings.rate_schedule import by_asset, in_force
from backtest.engine.settings.schedule import rebalance_rows
from backtest.errors import ConfigError
from backtest.numerics.arrays import Bools, Floats

if TYPE_CHECKING:
    from backtest.engine.kernels.state import TermArrays


@dataclass(frozen=True)
class Fund:
    """A fund that is reset daily.

    Args:
        leverage: multiple of the asset's return; below zero for an inverse one.
        swap_spread: over cash on what it borrows, decimal per year, act/360.
        expense_ratio: of its value, decimal per year, act/365.
    """

    leverage: float
    swap_spread: float = 0.0
    expense_ratio: float = 0.0


@dataclass(frozen=True, eq=False)
class Terms:
    """All terms of a run: decimals, per year where they are rates; (n,) arrays by asset, (T,) by row of the data.

    Args:
        trading_cost: (n,) fraction of the traded value.
        spread: over cash, or what loans are charged over, act/360.
        cash_spread: under cash on free cash, act/360.
        borrow_fee: (n,) on the value of shorts, of assets or of funds, act/360.
        expense_ratio: (n,) on the value of positions, act/365.
        management_fee: on NAV, act/365.
        spread_by_row: (T,) the spread of each period, instead.
        tiers: sizes of the loan in units of the first NAV, and the spread on what is above each, instead.
        rebate_spread: under cash on the proceeds of shorts, act/360.
        initial_margin: (n,) fraction of a position's size that NAV has to be when it is traded to.
        maintenance_margin: (n,) likewise at every close.
        futures: whether positions are notionals.
        basis: (n,) over cash in the implied rate, act/360.
        roll: (n,) cost of rolling on notionals, act/360.
        fund: through which every asset is held.
        trading_cost_by_row: (T,) of all assets, instead of `trading_cost`.
        fixed_cost: of each asset traded, units of the first NAV.
        impact: (T, n) the cost of a trade z is this × sqrt(NAV) × |z|^1.5.
        performance_fee: share of what is earned above the high-water mark.
        performance_due: (T,) whether it is paid on a date.
    """

    trading_cost: Floats
    spread: float = 0.0
    cash_spread: float = 0.0
    borrow_fee: Floats | None = None
    expense_ratio: Floats | None = None
    management_fee: float = 0.0
    spread_by_row: Floats | None = None
    tiers: tuple[tuple[float, float], ...] = ()
    rebate_spread: float = 0.0
    initial_margin: Floats | None = None
    maintenance_margin: Floats | None = None
    futures: bool = False
    basis: Floats | None = None
    roll: Floats | None = None
    fund: Fund | None = None
    trading_cost_by_row: Floats | None = None
    fixed_cost: float = 0.0
    impact: Floats | None = None
    performance_fee: float = 0.0
    performance_due: Bools | None = None

    @classmethod
    def of(
        cls,
        costs: TradingCosts,
        financing: Financing,
        fees: Fees,
        data: MarketData,
        initial_capital: float | None = None,
    ) -> "Terms":
        """The terms of a run over this market.

        Raises:
            ConfigError: what is given by asset or from dates on does not cover the market, or is not possible in it.
            DataError: impact lacks traded values.
        """
        if isinstance(financing, LeveragedFund) and costs.impact is not None:
            raise ConfigError(f"costs.impact: {IMPACT_OF_FUNDS}")
        capital = initial_capital if initial_capital is not None else 1.0
        terms = _with_fees(_trading(costs, data, capital), fees, data)
        if isinstance(financing, Margin):
            return _on_margin(terms, financing, data, capital)
        if isinstance(financing, Futures):
            return _in_futures(terms, financing, data)
        return _in_funds(terms, financing, data)

    @property
    def trades_are_free(self) -> bool:
        """Return whether no cost of trading is set."""
        by_row = self.trading_cost if self.trading_cost_by_row is None else self.trading_cost_by_row
        return self.impact is None and self.fixed_cost == 0 and not by_row.any()

    def with_spread(self, spread: float) -> "Terms":
        """The same, where a loan pays this spread, whatever its size and date; futures as basis, funds in swaps."""
        if self.futures:
            return replace(self, basis=np.full(len(self.trading_cost), spread))
        if self.fund is not None:
            return replace(self, fund=replace(self.fund, swap_spread=spread))
        return replace(self, spread=spread, spread_by_row=None, tiers=())

    @cached_property
    def arrays(self) -> "TermArrays":
        """Terms as the kernels read them."""
        from backtest.engine.kernels.state import BY_ASSET, SAME_FOR_ALL, UNUSED, TermArrays

        tiers = self.tiers or ((0.0, 0.0 if self.spread_by_row is not None else self.spread),)
        sizes, spreads = np.array(tiers).T
        to_initial = self.futures and self.initial_margin is not None
        by_asset = (
            self.basis if self.futures else self.borrow_fee,
            self.roll,
            self.expense_ratio,
            self.maintenance_margin,
            self.initial_margin,
            self.initial_margin if to_initial else self.maintenance_margin,
            self.trading_cost,
        )
        rates = np.zeros((len(by_asset), len(self.trading_cost)))
        for which, given in enumerate(by_asset):
            rates[which] = 0.0 if given is None else given
        same = np.where((rates == rates[:, :1]).all(axis=1), SAME_FOR_ALL, BY_ASSET)
        scalars = self.cash_spread, self.rebate_spread, self.management_fee, self.performance_fee, self.fixed_cost
        due, by_row, impact = self.performance_due, self.trading_cost_by_row, self.impact
        return TermArrays(
            rates=read_only(rates),
            usage=read_only(np.where(rates.any(axis=1), same, UNUSED)),
            tiers=read_only(np.stack([sizes, np.diff(spreads, prepend=0.0)])),
            scalars=read_only(np.array(scalars, dtype=np.float64)),
            futures=self.futures,
            performance_due=read_only(np.zeros(0, bool) if due is None else due),
            trading_by_row=read_only(np.zeros(0) if by_row is None else by_row),
            impact=read_only(np.zeros((0, 0)) if impact is None else impact),
        )


def _trading(costs: TradingCosts, data: MarketData, capital: float) -> Terms:
    trading = _by_asset(costs.trading_bps, data, "costs.trading_bps")
    half_spread = _by_asset(costs.half_spread_bps, data, "costs.half_spread_bps")
    commission = _by_asset(costs.commission_bps, data, "costs.commission_bps")
    by_row = None if costs.schedule is None else in_force(costs.schedule, data.dates, "costs.schedule") / 1e4
    return Terms(
        trading_cost=trading + half_spread + commission,
        trading_cost_by_row=by_row,
        fixed_cost=costs.fixed / capital,
        impact=None if costs.impact is None else impact_rates(costs.impact, data, capital),
    )


def _with_fees(terms: Terms, fees: Fees, data: MarketData) -> Terms:
    due = None
    if fees.performance is not None:
        due = np.zeros(len(data.dates), dtype=bool)
        due[rebalance_rows(data.dates, fees.performance.every)] = True
    return replace(
        terms,
        expense_ratio=_by_asset(fees.expense_ratio_bps, data, "fees.expense_ratio_bps"),
        management_fee=fees.management_bps / 1e4,
        performance_fee=0.0 if fees.performance is None else fees.performance.rate,
        performance_due=due,
    )


def _on_margin(terms: Terms, margin: Margin, data: MarketData, capital: float) -> Terms:
    spread, by_row = 0.0, None
    if isinstance(margin.spread_bps, Mapping):
        # a period pays what is in force as it begins
        in_periods = in_force(margin.spread_bps, data.dates[:-1], "financing.spread_bps") / 1e4
        by_row = np.concatenate([in_periods[:1], in_periods])
    else:
        spread = margin.spread_bps / 1e4
    initial, maintenance = margin_requirements(margin, data.assets, data.classes)
    tiers = () if margin.tiers is None else tuple((size / capital, bps / 1e4) for size, bps in margin.tiers.items())
    return replace(
        terms,
        spread=spread,
        spread_by_row=by_row,
        tiers=tiers,
        cash_spread=margin.cash_spread_bps / 1e4,
        rebate_spread=margin.rebate_spread_bps / 1e4,
        borrow_fee=_borrow_fee(margin, data),
        initial_margin=initial,
        maintenance_margin=maintenance,
    )


def _in_futures(terms: Terms, futures: Futures, data: MarketData) -> Terms:
    spot = sorted(set(data.assets) & data.spot)
    if spot:
        raise ConfigError(f"financing.kind: {spot_in_futures(spot)}")
    initial, maintenance = margin_requirements(futures, data.assets, data.classes)
    return replace(
        terms,
        futures=True,
        basis=by_asset(futures.basis_bps, data.assets, data.classes, "financing.basis_bps", 0.0) / 1e4,
        roll=_by_asset(futures.roll_bps, data, "financing.roll_bps"),
        cash_spread=futures.cash_spread_bps / 1e4,
        initial_margin=initial,
        maintenance_margin=maintenance,
    )


def _in_funds(terms: Terms, fund: LeveragedFund, data: MarketData) -> Terms:
    spacing = spacing_of(data.dates)  # whatever data.periods_per_year says
    if not spacing.is_daily:
        raise ConfigError(f"financing.kind: {not_daily(spacing.rounded)}")
    return replace(
        terms,
        cash_spread=fund.cash_spread_bps / 1e4,
        borrow_fee=_borrow_fee(fund, data),
        fund=Fund(fund.leverage, fund.swap_spread_bps / 1e4, fund.expense_ratio_bps / 1e4),
        initial_margin=np.ones(len(data.assets)),
    )


def _borrow_fee(financing: Margin | LeveragedFund, data: MarketData) -> Floats:
    return by_asset(financing.borrow_fee_bps, data.assets, data.classes, "financing.borrow_fee_bps", 0.0) / 1e4


def _by_asset(bps: float | Mapping[str, float], data: MarketData, setting: str) -> Floats:
    return by_asset(bps, data.assets, data.classes, setting) / 1e4
