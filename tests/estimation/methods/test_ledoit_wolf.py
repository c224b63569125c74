"""Linear shrinkage, compared with the paper's sums, and its effect."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.estimation.methods.ledoit_wolf import (
    LedoitWolf,
    LedoitWolfConstantCorrelation,
    constant_correlation_covariance,
    ledoit_wolf_covariance,
)
from backtest.numerics.arrays import Floats
from support.builders.factor_returns import returns_of_one_factor


def test_degenerate_samples_have_no_division_by_zero() -> None:
    """S = μI needs no shrinkage, and constant returns have nothing to divide by."""
    square = np.array([[0.01, 0.01], [0.01, -0.01], [-0.01, 0.01], [-0.01, -0.01]])
    np.testing.assert_allclose(ledoit_wolf_covariance(square), 1e-4 * np.eye(2), rtol=1e-15)
    assert (ledoit_wolf_covariance(np.full((5, 3), 0.25)) == 0).all()


def honey(returns: Floats) -> tuple[Floats, float]:
    """Return the sums of Ledoit and Wolf (2004), "Honey, I shrunk the sample covariance matrix", as loops."""
    count, assets = returns.shape
    y = returns - returns.mean(axis=0)
    s = np.array([[np.mean(y[:, i] * y[:, j]) for j in range(assets)] for i in range(assets)])
    r = np.array([[s[i, j] / math.sqrt(s[i, i] * s[j, j]) for j in range(assets)] for i in range(assets)])
    mean = 2 / ((assets - 1) * assets) * sum(r[i, j] for i in range(assets) for j in range(i + 1, assets))
    f = np.array(
        [[mean * math.sqrt(s[i, i] * s[j, j]) if i != j else s[i, i] for j in range(assets)] for i in range(assets)]
    )
    pi = sum(np.mean((y[:, i] * y[:, j] - s[i, j]) ** 2) for i in range(assets) for j in range(assets))
    rho = sum(np.mean((y[:, i] ** 2 - s[i, i]) ** 2) for i in range(assets))
    for i in range(assets):
        for j in range(assets):
            if i != j:
                with_i = np.mean((y[:, i] ** 2 - s[i, i]) * (y[:, i] * y[:, j] - s[i, j]))
                with_j = np.mean((y[:, j] ** 2 - s[j, j]) * (y[:, i] * y[:, j] - s[i, j]))
                rho += mean / 2 * (math.sqrt(s[j, j] / s[i, i]) * with_i + math.sqrt(s[i, i] / s[j, j]) * with_j)
    gamma = sum((f[i, j] - s[i, j]) ** 2 for i in range(assets) for j in range(assets))
    intensity = max(0.0, min((pi - rho) / gamma / count, 1.0))
    return intensity * f + (1 - intensity) * s, intensity


@pytest.mark.parametrize(("count", "assets"), [(1000, 4), (250, 5), (300, 7), (12, 20)])
def test_constant_correlation_equals_the_papers_sums(count: int, assets: int) -> None:
    """The intensities are not at a bound, so all of the formula matters; 1e-12 for the order of the sums."""
    returns = returns_of_one_factor(count, count, assets)
    expected, intensity = honey(returns)
    assert 0.02 < intensity < 0.98
    found = constant_correlation_covariance(returns)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.diagonal(expected).max())


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 30))
def test_constant_correlation_keeps_variances_and_is_positive_semidefinite(seed: int, count: int, assets: int) -> None:
    """Variances equal the sample's with divisor T; eigenvalues are at or above zero up to the rounding of their sum."""
    returns = returns_of_one_factor(seed, count, assets)
    found = constant_correlation_covariance(returns)
    np.testing.assert_allclose(np.diagonal(found), returns.var(axis=0), rtol=1e-13)
    assert (found == found.T).all()
    assert np.linalg.eigvalsh(found).min() >= -1e-14 * np.trace(found)


def test_constant_asset_does_not_change_the_others() -> None:
    returns = returns_of_one_factor(1, 50, 4)
    flat = np.insert(returns, 2, 0.0001, axis=1)
    found = constant_correlation_covariance(flat)
    assert (found[2] == 0).all()
    assert (found[:, 2] == 0).all()
    others = np.ix_([0, 1, 3, 4], [0, 1, 3, 4])
    np.testing.assert_array_equal(found[others], constant_correlation_covariance(returns))


@pytest.mark.parametrize(
    ("estimate", "truth"),
    [
        (ledoit_wolf_covariance, np.diag(np.linspace(1, 4, 30))),
        (constant_correlation_covariance, 0.5 * np.ones((30, 30)) + 0.5 * np.eye(30)),
    ],
)
def test_shrinkage_reduces_the_error(estimate: Callable[[Floats], Floats], truth: Floats) -> None:
    """With a truth near the target and 60 returns of 30 assets, the squared error falls by a fifth in 20 samples."""
    root = np.linalg.cholesky(truth)
    for seed in range(20):
        returns = np.random.default_rng(seed).normal(size=(60, 30)) @ root.T
        assert np.sum((estimate(returns) - truth) ** 2) < 0.8 * np.sum((np.cov(returns.T) - truth) ** 2)


@pytest.mark.parametrize(
    ("settings", "formula"),
    [(LedoitWolf, ledoit_wolf_covariance), (LedoitWolfConstantCorrelation, constant_correlation_covariance)],
)
def test_the_estimators_take_the_last_returns(settings: type[LedoitWolf], formula: Callable[[Floats], Floats]) -> None:
    """They include the row itself."""
    returns = returns_of_one_factor(5, 40, 3)
    found = settings(window=12).covariances(returns, [10, 11, 39], 12)
    assert np.isnan(found[0]).all()
    for matrix, part in zip(found[1:], (returns[:12], returns[28:]), strict=True):
        np.testing.assert_allclose(matrix, formula(part), rtol=0, atol=1e-14 * matrix.max())  # sums in another order
