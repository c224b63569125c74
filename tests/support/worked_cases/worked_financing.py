"""Runs worked by hand: what is borrowed, by each kind of financing."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from support.oracle.oracle_terms import Fund, Futures, Margin, Terms
from support.worked_cases.worked_case import EVERY_36_DAYS, EVERY_DAY, Case


def twice_with_a_spread() -> Case:
    """A 1.2, B 0.8; cash 0.2 % a period, a spread of 5 % a year: 0.5 % a period.

    Period 1: A +5 % of 1.2 = 0.06. Loan 1 at 0.7 %: 0.007, of it spread 0.005. NAV 1.053; A 1.26, B 0.8.
    Period 2: B -2 % of 0.8 = -0.016. Loan 2.06 - 1.053 = 1.007: 0.007049 (0.005035). NAV 1.029951; B 0.784.
    Period 3: A +5 % of 1.26 = 0.063. Loan 2.044 - 1.029951 = 1.014049: 0.007098343 (0.005070245).
    NAV 1.085852657.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 105.0, 105.0, 110.25), "B": (50.0, 50.0, 49.0, 49.0)},
        cash=(9.9, 0.002, 0.002, 0.002),
        targets={0: {"A": 1.2, "B": 0.8}},
        terms=Terms(financing=Margin(spread=0.05)),
        columns={
            "nav": (1.0, 1.053, 1.029951, 1.085852657),
            "loan": (0.0, 1.0, 1.007, 1.014049),
            "financing": (0.0, 0.007, 0.007049, 0.007098343),
            "financing_drag": (0.0, 0.005, 0.005035, 0.005070245),
            "cash_interest": (0.0, 0.0, 0.0, 0.0),
        },
        pnl={"A": (0.0, 0.06, 0.0, 0.063), "B": (0.0, 0.0, -0.016, 0.0)},
        weights={1: {"A": 1.26 / 1.053, "B": 0.8 / 1.053}},
        reasons={0: "rebalance"},
    )


def a_spread_by_date_over_a_loan_rate() -> Case:
    """A 1, B 1, flat; cash 0.2 %, loans at 0.3 % a period and 5 % a year, from 10 February on 2 %.

    A period pays what is in force on its opening date: 1 January, 6 February: 0.3 + 0.5 %; 14 March: 0.3 + 0.2 %.
    Above cash that is 0.1 + 0.5 % and 0.1 + 0.2 %.
    Period 1: loan 1: 0.008 (0.006). NAV 0.992. Period 2: loan 1.008: 0.008064 (0.006048). NAV 0.983936.
    Period 3: loan 1.016064: 0.00508032 (0.003048192). NAV 0.97885568.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0,) * 4, "B": (100.0,) * 4},
        cash=(9.9, 0.002, 0.002, 0.002),
        loan_rate=(9.9, 0.003, 0.003, 0.003),
        targets={0: {"A": 1.0, "B": 1.0}},
        terms=Terms(financing=Margin(spread={date(2021, 1, 1): 0.05, date(2021, 2, 10): 0.02})),
        columns={
            "nav": (1.0, 0.992, 0.983936, 0.97885568),
            "financing": (0.0, 0.008, 0.008064, 0.00508032),
            "financing_drag": (0.0, 0.006, 0.006048, 0.003048192),
        },
        reasons={0: "rebalance"},
    )


def tiers() -> Case:
    """A 1, B 1 with 1,000,000; 2 % a year on the first 400,000 of the loan, 1 % on what is above.

    Period 1: a tenth of 2 % on 400,000 and of 1 % on 600,000: 800 + 600 = 1,400. A +20 %. NAV 1,198,600; A 1.2.
    Period 2: loan 2,200,000 - 1,198,600 = 1,001,400: 800 + 601.40 = 1,401.40. B -30 %. NAV 897,198.60; B 0.7.
    Then to 0.6 and 0.6: loan 0.2 x 897,198.60 = 179,439.72. Period 3: at 2 % alone: 358.87944. NAV 896,839.72056.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 120.0, 120.0, 120.0), "B": (100.0, 100.0, 70.0, 70.0)},
        targets={0: {"A": 1.0, "B": 1.0}, 2: {"A": 0.6, "B": 0.6}},
        terms=Terms(financing=Margin(tiers={0.0: 0.02, 400_000.0: 0.01}), capital=1e6),
        columns={
            "nav": (1.0, 1.1986, 0.8971986, 0.89683972056),
            "financing": (0.0, 0.0014, 0.0014014, 0.00035887944),
            "financing_drag": (0.0, 0.0014, 0.0014014, 0.00035887944),
            "loan": (0.0, 1.0, 1.0014, 0.17943972),
        },
        trades={2: {"A": 0.6 - 1.2 / 0.8971986, "B": 0.6 - 0.7 / 0.8971986}},
        reasons={0: "rebalance", 2: "rebalance"},
    )


