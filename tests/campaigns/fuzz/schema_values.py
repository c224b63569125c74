"""Values drawn from a JSON schema, such as pydantic makes of the settings: valid one by one, if not always together."""

import random
from collections.abc import Mapping
from typing import Any

ASSETS = ("us_stocks", "us_treasury_10y", "us_corporate_aaa", "gold", "crude_oil")
KEYS = (*ASSETS, "equities", "bonds", "commodities", "1990-01-01", "2005-06-30", "0", "100000")
WORDS = (
    *KEYS,
    "us_tbill",
    "us_cpi",
    "36",
    "12",
    "3Y",
    "1Y",
    "6M",
    "60M",
    "252D",
    "1d",
    "USD",
    "EUR",
    "sample",
    "benchmark",
)
NUMBERS = (0, 0.1, 0.25, 0.5, 0.6, 0.9, 1, 1.5, 2, 3, 5, 10, 12, 25, 36, 50, 100, 1000, 1_000_000)
_DEEP = 3  # below it no settings in settings are drawn: groups may hold groups


def drawn(  # noqa: PLR0911 - one for each kind of schema
    schema: Mapping[str, Any], rng: random.Random, definitions: Mapping[str, Any], depth: int = 0
) -> Any:
    """Return a value that satisfies a schema; its texts are names and windows that a configuration may contain."""
    if "$ref" in schema:
        return drawn(definitions[schema["$ref"].rpartition("/")[2]], rng, definitions, depth + 1)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        simple = [choice for choice in choices if "$ref" not in choice]
        return drawn(rng.choice(simple if simple and depth > _DEEP else choices), rng, definitions, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return _object(schema, rng, definitions, depth)
        case "array":
            return [drawn(schema.get("items", {}), rng, definitions, depth) for _ in range(rng.randrange(1, 4))]
        case "number" | "integer" as kind:
            return _number(schema, rng, whole=kind == "integer")
        case "boolean":
            return rng.random() < 0.5
        case "string" if schema.get("format") == "date":
            return f"{rng.randrange(1970, 2015)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        case "string":
            return rng.choice(WORDS)
        case _:
            return None


def _object(
    schema: Mapping[str, Any], rng: random.Random, definitions: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    required = schema.get("required", ())
    value = {
        name: drawn(inner, rng, definitions, depth)
        for name, inner in schema.get("properties", {}).items()
        if name in required or "const" in inner or rng.random() < 0.3
    }
    if isinstance(others := schema.get("additionalProperties"), dict):
        value |= {key: drawn(others, rng, definitions, depth) for key in rng.sample(KEYS, rng.randrange(1, 5))}
    return value


def _number(schema: Mapping[str, Any], rng: random.Random, *, whole: bool) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1))
    most = schema.get("maximum", schema.get("exclusiveMaximum", 10**7))
    fitting = [number for number in NUMBERS if least < number < most and (not whole or isinstance(number, int))]
    chosen: float = rng.choice(fitting or [least, most])
    return chosen
