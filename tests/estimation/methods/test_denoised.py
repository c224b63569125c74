"""Marchenko-Pastur denoising: the law, and what it keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.estimation.methods.denoised import (
    Denoised,
    denoised_correlation,
    denoised_covariance,
    noise_edge,
)
from backtest.numerics.arrays import Floats
from support.builders.factor_returns import returns_of_blocks


def eigenvalues_of(returns: Floats) -> Floats:
    return np.asarray(np.linalg.eigvalsh(np.asarray(np.corrcoef(returns.T))), np.float64)


@pytest.mark.parametrize(("count", "assets"), [(500, 50), (252, 100), (60, 100)])
def test_edge_bounds_the_eigenvalues_of_pure_noise(count: int, assets: int) -> None:
    """With pure noise the largest eigenvalue tends to (1 + sqrt(n/T))², within some n^(-2/3): here under 10 %."""
    eigenvalues = eigenvalues_of(np.random.default_rng(assets).normal(size=(count, assets)))
    assert eigenvalues[-1] == pytest.approx((1 + np.sqrt(assets / count)) ** 2, rel=0.1)
    assert noise_edge(eigenvalues, count) == pytest.approx(eigenvalues[-1], rel=0.15)


@pytest.mark.parametrize("factors", [1, 2, 4])
def test_as_many_eigenvalues_exceed_the_edge_as_there_are_factors(factors: int) -> None:
    """Ten samples each of 60 assets: the factors of the blocks (with one block, the market factor)."""
    for seed in range(10):
        eigenvalues = eigenvalues_of(returns_of_blocks(seed, 600, 60, factors))
        assert np.sum(eigenvalues > noise_edge(eigenvalues, 600)) == factors


@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 40), st.integers(1, 3))
def test_variances_are_kept_and_the_matrix_is_positive_semidefinite(
    seed: int, count: int, assets: int, factors: int
) -> None:
    """Variances equal the sample's; eigenvalues are at or above zero up to the rounding of their sum."""
    returns = returns_of_blocks(seed, count, assets, factors)
    found = denoised_covariance(returns)
    np.testing.assert_allclose(np.diagonal(found), returns.var(axis=0, ddof=1), rtol=1e-13)
    assert (found == found.T).all()
    assert np.linalg.eigvalsh(found).min() >= -1e-14 * np.trace(found)


def test_a_singular_sample_becomes_positive_definite() -> None:
    """40 returns of 60 assets: the mean of the noise's eigenvalues, including zeros, is above zero."""
    correlation = np.asarray(np.corrcoef(returns_of_blocks(1, 40, 60, 1).T))
    assert np.linalg.eigvalsh(denoised_correlation(correlation, 40)).min() > 0.1


def test_error_is_smaller_than_the_samples() -> None:
    """Ten samples with one factor, all correlations 0.4, and 120 returns of 50 assets."""
    truth = 0.4 * np.ones((50, 50)) + 0.6 * np.eye(50)
    for seed in range(10):
        returns = np.random.default_rng(seed).normal(size=(120, 50)) @ np.linalg.cholesky(truth).T
        sample = np.asarray(np.corrcoef(returns.T))
        assert np.sum((denoised_correlation(sample, 120) - truth) ** 2) < 0.8 * np.sum((sample - truth) ** 2)


def test_the_estimator_takes_the_last_returns() -> None:
    """They include the row itself; an asset that never varies has zeros."""
    returns = returns_of_blocks(1, 50, 4, 1)
    returns[:, 2] = 0.0
    found = Denoised(window=24).covariances(returns, [22, 49], 12)
    assert np.isnan(found[0]).all()
    expected = denoised_covariance(returns[26:])
    np.testing.assert_allclose(found[1], expected, rtol=0, atol=1e-14 * expected.max())  # sums in another order
    assert (found[1, 2] == 0).all()