def two_hundred_long_one_hundred_short() -> Case:
    """A 2, B -1: the short's proceeds fund no longs, so the book borrows 1.

    Cash 0.4 % a period; a year's spread 5 %, rebate spread 2 %, borrow fee 3 %: 0.5, 0.2 and 0.3 % a period.
    Period 1: A +3 % = 0.06, B +1 % = -0.01. Loan 1 at 0.9 %: 0.009; proceeds 1 at 0.2 %: 0.002; fee 0.003.
    NAV 1.04; A 2.06, B -1.01.
    Period 2: loan 1.02: 0.00918; proceeds 0.00202; fee 0.00303. NAV 1.02981.
    Period 3: B -10 % = 0.101. Loan 1.03019: 0.00927171; proceeds 0.00202; fee 0.00303. NAV 1.12052829.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 103.0, 103.0, 103.0), "B": (100.0, 101.0, 101.0, 90.9)},
        cash=(9.9, 0.004, 0.004, 0.004),
        targets={0: {"A": 2.0, "B": -1.0}},
        terms=Terms(financing=Margin(spread=0.05, rebate_spread=0.02, borrow_fee={"B": 0.03})),
        columns={
            "nav": (1.0, 1.04, 1.02981, 1.12052829),
            "loan": (0.0, 1.0, 1.02, 1.03019),
            "financing": (0.0, 0.009, 0.00918, 0.00927171),
            "financing_drag": (0.0, 0.005, 0.0051, 0.00515095),
            "cash_interest": (0.0, 0.002, 0.00202, 0.00202),
            "borrow": (0.0, 0.003, 0.00303, 0.00303),
        },
        reasons={0: "rebalance"},
    )


def ruin_and_the_lenders_shortfall() -> Case:
    """A 2, B 1, a spread of 0.5 % a period. Flat: interest on 2 is 0.01, NAV 0.99.

    Then A -49 % = -0.98, and interest on 3 - 0.99 = 2.01 is 0.01005: NAV -0.00005. It is 0, and stays so.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 100.0, 51.0, 500.0), "B": (100.0,) * 4},
        targets={0: {"A": 2.0, "B": 1.0}, 2: {"A": 1.0}},
        terms=Terms(financing=Margin(spread=0.05)),
        columns={
            "nav": (1.0, 0.99, 0.0),
            "financing": (0.0, 0.01, 0.01005),
            "shortfall": (0.0, 0.0, 0.00005),
        },
        weights={2: {"A": 0.0, "B": 0.0}},
        reasons={0: "rebalance"},
    )


