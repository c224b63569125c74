"""Runs worked by hand: bands, lags and the no-trade zone."""

from __future__ import annotations

from fractions import Fraction

from support.oracle.oracle_terms import Bands, Costs, Margin, Terms
from support.worked_cases.worked_case import EVERY_36_DAYS, Case, over


def bands_to_the_target() -> Case:
    """Halves, decided at every close, traded where an asset is off by more than 0.05.

    Row 1: A +10 %: 0.55 of 1.05 is off by 0.024: no trade. Row 2: A +30 %: 0.715 of 1.215 is off by 0.088: halves.
    Period 3: B +10 % of 0.6075. NAV 1.27575.
    """
    half = {"A": 0.5, "B": 0.5}
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 110.0, 143.0, 143.0), "B": (100.0, 100.0, 100.0, 110.0)},
        targets={0: half, 1: half, 2: half},
        terms=Terms(bands=Bands(absolute=0.05)),
        columns={"nav": (1.0, 1.05, 1.215, 1.27575)},
        trades={2: {"A": 0.5 - 0.715 / 1.215, "B": 0.5 - 0.5 / 1.215}},
        weights={1: {"A": 0.55 / 1.05, "B": 0.5 / 1.05}, 2: half},
        reasons={0: "rebalance", 2: "band"},
    )


def bands_to_the_edge_a_row_later() -> Case:
    """Halves, decided once; checked at every close, traded at the next. Bands of 0.05, of 0.2 x 0.5 = 0.1: of 0.05.

    Row 1: A +43 %: 0.715 of 1.215 is off by 0.088. Row 2: flat; to A 0.55, B 0.45. They stay there: at the edge is not
    beyond it. Period 4: A +10 % of 0.66825. NAV 1.281825.
    """
    return Case(
        dates=EVERY_36_DAYS[:5],
        prices={"A": (100.0, 143.0, 143.0, 143.0, 157.3), "B": (100.0,) * 5},
        targets={0: {"A": 0.5, "B": 0.5}},
        terms=Terms(bands=Bands(absolute=0.05, relative=0.2, to="edge", checks=frozenset(range(5))), lag=1),
        columns={"nav": (1.0, 1.215, 1.215, 1.215, 1.281825)},
        trades={2: {"A": 0.55 - 0.715 / 1.215, "B": 0.45 - 0.5 / 1.215}},
        weights={0: {"A": 0.5, "B": 0.5}, 2: {"A": 0.55, "B": 0.45}},
        reasons={0: "rebalance", 2: "band"},
    )


def a_breach_waits_for_one_trade() -> Case:
    """A 0.4, B 0.4, the rest in cash; bands of 0.1, checked at every close, traded two rows later.

    Row 1: A doubles: 0.8 of 1.4 is off by 0.17; to be traded at row 3. Row 2: still off, and being seen to. Row 3: to
    0.4 and 0.4 of 1.4. Period 5: B +10 % of 0.56. NAV 1.456.
    """
    return Case(
        dates=EVERY_36_DAYS,
        prices={"A": (100.0, 200.0, 200.0, 200.0, 200.0, 200.0), "B": (100.0, 100.0, 100.0, 100.0, 100.0, 110.0)},
        targets={0: {"A": 0.4, "B": 0.4}},
        terms=Terms(bands=Bands(absolute=0.1, checks=frozenset(range(6))), lag=2),
        columns={"nav": (1.0, 1.4, 1.4, 1.4, 1.4, 1.456)},
        trades={3: {"A": 0.4 - 0.8 / 1.4, "B": 0.4 - 0.4 / 1.4}},
        weights={3: {"A": 0.4, "B": 0.4}},
        reasons={0: "rebalance", 3: "band"},
    )


