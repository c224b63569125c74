"""Sample covariance over a rolling window."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from backtest.estimation.estimator import Estimator, Missing, window_rows
from backtest.estimation.windows.weighted_sums import rolling_weighted_covariances
from backtest.numerics.arrays import Floats


class Sample(Estimator):
    """Sample covariance of the last `window` excess returns, divisor window - 1.

    Definitions: docs/conventions/estimation.md#sample-and-expanding-windows
    """

    covariance: Literal["sample"] = "sample"
    formula: ClassVar[str] = "Σ x xᵀ / (T - 1)"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return rolling_sample_covariance(excess_returns, rows, window, self.missing)


def rolling_sample_covariance(
    excess_returns: Floats, rows: Sequence[int], window: int, missing: Missing = "complete_assets"
) -> Floats:
    """Return the sample covariance of the last `window` excess returns, up to and including each of the given rows.

    Σ = XᵀX / (window - 1), X the deviations from the mean of the window. Arguments, result and errors are the
    same as in `rolling_weighted_covariances`, with equal weights.

    Example:
        >>> import numpy as np
        >>> rolling_sample_covariance(np.array([[0.01], [0.03], [0.02]]), [0, 1, 2], 2).ravel().round(6).tolist()
        [nan, 0.0002, 5e-05]
    """
    return rolling_weighted_covariances(excess_returns, rows, window, missing=missing)