def futures_with_a_basis_and_a_roll() -> Case:
    """A 1.5, B -0.5; cash 0.3 % a period, less 0.01 % on the collateral; A's basis 0.05 %, rolls 0.02 and 0.01 %.

    Period 1: A +4 % = 0.06, B +2 % = -0.01. Collateral 1 x 0.0029. Implied 1.5 x 0.0035 - 0.5 x 0.003 = 0.00375, of
    it basis 0.00075. Roll 1.5 x 0.0002 + 0.5 x 0.0001 = 0.00035. NAV 1.0488; A 1.56, B -0.51.
    Period 2: 1.0488 x 0.0029 = 0.00304152; 0.00546 - 0.00153 = 0.00393 (0.00078); 0.000363. NAV 1.04754852.
    Period 3: B -10 % = 0.051; 1.04754852 x 0.0029 = 0.003037890708; the same interest and roll. NAV 1.097293410708.
    """
    return Case(
        dates=EVERY_36_DAYS[:4],
        prices={"A": (100.0, 104.0, 104.0, 104.0), "B": (100.0, 102.0, 102.0, 91.8)},
        cash=(9.9, 0.003, 0.003, 0.003),
        targets={0: {"A": 1.5, "B": -0.5}},
        terms=Terms(financing=Futures(basis={"A": 0.005}, roll={"A": 0.002, "B": 0.001}, cash_spread=0.001)),
        columns={
            "nav": (1.0, 1.0488, 1.04754852, 1.097293410708),
            "cash_interest": (0.0, 0.0029, 0.00304152, 0.003037890708),
            "financing": (0.0, 0.00375, 0.00393, 0.00393),
            "financing_drag": (0.0, 0.00075, 0.00078, 0.00078),
            "trading": (0.0, 0.00035, 0.000363, 0.000363),
            "loan": (0.0, 1.0, 1.05, 1.05),
            "borrow": (0.0, 0.0, 0.0, 0.0),
        },
        reasons={0: "rebalance"},
    )


def a_fund_at_three_times() -> Case:
    """Exposures of 1.5 in A and B: half the NAV in each of two funds. A +10 %, -10 %; a day's cash 0.01 %.

    Swap spread 0.36 % / 360 x (3 - 1) = 0.002 %, expenses 0.365 % / 365 = 0.001 %: a fund pays 0.02 + 0.002 + 0.001 =
    0.023 % a day.
    Day 1: A's fund 0.3 - 0.00023 = 0.29977: 0.649885; B's 0.499885. NAV 1.14977. Financing 0.00022 (0.00002).
    Day 2: A's -0.30023: 0.45477002645; B's 0.49977002645. NAV 0.9545400529; financing 1.14977 x 0.00022. A lost 1 % in
    the two days, its fund 9.05 %: 1.3 x 0.7 = 0.91 before its costs.
    Day 3: B +1 % = 3 x 0.49977002645 x 0.01 = 0.0149931007935; financing and expenses 0.9545400529 x 0.00023 =
    0.000219544212167. NAV 0.969313609481333.
    """
    return Case(
        dates=EVERY_DAY,
        prices={"A": (100.0, 110.0, 99.0, 99.0), "B": (100.0, 100.0, 100.0, 101.0)},
        cash=(9.9, 0.0001, 0.0001, 0.0001),
        targets={0: {"A": 1.5, "B": 1.5}},
        terms=Terms(financing=Fund(3.0, swap_spread=0.0036, expense_ratio=0.00365)),
        columns={
            "nav": (1.0, 1.14977, 0.9545400529, 0.969313609481333),
            "financing": (0.0, 0.00022, 0.0002529494, 0.000209998811638),
            "financing_drag": (0.0, 0.00002, 0.0000229954, 0.000019090801058),
            "fees": (0.0, 0.00001, 0.0000114977, 0.000009545400529),
            "cash_interest": (0.0, 0.0, 0.0, 0.0),
            "loan": (0.0, 2.0, 2.29954, 1.9090801058),
        },
        pnl={"A": (0.0, 0.15, -0.1949655, 0.0), "B": (0.0, 0.0, 0.0, 0.0149931007935)},
        trades={0: {"A": 0.5, "B": 0.5}},
        weights={0: {"A": 1.5, "B": 1.5}, 1: {"A": 3 * 0.649885 / 1.14977, "B": 3 * 0.499885 / 1.14977}},
        reasons={0: "rebalance"},
    )