def a_decision_replaces_a_breach() -> Case:
    """A 0.4, B 0.4, the rest in cash; bands of 0.1, checked at every close, traded two rows later.

    Row 1: A doubles: 0.8 of 1.4 is off by 0.17; to be traded at row 3. Row 2: a decision for 0.2 and 0.2, off by
    0.37: to be traded at row 4, and the trade of row 3 is off. Period 5: B +10 % of 0.28. NAV 1.428.
    """
    return Case(
        dates=EVERY_36_DAYS,
        prices={"A": (100.0, 200.0, 200.0, 200.0, 200.0, 200.0), "B": (100.0, 100.0, 100.0, 100.0, 100.0, 110.0)},
        targets={0: {"A": 0.4, "B": 0.4}, 4: {"A": 0.2, "B": 0.2}},
        terms=Terms(bands=Bands(absolute=0.1, checks=frozenset(range(6))), lag=2),
        columns={"nav": (1.0, 1.4, 1.4, 1.4, 1.4, 1.428)},
        trades={4: {"A": 0.2 - 0.8 / 1.4, "B": 0.2 - 0.4 / 1.4}},
        weights={3: {"A": 0.8 / 1.4, "B": 0.4 / 1.4}, 4: {"A": 0.2, "B": 0.2}},
        reasons={0: "rebalance", 4: "band"},
    )


def bands_around_what_may_be_held() -> Case:
    """A 3, B 1 against 50 % make 1.5 and 0.5, and bands of 0.1 are around those.

    A +10 %: 1.65 of 1.15 is off by 0.065, not by 1.57.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 110.0, 110.0, 110.0), "B": (100.0,) * 4},
        targets={0: {"A": 3.0, "B": 1.0}},
        terms=Terms(
            financing=Margin(initial={"A": 0.5, "B": 0.5}), bands=Bands(absolute=0.1, checks=frozenset({1, 2}))
        ),
        columns={"nav": (1.0, 1.15, 1.15, 1.15)},
        weights={0: {"A": 1.5, "B": 0.5}, 2: {"A": 1.65 / 1.15, "B": 0.5 / 1.15}},
        scales={0: 0.5},
        reasons={0: "rebalance"},
    )


def bands_beside_the_schedule() -> Case:
    """Halves at rows 0 and 3 whatever they are off by, in between at the bands' edge: 25 % of 0.5.

    Row 1: A +20 %: 0.6 of 1.1 is off by 0.045. Row 2: A +100 %: 1.2 of 1.7 is off by 0.206: to 0.625 and 0.375, 1.0625
    and 0.6375. Row 3: B +4 % = 0.0255: NAV 1.7255, within the bands, to halves. Period 4: A -10 % = -0.086275.
    """
    half = {"A": 0.5, "B": 0.5}
    return Case(
        dates=EVERY_36_DAYS[:5],
        prices={"A": (100.0, 120.0, 240.0, 240.0, 216.0), "B": (100.0, 100.0, 100.0, 104.0, 104.0)},
        targets={0: half, 3: half},
        terms=Terms(bands=Bands(relative=0.25, to="edge", checks=frozenset({1, 2, 3, 4}), also_on_schedule=True)),
        columns={"nav": (1.0, 1.1, 1.7, 1.7255, 1.639225)},
        trades={2: {"A": 0.625 - 1.2 / 1.7, "B": 0.375 - 0.5 / 1.7}},
        weights={2: {"A": 0.625, "B": 0.375}, 3: half},
        reasons={0: "rebalance", 2: "band", 3: "rebalance"},
    )


def a_no_trade_zone() -> Case:
    """A 0.5, B 0.5, costs of 1 %, no trade below 0.02 of the NAV. All amounts over 101.

    First trade: NAV 100, 50 in each. Row 1: A +1 %: 50.5 of 100.5; halves are 0.0025 away: nothing is traded, so
    there is no trade.
    Row 2: B to 0.2; A, 0.0025 off its target, stays at 50.5. The cost C = 0.01 (50 - 0.2 (100.5 - C)) = 0.299 + 0.002 C
    = 299/998. NAV 100.5 - 299/998; A is more than half of it.
    Period 3: A +10 % = 5.05.
    """
    cost = Fraction(299, 998)
    nav = Fraction("100.5") - cost
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 101.0, 101.0, 111.1), "B": (100.0,) * 4},
        targets={0: {"A": 0.5, "B": 0.5}, 1: {"A": 0.5, "B": 0.5}, 2: {"A": 0.5, "B": 0.2}},
        terms=Terms(costs=Costs({"A": 0.01, "B": 0.01}), minimum_trade=0.02),
        columns={
            "nav": [Fraction(1), Fraction("100.5") / 101, nav / 101, (nav + Fraction("5.05")) / 101],
            "trading": [Fraction(0), Fraction(1, 101), cost / 101, Fraction(0)],
        },
        trades={
            2: {"B": (nav / 5 - 50) / Fraction("100.5")},
        },
        weights={1: {"A": 50.5 / 100.5, "B": 50 / 100.5}, 2: {"A": Fraction("50.5") / nav, "B": 0.2}},
        reasons={0: "rebalance", 2: "rebalance"},
    )


def an_edge_sells_what_has_a_target_of_zero() -> Case:
    """A 0.5, B 0.46, C 0.04; then A 0.6, B 0.4 and no C, with bands of 0.05 traded to their edge.

    Row 1: flat. A is off by 0.1. C, 0.04 from its target, is inside its band, but a target of zero has no band: it is
    sold in full. A goes to its end, 0.55, and B to the rest of the sum of 1, 0.45. (With C free as far as 0.05 on
    either side B would be 0.435 and C 0.015.) Period 2: B +10 % = 0.045.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0,) * 3, "B": (100.0, 100.0, 110.0), "C": (100.0,) * 3},
        targets={0: {"A": 0.5, "B": 0.46, "C": 0.04}, 1: {"A": 0.6, "B": 0.4}},
        terms=Terms(bands=Bands(absolute=0.05, to="edge")),
        columns={"nav": (1.0, 1.0, 1.045)},
        trades={1: {"A": 0.05, "B": -0.01, "C": -0.04}},
        weights={1: {"A": 0.55, "B": 0.45, "C": 0.0}},
        reasons={0: "rebalance", 1: "band"},
    )


