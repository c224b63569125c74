"""Estimates over rolling windows: the returns that an estimate uses, and the values of assets left out."""

import numpy as np
import pytest

from backtest.errors import EstimationError
from backtest.estimation.constant_assets import columns_that_vary, estimate_where_varying
from backtest.estimation.windows.rolling import rolling_covariances, scale_correlation, unit_diagonal
from backtest.numerics.arrays import Floats

RETURNS = np.random.default_rng(3).normal(0.001, 0.02, (40, 4))


def second_moment(returns: Floats) -> Floats:
    moment: Floats = returns.T @ returns / len(returns)
    return moment


def test_asset_with_a_missing_return_is_left_out() -> None:
    """The estimate sees only the other assets; once the gap is out of the window, all are back, to the last bit."""
    gap = RETURNS.copy()
    gap[25, 2] = np.nan
    found = rolling_covariances(gap, [10, 24, 30, 37], 12, second_moment)
    others = np.ix_([0, 1, 3], [0, 1, 3])
    without = rolling_covariances(RETURNS[:, [0, 1, 3]], [30], 12, second_moment)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[2][2]).all()
    assert np.isnan(found[2][:, 2]).all()
    assert found[2][others].tobytes() == without[0].tobytes()
    whole = rolling_covariances(RETURNS, [24, 37], 12, second_moment)
    assert found[[1, 3]].tobytes() == whole.tobytes()


def test_complete_rows_leave_the_row_out_for_all_assets() -> None:
    """With `complete_rows` the estimate has one return less; too few are an error."""
    gap = RETURNS.copy()
    gap[25, 2] = np.nan
    found = rolling_covariances(gap, [30], 12, second_moment, "complete_rows")
    np.testing.assert_array_equal(found[0], second_moment(np.delete(RETURNS[19:31], 6, axis=0)))
    with pytest.raises(EstimationError, match="1 of 2 rows"):
        rolling_covariances(gap, [26], 2, second_moment, "complete_rows")


def test_constant_assets_have_zeros() -> None:
    """The constant may be nonzero, and its mean rounded: the mean of three times 0.1 is not 0.1."""
    flat = np.column_stack([RETURNS[:3, 0], np.full(3, 0.1), np.zeros(3)])
    assert columns_that_vary(flat).tolist() == [True, False, False]
    found = estimate_where_varying(flat, lambda returns: np.full((returns.shape[1],) * 2, 7.0))
    assert found.tolist() == [[7.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert not estimate_where_varying(flat[:, 1:], second_moment).any()


def test_correlation_scaled_by_volatilities_is_the_covariance() -> None:
    """Splitting and combining agree to a few last bits; variances have the same bits."""
    covariance = np.cov(RETURNS.T)
    volatilities = np.sqrt(np.diagonal(covariance))
    correlation = unit_diagonal(covariance)
    np.testing.assert_allclose(correlation, np.corrcoef(RETURNS.T), rtol=0, atol=1e-15)
    assert (np.diagonal(correlation) == 1).all()
    np.testing.assert_allclose(scale_correlation(correlation, volatilities), covariance, rtol=1e-14)
    assert (np.diagonal(scale_correlation(correlation, volatilities)) == volatilities**2).all()
