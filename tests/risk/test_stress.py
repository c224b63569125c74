"""Ten thousand hard risk-budgeting problems: each is solved to 1e-9 or rejected with the reason, in bounded work.

From 2 to 200 assets, volatilities up to 1000:1, budgets equal and drawn from two Dirichlet distributions. Solutions are
checked with exact sums, because plain double precision is not sufficient near portfolios without risk.
"""

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from backtest.errors import NoRiskBudgetPortfolio
from backtest.risk.solvers.budgeting import _solve, risk_parity_weights

Kind = Callable[[np.random.Generator, int], np.ndarray]
PROBLEMS = {2: 150, 3: 150, 5: 150, 8: 150, 13: 130, 20: 120, 35: 80, 60: 50, 100: 20, 200: 10}  # of each kind
ACCURACY = 1e-9


def equicorrelation(correlation: float, n: int) -> np.ndarray:
    return np.asarray((1 - correlation) * np.eye(n) + correlation)


def two_blocks(correlation: float, n: int) -> np.ndarray:
    sides = np.where(np.arange(n) % 2, -1, 1)
    return np.asarray((1 - correlation) * np.eye(n) + correlation * np.outer(sides, sides))


def pairs(correlation: float, n: int) -> np.ndarray:
    return np.kron(np.eye((n + 1) // 2), [[1, -correlation], [-correlation, 1]])[:n, :n]


def of_returns(rng: np.random.Generator, observations: int, n: int, market: float = 0.0) -> np.ndarray:
    returns = rng.normal(size=(observations, n)) + market * rng.normal(size=(observations, 1))
    return np.asarray(returns.T @ returns)


KINDS: dict[str, Kind] = {
    "one factor": lambda rng, n: of_returns(rng, 3 * n, n, market=1.0),
    "independent": lambda rng, n: of_returns(rng, 3 * n, n),
    "random correlations": lambda rng, n: of_returns(rng, n, n),
    "equicorrelation 0.999": lambda _, n: equicorrelation(0.999, n),
    "equicorrelation near -1/(n-1)": lambda rng, n: equicorrelation(10.0 ** rng.uniform(-5, -1) - 1 / (n - 1), n),
    "blocks of 0.999": lambda _, n: two_blocks(0.999, n),
    "pairs of -0.999": lambda _, n: pairs(0.999, n),
    "blocks beyond precision": lambda _, n: two_blocks(1 - 1e-12, n),
    "fewer observations": lambda rng, n: of_returns(rng, n - 1, n),
    "half as many observations": lambda rng, n: of_returns(rng, (n + 1) // 2, n, market=0.5),
}
EASY = {"one factor", "independent", "equicorrelation 0.999"}  # these must be solved


def exact_shares(covariance: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Shares of risk from sums rounded once: factors are split into halves whose products are exact."""
    high = covariance * 134217729.0
    high -= high - covariance
    wide = weights * 134217729.0
    wide -= wide - weights
    low, narrow = covariance - high, weights - wide
    terms = np.concatenate([high * wide, high * narrow, low * wide, low * narrow], axis=1)
    products = weights * [math.fsum(row) for row in terms.tolist()]
    return np.asarray(products / math.fsum(products))


def cases(n: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return names, covariances (m, n, n) and budgets (m, n)."""
    rng = np.random.default_rng(n)
    names = [name for name in KINDS for _ in range(PROBLEMS[n])]
    volatility = 10 ** rng.uniform(-1.5, 1.5, size=(len(names), n))
    stack = np.stack([KINDS[name](rng, n) for name in names])
    scale = volatility / np.sqrt(np.einsum("mii->mi", stack))
    drawn = [np.full(n, 1 / n), rng.dirichlet(np.full(n, 4.0)), rng.dirichlet(np.ones(n))]
    budgets = np.stack([drawn[k % 3] if k % 3 == 0 else rng.permutation(drawn[k % 3]) for k in range(len(names))])
    return names, stack * scale[:, :, None] * scale[:, None, :], budgets / budgets.sum(axis=1, keepdims=True)


def test_there_are_ten_thousand_problems() -> None:
    assert sum(PROBLEMS.values()) * len(KINDS) >= 10_000


@pytest.mark.parametrize("n", PROBLEMS)
def test_each_problem_is_solved_or_rejected_with_the_reason(n: int) -> None:
    names, stack, budgets = cases(n)
    weights, error, iterations = _solve(stack, budgets)
    refused: Counter[str] = Counter()
    for k, name in enumerate(names):
        if error[k] <= 1e-10:
            shares = exact_shares(stack[k], weights[k])
            assert np.abs(shares / budgets[k] - 1).max() <= ACCURACY, (name, k)
            assert (weights[k] > 0).all()
        else:
            with pytest.raises(NoRiskBudgetPortfolio, match=r"has no risk|beyond double precision"):
                risk_parity_weights(stack[k], budgets[k])
            refused[name] += 1
    assert not EASY & set(refused)
    assert sum(refused.values()) < 0.45 * len(names), refused
    assert (iterations <= 400 + 70 * (n + 22)).all()  # the bound that `solve_risk_budgets` states


@pytest.mark.parametrize("observations", [5, 10, 20, 30])
def test_work_is_bounded_if_there_is_no_solution(observations: int) -> None:
    """80 assets, some of which cancel out exactly: the solver detects this instead of diverging."""
    stack = of_returns(np.random.default_rng(6), observations, 80)[None]
    _, error, iterations = _solve(stack, np.full((1, 80), 1 / 80))
    with pytest.raises(NoRiskBudgetPortfolio, match="has no risk"):
        risk_parity_weights(stack[0])
    assert not error[0] <= 1e-10
    assert 10 < iterations[0] < 2000
