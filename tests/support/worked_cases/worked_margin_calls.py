"""Runs worked by hand: requirements, and what happens where they are not met."""

from __future__ import annotations

from fractions import Fraction

from support.oracle.oracle_terms import Costs, Futures, Margin, Terms
from support.worked_cases.worked_case import EVERY_36_DAYS, Case, over


def a_target_above_the_initial_requirement() -> Case:
    """A 3, B 1 against 50 %: 2 are needed, so half of it is bought: 1.5 and 0.5. A +10 %, then flat."""
    half = {"A": 0.5, "B": 0.5}
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 110.0, 110.0, 110.0), "B": (100.0,) * 4},
        targets={0: {"A": 3.0, "B": 1.0}},
        terms=Terms(financing=Margin(initial=half, maintenance={"A": 0.25, "B": 0.25})),
        columns={"nav": (1.0, 1.15, 1.15, 1.15), "loan": (0.0, 1.0, 1.0, 1.0)},
        weights={0: {"A": 1.5, "B": 0.5}},
        scales={0: 0.5},
        reasons={0: "rebalance"},
    )


def a_margin_call() -> Case:
    """A 1, B 1, B at a cost of 2 %; initially 50 %, then 25 % have to be covered. All amounts over 51.

    First trade: x = 0.02 (1 - x) = 1/51. NAV 50, A 50, B 50, loan 50.
    Period 1: A -60 %: 20. NAV 20 covers 0.25 x 70 = 17.5.
    Period 2: B -10 %: 45. NAV 15 does not cover 0.25 x 65 = 16.25: a call. Kept: f of all, at a cost of
    0.02 x 45 (1 - f): 15 - 0.9 (1 - f) = 16.25 f, so f = 14.1/15.35 = 282/307. NAV 282/307 x 16.25 = 4582.5/307,
    cost 0.9 x 25/307 = 22.5/307. Trades -25/307 of 20/15 and of 45/15.
    Period 3: A +10 % = 2 f = 564/307. NAV 5146.5/307.
    """
    f = Fraction(282, 307)
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 40.0, 40.0, 44.0), "B": (100.0, 100.0, 90.0, 90.0)},
        targets={0: {"A": 1.0, "B": 1.0}},
        terms=Terms(
            financing=Margin(initial={"A": 0.5, "B": 0.5}, maintenance={"A": 0.25, "B": 0.25}),
            costs=Costs({"B": 0.02}),
        ),
        columns={
            "nav": [Fraction(1), Fraction(20, 51), f * Fraction("16.25") / 51, Fraction("5146.5") / 307 / 51],
            "trading": [Fraction(0), Fraction(1, 51), Fraction("22.5") / 307 / 51, Fraction(0)],
        },
        trades={2: {"A": -(1 - f) * Fraction(20, 15), "B": -(1 - f) * 3}},
        weights={2: {"A": 20 / Fraction("16.25"), "B": 45 / Fraction("16.25")}},
        margin_calls=[2],
        reasons={0: "rebalance", 2: "margin_call"},
    )


def a_margin_call_that_a_rebalance_answers() -> Case:
    """A 1, B 1, no costs; A -60 %: NAV 0.4. B -10 %: NAV 0.3 does not cover 0.25 x 1.3: a call.

    At that close A 0.5, B 0.5 are to be held anyway: 0.15 each. Then A +10 %: NAV 0.315.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 40.0, 40.0, 44.0), "B": (100.0, 100.0, 90.0, 90.0)},
        targets={0: {"A": 1.0, "B": 1.0}, 2: {"A": 0.5, "B": 0.5}},
        terms=Terms(financing=Margin(initial={"A": 0.5, "B": 0.5}, maintenance={"A": 0.25, "B": 0.25})),
        columns={"nav": (1.0, 0.4, 0.3, 0.315)},
        weights={2: {"A": 0.5, "B": 0.5}},
        trades={2: {"A": 0.5 - 0.4 / 0.3, "B": 0.5 - 0.9 / 0.3}},
        margin_calls=[2],
        reasons={0: "rebalance", 2: "rebalance"},
    )


def a_margin_call_is_answered_in_full() -> Case:
    """As before, but to A 1.3, B 0.5, and with no trade below 0.05 of the NAV.

    A is at 0.4/0.3, 0.033 from its target, and would be left alone; the call has all of it traded: A 0.39, B 0.15.
    Then A +10 %: NAV 0.339.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 40.0, 40.0, 44.0), "B": (100.0, 100.0, 90.0, 90.0)},
        targets={0: {"A": 1.0, "B": 1.0}, 2: {"A": 1.3, "B": 0.5}},
        terms=Terms(
            financing=Margin(initial={"A": 0.5, "B": 0.5}, maintenance={"A": 0.25, "B": 0.25}), minimum_trade=0.05
        ),
        columns={"nav": (1.0, 0.4, 0.3, 0.339)},
        weights={2: {"A": 1.3, "B": 0.5}},
        trades={2: {"A": 1.3 - 0.4 / 0.3, "B": 0.5 - 0.9 / 0.3}},
        margin_calls=[2],
        reasons={0: "rebalance", 2: "rebalance"},
    )


