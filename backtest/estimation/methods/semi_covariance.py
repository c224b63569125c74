"""Semi-covariance: co-movement below a threshold only."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

import numpy as np
from pydantic import FiniteFloat

from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.windows.rolling import rolling_covariances
from backtest.numerics.arrays import Floats


class SemiCovariance(Estimator):
    """Semi-covariance of the last `window` excess returns below a threshold (Estrada 2008).

    Its volatilities are semi-deviations: for symmetric returns without drift, 1/sqrt(2) of the standard deviations.
    A target volatility uses them without conversion.

    Definitions: docs/conventions/estimation.md#semi-covariance

    Args:
        threshold: excess return below which a period counts, decimal per period; 0 counts periods with less than the
            cash return.
    """

    covariance: Literal["semi_covariance"] = "semi_covariance"
    formula: ClassVar[str] = "Σ min(x - τ, 0) min(x - τ, 0)ᵀ / T, x the excess returns, mean not subtracted"
    source: ClassVar[str] = "Estrada (2008), J. Applied Finance 18"
    threshold: FiniteFloat = 0.0

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        estimate = partial(semi_covariance, threshold=self.threshold)
        window = window_rows(self.window, periods_per_year)
        return rolling_covariances(excess_returns, rows, window, estimate, self.missing)


def semi_covariance(returns: Floats, threshold: float = 0.0) -> Floats:
    """Return Σ_ij = (1/T) Σ_t min(x_ti - τ, 0) min(x_tj - τ, 0).

    The matrix is positive semi-definite because it is the product of a matrix with its transpose. Definitions that
    depend on whether the portfolio fell do not have this property. Source: Estrada (2008), "Mean-semivariance
    optimization: a heuristic approach", Journal of Applied Finance 18, equation 8. The divisor is T because the
    threshold is given and no mean is estimated.

    Args:
        returns: (T, n) decimal per period, none missing.
        threshold: τ, decimal per period.

    Returns:
        (n, n) decimal² per period; zeros for an asset that never fell below the threshold.

    Example:
        >>> semi_covariance(np.array([[-0.02, -0.01], [0.05, -0.03]])).round(6).tolist()
        [[0.0002, 0.0001], [0.0001, 0.0005]]
    """
    shortfalls = np.minimum(returns - threshold, 0.0)
    covariance: Floats = shortfalls.T @ shortfalls / len(returns)
    return covariance
