"""The oracle under all terms: against runs worked by hand, and against the accounting identity at random."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from support.agreement.random_inputs import assert_identity, random_inputs
from support.oracle.oracle_bands import is_off, nearest_within
from support.oracle.oracle_impact import has_window, impact_of
from support.oracle.oracle_path import OraclePath, run
from support.oracle.oracle_terms import Bands, Costs, Fund, Futures, Impact, Margin, Terms
from support.worked_cases.worked_case import Case, Number
from support.worked_cases.worked_cases import CASES

EXACT = 1e-13  # some ten sums and products, each good to 1e-16, of amounts around 1


def near(got: float, wanted: Number) -> None:
    assert got == pytest.approx(float(wanted), rel=EXACT, abs=EXACT)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_run_worked_by_hand(case: Case) -> None:
    """Every number of a case agrees, and there is no other trade or margin call."""
    path = run(case.dates, case.prices, case.cash_returns, case.decisions, case.terms, case.loan_rate)
    for name, wanted in case.columns.items():
        got = getattr(path, name)
        assert got == pytest.approx([float(w) for w in wanted], rel=EXACT, abs=EXACT), name
    for asset, wanted in case.pnl.items():
        assert path.asset_pnl[asset] == pytest.approx([float(w) for w in wanted], rel=EXACT, abs=EXACT), asset
    assert path.reasons == case.events
    assert path.margin_calls == list(case.margin_calls)
    for row, scale in zip(path.trade_rows, path.trade_scales, strict=True):
        near(scale, case.scales.get(row, 1.0))
    for row in case.trades:
        for trade, expected in zip(path.trades_of(row), case.trades_of(row), strict=True):
            for asset in case.prices:
                near(trade.get(asset, 0.0), expected.get(asset, 0.0))
    for row, weights in case.weights.items():
        for asset, weight in weights.items():
            near(path.weights[row][asset], weight)
    assert path.ruined == (len(path.nav) < len(case.dates))
    assert_identity(path)


def test_flows_explain_every_change_of_nav_in_the_oracles_random_runs() -> None:
    """Every row of every run: each kind of event occurs, a run ends at its ruin, and no NAV is negative.

    No trade of an asset is below rounding, unless the costs of the others happen to leave it at its target; and no
    trade is empty.
    """
    rng = random.Random(20_260_731)
    events = ["rebalance", "band", "margin_call", "no_price", "scaled", "ruin", "answered", "at target", "two trades"]
    seen = dict.fromkeys(events, 0)
    for _ in range(600):
        inputs = random_inputs(rng)
        path = inputs.run()
        assert_identity(path)
        assert all(min(abs(trade) for trade in trades.values()) > 1e-13 for trades in path.trades)
        assert min(path.nav) >= 0.0
        assert path.ruined or len(path.nav) == 30
        for reason in path.trade_reasons:
            seen[reason] += 1
        seen["scaled"] += sum(scale < 1.0 for scale in path.trade_scales)
        seen["answered"] += len(path.margin_calls) - path.trade_reasons.count("margin_call")
        seen["two trades"] += len(path.trade_rows) - len(set(path.trade_rows))
        seen["at target"] += inputs.terms.minimum_trade == 0 and any(
            0 < len(trades) < 3 and reason == "rebalance"
            for trades, reason in zip(path.trades, path.trade_reasons, strict=True)
        )
        seen["ruin"] += path.ruined
    assert min(seen.values()) >= 10, seen


def test_holdings_after_a_trade_meet_their_margin_requirements() -> None:
    """After a margin call NAV equals the requirement; after a rebalance NAV is at least the requirement.

    The whole target meets the initial margin, except where the no-trade zone leaves a larger position in place.
    """
    rng = random.Random(5)
    calls = full = 0
    for _ in range(400):
        inputs = random_inputs(rng)
        path, terms = inputs.run(), inputs.terms
        financing = terms.financing
        for (row, reason), scale in zip(path.reasons, path.trade_scales, strict=True):
            if path.nav[row] == 0.0 or (reason == "no_price" and path.trade_rows.count(row) == 2):
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
                full += scale < 1.0
    assert calls > 30
    assert full > 30


def test_later_data_never_changes_earlier_rows() -> None:
    """Cut off after any row, a run is the same up to that row, bit for bit, except for the trade of that close.

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
        until = [sum(row < same for row in one.trade_rows) for one in (cut, path)]
        assert cut.trades[: until[0]] == path.trades[: until[1]]
        assert cut.reasons[: until[0]] == path.reasons[: until[1]]
        assert [t for t in cut.margin_calls if t < same] == [t for t in path.margin_calls if t < same]
    assert compared > 1000