def an_edge_ends_at_zero() -> Case:
    """A 1.6, B 0.38, C 0.02: a loan of 1. Bands of 0.05 traded to their edge, checked at row 1.

    Period 1: A -17 % to 1.328, B +20 % to 0.456, C -20 % to 0.016. NAV 0.8; weights 1.66, 0.57, 0.02: 2.25 in all.
    Ends: A 1.55 to 1.65, B 0.33 to 0.43, C 0 to 0.07. Less 0.09: A 1.57; B 0.48, at its end 0.43; C -0.07, at its end
    0: 2 in all. (If C could be as low as -0.03, it would be: A 1.60, B 0.43, C -0.03.)
    Period 2: A +10 % of 1.57 x 0.8 = 0.1256. NAV 0.9256.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 83.0, 91.3), "B": (100.0, 120.0, 120.0), "C": (100.0, 80.0, 80.0)},
        targets={0: {"A": 1.6, "B": 0.38, "C": 0.02}},
        terms=Terms(bands=Bands(absolute=0.05, to="edge", checks=frozenset({1}))),
        columns={"nav": (1.0, 0.8, 0.9256)},
        trades={1: {"A": -0.09, "B": -0.14, "C": -0.02}},
        weights={1: {"A": 1.57, "B": 0.43, "C": 0.0}},
        reasons={0: "rebalance", 1: "band"},
    )


def an_edge_of_shorts_ends_at_zero() -> Case:
    """A -0.8, B -0.16, C -0.04. Bands of 0.05 traded to their edge, checked at row 1.

    Period 1: A +29 % to -1.032, C -80 % to -0.008. NAV 1 - 0.232 + 0.032 = 0.8; weights -1.29, -0.2, -0.01.
    Ends: A -0.85 to -0.75, B -0.21 to -0.11, C -0.09 to 0. Plus 0.05: A -1.24, at its end -0.85; B -0.15; C 0.04, at
    its end 0: -1 in all. (If C could be as high as 0.01, it would be: A -0.85, B -0.16, C 0.01.)
    Period 2: A -10 % of -0.85 x 0.8 = 0.068. NAV 0.868.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 129.0, 116.1), "B": (100.0,) * 3, "C": (100.0, 20.0, 20.0)},
        targets={0: {"A": -0.8, "B": -0.16, "C": -0.04}},
        terms=Terms(bands=Bands(absolute=0.05, to="edge", checks=frozenset({1}))),
        columns={"nav": (1.0, 0.8, 0.868)},
        trades={1: {"A": 0.44, "B": 0.05, "C": 0.01}},
        weights={1: {"A": -0.85, "B": -0.15, "C": 0.0}},
        reasons={0: "rebalance", 1: "band"},
    )


