"""Errors of minimum torsion: portfolios and matrices that have no uncorrelated bets."""

import numpy as np
import pytest

from backtest.errors import BacktestError
from backtest.risk.measures.minimum_torsion import minimum_torsion_shares


@pytest.mark.parametrize(
    ("weights", "covariance", "message"),
    [
        ([1e200, 0.0], np.eye(2), "weights and covariance: the numbers are so large"),
        ([1.0, -1.0], [[1.0, 2.0], [2.0, 1.0]], "covariance: the portfolio's variance is -2"),
        ([0.5, 0.5], [[1.0, 1.0], [1.0, 1.0]], "covariance: it is singular"),
        ([0.5, 0.5], [[1.0, 0.0], [0.0, 0.0]], "covariance: it is singular"),
        ([0.5, 0.5], [np.eye(2), np.ones((2, 2))], r"covariance\[1\]: it is singular"),
    ],
    ids=["too large", "not semi-definite", "singular", "an asset without risk", "the second of a stack"],
)
def test_portfolios_without_bets_are_refused(weights: list[float], covariance: object, message: str) -> None:
    with pytest.raises(BacktestError, match=f"^{message}"):
        minimum_torsion_shares(weights, np.asarray(covariance, dtype=float))
