"""Settings given as Python values: mappings in place of a file, and overrides by dotted names.

They become the same nodes as YAML, so that the same checks apply, with the same messages.
"""

from collections.abc import Mapping
from datetime import date
from os import PathLike, fspath
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from backtest.config.extends import EXTENDS, Pairs, merged_pairs, pairs_of, with_pairs
from backtest.config.run_config import RunConfig
from backtest.config.yaml_nodes import GivenMark, dotted
from backtest.config.yaml_text import DEEPEST
from backtest.errors import ConfigError
from backtest.estimation.estimator import Estimator
from backtest.strategy import Strategy
from backtest.strategy.choice import NamedClass, StrategyChoice

_AS_IT_IS = "value"  # style of a scalar whose value is a Python object, not text of YAML
_SECTION = 2  # steps of a setting of a section, such as `estimation.window`


def nodes_of(values: Mapping[str, Any], mark: GivenMark) -> MappingNode:
    """Return Python values as the root of a tree of nodes.

    Args:
        values: settings by name, nested as in YAML.
        mark: place of all nodes.

    Raises:
        ConfigError: a name is not text.

    >>> from backtest.config.yaml_nodes import plain
    >>> plain(nodes_of({"estimation": {"window": "3Y"}}, GivenMark("", "overrides")), [])
    {'estimation': {'window': '3Y'}}
    """
    root = _node(values, mark, ())
    if not isinstance(root, MappingNode):
        raise ConfigError(f"{mark.origin}: got the type {type(values).__name__}; expected settings by name")
    return root


def override(root: MappingNode, overrides: Mapping[str, Any], mark: GivenMark) -> MappingNode:
    """Return settings with some of them replaced.

    A section given as a mapping, and a setting of a section, replace what is there as in a file that `extends` another:
    another kind, such as another strategy, inherits no settings. Deeper names replace a single value.

    Args:
        root: the settings.
        overrides: values by dotted name, such as `estimation.window`.
        mark: place of the new values.

    Raises:
        ConfigError: a name is not text, names a part of a value that has no parts, or contains another one.
    """
    sections: dict[str, Any] = {}
    deeper: list[tuple[list[str], Any]] = []
    for name, value in overrides.items():
        if not isinstance(name, str) or not all(name.split(".")):
            raise ConfigError(f"{mark.origin}: got the name {name!r}; expected one such as 'estimation.window'")
        steps = name.split(".")
        if steps[0] == EXTENDS:
            raise ConfigError(f"{mark.origin}: {EXTENDS}: not a setting that can be replaced; expected it in the file")
        if len(steps) > _SECTION:
            deeper.append((steps, value))
        elif len(steps) == 1:
            _add_section(sections, name, value, mark)
        else:
            _add_section(sections, steps[0], {steps[1]: value}, mark)
    merged = with_pairs(root, {**pairs_of(root), **merged_pairs(root, nodes_of(sections, mark))})
    for steps, value in deeper:
        merged = _with_value(merged, steps, _node(value, mark, tuple(steps)), mark, ())
    return merged


def _add_section(sections: dict[str, Any], name: str, value: Any, mark: GivenMark) -> None:
    """Add a section, or settings of one, to those given before."""
    before = sections.get(name, {})
    parts = isinstance(before, dict) and isinstance(value, Mapping)
    if name in sections and not parts:
        raise ConfigError(f"{mark.origin}: {name}: given twice, as a whole and in part; expected one of the two")
    twice = sorted(str(setting) for setting in before.keys() & value.keys()) if parts else []
    if twice:
        raise ConfigError(f"{mark.origin}: {name}.{twice[0]}: given twice; expected each setting once")
    sections[name] = {**before, **value} if parts else value


