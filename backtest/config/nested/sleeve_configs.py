"""Sleeves of a blend that are whole configurations.

A sleeve takes over the strategy, the estimator and the leverage of its configuration. Data and terms are for the whole
portfolio, so they have to be the same in the configuration and in the run.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backtest.config.document import Document
from backtest.config.messages import as_yaml
from backtest.config.run_config import RunConfig
from backtest.config.yaml_nodes import Location, dotted
from backtest.errors import ConfigError, DataError

_OF_THE_PORTFOLIO = ("initial_capital", "rebalance", "costs", "financing", "fees")

SleeveConfigs = Mapping[Location, RunConfig]
"""Configurations of sleeves by the location of their names in the configuration of the run."""


def replace_configs(
    settings: Mapping[str, Any],
    document: Document,
    problems: list[str],
    load: Callable[[Path | RunConfig], RunConfig],
    at: Location = ("strategy",),
) -> tuple[dict[str, Any], dict[Location, RunConfig]]:
    """Replace the configurations of sleeves by their strategy, estimation and leverage.

    Args:
        settings: settings of a strategy, which may have sleeves.
        document: the configuration of the run.
        problems: receives a line for each configuration that cannot be loaded.
        load: function that loads a configuration.
        at: location of the settings.

    Returns:
        The settings, and the configurations that were replaced.
    """
    sleeves = settings.get("sleeves")
    replaced: dict[Location, RunConfig] = {}
    if not isinstance(sleeves, Mapping):
        return dict(settings), replaced
    changed = dict(sleeves)
    for name, sleeve in sleeves.items():
        place: Location = (*at, "sleeves", name)
        if not isinstance(sleeve, Mapping):
            continue
        if sleeve.get("config") is not None:
            config = _loaded(sleeve, document, problems, load, place)
            changed[name] = None if config is None else {**_without(sleeve, "config"), **_decisions(config)}
            if config is not None:
                replaced[*place, "config"] = config
        elif isinstance(sleeve.get("strategy"), Mapping):
            strategy, deeper = replace_configs(sleeve["strategy"], document, problems, load, (*place, "strategy"))
            changed[name] = {**sleeve, "strategy": strategy}
            replaced |= deeper
    return {**settings, "sleeves": changed}, replaced


def misfits(config: RunConfig, sleeves: SleeveConfigs, document: Document) -> list[str]:
    """Return a line for each setting of a sleeve's configuration that differs from the run's, but cannot apply.

    Args:
        config: configuration of the run.
        sleeves: configurations of its sleeves.
        document: the configuration of the run as written.
    """
    return [
        f"{document.at(at)}: {dotted(at)}: {mistake}"
        for at, sleeve in sleeves.items()
        for mistake in _of(config, sleeve)
    ]


def _loaded(
    sleeve: Mapping[str, Any],
    document: Document,
    problems: list[str],
    load: Callable[[Path | RunConfig], RunConfig],
    place: Location,
) -> RunConfig | None:
    """Return the configuration of a sleeve, or None with a line about what is wrong."""
    at, given = (*place, "config"), sleeve["config"]
    twice = [name for name in ("strategy", "estimation", "leverage") if sleeve.get(name) is not None]
    if twice:
        message = f"given in addition to {' and '.join(twice)}, which it has itself; expected one of the two"
        problems.append(f"{document.at(at)}: {dotted(at)}: {message}")
        return None
    folder = document.folder_of(at)
    names = [given, f"{given}.yaml"] if isinstance(given, str) else []
    found = given if isinstance(given, RunConfig) else next((folder / n for n in names if (folder / n).is_file()), None)
    if found is None:
        got = f"no such file: {given}" if isinstance(given, str) else f"got {as_yaml(given)}"
        problems.append(f"{document.at(at)}: {dotted(at)}: {got}; expected a configuration such as erc.yaml")
        return None
    try:
        return load(found)
    except ConfigError as failure:
        problems += failure.problems
    except DataError as failure:
        problems.append(f"{document.at(at)}: {dotted(at)}: {failure}")
    return None


def _decisions(config: RunConfig) -> dict[str, Any]:
    return {"strategy": config.strategy, "estimation": config.estimation, "leverage": config.leverage}


def _without(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != name}


def _of(run: RunConfig, sleeve: RunConfig) -> Iterator[str]:
    """Yield what is wrong with the configuration of a sleeve."""
    names = type(run.data).model_fields
    differing = [f"data.{name}" for name in names if getattr(sleeve.data, name) != getattr(run.data, name)]
    if differing:
        verb = "differs" if len(differing) == 1 else "differ"
        yield (
            f"its {', '.join(differing)} {verb} from the run's; expected the same data. Hint: both may extend one file"
        )
    for name in _OF_THE_PORTFOLIO:
        if name in sleeve.model_fields_set and getattr(sleeve, name) != getattr(run, name):
            yield f"its section {name} is not the run's, which is for the whole portfolio; expected the same, or none"
    if sleeve.volatilities_of_benchmark and not _same_benchmark(run, sleeve):
        at = dotted(sleeve.volatilities_of_benchmark[0])
        yield f"its {at} follows its benchmark, which is not the benchmark of the run; expected the same, or a number"


def _same_benchmark(run: RunConfig, sleeve: RunConfig) -> bool:
    ours, theirs = run.benchmark, sleeve.benchmark
    return ours is not None and theirs is not None and ours.resolved() == theirs.resolved()
