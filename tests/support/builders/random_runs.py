"""Random runs for the engine: markets, terms of every kind, decisions and bands, each present or not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands
from backtest.engine.terms import FeeTerms, FundTerms, FuturesTerms, LoanTerms, MarginTerms, Terms, TradingTerms
from support.agreement.translated_terms import EngineRun

Rng = np.random.Generator

KINDS = ("margin", "futures", "fund")


def random_market(rng: Rng, wild: float, rows: int = 24) -> Periods:
    """Return one to four assets of these weekly movements; some start late, end early, pause a day, or never move."""
    count = int(rng.integers(1, 5))
    prices = 100 * np.exp(np.cumsum(rng.normal(0, wild, (rows, count)) * (rng.random(count) < 0.85), axis=0))
    if rng.random() < 0.5:
        away = rng.random((rows, count)) < 0.03
        away[:3, 0] = False
        if rng.random() < 0.5:
            away[int(rng.integers(rows // 2, rows)) :, -1] = True
        prices[away] = np.nan
    cash = rng.normal(0.0005, 0.0005, rows)
    loans = cash + 0.0003 if rng.random() < 0.3 else None
    return Periods(prices, cash, rng.choice([1, 3, 31], rows), loans)


def random_run(rng: Rng, periods: Periods, kind: str) -> EngineRun:
    """Return a run over a market, levered, long and short, on margin, in futures or through funds."""
    rows, count = periods.shape
    lag = int(rng.integers(0, 3))
    decided = [0, *range(int(rng.integers(1, 8)), rows, int(rng.choice([1, 4, 9])))]
    size = rng.choice([0.6, 1.5, 4.0])
    targets = rng.uniform(-0.3, 1.0, (len(decided), count)) * size
    if rng.random() < 0.5:
        targets[1:] = targets[0]
    if rng.random() < 0.25:
        targets[1:, int(rng.integers(count))] = 0
    trading, fees = _charged(rng, rows, count)
    terms = Terms(trading, *_financed(rng, rows, count, kind), fees)
    least = float(rng.choice([0.0, 0.0, 0.03]))
    return EngineRun(periods, decided, targets, lag, terms, _bands(rng, rows) if rng.random() < 0.5 else None, least)


def _charged(rng: Rng, rows: int, count: int) -> tuple[TradingTerms, FeeTerms]:
    """Return trading costs and fees, each present or not."""
    trading, fees = TradingTerms(rng.choice([0.0, 0.0005, 0.01]) * rng.integers(0, 2, count)), FeeTerms()
    chosen = rng.random()
    if chosen < 0.2:
        trading = replace(trading, cost_by_row=np.where(np.arange(rows) < rows // 2, 0.01, 0.001))
    elif chosen < 0.4:
        trading = replace(trading, fixed=3e-5, impact=rng.uniform(0, 0.003, (rows, count)))
    if rng.random() < 0.4:
        due = np.arange(rows) % int(rng.choice([3, 8])) == 0
        fees = replace(fees, performance=0.2, performance_due=due)
    if rng.random() < 0.4:
        fees = replace(fees, management=0.01, expense_ratio=rng.choice([0.0, 0.002, 0.01], count))
    return trading, fees


def _financed(rng: Rng, rows: int, count: int, kind: str) -> tuple[LoanTerms | FuturesTerms | FundTerms, MarginTerms]:
    """Return financing of a kind, and its margin requirements."""
    if kind == "fund":
        leverage = float(rng.choice([-2.0, -1.0, 0.5, 2.0, 3.0]))
        return FundTerms(leverage, 0.004, 0.009, cash_spread=0.001), MarginTerms(np.ones(count))
    initial = rng.choice([0.1, 0.2, 0.5], count)
    required, margin = rng.choice(["none", "initial", "both", "maintenance"]), MarginTerms()
    if required in {"initial", "both"}:
        margin = MarginTerms(initial)
    if required in {"maintenance", "both"}:
        margin = replace(margin, maintenance=initial * rng.choice([0.5, 0.8, 1.0]))
    cash_spread = float(rng.choice([0.0, 0.003]))
    if kind == "futures":
        return FuturesTerms(rng.uniform(0, 0.006, count), rng.choice([0.0, 0.002], count), cash_spread), margin
    loan = LoanTerms(cash_spread=cash_spread, borrow_fee=rng.choice([0.0, 0.03], count), rebate_spread=0.002)
    how = rng.choice(["spread", "by date", "tiers"])
    if how == "spread":
        return replace(loan, spread=0.02), margin
    if how == "by date":
        return replace(loan, spread_by_row=np.where(np.arange(rows) < rows // 2, 0.03, 0.001)), margin
    return replace(loan, tiers=((0.0, 0.02), (0.5, 0.01), (2.0, 0.005))), margin


def _bands(rng: Rng, rows: int) -> Bands:
    return Bands(
        float(rng.choice([np.inf, 0.05])),
        float(rng.choice([0.1, 0.25])),
        bool(rng.random() < 0.5),
        tuple(range(0, rows, int(rng.choice([1, 3])))),
        bool(rng.random() < 0.5),
    )


def random_runs(seed: int, markets: int, each: int, kinds: Sequence[str] = KINDS) -> list[EngineRun]:
    """Yield runs over random markets, `each` over one; funds over calm markets, in which they keep some value."""
    rng = np.random.default_rng(seed)
    runs = []
    for k in range(markets):
        kind = kinds[k % len(kinds)]
        periods = random_market(
            rng, float(rng.choice([0.0, 0.01, 0.03] if kind == "fund" else [0.0, 0.01, 0.03, 0.1, 0.2]))
        )
        runs += [random_run(rng, periods, kind) for _ in range(each)]
    return runs
