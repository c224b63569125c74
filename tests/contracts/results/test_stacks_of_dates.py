"""Kernels work on stacks of dates: the bits of one date do not depend on its neighbours."""

import numpy as np
import pytest

from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, LoanTerms, Terms, TradingTerms
from backtest.estimation.methods.sample_covariance import rolling_sample_covariance
from backtest.risk import risk_contributions, risk_parity_weights
from support.builders.engine_markets import all_priced


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 17])
def test_each_problem_of_a_stack_is_solved_as_if_alone(count: int) -> None:
    """Weights and risk contributions of one date have the same bits in any stack: alone, first, last, or among others.

    The stack of a run is all of its dates. SIMD lanes, blocked products and shared stopping rules are ways in which one
    matrix of a stack could affect another's last bits. So the sizes lie on both sides of powers of two, with
    volatilities over three orders of magnitude, correlations near one, and windows hardly longer than the number of
    assets.
    """
    rng = np.random.default_rng(count)
    for stack, window, common in [(2, count + 2, 0.0), (5, 3 * count + 3, 3.0), (23, 60 + count, 20.0), (64, 60, 1.0)]:
        shape = (stack, max(window, count + 2), count)
        returns = rng.standard_normal(shape) + common * rng.standard_normal((*shape[:2], 1))
        returns *= 10 ** rng.uniform(-3, 0, (stack, 1, count))
        returns -= returns.mean(axis=1, keepdims=True)
        covariances = returns.swapaxes(1, 2) @ returns / (shape[1] - 1)
        budgets = rng.dirichlet(np.full(count, 2.0))
        for shares in (None, budgets):
            weights = risk_parity_weights(covariances, shares)
            contributions = risk_contributions(weights, covariances)
            for k in range(0, stack, 1 + stack // 8):
                for part, at in ((slice(k, k + 1), 0), (slice(k, None), 0), (slice(None, k + 1), -1)):
                    solved = risk_parity_weights(covariances[part], shares)[at]
                    assert solved.tobytes() == weights[k].tobytes(), (k, part)
                    risk = risk_contributions(weights[part], covariances[part])[at]
                    assert risk.tobytes() == contributions[k].tobytes(), (k, part)


@pytest.mark.parametrize("count", [1, 3, 4, 8, 17])
def test_a_covariance_depends_only_on_its_window(count: int) -> None:
    """Each matrix has the same bits whatever other dates are requested and whatever lies outside its window."""
    rng = np.random.default_rng(count)
    excess = rng.standard_normal((90, count)) * 0.02
    rows, window = [20, 21, 40, 77, 89], 21
    together = rolling_sample_covariance(excess, rows, window)
    for k, row in enumerate(rows):
        outside = rng.standard_normal(excess.shape)
        outside[row + 1 - window : row + 1] = excess[row + 1 - window : row + 1]
        alone = rolling_sample_covariance(outside, [row], window)[0]
        cut = rolling_sample_covariance(excess[: row + 1], rows[: k + 1], window)[-1]
        assert alone.tobytes() == together[k].tobytes()
        assert cut.tobytes() == together[k].tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_a_period_does_not_depend_on_the_length_of_the_data(count: int) -> None:
    """The ledger up to a date has the same bits if the data ends there, a period later or much later.

    Periods between two trades are computed as one array, whose length depends on what comes later. Weights include
    shorts and loans, so every term of the ledger occurs.
    """
    rng = np.random.default_rng(count)
    length = 60
    returns = rng.normal(0.0, 0.01, (length, count))
    periods = all_priced(returns, rng.normal(1e-4, 1e-5, length), np.full(length, 3))
    terms = Terms(
        TradingTerms(rng.uniform(0, 0.01, count)),
        LoanTerms(0.01, cash_spread=0.002, borrow_fee=rng.uniform(0, 0.05, count)),
        fees=FeeTerms(expense_ratio=rng.uniform(0, 0.05, count), management=0.01),
    )
    decisions = [0, 20, 40]
    targets = rng.normal(1.6 / count, 0.6, (3, count))
    whole = simulate(periods, decisions, targets, 1, terms)
    for end in range(3, length):
        part = simulate(until(periods, end), decisions, targets, 1, terms)
        before = end - 1 - whole.start  # nothing is traded on the last date, so it may differ there
        for name in LEDGER:
            got, expected = getattr(part, name)[:before], getattr(whole, name)[:before]
            assert got.tobytes() == expected.tobytes(), (name, end)


LEDGER = [
    name
    for name in Ledger.__dataclass_fields__
    if not name.startswith("trade")
    and name not in ("start", "targets", "executed", "called", "shortfall", "unpriced_sales")
]


def until(periods: Periods, end: int) -> Periods:
    """Return the first `end` dates."""
    return Periods(periods.prices[:end], periods.cash_returns[:end], periods.days[:end])
