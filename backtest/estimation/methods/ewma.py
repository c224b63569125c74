"""Exponentially weighted covariance, parametrised by half-life."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from backtest.estimation.estimator import Estimator, HalfLife, Missing, Window, window_rows
from backtest.estimation.windows.weighted_sums import (
    rescale_variances,
    rolling_weighted_covariances,
    rolling_weighted_variances,
    weighted_covariance,
)
from backtest.estimation.windows.window_sizes import scatter, shortened_windows
from backtest.numerics.arrays import Floats


class EWMA(Estimator):
    """Exponentially weighted covariance: a return counts half as much as a return that is `half_life` younger.

    Weights are 2^(-age / half_life) over the window's returns, as in RiskMetrics (J.P. Morgan 1996, "RiskMetrics
    Technical Document", where λ = 0.94 is a half-life of 11 days). Unlike in RiskMetrics, the weighted mean is
    subtracted, and the divisor corrects for it: with a long half-life this is the sample covariance.

    Definitions: docs/conventions/estimation.md#exponential-weights

    Args:
        half_life: periods (11), years ("1Y") or rows ("63D"). Over a long window the number of effective observations
            1 / Σw² is about 2.9 half-lives.
        correlation_half_life: half-life of the correlations; by default the half-life of the volatilities. Correlations
            are noisier, so they are usually given a longer half-life.
    """

    covariance: Literal["ewma"] = "ewma"
    formula: ClassVar[str] = "Σ w x xᵀ / (1 - Σw²), m = Σ w x_t, w ∝ 2^(-age / half-life), Σw = 1"
    source: ClassVar[str] = "RiskMetrics (1996), for the weights"
    window: Window = "5Y"
    half_life: HalfLife = "1Y"
    correlation_half_life: HalfLife | None = None

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        half_life = window_rows(self.half_life, periods_per_year)
        correlation_half_life = window_rows(self.correlation_half_life or self.half_life, periods_per_year)
        return rolling_ewma_covariance(
            excess_returns, rows, window, half_life, correlation_half_life, missing=self.missing
        )


def rolling_ewma_covariance(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    half_life: float,
    correlation_half_life: float,
    *,
    missing: Missing = "complete_assets",
) -> Floats:
    """Return covariances with exponential weights over the last `window` excess returns.

    Σ_ij = σ_i ρ_ij σ_j, with σ² and ρ from `weighted_covariance` at the decays 2^(-1 / half_life) and
    2^(-1 / correlation_half_life). This is DCD, where C is the covariance at the second decay and D is the diagonal
    matrix of the ratios of volatilities. It is positive semi-definite because C is.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        half_life: half-life of the volatilities, in rows.
        correlation_half_life: half-life of the correlations, in rows.
        missing: as in `window_places`.

    Returns:
        (m, n, n) decimal² per period; NaN and errors as in `rolling_weighted_covariances`.

    Example:
        >>> rolling_ewma_covariance(np.array([[0.01], [0.03], [0.02]]), [2], 3, 1, 1).ravel().round(7).tolist()
        [7.14e-05]
    """
    decay, correlation_decay = 0.5 ** (1 / half_life), 0.5 ** (1 / correlation_half_life)
    if decay == correlation_decay:
        return rolling_weighted_covariances(excess_returns, rows, window, decay=decay, missing=missing)
    covariances = rescale_variances(
        rolling_weighted_covariances(excess_returns, rows, window, decay=correlation_decay),
        rolling_weighted_variances(excess_returns, rows, window, decay=decay),
    )
    for at, columns, returns in shortened_windows(excess_returns, rows, window, missing):
        variances = np.diagonal(weighted_covariance(returns, decay))
        matrices = rescale_variances(weighted_covariance(returns, correlation_decay)[None], variances[None])
        covariances[at] = scatter(matrices[0], columns, excess_returns.shape[1])
    return covariances
