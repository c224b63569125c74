"""Weights inversely proportional to variance."""

import numpy as np

from backtest.risk import inverse_variance_weights, minimum_variance_weights
from support.worked_cases import hrp_example


def test_weights_equal_the_papers_example() -> None:
    """López de Prado (2016), the table's third column, to the digits printed."""
    weights = inverse_variance_weights(hrp_example.covariance())
    assert (100 * weights).round(2).tolist() == hrp_example.INVERSE_VARIANCE


def test_weights_without_correlation_have_minimum_variance() -> None:
    """Markowitz: Σ⁻¹1 / 1ᵀΣ⁻¹1 of a diagonal matrix; volatilities over twelve orders of magnitude, as a stack too."""
    rng = np.random.default_rng(0)
    stack = np.stack([np.diag(10 ** rng.uniform(-12, 12, 6)) for _ in range(5)])
    np.testing.assert_allclose(inverse_variance_weights(stack), minimum_variance_weights(stack), rtol=1e-12)
    assert inverse_variance_weights(stack[2]).tobytes() == inverse_variance_weights(stack)[2].tobytes()
