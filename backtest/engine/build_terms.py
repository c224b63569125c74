"""Terms of a run, built from its market data and the sections `costs:`, `financing:` and `fees:`."""

from collections.abc import Mapping

import numpy as np

from backtest.data.dates.spacing import spacing_of
from backtest.data.market_data import MarketData
from backtest.engine.impact import impact_rates
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
from backtest.engine.terms import FeeTerms, FundTerms, FuturesTerms, LoanTerms, MarginTerms, Terms, TradingTerms
from backtest.errors import ConfigError
from backtest.numerics.arrays import Floats


def build_terms(
    costs: TradingCosts, financing: Financing, fees: Fees, data: MarketData, initial_capital: float | None = None
) -> Terms:
    """Return the terms of a run over a market.

    Args:
        costs: the section `costs:`.
        financing: the section `financing:`.
        fees: the section `fees:`.
        data: market data; settings by asset and by date have to cover it.
        initial_capital: the first NAV in currency; amounts in currency are divided by it.

    Raises:
        ConfigError: a setting by asset or by date does not cover the market data, or cannot be used with it.
        DataError: traded values that impact needs are missing.
    """
    if isinstance(financing, LeveragedFund) and costs.impact is not None:
        raise ConfigError(f"costs.impact: {IMPACT_OF_FUNDS}")
    capital = initial_capital if initial_capital is not None else 1.0
    return Terms(
        _trading_terms(costs, data, capital),
        _financing_terms(financing, data, capital),
        _margin_terms(financing, data),
        _fee_terms(fees, data),
    )


def _trading_terms(costs: TradingCosts, data: MarketData, capital: float) -> TradingTerms:
    trading = _by_asset(costs.trading_bps, data, "costs.trading_bps")
    half_spread = _by_asset(costs.half_spread_bps, data, "costs.half_spread_bps")
    commission = _by_asset(costs.commission_bps, data, "costs.commission_bps")
    by_row = None if costs.schedule is None else in_force(costs.schedule, data.dates, "costs.schedule") / 1e4
    return TradingTerms(
        trading + half_spread + commission,
        by_row,
        costs.fixed / capital,
        None if costs.impact is None else impact_rates(costs.impact, data, capital),
    )


def _financing_terms(financing: Financing, data: MarketData, capital: float) -> LoanTerms | FuturesTerms | FundTerms:
    if isinstance(financing, Margin):
        return _loan_terms(financing, data, capital)
    if isinstance(financing, Futures):
        return _futures_terms(financing, data)
    return _fund_terms(financing, data)


def _loan_terms(margin: Margin, data: MarketData, capital: float) -> LoanTerms:
    spread, by_row = 0.0, None
    if isinstance(margin.spread_bps, Mapping):
        # a period pays the spread in force when it begins
        in_periods = in_force(margin.spread_bps, data.dates[:-1], "financing.spread_bps") / 1e4
        by_row = np.concatenate([in_periods[:1], in_periods])
    else:
        spread = margin.spread_bps / 1e4
    tiers = () if margin.tiers is None else tuple((size / capital, bps / 1e4) for size, bps in margin.tiers.items())
    return LoanTerms(
        spread=spread,
        spread_by_row=by_row,
        tiers=tiers,
        cash_spread=margin.cash_spread_bps / 1e4,
        rebate_spread=margin.rebate_spread_bps / 1e4,
        borrow_fee=_borrow_fee(margin, data),
    )


def _futures_terms(futures: Futures, data: MarketData) -> FuturesTerms:
    spot = sorted(set(data.assets) & data.spot)
    if spot:
        raise ConfigError(f"financing.kind: {spot_in_futures(spot)}")
    return FuturesTerms(
        by_asset(futures.basis_bps, data.assets, data.classes, "financing.basis_bps", 0.0) / 1e4,
        _by_asset(futures.roll_bps, data, "financing.roll_bps"),
        futures.cash_spread_bps / 1e4,
    )


def _fund_terms(fund: LeveragedFund, data: MarketData) -> FundTerms:
    spacing = spacing_of(data.dates)  # regardless of data.periods_per_year
    if not spacing.is_daily:
        raise ConfigError(f"financing.kind: {not_daily(spacing.rounded)}")
    return FundTerms(
        fund.leverage,
        fund.swap_spread_bps / 1e4,
        fund.expense_ratio_bps / 1e4,
        fund.cash_spread_bps / 1e4,
        _borrow_fee(fund, data),
    )


def _margin_terms(financing: Financing, data: MarketData) -> MarginTerms:
    if isinstance(financing, LeveragedFund):  # shares of funds are bought with cash
        return MarginTerms(initial=np.ones(len(data.assets)))
    return MarginTerms(*margin_requirements(financing, data.assets, data.classes))


def _fee_terms(fees: Fees, data: MarketData) -> FeeTerms:
    due = None
    if fees.performance is not None:
        due = np.zeros(len(data.dates), dtype=bool)
        due[rebalance_rows(data.dates, fees.performance.every)] = True
    return FeeTerms(
        _by_asset(fees.expense_ratio_bps, data, "fees.expense_ratio_bps"),
        fees.management_bps / 1e4,
        0.0 if fees.performance is None else fees.performance.rate,
        due,
    )


def _borrow_fee(financing: Margin | LeveragedFund, data: MarketData) -> Floats:
    return by_asset(financing.borrow_fee_bps, data.assets, data.classes, "financing.borrow_fee_bps", 0.0) / 1e4


def _by_asset(bps: float | Mapping[str, float], data: MarketData, setting: str) -> Floats:
    return by_asset(bps, data.assets, data.classes, setting) / 1e4
