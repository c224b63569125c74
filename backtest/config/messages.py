"""Messages about invalid settings: place, value, expected value, and hint."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails

from backtest.config.document import Document
from backtest.config.extends import EXTENDS
from backtest.config.hints import example_of, near_settings
from backtest.config.yaml_nodes import Location, dotted
from backtest.errors import nearest, shorten, suggestion

_EXPECTED: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_inexact": "a date such as 2012-12-31",
    "date_from_datetime_parsing": "a date such as 2012-12-31",
    "date_type": "a date such as 2012-12-31",
    "dict_type": "names with values, such as {gold: 1}",
    "finite_number": "a finite number",
    "float_parsing": "a valid number",
    "float_type": "a valid number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "path_type": "the path of a file",
    "string_pattern_mismatch": "letters, digits, blanks and . _ + - after a first letter, digit or _, 100 at most",
    "string_type": "text",
    "too_short": "one or more",
    "tuple_type": "a list such as [us_stocks, gold]",
}  # pydantic's error types in the user's words; other types keep pydantic's message
_UNKNOWN = "unknown setting"
_REMOVED: Mapping[str, str] = {
    "formulation": "It was removed because the log barrier always meets the bounds: delete it"
}
_MOST_NAMED = 40  # names in one message; a file may have thousands
_MOST_LINES = 10  # mistakes of one kind
_LONGEST_VALUE = 200  # characters
_Item = TypeVar("_Item")
_NO_SETTINGS = ("model_attributes_type", "model_type")
_WRONG_KIND = ("_type", "_parsing", "_from_float", "_mismatch")


def lines(
    errors: list[ErrorDetails], document: Document, inside: tuple[str, ...], model: type[BaseModel], name: str = ""
) -> list[str]:
    """Return one line for each invalid value; the alternatives of a union are joined by `or`.

    Args:
        errors: errors of a validation of `model`.
        document: the configuration.
        inside: location of the validated section.
        model: class of the settings.
        name: name of the strategy with these settings.
    """
    located = [(_place(error, document, inside), error) for error in errors]
    above = {at[:length] for at, _ in located for length in range(len(at))}
    fitting = {at for at, error in located if not error["type"].endswith(_WRONG_KIND)}
    reported: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for at, error in located:
        if (at in above or at in fitting) and error["type"].endswith(_WRONG_KIND):
            continue  # only the member of a union that accepts this type of value is reported
        if at in above and error["type"] == "too_short":
            continue  # its only items are wrong
        reported.setdefault(at, []).append(error)
    keys = {at for at, error in located if error["loc"][-1:] == ("[key]",)}

    def words_of(at: tuple[str | int, ...], error: ErrorDetails) -> str:
        unknown = error["type"] == "extra_forbidden"
        return unknown_key(at, model, name, inside, error["loc"]) if unknown else _words(error, model)

    def line(at: tuple[str | int, ...]) -> str:
        words = dict.fromkeys(words_of(at, error) for error in reported[at])
        return _line(at, list(words), document, key=at in keys)

    return first_lines(list(reported), line)


def first_lines(items: Sequence[_Item], line: Callable[[_Item], str]) -> list[str]:
    """Return the lines about some mistakes of one kind: if there are many, about the first, and how many more.

    >>> first_lines(range(99_999), lambda i: f"x.yaml:{i}: a{i}: unknown setting")[-2:]
    ['x.yaml:9: a9: unknown setting', 'x.yaml:10: and 99,989 more mistakes of this kind']
    """
    lines = [line(item) for item in items[: _MOST_LINES + 1]]
    if len(items) > _MOST_LINES:
        place = lines.pop().partition(": ")[0]
        lines.append(f"{place}: and {len(items) - _MOST_LINES:,} more mistakes of this kind")
    return lines


def _line(at: Location, words: list[str], document: Document, *, key: bool) -> str:
    """Return the message for one place; with `key`, its name is wrong, not its value."""
    expected = [word.removeprefix("expected ") for word in words if word.startswith("expected ")]
    if expected:
        value = at[-1] if key else document.value(at)
        hint = _spelling_hint(value, at) if any("number" in word for word in expected) else _word_hint(value, expected)
        message = f"got {as_yaml(value)}, expected {' or '.join(expected)}{hint}"
        return f"{document.at(at, key=key)}: {dotted(at)}: {message}"
    return f"{document.at(at, key=words[0].startswith(_UNKNOWN))}: {dotted(at)}: {words[0]}"


def _word_hint(value: Any, expected: list[str]) -> str:
    """Return a suggestion among the words in quotes that are expected."""
    near = nearest(value, re.findall(r"'(\w+)'", " ".join(expected))) if isinstance(value, str) else ""
    return f". Did you mean {near}?" if near else ""


def _spelling_hint(value: Any, at: Location) -> str:
    """Return a hint on the spelling of a number that YAML reads as text; empty for other text."""
    if not isinstance(value, str):
        return ""
    number = re.sub(r"(?<=\d)[_,](?=\d)", "", value).strip()
    percent = number.endswith("%")
    try:
        amount = float(number.removesuffix("%"))
    except ValueError:
        return ""
    if not math.isfinite(amount):
        return ""
    if percent:
        in_bps = any(str(step).endswith("_bps") or step in ("schedule", "tiers") for step in at)
        return f". Hint: {round(amount * 100 if in_bps else amount / 100, 12):g}{' basis points' if in_bps else ''}"
    return f". Hint: {number}, without {'quotes' if number == value else '_ or ,'}"


def _place(error: ErrorDetails, document: Document, inside: tuple[str, ...]) -> tuple[str | int, ...]:
    """Return the location of an error; pydantic's steps that name a member of a union are dropped."""
    at: tuple[str | int, ...] = inside
    for step in error["loc"]:
        if document.has((*at, step)):
            at = (*at, step)
    if error["type"] == "union_tag_invalid":
        return (*at, error["ctx"]["discriminator"].strip("'"))
    if error["type"] == "elsewhere":
        return (*at, error["ctx"]["setting"])
    return (*at, error["loc"][-1]) if error["type"] == "missing" else at


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind = error["type"]
    if kind in _NO_SETTINGS:
        return f"expected settings with values, such as {example_of(error['input'], model, error['loc'])}"
    if kind == "missing":
        return "missing; it has no default"
    if kind in ("value_error", "elsewhere"):
        return error["msg"].removeprefix("Value error, ")
    if kind == "union_tag_invalid":
        names = [tag.strip("'") for tag in error["ctx"]["expected_tags"].split(", ")]
        hint = suggestion(error["ctx"]["tag"], names)
        return f"expected one of {', '.join(names)}{'.' if hint else ''}{hint}"
    return f"expected {_EXPECTED.get(kind, error['msg'].removeprefix('Input should be '))}"


