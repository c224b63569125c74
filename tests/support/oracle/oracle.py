"""The oracle: a slow, plain simulator of the accounting of one run, written from the design alone.

It shares no code with the project (and must never import it). Money is kept in currency with a first NAV of
exactly 1; dictionaries are keyed by asset; sums are exact (`math.fsum`). The tests compare the engine with it.

Terms: "row t" is the date with index t; "period t" is (t-1, t]; "opening" is after the trades of row t-1.

Its files, in reading order: oracle_terms (the terms of a run), oracle_flows (a period), oracle_trades (a close),
oracle_bands (decisions and orders), oracle_path (a run); also oracle_calendar, oracle_risk and oracle_numbers. This
file has a run on plain margin terms and a run with its own schedule of decisions, and re-exports the other names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from support.oracle.oracle_calendar import annual_rate_return, month_ends, rebalance_indices
from support.oracle.oracle_numbers import (
    average_financing_rate,
    borrow_cost_per_year,
    cagr,
    cvar_95,
    excess_kurtosis,
    fees_per_year,
    financing_cost_per_year,
    financing_drag_per_year,
    max_drawdown,
    sharpe,
    skew,
    sortino,
    total_return,
    trading_cost_per_year,
    turnover_per_year,
    var_95,
    volatility,
)
from support.oracle.oracle_path import OraclePath, Prices, Weights, nav_returns, run
from support.oracle.oracle_risk import (
    Matrix,
    erc,
    excess_returns,
    levered_erc,
    portfolio_variance,
    risk_shares,
    sample_covariance,
)
from support.oracle.oracle_terms import Costs, Fees, Margin, Terms

__all__ = [
    "Matrix",
    "OraclePath",
    "annual_rate_return",
    "average_financing_rate",
    "backtest",
    "borrow_cost_per_year",
    "cagr",
    "cvar_95",
    "erc",
    "excess_kurtosis",
    "excess_returns",
    "fees_per_year",
    "financing_cost_per_year",
    "financing_drag_per_year",
    "levered_erc",
    "max_drawdown",
    "month_ends",
    "nav_returns",
    "portfolio_variance",
    "rebalance_indices",
    "risk_shares",
    "run",
    "sample_covariance",
    "sharpe",
    "simulate",
    "skew",
    "sortino",
    "total_return",
    "trading_cost_per_year",
    "turnover_per_year",
    "var_95",
    "volatility",
]

Decide = Callable[[list[list[float]], list[list[float]]], Mapping[str, float]]


def simulate(
    dates: Sequence[date],
    prices: Prices,
    cash_returns: Sequence[float],
    targets: Mapping[int, Weights],
    *,
    trading_cost: Weights,
    spread: float = 0.0,
    cash_spread: float = 0.0,
    borrow_fee: Weights | None = None,
    expense_ratio: Weights | None = None,
    management_fee: float = 0.0,
) -> OraclePath:
    """Simulate a run on margin with proportional costs: `oracle_path.run` with its commonest terms by name.

    `targets[t]` is traded at the close of row t, in fractions of NAV; an asset left out counts as 0. Targets of the
    last row are ignored.
    """
    terms = Terms(
        financing=Margin(spread=spread, cash_spread=cash_spread, borrow_fee=borrow_fee or {}),
        costs=Costs(proportional=trading_cost),
        fees=Fees(management=management_fee, expense_ratio=expense_ratio or {}),
    )
    return run(dates, prices, cash_returns, targets, terms)


def backtest(
    dates: Sequence[date],
    prices: Mapping[str, Sequence[float]],
    cash_returns: Sequence[float],
    decide: Decide,
    *,
    frequency: str,
    lag: int,
    window: int | None,
    trading_cost: Weights,
    spread: float = 0.0,
    cash_spread: float = 0.0,
    borrow_fee: Weights | None = None,
    expense_ratio: Weights | None = None,
    management_fee: float = 0.0,
) -> OraclePath:
    """Simulate a run over dates that all assets and cash share (the default universe).

    `decide` receives the last `window` rows of excess returns up to and including the rebalance date, with columns
    in the order of `prices`, and their sample covariance (two empty lists with `window=None`: fixed weights).
    The first decision is on the first rebalance date with a full window (or, without a window, on the first
    rebalance date). A decision at index r is traded at r + lag, if that is before the last date. Row 0 of the path
    is the date of the first trade, `path.start` in `dates`.
    """
    assets = list(prices)
    last = len(dates) - 1
    decided: dict[int, dict[str, float]] = {}
    for r in rebalance_indices(dates, frequency):
        trade = r + lag
        if trade >= last or (window is not None and r < window):  # row 0 has no return: row r has r of them
            continue
        rows = [] if window is None else excess_returns(prices, cash_returns, r - window + 1, r)
        decided[trade] = dict(decide(rows, [] if window is None else sample_covariance(rows)))
    if not decided:
        raise ValueError("no rebalance date has a full window and a trade before the last date")
    start = min(decided)
    path = simulate(
        dates[start:],
        {a: prices[a][start:] for a in assets},
        cash_returns[start:],
        {t - start: target for t, target in decided.items()},
        trading_cost=trading_cost,
        spread=spread,
        cash_spread=cash_spread,
        borrow_fee=borrow_fee,
        expense_ratio=expense_ratio,
        management_fee=management_fee,
    )
    path.start = start
    return path
