"""Settings of the engine take numbers only as numbers: text in quotes and `yes` are mistakes, not 0.05 and 1."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from backtest.engine import settings

NUMBERS = (0.5, 2, 0.01)


def accepts(kind: TypeAdapter[Any], value: object) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True


def number_fields() -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """Yield name and type of each field that takes a number."""
    for module in iter_modules(settings.__path__, f"{settings.__name__}."):
        for model in vars(import_module(module.name)).values():
            if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.name:
                for name, field in model.model_fields.items():
                    kind: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, None, *field.metadata])  # type: ignore[arg-type]
                    if field.annotation is not bool and any(accepts(kind, number) for number in NUMBERS):
                        yield f"{model.__name__}.{name}", kind


FIELDS = dict(number_fields())


def test_fields_are_found() -> None:
    assert {"BandSettings.absolute", "BandSettings.relative", "RebalanceSettings.execution_lag"} <= set(FIELDS)
    assert len(FIELDS) > 15


@pytest.mark.parametrize("name", FIELDS)
def test_numbers_are_not_text_or_booleans(name: str) -> None:
    assert not [value for value in (*map(str, NUMBERS), True) if accepts(FIELDS[name], value)]
