"""The compiled engine against the oracle, under random terms of every kind.

Theorem: a path is a function of prices, rates, decisions and terms (docs/conventions/accounting.md). The oracle
(`oracle_path`) is this function written by someone who had not seen the engine, row by row, with exact sums, and with
each equation solved by bisection. The engine keeps units and a few sums. Where the two differ, one of them is wrong.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest

from backtest.engine.ledger import Ledger
from support.agreement.engine_agreement import both, disagreement, translated
from support.agreement.random_inputs import Inputs, random_inputs
from support.oracle.oracle_path import OraclePath
from support.oracle.oracle_terms import Bands, Costs, Fund, Margin, Terms

RUNS = 500


def widened(rng: random.Random) -> Inputs:
    """Return random inputs, some with absolute bands alone, targets inside their bands, or wild assets."""
    inputs = random_inputs(rng)
    terms = inputs.terms
    if terms.bands is not None and rng.random() < 0.3:
        absolute = rng.choice([0.03, 0.1])
        terms = replace(terms, bands=replace(terms.bands, absolute=absolute, relative=None))
    targets = inputs.targets
    if rng.random() < 0.15:
        targets = {row: {a: w * rng.choice([0.02, 0.2, 1.0]) for a, w in t.items()} for row, t in targets.items()}
    prices = inputs.prices
    if isinstance(terms.financing, Fund):  # calm, ordinary, or so volatile that funds lose everything
        power = rng.choice([0.25, 1.0, 1.0, 3.0])
        prices = {a: [None if p is None else 100.0 * (p / 100.0) ** power for p in s] for a, s in prices.items()}
    return replace(inputs, terms=terms, targets=targets, prices=prices)


def a_fund_is_lost(inputs: Inputs) -> bool:
    """Return whether a fund on any asset, held or not, loses all of its capital on a day that begins with a price."""
    fund = inputs.terms.financing
    if not isinstance(fund, Fund):
        return False
    financed = max(fund.leverage - 1.0, -fund.leverage, 0.0)
    for series in inputs.prices.values():
        for t in range(1, len(inputs.dates)):
            before, now = series[t - 1], series[t]
            if before is None:
                continue
            days = (inputs.dates[t] - inputs.dates[t - 1]).days
            charged = fund.swap_spread * financed * days / 360 + fund.expense_ratio * days / 365
            moved = 0.0 if now is None else now / before - 1.0
            if fund.leverage * moved - (fund.leverage - 1.0) * inputs.cash[t] - charged <= -1.0:
                return True
    return False


def test_random_runs_equal_the_oracle() -> None:
    """NAV, weights, each flow of each row, trades, their reasons and scales, margin calls, ruin and shortfall.

    The engine refuses funds that lose all of their capital; the oracle goes on, and the lender of the fund bears
    the rest. Events are counted, because a comparison of runs without events shows nothing.
    """
    rng, seen = random.Random(20_261_125), Counter[str]()
    for k in range(RUNS):
        inputs = widened(rng)
        expected, got, message = both(inputs)
        if a_fund_is_lost(inputs):
            assert "loses all of its capital" in message, k
            seen["lost fund"] += 1
            continue
        assert (expected is None) == (got is None), (k, message)
        if expected is None or got is None:
            assert "cost all of the NAV" in message, k
            continue
        assert disagreement(expected, got) <= 1, k
        seen.update(events_of(inputs, expected))
    for event in EVENTS:
        assert seen[event] >= 10, (event, seen)


EVENTS = (
    "Margin", "Futures", "Fund", "schedule", "tiers", "loan rate", "short", "rebalance", "band", "margin_call",
    "no_price", "answered", "scaled", "ruin", "impact", "fixed", "costs by date", "performance", "bands to the edge",
    "absolute bands alone", "zone", "lag", "lost fund", "two trades on a row", "two trades with costs", "at its target",
    "no trade at all", "nothing wanted at the edge",
)  # fmt: skip


def events_of(inputs: Inputs, path: OraclePath) -> set[str]:
    """Return the events and terms of a run."""
    terms, financing, bands = inputs.terms, inputs.terms.financing, inputs.terms.bands
    loan = financing if isinstance(financing, Margin) else None
    twice = {row for row in path.trade_rows if path.trade_rows.count(row) == 2}
    zero = {row for row, target in inputs.targets.items() if 0.0 in target.values()}
    planned = {row for row in inputs.targets if row < len(path.nav) - 1}
    to_edge = bands is not None and bands.to == "edge"
    there = {
        type(financing).__name__: True,
        "schedule": loan is not None and not isinstance(loan.spread, float | int),
        "tiers": loan is not None and loan.tiers is not None and max(path.loan) > 0.5,
        "loan rate": loan is not None and inputs.loan_rate is not None and max(path.loan) > 0,
        "short": min(w for row in path.weights for w in row.values()) < 0,
        "answered": len(path.margin_calls) > path.trade_reasons.count("margin_call"),
        "scaled": min(path.trade_scales, default=1.0) < 1,
        "ruin": path.ruined,
        "impact": terms.costs.impact is not None,
        "fixed": terms.costs.fixed > 0,
        "costs by date": terms.costs.schedule is not None,
        "performance": terms.fees.performance > 0 and max(path.nav) > 1.05,
        "bands to the edge": to_edge and "band" in path.trade_reasons,
        "nothing wanted at the edge": to_edge and any(row in zero and why == "band" for row, why in path.reasons),
        "absolute bands alone": bands is not None and bands.relative is None,
        "zone": terms.minimum_trade > 0,
        "lag": terms.lag > 0,
        "two trades on a row": bool(twice),
        "two trades with costs": bool(twice) and terms.costs != Costs(),
        "at its target": any(
            0 < len(trades) < sum(held != 0 for held in path.weights[row].values()) and reason == "rebalance"
            for (row, reason), trades in zip(path.reasons, path.trades, strict=True)
            if not terms.minimum_trade
        ),
        "no trade at all": bands is None and bool(planned - set(path.trade_rows)),
    }
    return {name for name, is_there in there.items() if is_there} | set(path.trade_reasons)


# ---------------------------------------------------------------------------------------- cases found by the comparison


DAYS = random_inputs(random.Random(1)).dates[:6]
FLAT = (100.0,) * 6


def agree(
    terms: Terms,
    prices: Mapping[str, tuple[float | None, ...]],
    targets: dict[int, dict[str, float]],
    loan_rate: list[float] | None = None,
) -> Ledger:
    """Simulate six days without a cash return by both, assert that they agree, and return the engine's ledger."""
    series = {asset: list(levels) for asset, levels in prices.items()}
    expected, got, message = both(Inputs(DAYS, series, [0.0] * 6, targets, terms, loan_rate))
    assert expected is not None
    assert got is not None, message
    assert disagreement(expected, got) <= 1
    return got


