"""Translation of the oracle's inputs into the engine's: terms, markets and decisions as arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from backtest.engine import terms as engine
from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands
from backtest.engine.simulation import simulate
from support.oracle.oracle_calendar import rebalance_indices
from support.oracle.oracle_impact import impact_rates
from support.oracle.oracle_terms import Costs, Fund, Futures, Margin, in_force
from support.oracle.oracle_terms import Terms as OracleTerms

Rates = Mapping[str, float]
Prices = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class EngineRun:
    """Arguments of `simulate`. The first `lag` rows, whose decisions are traded later, repeat the first prices."""

    periods: Periods
    rows: list[int]
    targets: np.ndarray
    lag: int
    terms: engine.Terms
    bands: Bands | None
    minimum_trade: float

    def simulate(self) -> Ledger:
        return simulate(
            self.periods,
            self.rows,
            self.targets,
            self.lag,
            self.terms,
            bands=self.bands,
            minimum_trade=self.minimum_trade,
        )


def engine_run(
    dates: Sequence[date],
    prices: Prices,
    cash: Sequence[float],
    targets: Mapping[int, Mapping[str, float]],
    terms: OracleTerms,
    loan_returns: Sequence[float] | None = None,
) -> EngineRun:
    """Translate a run with `targets` by row of their trade: row t is row t + lag in the engine."""
    lag, names = terms.lag, list(prices)
    levels = np.array([[math.nan if p is None else p for p in prices[a]] for a in names]).T
    all_dates = [*(dates[0] - timedelta(days=k) for k in range(lag, 0, -1)), *dates]
    periods = Periods(
        np.concatenate([np.repeat(levels[:1], lag, axis=0), levels]),
        np.concatenate([np.zeros(lag), cash]),
        np.diff([day.toordinal() for day in all_dates], prepend=all_dates[0].toordinal()),
        None if loan_returns is None else np.concatenate([np.zeros(lag), loan_returns]),
    )
    rows = sorted(targets)
    return EngineRun(
        periods,
        rows,
        np.array([[float(targets[row].get(a, 0.0)) for a in names] for row in rows]),
        lag,
        engine_terms(terms, prices, all_dates, len(dates)),
        _bands(terms),
        terms.minimum_trade,
    )


def engine_terms(terms: OracleTerms, prices: Prices, dates: Sequence[date], length: int) -> engine.Terms:
    """Translate terms, over `length` dates and the earlier dates, which only decide."""
    before, names, financing = len(dates) - length, list(prices), terms.financing
    margin = engine.MarginTerms(np.ones(len(names)))
    if not isinstance(financing, Fund):
        margin = engine.MarginTerms(
            None if financing.initial is None else _of(financing.initial, names),
            None if financing.maintenance is None else _of(financing.maintenance, names),
        )
    due = np.zeros(len(dates), dtype=bool)
    due[[before + row for row in rebalance_indices(dates[before:], terms.fees.every)]] = True
    fees = engine.FeeTerms(
        _of(terms.fees.expense_ratio, names),
        terms.fees.management,
        terms.fees.performance,
        due if terms.fees.performance else None,
    )
    trading = _trading_terms(terms, prices, dates, before)
    return engine.Terms(trading, _financing_terms(terms, names, dates), margin, fees)


def _financing_terms(
    terms: OracleTerms, names: Sequence[str], dates: Sequence[date]
) -> engine.LoanTerms | engine.FuturesTerms | engine.FundTerms:
    financing = terms.financing
    if isinstance(financing, Fund):
        return engine.FundTerms(
            financing.leverage, financing.swap_spread, financing.expense_ratio, financing.cash_spread
        )
    if isinstance(financing, Futures):
        return engine.FuturesTerms(_of(financing.basis, names), _of(financing.roll, names), financing.cash_spread)
    return _loan_terms(financing, terms, names, dates)


def _of(rates: Rates, names: Sequence[str]) -> np.ndarray:
    return np.array([rates.get(name, 0.0) for name in names])


def _trading_terms(terms: OracleTerms, prices: Prices, dates: Sequence[date], before: int) -> engine.TradingTerms:
    costs: Costs = terms.costs
    schedule = costs.schedule
    return engine.TradingTerms(
        _of(costs.proportional, list(prices)),
        None if schedule is None else np.array([_at(schedule, day) for day in dates]),
        costs.fixed / terms.money if costs.fixed else 0.0,
        None if costs.impact is None else _impact(terms, prices, before),
    )


def _at(schedule: Mapping[date, float], day: date) -> float:
    """Return the value of a schedule on a day; before the schedule begins, return its first value."""
    return in_force(schedule, max(day, min(schedule)))


def _impact(terms: OracleTerms, prices: Prices, before: int) -> np.ndarray:
    """(T, n) Y sigma sqrt(capital / V); zero for the dates before the run, on which nothing is traded."""
    assert terms.costs.impact is not None
    rates = impact_rates(terms.costs.impact, prices, terms.money)
    columns = []
    for name, known in rates.items():
        assert None not in known, f"{name} may be traded without a window"
        columns.append([0.0] * before + [rate for rate in known if rate is not None])
    return np.array(columns).T


def _loan_terms(margin: Margin, terms: OracleTerms, names: Sequence[str], dates: Sequence[date]) -> engine.LoanTerms:
    spread = margin.spread
    by_row = None
    if not isinstance(spread, float | int):
        by_row = np.array([_at(spread, dates[max(row - 1, 0)]) for row in range(len(dates))])
    tiers = margin.tiers or {}
    return engine.LoanTerms(
        spread=spread if isinstance(spread, float | int) else 0.0,
        spread_by_row=by_row,
        tiers=tuple((size / terms.money, rate) for size, rate in tiers.items()),
        cash_spread=margin.cash_spread,
        rebate_spread=margin.rebate_spread,
        borrow_fee=_of(margin.borrow_fee, names),
    )


def _bands(terms: OracleTerms) -> Bands | None:
    bands = terms.bands
    if bands is None:
        return None
    return Bands(
        math.inf if bands.absolute is None else bands.absolute,
        math.inf if bands.relative is None else bands.relative,
        bands.to == "edge",
        tuple(sorted(row + terms.lag for row in bands.checks)),
        bands.also_on_schedule,
    )
