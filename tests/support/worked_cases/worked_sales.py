"""Runs worked by hand: an asset loses its price and is sold, before anything else is traded at that close."""

from __future__ import annotations

from fractions import Fraction

from support.oracle.oracle_terms import Costs, Impact, Terms
from support.worked_cases.worked_case import EVERY_36_DAYS, Case, over


def a_sale_before_a_rebalance() -> Case:
    """Halves at rows 0 and 2, costs of 2 %. All amounts over 51.

    First trade: x = 0.02 (1 - x) = 1/51. NAV 50, 25 in each. Period 1: A +20 % = 5. NAV 55, A 30.
    Row 2: B has no price and is sold at 25, which costs 0.5: NAV 54.5. A goes to half of what is left after its own
    cost C: T = (54.5 - C)/2, C = 0.02 (30 - T) = 0.055 + 0.01 C = 1/18. NAV 54.5 - 1/18 = 490/9, A 245/9. Trades: B
    -25/55, A -25/9 of 54.5.
    Period 3: A +10 % = 24.5/9. NAV 514.5/9.
    """
    half = {"A": 0.5, "B": 0.5}
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 120.0, 120.0, 132.0), "B": (100.0, 100.0, None, None)},
        targets={0: half, 2: half},
        terms=Terms(costs=Costs({"A": 0.02, "B": 0.02})),
        columns={
            "nav": [Fraction(1), Fraction(55, 51), Fraction(490, 459), Fraction("514.5") / 459],
            "trading": [Fraction(0), Fraction(1, 51), (Fraction(1, 2) + Fraction(1, 18)) / 51, Fraction(0)],
        },
        trades={2: ({"B": Fraction(-25, 55)}, {"A": Fraction(-25, 9) / Fraction("54.5")})},
        weights={2: {"A": 0.5, "B": 0.0}},
        reasons={0: "rebalance", 2: ("no_price", "rebalance")},
    )


def a_sale_that_leaves_the_rest_at_its_target() -> Case:
    """Halves at rows 0 and 1, B at a cost of 10 %, A at 1 %. All amounts over 211, the first NAV.

    First trade: x = 0.055 (1 - x) = 11/211. NAV 200, 100 in each.
    Row 1: A -10 % to 90. B has no price and is sold at 100, which costs 10: NAV 180. A is half of that, its target (of
    190 it is not), so nothing else is traded. Period 2: A +10 % = 9. NAV 189.
    """
    half = {"A": 0.5, "B": 0.5}
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 90.0, 99.0), "B": (100.0, None, None)},
        targets={0: half, 1: half},
        terms=Terms(costs=Costs({"A": 0.01, "B": 0.1})),
        columns={
            "nav": over(211, ["211", "180", "189"]),
            "trading": over(211, ["0", "21", "0"]),
        },
        trades={1: {"B": Fraction(-100, 190)}},
        weights={1: {"A": 0.5, "B": 0.0}},
        reasons={0: "rebalance", 1: "no_price"},
    )


def a_fixed_debt_after_a_sale() -> Case:
    """Half in A and half in B, times 1 + 0.5 / NAV; B at a cost of 2 %. All amounts over 203, the first NAV.

    Row 0: 0.75 and 0.75. x = 0.015 (1 - x) = 3/203. NAV 200, A 150, B 150.
    Row 1: B has no price: it is sold at 150, which costs 3. NAV 197. All in A, times 1 + 101.5/197: 298.5, which is a
    loan of 101.5, half of the first NAV. A is free: a trade of 148.5/197. (1 + 101.5/200 would lend 99.9775.)
    Row 2: flat, and A at its target: no trade. Period 3: A +10 % = 29.85. NAV 226.85.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 100.0, 100.0, 110.0), "B": (100.0, None, None, None)},
        targets={0: {"A": 0.5, "B": 0.5}, 1: {"A": 1.0}, 2: {"A": 1.0}},
        terms=Terms(costs=Costs({"B": 0.02})),
        columns={
            "nav": over(203, ["203", "197", "197", "226.85"]),
            "trading": over(203, ["0", "6", "0", "0"]),
            "loan": over(203, ["0", "100", "101.5", "101.5"]),
        },
        trades={1: ({"B": Fraction(-150, 200)}, {"A": Fraction("148.5") / 197})},
        weights={1: {"A": Fraction("298.5") / 197, "B": 0.0}},
        reasons={0: "rebalance", 1: ("no_price", "rebalance")},
        debt=0.5,
    )


def a_sale_at_the_impact_of_its_last_price() -> Case:
    """1,000,000; a window of 3 dates. B's returns up to row 0 are 2, -2 and 0 %, a deviation of 2 %; A is flat.

    First trade: 0.25 of B, where 25,000,000 trade: 0.02 x sqrt(0.01) = 0.2 %, 0.0005. NAV 0.9995; the target is 0.25
    over that. Row 1: B has no price, and the value traded on that date is no matter: B is sold for the same 0.0005.
    NAV 0.999.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0,) * 3, "B": (100.0, None, None)},
        targets={0: {"B": 0.25 / 0.9995}},
        terms=Terms(
            costs=Costs(
                impact=Impact(
                    coefficient=1.0,
                    window=3,
                    value_traded={"A": (1e8,) * 6, "B": (2.5e7, 2.5e7, 2.5e7, 2.5e7, 4e8, None)},
                    earlier_prices={"A": (100.0,) * 3, "B": (100.0 / (1.02 * 0.98), 100.0 / 0.98, 100.0)},
                )
            ),
            capital=1e6,
        ),
        columns={"nav": (1.0, 0.999, 0.999), "trading": (0.0, 0.001, 0.0)},
        trades={0: {"B": 0.25}, 1: {"B": -0.25 / 0.9995}},
        reasons={0: "rebalance", 1: "no_price"},
    )


CASES = [
    a_sale_before_a_rebalance,
    a_sale_that_leaves_the_rest_at_its_target,
    a_fixed_debt_after_a_sale,
    a_sale_at_the_impact_of_its_last_price,
]
