"""Random runs for the engine: markets, terms of every kind, decisions and bands, each there or not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands
from backtest.engine.terms import Fund, Terms
from support.oracle.translated_terms import EngineRun

Rng = np.random.Generator

KINDS = ("margin", "futures", "fund")


def random_market(rng: Rng, wild: float, rows: int = 24) -> Periods:
    """One to four assets, of these weekly movements; some come, some go, some are away for a day, some never move."""
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
    """A run over a market, levered, long and short, on margin, in futures or through funds."""
    rows, count = periods.shape
    lag = int(rng.integers(0, 3))
    decided = [0, *range(int(rng.integers(1, 8)), rows, int(rng.choice([1, 4, 9])))]
    size = rng.choice([0.6, 1.5, 4.0])
    targets = rng.uniform(-0.3, 1.0, (len(decided), count)) * size
    if rng.random() < 0.5:
        targets[1:] = targets[0]
    if rng.random() < 0.25:
        targets[1:, int(rng.integers(count))] = 0
    terms = _financed(rng, _charged(rng, rows, count), rows, count, kind)
    least = float(rng.choice([0.0, 0.0, 0.03]))
    return EngineRun(periods, decided, targets, lag, terms, _bands(rng, rows) if rng.random() < 0.5 else None, least)


def _charged(rng: Rng, rows: int, count: int) -> Terms:
    """Draw trading costs and fees."""
    terms = Terms(rng.choice([0.0, 0.0005, 0.01]) * rng.integers(0, 2, count))
    chosen = rng.random()
    if chosen < 0.2:
        terms = replace(terms, trading_cost_by_row=np.where(np.arange(rows) < rows // 2, 0.01, 0.001))
    elif chosen < 0.4:
        terms = replace(terms, fixed_cost=3e-5, impact=rng.uniform(0, 0.003, (rows, count)))
    if rng.random() < 0.4:
        due = np.arange(rows) % int(rng.choice([3, 8])) == 0
        terms = replace(terms, performance_fee=0.2, performance_due=due)
    if rng.random() < 0.4:
        terms = replace(terms, management_fee=0.01, expense_ratio=rng.choice([0.0, 0.002, 0.01], count))
    return terms


def _financed(rng: Rng, terms: Terms, rows: int, count: int, kind: str) -> Terms:
    if kind == "fund":
        fund = Fund(float(rng.choice([-2.0, -1.0, 0.5, 2.0, 3.0])), 0.004, 0.009)
        return replace(terms, fund=fund, cash_spread=0.001, initial_margin=np.ones(count))
    initial = rng.choice([0.1, 0.2, 0.5], count)
    required = rng.choice(["none", "initial", "both", "maintenance"])
    if required in {"initial", "both"}:
        terms = replace(terms, initial_margin=initial)
    if required in {"maintenance", "both"}:
        terms = replace(terms, maintenance_margin=initial * rng.choice([0.5, 0.8, 1.0]))
    terms = replace(terms, cash_spread=float(rng.choice([0.0, 0.003])))
    if kind == "futures":
        return replace(terms, futures=True, basis=rng.uniform(0, 0.006, count), roll=rng.choice([0.0, 0.002], count))
    terms = replace(terms, rebate_spread=0.002, borrow_fee=rng.choice([0.0, 0.03], count))
    how = rng.choice(["spread", "by date", "tiers"])
    if how == "spread":
        return replace(terms, spread=0.02)
    if how == "by date":
        return replace(terms, spread_by_row=np.where(np.arange(rows) < rows // 2, 0.03, 0.001))
    return replace(terms, tiers=((0.0, 0.02), (0.5, 0.01), (2.0, 0.005)))


def _bands(rng: Rng, rows: int) -> Bands:
    return Bands(
        float(rng.choice([np.inf, 0.05])),
        float(rng.choice([0.1, 0.25])),
        bool(rng.random() < 0.5),
        tuple(range(0, rows, int(rng.choice([1, 3])))),
        bool(rng.random() < 0.5),
    )


def random_runs(seed: int, markets: int, each: int, kinds: Sequence[str] = KINDS) -> list[EngineRun]:
    """Runs over random markets, `each` over one; funds over calm ones, in which they keep something."""
    rng = np.random.default_rng(seed)
    runs = []
    for k in range(markets):
        kind = kinds[k % len(kinds)]
        periods = random_market(
            rng, float(rng.choice([0.0, 0.01, 0.03] if kind == "fund" else [0.0, 0.01, 0.03, 0.1, 0.2]))
        )
        runs += [random_run(rng, periods, kind) for _ in range(each)]
    return runs
