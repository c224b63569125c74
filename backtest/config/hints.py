"""Hints for settings in the wrong place or form: where else a setting exists, and how a bare value would be written."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from backtest.config.run_config import RunConfig
from backtest.config.yaml_nodes import Location, dotted
from backtest.errors import nearest

_SECTION = 2  # steps of a setting of a section, such as `estimation.window`
_ALIKE = 0.8  # similarity of a name in another section; names of the same section may differ more


def near_settings(location: Location, accepted: Sequence[str]) -> str:
    """Return ` Did you mean ...?` with the nearest setting of the section and settings of this name elsewhere.

    Args:
        location: location of the unknown setting.
        accepted: settings that its section accepts.

    Example:
        >>> near_settings(("estimation", "start"), ["covariance", "window"])
        ' Did you mean start at the top level or data.start?'
    """
    setting, known = str(location[-1]), _places()
    near = nearest(setting, accepted)
    elsewhere = known.get(setting, ()) or (() if near else known.get(nearest(setting, known, _ALIKE), ()))
    others = [f"{place} at the top level" if len(location) > 1 and "." not in place else place for place in elsewhere]
    candidates = [*filter(None, [near]), *(place for place in others if place not in {near, dotted(location)})]
    return f" Did you mean {' or '.join(candidates)}?" if candidates else ""


@cache
def _places() -> dict[str, list[str]]:
    """Return the dotted names of all settings by their last part, without strategies; the outermost places of each."""
    places: dict[str, list[str]] = {}
    for place in setting_places():
        *sections, setting = place.split(".")
        same = places.setdefault(setting, [])
        if len(sections) < _SECTION or not same:
            same.append(place)
    return places


def setting_places() -> list[str]:
    """Return the dotted names of all settings, the outermost first; without settings of strategies."""
    found = dict.fromkeys(_settings_of([RunConfig], ()))
    return [".".join(place) for place in sorted(found, key=len)]


def _settings_of(models: Iterable[type[BaseModel]], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for model in models:
        for name, field in _fields(model).items():
            yield (*above, name)
            if name not in {"strategy", "benchmark"}:
                yield from _settings_of(_models(field.annotation), (*above, name))


def example_of(value: Any, model: type[BaseModel], location: Sequence[str | int]) -> str:
    """Return a bare value as a section would be written with it, such as `{frequency: quarterly}`.

    Args:
        value: the value in place of the section.
        model: class of the settings in which the section is.
        location: pydantic's steps from there to the section.

    Example:
        >>> example_of("quarterly", RunConfig, ["rebalance"]), example_of(10, RunConfig, ["costs"])
        ('{frequency: quarterly}', '{trading_bps: 10}')
        >>> example_of([], RunConfig, ["costs"])
        '{name: value}'
    """
    models: list[type[BaseModel]] = [model]
    for step in location:
        inner = [field.annotation for one in models for name, field in _fields(one).items() if name == step]
        models = [found for annotation in inner for found in _models(annotation)] or models
    fields = [(name, field) for one in models if one is not model for name, field in _fields(one).items()]
    words = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    fits = (f"{{{name}: {words}}}" for name, field in fields if _takes(field, value))
    return next(fits, "{name: value}")


def _takes(field: FieldInfo, value: Any) -> bool:
    """Return whether a field accepts a single value; numbers do not count as true or false."""
    if not isinstance(value, str | int | float) or (field.annotation is bool) > isinstance(value, bool):
        return False
    annotation: Any = field.annotation
    try:
        TypeAdapter(Annotated[annotation, *field.metadata] if field.metadata else annotation).validate_python(value)
    except ValidationError:
        return False
    return True


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields that a configuration may have, by their names in it."""
    return {field.alias or name: field for name, field in model.model_fields.items() if not field.exclude}


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models of a section: the annotation itself, or the members of a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in {dict, list, tuple}:
        return []
    return [model for member in get_args(annotation) for model in _models(member)]
