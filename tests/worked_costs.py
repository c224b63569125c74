"""Runs worked by hand: trading costs and fees."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from oracle_terms import Costs, Fees, Impact, Margin, Terms
from worked_case import EVERY_36_DAYS, Case, over


def twice_with_a_rebalance_cost() -> Case:
    """A 1, B 1, costs of 1 %, a spread of 0.5 % a period. All amounts over 51.

    First trade: x = 0.01 x 2 (1 - x) = 1/51. NAV 50, A 50, B 50, loan 50.
    Period 1: A +10 % = 5. Interest 0.25. NAV 54.75; A 55. Row 1's trading is the first trade's 1.
    Period 2: B -10 % = -5. Loan 105 - 54.75 = 50.25: interest 0.25125. NAV 49.49875; B 45. Back to 1 and 1: with
    T in each, 45 < T < 55, the cost is 0.01 (55 - T + T - 45) = 0.1. NAV 49.39875 = T.
    Period 3: A +10 % = 4.939875. Interest 0.24699375. NAV 54.09163125.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 110.0, 110.0, 121.0), "B": (100.0, 100.0, 90.0, 90.0)},
        targets={0: {"A": 1.0, "B": 1.0}, 2: {"A": 1.0, "B": 1.0}},
        terms=Terms(financing=Margin(spread=0.05), costs=Costs({"A": 0.01, "B": 0.01})),
        columns={
            "nav": over(51, ["51", "54.75", "49.39875", "54.09163125"]),
            "trading": over(51, ["0", "1", "0.1", "0"]),
            "financing": over(51, ["0", "0.25", "0.25125", "0.24699375"]),
            "loan": over(51, ["0", "50", "50.25", "49.39875"]),
        },
        pnl={"A": over(51, ["0", "5", "0", "4.939875"]), "B": over(51, ["0", "0", "-5", "0"])},
        trades={
            0: {"A": Fraction(50, 51), "B": Fraction(50, 51)},
            2: {"A": Fraction("-5.60125") / Fraction("49.49875"), "B": Fraction("4.39875") / Fraction("49.49875")},
        },
        weights={2: {"A": 1.0, "B": 1.0}},
        reasons={0: "rebalance", 2: "rebalance"},
    )


def costs_by_date() -> Case:
    """A 0.5, B 0.5; 1 % from 1 January, 0.5 % from 1 March on. All amounts over 101.

    First trade: x = 0.01 (1 - x) = 1/101. NAV 100. Period 2: A +20 %: 60, NAV 110. Back to halves on 14 March: 0.5 %
    of 60 - T + T - 50 = 10: 0.05. NAV 109.95. Period 3: B +10 % of 54.975. NAV 115.4475.
    """
    half = {"A": 0.5, "B": 0.5}
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 100.0, 120.0, 120.0), "B": (100.0, 100.0, 100.0, 110.0)},
        targets={0: half, 2: half},
        terms=Terms(costs=Costs(schedule={date(2021, 1, 1): 0.01, date(2021, 3, 1): 0.005})),
        columns={
            "nav": over(101, ["101", "100", "109.95", "115.4475"]),
            "trading": over(101, ["0", "1", "0.05", "0"]),
        },
        reasons={0: "rebalance", 2: "rebalance"},
    )