def test_assets_without_a_price_are_sold_before_the_margin_check() -> None:
    """A 1, B 2 at 30 %: 0.9 are required. A falls to 0.9, which makes 0.87 of a NAV of 0.9. B falls to 1.7, and NAV to
    0.6, without a price of A on that day: B alone requires 0.51. No call is made, so the no-trade zone keeps B.
    """
    terms = Terms(Margin(maintenance={"A": 0.3, "B": 0.3}), minimum_trade=0.2)
    prices = {"A": (100.0, 90.0, None, None, None, None), "B": (100.0, 100.0, 85.0, 85.0, 85.0, 85.0)}
    path = agree(terms, prices, {0: {"A": 1.0, "B": 2.0}, 2: {"B": 2.8}})
    assert path.trade_reasons == ("rebalance", "no_price")
    assert not path.called.any()
    assert path.trades[1].tolist() == pytest.approx([-0.9 / 0.6, 0.0], abs=1e-13)


def test_bands_do_not_keep_assets_without_a_price() -> None:
    """A 0.08 and B 0.5 with bands of 0.1, to the edge. B doubles and leaves its band. At the trade A has no price: its
    target is then zero, and it would be within 0.1 of it. It is sold first; B alone makes up the sum of 0.5.
    """
    terms = Terms(bands=Bands(absolute=0.1, to="edge", checks=frozenset(range(6))), lag=1)
    prices = {"A": (100.0, 100.0, None, None, None, None), "B": (100.0, 200.0, 200.0, 200.0, 200.0, 200.0)}
    path = agree(terms, prices, {0: {"A": 0.08, "B": 0.5}})
    assert path.trade_reasons == ("rebalance", "no_price", "band")
    assert path.weights[2].tolist() == pytest.approx([0.0, 0.5], abs=1e-13)


