"""The accounting of a run: nothing appears, nothing vanishes, and every flow is what its own formula says.

1. the identity, a property of any run: each flow worked out here from weights, prices and terms, none as a remainder;
2. contributions linked over the run add up to its total return;
3. the cost of a trade solves its equation;
4. laws that hold without looking inside: cash alone, one asset alone, leverage at the cash rate, no shorts.

Tolerances. A NAV is the sum of positions and cash, each good to some 1e-16 of itself: the identity is held to 1e-12 of
the opening gross assets, as the design words it. Where levered NAV has nearly gone, gross assets are large against it,
and so is what rounding does to it.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.engine.kernels.trade_kernel import cost_of_rebalance
from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, LoanTerms, Terms, TradingTerms
from backtest.errors import SimulationError
from support.builders.engine_markets import all_priced, is_priced, moves_of, periods_of
from support.builders.market_files import dates_of, random_levels, write_config, write_csv

IDENTITY = 1e-12  # of opening gross assets, by the design


# ------------------------------------------------------------------------------------------------------ 1. the identity


@dataclass(frozen=True)
class Run:
    """All that `simulate` is given."""

    periods: Periods
    rows: list[int]
    targets: np.ndarray
    lag: int
    terms: Terms

    def simulate(self) -> Ledger:
        return simulate(self.periods, self.rows, self.targets, self.lag, self.terms)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


@st.composite
def runs(draw: st.DrawFn, leverage: float = 3.0) -> Run:
    """Runs of up to four assets and fourteen dates: long, short and levered, with assets that come and go."""
    count, length = draw(st.integers(1, 4)), draw(st.integers(3, 14))
    returns = draw(hnp.arrays(float, (length, count), elements=numbers(-0.6, 0.8)))
    priced = np.ones((length, count), dtype=bool)
    for i in range(count):
        first, after = sorted(draw(st.tuples(st.integers(-length, length), st.integers(0, 2 * length))))
        priced[:, i] = (np.arange(length) >= first) & (np.arange(length) < after)
    before = np.vstack([np.zeros(count, dtype=bool), priced[:-1]])
    periods = periods_of(
        np.where(priced & before, returns, np.nan),
        priced,
        draw(hnp.arrays(float, length, elements=numbers(-0.01, 0.02))),
        draw(hnp.arrays(np.int64, length, elements=st.integers(1, 40))),
    )
    lag = draw(st.integers(0, 2))
    first_row = draw(st.integers(0, max(0, length - 2 - lag)))
    rows = sorted({first_row, *draw(st.lists(st.integers(first_row, length - 1)))})
    targets = draw(hnp.arrays(float, (len(rows), count), elements=numbers(-leverage, leverage)))
    rate = numbers(0, 0.15)
    terms = Terms(
        TradingTerms(draw(hnp.arrays(float, count, elements=numbers(0, 0.05)))),
        LoanTerms(draw(rate), cash_spread=draw(rate), borrow_fee=draw(hnp.arrays(float, count, elements=rate))),
        fees=FeeTerms(expense_ratio=draw(hnp.arrays(float, count, elements=rate)), management=draw(rate)),
    )
    assume(first_row + lag < length - 1)
    return Run(periods, rows, targets, lag, terms)


def by_bisection(target: np.ndarray, drifted: np.ndarray, costs: np.ndarray) -> float:
    """The root x of x = Σ k_i |target_i (1 - x) - drifted_i| in [0, 1]; 1 where it would be above."""

    def excess(x: float) -> float:
        return math.fsum([*(costs * np.abs(target * (1 - x) - drifted)), -x])

    low, high = 0.0, 1.0
    if excess(0.0) <= 0:
        return 0.0
    if excess(1.0) >= 0:
        return 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


@dataclass
class Flows:
    """What a period brings before its trades."""

    pnl: np.ndarray
    interest: float
    financing: float
    spread: float
    borrow: float
    fees: float
    loan: float

    @property
    def total(self) -> float:
        return math.fsum([*self.pnl, self.interest, -self.financing, -self.borrow, -self.fees])


def flows_of(run: Run, row: int, nav: float, positions: np.ndarray) -> Flows:
    """The flows of the period that ends at `row`, straight from the words of the design."""
    periods, terms = run.periods, run.terms
    cash, days = float(periods.cash_returns[row]), int(periods.days[row])
    moves = np.where(is_priced(periods)[row] & (positions != 0), moves_of(periods)[row], 0.0)
    longs = math.fsum(p for p in positions if p > 0)
    shorts = np.array([-p if p < 0 else 0.0 for p in positions])
    loan, free = max(0.0, longs - nav), max(0.0, nav - longs)
    spread = loan * terms.loan.spread * days / 360
    return Flows(
        pnl=positions * moves,
        interest=free * (cash - terms.loan.cash_spread * days / 360) + math.fsum(shorts) * cash,
        financing=loan * cash + spread,
        spread=spread,
        borrow=math.fsum(shorts * terms.borrow_fee) * days / 360,
        fees=math.fsum(positions * terms.fees.expense_ratio) * days / 365 + nav * terms.fees.management * days / 365,
        loan=loan,
    )


@settings(max_examples=100, deadline=None)
@given(runs())
def test_the_identity_holds_in_every_period(run: Run) -> None:
    """ΔNAV = asset P&L + cash interest - financing - borrow - fees - trading + shortfall, and each term is its formula.

    Opening positions are the ledger's weights times its NAV (after the first trade's cost, which the ledger books in
    the next row). If a flow were a remainder of the others, the sum would hold and the term would not.
    """
    path = run.simulate()
    first_cost = paid_at(run, path, 0, 1.0)
    assert path.nav[0] == 1
    assert path.trading[0] == 0
    shortfalls = 0.0
    for at in range(1, len(path.nav)):
        row = path.start + at
        opening = float(path.nav[at - 1]) - (first_cost if at == 1 else 0.0)
        positions = path.weights[at - 1] * opening
        gross = opening * max(1.0, float(np.abs(path.weights[at - 1]).sum()))
        flows = flows_of(run, row, opening, positions)
        room = IDENTITY * gross
        assert path.asset_pnl[at] == pytest.approx(flows.pnl, rel=0, abs=room)
        for name, value in {
            "cash_interest": flows.interest,
            "financing": flows.financing,
            "spread_cost": flows.spread,
            "borrow": flows.borrow,
            "fees": flows.fees,
            "loan": flows.loan,
        }.items():
            assert getattr(path, name)[at] == pytest.approx(value, rel=0, abs=room), name
        value = opening + flows.total
        trading = paid_at(run, path, at, value)
        assert path.trading[at] == pytest.approx(trading + (first_cost if at == 1 else 0.0), rel=0, abs=room)
        shortfall = max(0.0, -(value - trading))
        shortfalls += shortfall
        assert path.nav[at] - opening == pytest.approx(flows.total - trading + shortfall, rel=0, abs=room)
        assert path.nav[at] >= 0
        assert path.nav[at] > 0 or at == len(path.nav) - 1, "nothing follows a ruin"
    assert path.shortfall == pytest.approx(shortfalls, abs=IDENTITY * max(1.0, float(np.abs(path.asset_pnl).max())))


def paid_at(run: Run, path: Ledger, at: int, nav: float) -> float:
    """Cost of a row's trades, one after the other, at the NAV before the first of them."""
    left = nav
    for trade in path.trades[path.trade_rows == at]:
        left -= left * float(run.terms.trading.cost @ np.abs(trade))
    return nav - left


