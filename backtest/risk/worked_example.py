"""Worked example: the risk contributions of a given portfolio, next to equal risk contributions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats
from backtest.risk.accuracy import COVARIANCE_TOLERANCE
from backtest.risk.measures.contributions import portfolio_volatility, risk_contributions
from backtest.risk.solvers.budgeting import risk_parity_weights


@dataclass(frozen=True, eq=False)
class RiskOfPortfolio:
    """Weights and their risk: (n,) arrays.

    Args:
        weights: fractions of NAV.
        contributions: w_i (Σw)_i / σ; they add up to the volatility.
        shares: contributions / volatility; they add up to 1.
        volatility: volatility of the portfolio.
    """

    weights: Floats
    contributions: Floats
    shares: Floats
    volatility: float


def worked_example(
    volatilities: Sequence[float], correlations: Sequence[float], weights: Sequence[float]
) -> tuple[RiskOfPortfolio, RiskOfPortfolio]:
    """Return the risk of given weights, and the risk of the equal-risk-contribution weights.

    Args:
        volatilities: n numbers above 0, decimal a year (any period gives the same shares).
        correlations: one number for all pairs, or n(n-1)/2 numbers in the order 1-2, 1-3, ..., 2-3, ...
        weights: n fractions of NAV.

    Raises:
        BacktestError: counts do not fit, a volatility is not above 0, the correlations are impossible together, or the
            portfolio has no risk.

    Example, from the article:
        >>> given, equal = worked_example([0.15, 0.05], [0.2], [0.6, 0.4])
        >>> given.shares.round(3).tolist(), equal.weights.round(4).tolist(), round(equal.volatility, 4)
        ([0.918, 0.082], [0.25, 0.75], 0.0581)
    """
    sigma, held = np.asarray(volatilities, dtype=float), np.asarray(weights, dtype=float)
    count = len(sigma)
    if not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise BacktestError(f"volatilities {_text(volatilities)}: expected finite numbers above 0, such as 0.15,0.05")
    if len(held) != count or not np.isfinite(held).all():
        raise BacktestError(f"weights {_text(weights)}: expected {count} finite numbers, one for each volatility")
    covariance = _correlation_matrix(correlations, count) * np.outer(sigma, sigma)
    if not held @ covariance @ held > 0:
        raise BacktestError(f"weights {_text(weights)}: the portfolio has no risk to contribute to")
    equal = risk_parity_weights(covariance)
    return _risk_of(held, covariance), _risk_of(equal, covariance)


def _correlation_matrix(correlations: Sequence[float], count: int) -> Floats:
    pairs = count * (count - 1) // 2
    given = np.asarray(correlations, dtype=float)
    if len(given) not in (1, pairs):
        expected = "one number" if pairs <= 1 else f"one number, or {pairs}: one a pair"
        raise BacktestError(f"correlation {_text(correlations)}: expected {expected}")
    if not (np.abs(given) <= 1).all():
        raise BacktestError(f"correlation {_text(correlations)}: expected numbers from -1 to 1")
    matrix = np.eye(count)
    upper = np.triu_indices(count, 1)
    matrix[upper] = given if len(given) == pairs else given[0]
    matrix.T[upper] = matrix[upper]
    if float(np.linalg.eigvalsh(matrix)[0]) < -COVARIANCE_TOLERANCE:
        hint = f" Hint: a single correlation must be {-1 / (count - 1):.3g} or more." if len(given) == 1 else ""
        raise BacktestError(f"correlation {_text(correlations)}: {count} assets cannot be correlated like that.{hint}")
    return matrix


def _risk_of(weights: Floats, covariance: Floats) -> RiskOfPortfolio:
    volatility = float(portfolio_volatility(weights, covariance))
    contributions = risk_contributions(weights, covariance)
    return RiskOfPortfolio(weights, contributions, contributions / volatility, volatility)


def _text(numbers: Sequence[float]) -> str:
    return ",".join(f"{number:g}" for number in numbers)
