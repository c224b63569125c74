"""The oracle against arithmetic done by hand, shown in the docstring of each case."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from support.agreement.closeness import close, closes
from support.agreement.random_inputs import assert_identity
from support.oracle import oracle
from support.oracle.oracle import simulate
from support.oracle.oracle_trades import CostRates, cost_of_trade

NO_COST = {"A": 0.0, "B": 0.0}
EVERY_30_DAYS = [date(2021, 1, 1), date(2021, 1, 31), date(2021, 3, 2), date(2021, 4, 1)]


def test_an_unlevered_run_with_trading_costs() -> None:
    """Half A, half B, 1% cost each, no interest; A +10%, flat, +10%; B flat; rebalanced at row 2.

    First trade: x = 0.01 x (1 - x), so x = 1/101. NAV is 100/101 after it: 50/101 in each.
    Period 1: A gains 5/101: A 55/101, B 50/101. NAV 105/101. The row's trading cost is the first trade's
    1/101: 105/101 - 1 = 4/101 = 5/101 - 1/101.
    Row 2: flat; drifted 11/21 and 10/21. With (1 - x)/2 between the two, x = 0.01 (11/21 - 10/21) = 1/2100.
    NAV 105/101 x 2099/2100 = 2099/2020, cost 1/2020. Trades: A 2099/4200 - 2200/4200 = -101/4200,
    B 2099/4200 - 2000/4200 = 99/4200.
    Period 3: A gains 2099/4040 x 0.1 = 2099/40400. The target at row 3, the last date, is ignored.
    Years: 2020-01-31 to 2020-04-30 is 90 days. Turnover: 1/2 x 100/101 + 1/2 x 200/4200, over the years.
    Trading cost: 1/101 / 1 + 1/2020 / (105/101) = 1/101 + 1/2100, over the years.
    """
    dates = [date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 31), date(2020, 4, 30)]
    half = {"A": 0.5, "B": 0.5}
    path = simulate(
        dates,
        {"A": [100.0, 110.0, 110.0, 121.0], "B": [100.0] * 4},
        [0.0] * 4,
        {0: half, 2: half, 3: {"A": 1.0}},
        trading_cost={"A": 0.01, "B": 0.01},
    )
    last_nav = Fraction(2099, 2020) + Fraction(2099, 40400)
    closes(path.nav, [Fraction(1), Fraction(105, 101), Fraction(2099, 2020), last_nav])
    closes(path.trading, [Fraction(0), Fraction(1, 101), Fraction(1, 2020), Fraction(0)])
    closes(path.asset_pnl["A"], [Fraction(0), Fraction(5, 101), Fraction(0), Fraction(2099, 40400)])
    assert path.trade_rows == [0, 2]
    closes([path.trades[0]["A"], path.trades[0]["B"]], [Fraction(50, 101), Fraction(50, 101)])
    closes([path.trades[1]["A"], path.trades[1]["B"]], [Fraction(-101, 4200), Fraction(99, 4200)])
    assert path.weights[0] == half
    assert path.weights[2] == half
    closes([path.weights[1]["A"], path.weights[1]["B"]], [Fraction(11, 21), Fraction(10, 21)])
    years = 90 / 365.25
    close(oracle.turnover_per_year(path), float(Fraction(50, 101) + Fraction(100, 4200)) / years)
    close(oracle.trading_cost_per_year(path), float(Fraction(1, 101) + Fraction(1, 2100)) / years)
    close(oracle.cagr(path.nav, path.dates), float(last_nav) ** (1 / years) - 1)
    assert oracle.average_financing_rate(path) is None
    assert_identity(path)


def test_a_loan_pays_its_spread_by_calendar_days() -> None:
    """A 1.5, B 0.5, no costs, cash 0.1% a period, spread 3.6% a year: 0.0001 a day of 360.

    January's end to February's is 28 days, then 31, then 30.
    Period 1: loan 1, interest 0.001 + 0.0028 = 0.0038; A +2% of 1.5 = 0.03. NAV 1.0262.
    Period 2: longs 2.03, loan 2.03 - 1.0262 = 1.0038 (the interest has joined it); rate 0.001 + 0.0031;
    interest 0.00411558, of it spread 0.00311178; prices flat. NAV 1.02208442.
    Period 3: loan 2.03 - 1.02208442 = 1.00791558, rate 0.004, interest 0.00403166232, of it spread
    0.00302374674; A -10% of 1.53 = -0.153. NAV 0.86505275768.
    Loan x days/360: (28 + 1.0038 x 31 + 1.00791558 x 30)/360.
    """
    dates = [date(2021, 1, 31), date(2021, 2, 28), date(2021, 3, 31), date(2021, 4, 30)]
    path = simulate(
        dates,
        {"A": [100.0, 102.0, 102.0, 91.8], "B": [50.0] * 4},
        [9.9, 0.001, 0.001, 0.001],
        {0: {"A": 1.5, "B": 0.5}},
        trading_cost=NO_COST,
        spread=0.036,
    )
    interest = [0.0038, 0.00411558, 0.00403166232]
    drag = [0.0028, 0.00311178, 0.00302374674]
    navs = [1.0, 1.0262, 1.02208442, 0.86505275768]
    closes(path.nav, navs)
    closes(path.loan, [0.0, 1.0, 1.0038, 1.00791558])
    closes(path.financing, [0.0, *interest])
    closes(path.cash_interest, [0.0] * 4)
    close(path.weights[1]["A"], 1.53 / 1.0262)
    years = 89 / 365.25
    per_opening = [v / n for v, n in zip(interest, navs, strict=False)]
    close(oracle.financing_cost_per_year(path), sum(per_opening) / years)
    close(oracle.financing_drag_per_year(path), sum(v / n for v, n in zip(drag, navs, strict=False)) / years)
    rate = oracle.average_financing_rate(path)
    assert rate is not None
    close(rate, sum(interest) / ((28 + 1.0038 * 31 + 1.00791558 * 30) / 360))
    assert_identity(path)


def test_a_short_earns_on_its_proceeds_and_pays_its_fees() -> None:
    """A 0.8, B -0.5; periods of 30 days, cash 0.2% each.

    Per period: cash spread 1.2% x 30/360 = 0.001, so free cash earns 0.001; borrow fee 7.2% x 30/360 = 0.006;
    management 3.65% x 30/365 = 0.003; expense ratios A 7.3% x 30/365 = 0.006, B 3.65% x 30/365 = 0.003 (a
    short's is received). Longs 0.8: no loan, free cash 0.2; proceeds 0.5.
    Period 1: A +5% = 0.04, B +10% = -0.05; interest 0.2 x 0.001 + 0.5 x 0.002 = 0.0012; borrow 0.003;
    fees 0.003 + 0.0048 - 0.0015 = 0.0063. NAV 0.9819; A 0.84, B -0.55.
    Period 2: flat; free cash 0.9819 - 0.84 = 0.1419; interest 0.0001419 + 0.0011 = 0.0012419; borrow 0.0033;
    fees 0.0029457 + 0.00504 - 0.00165 = 0.0063357. NAV 0.9735062.
    Period 3: B -20% = +0.11; free cash 0.1335062; interest 0.0012335062; borrow 0.0033; fees 0.0029205186 +
    0.00504 - 0.00165 = 0.0063105186. NAV 1.0751291876.
    """
    path = simulate(
        EVERY_30_DAYS,
        {"A": [20.0, 21.0, 21.0, 21.0], "B": [10.0, 11.0, 11.0, 8.8]},
        [0.0, 0.002, 0.002, 0.002],
        {0: {"A": 0.8, "B": -0.5}},
        trading_cost=NO_COST,
        spread=0.5,
        cash_spread=0.012,
        borrow_fee={"A": 9.0, "B": 0.072},
        expense_ratio={"A": 0.073, "B": 0.0365},
        management_fee=0.0365,
    )
    closes(path.nav, [1.0, 0.9819, 0.9735062, 1.0751291876])
    closes(path.asset_pnl["A"], [0.0, 0.04, 0.0, 0.0])
    closes(path.asset_pnl["B"], [0.0, -0.05, 0.0, 0.11])
    closes(path.cash_interest, [0.0, 0.0012, 0.0012419, 0.0012335062])
    closes(path.borrow, [0.0, 0.003, 0.0033, 0.0033])
    closes(path.fees, [0.0, 0.0063, 0.0063357, 0.0063105186])
    closes(path.financing, [0.0] * 4)
    assert_identity(path)


def test_proceeds_of_a_short_fund_no_longs() -> None:
    """A 1.3, B -0.6 over 30 days: a loan of 0.3, though the net exposure is 0.7.

    Interest on it 0.3 x (0.002 + 0.036 x 30/360 = 0.003) = 0.0015; proceeds earn 0.6 x 0.002 = 0.0012,
    no cash spread taken off; no free cash. NAV 1 + 0.0012 - 0.0015 = 0.9997.
    """
    path = simulate(
        EVERY_30_DAYS[:2],
        {"A": [20.0, 20.0], "B": [10.0, 10.0]},
        [0.0, 0.002],
        {0: {"A": 1.3, "B": -0.6}},
        trading_cost=NO_COST,
        spread=0.036,
        cash_spread=0.012,
    )
    closes([path.loan[1], path.financing[1], path.cash_interest[1], path.nav[1]], [0.3, 0.0015, 0.0012, 0.9997])
    assert_identity(path)


@pytest.mark.parametrize("trade_date_too", [False, True])
def test_an_asset_that_loses_its_price_is_sold_at_its_last_price(trade_date_too: bool) -> None:
    """Half A (no cost), half B (2%); A +20%, flat, +10%; B +10%, then no price from row 2 on.

    First trade: x = 0.02 x (1 - x)/2 = 0.01 (1 - x): x = 1/101; 50/101 in each.
    Period 1: A 60/101, B 55/101. NAV 115/101.
    Row 2: B is still worth 55/101 and is sold for 2% of that, 1.1/101; NAV 113.9/101. Its trade is -55/115.
    A is left at 60/101; cash is 53.9/101.
    Period 3, cash 1%: A gains 6/101, cash 0.539/101. NAV 120.439/101.
    Where row 2 is a trade date too, target half and half, B is sold first and for the same cost. A, 60 of the 113.9
    that are left, goes to half of them: a trade of -3.05/113.9, free. It gains 5.695/101, and cash as much x 0.1 =
    0.5695/101. NAV 120.1645/101.
    """
    half = {"A": 0.5, "B": 0.5}
    path = simulate(
        EVERY_30_DAYS,
        {"A": [10.0, 12.0, 12.0, 13.2], "B": [10.0, 11.0, None, None]},
        [0.0, 0.0, 0.0, 0.01],
        {0: half, 2: half} if trade_date_too else {0: half},
        trading_cost={"A": 0.0, "B": 0.02},
    )
    last_nav = Fraction("120.1645") if trade_date_too else Fraction("120.439")
    closes(path.nav, [Fraction(1), Fraction(115, 101), Fraction("113.9") / 101, last_nav / 101])
    closes(path.trading, [Fraction(0), Fraction(1, 101), Fraction("1.1") / 101, Fraction(0)])
    sale, *rebalance = path.trades_of(2)
    assert list(sale) == ["B"]
    close(sale["B"], Fraction(-55, 115))
    assert path.weights[2]["B"] == 0.0
    close(path.weights[2]["A"], Fraction(1, 2) if trade_date_too else 60 / Fraction("113.9"))
    assert path.trade_reasons == ["rebalance", "no_price", "rebalance"][: 3 if trade_date_too else 2]
    if trade_date_too:
        assert list(rebalance[0]) == ["A"]
        close(rebalance[0]["A"], Fraction("-3.05") / Fraction("113.9"))
    closes(path.asset_pnl["B"], [Fraction(0), Fraction(5, 101), Fraction(0), Fraction(0)])
    assert_identity(path)


def test_an_asset_that_loses_its_price_on_the_last_date_is_still_sold() -> None:
    """All in B at 2%: x = 0.02/1.02 = 1/51, NAV 50/51; no price at row 1, the last: sold at 1/51; 49/51."""
    path = simulate(
        EVERY_30_DAYS[:2],
        {"A": [1.0, 1.0], "B": [1.0, None]},
        [0.0, 0.0],
        {0: {"B": 1.0}},
        trading_cost={"B": 0.02},
    )
    closes(path.nav, [Fraction(1), Fraction(49, 51)])
    closes(path.trading, [Fraction(0), Fraction(2, 51)])
    assert_identity(path)


def test_ruin_by_interest() -> None:
    """A 2, B 1, periods of 30 days, no cash return, spread 3.6%: 0.003 a period.

    Period 1: flat; loan 2, interest 0.006. NAV 0.994.
    Period 2: A -49.5% of 2 = -0.99, which leaves 0.004; loan 3 - 0.994 = 2.006, interest 0.006018: leaves
    -0.002018. NAV 0, the lender's shortfall 0.002018; the path ends there, though the data goes on.
    """
    path = simulate(
        EVERY_30_DAYS,
        {"A": [100.0, 100.0, 50.5, 500.0], "B": [100.0] * 4},
        [0.0] * 4,
        {0: {"A": 2.0, "B": 1.0}, 2: {"A": 1.0}},
        trading_cost=NO_COST,
        spread=0.036,
    )
    closes(path.nav, [1.0, 0.994, 0.0])
    closes(path.shortfall, [0.0, 0.0, 0.002018])
    assert path.nav[-1] == 0.0
    assert path.ruined
    assert path.dates == EVERY_30_DAYS[:3]
    assert path.trade_rows == [0]
    assert path.weights[-1] == {"A": 0.0, "B": 0.0}
    assert oracle.total_return(path.nav) == -1.0
    assert oracle.cagr(path.nav, path.dates) == -1.0
    assert_identity(path)


def test_ruin_by_the_cost_of_selling() -> None:
    """A 3 at 10%: K = 0.3, x = 3/13, NAV 10/13, A 30/13, loan 20/13; A falls by 30% to 21/13: NAV 1/13.

    Selling it costs 2.1/13, more than there is: at row 1, a trade date, all is sold, and the NAV is 0 with a
    shortfall of 1.1/13. Row 1's trading cost: 3/13 + 2.1/13.
    """
    path = simulate(
        EVERY_30_DAYS[:3],
        {"A": [100.0, 70.0, 70.0]},
        [0.0] * 3,
        {0: {"A": 3.0}, 1: {"A": 3.0}},
        trading_cost={"A": 0.1},
    )
    closes(path.nav, [1.0, 0.0])
    closes(path.shortfall, [0.0, 1.1 / 13])
    closes(path.trading, [0.0, 5.1 / 13])
    assert_identity(path)


def test_the_cost_of_a_trade_solves_its_equation() -> None:
    """Selling: 1 to 0.4 at 1%: x = 0.01 (1 - 0.4 (1 - x)), 0.996 x = 0.006. Crossing zero: 0.5 to -0.5 at 2%:
    x = 0.02 (0.5 + 0.5 (1 - x)), 1.01 x = 0.02. No trade, no cost. Costs of all the NAV: an error.
    """
    close(cost_of_trade({"A": 1.0}, {"A": 0.4}, CostRates({"A": 0.01})), Fraction(6, 996))
    close(cost_of_trade({"A": 0.5}, {"A": -0.5}, CostRates({"A": 0.02})), Fraction(2, 101))
    assert cost_of_trade({"A": 0.7}, {"A": 0.7}, CostRates({"A": 0.01})) == 0.0
    with pytest.raises(ValueError, match="whole NAV"):
        cost_of_trade({"A": 0.0}, {"A": 10.0}, CostRates({"A": 0.1}))


def test_rebalances_hit_their_targets_exactly_in_random_runs() -> None:
    """Runs have all charges, and prices that come and go. `test_oracle_terms` checks the identity in random runs."""
    rng = random.Random(20_240_229)
    for _ in range(60):
        n, assets, noise = 40, ["A", "B", "C"], rng.choice([0.02, 0.05, 0.15])
        dates = [date(2019, 12, 31)]
        while len(dates) < n:
            dates.append(dates[-1] + timedelta(days=rng.choice([1, 1, 1, 3, 31])))
        prices: dict[str, list[float | None]] = {}
        for asset in assets:
            level, series = 100.0, list[float | None]()
            for t in range(n):
                level *= math.exp(rng.gauss(0.0, noise))
                series.append(None if t > 3 and rng.random() < 0.05 else level)
            prices[asset] = series
        decided = {t: {a: rng.uniform(-1.0, 2.0) for a in assets} for t in range(0, n, 6)}
        path = simulate(
            dates,
            prices,
            [rng.gauss(0.001, 0.001) for _ in range(n)],
            decided,
            trading_cost={a: rng.choice([0.0, 0.0005, 0.02]) for a in assets},
            spread=0.02,
            cash_spread=0.003,
            borrow_fee={"A": 0.01, "C": 0.05},
            expense_ratio={"B": 0.002},
            management_fee=0.01,
        )
        assert path.ruined or len(path.nav) == n
        for t in set(path.trade_rows) & decided.keys():
            if path.nav[t] > 0.0:
                held = {a: w if prices[a][t] is not None else 0.0 for a, w in decided[t].items()}
                assert path.weights[t] == held


def test_targets_traded_every_date_without_costs_compound_their_returns() -> None:
    """60/40 traded daily, no cash return: 1 + 0.6 x 10% = 1.06, then x (1 - 0.4 x 5%) = 1.06 x 0.98."""
    mix = {"A": 0.6, "B": 0.4}
    path = simulate(
        EVERY_30_DAYS[:3],
        {"A": [10.0, 11.0, 11.0], "B": [20.0, 20.0, 19.0]},
        [0.0] * 3,
        {0: mix, 1: mix},
        trading_cost=NO_COST,
    )
    closes(path.nav, [1.0, 1.06, 1.06 * 0.98])


def test_wrong_input_is_refused() -> None:
    """Wrong input is refused rather than turned into a number."""
    dates, cash = EVERY_30_DAYS[:2], [0.0, 0.0]
    fine = {"A": [1.0, 1.0]}
    with pytest.raises(ValueError, match="two dates"):
        simulate(dates[:1], {"A": [1.0]}, [0.0], {0: {}}, trading_cost={})
    with pytest.raises(ValueError, match="row 0"):
        simulate(dates, fine, cash, {}, trading_cost={})
    with pytest.raises(ValueError, match="positive number"):
        simulate(dates, {"A": [1.0, math.nan]}, cash, {0: {}}, trading_cost={})
    with pytest.raises(ValueError, match="unknown row or asset"):
        simulate(dates, fine, cash, {0: {"Z": 1.0}}, trading_cost={})
    with pytest.raises(ValueError, match="must rise"):
        simulate(dates[::-1], fine, cash, {0: {}}, trading_cost={})


def test_the_oracle_shares_no_code_with_the_project() -> None:
    """It imports only the standard library and its own files."""
    files = sorted(Path(oracle.__file__).parent.glob("oracle*.py"))
    assert len(files) == 10
    imported = {
        line.split()[1]
        for file in files
        for line in file.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    others = imported - {f"support.oracle.{file.stem}" for file in files}
    assert {name.partition(".")[0] for name in others - {"support.oracle"}} <= {
        "__future__",
        "collections",
        "dataclasses",
        "datetime",
        "itertools",
        "math",
    }
