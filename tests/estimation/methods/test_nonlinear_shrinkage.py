"""Analytical nonlinear shrinkage: the paper's formulas term by term, invariances, and errors below the sample."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from backtest.errors import EstimationError
from backtest.estimation.methods.nonlinear_shrinkage import (
    NonlinearShrinkage,
    _density_and_hilbert_transform,
    _kernels_hilbert_transform,
    nonlinear_shrinkage_covariance,
    shrink_eigenvalues,
)
from backtest.numerics.arrays import Floats

ROOT5 = math.sqrt(5)
NODES = np.polynomial.legendre.leggauss(24)


def epanechnikov(x: float) -> float:
    return max(0.0, 3 / (4 * ROOT5) * (1 - x * x / 5))


def its_hilbert_transform(x: float) -> float:
    """Return (1/π) PV ∫ κ(t) / (t - x) dt, in closed form or, if that loses digits, by Gauss and Legendre."""
    if abs(x) == ROOT5:
        return -3 * x / (10 * math.pi)
    if abs(x) > 8:
        return sum(w * epanechnikov(ROOT5 * t) / (ROOT5 * t - x) for t, w in zip(*NODES, strict=True)) * ROOT5 / math.pi
    return -3 * x / (10 * math.pi) + 3 / (4 * ROOT5 * math.pi) * (1 - x * x / 5) * math.log(
        abs((ROOT5 - x) / (ROOT5 + x))
    )


def papers_estimate(returns: Floats) -> Floats:
    """Shrink eigenvalue by eigenvalue, by complex arithmetic: d = λ / |1 - c - c λ m̆(λ)|², m̆ = π (Hf + i f)."""
    observations, assets = len(returns) - 1, returns.shape[1]
    c, h = assets / observations, observations ** (-1 / 3)
    eigenvalues, vectors = np.linalg.eigh(np.cov(returns.T))
    zeros = max(assets - observations, 0)
    positive = eigenvalues[zeros:]
    shrunk = []
    for value in positive:
        density = np.mean([epanechnikov((value - other) / (other * h)) / (other * h) for other in positive])
        transform = np.mean([its_hilbert_transform((value - other) / (other * h)) / (other * h) for other in positive])
        if zeros:
            # f and Hf of all n eigenvalues, n - N of which are zero, from the f and Hf of the N others (equation C.3):
            shrunk.append(value / (math.pi * value) ** 2 / (density**2 + transform**2))
        else:
            m = math.pi * complex(transform, density)
            shrunk.append(value / abs(1 - c - c * value * m) ** 2)
    if zeros:
        # Hf at zero is the mean of κ's own, far from its centre, at x = -1/h.
        at_zero = np.mean([its_hilbert_transform(-1 / h) / (other * h) for other in positive])
        shrunk = [1 / (math.pi * zeros / observations * at_zero)] * zeros + shrunk
    return np.asarray((vectors * np.array(shrunk)) @ vectors.T)


@pytest.mark.parametrize(("count", "assets"), [(13, 2), (30, 10), (61, 60), (60, 59), (41, 60), (20, 100), (300, 20)])
def test_covariance_equals_the_papers_formulas(count: int, assets: int) -> None:
    """To 1e-9: near n = N the smallest eigenvalue, which is often a divisor, has lost some digits."""
    random = np.random.default_rng(count)
    returns = (
        random.normal(size=(count, assets)) * np.linspace(0.01, 0.03, assets) + random.normal(size=(count, 1)) / 100
    )
    expected = papers_estimate(returns)
    found = nonlinear_shrinkage_covariance(returns)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.diagonal(expected).max())


@pytest.mark.parametrize("x", [-3.0, -1.0, 0.0, 0.7, 2.2, 5.0, 9.999, 10.0, -10.0, 1e3, -1e6, 1e12])
def test_hilbert_transform_of_the_kernel_equals_its_integral(x: float) -> None:
    """(1/π) PV ∫ κ(t) / (t - x) dt by quadrature, near and far; 1e-8 is the accuracy of the quadrature."""
    inside = abs(x) < ROOT5
    if inside:
        value, _ = quad(lambda t: 3 / (4 * ROOT5) * (1 - t * t / 5), -ROOT5, ROOT5, weight="cauchy", wvar=x)
    else:
        value, _ = quad(lambda t: epanechnikov(t) / (t - x), -ROOT5, ROOT5)
    assert its_hilbert_transform(x) == pytest.approx(value / math.pi, rel=1e-8, abs=1e-12)
    assert _kernels_hilbert_transform(np.array(x)) == pytest.approx(its_hilbert_transform(x), rel=1e-13, abs=1e-16)


def test_eigenvalues_at_the_end_of_each_others_kernel_are_finite() -> None:
    """The logarithm is infinite where its factor is zero: with x = ±sqrt(5) both results are finite."""
    h = 0.1
    density, transform = _density_and_hilbert_transform(np.array([1.0, 1 + ROOT5 * h]), h)
    assert np.isfinite(density).all()
    assert np.isfinite(transform).all()
    other = 1 + ROOT5 * h
    expected = np.mean([its_hilbert_transform(0.0) / h, its_hilbert_transform((1 - other) / (other * h)) / (other * h)])
    assert transform[0] == pytest.approx(expected, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(40, 5), (40, 30), (25, 40)]))
def test_rotated_returns_have_the_rotated_covariance(seed: int, shape: tuple[int, int]) -> None:
    """Σ(XQ) = Qᵀ Σ(X) Q, and the sample's eigenvectors stay: Σ S = S Σ. 1e-9 as small eigenvalues lose digits."""
    random = np.random.default_rng(seed)
    returns = random.normal(size=shape) * np.linspace(0.5, 2, shape[1])
    rotation = np.linalg.qr(random.normal(size=(shape[1], shape[1])))[0]
    found, sample = nonlinear_shrinkage_covariance(returns), np.cov(returns.T)
    rotated = nonlinear_shrinkage_covariance(returns @ rotation)
    np.testing.assert_allclose(rotated, rotation.T @ found @ rotation, rtol=0, atol=1e-9)
    np.testing.assert_allclose(sample @ found, found @ sample, rtol=0, atol=1e-12 * np.trace(sample) ** 2)