def a_fixed_cost() -> Case:
    """5 for each asset traded, of 10,000: 0.0005.

    First trade, two assets: NAV 0.999, 0.4995 in each. A +10 %: 0.54945, NAV 1.04895. To A 0.5 and no B: two assets,
    NAV 1.04795, A 0.523975. At row 2 the same target: A is bought by not a cent, and pays; B, not held and not wanted,
    does not. NAV 1.04745.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 110.0, 110.0, 110.0), "B": (100.0,) * 4},
        targets={0: {"A": 0.5, "B": 0.5}, 1: {"A": 0.5}, 2: {"A": 0.5}},
        terms=Terms(costs=Costs(fixed=5.0), capital=10_000.0),
        columns={"nav": (1.0, 1.04795, 1.04745, 1.04745), "trading": (0.0, 0.002, 0.0005, 0.0)},
        trades={
            0: {"A": 0.4995, "B": 0.4995},
            1: {"A": 0.523975 / 1.04895 - 0.54945 / 1.04895, "B": -0.4995 / 1.04895},
        },
        reasons={0: "rebalance", 1: "rebalance", 2: "rebalance"},
    )


def square_root_impact() -> Case:
    """1,000,000; A moves by 5 % a day, B by 2 %. Targets chosen so that the trades are round.

    First trade: 0.16 of A, where 100,000,000 trade a day: 0.05 x sqrt(0.0016) = 0.2 % of it, 0.00032; 0.25 of B, where
    25,000,000 trade: 0.02 x sqrt(0.01) = 0.2 %, 0.0005. NAV 0.99918, so the targets are 0.16 and 0.25 over that.
    Period 1: A +50 %: 0.24, NAV 1.07918. All of A is sold, 150,000,000 now trading: 0.05 x sqrt(0.0016) = 0.2 % of
    0.24, 0.00048. NAV 1.0787; B's target, 0.25 over that, trades nothing of B.
    Period 3: B +10 %. NAV 1.1037.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 150.0, 150.0, 150.0), "B": (100.0, 100.0, 100.0, 110.0)},
        targets={0: {"A": 0.16 / 0.99918, "B": 0.25 / 0.99918}, 1: {"B": 0.25 / 1.0787}},
        terms=Terms(
            costs=Costs(
                impact=Impact(
                    coefficient=1.0,
                    volatility={"A": (0.05,) * 4, "B": (0.02,) * 4},
                    value_traded={"A": (1e8, 1.5e8, 1e8, 1e8), "B": (2.5e7,) * 4},
                )
            ),
            capital=1e6,
        ),
        columns={"nav": (1.0, 1.0787, 1.0787, 1.1037), "trading": (0.0, 0.0013, 0.0, 0.0)},
        trades={0: {"A": 0.16, "B": 0.25}, 1: {"A": -0.24 / 1.07918, "B": 0.0}},
        reasons={0: "rebalance", 1: "rebalance"},
    )


def a_performance_fee_after_a_drawdown() -> Case:
    """A 0.4, B 0.4, the rest in cash; 20 % of new highs, once a year.

    2020: A +50 %: NAV 1.2, the fee 0.2 x 0.2 = 0.04. NAV 1.16, the new mark; A 0.6.
    2021: B -40 % = -0.16: NAV 1, below the mark: no fee; B 0.24.
    June 2022: A +40 %: NAV 1.24, no date of a fee. December: A from 0.84 to 0.78: NAV 1.18, the fee 0.2 x 0.02. NAV
    1.176, the mark.
    March 2023, the data's last date: B +50 % = 0.12: NAV 1.296, the fee 0.2 x 0.12 = 0.024. NAV 1.272.
    """
    days = [(2019, 12, 31), (2020, 12, 31), (2021, 12, 31), (2022, 6, 30), (2022, 12, 31), (2023, 3, 31)]
    return Case(
        dates=[date(*day) for day in days],
        prices={"A": (100.0, 150.0, 150.0, 210.0, 195.0, 195.0), "B": (100.0, 100.0, 60.0, 60.0, 60.0, 90.0)},
        targets={0: {"A": 0.4, "B": 0.4}},
        terms=Terms(fees=Fees(performance=0.2, every="yearly")),
        columns={
            "nav": (1.0, 1.16, 1.0, 1.24, 1.176, 1.272),
            "fees": (0.0, 0.04, 0.0, 0.0, 0.004, 0.024),
        },
        reasons={0: "rebalance"},
    )


CASES = [
    twice_with_a_rebalance_cost,
    costs_by_date,
    a_fixed_cost,
    square_root_impact,
    a_performance_fee_after_a_drawdown,
]
