"""Simulations that stop to ask a strategy, and simulations that stop because a trade is refused."""

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
    """Return three assets; the second loses its price, and the third starts later."""
    priced = np.ones((LENGTH, COUNT), dtype=bool)
    priced[17:, 1] = priced[:4, 2] = False
    before = np.vstack([np.zeros(COUNT, dtype=bool), priced[:-1]])
    returns = np.where(priced & before, rng.uniform(-wild, wild, priced.shape), np.nan)
    return periods_of(returns, priced, rng.normal(1e-4, 1e-5, LENGTH), np.full(LENGTH, 3))


def terms(rng: np.random.Generator) -> Terms:
    """Return terms in which everything is charged."""
    rates = rng.uniform(0, 0.02, (3, COUNT))
    return Terms(
        TradingTerms(rates[0]),
        LoanTerms(0.01, cash_spread=0.002, borrow_fee=rates[1]),
        fees=FeeTerms(expense_ratio=rates[2], management=0.01),
    )


def wide(path: Ledger) -> float:
    """Return the square of the largest weight, which scales the effects of rounding if NAV is nearly gone."""
    return max(1.0, float(np.abs(path.weights).max())) ** 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.sampled_from([0.05, 0.6]))
def test_a_strategy_sees_the_current_weights_of_the_ledger(seed: int, lag: int, wild: float) -> None:
    """With a lag, the weights after the trade of the day; without, the drifted weights of the day before.

    Drifted weights are those after the sale of assets without a price. On the date of the first trade nothing is held
    before it. `test_financing_laws` holds that targets decided during the simulation give the same bits.
    """
    rng = np.random.default_rng(seed)
    periods, charged = market(rng, wild), terms(rng)
    rows = sorted(rng.choice(LENGTH - 1 - lag, rng.integers(1, 9), replace=False).tolist())
    targets = rng.normal(0.5, 0.5, (len(rows), COUNT))
    seen: dict[int, np.ndarray] = {}

    def decide(k: int, current_weights: np.ndarray, nav: float) -> np.ndarray:
        assert nav > 0
        seen[k] = current_weights
        target: np.ndarray = targets[k]
        return target

    ledger = simulate(periods, rows, decide, lag, charged)
    for k, weights in seen.items():
        at = rows[k] - ledger.start
        if lag > 0 and at >= 0:
            assert weights == pytest.approx(ledger.weights[at], rel=1e-15)
        elif at > 1:  # the first NAV is before the cost of its trade
            drifted = ledger.weights[at - 1] * ledger.nav[at - 1] + ledger.asset_pnl[at]
            drifted *= is_priced(periods)[rows[k]]
            assert weights * drifted.sum() == pytest.approx(drifted * weights.sum(), rel=0, abs=1e-12 * wide(ledger))
        elif at <= 0:
            assert not weights.any()


def test_a_trade_that_would_cost_all_of_nav_is_refused_with_its_exposure() -> None:
    """The message names the exposure of the refused decision, not of an earlier decision."""
    periods = all_priced(np.zeros((6, 1)), np.zeros(6), np.ones(6, dtype=np.int64))
    dear = Terms(TradingTerms(np.array([0.1])), LoanTerms(borrow_fee=ZERO), fees=FeeTerms(expense_ratio=ZERO))
    with pytest.raises(SimulationError, match="gross exposure of 11 would cost all"):
        simulate(periods, [0, 2], np.array([[5.0], [11.0]]), 1, dear)


def test_targets_of_assets_without_a_price_cost_nothing() -> None:
    """A target of 11 without a price is not traded; the other asset costs 0.1 × 5 (1 - x) = x, so NAV is 1 / 1.5."""
    priced = np.ones((4, 2), dtype=bool)
    priced[:, 1] = False
    periods = periods_of(np.where(priced, 0.0, np.nan), priced, np.zeros(4), np.ones(4, dtype=np.int64))
    dear = Terms(
        TradingTerms(np.array([0.1, 0.1])), LoanTerms(borrow_fee=np.zeros(2)), fees=FeeTerms(expense_ratio=np.zeros(2))
    )
    assert simulate(periods, [0], np.array([[5.0, 11.0]]), 0, dear).nav[1:] == pytest.approx([1 / 1.5] * 3, rel=1e-15)
