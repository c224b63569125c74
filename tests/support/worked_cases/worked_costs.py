"""Runs worked by hand: trading costs and fees."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from support.oracle.oracle_terms import Costs, Fees, Impact, Margin, Terms
from support.worked_cases.worked_case import EVERY_36_DAYS, Case, over


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
    NAV 1.04795, A 0.523975. At row 2 the same target: A is at it, and B is neither held nor wanted: there is no trade.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 110.0, 110.0, 110.0), "B": (100.0,) * 4},
        targets={0: {"A": 0.5, "B": 0.5}, 1: {"A": 0.5}, 2: {"A": 0.5}},
        terms=Terms(costs=Costs(fixed=5.0), capital=10_000.0),
        columns={"nav": (1.0, 1.04795, 1.04795, 1.04795), "trading": (0.0, 0.002, 0.0, 0.0)},
        trades={
            0: {"A": 0.4995, "B": 0.4995},
            1: {"A": 0.523975 / 1.04895 - 0.54945 / 1.04895, "B": -0.4995 / 1.04895},
        },
        reasons={0: "rebalance", 1: "rebalance"},
    )


def a_fixed_cost_of_holding_one_asset() -> Case:
    """All of 10,000 in A, decided at twelve closes; 5 for each asset traded: one purchase, and 5 in all.

    First trade: NAV 0.9995. A +10 %, -10 % and so on: 1.1, 0.99, 1.089, ... times 0.9995. A is all of NAV at each
    close, whatever its price, so nothing else is traded.
    """
    levels = [1.0, 1.1, 0.99, 1.089, 0.9801, 1.07811, 0.970299]
    levels += [1.0673289, 0.96059601, 1.056655611, 0.9509900499, 1.04608905489, 0.941480149401]
    return Case(
        dates=[EVERY_36_DAYS[0] + timedelta(days=36 * k) for k in range(13)],
        prices={"A": tuple(100.0 * level for level in levels), "B": (100.0,) * 13},
        targets={row: {"A": 1.0} for row in range(12)},
        terms=Terms(costs=Costs(fixed=5.0), capital=10_000.0),
        columns={
            "nav": (1.0, *(0.9995 * level for level in levels[1:])),
            "trading": (0.0, 0.0005, *(0.0,) * 11),
        },
        trades={0: {"A": 0.9995}},
        reasons={0: "rebalance"},
    )


def a_fixed_cost_of_one_of_two_assets() -> Case:
    """5 for each asset traded, of 10,000: 0.0005. A 0.5, B 0.3; then B 0.2 and A at its target.

    First trade, two assets: NAV 0.999, A 0.4995, B 0.2997. Row 1: flat; B alone is traded: NAV 0.9985, B 0.1997. A
    keeps 0.4995, now a little more than half. Period 2: A +10 % = 0.04995. NAV 1.04845.
    """
    return Case(
        dates=EVERY_36_DAYS[:3],
        prices={"A": (100.0, 100.0, 110.0), "B": (100.0,) * 3},
        targets={0: {"A": 0.5, "B": 0.3}, 1: {"A": 0.5, "B": 0.2}},
        terms=Terms(costs=Costs(fixed=5.0), capital=10_000.0),
        columns={"nav": (1.0, 0.9985, 1.04845), "trading": (0.0, 0.0015, 0.0)},
        trades={1: {"B": -0.1 / 0.999}},
        weights={1: {"A": 0.4995 / 0.9985, "B": 0.2}},
        reasons={0: "rebalance", 1: "rebalance"},
    )


def drifts_of_the_size_of_rounding() -> Case:
    """Halves at every close, 5 for each asset traded, of 10,000: 0.0005.

    First trade, two assets: NAV 0.999. Row 1: A up by 2e-13 of itself, its weight by a quarter of that, 5e-14: no
    trade. Row 2: A up by 2e-11 of itself: 5e-12 off, more than 1e-12: two assets are traded for 0.001.
    NAV 0.999 (1 + 1e-13), 0.999 (1 + 1e-11) - 0.001.
    """
    half = {"A": 0.5, "B": 0.5}
    last = 0.999 * (1 + 1e-11) - 0.001
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 100.0 * (1 + 2e-13), 100.0 * (1 + 2e-11), 100.0 * (1 + 2e-11)), "B": (100.0,) * 4},
        targets={0: half, 1: half, 2: half},
        terms=Terms(costs=Costs(fixed=5.0), capital=10_000.0),
        columns={"nav": (1.0, 0.999 * (1 + 1e-13), last, last), "trading": (0.0, 0.001, 0.001, 0.0)},
        reasons={0: "rebalance", 2: "rebalance"},
    )


def square_root_impact() -> Case:
    """1,000,000; a window of 3 dates, A's deviation 5 %, B's 2 %. Targets chosen so that the trades are round.

    A's returns up to row 0 are 35, 40 and 45 %, and at row 1 40, 45 and 50 %: three in equal steps of 5 % have a
    deviation (ddof 1) of 5 %. B's up to row 0 are 2, -2 and 0 %. The last three values of A that are known up to row 0
    are 90, 100 and 110 million, and at row 1 100, 110 and 240: means of 100 and 150 million.
    First trade: 0.16 of A: 0.05 x sqrt(0.0016) = 0.2 % of it, 0.00032; 0.25 of B, where 25,000,000 trade:
    0.02 x sqrt(0.01) = 0.2 %, 0.0005. NAV 0.99918, so the targets are 0.16 and 0.25 over that.
    Period 1: A +50 %: 0.24, NAV 1.07918. All of A is sold: 0.05 x sqrt(0.0016) = 0.2 % of 0.24, 0.00048. NAV 1.0787;
    B's target, 0.25 over that, is reached by the cost of the sale alone: a trade of nothing.
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
                    window=3,
                    value_traded={
                        "A": (1e9, 0.9e8, None, 1e8, 1.1e8, 2.4e8, 1e8, 1e8),
                        "B": (2.5e7,) * 8,
                    },
                    earlier_prices={
                        "A": (50.0, 100.0 / (1.35 * 1.4 * 1.45), 100.0 / (1.4 * 1.45), 100.0 / 1.45),
                        "B": (70.0, 100.0 / (1.02 * 0.98), 100.0 / 0.98, 100.0),
                    },
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
    a_fixed_cost_of_holding_one_asset,
    a_fixed_cost_of_one_of_two_assets,
    drifts_of_the_size_of_rounding,
    square_root_impact,
    a_performance_fee_after_a_drawdown,
]
