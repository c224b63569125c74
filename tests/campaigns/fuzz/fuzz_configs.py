"""Configurations by structure: shipped ones with sections drawn from the schema, then with odd leaves and texts."""

import json
import math
import random
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from backtest.config import RunConfig
from backtest.config.document import Document
from backtest.strategy.discovery import find_strategy, strategy_files
from campaigns.fuzz.fuzz_case import Case
from campaigns.fuzz.odd_values import odd_bytes, odd_value
from campaigns.fuzz.schema_values import drawn
from campaigns.fuzz.whole_runs import problems_of

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


class Plain(str):
    """Text that stands in a YAML file as it is."""

    __slots__ = ()


_PLAIN = tuple(map(Plain, (
    ".nan", "-.inf", "1e400", "0x1F", "0o17", "010", "1_000", "!!python/object:os.system x", "!!binary aGk=",
    "!!set {a}", "*a", "&a 1", "&a [*a]", "2020-13-45", "'", "|", "? a", "- -", "<<: *a", "@", "`", "%",
    "9" * 5000, "\t", "--- a",
)))  # fmt: skip


def config_case(seed: int, number: int) -> Case:
    """Return the configuration of a case."""
    rng = random.Random(f"config {seed} {number}")
    tree = deepcopy(rng.choice(_shipped()))
    for section in [name for name in _sections() if rng.random() < 0.08]:
        _replace_section(tree, section, rng)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        _make_odd(tree, rng)
    content = as_yaml(tree).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        content = odd_bytes(content, rng)
    elif rng.random() < 0.02:
        content += rng.choice(_large_texts())
    files = {"mine.yaml": content, "60_40.yaml": _benchmark()}
    return Case(files, problems_of(number), content.decode(errors="replace"))


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    """Return the monthly and daily configurations as plain values, over the last years of the bundled data."""
    trees = []
    for path in sorted([*CONFIGS.glob("*.yaml"), *CONFIGS.glob("daily/*.yaml")]):
        tree = Document(path).values
        tree["data"]["start"] = "2000-01-01" if tree["data"]["source"] == "sample" else "2008-01-01"
        if "benchmark" in tree:
            tree["benchmark"] = "60_40.yaml"
        trees.append(tree)
    return tuple(trees)


@cache
def _benchmark() -> bytes:
    return (CONFIGS / "60_40.yaml").read_bytes().replace(b"1978-01-01", b"2000-01-01")


@cache
def _schema() -> Mapping[str, Any]:
    return RunConfig.model_json_schema()


def _sections() -> Mapping[str, Any]:
    sections: dict[str, Any] = _schema()["$defs"]["RunConfig"]["properties"]
    return {
        name: schema
        for name, schema in sections.items()
        if name not in ("file", "name", "benchmark", "other_benchmarks")
    }


def _replace_section(tree: dict[str, Any], section: str, rng: random.Random) -> None:
    """Replace a section, or some settings of it, by what the schema allows."""
    if section == "strategy":
        files = strategy_files(CONFIGS)
        name = rng.choice(sorted(files))
        schema = find_strategy(name, CONFIGS).model_json_schema()
        tree[section] = {"name": name, **drawn(schema, rng, schema.get("$defs", {}))}
        return
    value = drawn(_sections()[section], rng, _schema()["$defs"])
    if section == "data":  # the rest of the section is what makes a run possible
        kept = rng.sample(sorted(value), min(2, len(value)))
        tree[section] |= {name: value[name] for name in kept}
    else:
        tree[section] = value


def _make_odd(tree: dict[str, Any], rng: random.Random) -> None:
    """Change a random place of a tree: its value, its type, its key, or its place."""
    holder, key = rng.choice(list(_places(tree)))
    match rng.randrange(8):
        case 0 | 1 | 2:
            holder[key] = deepcopy(odd_value(rng))  # a list that all cases share must not be changed
        case 3:
            holder[key] = deepcopy(rng.choice(_PLAIN))
        case 4:
            holder[key] = rng.choice(([holder[key]], {"a": holder[key]}, [holder[key]] * 3, str(holder[key])))
        case 5:
            del holder[key]
        case 6 if isinstance(holder, dict):
            holder[rng.choice((f"{key}x", str(odd_value(rng)), Plain("?"), Plain("<<")))] = holder[key]
        case _:
            other, there = rng.choice(list(_places(tree)))
            holder[key] = deepcopy(other[there])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a tree, as the mapping or list that holds it and its key there."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, inner in items:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def as_yaml(value: Any) -> str:
    """Return a value as YAML in flow style, which is JSON but for the numbers that JSON lacks."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return json.dumps(value, ensure_ascii=False, default=str)


@cache
def _large_texts() -> tuple[bytes, ...]:
    """Return texts that take long to read unless their size is limited: aliases of aliases, many keys, deep nesting."""
    aliases = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    keys = (f"k{n}: {n}" for n in range(20_000))
    texts = ("\n".join(aliases), "\n".join(keys), f"deep: {'[' * 3000}", "name: " + "x" * 100_000)
    return tuple(f"\n{text}\n".encode() for text in texts)