@settings(max_examples=60, deadline=None)
@given(runs())
def test_after_a_trade_the_weights_are_the_targets_of_what_is_left(run: Run) -> None:
    """Target weights exactly, of the NAV after costs; an asset without a price is not bought, and not kept either.

    What has no price is sold first, in a trade of its own. The trades of a rebalance lead from drifted to target
    weights at the cost x that solves the equation, found here by bisection. An asset within 1e-12 of its target keeps
    its units, so that its weight grows to w / (1 - x); where that holds for all assets there is no trade.
    """
    path, decided = run.simulate(), {row + run.lag: k for k, row in enumerate(run.rows)}
    for at in range(len(path.nav)):
        if path.nav[at] == 0:  # where fees or a trade cost all there is
            continue
        row, costs, made = path.start + at, run.terms.trading.cost, np.flatnonzero(path.trade_rows == at).tolist()
        priced = is_priced(run.periods)[row]
        before = np.zeros(len(priced))
        if at > 0:
            opening = float(path.nav[at - 1]) - (paid_at(run, path, 0, 1.0) if at == 1 else 0.0)
            flows = flows_of(run, row, opening, path.weights[at - 1] * opening)
            before = (path.weights[at - 1] * opening + flows.pnl) / (opening + flows.total)
        room = IDENTITY * max(1.0, float(np.abs(before).sum())) ** 2  # error of drifted weights where NAV is small
        lost = ~priced & (np.abs(before) >= IDENTITY)
        if lost.any():
            sale = made.pop(0)
            assert path.trade_reasons[sale] == "no_price"
            assert path.trades[sale] == pytest.approx(np.where(lost, -before, 0.0), rel=0, abs=room)
            before = np.where(lost, 0.0, before) / (1 - float(costs @ np.abs(path.trades[sale])))
        if row in decided and row < len(run.periods.days) - 1:
            target = np.where(priced, run.targets[decided[row]], 0.0)
            apart = np.abs(target - before)
            assume(not ((apart > IDENTITY / 2) & (apart < IDENTITY + room)).any())  # too close to tell on which side
            kept = apart < IDENTITY
            cost = by_bisection(target, before, np.where(kept, 0.0, costs))
            wanted = np.where(kept, before / (1 - cost), target)
            assert path.weights[at][~kept] == pytest.approx(wanted[~kept], rel=1e-15, abs=0)
            assert path.weights[at] == pytest.approx(wanted, rel=1e-15, abs=room)
            assert len(made) == (not kept.all())
            for trade in path.trades[made]:
                assert trade == pytest.approx(np.where(kept, 0.0, target * (1 - cost) - before), rel=0, abs=room)
                assert not trade[kept].any()
        else:
            assert not made
    for paid_in in range(1, len(path.nav)):
        sizes = np.abs(path.trades[np.maximum(path.trade_rows, 1) == paid_in]).sum()
        assert path.turnover[paid_in] == pytest.approx(sizes / 2, rel=1e-13)