def as_yaml(value: Any) -> str:
    """Return a value as YAML would write it."""
    words = {None: "nothing", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else shorten(repr(value), _LONGEST_VALUE)


def unknown_key(
    location: Location, model: type[BaseModel], name: str = "", inside: Location = (), steps: Location = ()
) -> str:
    """Return the message for an unknown key: the keys that its section accepts, and the nearest of them.

    Args:
        location: location of the key.
        model: class of the validated section.
        name: name of the strategy with these settings.
        inside: location of the validated section.
        steps: pydantic's steps to the key, which name the members of unions.
    """
    section: Any = model
    elsewhere = ""
    for step in location[len(inside) : -1]:
        elsewhere = _of_another_kind(str(location[-1]), section, step)
        section = _model_at(section, step, steps[:-1])
    accepted = [field.alias or key for key, field in section.model_fields.items() if not field.exclude]
    if len(location) == 1:
        accepted.insert(0, EXTENDS)
    nested = len(location) > len(inside) + 1
    owner = name if name and not nested else dotted(location[:-1]) if len(location) > 1 else "a configuration"
    setting = str(location[-1])
    hint = f" {_REMOVED[setting]}." if setting in _REMOVED else elsewhere
    hint = hint or near_settings(location, accepted)
    return f"{_UNKNOWN}; {owner} accepts: {', '.join(accepted) or 'none'}.{hint}"


def _model_at(annotation: Any, step: str | int, steps: Location) -> Any:
    """Return the model one step deeper, in a field of a model, a mapping or a union."""
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        field = next(field for key, field in fields.items() if step in (key, field.alias))
        if isinstance(field.discriminator, str):
            return next(
                member for member in get_args(field.annotation) if set(_names(member, field.discriminator)) & set(steps)
            )
        return _model_in(field.annotation, steps, mapping=False) or field.annotation
    return _model_in(annotation, steps, mapping=True)


def _of_another_kind(setting: str, model: Any, step: str | int) -> str:
    """Name the variants of a section that accept a setting rejected for the chosen variant."""
    field = next(
        (member for key, member in getattr(model, "model_fields", {}).items() if step in (key, member.alias)), None
    )
    if field is None or not isinstance(field.discriminator, str):
        return ""
    kinds = [member for member in get_args(field.annotation) if setting in member.model_fields]
    names = [name for member in kinds for name in _names(member, field.discriminator)]
    return f" {setting} belongs to {field.discriminator}: {' or '.join(names)}." if names else ""


def _names(model: type[BaseModel], discriminator: str) -> tuple[str, ...]:
    """Return the names that choose this member of a union."""
    return get_args(model.model_fields[discriminator].annotation)


def _model_in(annotation: Any, steps: Location, *, mapping: bool) -> Any:
    """Return the model in an annotation: the annotation itself, a member of a union or, with `mapping`, the values.

    In a union with tagged members, it is the member whose tag is among the steps.
    """
    members = get_args(annotation)
    if any(isinstance(member, Tag) and member.tag not in steps for member in members):
        return None
    if hasattr(annotation, "model_fields"):  # also a model with a tag
        return annotation
    if get_origin(annotation) is dict:
        return _model_in(members[1], steps, mapping=mapping) if mapping else None
    return next((model for member in members if (model := _model_in(member, steps, mapping=mapping))), None)


def join_names(names: Sequence[str]) -> str:
    """Join names for a message; a long list ends with the number of further names."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