@pytest.mark.parametrize(("count", "assets"), [(120, 60), (60, 60), (61, 60), (40, 100), (252, 50)])
def test_the_error_is_smaller_than_the_samples_and_the_matrix_positive_definite(count: int, assets: int) -> None:
    """In each of ten samples of a known covariance (eigenvalues from 1 to 10), with a singular sample or not."""
    truth = np.diag(np.linspace(1, 10, assets))
    for seed in range(10):
        returns = np.random.default_rng(seed).normal(size=(count, assets)) * np.sqrt(np.diagonal(truth))
        found = nonlinear_shrinkage_covariance(returns)
        assert np.linalg.eigvalsh(found).min() > 0
        assert np.sum((found - truth) ** 2) < 0.7 * np.sum((np.cov(returns.T) - truth) ** 2)


def test_combination_of_assets_does_not_count_as_an_asset() -> None:
    """With x₃ = (x₁ + x₂)/sqrt(2) the directions of the plane are shrunk like two assets; the third has no variance."""
    returns = np.random.default_rng(4).normal(size=(50, 2))
    three = np.column_stack([returns, returns.sum(axis=1) / math.sqrt(2)])
    found = nonlinear_shrinkage_covariance(three)
    eigenvalues = np.linalg.eigvalsh(np.cov(three.T))
    expected, _ = shrink_eigenvalues(eigenvalues[1:], 2, 49)
    np.testing.assert_allclose(np.linalg.eigvalsh(found), [0.0, *sorted(expected)], rtol=1e-9, atol=1e-14)


def test_a_repeated_return_counts_once_in_a_singular_sample() -> None:
    """30 returns, one of them twice: rank 28, still positive definite."""
    returns = np.random.default_rng(4).normal(size=(30, 50))
    returns[7] = returns[21]
    found = nonlinear_shrinkage_covariance(returns)
    assert np.linalg.eigvalsh(found).min() > 0.3
    assert np.linalg.eigvalsh(found).max() < 3


@pytest.mark.parametrize("assets", [3, 40])
def test_too_few_returns_are_an_error(assets: int) -> None:
    returns = np.random.default_rng(4).normal(size=(13, assets))
    nonlinear_shrinkage_covariance(returns)
    with pytest.raises(EstimationError, match="11 observations"):
        nonlinear_shrinkage_covariance(returns[:12])


def test_the_estimator_takes_the_last_returns() -> None:
    """They include the row itself."""
    returns = np.random.default_rng(1).normal(size=(50, 3))
    found = NonlinearShrinkage(window=24).covariances(returns, [22, 49], 12)
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], nonlinear_shrinkage_covariance(returns[26:]))