@settings(max_examples=60, deadline=None)
@given(runs(leverage=8.0))
def test_linked_contributions_are_the_total_return(run: Run) -> None:
    """Σ over periods of P&L, interest, costs and shortfall, over the first NAV, is the last NAV less 1, ruin or not."""
    path = run.simulate()
    gains = [*path.asset_pnl.ravel(), *path.cash_interest, path.shortfall]
    losses = [*path.financing, *path.borrow, *path.fees, *path.trading]
    largest = max(1.0, *(math.fsum(np.abs(w)) * n for w, n in zip(path.weights, path.nav, strict=True)))
    linked = math.fsum([*gains, *(-loss for loss in losses)])
    assert linked == pytest.approx(path.nav[-1] - 1, rel=0, abs=IDENTITY * largest * len(path.nav))


def test_a_trade_that_costs_all_there_is_ends_the_run() -> None:
    """Ten times levered, -9.9 %: NAV 0.01, positions 9.01. At 2 % of 8.91 sold the broker is owed 0.178: it is ruin.

    NAV is 0 there, not below, nothing is held, the run ends, and the rest is a shortfall. All is sold: 2 % of 9.01 is
    0.1802, of which 0.01 can be paid.
    """
    periods = all_priced(np.array([[np.nan], [-0.099], [0.2], [0.2]]), np.zeros(4), np.array([0, 30, 30, 30]))
    zero = np.zeros(1)
    free = Terms(TradingTerms(zero), LoanTerms(borrow_fee=zero), fees=FeeTerms(expense_ratio=zero))
    bought = simulate(periods, [0], np.array([[10.0]]), 0, free)
    assert bought.nav[1] == pytest.approx(0.01, abs=1e-14), "the case as meant: without costs it survives"
    # the purchase costs 2 % of 10 (1 - x) = x: x = 1/6; so all amounts are those above times 5/6
    path = simulate(
        periods,
        [0, 1],
        np.array([[10.0], [10.0]]),
        0,
        Terms(TradingTerms(np.array([0.02])), LoanTerms(borrow_fee=zero), fees=FeeTerms(expense_ratio=zero)),
    )
    assert path.nav.tolist() == [1.0, 0.0]
    assert path.weights[-1].tolist() == [0.0]
    assert path.shortfall == pytest.approx((0.1802 - 0.01) * 5 / 6, abs=1e-13)
    assert path.trading[1] == pytest.approx(1 / 6 + 0.1802 * 5 / 6, abs=1e-13)


