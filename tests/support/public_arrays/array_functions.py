"""Every public function that takes arrays from users, with valid calls from the example in its docstring."""

import doctest
import inspect
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from numpy.typing import ArrayLike

import backtest
from backtest import risk, strategy

Function = Callable[..., Any]
ARRAYS = (ArrayLike, ArrayLike | None)


def array_functions() -> dict[str, Function]:
    """Return the public functions that take arrays: of `backtest.risk`, and any that a package exports."""
    modules = [import_module(module.name) for module in walk_packages(risk.__path__, f"{risk.__name__}.")]
    own = [value for module in modules for value in vars(module).values() if _is_public(value, module)]
    exported = [getattr(package, name) for package in (backtest, risk, strategy) for name in package.__all__]
    return {f"{value.__module__}.{value.__name__}": value for value in [*own, *exported] if array_parameters(value)}


def _is_public(value: Any, module: ModuleType) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__ and not value.__name__.startswith("_")


def array_parameters(function: Function) -> list[str]:
    """Return the names of the parameters that take arrays."""
    parameters = inspect.signature(function).parameters if inspect.isfunction(function) else {}
    return [name for name, parameter in parameters.items() if parameter.annotation in ARRAYS]


def number_parameters(function: Function) -> list[str]:
    """Return the names of the parameters that take a single number."""
    wanted = (float, float | None)
    return [name for name, at in inspect.signature(function).parameters.items() if at.annotation in wanted]


def valid_calls(function: Function) -> list[dict[str, Any]]:
    """Return the arguments of each call of a function in the example of its docstring."""
    signature = inspect.signature(function)
    calls: list[dict[str, Any]] = []

    def record(*args: Any, **kwargs: Any) -> Any:
        calls.append(signature.bind(*args, **kwargs).arguments)
        return function(*args, **kwargs)

    names = {**vars(import_module(function.__module__)), function.__name__: record}
    for example in doctest.DocTestParser().get_examples(function.__doc__ or ""):
        with redirect_stdout(StringIO()):
            exec(compile(example.source, function.__name__, "single"), names)  # noqa: S102 - as doctest does
    return calls