def an_inverse_fund() -> Case:
    """Exposures of -0.5 and -0.25 through funds at -1 times: 0.5 and 0.25 of the NAV, 0.25 in cash.

    A day's cash 0.01 %; the fund earns twice that, and pays the swap spread 0.36 % / 360 = 0.001 % once: +0.019 %.
    Day 1: A +10 %: -0.1 + 0.00019 of 0.5: 0.450095. B 0.2500475. Cash 0.250025. NAV 0.9501675.
    Day 2: A -10 %: +0.10019 of 0.450095: 0.49519001805. B 0.250095009025. Cash 0.2500500025. NAV 0.995335029575: A
    has lost 1 %, and its inverse fund too.
    """
    return Case(
        dates=EVERY_DAY[:3],
        prices={"A": (100.0, 110.0, 99.0), "B": (100.0, 100.0, 100.0)},
        cash=(9.9, 0.0001, 0.0001),
        targets={0: {"A": -0.5, "B": -0.25}},
        terms=Terms(financing=Fund(-1.0, swap_spread=0.0036)),
        columns={
            "nav": (1.0, 0.9501675, 0.995335029575),
            "financing": (0.0, -0.0001425, -0.7001425 * 0.00019),
            "financing_drag": (0.0, 0.0000075, 0.000007001425),
            "cash_interest": (0.0, 0.000025, 0.0000250025),
            "loan": (0.0, 0.0, 0.0),
        },
        pnl={"A": (0.0, -0.05, 0.0450095)},
        trades={0: {"A": 0.5, "B": 0.25}},
        weights={0: {"A": -0.5, "B": -0.25}, 1: {"A": -0.450095 / 0.9501675, "B": -0.2500475 / 0.9501675}},
        reasons={0: "rebalance"},
    )


def funds_are_bought_with_the_nav_at_most() -> Case:
    """Exposures of 2 and 1 through funds at 2 times need 1.5 of the NAV: two thirds of it, values of 2/3 and 1/3.

    A +3 %: 2/3 x 0.06 = 0.04.
    """
    return Case(
        dates=EVERY_DAY[:3],
        prices={"A": (100.0, 103.0, 103.0), "B": (100.0, 100.0, 100.0)},
        targets={0: {"A": 2.0, "B": 1.0}},
        terms=Terms(financing=Fund(2.0)),
        columns={"nav": (1.0, 1.04, 1.04)},
        trades={0: {"A": Fraction(2, 3), "B": Fraction(1, 3)}},
        weights={0: {"A": Fraction(4, 3), "B": Fraction(2, 3)}},
        scales={0: Fraction(2, 3)},
        reasons={0: "rebalance"},
    )


def a_fund_that_falls_to_nothing() -> Case:
    """An exposure of 1.5 through a fund at 3 times: half the NAV. A -50 %: three times that is more than the fund.

    It lost 0.75 and was worth 0.5: 0.25 are its counterparty's. NAV 0.5, in cash, though A comes back.
    """
    return Case(
        dates=EVERY_DAY[:3],
        prices={"A": (100.0, 50.0, 100.0), "B": (100.0, 100.0, 100.0)},
        targets={0: {"A": 1.5}},
        terms=Terms(financing=Fund(3.0)),
        columns={"nav": (1.0, 0.5, 0.5), "shortfall": (0.0, 0.25, 0.0)},
        pnl={"A": (0.0, -0.75, 0.0)},
        weights={1: {"A": 0.0, "B": 0.0}},
        reasons={0: "rebalance"},
    )


CASES = [
    twice_with_a_spread,
    a_spread_by_date_over_a_loan_rate,
    tiers,
    two_hundred_long_one_hundred_short,
    ruin_and_the_lenders_shortfall,
    futures_with_a_basis_and_a_roll,
    a_fund_at_three_times,
    an_inverse_fund,
    funds_are_bought_with_the_nav_at_most,
    a_fund_that_falls_to_nothing,
]
