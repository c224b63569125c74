"""Checks of the covariances that a user's estimator returns."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import EstimationError
from backtest.numerics.arrays import Floats

_ROUNDING = 1e-9  # relative to variances: far above rounding, far below the error of any estimate


def checked_covariances(found: Any, name: str, sizes: tuple[int, int]) -> Floats:
    """Return covariances that are symmetric and positive semi-definite; asymmetry from rounding is averaged out.

    Args:
        found: covariances (m, n, n), decimal² per period; the row and the column of an asset are NaN if it lacks a
            return.
        name: name of the estimator in messages.
        sizes: m and n.

    Raises:
        EstimationError: another shape, numbers that are not finite, or matrices that are not covariances.

    >>> checked_covariances([[[4.0, 3.0], [1.0, 1.0]]], "mine", (1, 2))
    Traceback (most recent call last):
    backtest.errors.EstimationError: mine: covariance 0 of 1 is not symmetric; expected a covariance matrix
    """
    (m, n), expected = sizes, f"expected covariances of shape {(sizes[0], sizes[1], sizes[1])}"
    try:
        covariances: Floats = np.array(found, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise EstimationError(f"{name}: returned a {type(found).__name__}; {expected}") from problem
    if covariances.shape != (m, n, n):
        raise EstimationError(f"{name}: returned the shape {covariances.shape}; {expected}")
    left_out = np.isnan(np.diagonal(covariances, axis1=1, axis2=2))
    covariances[left_out[:, :, None] | left_out[:, None, :]] = np.nan
    filled = np.where(np.isnan(covariances), 0.0, covariances)
    partly = np.isnan(covariances) & ~(left_out[:, :, None] | left_out[:, None, :])
    _refuse(
        (partly | np.isinf(covariances)).any(axis=(1, 2)),
        name,
        "has numbers that are not finite; expected NaN only in the whole row and column of an asset",
    )
    sizes_of = np.abs(filled).max(axis=(1, 2), initial=0.0)
    asymmetry = np.abs(filled - filled.transpose(0, 2, 1)).max(axis=(1, 2), initial=0.0)
    _refuse(asymmetry > _ROUNDING * sizes_of, name, "is not symmetric; expected a covariance matrix")
    filled = (filled + filled.transpose(0, 2, 1)) / 2
    lowest = np.linalg.eigvalsh(filled).min(axis=1, initial=0.0)
    _refuse(
        lowest < -_ROUNDING * sizes_of,
        name,
        "is not positive semi-definite; expected variances of portfolios of 0 or more",
    )
    return np.where(np.isnan(covariances), np.nan, filled)


def _refuse(wrong: ArrayLike, name: str, what: str) -> None:
    for k in np.flatnonzero(wrong)[:1]:
        raise EstimationError(f"{name}: covariance {k} of {np.size(wrong)} {what}")