# ---------------------------------------------------------------------------------------------- 2. linked contributions


@pytest.mark.parametrize(
    "config", sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_contributions_of_shipped_runs_add_up(config: Path) -> None:
    """All of a report's table of contributions adds up to the total return on its page; the benchmark's too."""
    result = bt.run(config)
    for one in (result, result.benchmark):
        if one is not None:
            total = math.fsum(one.contributions.to_numpy().ravel())
            largest = float((one.gross_exposure * one.nav).max())
            assert total == pytest.approx(one.summary()["total_return"], rel=0, abs=IDENTITY * largest)


# ----------------------------------------------------------------------------------------------- 3. the cost of a trade


@st.composite
def trades(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, drifted weights and costs with Σ k |target| up to 0.9, as the equation's slope vanishes at 1."""
    count = draw(st.integers(1, 6))
    target = draw(hnp.arrays(float, count, elements=numbers(-5, 5)))
    drifted = draw(hnp.arrays(float, count, elements=numbers(-5, 5) | st.sampled_from([0.0, 1.0])))
    drifted = np.where(draw(hnp.arrays(bool, count)), target * draw(numbers(0.5, 1.0)), drifted)
    costs = draw(hnp.arrays(float, count, elements=st.just(0.0) | numbers(0, 0.3)))
    spent = float(costs @ np.abs(target))
    costs = costs * min(1.0, 0.9 / spent) if spent else costs
    return target, drifted, costs


@settings(max_examples=150, deadline=None)
@given(trades())
def test_the_cost_of_a_trade_solves_its_equation(trade: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The x = Σ k_i |target_i (1 - x) - drifted_i|, against bisection: any signs, kinks hit exactly, small drifts.

    Rounding in the sum is 1e-16 of Σ k (|target| + |drifted|), and the slope of the equation is at least 0.1.
    """
    target, drifted, costs = trade
    wanted = by_bisection(target, drifted, costs)
    assume(wanted < 1)  # what costs all there is has no root below 1
    size = 1 + float(costs @ (np.abs(target) + np.abs(drifted)))
    nothing = np.zeros(len(target))
    got = cost_of_rebalance(np.stack([target, drifted, costs, nothing, nothing]), 0.0, False)
    assert got == pytest.approx(wanted, rel=0, abs=1e-14 * size)
    assert got == pytest.approx(float(costs @ np.abs(target * (1 - got) - drifted)), rel=0, abs=1e-14 * size)
    assert got >= 0


def test_a_cost_of_all_the_nav_is_refused() -> None:
    """Σ k |target| = 1: no NAV is left however the weights stood before. Just below: x = 0.998 (1 - x), NAV 1/1.998."""
    periods = all_priced(np.zeros((3, 1)), np.zeros(3), np.array([0, 1, 1]))
    zero = np.zeros(1)
    for cost, error in ((0.5, True), (0.499, False)):
        terms = Terms(TradingTerms(np.array([cost])), LoanTerms(borrow_fee=zero), fees=FeeTerms(expense_ratio=zero))
        if error:
            with pytest.raises(SimulationError, match="cost all of the NAV"):
                simulate(periods, [0], np.array([[2.0]]), 0, terms)
        else:
            assert simulate(periods, [0], np.array([[2.0]]), 0, terms).nav[1] == pytest.approx(1 / 1.998)


# --------------------------------------------------------------------------------------------- 4. laws from the outside


@settings(max_examples=30, deadline=None)
@given(runs())
def test_cash_alone_earns_cash(run: Run) -> None:
    """No asset is wanted: NAV compounds at cash less the cash spread and the management fee, whatever else costs."""
    path = simulate(run.periods, run.rows, np.zeros_like(run.targets), run.lag, run.terms)
    days, cash = run.periods.days, run.periods.cash_returns
    earned = 1 + cash - run.terms.loan.cash_spread * days / 360 - run.terms.fees.management * days / 365
    wanted = np.concatenate([[1.0], np.cumprod(earned[path.start + 1 :])])
    assert path.nav == pytest.approx(wanted, rel=1e-13)
    assert not path.trading.any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_one_asset_alone_is_its_price(seed: int) -> None:
    """All of NAV in one asset, free of cost: NAV is its price over its first, rebalanced as often as one likes."""
    rng = np.random.default_rng(seed)
    prices = np.cumprod(1 + rng.normal(0, 0.05, 30)) * 50
    returns = np.concatenate([[np.nan], prices[1:] / prices[:-1] - 1])[:, None]
    zero = np.zeros(1)
    terms = Terms(
        TradingTerms(zero), LoanTerms(0.03, cash_spread=0.02, borrow_fee=zero + 0.04), fees=FeeTerms(expense_ratio=zero)
    )
    periods = all_priced(returns, rng.normal(0, 0.01, 30), np.full(30, 7))
    path = simulate(periods, list(range(30)), np.ones((30, 1)), 0, terms)
    assert path.nav == pytest.approx(prices / prices[0], rel=1e-13)


@settings(max_examples=40, deadline=None)
@given(runs())
def test_long_only_runs_do_not_know_of_shorts(run: Run) -> None:
    """Without a short no rule about shorts has a say: any borrow fee gives the same ledger, to the last bit."""
    longs = np.abs(run.targets)
    terms = run.terms
    assert terms.borrow_fee is not None
    dear = replace(terms, financing=replace(terms.loan, borrow_fee=terms.borrow_fee * 7 + 0.5))
    plain = simulate(run.periods, run.rows, longs, run.lag, terms)
    other = simulate(run.periods, run.rows, longs, run.lag, dear)
    for name in ("nav", "weights", "cash_interest", "financing", "fees", "trading", "asset_pnl"):
        assert getattr(plain, name).tobytes() == getattr(other, name).tobytes(), name
    assert not plain.borrow.any()


def test_leverage_at_the_cash_rate_is_cash_and_excess_return(tmp_path: Path) -> None:
    """Levered ERC at spread 0 and no costs, rebalanced each period: r = cash + L (r_ERC - cash), L below 1 and above.

    From files, with the two runs' own weights: an engine that charged the loan on the notional, or forgot interest on
    free cash, would not pass. A few roundings of numbers near 1: 1e-14.
    """
    rng = np.random.default_rng(3)
    dates = dates_of("monthly", 120, rng)
    frame = pd.DataFrame(
        random_levels(dates, [0.2, 0.05, 0.15, 0.004], rng), index=dates, columns=["a", "b", "c", "bills"]
    )
    write_csv(frame, tmp_path / "market.csv")
    results = {}
    for name, choice in {"erc": {"name": "erc"}, "levered": {"name": "levered_erc", "target_volatility": 0.07}}.items():
        path = write_config(
            tmp_path / f"{name}.yaml",
            data={"source": "csv", "path": "market.csv", "assets": ["a", "b", "c"], "cash": "bills"},
            estimation={"window": 12},
            strategy=choice,
        )
        results[name] = bt.run(path)
    leverage = results["levered"].target_weights.sum(axis=1)
    assert leverage.min() < 0.95
    assert leverage.max() > 1.2
    cash = frame["bills"].pct_change()[results["erc"].returns.index]
    excess = results["erc"].returns - cash
    wanted = cash + leverage.shift()[excess.index] * excess
    assert results["levered"].returns.to_numpy() == pytest.approx(wanted.to_numpy(), rel=0, abs=1e-14)
