"""Every estimator with its settings, synthetic returns to estimate from, and comparisons of covariances."""

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
import pytest

from backtest.estimation import methods
from backtest.estimation.estimator import Estimator
from backtest.testing.estimator_rules import sample_returns, sample_rows

Array = np.ndarray[Any, np.dtype[np.float64]]
WINDOW = 64  # dates a step of 4 apart share their sums then
ASSETS, LENGTH = 5, 150


def estimator_classes() -> dict[str, Any]:
    """Every estimator in the package's modules, by its name in configurations."""
    classes = set()
    for module in pkgutil.iter_modules(methods.__path__):
        members = inspect.getmembers(
            importlib.import_module(f"backtest.estimation.methods.{module.name}"), inspect.isclass
        )
        classes |= {one for _, one in members if issubclass(one, Estimator) and not inspect.isabstract(one)}
    return {one.model_fields["covariance"].default: one for one in classes}


CLASSES = estimator_classes()
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "ewma": [{"half_life": 20}, {"half_life": 10, "correlation_half_life": 30}],
    "ccc": [{"refit": 1}],  # on each date: what is fitted between two dates is held to in its own tests
    "dcc": [{"refit": 1}],
    "separate_correlations": [{}, {"correlation_window": 32}, {"correlation_periods": 3}],
}
"""Settings, other than the defaults, under which an estimator works differently."""
ASKED = [(name, settings) for name in sorted(CLASSES) for settings in SETTINGS.get(name, [{}])]
estimators = pytest.mark.parametrize(
    ("name", "settings"), ASKED, ids=["-".join([name, *map(str, settings.values())]) for name, settings in ASKED]
)
TOLERANCE = {name: 1e-6 if name in {"ccc", "dcc"} else 1e-12 for name in CLASSES}
"""Tolerance of the same work in another order: rounding moves a search for parameters by up to its own tolerance."""
ROTATED = {"ledoit_wolf", "oas", "nonlinear_shrinkage"}
"""Estimators that shrink eigenvalues of the covariance itself, which change with the unit of a single asset."""


def made(name: str, settings: dict[str, Any], **more: Any) -> Estimator:
    estimator: Estimator = CLASSES[name](**{"window": WINDOW, **settings, **more})
    return estimator


def market(length: int = LENGTH, assets: int = ASSETS, seed: int = 5) -> Array:
    return sample_returns(length, seed, assets)


def covariances(estimator: Estimator, returns: Array, rows: list[int]) -> Array:
    return estimator.covariances(returns, rows, 252)


def assert_same(got: Array, wanted: Array, tolerance: float) -> None:
    """Check that entries differ by less than `tolerance` times both volatilities, with NaN in the same places."""
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    volatilities = np.sqrt(np.nan_to_num(np.diagonal(wanted, axis1=1, axis2=2)))
    size = volatilities[:, :, None] * volatilities[:, None, :]
    assert (np.abs(np.nan_to_num(got - wanted)) <= tolerance * size).all()


def assert_covariance(matrix: Array) -> None:
    """Check that a matrix is finite, symmetric to the last bit, and positive semi-definite up to rounding."""
    assert np.isfinite(matrix).all()
    assert (matrix == matrix.T).all()
    assert (np.diagonal(matrix) >= 0).all()
    assert np.linalg.eigvalsh(matrix)[0] >= -1e-13 * np.trace(matrix)


ROWS = sample_rows(WINDOW)
"""Before the window is full, on the first date on which it is, close together, and far apart."""
