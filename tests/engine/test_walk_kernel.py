"""A walk that stops to ask is the walk that does not: how far the kernel goes in one call is nobody's business."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, LoanTerms, Terms, TradingTerms
from backtest.errors import SimulationError
from support.builders.engine_markets import all_priced, is_priced, periods_of

LENGTH, COUNT = 24, 3
ZERO = np.zeros(1)


def market(rng: np.random.Generator, wild: float) -> Periods:
    """Returns of assets of which the second loses its price, and the third has none at first."""
    priced = np.ones((LENGTH, COUNT), dtype=bool)
    priced[17:, 1] = priced[:4, 2] = False
    before = np.vstack([np.zeros(COUNT, dtype=bool), priced[:-1]])
    returns = np.where(priced & before, rng.uniform(-wild, wild, priced.shape), np.nan)
    return periods_of(returns, priced, rng.normal(1e-4, 1e-5, LENGTH), np.full(LENGTH, 3))


def terms(rng: np.random.Generator) -> Terms:
    """All of them charged."""
    rates = rng.uniform(0, 0.02, (3, COUNT))
    return Terms(
        TradingTerms(rates[0]),
        LoanTerms(0.01, cash_spread=0.002, borrow_fee=rates[1]),
        fees=FeeTerms(expense_ratio=rates[2], management=0.01),
    )


def wide(path: Ledger) -> float:
    """The square of the largest weight: where NAV has nearly gone, weights are large, and so is what rounding does."""
    return max(1.0, float(np.abs(path.weights).max())) ** 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.sampled_from([0.05, 0.6]))
def test_asked_on_the_way_is_decided_before(seed: int, lag: int, wild: float) -> None:
    """The same bits, in every table, of a function that gives the k-th targets and of the targets; ruin or not.

    What it is told it holds is what the ledger says: with a lag, after the trade of the day; without, what the weights
    of the day before have drifted to, after the sale of what has no price. On the date of the first trade nothing is
    held before it.
    """
    rng = np.random.default_rng(seed)
    periods, charged = market(rng, wild), terms(rng)
    rows = sorted(rng.choice(LENGTH - 1 - lag, rng.integers(1, 9), replace=False).tolist())
    targets = rng.normal(0.5, 0.5, (len(rows), COUNT))
    told: dict[int, np.ndarray] = {}

    def decide(k: int, current_weights: np.ndarray, nav: float) -> np.ndarray:
        assert nav > 0
        told[k] = current_weights
        wanted: np.ndarray = targets[k]
        return wanted

    one, other = simulate(periods, rows, targets, lag, charged), simulate(periods, rows, decide, lag, charged)
    for name in Ledger.__dataclass_fields__:
        got, wanted = getattr(other, name), getattr(one, name)
        if name == "targets":  # after a ruin nobody is asked
            got, wanted = got[list(told)], wanted[list(told)]
        assert got == wanted if isinstance(got, tuple) else np.array_equal(got, wanted, equal_nan=True), name
    for k, weights in told.items():
        at = rows[k] - one.start
        if lag > 0 and at >= 0:
            assert weights == pytest.approx(one.weights[at], rel=1e-15)
        elif at > 1:  # NAV of the first row is that before its trade's cost
            drifted = one.weights[at - 1] * one.nav[at - 1] + one.asset_pnl[at]
            drifted *= is_priced(periods)[rows[k]]
            assert weights * drifted.sum() == pytest.approx(drifted * weights.sum(), rel=0, abs=1e-12 * wide(one))
        elif at <= 0:
            assert not weights.any()


def test_it_stops_where_a_trade_would_cost_all_there_is() -> None:
    """The exposure that is named is that of the decision at fault, not of an earlier one."""
    periods = all_priced(np.zeros((6, 1)), np.zeros(6), np.ones(6, dtype=np.int64))
    dear = Terms(TradingTerms(np.array([0.1])), LoanTerms(borrow_fee=ZERO), fees=FeeTerms(expense_ratio=ZERO))
    with pytest.raises(SimulationError, match="gross exposure of 11 would cost all"):
        simulate(periods, [0, 2], np.array([[5.0], [11.0]]), 1, dear)


def test_only_what_has_a_price_counts_for_its_cost() -> None:
    """A target of 11 in what has no price is not traded: the other costs 0.1 × 5 (1 - x) = x, so NAV is 1 / 1.5."""
    priced = np.ones((4, 2), dtype=bool)
    priced[:, 1] = False
    periods = periods_of(np.where(priced, 0.0, np.nan), priced, np.zeros(4), np.ones(4, dtype=np.int64))
    dear = Terms(
        TradingTerms(np.array([0.1, 0.1])), LoanTerms(borrow_fee=np.zeros(2)), fees=FeeTerms(expense_ratio=np.zeros(2))
    )
    assert simulate(periods, [0], np.array([[5.0, 11.0]]), 0, dear).nav[1:] == pytest.approx([1 / 1.5] * 3, rel=1e-15)
