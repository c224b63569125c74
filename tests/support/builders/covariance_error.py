"""Distance between two covariance matrices."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


def error(found: Array, expected: Array) -> float:
    """Return the largest difference of two matrices or stacks, in units of the two volatilities of an entry."""
    volatilities = np.sqrt(np.diagonal(expected, axis1=-2, axis2=-1))
    return float(np.max(np.abs(found - expected) / (volatilities[..., :, None] * volatilities[..., None, :])))
