"""The runs of the second opinion as runs of the engine: its terms, markets and decisions in the engine's arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from backtest.engine import terms as engine
from backtest.engine.ledger import SimulationResult
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
    """What `simulate` is given. The first `lag` rows, whose decisions are traded later, repeat the first prices."""

    periods: Periods
    rows: list[int]
    targets: np.ndarray
    lag: int
    terms: engine.Terms
    bands: Bands | None
    minimum_trade: float

    def simulate(self) -> SimulationResult:
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
    """The same run, `targets` by row of their trade: row t here is row t + lag there, and decided on row t there."""
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
    """The same terms, of `length` dates, and of those before them that decide alone."""
    before, names = len(dates) - length, list(prices)
    due = np.zeros(len(dates), dtype=bool)
    due[[before + row for row in rebalance_indices(dates[before:], terms.fees.every)]] = True
    base = engine.Terms(
        _of(terms.costs.proportional, names),
        expense_ratio=_of(terms.fees.expense_ratio, names),
        management_fee=terms.fees.management,
        performance_fee=terms.fees.performance,
        performance_due=due if terms.fees.performance else None,
    )
    base = _with_costs(base, terms, prices, dates, before)
    financing = terms.financing
    if isinstance(financing, Fund):
        fund = engine.Fund(financing.leverage, financing.swap_spread, financing.expense_ratio)
        return replace(base, fund=fund, cash_spread=financing.cash_spread, initial_margin=np.ones(len(names)))
    base = replace(
        base,
        cash_spread=financing.cash_spread,
        initial_margin=None if financing.initial is None else _of(financing.initial, names),
        maintenance_margin=None if financing.maintenance is None else _of(financing.maintenance, names),
    )
    if isinstance(financing, Futures):
        return replace(base, futures=True, basis=_of(financing.basis, names), roll=_of(financing.roll, names))
    return _on_margin(base, financing, terms, names, dates)


def _of(rates: Rates, names: Sequence[str]) -> np.ndarray:
    return np.array([rates.get(name, 0.0) for name in names])


def _with_costs(
    base: engine.Terms, terms: OracleTerms, prices: Prices, dates: Sequence[date], before: int
) -> engine.Terms:
    costs: Costs = terms.costs
    schedule = costs.schedule
    return replace(
        base,
        trading_cost_by_row=None if schedule is None else np.array([_at(schedule, day) for day in dates]),
        fixed_cost=costs.fixed / terms.money if costs.fixed else 0.0,
        impact=None if costs.impact is None else _impact(terms, prices, before),
    )


def _at(schedule: Mapping[date, float], day: date) -> float:
    """What a schedule says; before it begins, on a date that only decides, what it says first."""
    return in_force(schedule, max(day, min(schedule)))


def _impact(terms: OracleTerms, prices: Prices, before: int) -> np.ndarray:
    """(T, n) Y sigma sqrt(capital / V); nothing for the dates before the run, on which nothing is traded."""
    assert terms.costs.impact is not None
    rates = impact_rates(terms.costs.impact, prices, terms.money)
    columns = []
    for name, known in rates.items():
        assert None not in known, f"{name} may be traded without a window"
        columns.append([0.0] * before + [rate for rate in known if rate is not None])
    return np.array(columns).T


def _on_margin(
    base: engine.Terms, margin: Margin, terms: OracleTerms, names: Sequence[str], dates: Sequence[date]
) -> engine.Terms:
    spread = margin.spread
    by_row = None
    if not isinstance(spread, float | int):
        by_row = np.array([_at(spread, dates[max(row - 1, 0)]) for row in range(len(dates))])
    tiers = margin.tiers or {}
    return replace(
        base,
        spread=spread if isinstance(spread, float | int) else 0.0,
        spread_by_row=by_row,
        tiers=tuple((size / terms.money, rate) for size, rate in tiers.items()),
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
