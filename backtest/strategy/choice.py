"""`StrategyChoice`: a strategy as settings name it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    InstanceOf,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from backtest.errors import EstimationError, StrategyError
from backtest.estimation.estimation_settings import estimator_with_settings, find_estimator
from backtest.own_code import is_own
from backtest.strategy.base import FOLDER, Strategy
from backtest.strategy.discovery import find_strategy, with_settings


class NamedClass(str):
    """Name of a strategy or an estimator whose class is given, so that it is not searched for.

    Args:
        name: the name.
        given: the class.
    """

    __slots__ = ("given",)
    given: type[Any]

    def __new__(cls, name: str, given: type[Any]) -> Self:
        """Return the name with its class."""
        named = super().__new__(cls, name)
        named.given = given
        return named


class StrategyChoice(BaseModel):
    """A strategy and its name in the configuration.

    Definitions: docs/conventions/strategies.md#interface
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    model: InstanceOf[Strategy]

    @model_validator(mode="before")
    @classmethod
    def _find(cls, given: Any, info: ValidationInfo) -> Any:
        """Accept a strategy as a configuration writes it: its name, or its name and its settings."""
        settings = {"name": given} if isinstance(given, str) else given
        if isinstance(given, cls) or (isinstance(settings, Mapping) and "model" in settings):
            return given
        if not isinstance(settings, Mapping) or not isinstance(settings.get("name"), str):
            raise ValueError("expected a name, such as erc, or a mapping such as {name: erc}")  # noqa: TRY004 - pydantic reports it
        rest = {key: value for key, value in settings.items() if key != "name"}
        name, folder = settings["name"], (info.context or {}).get(FOLDER, Path())
        try:
            strategy = name.given if isinstance(name, NamedClass) else find_strategy(name, folder)
            return {"name": str(name), "model": with_settings(strategy, name, rest, folder)}
        except StrategyError as problem:
            raise ValueError(str(problem)) from problem
        except ValidationError as failure:
            raise ValueError(f"{name}: {in_words(failure)}") from failure

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        return {"name": self.name, **self.model.model_dump(mode="json")}


def own_estimator(given: Any, folder: Path) -> Any:
    """Return a user's estimator for settings that name one; other settings are returned as they are.

    Args:
        given: settings of an estimator.
        folder: folder from which own estimators are searched.

    Raises:
        ValueError: there is no such estimator, or one of its settings is wrong.
    """
    name = given.get("covariance") if isinstance(given, Mapping) else None
    if not isinstance(name, str):
        return given
    settings = {key: value for key, value in given.items() if key != "covariance"}
    try:
        found = name.given if isinstance(name, NamedClass) else find_estimator(name, folder)
        return estimator_with_settings(found, str(name), settings) if is_own(found) else given
    except EstimationError as problem:
        raise ValueError(str(problem)) from problem
    except ValidationError as failure:
        raise ValueError(f"{name}: {in_words(failure)}") from failure


def in_words(failure: ValidationError) -> str:
    """Return the first mistake of settings in one line."""
    first = failure.errors()[0]
    at = "".join(f"{step}: " for step in first["loc"][:1])  # other steps may name members of a union
    if first["type"] == "extra_forbidden":
        return f"{at}unknown setting"
    return f"{at}{first['msg'].removeprefix('Value error, ').replace('Input should be', 'expected')}"
