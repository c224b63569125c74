"""Whole runs by the oracle: a market, terms and a strategy; schedule, weights and path are computed here."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import sqrt
from typing import Any

from support.oracle import oracle

SCRIPTED = '''
import hashlib
import numpy as np
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Scripted(Strategy):
    """Weights drawn from the date: long, short and levered, another portfolio each time."""
    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({name: scripted_weight(view.as_of.date(), name) for name in view.assets})

def scripted_weight(day, name):
    return int(hashlib.sha256(f"{day}{name}".encode()).hexdigest()[:8], 16) / 2**32 * 1.8 - 0.6
'''


_namespace: dict[str, Any] = {"hashlib": hashlib}
exec(SCRIPTED.rpartition("\n\n")[2], _namespace)  # noqa: S102 - the function above, the same here as in its file


def scripted_weight(day: date, name: str) -> float:
    """Return the scripted strategy's weight."""
    weight: float = _namespace["scripted_weight"](day, name)
    return weight


@dataclass
class Case:
    """A market, and the terms and the strategy of a run.

    Args:
        dates: dates of the data.
        prices: by asset; None where a price is missing.
        cash: return of each period; row 0 is not used.
        before: number of returns before row 0: 0 for a file of prices, 1 for a file of returns.
    """

    dates: list[date]
    prices: dict[str, list[float | None]]
    cash: list[float]
    periods_per_year: int
    strategy: dict[str, Any]
    frequency: str = "monthly"
    lag: int = 0
    window: int = 12
    ragged: bool = False
    terms: dict[str, Any] = field(default_factory=dict)
    before: int = 0
    benchmark: "Case | None" = None
    decided: dict[int, dict[str, float]] = field(default_factory=dict)

    @property
    def assets(self) -> list[str]:
        return list(self.prices)

    @cached_property
    def excess(self) -> list[list[float | None]]:
        """Return excess returns by row and asset; None without a price on either side."""
        rows: list[list[float | None]] = [[None] * len(self.prices)]
        for t in range(1, len(self.dates)):
            pairs = [(series[t - 1], series[t]) for series in self.prices.values()]
            rows.append([None if a is None or b is None else b / a - 1 - self.cash[t] for a, b in pairs])
        return rows

    def holdable(self, row: int) -> list[str]:
        """Return assets with a price now and a full window of returns up to now (or just a price, without a window)."""
        if row < 0:
            return []
        now = [name for name in self.assets if self.prices[name][row] is not None]
        if not self.ragged and not self.estimates:
            return now
        begin = row + 1 - self.window
        if begin < 0:
            return []
        columns = {name: [self.excess[t][self.assets.index(name)] for t in range(begin, row + 1)] for name in now}
        return [name for name, values in columns.items() if None not in values]

    @property
    def estimates(self) -> bool:
        return self.strategy["name"] in ("erc", "levered_erc", "inverse_volatility")

    def covariance(self, row: int, names: Sequence[str]) -> list[list[float]]:
        at = [self.assets.index(name) for name in names]
        window = self.excess[row + 1 - self.window : row + 1]
        return oracle.sample_covariance([[value for i in at if (value := values[i]) is not None] for values in window])

    def decide(self, row: int) -> dict[str, float]:
        """Return target weights at a row, by the oracle's own arithmetic."""
        names, kind = self.holdable(row), self.strategy["name"]
        if kind == "equal_weight":
            return {name: 1 / len(names) for name in names}
        if kind == "sixty_forty":
            return {name: weight for name, weight in self.strategy["weights"].items() if name in names}
        if kind == "scripted":
            return {name: scripted_weight(self.dates[row], name) for name in names}
        covariance = self.covariance(row, names)
        if kind == "inverse_volatility":
            inverse = [1 / sqrt(covariance[i][i]) for i in range(len(names))]
            weights = [value / sum(inverse) for value in inverse]
        elif kind == "erc":
            budgets = self.strategy.get("budgets")
            weights = oracle.erc(covariance, None if budgets is None else [budgets[name] for name in names])
        else:
            target = self.strategy.get("target_volatility", 0.10)
            if target == "benchmark":
                assert self.benchmark is not None
                held = self.benchmark.decide(row)
                in_order = [held.get(name, 0.0) for name in names]
                target = sqrt(self.periods_per_year * oracle.portfolio_variance(in_order, covariance))
            cap = self.strategy.get("max_gross_exposure", 3.0)
            weights = oracle.levered_erc(covariance, self.periods_per_year, target, cap)
        return dict(zip(names, weights, strict=True))

    @cached_property
    def first_decision(self) -> int:
        """Return the first rebalance date on which the strategy has what it needs."""
        enough = min(2, len(self.prices)) if self.ragged else len(self.prices)
        rows = range(len(self.dates)) if self.frequency == "never" else self.rebalance_rows
        return next(row for row in rows if len(self.holdable(row)) >= enough)

    @property
    def rebalance_rows(self) -> list[int]:
        return oracle.rebalance_indices(self.dates, self.frequency)

    def decisions(self, begin: int) -> dict[int, dict[str, float]]:
        """Return all decisions of a run whose first is at row `begin`."""
        later = [] if self.frequency == "never" else [row for row in self.rebalance_rows if row > begin]
        for row in [begin, *later]:
            if row not in self.decided:  # worked out once: the oracle takes its time
                self.decided[row] = self.decide(row)
        return {row: self.decided[row] for row in [begin, *later]}

    def path(self, begin: int | None = None) -> oracle.OraclePath:
        """Return the oracle's path."""
        begin = self.first_decision if begin is None else begin
        start = begin + self.lag
        costs = self.terms.get("costs", {}).get("trading_bps", 0.0)
        financing, fees = self.terms.get("financing", {}), self.terms.get("fees", {})
        path = oracle.simulate(
            self.dates[start:],
            {name: series[start:] for name, series in self.prices.items()},
            self.cash[start:],
            {r + self.lag - start: t for r, t in self.decisions(begin).items() if r + self.lag < len(self.dates)},
            trading_cost=self.by_asset(costs),
            spread=financing.get("spread_bps", 0.0) / 1e4,
            cash_spread=financing.get("cash_spread_bps", 0.0) / 1e4,
            borrow_fee=self.by_asset(financing.get("borrow_fee_bps", 0.0)),
            expense_ratio=self.by_asset(fees.get("expense_ratio_bps", 0.0)),
            management_fee=fees.get("management_bps", 0.0) / 1e4,
        )
        path.start = start
        return path

    def by_asset(self, bps: float | Mapping[str, float]) -> dict[str, float]:
        return {name: (bps if isinstance(bps, float | int) else bps[name]) / 1e4 for name in self.assets}


def accuracy(case: Case) -> float:
    """Return the relative tolerance of NAV; `test_whole_runs` has the reasons."""
    return 1e-11 if case.estimates else 1e-13