def no_margin_call_on_the_last_date() -> Case:
    """A 1, B 1; A -70 % leaves 0.3 for 1.3, of which 25 % are 0.325: on the data's last date nothing is traded."""
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 100.0, 30.0), "B": (100.0,) * 3},
        targets={0: {"A": 1.0, "B": 1.0}},
        terms=Terms(financing=Margin(initial={"A": 0.5, "B": 0.5}, maintenance={"A": 0.25, "B": 0.25})),
        columns={"nav": (1.0, 1.0, 0.3)},
        weights={2: {"A": 1.0, "B": 1 / 0.3}},
        reasons={0: "rebalance"},
    )


def a_margin_call_where_a_price_is_missing() -> Case:
    """A 1.5, B 0.5, B at a cost of 2 %. All amounts over 101.

    First trade: x = 0.02 (1 - x)/2 = 1/101. NAV 100, A 150, B 50.
    Period 2: A -60 %: 60. NAV 10. B has no price: it is sold at 50, which costs 1. NAV 9 does not cover
    0.25 x 60 = 15: of A 9/15 are kept, 36, and 24 sold. Two trades: B -50/10 of what there was, then A -24/9 of what
    was left.
    Period 3: A +10 % = 3.6. NAV 12.6.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 100.0, 40.0, 44.0), "B": (100.0, 100.0, None, None)},
        targets={0: {"A": 1.5, "B": 0.5}},
        terms=Terms(
            financing=Margin(initial={"A": 0.5, "B": 0.5}, maintenance={"A": 0.25, "B": 0.25}),
            costs=Costs({"B": 0.02}),
        ),
        columns={
            "nav": over(101, ["101", "100", "9", "12.6"]),
            "trading": over(101, ["0", "1", "1", "0"]),
        },
        trades={2: ({"B": -5.0}, {"A": Fraction(-24, 9)})},
        weights={2: {"A": 4.0, "B": 0.0}},
        margin_calls=[2],
        reasons={0: "rebalance", 2: ("no_price", "margin_call")},
    )


def a_sale_that_leaves_no_margin_call() -> Case:
    """A 1.5, B 0.5, B at a cost of 10 %; 25 % have to be covered. All amounts over 21.

    First trade: x = 0.1 (1 - x)/2 = 1/21. NAV 20, A 30, B 10.
    Row 1: A -50 %: 15. NAV 5 does not cover 0.25 x 25 = 6.25. But B has no price: it is sold at 10, which costs 1, and
    NAV 4 covers the 3.75 of A: no call. Row 2: A +10 % = 1.5. NAV 5.5.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 50.0, 55.0), "B": (100.0, None, None)},
        targets={0: {"A": 1.5, "B": 0.5}},
        terms=Terms(financing=Margin(maintenance={"A": 0.25, "B": 0.25}), costs=Costs({"B": 0.1})),
        columns={
            "nav": over(21, ["21", "4", "5.5"]),
            "trading": over(21, ["0", "2", "0"]),
        },
        trades={1: {"B": -2.0}},
        weights={1: {"A": 3.75, "B": 0.0}},
        reasons={0: "rebalance", 1: "no_price"},
    )