def _with_value(
    node: MappingNode, steps: list[str], value: Node, mark: GivenMark, above: tuple[str, ...]
) -> MappingNode:
    """Return a mapping with the value at a location below it."""
    pairs: Pairs = pairs_of(node)
    first, *rest = steps
    key, before = pairs.get(first, (ScalarNode(_AS_IT_IS, first, start_mark=mark, style=_AS_IT_IS), None))
    if not rest:
        return with_pairs(node, {**pairs, first: (key, value)})
    if before is None:
        before = MappingNode(_AS_IT_IS, [], start_mark=mark)
    if not isinstance(before, MappingNode):
        inside = dotted((*above, first))
        raise ConfigError(f"{mark.origin}: {dotted((*above, *steps))}: {inside} has a single value; expected its name")
    return with_pairs(node, {**pairs, first: (key, _with_value(before, rest, value, mark, (*above, first)))})


def _node(value: Any, mark: GivenMark, location: tuple[str | int, ...]) -> Node:
    """Return a Python value as a node; numbers, dates and paths become those that YAML would give."""
    if len(location) > DEEPEST:
        raise ConfigError(f"{mark.origin}: {dotted(location[:3])}...: nested more than {DEEPEST} levels deep")
    value = _settings_of(value) if isinstance(value, BaseModel | type) else value
    if isinstance(value, pd.Series | np.ndarray):
        value = value.to_dict() if isinstance(value, pd.Series) else value.tolist()
    elif isinstance(value, pd.DataFrame):
        raise ConfigError(f"{mark.origin}: {dotted(location)}: got a DataFrame; expected a value, a list or a mapping")
    if isinstance(value, Mapping):
        at = f"{dotted(location)}: " if location else ""
        for name in value:
            if not isinstance(name, str | date | int | float):
                raise ConfigError(f"{mark.origin}: {at}got the name {name!r}; expected text")
        pairs: list[tuple[Node, Node]] = [
            (_scalar(name, mark), _node(inner, mark, (*location, name)))
            for name, inner in ((_text(name), inner) for name, inner in value.items())
        ]
        return MappingNode(_AS_IT_IS, pairs, start_mark=mark)
    if isinstance(value, list | tuple):
        return SequenceNode(
            _AS_IT_IS, [_node(item, mark, (*location, i)) for i, item in enumerate(value)], start_mark=mark
        )
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date):
        value = _text(value)
    return _scalar(fspath(value) if isinstance(value, PathLike) else value, mark)


def _text(value: Any) -> str:
    """Return a name or a date, which may be a Timestamp, as YAML has it."""
    return value.isoformat().removesuffix("T00:00:00") if isinstance(value, date) else str(value)


def _settings_of(given: Any) -> Any:
    """Return the settings of a section, or of a strategy, an estimator or their classes, by name.

    A `RunConfig` inside another one is returned as it is.
    """
    if isinstance(given, StrategyChoice):
        return {"name": NamedClass(given.name, type(given.model)), **fields_of(given.model)}
    if isinstance(given, Strategy):
        return {"name": NamedClass(type(given).__name__, type(given)), **fields_of(given)}
    if isinstance(given, Estimator):
        name = given.covariance or type(given).__name__
        return {**fields_of(given), "covariance": NamedClass(name, type(given))}
    if isinstance(given, type) and issubclass(given, Strategy):
        return NamedClass(given.__name__, given)
    if isinstance(given, type) and issubclass(given, Estimator):
        return NamedClass(str(given.model_fields["covariance"].default) or given.__name__, given)
    return fields_of(given) if isinstance(given, BaseModel) and not isinstance(given, RunConfig) else given


def fields_of(section: BaseModel) -> dict[str, Any]:
    """Return the settings that a section was given, by their names in a configuration, without hiding secrets."""
    fields = type(section).model_fields.items()
    given = {name: field for name, field in fields if name in section.model_fields_set and not field.exclude}
    return {field.alias or name: getattr(section, name) for name, field in given.items()}


def _scalar(value: Any, mark: GivenMark) -> ScalarNode:
    return ScalarNode(_AS_IT_IS, value, start_mark=mark, style=_AS_IT_IS)
