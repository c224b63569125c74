"""JSON Schema of a configuration, with which editors complete and check YAML files."""

import re
from collections.abc import Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema, to_jsonable_python

from backtest.config.extends import EXTENDS
from backtest.config.grid.sweep_settings import SweepSettings
from backtest.config.grid.walk_forward_settings import WalkForwardSettings
from backtest.config.run_config import RunConfig
from backtest.data.data_settings import DataSettings
from backtest.data.series_settings import AssetSettings, SeriesSettings
from backtest.data.sources.registry import source_records
from backtest.estimation.estimation_settings import estimator_classes
from backtest.strategy.discovery import find_strategy, shipped_strategies

Schema = dict[str, Any]
_ARGUMENT = re.compile(r"^(\w+): (.*?)(?=^\w+: |\Z)", re.MULTILINE | re.DOTALL)
_OWN_CLASS: Schema = {"type": "string", "pattern": r"^[\w.]+:\w+$"}
_OF_MANY_RUNS: Mapping[str, type[BaseModel]] = {"sweep": SweepSettings, "walk_forward": WalkForwardSettings}
_HAVE_SOURCES = (DataSettings, SeriesSettings, AssetSettings)


def json_schema() -> Schema:
    """Return the JSON Schema of a configuration, with all shipped strategies, estimators and sources.

    A configuration that `extends` another may leave out any setting, and a section any setting that it inherits, so
    nothing is required of a section but what no other file can add.

    Example:
        >>> schema = json_schema()
        >>> schema["properties"]["costs"]["$ref"], schema["$defs"]["TradingCosts"]["properties"]["fixed"]["minimum"]
        ('#/$defs/TradingCosts', 0)
    """
    strategies = {name: find_strategy(name, Path()) for name in sorted(shipped_strategies())}
    models: list[type[BaseModel]] = [RunConfig, *_OF_MANY_RUNS.values(), *strategies.values()]
    places, whole = models_json_schema([(model, "validation") for model in models], schema_generator=_Described)
    parts: dict[str, Schema] = whole["$defs"]
    references = {model: places[model, "validation"]["$ref"].rpartition("/")[2] for model in models}
    run = parts.pop(references[RunConfig])
    for name, strategy in strategies.items():
        part = parts[references[strategy]]
        part["properties"] = {"name": {"description": part["description"], "const": name}, **part.get("properties", {})}
        part["required"] = ["name"]
    for unused in ("StrategyChoice", "Strategy", "Metric"):
        parts.pop(unused, None)
    for name, field in RunConfig.model_fields.items():
        if field.exclude:
            del run["properties"][name]
    inherited = {EXTENDS: {"type": "string", "description": "Another configuration, whose settings are inherited."}}
    run["properties"] = {**inherited, **run["properties"]}
    run["properties"]["strategy"] = _strategy([references[strategy] for strategy in strategies.values()])
    parts["StrategyChoice"] = {"description": "Strategy of a sleeve.", "$ref": "#/properties/strategy"}
    run["properties"]["benchmark"] = _BENCHMARK
    for name, model in _OF_MANY_RUNS.items():
        part = references[model]
        run["properties"][name] = {"description": parts[part]["description"], "$ref": f"#/$defs/{part}"}
    estimators = {"enum": [estimator.model_fields["covariance"].default for estimator in estimator_classes()]}
    own_name = {"description": "Name of an estimator of your own.", "type": "string", "not": estimators}
    own = {"type": "object", "required": ["covariance"], "properties": {"covariance": own_name}}
    sleeve = parts["Sleeve"]
    for section in (run, sleeve):
        section["properties"]["estimation"]["anyOf"].append(own)
    sleeve["properties"]["config"].pop("default")
    sleeve["anyOf"] = [{"required": [name]} for name in (*sleeve.pop("required"), "config")]
    needed = {"data": {"required": parts["DataSettings"]["required"]}}
    for section in _sections(run, parts):
        section.pop("required", None)
    complete = {"required": run.pop("required"), "properties": needed}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a backtest",
        **run,
        "anyOf": [{"required": [EXTENDS]}, complete],
        "$defs": parts,
    }


class _Described(GenerateJsonSchema):
    """Schemas with the descriptions of the docstrings, without titles, and with shipped sources by name."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        made = super().model_schema(schema)
        made.pop("title", None)
        model: type[BaseModel] = schema["cls"]
        made["description"] = _sentence(cleandoc(model.__doc__ or "").partition("\n\n")[0])
        described = {name: text for base in reversed(model.__mro__) for name, text in _arguments(base).items()}
        described |= {
            field.alias: described[name]
            for name, field in model.model_fields.items()
            if field.alias and name in described
        }
        for name, part in made.get("properties", {}).items():
            words = [described.get(name, ""), "Basis points: 100 are 1 %." if name.endswith("_bps") else ""]
            if any(words):
                part["description"] = " ".join(filter(None, words))
            factory = model.model_fields[name].default_factory if name in model.model_fields else None
            if factory is not None:
                part["default"] = to_jsonable_python(model.model_fields[name].get_default(call_default_factory=True))
        if issubclass(model, _HAVE_SOURCES):
            made["properties"]["source"] |= {"anyOf": [{"enum": list(source_records())}, _OWN_CLASS]}
            made["properties"]["source"].pop("type", None)
        return made

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Schema:
        """Return the members side by side: without the inherited tag, settings may fit several of them."""
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return {"anyOf": made.pop("oneOf"), **made}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - no field has a title
        """Leave titles out: they repeat the names."""
        return False


def _arguments(model: type) -> dict[str, str]:
    """Return the descriptions under `Args:` in the docstring of a class itself."""
    _, _, listed = cleandoc(model.__dict__.get("__doc__") or "").partition("\nArgs:\n")
    return {name: _sentence(text) for name, text in _ARGUMENT.findall(cleandoc(listed.partition("\n\n")[0]))}


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line[:1].upper() + line[1:]


def _strategy(shipped: list[str]) -> Schema:
    """Return the schema of the section `strategy`: a name, or a name and settings."""
    names = {"enum": sorted(shipped_strategies())}
    name = {"description": "Name of a strategy of your own.", "type": "string", "not": names}
    own = {"type": "object", "properties": {"name": name}}
    return {
        "description": "Name of a strategy, or its name and its settings; your own strategies included.",
        "anyOf": [names, {"type": "string"}, *({"$ref": f"#/$defs/{name}"} for name in shipped), own],
    }


_ONE_BENCHMARK: list[Schema] = [
    {"type": "string"},
    {"type": "object", "additionalProperties": {"type": "number"}, "minProperties": 1},
    {"type": "object", "required": ["strategy"]},
]
_BENCHMARK: Schema = {
    "description": "What the run is compared with: a configuration, a strategy, a series, or weights of assets; "
    "or a list of these, the main one first.",
    "anyOf": [*_ONE_BENCHMARK, {"type": "array", "items": {"anyOf": _ONE_BENCHMARK}, "minItems": 1}, {"type": "null"}],
}


def _sections(run: Schema, parts: Mapping[str, Schema]) -> list[Schema]:
    """Return the schemas of the sections of a run, without strategies, whose names decide which one is meant."""
    sections = []
    for name, part in run["properties"].items():
        members = [part, *part.get("anyOf", ())]
        if name not in {"strategy", "benchmark"}:
            sections += [parts[member["$ref"].rpartition("/")[2]] for member in members if "$ref" in member]
    return sections
