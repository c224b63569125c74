"""Replacement of some sections of a checked configuration, and what contradicts its benchmarks."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from backtest.config.document import Document
from backtest.config.extends import TITLE
from backtest.config.given_values import fields_of
from backtest.config.known_names import check_names
from backtest.config.run_config import RunConfig
from backtest.config.yaml_nodes import Location, dotted
from backtest.errors import BacktestError
from backtest.strategy.sleeves import sleeves_of

_ON_THEIR_OWN = frozenset(
    {
        "name",
        TITLE,
        "start",
        "end",
        "initial_capital",
        "estimation",
        "leverage",
        "rebalance",
        "costs",
        "financing",
        "fees",
    }
)
"""Sections whose settings no benchmark and no sleeve takes over once it is loaded."""


def with_sections(given: RunConfig, overrides: Mapping[str, Any]) -> RunConfig | None:
    """Return a configuration with settings of some sections replaced, without checking the other sections again.

    It is None if the overrides need more than that, or contain a mistake: the check of the whole describes it.
    """
    sections = {str(name).partition(".")[0] for name in overrides}
    if not sections <= _ON_THEIR_OWN or next(sleeves_of(given.strategy.model), None) is not None:
        return None
    kept = {name: getattr(given, name) for name in given.model_fields_set}
    if "name" in overrides and TITLE not in overrides:
        kept.pop(TITLE, None)
    try:
        written = {name: value for name, value in fields_of(given).items() if name in sections}
        document = Document(written, overrides, given.file)
        names = tuple(dict.fromkeys((*given.overrides, *document.overrides)))
        checked = RunConfig.model_validate({**kept, **document.values, "overrides": names})
        problems = list(document.problems)
        check_names(document, problems, checked.strategy, given.folder, checked.data)
        places: dict[Location, RunConfig] = {
            ("benchmark", k): benchmark for k, benchmark in enumerate(checked.benchmarks)
        }
        problems += contradictions(document, checked, places, with_benchmark=True)
    except (ValidationError, BacktestError):
        return None
    return None if problems else checked


def contradictions(
    document: Document, config: RunConfig, benchmarks: Mapping[Location, RunConfig], with_benchmark: bool
) -> list[str]:
    """Return a line for each setting that contradicts the benchmarks."""
    problems, ours, names = [], config.data.currency, set[str]()
    for place, benchmark in benchmarks.items():
        at, theirs = f"{document.at(place)}: {dotted(place)}", benchmark.data.currency
        if theirs != ours:
            problems.append(f"{at}: its currency is {theirs}, but the run's is {ours}; expected one currency")
        if benchmark.name in names:
            problems.append(f"{at}: another benchmark has the name {benchmark.name} too; expected each name once")
        names.add(benchmark.name)
    why = "this configuration has no benchmark" if with_benchmark else "a benchmark has no benchmark of its own"
    if config.benchmark is not None:
        why = "the benchmark's targets depend on its own path" if config.benchmark.follows_its_path else ""
    if why:
        problems += [
            f"{document.at(at)}: {dotted(at)}: benchmark, but {why}; expected a number"
            for at in config.volatilities_of_benchmark
        ]
    return problems
