"""Settings of the `estimation:` section: one covariance estimator, chosen by its name.

The shipped choices are the classes found in `backtest/estimation/methods`. A new estimator is one file there, with a
class that declares a `covariance` literal of its own; configurations, error messages, the page of definitions and the
conformance suite (`tests/estimation`) follow from it. A user's estimator is a file in `estimators/` of the project, or
`package.module:Class`.
"""

import inspect
from collections.abc import Mapping
from functools import cache, reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    Field,
    PlainSerializer,
    SerializationInfo,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from backtest.errors import EstimationError
from backtest.estimation import methods
from backtest.estimation.estimator import Estimator
from backtest.own.own_files import OwnKind
from backtest.own_code import reported

_ESTIMATORS = OwnKind("estimator", "estimators", Estimator, methods.__name__, EstimationError)


@cache
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


def shipped_estimators() -> dict[str, type[Estimator]]:
    """Return the estimators that came with the package, by their names in configurations."""
    return {str(estimator.model_fields["covariance"].default): estimator for estimator in estimator_classes()}


def find_estimator(name: str, folder: Path) -> type[Estimator]:
    """Return the estimator class with a given name.

    `mine` is the only class in `estimators/mine.py`, which is searched in `folder` and the folders above it up to the
    root of the project, or a shipped estimator. `package.module:Class` is imported.

    Raises:
        EstimationError: no such estimator, or a file that cannot be imported or does not define exactly one estimator.
    """
    if ":" in name:
        named: type[Estimator] = _ESTIMATORS.named(name)
        return named
    files, shipped = _ESTIMATORS.files(folder), shipped_estimators()
    if name in files:
        own: type[Estimator] = _ESTIMATORS.load(files[name])
        return own
    if name not in shipped:
        raise _ESTIMATORS.unknown(name, {*files, *shipped}, folder)
    return shipped[name]


def estimator_with_settings(estimator: type[Estimator], name: str, settings: Mapping[str, Any]) -> Estimator:
    """Return an estimator with these settings and with its name in the configuration.

    Raises:
        ValidationError: a setting is wrong.
        EstimationError: the estimator's own checks of its settings fail in another way.
    """
    with reported(EstimationError, f"{name}: ", expected=(ValidationError,)):
        return estimator.model_validate(dict(settings)).model_copy(update={"covariance": name})


def _chosen(settings: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Return the estimator that settings choose, by default `sample`; an estimator is returned as it is."""
    if isinstance(settings, Estimator):
        return settings
    return handler({"covariance": "sample", **settings} if isinstance(settings, dict) else settings)


def _settings_of(estimator: Estimator, info: SerializationInfo) -> dict[str, Any]:
    return estimator.model_dump(mode=info.mode)


if TYPE_CHECKING:
    EstimationSettings = Estimator
else:
    EstimationSettings = Annotated[
        reduce(or_, estimator_classes()),
        Field(discriminator="covariance"),
        WrapValidator(_chosen),
        PlainSerializer(_settings_of),
    ]
"""The estimator that a configuration chooses. The value of `covariance` decides which class reads the settings."""
