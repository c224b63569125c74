"""Oracle approximating shrinkage (OAS) of the sample covariance to a multiple of identity."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.methods.ledoit_wolf import shrink_to_identity
from backtest.estimation.windows.rolling import shrunk_samples
from backtest.numerics.arrays import Floats


class OAS(Estimator):
    """Oracle approximating shrinkage to a multiple of identity (Chen, Wiesel, Eldar and Hero 2010).

    It assumes normal returns, and shrinks more than `ledoit_wolf` if the window is short.

    Definitions: docs/conventions/estimation.md#shrinkage
    """

    covariance: Literal["oas"] = "oas"
    formula: ClassVar[str] = "(1 - δ) S + δ μ I as in `ledoit_wolf`, with the δ for normal returns"
    source: ClassVar[str] = "Chen, Wiesel, Eldar, Hero (2010), as in scikit-learn"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return shrunk_samples(excess_returns, rows, window, _shrink, self.missing)


def oas_covariance(returns: Floats) -> Floats:
    """Return Σ = (1 - δ) S + δ μ I: μ the mean variance, S the sample covariance with divisor T.

    δ = min(1, (tr S² + tr²S) / ((T + 1) (tr S² - tr²S / n))). This is the formula of scikit-learn and of the packages
    that build on it. Chen, Wiesel, Eldar and Hero (2010), "Shrinkage algorithms for MMSE covariance estimation", IEEE
    Transactions on Signal Processing 58, equation 23, have (1 - 2/n) in front of the first tr S² and T + 1 - 2/n
    instead of T + 1. For many assets the two agree; for few assets the paper shrinks less (at n = 6, δ is smaller by up
    to a sixth).

    Args:
        returns: (T, n) decimal per period, none missing.

    Returns:
        (n, n) decimal² per period; positive definite if any return varies.

    Example:
        >>> oas_covariance(np.array([[0.01, 0.0], [-0.01, 0.0], [0.01, 0.02], [-0.01, -0.02]])).round(6).tolist()
        [[0.00015, 0.0], [0.0, 0.00015]]
    """
    deviations = returns - returns.mean(axis=0)
    return _shrink(deviations.T @ deviations / len(returns), returns)


def _shrink(sample: Floats, returns: Floats) -> Floats:
    """Return a sample covariance, divisor T, shrunk to identity."""
    count, assets = returns.shape
    squares, trace = np.sum(sample**2), np.trace(sample)
    spread = (count + 1) * (squares - trace**2 / assets)
    intensity = min((squares + trace**2) / spread, 1.0) if spread > 0 else 1.0
    return shrink_to_identity(sample, intensity)
