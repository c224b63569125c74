"""Settings of the `estimation:` section: one covariance estimator, chosen by its name.

The choices are the classes found in `backtest/estimation/methods`. A new estimator is one file there, with a class that
declares a `covariance` literal of its own; configurations, error messages, the page of definitions and the conformance
suite (`tests/estimation`) follow from it.
"""

import inspect
from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from backtest.estimation import methods
from backtest.estimation.estimator import Estimator


def estimator_classes() -> tuple[type[Estimator], ...]:
    """Return the estimator classes defined in the files of `backtest/estimation/methods`, sorted by name.

    Abstract classes are skipped. Files named `*_kernel` hold compiled code, which is imported where the work begins.

    Example:
        >>> "sample" in [estimator.model_fields["covariance"].default for estimator in estimator_classes()]
        True
    """
    names = [module.name for module in iter_modules(methods.__path__) if not module.name.endswith("_kernel")]
    modules = [import_module(f"{methods.__name__}.{name}") for name in names]
    classes = [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Estimator) and value.__module__ == module.__name__
    ]
    concrete = [estimator for estimator in classes if not inspect.isabstract(estimator)]
    return tuple(sorted(concrete, key=lambda estimator: str(estimator.model_fields["covariance"].default)))


def _add_default_name(settings: Any) -> Any:
    """Add the default estimator, `sample`, to settings that do not name one."""
    return {"covariance": "sample", **settings} if isinstance(settings, dict) else settings


if TYPE_CHECKING:
    EstimationSettings = Estimator
else:
    EstimationSettings = Annotated[
        reduce(or_, estimator_classes()),
        Field(discriminator="covariance"),
        BeforeValidator(_add_default_name),
    ]
"""The estimator that a configuration chooses. The value of `covariance` decides which class reads the settings."""
