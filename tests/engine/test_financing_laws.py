"""Laws of financing: the effects of each term, and equivalent ways of borrowing.

1. short terms do not affect long-only runs, and a 200/100 portfolio pays interest on its loan;
2. leverage at the cash rate earns cash and a multiple of the excess return;
3. futures whose basis equals the margin spread on the borrowed part give the margin run, within stated bounds;
4. results do not depend on which loop simulates a path, or on whether it stops for decisions.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, FuturesTerms, LoanTerms, MarginTerms, Terms, TradingTerms
from support.agreement.translated_terms import EngineRun
from support.builders.random_runs import random_market, random_runs

FREE = Terms(TradingTerms(np.zeros(3)))
ROWS = 60


def market(rng: np.random.Generator, wild: float = 0.03) -> Periods:
    """Return three assets over sixty rows, with cash at a positive rate."""
    prices = 100 * np.exp(np.cumsum(rng.normal(0, wild, (ROWS, 3)), axis=0))
    return Periods(prices, rng.uniform(0, 0.003, ROWS), rng.choice([1, 7, 31], ROWS))


def with_loan(terms: Terms, **changes: Any) -> Terms:
    """Return terms with changes to the margin loan."""
    return replace(terms, financing=replace(terms.loan, **changes))


def same_bits(one: Ledger, other: Ledger, but: tuple[str, ...] = ()) -> None:
    for name in Ledger.__dataclass_fields__.keys() - set(but):
        got, expected = getattr(one, name), getattr(other, name)
        assert got == expected if isinstance(got, tuple) else np.array_equal(got, expected, equal_nan=True), name


# ------------------------------------------------------------------------------------------------------------ 1. shorts


def test_short_terms_do_not_affect_long_only_runs() -> None:
    """The ledger has the same bits under any borrow fee and rebate, whatever the other terms, events and bands.

    Some runs have a margin call, a ruin or a loan. The same terms do change runs with shorts.
    """
    called = ruined = borrowed = changed = 0
    for run in random_runs(4, 60, 10, kinds=("margin",)):
        longs = replace(run, targets=np.abs(run.targets))
        count = run.periods.shape[1]
        without = with_loan(run.terms, borrow_fee=None, rebate_spread=0.0)
        dear = with_loan(run.terms, borrow_fee=np.linspace(0.1, 0.9, count), rebate_spread=0.3)
        path, other = (replace(longs, terms=terms).simulate() for terms in (without, dear))
        same_bits(path, other)
        assert not path.borrow.any()
        called, ruined = called + bool(path.called.any()), ruined + bool(path.nav[-1] == 0)
        borrowed += bool(path.loan.any())
        short = replace(run, targets=-longs.targets)
        costs = [replace(short, terms=terms).simulate().borrow[1] for terms in (without, dear)]
        changed += costs[0] == 0 < costs[1]
    assert min(called, ruined, borrowed) >= 10, (called, ruined, borrowed)
    assert changed >= 500


def test_a_200_100_portfolio_pays_interest_on_its_loan() -> None:
    """A 2, B -1, 30 days at cash of 0.4 %, a spread of 1.2 % a year, a rebate spread of 0.6 % and a fee of 2.4 %.

    Its net exposure is 1, but it borrows 1, because the lender of the short keeps its proceeds. Loan 1 at 0.4 + 0.1 %
    = 0.005; proceeds 1 at 0.4 - 0.05 % = 0.0035; fee 0.2 % of 1 = 0.002. A +1 % = 0.02, B +1 % = -0.01: NAV 1.0065.
    """
    periods = Periods(np.array([[100.0, 50.0], [101.0, 50.5]]), np.array([0.0, 0.004]), np.array([0, 30]))
    terms = Terms(TradingTerms(np.zeros(2)), LoanTerms(0.012, borrow_fee=np.array([0.0, 0.024]), rebate_spread=0.006))
    path = simulate(periods, [0], np.array([[2.0, -1.0]]), 0, terms)
    assert path.loan[1] == pytest.approx(1.0, abs=1e-15)
    assert path.financing[1] == pytest.approx(0.005, abs=1e-16)
    assert path.spread_cost[1] == pytest.approx(0.001, abs=1e-16)
    assert path.cash_interest[1] == pytest.approx(0.0035, abs=1e-16)
    assert path.borrow[1] == pytest.approx(0.002, abs=1e-16)
    assert path.nav[1] == pytest.approx(1.0065, abs=1e-15)


# ----------------------------------------------------------------------------------------- 2. leverage at the cash rate


@pytest.mark.parametrize("leverage", [0.5, 1.0, 2.0, 4.0])
def test_leverage_at_the_cash_rate_earns_cash_and_a_multiple_of_the_excess_return(leverage: float) -> None:
    """In every period r = c + L (r_1 - c), if each is rebalanced to new weights without spread or costs.

    A return is the ratio of two NAVs, each accurate to a few 1e-16 of L times itself: 2e-15 L.
    """
    rng = np.random.default_rng(1)
    periods = market(rng)
    weights = rng.dirichlet(np.ones(3), ROWS)
    one, levered = (simulate(periods, range(ROWS), times * weights, 0, FREE).nav for times in (1.0, leverage))
    cash = periods.cash_returns[1:]
    expected = cash + leverage * (one[1:] / one[:-1] - 1 - cash)
    assert levered[1:] / levered[:-1] - 1 == pytest.approx(expected, rel=0, abs=2e-15 * max(1.0, leverage))


# ------------------------------------------------------------------------------------------------ 3. futures and margin


def margin_and_futures(
    leverage: float, spread: float, rows: range, wild: float = 0.03
) -> tuple[Periods, Ledger, Ledger]:
    """Return runs of the same weights, with sum L: on margin at a spread s, and in futures at a basis s (L - 1) / L."""
    rng = np.random.default_rng(2)
    periods = market(rng, wild)
    targets = np.tile(leverage * rng.dirichlet(np.ones(3)), (len(rows), 1))
    basis = np.full(3, spread * (leverage - 1) / leverage)
    on_margin = simulate(periods, rows, targets, 0, with_loan(FREE, spread=spread))
    in_futures = simulate(periods, rows, targets, 0, replace(FREE, financing=FuturesTerms(basis)))
    return periods, on_margin, in_futures


@pytest.mark.parametrize("leverage", [1.5, 3.0])
def test_futures_equal_the_margin_run_while_leverage_is_unchanged(leverage: float) -> None:
    """A loan of (L - 1) N pays (L - 1)(c + s): notionals of L N pay L c + (L - 1) s, and N in bills earns c.

    Both cost the same in the first period after each trade. If every period is rebalanced, NAV is the same throughout.
    """
    _, on_margin, in_futures = margin_and_futures(leverage, 0.04, range(ROWS))
    assert on_margin.nav == pytest.approx(in_futures.nav, rel=1e-13)
    _, on_margin, in_futures = margin_and_futures(leverage, 0.04, range(1))
    assert on_margin.nav[1] == pytest.approx(in_futures.nav[1], rel=1e-15)
    assert on_margin.spread_cost[1] == pytest.approx(in_futures.spread_cost[1], rel=1e-13)


@pytest.mark.parametrize("leverage", [1.5, 3.0])
def test_futures_and_margin_differ_by_the_spread_on_gains_while_leverage_drifts(leverage: float) -> None:
    """Bought once and held, the positions V drift alike in both. The amount that pays the spread differs.

    On margin this amount is the loan, V - N; in futures it is (L - 1) / L of the notionals, whatever NAV is. Where
    assets have gained by more than the interest, V < L N: leverage has fallen, the loan has not grown, and futures,
    whose basis is paid on the gains too, cost more. Where they have lost, futures cost less. Period by period
    the lead D of futures in NAV grows by exactly s y (V / L - N), y the years by days over 360, and earns cash:
    D' = D (1 + c) + s y (V / L - N).

    So it is of first order in the drift of leverage: where |V / (L N) - 1| <= d, and cash grows by G over the run, |D|
    is at most G d s Σ y N, d times what a spread on NAV would cost. In the first period d is 0.
    """
    spread = 0.02
    periods, on_margin, in_futures = margin_and_futures(leverage, spread, range(1))
    lead, nav = in_futures.nav - on_margin.nav, on_margin.nav
    held = on_margin.weights.sum(axis=1) * nav
    years, growth = periods.interest_years, 1 + periods.cash_returns
    expected = np.zeros(ROWS)
    for t in range(1, ROWS):
        expected[t] = expected[t - 1] * growth[t] + spread * years[t] * (held[t - 1] / leverage - nav[t - 1])
    assert lead == pytest.approx(expected, rel=0, abs=1e-14 * held.max())  # sixty sums of numbers of this size
    drift = np.maximum.accumulate(np.abs(held / (leverage * nav) - 1))[:-1]
    paid = spread * np.cumsum(years[1:] * nav[:-1])
    assert (np.abs(lead[1:]) <= growth.prod() * drift * paid + 1e-14 * held.max()).all()
    assert np.abs(lead).max() > 1e-5, "there is a difference"


# --------------------------------------------------------------------------------------------- 4. loops and stops


def general(terms: Terms, rows: int) -> Terms:
    """Return terms with a performance fee of zero that is never due, which the general loop simulates."""
    return replace(terms, fees=FeeTerms(performance_due=np.zeros(rows, dtype=bool)))


def test_the_plain_loop_equals_the_general_loop() -> None:
    """Without shorts, charges and requirements a path is simulated by a plain loop, which does less in each row.

    The bits differ: the plain loop multiplies cash by 1 + its rate, and the general loop adds interest and spread as
    amounts. The compiler may choose the order of either sum. The rounding of a row is some 1e-16 of gross assets, which
    are up to three times NAV: after sixty rows the two NAVs are within 1e-14.
    """
    rng = np.random.default_rng(6)
    furthest = 0.0
    for _ in range(100):
        periods = market(rng)
        rows = sorted({0, *rng.integers(0, ROWS - 1, 4).tolist()})
        targets = rng.uniform(0, rng.choice([0.3, 1.0]), (len(rows), 3))
        terms = Terms(TradingTerms(np.full(3, 0.001)), LoanTerms(0.02, cash_spread=0.001))
        loans = None if rng.random() < 0.5 else periods.cash_returns + 0.0002
        periods = replace(periods, loan_returns=loans)
        one, other = (simulate(periods, rows, targets, 0, t) for t in (terms, general(terms, ROWS)))
        furthest = max(furthest, float(np.abs(one.nav / other.nav - 1).max()))
        for flow in ("financing", "cash_interest", "trading"):
            assert getattr(one, flow) == pytest.approx(getattr(other, flow), rel=1e-12, abs=1e-14), flow
    assert furthest <= 1e-14


def test_margin_that_is_never_reached_changes_nothing() -> None:
    """Margins far below NAV, equal tiers and zero fees select the general loop, but cause no event."""
    rng = np.random.default_rng(7)
    periods = market(rng, 0.01)
    targets = rng.uniform(0, 0.6, (3, 3))
    terms = with_loan(FREE, spread=0.02)
    plain = simulate(periods, [0, 20, 40], targets, 0, terms)
    low = np.full(3, 1e-6)
    ways = [
        replace(terms, margin=MarginTerms(low, low)),
        with_loan(terms, spread=0.0, tiers=((0.0, 0.02), (0.1, 0.02))),
        with_loan(terms, spread=0.0, spread_by_row=np.full(ROWS, 0.02)),
        replace(terms, trading=TradingTerms(np.zeros(3), np.zeros(ROWS), impact=np.zeros((ROWS, 3)))),
        replace(terms, fees=FeeTerms(performance=0.2, performance_due=np.zeros(ROWS, dtype=bool))),
    ]
    for idle in ways:
        path = simulate(periods, [0, 20, 40], targets, 0, idle)
        assert path.nav == pytest.approx(plain.nav, rel=1e-14)
        assert path.trade_reasons == ("rebalance",) * 3
        assert not path.called.any()


def simulate_step_by_step(run: EngineRun) -> Ledger:
    """Simulate the run with a function that returns the targets one by one."""

    def decide(k: int, current_weights: np.ndarray, nav: float) -> np.ndarray:
        assert nav > 0
        assert np.isfinite(current_weights).all()
        wanted: np.ndarray = run.targets[k]
        return wanted

    return simulate(run.periods, run.rows, decide, run.lag, run.terms, bands=run.bands, minimum_trade=run.minimum_trade)


def test_targets_decided_during_the_simulation_give_the_same_bits_as_targets_known_before() -> None:
    """The whole ledger has the same bits: stops before or after the trade of each decision change nothing."""
    banded = stopped = 0
    for run in random_runs(8, 120, 4):
        path, other = run.simulate(), simulate_step_by_step(run)
        same_bits(path, other, but=("targets",) if path.nav[-1] == 0 else ())  # after a ruin there are no decisions
        banded += "band" in path.trade_reasons
        stopped += path.nav[-1] == 0
    assert banded >= 50
    assert stopped >= 5


def test_wide_bands_trade_only_once_and_bands_on_schedule_trade_every_decision() -> None:
    """Wide bands trade only the first decision. With `also_on_schedule`, the run equals the run without bands.

    They are equal up to rounding, because paths with checks are simulated by the general loop.
    """
    rng = np.random.default_rng(9)
    for _ in range(50):
        periods = random_market(rng, 0.03)
        rows, count = periods.shape
        targets = rng.uniform(0, 1.5 / count, (8, count))
        terms = Terms(TradingTerms(np.full(count, 0.001)), LoanTerms(0.02))
        wide: dict[str, Any] = {"absolute": 9.0, "check": tuple(range(rows))}
        decided = range(0, 24, 3)
        once = simulate(periods, decided, targets, 1, terms, bands=Bands(**wide))
        assert once.trade_reasons.count("rebalance") == 1
        assert "band" not in once.trade_reasons
        always = simulate(periods, decided, targets, 1, terms, bands=Bands(**wide, also_on_schedule=True))
        none = simulate(periods, decided, targets, 1, terms)
        assert always.nav == pytest.approx(none.nav, rel=1e-14)
        assert always.trade_reasons == none.trade_reasons
        assert always.trade_rows.tolist() == none.trade_rows.tolist()


def test_the_same_run_has_the_same_bits_wherever_its_arrays_lie_in_memory() -> None:
    """Runs with margin calls, sales and bands, each repeated while other arrays take up memory in between.

    Where one loop both adds up and writes, the compiled code runs four elements at a time only if the addresses show
    that no arrays overlap, so the order of the sum would change now and then. The kernels keep such loops apart.
    """
    others = []
    for k, run in enumerate(random_runs(11, 60, 10)):
        first = run.simulate()
        for size in range(5):
            others.append(np.empty(1 + (7 * k + 5 * size) % 50))
            same_bits(run.simulate(), first)