def test_a_fund_without_a_price_pays_for_its_last_day() -> None:
    """Half of NAV in a fund at 2 times, with expenses of 3.65 % a year: 0.01 % a day, also on the day without a price.

    A fund sold short has no loan, and its holder borrows at the cash return, not at the rate of a margin loan.
    """
    terms = Terms(Fund(2.0, expense_ratio=0.0365))
    path = agree(terms, {"A": (100.0, 100.0, None, None, None, None)}, {0: {"A": 1.0}})
    days = [(later - day).days for day, later in pairwise(DAYS)]
    left = 0.5 * (1 - days[0] * 1e-4) * (1 - days[1] * 1e-4)
    assert path.nav[2] == pytest.approx(0.5 + left, abs=1e-14)
    short = agree(
        Terms(Fund(2.0)), {"A": (100.0, 300.0) + (280.0,) * 4, "B": FLAT}, {0: {"A": -0.2, "B": 1.8}}, [0.01] * 6
    )
    assert short.loan[1] == pytest.approx(0.8)
    assert not short.financing[0]


def test_the_no_trade_zone_applies_to_the_traded_fund_shares() -> None:
    """At 3 times, 0.06 more exposure is a trade of 0.02 of NAV, which is below 0.03 and not made."""
    path = agree(Terms(Fund(3.0), minimum_trade=0.03), {"A": FLAT}, {0: {"A": 1.2}, 2: {"A": 1.26}, 3: {"A": 1.5}})
    assert path.trade_rows.tolist() == [0, 3]
    assert path.trades[:, 0].tolist() == pytest.approx([0.4, 0.1], abs=1e-14)


def test_a_decision_before_the_first_trade_can_be_inside_its_band() -> None:
    """The lag is two days. 0.5 is decided, and on the next day, while nothing is held yet, 0.04: less than its band of
    0.05, so it is not traded. Later checks compare with 0.04, so 0.5 is outside the band and is sold.
    """
    terms = Terms(bands=Bands(absolute=0.05, checks=frozenset(range(6))), lag=2)
    path = agree(terms, {"A": FLAT}, {0: {"A": 0.5}, 1: {"A": 0.04}})
    assert path.trade_rows.tolist() == [0, 2]
    assert path.weights[2:, 0].tolist() == [0.04] * 4


def test_a_decision_too_late_to_be_traded_still_cancels_the_order_of_a_check() -> None:
    """A doubles on day 1 and leaves its band; the trade is due on day 4. On day 2 a target is decided for day 5, the
    last date, on which nothing is traded. With one more date it would be traded, so the trade of day 4 is cancelled.
    """
    terms = Terms(bands=Bands(absolute=0.05, checks=frozenset(range(6))), lag=3)
    prices = {"A": (100.0, 200.0, 200.0, 200.0, 200.0, 200.0)}
    path = agree(terms, prices, {0: {"A": 0.5}, 5: {"A": 0.2}})
    assert path.trade_rows.tolist() == [0]


def test_a_margin_call_is_not_followed_by_another_without_a_move() -> None:
    """After a call NAV equals the requirement up to rounding, and prices stay: 1e-16 too little is not a call."""
    rng, calls = random.Random(4), 0
    for _ in range(300):
        maintenance = {"A": rng.uniform(0.2, 0.3), "B": rng.uniform(0.2, 0.3)}
        costs = Costs({"A": rng.choice([0.0, 0.001]), "B": 0.002})
        fall = rng.uniform(55.0, 60.0)
        prices = {"A": (100.0, *(fall,) * 5), "B": (100.0, *(fall + 2.0,) * 5)}
        run = Inputs(
            DAYS,
            {a: list(p) for a, p in prices.items()},
            [0.0] * 6,
            {0: {"A": 1.0, "B": 1.0}},
            Terms(Margin(maintenance=maintenance), costs),
        )
        reasons = translated(run).simulate().trade_reasons
        calls += "margin_call" in reasons
        assert reasons in {("rebalance",), ("rebalance", "margin_call")}
    assert calls > 100


def test_an_unpriced_sale_that_costs_all_of_nav_ends_the_run_without_a_margin_call() -> None:
    """A 1.5, B 1.5, at costs of 10 % of B. A falls until NAV is less than the cost of selling B, which has no price.
    NAV is below zero before the margin check, so A is not sold and costs nothing.
    """
    terms = Terms(Margin(maintenance={"A": 0.25}), Costs({"A": 0.01, "B": 0.1}))
    prices = {"A": (100.0, 40.0, 40.0, 40.0, 40.0, 40.0), "B": (100.0, None, None, None, None, None)}
    path = agree(terms, prices, {0: {"A": 1.5, "B": 1.5}})
    assert path.trade_reasons == ("rebalance", "no_price")
    assert path.shortfall > 0
