"""The rolling sample covariance, held to numpy's and pandas' own, and its windows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.estimation.estimator import window_rows
from backtest.estimation.sample import Sample, rolling_sample_covariance

RETURNS = np.random.default_rng(3).normal(0.001, 0.02, (60, 4))
ROUNDING = 1e-16  # of entries near 4e-4: a few units in the last place


def test_each_window_is_numpys_covariance_of_its_last_returns() -> None:
    """Divisor window - 1, up to and including the row itself: one row earlier or later would fail."""
    found = rolling_sample_covariance(RETURNS, [11, 30, 59], 12)
    for matrix, row in zip(found, (11, 30, 59), strict=True):
        np.testing.assert_allclose(matrix, np.cov(RETURNS[row - 11 : row + 1].T), rtol=0, atol=ROUNDING)


def test_it_is_pandas_rolling_covariance() -> None:
    """A second algorithm, with running sums: its updates lose some digits, hence 1e-15."""
    rolled = pd.DataFrame(RETURNS).rolling(20).cov()
    found = rolling_sample_covariance(RETURNS, list(range(60)), 20)
    for row in range(60):
        np.testing.assert_allclose(found[row], rolled.loc[row], rtol=0, atol=1e-15, equal_nan=True)


def test_a_window_that_is_not_full_has_no_covariance() -> None:
    """Neither before enough rows, nor for an asset that lacks a return; the others keep theirs, to the last bit."""
    gap = RETURNS.copy()
    gap[25, 2] = np.nan
    whole = rolling_sample_covariance(RETURNS, [10, 11, 30, 40], 12)
    found = rolling_sample_covariance(gap, [10, 11, 30, 40], 12)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[2][2]).all()
    assert np.isnan(found[2][:, 2]).all()
    others = np.ix_([0, 1, 3], [0, 1, 3])
    assert np.isfinite(found[2][others]).all()
    np.testing.assert_allclose(found[2][others], whole[2][others], rtol=0, atol=ROUNDING)
    assert found[3].tobytes() == whole[3].tobytes()


@given(st.integers(2, 12), st.floats(0.1, 10.0), st.integers(0, 2**32 - 1))
def test_it_scales_with_the_square_and_ignores_a_constant(window: int, scale: float, seed: int) -> None:
    """cov(c + s x) = s² cov(x), to the rounding of the constant, which is 1: hence 1e-14 of a variance near 1."""
    x = np.random.default_rng(seed).normal(size=(12, 3))
    (plain,) = rolling_sample_covariance(x, [11], window)
    (moved,) = rolling_sample_covariance(1.0 + scale * x, [11], window)
    np.testing.assert_allclose(moved, scale**2 * plain, rtol=0, atol=1e-13 * max(1.0, scale**2))


@pytest.mark.parametrize(
    ("window", "periods", "rows"), [(36, 12, 36), ("3Y", 12, 36), ("3Y", 252, 756), ("252D", 12, 252)]
)
def test_a_window_in_rows(window: int | str, periods: int, rows: int) -> None:
    assert window_rows(Sample(window=window).window, periods) == rows
