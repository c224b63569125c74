"""Arguments of every array function, large enough that BLAS would share their products among its threads."""

import sys
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from backtest.risk import WeightBounds
from support.public_arrays.array_functions import array_functions, array_parameters

ASSETS, PERIODS = 72, 160

_rng = np.random.default_rng(7)
_returns = _rng.normal(0.0, 0.01, (PERIODS, ASSETS)) + _rng.normal(0.0, 0.008, (PERIODS, 1))
_covariance = _returns.T @ _returns / PERIODS
_weights = _rng.dirichlet(np.ones(ASSETS))

ARGUMENTS: dict[str, Any] = {
    "returns": _returns,
    "excess_returns": _returns,
    "covariance": _covariance,
    "weights": _weights,
    "contributions": _weights * (_covariance @ _weights),
    "members": np.arange(ASSETS) % 4 == np.arange(4)[:, None],
    "mean": np.full(ASSETS, 1e-6),
    "budgets": _rng.dirichlet(np.full(ASSETS, 8.0)),
    "signs": np.where(np.arange(ASSETS) % 5 == 0, -1.0, 1.0),
    "volatility": np.array([0.01, 0.02]),
    "target": np.array([0.02, 0.02]),
    "multiples": np.array([1.5, 2.0]),
    "smoothing": 0.5,
    "bounds": WeightBounds(tuple(map(str, range(ASSETS))), np.zeros(ASSETS), np.full(ASSETS, 1.2 / ASSETS)),
}


def large_results() -> dict[str, np.ndarray]:
    """Return the numbers that each array function computes from large arguments, by its name."""
    results = {}
    for name, function in array_functions().items():
        named = [*array_parameters(function), *({"smoothing", "bounds"} & set(function.__annotations__))]
        result = function(**{key: ARGUMENTS[key] for key in named})
        parts = result if isinstance(result, tuple) else (result,)
        results[name] = np.concatenate([np.ravel(part).astype(float) for part in parts[:2]])
    return results


def blas_kernels() -> list[str]:
    """Return the processors for which the loaded BLAS libraries have chosen their kernels."""
    return sorted({str(each.get("architecture")) for each in threadpool_info() if each["user_api"] == "blas"})


if __name__ == "__main__":
    saved: dict[str, Any] = {**large_results(), "kernels": np.array(blas_kernels())}
    np.savez(sys.argv[1], **saved)
