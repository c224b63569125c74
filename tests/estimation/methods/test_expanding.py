"""Covariance of all returns so far, compared with pandas' `expanding`, and the start of its history."""

import numpy as np
import pandas as pd
import pytest

from backtest.estimation.methods.expanding import expanding_sample_covariance
from support.builders.covariance_error import error

RETURNS = np.random.default_rng(10).normal(0.0005, 0.01, (300, 4)) * [1.0, 0.3, 2.0, 1.0]


def test_covariance_equals_pandas_expanding() -> None:
    """Each date continues the sums of the date before."""
    rows = [9, 10, 11, 50, 51, 120, 299]
    expected = pd.DataFrame(RETURNS).expanding().cov()
    for matrix, row in zip(expanding_sample_covariance(RETURNS, rows, 10), rows, strict=True):
        assert error(matrix, expected.loc[row].to_numpy()) < 1e-12


def test_an_asset_that_joins_shortens_the_history_of_all() -> None:
    """This begins once it has enough returns; before, the others have all of theirs. A gap restarts its history."""
    late = RETURNS.copy()
    late[:100, 3] = np.nan
    late[200, 0] = np.nan
    found = expanding_sample_covariance(late, [108, 109, 199, 205, 210], 10)
    assert np.isnan(found[0][3]).all()
    assert error(found[0][:3, :3], np.cov(RETURNS[:109, :3].T)) < 1e-12
    assert error(found[1], np.cov(RETURNS[100:110].T)) < 1e-12
    assert error(found[2], np.cov(RETURNS[100:200].T)) < 1e-12
    assert np.isnan(found[3][0]).all()
    assert error(found[3][1:, 1:], np.cov(RETURNS[100:206, 1:].T)) < 1e-12
    assert error(found[4], np.cov(RETURNS[201:211].T)) < 1e-12


def test_complete_rows_lose_a_row_at_a_gap_but_no_history(caplog: pytest.LogCaptureFixture) -> None:
    gap = RETURNS.copy()
    gap[:100, 3] = np.nan
    gap[[150, 200], 0] = np.nan
    found = expanding_sample_covariance(gap, [109, 160, 299], 10, "complete_rows")
    assert error(found[0], np.cov(RETURNS[100:110].T)) < 1e-12
    assert error(found[1], np.cov(np.delete(RETURNS[100:161], 50, axis=0).T)) < 1e-12
    assert error(found[2], np.cov(np.delete(RETURNS[100:], [50, 100], axis=0).T)) < 1e-12
    assert caplog.messages[0].startswith("2 rows on which an asset lacks its return are left out")


@pytest.mark.parametrize("first", [1e3, 1e6])
def test_first_returns_far_from_later_returns_lose_no_digits(first: float) -> None:
    """Shifting the sums does not help in this case, so the product of the deviations is used."""
    returns = np.random.default_rng(11).normal(size=(500, 2))
    returns[:2] += first
    (_, found) = expanding_sample_covariance(returns, [1, 499], 2)
    assert error(found, np.cov(returns.T)) < 1e-12