def a_sale_whose_cost_is_a_margin_call() -> Case:
    """The same, but 25 % of A alone have to be covered, and A falls by 52 %. All amounts over 21.

    Row 1: A 14.4. NAV 4.4 covers 0.25 x 14.4 = 3.6. The sale of B at 10 costs 1: NAV 3.4 does not. Of A 3.4/3.6 =
    17/18 are kept, 13.6, and 0.8 sold: 4/17 of 3.4. Row 2: A +10 % = 1.36. NAV 4.76.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 48.0, 52.8), "B": (100.0, None, None)},
        targets={0: {"A": 1.5, "B": 0.5}},
        terms=Terms(financing=Margin(maintenance={"A": 0.25}), costs=Costs({"B": 0.1})),
        columns={
            "nav": over(21, ["21", "3.4", "4.76"]),
            "trading": over(21, ["0", "2", "0"]),
        },
        trades={1: ({"B": Fraction(-25, 11)}, {"A": Fraction(-4, 17)})},
        weights={1: {"A": 4.0, "B": 0.0}},
        margin_calls=[1],
        reasons={0: "rebalance", 1: ("no_price", "margin_call")},
    )


def a_margin_call_that_ruins() -> Case:
    """A 2 at a cost of 10 %: x = 0.2 (1 - x) = 1/6. All amounts over 6: NAV 5, A 10.

    Period 1: A -46 %: 5.4, NAV 0.4, 25 % of 5.4 are 1.35: a call. Selling all costs 0.54: NAV -0.14, the lender's.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 54.0, 100.0, 100.0), "B": (100.0,) * 4},
        targets={0: {"A": 2.0}, 2: {"A": 1.0}},
        terms=Terms(financing=Margin(maintenance={"A": 0.25}), costs=Costs({"A": 0.1})),
        columns={
            "nav": over(6, ["6", "0"]),
            "trading": over(6, ["0", "1.54"]),
            "shortfall": over(6, ["0", "0.14"]),
        },
        pnl={"A": over(6, ["0", "-4.6"])},
        trades={1: {"A": Fraction("-13.5")}},
        weights={1: {"A": 0.0, "B": 0.0}},
        margin_calls=[1],
        reasons={0: "rebalance", 1: "margin_call"},
    )


def a_margin_call_in_futures() -> Case:
    """A 2, B 4; requirements of 20 and 10 % initially, 15 and 5 % after.

    Period 1: cash 1 % on the NAV, 0.01, and against the notionals, 0.06; A -10 % = -0.2. NAV 0.75; A 1.8.
    Covered: 0.27 + 0.2.
    Period 2: A -20 % = -0.36. NAV 0.39, A 1.44: 0.216 + 0.2 are not covered. Back to the initial requirement, 0.288 +
    0.4 = 0.688 of what is held: f = 0.39/0.688 = 195/344.
    Period 3: B +1 % = 0.04 f = 7.8/344.
    """
    f = Fraction(195, 344)
    nav = Fraction("0.39")
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 90.0, 72.0, 72.0), "B": (100.0, 100.0, 100.0, 101.0)},
        cash=(9.9, 0.01, 0.0, 0.0),
        targets={0: {"A": 2.0, "B": 4.0}},
        terms=Terms(financing=Futures(initial={"A": 0.2, "B": 0.1}, maintenance={"A": 0.15, "B": 0.05})),
        columns={
            "nav": [Fraction(1), Fraction("0.75"), nav, nav + Fraction("7.8") / 344],
            "cash_interest": (0.0, 0.01, 0.0, 0.0),
            "financing": (0.0, 0.06, 0.0, 0.0),
            "loan": [Fraction(0), Fraction(6), Fraction("5.8"), Fraction("5.44") * f],
        },
        trades={2: {"A": -(1 - f) * Fraction("1.44") / nav, "B": -(1 - f) * 4 / nav}},
        weights={2: {"A": f * Fraction("1.44") / nav, "B": f * 4 / nav}},
        margin_calls=[2],
        reasons={0: "rebalance", 2: "margin_call"},
    )


CASES = [
    a_target_above_the_initial_requirement,
    a_margin_call,
    a_margin_call_that_a_rebalance_answers,
    a_margin_call_is_answered_in_full,
    no_margin_call_on_the_last_date,
    a_margin_call_where_a_price_is_missing,
    a_sale_that_leaves_no_margin_call,
    a_sale_whose_cost_is_a_margin_call,
    a_margin_call_that_ruins,
    a_margin_call_in_futures,
]
