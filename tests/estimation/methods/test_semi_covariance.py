"""Semi-covariance: its definition, its relation to the covariance, and its sign."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.estimation.methods.semi_covariance import SemiCovariance, semi_covariance


def test_matrix_equals_its_definition_and_the_downside_deviation() -> None:
    """Entry by entry; its diagonal is the square of the downside deviation, which counts all periods."""
    returns = np.random.default_rng(1).normal(0.001, 0.02, (40, 3))
    found = semi_covariance(returns, 0.002)
    for i in range(3):
        for j in range(3):
            terms = [min(a - 0.002, 0) * min(b - 0.002, 0) for a, b in zip(returns[:, i], returns[:, j], strict=True)]
            assert found[i, j] == pytest.approx(sum(terms) / 40, rel=1e-13)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 20))
def test_below_and_above_add_up_to_the_second_moment(seed: int, count: int, assets: int) -> None:
    """With x = min(x, 0) + max(x, 0), both are XᵀX/T less the mixed products, which are negative or zero."""
    returns = np.random.default_rng(seed).normal(size=(count, assets))
    below, above = semi_covariance(returns), semi_covariance(-returns)
    second = returns.T @ returns / count
    assert (below + above >= second - 1e-14).all()
    np.testing.assert_allclose(np.diagonal(below + above), np.diagonal(second), rtol=1e-13)
    assert (below == below.T).all()
    assert np.linalg.eigvalsh(below).min() >= -1e-14 * np.trace(below)


def test_asset_that_always_rose_has_no_semi_variance() -> None:
    returns = np.array([[0.01, -0.01], [0.02, 0.03]])
    np.testing.assert_array_equal(semi_covariance(returns), [[0.0, 0.0], [0.0, 0.00005]])


def test_the_estimator_takes_the_last_returns_and_its_threshold() -> None:
    """The returns include the row itself."""
    returns = np.random.default_rng(1).normal(size=(50, 3))
    found = SemiCovariance(window=24, threshold=0.01).covariances(returns, [22, 49], 12)
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], semi_covariance(returns[26:], 0.01))
