"""Decomposition of covariances, and rejection of invalid ones by the position of the matrix and of the asset."""

import numpy as np
import pytest

from backtest.errors import BacktestError, NoOptimalPortfolio
from backtest.risk.measures.correlation import eigenvalues_above, volatilities_and_correlations

GOOD = np.array([[0.04, 0.003], [0.003, 0.01]])


def test_product_of_the_parts_is_the_covariance() -> None:
    """Σ_ij = σ_i σ_j ρ_ij, whatever the scales; the diagonal of correlations is exactly 1."""
    scale = np.array([1e-4, 1.0, 1e6])
    stack = np.array([[[4.0, 1.0, 0.5], [1.0, 9.0, -2.0], [0.5, -2.0, 1.0]]]) * np.outer(scale, scale)
    volatility, correlation, singular = volatilities_and_correlations(stack)
    np.testing.assert_allclose(volatility[:, :, None] * volatility[:, None, :] * correlation, stack, rtol=1e-15)
    assert (np.diagonal(correlation, axis1=1, axis2=2) == 1).all()
    assert not singular.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ([[0.04, np.nan], [np.nan, 0.01]], r"covariance\[1\]: the entry \[0, 1\] is nan, expected finite numbers"),
        (
            [[0.04, 0.0], [0.0, np.nan]],
            r"covariance\[1\]: the variance of asset 1 is nan, expected a variance above zero",
        ),
        ([[0.04, 0.0], [0.0, 0.0]], r"covariance\[1\]: the variance of asset 1 is 0, expected a variance above zero"),
        ([[0.04, 0.004], [0.003, 0.01]], r"covariance\[1\]: the entry \[0, 1\] is 0.004, but \[1, 0\] is 0.003"),
        ([[0.04, 0.022], [0.022, 0.01]], r"covariance\[1\]: its correlations have an eigenvalue of -0.1"),
    ],
)
def test_invalid_covariances_are_rejected(change: list[list[float]], message: str) -> None:
    """The one of a stack that is wrong is named; alone it has no number."""
    with pytest.raises(NoOptimalPortfolio, match=message):
        volatilities_and_correlations(np.stack([GOOD, np.array(change)]))
    with pytest.raises(NoOptimalPortfolio, match=message.replace(r"\[1\]: ", ": ", 1)):
        volatilities_and_correlations(change)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (0, 0), (1, 2, 2, 2)])
def test_a_shape_that_does_not_fit_is_refused(shape: tuple[int, ...]) -> None:
    """For example, a vector of variances is not a covariance."""
    with pytest.raises(BacktestError, match="expected \\(n, n\\), or \\(m, n, n\\) for a stack"):
        volatilities_and_correlations(np.ones(shape))


def test_rounding_does_not_count_as_asymmetry() -> None:
    """The rounding of a product VΛVᵀ, about 1e-16, is accepted, even if it makes an eigenvalue negative."""
    rounded = np.array([[1.0, 1.0 + 4e-16], [1.0, 1.0]])
    _, correlation, singular = volatilities_and_correlations(rounded)
    np.testing.assert_array_equal(correlation[0], correlation[0].T)
    assert singular.tolist() == [True]


def test_eigenvalues_above_compares_the_smallest_eigenvalue() -> None:
    """Each matrix of a stack for itself, against its eigenvalues."""
    rng = np.random.default_rng(0)
    stack = np.stack([np.corrcoef(rng.standard_normal((5, 8 + k))) for k in range(20)])
    least = np.linalg.eigvalsh(stack)[:, 0]
    bar = float(np.median(least)) + 1e-6
    np.testing.assert_array_equal(eigenvalues_above(stack, bar), least > bar)
    assert eigenvalues_above(stack, -1e-3).all()
