"""Least squares with standard errors that allow for serial correlation and unequal variances."""

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk


def usual_lags(count: int) -> int:
    """Return 4 (T / 100)^(2/9), rounded down: the lags of `newey_west` for T values (Newey, West 1994).

    >>> usual_lags(36), usual_lags(287)
    (3, 5)
    """
    return int(4 * (count / 100) ** (2 / 9))


def newey_west(y: Floats, design: Floats, lags: int) -> tuple[Floats, Floats]:
    """Return least-squares coefficients, and standard errors with Bartlett weights (Newey, West 1987).

    The covariance is (X'X)⁻¹ S (X'X)⁻¹ × T / (T - k) with S = Σ_l w_l (Γ_l + Γ_l'), Γ_l = Σ_t e_t e_{t-l} x_t x_{t-l}',
    w_l = 1 - l / (L + 1).

    Args:
        y: (T,) values to explain.
        design: (T, k) regressors of full rank, T > k.
        lags: L, 0 or more.

    Returns:
        (k,) each; errors are NaN if the residuals are rounding.

    Example:
        >>> values, errors = newey_west(np.array([1.0, 2.0, 2.0, 3.0]), np.ones((4, 1)), 0)
        >>> values.round(4).tolist(), errors.round(4).tolist()
        ([2.0], [0.4082])
    """
    values = np.linalg.lstsq(design, y, rcond=None)[0]
    residuals = y - design @ values
    if not has_risk(residuals.std(), np.abs(y).max()):
        return np.asarray(values, dtype=float), np.full(len(values), np.nan)
    scores = design * residuals[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        moment = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (moment + moment.T)
    inverse = np.linalg.inv(design.T @ design)
    count, parameters = design.shape
    covariance = inverse @ middle @ inverse * (count / (count - parameters))
    errors: Floats = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return np.asarray(values, dtype=float), errors