def test_all_kinds_of_financing_agree_if_they_charge_nothing() -> None:
    """Free cash earns cash and loans pay cash: on margin, (N - L) c + S c; in futures, N c - (L - S) c; in a fund at
    1 time, the same as on margin. NAV is the same under any costs, fees, bands, no-trade zone and lag.

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
            assert path.reasons == paths[0].reasons


def test_weights_at_the_edge_are_the_nearest_within_bands() -> None:
    """(0.6, 0.25, 0.15) around (0.5, 0.3, 0.2) with bands of 0.05: 0.55 is the most of the first; the others lack 0.05,
    half of it each: (0.55, 0.275, 0.175).

    And at random: no weights within the bands with that sum are nearer, that is (d - w)(y - w) <= 0 for each such y. No
    weight has another sign than its target.
    """
    names = ["A", "B", "C"]
    target = {"A": 0.5, "B": 0.3, "C": 0.2}
    got = nearest_within({"A": 0.6, "B": 0.25, "C": 0.15}, target, Bands(absolute=0.05))
    assert [got[a] for a in names] == pytest.approx([0.55, 0.275, 0.175], rel=1e-14)

    rng, compared = random.Random(11), 0
    for _ in range(200):
        target = {a: rng.choice([0.0, 0.05, 1.0, 1.0]) * rng.uniform(-0.5, 1.0) for a in names}
        drifted = {a: w + rng.gauss(0.0, 0.2) for a, w in target.items()}
        bands = Bands(absolute=0.1, relative=rng.choice([None, 0.3]))
        nearest = nearest_within(drifted, target, bands)
        assert math.fsum(nearest.values()) == pytest.approx(math.fsum(target.values()), abs=1e-14)
        assert not is_off(nearest, target, bands)  # at the edge is not beyond it
        assert all(nearest[a] * w > 0.0 or nearest[a] == 0.0 for a, w in target.items())
        for _ in range(20):
            other = {a: rng.uniform(*bands.ends(w)) for a, w in target.items()}
            other["A"] += math.fsum([*target.values(), *(-w for w in other.values())])
            if bands.ends(target["A"])[0] <= other["A"] <= bands.ends(target["A"])[1]:
                compared += 1
                assert math.fsum((drifted[a] - nearest[a]) * (other[a] - nearest[a]) for a in names) <= 1e-14
    assert compared > 1000


def test_impact_uses_the_last_known_values_of_its_window() -> None:
    """A window of 2. Prices from date 1 on: two returns at date 3. Values from date 0 on but for date 2: two at date 1.

    So the window is there from date 3 on. Date 3: returns 10 and -10 %, a deviation of 0.1 sqrt(2); values 4 and 12,
    a mean of 8. Date 4 has no price, and the window of date 3. Date 5: the last two returns are still the ones of dates
    2 and 3, because date 4 has none; the last two values are 12 and 36, a mean of 24.
    """
    prices = [None, 100.0, 110.0, 99.0, None, 50.0]
    traded = [1.0, 4.0, None, 12.0, None, 36.0]
    assert [has_window(prices, traded, t, 2) for t in range(4)] == [False, False, False, True]
    got = [impact_of("A", prices, traded, t, 2) for t in range(6)]
    assert got[:3] == [None] * 3
    deviation = 0.1 * math.sqrt(2.0)
    assert got[3:] == pytest.approx([deviation / math.sqrt(v) for v in (8.0, 8.0, 24.0)], rel=1e-13)


def test_impact_refuses_trades_without_a_full_window() -> None:
    """A purchase before the window; too few values, with a window of 2 on the last four dates; a traded value of zero.

    Values on dates 0 and 1 alone suffice until date 3, one of which is the purchase; on date 4 only one is left.
    """

    def bought(row: int, traded: list[float | None]) -> OraclePath:
        dates = [date(2021, 1, 1) + timedelta(days=k) for k in range(len(traded))]
        prices = [100.0 + (3 * k) % 5 for k in range(len(traded))]
        impact = Impact(1.0, 2, {"A": traded}, {"A": []})
        terms = Terms(costs=Costs(impact=impact), capital=1e6)
        return run(dates, {"A": prices}, [0.0] * len(dates), {0: {}, row: {"A": 1.0}}, terms)

    assert bought(2, [1e6, 1e6, None, None]).trade_rows == [2]
    with pytest.raises(ValueError, match="A is traded before its impact has a window"):
        bought(1, [1e6, 1e6, 1e6, 1e6])
    with pytest.raises(ValueError, match="A: of the 4 values traded up to 4, 1 are known, not 2"):
        bought(2, [1e6, 1e6, None, None, None])
    with pytest.raises(ValueError, match="A: nothing was traded on 2 dates up to 2"):
        bought(2, [1e6, 0.0, 0.0, 1e6])


def test_a_target_of_zero_makes_no_trade() -> None:
    """A run may begin with holdings of zero: the first trade in its path is the first that trades something."""
    dates = [date(2021, 1, 1) + timedelta(days=k) for k in range(3)]
    path = run(dates, {"A": [1.0, 2.0, 2.0]}, [0.0] * 3, {0: {"A": 1e-13}, 1: {"A": 1.0}}, Terms())
    assert path.reasons == [(1, "rebalance")]
    assert path.nav == [1.0, 1.0, 1.0]


def test_a_date_can_have_a_trade_at_its_open_and_a_call_at_its_close() -> None:
    """A date is two rows. A 2 is bought at an open of 100, and 25 % have to be covered. Row 0 is the close before.

    It closes at 60: 1.2 of a NAV of 0.2, a call on the date of the purchase. Kept: f x 1.2 x 0.25 = 0.2, so f = 2/3:
    0.8, and a loan of 0.6. The night costs 36 % / 360 of the loan, 0.0006, the day nothing: at 60 again NAV is 0.1994,
    which does not cover 0.2; but on the last date nothing is traded.
    """
    dates = [date(2021, 3, day) for day in (1, 2, 2, 3, 3)]
    prices: list[float | None] = [90.0, 100.0, 60.0, 60.0, 60.0]
    terms = Terms(Margin(spread=0.36, maintenance={"A": 0.25}), lag=1)
    path = run(dates, {"A": prices}, [0.0] * 5, {1: {"A": 2.0}}, terms)
    assert path.nav == pytest.approx([1.0, 1.0, 0.2, 0.1994, 0.1994], rel=EXACT)
    assert path.reasons == [(1, "rebalance"), (2, "margin_call")]
    assert [path.dates[row] for row in path.trade_rows] == [dates[1], dates[1]]
    near(path.trades[1]["A"], -2.0)
    assert path.margin_calls == [2]
    assert path.financing == pytest.approx([0.0, 0.0, 0.0, 0.0006, 0.0], abs=EXACT)


def test_impossible_terms_are_refused() -> None:
    """Without the check, each would show only as a wrong number."""
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
