"""The oracle under all terms: against runs worked by hand, and against the accounting identity at random."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from oracle_bands import is_off, nearest_within
from oracle_path import OraclePath, run
from oracle_terms import Bands, Costs, Fees, Fund, Futures, Impact, Margin, Terms
from test_oracle import assert_identity
from worked_case import Case, Number
from worked_cases import CASES

EXACT = 1e-13  # some ten sums and products, each good to 1e-16, of amounts around 1


def near(got: float, wanted: Number) -> None:
    assert got == pytest.approx(float(wanted), rel=EXACT, abs=EXACT)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_run_worked_by_hand(case: Case) -> None:
    """Every number that a case names; and no trade, reason or call that it does not."""
    path = run(case.dates, case.prices, case.cash_returns, case.targets, case.terms, case.loan_rate)
    for name, wanted in case.columns.items():
        got = getattr(path, name)
        assert got == pytest.approx([float(w) for w in wanted], rel=EXACT, abs=EXACT), name
    for asset, wanted in case.pnl.items():
        assert path.asset_pnl[asset] == pytest.approx([float(w) for w in wanted], rel=EXACT, abs=EXACT), asset
    assert path.trade_reasons == dict(case.reasons)
    assert path.margin_calls == list(case.margin_calls)
    for row, scale in path.trade_scales.items():
        near(scale, case.scales.get(row, 1.0))
    for row, trades in case.trades.items():
        for asset, trade in trades.items():
            near(path.trades[row][asset], trade)
    for row, weights in case.weights.items():
        for asset, weight in weights.items():
            near(path.weights[row][asset], weight)
    assert path.ruined == (len(path.nav) < len(case.dates))
    assert_identity(path)


# ------------------------------------------------------------------------------------------------ at random

ASSETS = ["A", "B", "C"]


def random_terms(rng: random.Random, rows: int) -> Terms:
    """Terms of any kind, each term there or not."""

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
        {a: [rng.uniform(0.005, 0.02) for _ in range(rows)] for a in ASSETS},
        {a: [None if t % 7 == 3 else rng.uniform(1e6, 1e8) for t in range(rows)] for a in ASSETS},
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
    """What `run` takes."""

    dates: list[date]
    prices: dict[str, list[float | None]]
    cash: list[float]
    targets: dict[int, dict[str, float]]
    terms: Terms
    loan_rate: list[float] | None = None

    def run(self) -> OraclePath:
        return run(self.dates, self.prices, self.cash, self.targets, self.terms, self.loan_rate)

    def first(self, rows: int) -> Inputs:
        """The same as known after some rows: no later price, rate or decision."""
        return Inputs(
            self.dates[:rows],
            {a: series[:rows] for a, series in self.prices.items()},
            self.cash[:rows],
            {t: target for t, target in self.targets.items() if t - self.terms.lag < rows},
            self.terms,
            None if self.loan_rate is None else self.loan_rate[:rows],
        )


def random_inputs(rng: random.Random) -> Inputs:
    """30 rows: levered, long and short, prices coming and going."""
    rows, noise = 30, rng.choice([0.01, 0.03, 0.1, 0.2])
    terms = random_terms(rng, rows)
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
    if rng.random() < 0.5:
        targets = dict.fromkeys(targets, targets[0])
    cash = [rng.gauss(0.0005, 0.0005) for _ in range(rows)]
    return Inputs(dates, prices, cash, targets, terms, rng.choice([None, [c + 0.0003 for c in cash]]))


def test_the_identity_in_random_runs_of_random_terms() -> None:
    """Every row of every run; each kind of event is there; a ruined run has ended, and no NAV is negative."""
    rng = random.Random(20_260_731)
    seen = dict.fromkeys(["rebalance", "band", "margin_call", "no_price", "scaled", "ruin", "answered"], 0)
    for _ in range(600):
        path = random_inputs(rng).run()
        assert_identity(path)
        assert min(path.nav) >= 0.0
        assert path.ruined or len(path.nav) == 30
        for reason in path.trade_reasons.values():
            seen[reason] += 1
        seen["scaled"] += sum(scale < 1.0 for scale in path.trade_scales.values())
        seen["answered"] += sum(path.trade_reasons[row] != "margin_call" for row in path.margin_calls)
        seen["ruin"] += path.ruined
    assert min(seen.values()) >= 10, seen


def test_what_a_trade_leaves_is_allowed() -> None:
    """After a margin call the requirement is met exactly, after a rebalance at most to the full.

    The initial one by the whole target, except where the no-trade zone has left more than was asked for.
    """
    rng = random.Random(5)
    calls = full = 0
    for _ in range(400):
        inputs = random_inputs(rng)
        path, terms = inputs.run(), inputs.terms
        financing = terms.financing
        for row, reason in path.trade_reasons.items():
            if path.nav[row] == 0.0:
                continue
            weights = path.weights[row]
            if isinstance(financing, Fund):
                held = math.fsum(abs(w / financing.leverage) for w in weights.values())
                assert held <= 1 + 1e-12 or reason == "no_price" or terms.minimum_trade
                continue
            initial, maintenance = financing.initial, financing.maintenance
            if reason == "margin_call":
                to_initial = isinstance(financing, Futures) and initial is not None
                needed = (initial if to_initial else maintenance) or {}
                assert math.fsum(needed.get(a, 0.0) * abs(w) for a, w in weights.items()) == pytest.approx(1, rel=1e-11)
                calls += 1
            elif reason != "no_price" and initial is not None and not terms.minimum_trade:
                needs = math.fsum(initial[a] * abs(w) for a, w in weights.items())
                assert needs <= 1 + 1e-12
                full += path.trade_scales[row] < 1.0
    assert calls > 30
    assert full > 30


def test_nothing_later_changes_what_was() -> None:
    """Cut off after any row, a run is the same up to that row, bit for bit, but for the trade of that close.

    On the data's last row nothing is traded, and the performance fee is taken: the row before is the last to agree.
    """
    rng = random.Random(8)
    compared = 0
    for _ in range(150):
        inputs = random_inputs(rng)
        path = inputs.run()
        rows = rng.randint(2, 29)
        cut = inputs.first(rows).run()
        same = min(rows - 1, len(path.nav))
        compared += same
        assert cut.nav[:same] == path.nav[:same]
        assert cut.weights[:same] == path.weights[:same]
        assert {t: v for t, v in cut.trades.items() if t < same} == {t: v for t, v in path.trades.items() if t < same}
        assert [t for t in cut.margin_calls if t < same] == [t for t in path.margin_calls if t < same]
    assert compared > 1000


def test_the_kinds_agree_where_they_charge_nothing() -> None:
    """Cash on what is not invested, cash paid on what is borrowed: on margin, (N - L) c + S c; in futures,
    N c - (L - S) c; in a fund at 1 time, the same as on margin. One NAV, whatever costs, fees, bands, zone and lag.

    Targets stay below 1 in all, so that funds can hold them. The NAVs are sums of the same amounts in another order.
    """
    rng = random.Random(21)
    for _ in range(60):
        inputs = random_inputs(rng)
        small = {t: {a: w / 12 for a, w in target.items()} for t, target in inputs.targets.items()}
        kinds: list[Margin | Futures | Fund] = [Margin(), Futures(), Fund(1.0)]
        paths = [
            replace(inputs, targets=small, loan_rate=None, terms=replace(inputs.terms, financing=k)).run()
            for k in kinds
        ]
        for path in paths[1:]:
            assert path.nav == pytest.approx(paths[0].nav, rel=1e-12)
            assert path.trade_reasons == paths[0].trade_reasons


def test_the_nearest_weights_within_bands() -> None:
    """(0.6, 0.25, 0.15) around (0.5, 0.3, 0.2) with bands of 0.05: 0.55 is the most of the first; the others lack 0.05,
    half of it each: (0.55, 0.275, 0.175).

    And at random: no weights within the bands with that sum are nearer, that is (d - w)(y - w) <= 0 for each such y.
    """
    names = ["A", "B", "C"]
    target = {"A": 0.5, "B": 0.3, "C": 0.2}
    got = nearest_within({"A": 0.6, "B": 0.25, "C": 0.15}, target, Bands(absolute=0.05))
    assert [got[a] for a in names] == pytest.approx([0.55, 0.275, 0.175], rel=1e-14)

    rng = random.Random(11)
    for _ in range(200):
        target = {a: rng.uniform(-0.5, 1.0) for a in names}
        drifted = {a: w + rng.gauss(0.0, 0.2) for a, w in target.items()}
        bands = Bands(absolute=0.1, relative=rng.choice([None, 0.3]))
        nearest = nearest_within(drifted, target, bands)
        assert math.fsum(nearest.values()) == pytest.approx(math.fsum(target.values()), abs=1e-14)
        assert not is_off(nearest, target, bands)  # at the edge is not beyond it
        for _ in range(20):
            step = {a: rng.uniform(-1, 1) * bands.width(w) for a, w in target.items()}
            excess = math.fsum(step.values())
            other = {a: target[a] + s for a, s in step.items()}
            other["A"] -= excess
            if abs(other["A"] - target["A"]) <= bands.width(target["A"]):
                assert math.fsum((drifted[a] - nearest[a]) * (other[a] - nearest[a]) for a in names) <= 1e-14


def test_terms_that_are_refused() -> None:
    """What would only be noticed as a wrong number."""
    dates = [date(2021, 1, 1), date(2021, 1, 2)]
    refused = [
        (Terms(Fund(0.0)), "leverage 0"),
        (Terms(Margin(initial={"A": 1.2})), "between 0 and 1"),
        (Terms(Margin(initial={"A": 0.2}, maintenance={"A": 0.3})), "at most the initial"),
        (Terms(Margin(tiers={0.0: 0.02, -1.0: 0.01})), "rise from 0"),
        (Terms(Margin(tiers={0.0: 0.02})), "initial capital"),
        (Terms(Margin(spread={date(2022, 1, 1): 0.01})), "begins after"),
        (Terms(costs=Costs(fixed=1.0), capital=1.0), "whole NAV"),
        (Terms(bands=Bands()), "absolute, relative or both"),
    ]
    for terms, message in refused:
        with pytest.raises(ValueError, match=message):
            run(dates, {"A": [1.0, 1.0]}, [0.0, 0.0], {0: {"A": 1.0}}, terms)
