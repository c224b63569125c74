"""Gerber covariance: co-movement counted over periods in which both returns are large, whatever their size."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from backtest.estimation.constant_assets import estimate_where_varying
from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.windows.rolling import rolling_covariances, scale_correlation, unit_diagonal
from backtest.numerics.arrays import Floats

Statistic = Literal["gs1", "gs2"]


class Gerber(Estimator):
    """Gerber correlations and sample volatilities (Gerber, Markowitz, Ernst, Miao, Javid and Sargen 2022).

    Definitions: docs/conventions/estimation.md#gerber-statistic

    Args:
        threshold: size of a large return, in standard deviations; the paper uses 0.5, 0.7 and 0.9.
        statistic: divisor of agreeing less opposing periods: "gs2", the geometric mean of both assets' numbers of large
            returns, or "gs1", the number of periods in which either return is large.
    """

    covariance: Literal["gerber"] = "gerber"
    formula: ClassVar[str] = "s_i g_ij s_j, s from the sample, g the Gerber statistic"
    source: ClassVar[str] = "Gerber et al. (2022), J. Portfolio Management 48"
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    statistic: Statistic = "gs2"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        estimate = partial(gerber_covariance, threshold=self.threshold, statistic=self.statistic)
        window = window_rows(self.window, periods_per_year)
        return rolling_covariances(excess_returns, rows, window, estimate, self.missing)


def gerber_covariance(returns: Floats, threshold: float = 0.5, statistic: Statistic = "gs2") -> Floats:
    """Return Σ_ij = s_i g_ij s_j: s the sample standard deviations (divisor T - 1), g the Gerber statistic.

    With m_ti = 1 if x_ti >= c s_i, -1 if x_ti <= -c s_i and 0 between, H = mᵀm counts the periods in which i and j had
    large returns of the same sign less the periods of opposite signs. "gs2" is g_ij = H_ij / sqrt(H_ii H_jj). "gs1" is
    g_ij = H_ij / (T - N_ij), N_ij the periods in which neither return was large. Source: Gerber, Markowitz, Ernst,
    Miao, Javid and Sargen (2022), "The Gerber statistic: a robust co-movement measure for portfolio optimization",
    Journal of Portfolio Management 48. (skfolio's `psd_variant=True` is gs1.)

    Both are positive semi-definite: gs2 is a Gram matrix scaled to a unit diagonal; gs1 is the entrywise product of
    H with 1 / (T - N_ij) = Σ_k N_ij^k / T^(k+1), a sum of entrywise powers of a Gram matrix (Schur's product theorem).

    Args:
        returns: (T, n) decimal per period, none missing. Their means are not subtracted.
        threshold: c, between 0 and 1.
        statistic: "gs1" or "gs2".

    Returns:
        (n, n) decimal² per period; zeros for an asset whose returns do not vary.

    Example:
        >>> returns = np.array([[0.02, 0.03], [-0.02, -0.01], [0.02, -0.03], [-0.02, 0.0]])
        >>> (gerber_covariance(returns) / np.std(returns, axis=0, ddof=1).prod()).round(3).tolist()[0][1]
        0.0
    """
    return estimate_where_varying(returns, partial(_gerber, threshold=threshold, statistic=statistic))


def _gerber(returns: Floats, threshold: float, statistic: Statistic) -> Floats:
    volatilities = np.std(returns, axis=0, ddof=1)
    up, down = returns >= threshold * volatilities, returns <= -threshold * volatilities
    marks = up.astype(np.float64) - down
    agreement = marks.T @ marks
    # Two or three returns may all be below a threshold near 1; the asset's co-movement is then unknown.
    np.fill_diagonal(agreement, np.maximum(np.diagonal(agreement), 1.0))
    if statistic == "gs2":
        return scale_correlation(unit_diagonal(agreement), volatilities)
    small = 1.0 - np.abs(marks)
    either = np.maximum(len(returns) - small.T @ small, 1.0)
    return scale_correlation(agreement / either, volatilities)
