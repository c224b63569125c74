"""Calls of the public functions that take arrays, with random arguments of which some are spoiled."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from backtest import risk
from backtest.risk import WeightBounds
from campaigns.fuzz.fuzz_case import Case
from campaigns.fuzz.odd_values import FLOATS

Array = np.ndarray[Any, Any]


def call_case(seed: int, number: int) -> Case:
    """Return the call of a case: a function of `backtest.risk`, or an estimator."""
    rng = np.random.default_rng([seed, number])
    name = str(rng.choice([*_functions(), *_estimators()]))
    if name in _functions():
        function = _functions()[name]
        arguments = _arguments(inspect.signature(function), rng)
    else:
        function = _estimators()[name](window=int(rng.integers(24, 40))).covariances
        rows = np.unique(rng.integers(0, 60, 3)).tolist()
        arguments = {"excess_returns": rng.normal(0, 0.02, (60, 4)), "rows": rows, "periods_per_year": 12}
        if rng.random() < 0.7:
            arguments["excess_returns"] = spoiled(arguments["excess_returns"], rng, shape=False)
    shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())

    def act() -> Iterator[str]:
        before = {key: _copy(value) for key, value in arguments.items()}
        result = function(**arguments)
        if "weights" in name and not np.isfinite(np.asarray(result, dtype=float)).all():
            yield f"{name} returns weights that are not finite"
        if any(_differ(before[key], value) for key, value in arguments.items()):
            yield f"{name} changes its arguments"

    return Case({}, act, f"{name}({shown})")


@cache
def _functions() -> Mapping[str, Callable[..., Any]]:
    """Return the public functions of `backtest.risk` with a parameter that takes any array."""
    functions = {name: getattr(risk, name) for name in risk.__all__}
    return {
        name: function
        for name, function in functions.items()
        if inspect.isfunction(function)
        and any(parameter.annotation == ArrayLike for parameter in inspect.signature(function).parameters.values())
    }


@cache
def _estimators() -> Mapping[str, Any]:
    from support.builders.shipped_estimators import CLASSES

    return CLASSES


def _arguments(signature: inspect.Signature, rng: np.random.Generator) -> dict[str, Any]:
    """Return arguments that go together, by the names of the parameters; most calls spoil one or two."""
    n = int(rng.choice([1, 2, 3, 5, 12]))
    factors = rng.normal(0, 0.1, (n, int(rng.choice([1, n, 2 * n]))))
    weights = rng.dirichlet(np.ones(n))
    valid: dict[str, Any] = {
        "covariance": factors @ factors.T + np.diag(rng.choice([0.0, 1e-4, 0.01], n)),
        "weights": weights * rng.choice([1.0, 1.0, 2.5, -1.0]),
        "budgets": rng.dirichlet(np.ones(n)),
        "signs": rng.choice([-1.0, 1.0], n),
        "mean": rng.normal(0, 0.01, n),
        "returns": rng.normal(0, 0.02, (60, n)),
        "excess_returns": rng.normal(0, 0.02, (60, n)),
        "contributions": weights * 0.1,
        "multiples": rng.uniform(0, 3, 4),
        "smoothing": rng.choice([0.0, 0.3, 1.0]),
        "max_gross_exposure": rng.choice([1.0, 3.0]),
        "volatility": rng.uniform(0.05, 0.3),
        "target": rng.choice([0.1, 0.0, 1e-9, 10.0]),
        "members": rng.random((2, n)) < 0.5,
        "level": rng.choice([0.95, 0.5, 0.999]),
        "linkage": rng.choice(["single", "average", "ward"]),
        "bounds": WeightBounds(tuple(map(str, range(n))), np.zeros(n), np.full(n, rng.choice([1.0, 1.2 / n]))),
    }
    arguments = {}
    for name, parameter in signature.parameters.items():
        if name not in valid or (parameter.default is not inspect.Parameter.empty and rng.random() < 0.5):
            continue
        arguments[name] = valid[name]
        if rng.random() < 0.35 and parameter.annotation is float:
            arguments[name] = _chosen(FLOATS, rng)
        elif rng.random() < 0.35 and parameter.annotation in {ArrayLike, ArrayLike | None}:
            arguments[name] = spoiled(np.asarray(valid[name]), rng)
    return arguments


def spoiled(values: Array, rng: np.random.Generator, *, shape: bool = True) -> Any:
    """Return values with odd numbers in some places; if `shape` is set, also in another shape, type or layout."""
    numbers: tuple[Callable[[], Any], ...] = (
        lambda: np.where(rng.random(values.shape) < rng.choice([0.02, 0.3, 1.0]), _chosen(FLOATS, rng), values),
        lambda: values * _chosen((0.0, -1.0, 1e-200, 1e-100, 1e100, 1e200, np.nan, np.inf), rng),
    )
    forms: tuple[Callable[[], Any], ...] = (
        lambda: np.repeat(values, 2, axis=-1)[..., ::2] if values.ndim else values,
        lambda: np.asfortranarray(values),
        lambda: _chosen((values[..., :0], values[..., :1], values[:-1]), rng) if values.ndim else [values],
        lambda: np.stack([values, values, numbers[0]()]),
        lambda: values.astype(_chosen(("int64", "float32", "float16", "object", "complex128", "str", "bool"), rng)),
        values.tolist,
        lambda: pd.DataFrame(values) if values.ndim in {1, 2} else None,
        lambda: values.T * rng.normal(size=values.T.shape),
        lambda: np.ma.masked_array(values, mask=rng.random(values.shape) < 0.2),
        lambda: _chosen((None, "odd", [[1.0], [1.0, 2.0]], {"a": 1.0}, float("nan"), 10**400), rng),
    )
    with np.errstate(all="ignore"):
        return _chosen((*numbers, *numbers, *forms) if shape else numbers, rng)()


def _chosen(options: Sequence[Any], rng: np.random.Generator) -> Any:
    """Return one of some objects as it is; NumPy's own choice makes an array of them first."""
    return options[int(rng.integers(len(options)))]


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray | pd.DataFrame) else value


def _differ(before: Any, after: Any) -> bool:
    if not isinstance(after, np.ndarray) or after.dtype.kind not in "fiub":
        return False
    return not np.array_equal(before, after, equal_nan=after.dtype.kind == "f")