def bands_see_what_a_sale_leaves() -> Case:
    """Halves, B at a cost of 10 %; bands of 0.05, checked at row 1. All amounts over 21.

    First trade: x = 0.1 (1 - x)/2 = 1/21. NAV 20, A 10, B 10.
    Row 1: A +18 % to 11.8: 0.5413 of 21.8. B has no price: it is sold at 10, which costs 1. A is 0.567 of the 20.8 that
    are left, off by 0.067, and goes to half of them, 10.4. Period 2: A +10 % = 1.04. NAV 21.84.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 118.0, 129.8), "B": (100.0, None, None)},
        targets={0: {"A": 0.5, "B": 0.5}},
        terms=Terms(costs=Costs({"B": 0.1}), bands=Bands(absolute=0.05, checks=frozenset({1}))),
        columns={
            "nav": over(21, ["21", "20.8", "21.84"]),
            "trading": over(21, ["0", "2", "0"]),
        },
        trades={1: ({"B": Fraction("-10") / Fraction("21.8")}, {"A": Fraction("-1.4") / Fraction("20.8")})},
        weights={1: {"A": 0.5, "B": 0.0}},
        reasons={0: "rebalance", 1: ("no_price", "band")},
    )


def bands_that_a_sale_does_not_breach_stay() -> Case:
    """Halves, B at a cost of 10 %; bands of 0.02, checked at row 1. All amounts over 21, as before.

    Row 1: A -10 % to 9: 9/19 of the NAV, off by 0.026. B has no price: its sale at 10 costs 1, and 9 is half of the 18
    that are left: nothing is off. Period 2: A +10 % = 0.9. NAV 18.9.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 90.0, 99.0), "B": (100.0, None, None)},
        targets={0: {"A": 0.5, "B": 0.5}},
        terms=Terms(costs=Costs({"B": 0.1}), bands=Bands(absolute=0.02, checks=frozenset({1}))),
        columns={
            "nav": over(21, ["21", "18", "18.9"]),
            "trading": over(21, ["0", "2", "0"]),
        },
        trades={1: {"B": Fraction("-10") / 19}},
        weights={1: {"A": 0.5, "B": 0.0}},
        reasons={0: "rebalance", 1: "no_price"},
    )


CASES = [
    bands_to_the_target,
    bands_to_the_edge_a_row_later,
    a_breach_waits_for_one_trade,
    a_decision_replaces_a_breach,
    bands_around_what_may_be_held,
    bands_beside_the_schedule,
    a_no_trade_zone,
    an_edge_sells_what_has_a_target_of_zero,
    an_edge_ends_at_zero,
    an_edge_of_shorts_ends_at_zero,
    bands_see_what_a_sale_leaves,
    bands_that_a_sale_does_not_breach_stay,
]
