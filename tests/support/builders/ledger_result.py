"""Results of the real ledger over a synthetic market: every flow equals its own formula."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis import BacktestResult
from backtest.analysis.build import build_result
from backtest.analysis.metrics.ex_ante import ExAnteRisk
from backtest.data.market_data import MarketData
from backtest.engine.market_periods import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, LoanTerms, Terms, TradingTerms

BOOK = ("stocks", "bonds", "gold")


def terms_of(
    count: int,
    trading_cost: float = 0.0,
    spread: float = 0.0,
    cash_spread: float = 0.0,
    borrow_fee: float = 0.0,
    expense_ratio: float = 0.0,
    management_fee: float = 0.0,
) -> Terms:
    """Repeat a value for each of n assets; decimals, per year for rates."""
    same = [np.full(count, value) for value in (trading_cost, borrow_fee, expense_ratio)]
    return Terms(
        TradingTerms(same[0]),
        LoanTerms(spread, cash_spread=cash_spread, borrow_fee=same[1]),
        fees=FeeTerms(expense_ratio=same[2], management=management_fee),
    )


def simulated(
    returns: np.ndarray,
    cash: Sequence[float] | np.ndarray,
    targets: Mapping[int, Sequence[float] | np.ndarray],
    terms: Terms,
    dates: pd.DatetimeIndex,
    *,
    periods_per_year: int = 12,
    classes: Mapping[str, str] | None = None,
    missing: Mapping[int, int] | None = None,
) -> BacktestResult:
    """Return the result of trading to target weights at the closes of some rows.

    Args:
        returns: (T, n) decimal per period; the first row is not used.
        cash: (T,) decimal per period; the first row is not used.
        targets: (n,) fractions of NAV by row.
        terms: terms of the run.
        dates: (T,) dates.
        periods_per_year: number of dates per year.
        classes: asset class by asset.
        missing: row from which an asset, given by its column, has no price.
    """
    assets = list(BOOK[: returns.shape[1]])
    table = pd.DataFrame(returns, index=dates, columns=assets)
    prices = (1 + table).cumprod()
    for column, row in (missing or {}).items():
        prices.iloc[row:, column] = np.nan
    data = MarketData(prices, table, pd.Series(cash, index=dates, dtype=float), classes or {}, periods_per_year)
    rows, target_weights = list(targets), np.array(list(targets.values()), dtype=float)
    periods = Periods.of(data)
    path = simulate(periods, rows, target_weights, 0, terms)
    nothing = np.full(target_weights.shape, np.nan)
    risk = ExAnteRisk(nothing, nothing, np.full((len(rows), len(set((classes or {}).values()))), np.nan))
    return build_result(
        path, data, rows=rows, risk=risk, terms=terms, name="synthetic", strategy="fixed",
        settings=settings_of(terms), notes=(),
    )  # fmt: skip


def settings_of(terms: Terms) -> dict[str, Any]:
    """Return the financing section of a configuration with these terms."""
    if terms.fund is not None:
        return {"financing": {"kind": "leveraged_fund", "leverage": terms.fund.leverage}}
    return {"financing": {"kind": "futures" if terms.futures else "margin"}}


def random_run(
    seed: int, terms: Terms | None = None, *, shorts: bool = True, leverage: float = 1.5, volatility: float = 0.05
) -> BacktestResult:
    """Simulate forty months of three assets, traded about every third month, from a seed; random terms by default."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2018-10-31", periods=41, freq="ME")
    returns = np.clip(rng.normal(0.006, volatility, (41, 3)), -0.8, 2.0)
    cash = rng.uniform(-0.002, 0.006, 41)
    rows = sorted({0, *rng.choice(np.arange(1, 40), 13, replace=False).tolist()})
    targets = (
        rng.uniform(-0.6 if shorts else 0.0, 1.0, (len(rows), 3)) * leverage * rng.uniform(0.3, 1.3, (len(rows), 1))
    )
    if terms is None:
        terms = terms_of(3, *rng.uniform(0, 0.02, 6))
    classes = {"stocks": "equities", "bonds": "bonds", "gold": "bonds"}
    return simulated(returns, cash, dict(zip(rows, targets, strict=True)), terms, dates, classes=classes)


def gross_assets(result: BacktestResult) -> np.ndarray:
    """Return opening positions, cash and loan over NAV of each period, (P - 1,), at least 1."""
    weights = result.weights.to_numpy()[:-1]
    sizes: np.ndarray = 1 + 2 * np.abs(weights).sum(axis=1)
    return sizes
