"""Random inputs of the oracle: markets, decisions and terms of every kind."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from support.oracle.oracle_path import OraclePath, run
from support.oracle.oracle_terms import Bands, Costs, Fees, Fund, Futures, Impact, Margin, Terms

ASSETS = ["A", "B", "C"]
EARLIER = 6  # dates before a run, for the window of impact


def random_terms(rng: random.Random, rows: int) -> Terms:
    """Return terms of any kind, each present or not."""

    def by_asset(*choices: float) -> dict[str, float]:
        return {a: rng.choice(choices) for a in ASSETS}

    initial = by_asset(0.1, 0.2, 0.5)
    requirements = rng.choice(
        [(None, None), (initial, None), (initial, {a: rng.choice([0.5, 0.8, 1.0]) * m for a, m in initial.items()})]
    )
    kinds: list[Margin | Futures | Fund] = [
        Margin(
            spread=rng.choice([0.0, 0.02]),
            cash_spread=0.003,
            rebate_spread=0.002,
            borrow_fee=by_asset(0.0, 0.03),
            initial=requirements[0],
            maintenance=requirements[1],
        ),
        Margin(spread={date(2000, 1, 1): 0.03, date(2020, 3, 1): 0.001}, maintenance={"A": 0.25, "B": 0.3}),
        Margin(tiers={0.0: 0.02, 50_000.0: 0.01, 1_000_000.0: 0.005}),
        Futures(by_asset(0.0, 0.006), by_asset(0.0, 0.002), 0.001, requirements[0], requirements[1]),
        Fund(rng.choice([-1.0, -2.0, 0.5, 2.0, 3.0]), 0.004, 0.009, 0.001),
    ]
    impact = Impact(
        1.0,
        3,
        {a: [None if t % 7 == 3 else rng.uniform(1e6, 1e8) for t in range(EARLIER + rows)] for a in ASSETS},
        {a: [100.0 * math.exp(rng.gauss(0.0, 0.01)) for _ in range(EARLIER)] for a in ASSETS},
    )
    costs = rng.choice(
        [
            Costs(),
            Costs(by_asset(0.0, 0.0005, 0.01)),
            Costs(schedule={date(2000, 1, 1): 0.01, date(2020, 6, 1): 0.001}, fixed=rng.choice([0.0, 3.0])),
            Costs(by_asset(0.0, 0.001), fixed=3.0, impact=impact),
        ]
    )
    fees = rng.choice([Fees(), Fees(0.01, by_asset(0.0, 0.002), 0.2, rng.choice(["monthly", "quarterly", "yearly"]))])
    bands = rng.choice(
        [
            None,
            Bands(
                rng.choice([None, 0.05]),
                rng.choice([0.1, 0.25]),
                rng.choice(["target", "edge"]),
                frozenset(range(0, rows, rng.choice([1, 3]))),
                rng.choice([False, True]),
            ),
        ]
    )
    return Terms(
        rng.choice(kinds), costs, fees, bands, rng.choice([0.0, 0.0, 0.03]), rng.choice([0, 1, 3]), capital=100_000.0
    )


@dataclass(frozen=True)
class Inputs:
    """Arguments of the oracle's `run`."""

    dates: list[date]
    prices: dict[str, list[float | None]]
    cash: list[float]
    targets: dict[int, dict[str, float]]
    terms: Terms
    loan_rate: list[float] | None = None

    def run(self) -> OraclePath:
        return run(self.dates, self.prices, self.cash, self.targets, self.terms, self.loan_rate)

    def first(self, rows: int) -> Inputs:
        """Return the inputs known after some rows, without later prices, rates, traded values and decisions."""
        terms, impact = self.terms, self.terms.costs.impact
        if impact is not None:
            traded = {a: values[: len(impact.earlier_prices[a]) + rows] for a, values in impact.value_traded.items()}
            terms = replace(terms, costs=replace(terms.costs, impact=replace(impact, value_traded=traded)))
        return Inputs(
            self.dates[:rows],
            {a: series[:rows] for a, series in self.prices.items()},
            self.cash[:rows],
            {t: target for t, target in self.targets.items() if t - self.terms.lag < rows},
            terms,
            None if self.loan_rate is None else self.loan_rate[:rows],
        )


def random_inputs(rng: random.Random) -> Inputs:
    """Return a run of 30 rows: levered, long and short, with prices that come and go, often on the rows of trades.

    In every fifth run prices are constant, nothing is charged between trades, and decisions differ in one asset at
    most, so many holdings are at their targets.
    """
    rows, noise = 30, rng.choice([0.0, 0.01, 0.03, 0.1, 0.2])
    terms = random_terms(rng, rows)
    if noise == 0.0:
        terms = replace(terms, financing=without_rates(terms.financing), fees=Fees())
    dates = [date(2019, 12, 31)]
    while len(dates) < rows:
        dates.append(dates[-1] + timedelta(days=rng.choice([1, 1, 1, 3, 31])))
    prices: dict[str, list[float | None]] = {}
    for asset in ASSETS:
        level, series = 100.0, list[float | None]()
        for t in range(rows):
            level *= math.exp(rng.gauss(0.0, noise))
            series.append(None if t > 3 and rng.random() < 0.04 else level)
        prices[asset] = series
    every, size = rng.choice([1, 4, 12]), rng.choice([0.6, 1.5, 4.0])
    targets = {t: {a: rng.uniform(-0.3, 1.0) * size for a in ASSETS} for t in range(0, rows, every)}
    if noise == 0.0:
        for before, t in pairwise(list(targets)):
            targets[t] = {**targets[before], rng.choice(ASSETS): rng.choice([0.0, 0.5, -0.2]) * size}
    elif rng.random() < 0.5:
        targets = dict.fromkeys(targets, targets[0])
    if rng.random() < 0.3:
        nothing = rng.choice(ASSETS)
        targets = {t: {**target, nothing: 0.0} if t > 0 else target for t, target in targets.items()}
    if rng.random() < 0.4:
        for t in list(targets)[1:]:
            if rng.random() < 0.3:
                prices[rng.choice(ASSETS)][t] = None
    cash = [0.0 if noise == 0.0 else rng.gauss(0.0005, 0.0005) for _ in range(rows)]
    loan_rate = rng.choice([None, [c + 0.0003 for c in cash]])
    return Inputs(dates, prices, cash, targets, terms, None if noise == 0.0 else loan_rate)


def without_rates(financing: Margin | Futures | Fund) -> Margin | Futures | Fund:
    """Return financing with the same requirements that charges nothing."""
    if isinstance(financing, Fund):
        return Fund(financing.leverage)
    return type(financing)(initial=financing.initial, maintenance=financing.maintenance)


def assert_identity(path: OraclePath) -> None:
    """Assert NAV change = P&L + cash interest + shortfall - financing - borrow - trading - fees in every row."""
    assert path.nav[0] == 1.0
    for t in range(1, len(path.nav)):
        gains = [path.asset_pnl[a][t] for a in path.assets] + [path.cash_interest[t], path.shortfall[t]]
        losses = [path.financing[t], path.borrow[t], path.trading[t], path.fees[t]]
        explained = math.fsum([*gains, *(-v for v in losses)])
        gross = path.nav[t - 1] * max(1.0, math.fsum(abs(w) for w in path.weights[t - 1].values()))
        assert abs(path.nav[t] - path.nav[t - 1] - explained) <= 1e-12 * gross, t
