"""Checks of a covariance matrix."""

import numpy as np
import pytest

from backtest.risk.accuracy import COVARIANCE_TOLERANCE
from backtest.risk.solvers.covariance_kernel import has_correlations


@pytest.mark.parametrize(
    ("correlation", "valid"),
    [
        (0.0, True),
        (-1.0, True),
        (1 + COVARIANCE_TOLERANCE / 2, True),
        (1 + 2 * COVARIANCE_TOLERANCE, False),
        (np.nan, False),
    ],
)
def test_correlations_lie_within_one_up_to_the_tolerance(correlation: float, valid: bool) -> None:
    cov = np.array([[0.04, 0.02 * correlation], [0.02 * correlation, 0.01]])
    cov.setflags(write=False)
    assert has_correlations(cov, np.array([0.2, 0.1])) is valid
