"""Loading of a configuration file, with all of its mistakes reported together."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from backtest.analysis.own_metric import Metric, find_metric
from backtest.config.document import Document
from backtest.config.extends import TITLE
from backtest.config.given_values import fields_of
from backtest.config.known_names import check_names
from backtest.config.messages import as_yaml, first_lines, lines, unknown_key
from backtest.config.nested.implied_benchmark import is_weights, series_benchmark, strategy_benchmark, weights_benchmark
from backtest.config.nested.sleeve_configs import misfits, replace_configs
from backtest.config.replaced_sections import contradictions, with_sections
from backtest.config.run_config import RunConfig
from backtest.config.yaml_nodes import Location, dotted
from backtest.data.data_settings import DataSettings
from backtest.errors import ConfigError, DataError, EstimationError, MetricError
from backtest.estimation.estimation_settings import estimator_with_settings, find_estimator
from backtest.estimation.estimator import Estimator
from backtest.estimation.methods.sample_covariance import Sample
from backtest.own_code import is_own
from backtest.strategy import StrategyError
from backtest.strategy.choice import NamedClass, StrategyChoice
from backtest.strategy.discovery import find_strategy, strategy_files, with_settings

_OF_BENCHMARK = re.compile(r": benchmark(?:\[\d+\])?: ")
_ENDINGS = (".yaml", ".yml")
_LONGEST = 100  # characters of the name of a run
_BENCHMARKS = "expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {gold: 1}"
SECTIONS_OF_MANY_RUNS: Mapping[str, str] = {
    "sweep": "Hint: python -m backtest sweep, or bt.sweep",
    "walk_forward": "Hint: python -m backtest walk-forward, or bt.walk_forward",
}
"""Sections of a configuration for many runs, and how these are started."""
_OF_THE_RUN = {"benchmark": None, "other_benchmarks": (), "start": None, "end": None}
"""Settings of a benchmark that do not apply: it has no benchmark of its own, and it has the dates of its run."""


def load_config(
    given: str | Path | Mapping[str, Any] | RunConfig,
    overrides: Mapping[str, Any] | None = None,
    *,
    data: DataSettings | None = None,
    with_benchmark: bool = True,
) -> RunConfig:
    """Read and check a configuration and its benchmark's.

    Names of assets, classes and strategies must exist; no prices are read to check them.

    Args:
        given: a file; settings as nested mappings, whose paths are relative to the current folder and whose `strategy`
            may be a class or an object; or a configuration, which is checked again only if there are overrides.
        overrides: values that replace settings, by dotted name such as `estimation.window`. A section may be given as a
            mapping; it replaces the settings that it names. Paths are relative to the configuration.
        data: data section in place of the configuration's and of its benchmark's own.
        with_benchmark: whether the benchmark is loaded too; a benchmark has no benchmark of its own.

    Raises:
        ConfigError: mistakes in the configuration, each with its file, line and column, or with `overrides`.
        DataError: the data file is missing or has no readable header.

    Example:
        >>> load_config("configs/erc.yaml", {"estimation.window": "3Y"}).estimation.window
        '3Y'
    """
    if overrides is not None and not isinstance(overrides, Mapping):
        raise ConfigError(f"overrides: got the type {type(overrides).__name__}; expected values by name of a setting")
    if data is not None and any(str(name).partition(".")[0] == "data" for name in overrides or ()):
        raise ConfigError("overrides: data: given by the market too; expected one of the two")
    if isinstance(given, RunConfig):
        if not overrides and data is None:
            return given
        replaced = with_sections(given, overrides or {}) if data is None and with_benchmark else None
        if replaced is not None:
            return replaced
        benchmarks = {"benchmark": given.benchmarks} if given.other_benchmarks else {}
        document = Document({**fields_of(given), **benchmarks}, overrides, given.file, data)
        document.overrides = tuple(dict.fromkeys((*given.overrides, *document.overrides)))
        return load_document(document, data, with_benchmark=with_benchmark)
    if isinstance(given, Mapping):
        return load_document(Document(given, overrides, data=data), data, with_benchmark=with_benchmark)
    if isinstance(given, str | Path):
        return load_document(Document(Path(given), overrides, data=data), data, with_benchmark=with_benchmark)
    expected = "the path of a configuration file, settings by name, or a RunConfig"
    raise ConfigError(f"got the type {type(given).__name__}; expected {expected}")


def _values(document: Document) -> dict[str, Any]:
    """Return the values of a document, without a title that belongs to a name which an override has replaced."""
    renamed = "name" in document.overrides and TITLE not in document.overrides
    return {name: value for name, value in document.values.items() if not (renamed and name == TITLE)}


def load_document(
    document: Document,
    data: DataSettings | None = None,
    *,
    with_benchmark: bool = True,
    above: tuple[Path, ...] = (),
) -> RunConfig:
    """Return the configuration of a document, checked as `load_config` does.

    Args:
        document: the configuration as written.
        data: data section in place of its own, also for its benchmark and its sleeves.
        with_benchmark: whether the benchmark is loaded too.
        above: files of the sleeves around this one, and its own file if it is a sleeve.
    """
    problems = first_lines(document.problems, str)
    values = _values(document)
    for section in [name for name in SECTIONS_OF_MANY_RUNS if name in values]:
        hint = SECTIONS_OF_MANY_RUNS[section]
        problems.append(f"{document.at((section,), key=True)}: {section}: many runs; expected a single one. {hint}")
        del values[section]

    def load(sleeve: Path | RunConfig) -> RunConfig:
        if isinstance(sleeve, RunConfig):
            return load_config(sleeve, data=data)
        chain = (*above, sleeve)
        if sleeve.resolve() in [file.resolve() for file in above]:  # the run may be a file with another strategy
            raise ConfigError(f"{sleeve}: a sleeve of itself: {' -> '.join(map(str, chain))}")
        return load_document(Document(sleeve, data=data), data, with_benchmark=True, above=chain)

    sleeves: dict[Location, RunConfig] = {}
    strategy = _strategy(document, problems, load, sleeves)
    given = values.pop("benchmark", None)
    benchmarks = _benchmarks(given, document, problems, data) if with_benchmark else {}
    chosen = {"strategy": strategy} if "strategy" in values else {}
    if not document.path.name:  # settings from Python may have no name
        values.setdefault("name", "run" if strategy is None else strategy.name)
    given_estimator = _own_estimator(document, problems)
    if given_estimator is not None:
        values["estimation"] = given_estimator
    own_metrics = _own_metrics(document, problems)
    if own_metrics is not None:
        values["report"] = {**values["report"], "metrics": own_metrics}
    origin = {"file": document.path, "overrides": document.overrides}
    checked = _validate({**values, **chosen, **origin}, document, problems, strategy is None)
    check_names(document, problems, strategy, document.path.parent, None if checked is None else checked.data)
    if checked is not None:
        main, *others = benchmarks.values() or (None,)
        checked = checked.model_copy(update={"benchmark": main, "other_benchmarks": tuple(others)})
        problems += contradictions(document, checked, benchmarks, with_benchmark)
        problems += misfits(checked, sleeves, document)
    if checked is None or problems:
        raise ConfigError(*sorted(_without_repeats(problems), key=_by_place))
    return checked


def _without_repeats(problems: list[str]) -> list[str]:
    """Return each line once; a benchmark that inherits a mistake of the run does not repeat it."""
    of_run = {line.partition(": ")[2] for line in problems}
    inherited = {line for line in problems if any(rest in of_run for rest in _OF_BENCHMARK.split(line, maxsplit=1)[1:])}
    return [line for line in dict.fromkeys(problems) if line not in inherited]


def _by_place(problem: str) -> tuple[str, int, int]:
    file, line, column, *_ = [*problem.split(":", 3), "", ""]
    return (file, int(line), int(column)) if line.isdigit() and column.isdigit() else (file, 0, 0)


def _validate(
    values: dict[str, Any], document: Document, problems: list[str], strategy_is_wrong: bool
) -> RunConfig | None:
    try:
        problems += [
            f"{document.at((name,), key=True)}: {name}: {unknown_key((name,), RunConfig)}"
            for name in ("file", "overrides", "other_benchmarks")  # fields of the object that are not settings
            if name in document.values
        ]
        return RunConfig.model_validate(values)
    except ValidationError as failure:
        skip = {"strategy"} if strategy_is_wrong and "strategy" in values else set()
        errors = [error for error in failure.errors() if error["loc"][0] not in skip]
        problems += lines(errors, document, (), RunConfig)
    return None


def _strategy(
    document: Document,
    problems: list[str],
    load: Callable[[Path | RunConfig], RunConfig],
    sleeves: dict[Location, RunConfig],
) -> StrategyChoice | None:
    """Return the strategy; `load` loads the configurations of its sleeves, which `sleeves` receives by location."""
    if "strategy" not in document.values:
        return None  # reported as missing with the rest
    raw = document.values["strategy"]
    settings = {"name": raw} if isinstance(raw, str) else dict(raw) if isinstance(raw, dict) else {}
    name = settings.pop("name", None)
    if not isinstance(name, str):
        problems.append(
            f"{document.at(('strategy',))}: strategy: expected a name, such as erc, or a mapping such as {{name: erc}}"
        )
        return None
    mistakes = len(problems)
    settings, configs = replace_configs(settings, document, problems, load)
    sleeves.update(configs)
    if len(problems) > mistakes:
        return None
    try:
        if isinstance(name, NamedClass):
            strategy = name.given
        else:
            strategy = find_strategy(name, document.folder_of(("strategy", "name")))
        model = with_settings(strategy, name, settings, document.path.parent)
        return StrategyChoice(name=str(name), model=model)
    except StrategyError as problem:
        problems.append(f"{document.at(('strategy', 'name'))}: strategy.name: {problem}")
    except ValidationError as failure:
        problems += lines(failure.errors(), document, ("strategy",), strategy, name)
    return None


def _own_estimator(document: Document, problems: list[str]) -> Estimator | None:
    """Return the user's estimator that the section chooses; None for a shipped one, which is checked with the rest."""
    at = ("estimation", "covariance")
    name = document.value(at) if document.has(at) else None
    if not isinstance(name, str):
        return None
    try:
        found = name.given if isinstance(name, NamedClass) else find_estimator(name, document.folder_of(at))
        settings = {key: value for key, value in document.values["estimation"].items() if key != "covariance"}
        return estimator_with_settings(found, str(name), settings) if is_own(found) else None
    except EstimationError as problem:
        problems.append(f"{document.at(at)}: estimation.covariance: {problem}")
    except ValidationError as failure:
        problems += lines(failure.errors(), document, ("estimation",), found, str(name))
    return Sample()  # in place of a wrong one, so that the other sections are checked


def _own_metrics(document: Document, problems: list[str]) -> list[Metric] | None:
    """Return the user's metrics that the section lists; None without a list, which is checked with the rest."""
    at = ("report", "metrics")
    names = document.value(at) if document.has(at) else None
    if not isinstance(names, list):
        return None
    metrics = []
    for i, name in enumerate(names):
        try:
            metrics.append(find_metric(name, document.folder_of((*at, i))))
        except MetricError as problem:
            problems.append(f"{document.at((*at, i))}: {dotted((*at, i))}: {problem}")
    return metrics


def _benchmarks(
    raw: Any, document: Document, problems: list[str], data: DataSettings | None
) -> dict[Location, RunConfig]:
    """Return the benchmarks, the main one first, by their places in the configuration."""
    given: dict[Location, Any] = {} if raw is None else {("benchmark",): raw}
    if isinstance(raw, list) and raw:
        given = {("benchmark", i): each for i, each in enumerate(raw)}
    found = {place: _benchmark(each, place, document, problems, data) for place, each in given.items()}
    return {place: benchmark for place, benchmark in found.items() if benchmark is not None}


def _benchmark(
    raw: Any, place: Location, document: Document, problems: list[str], data: DataSettings | None
) -> RunConfig | None:
    at, folder = f"{document.at(place)}: {dotted(place)}", document.folder_of(place)
    source: Any = None
    if isinstance(raw, RunConfig):
        if data is None and all(getattr(raw, name) == value for name, value in _OF_THE_RUN.items()):
            return raw
        source = raw.model_copy(update=_OF_THE_RUN)
    elif isinstance(raw, str):
        source = _named_benchmark(raw, folder, document)
    elif is_weights(raw):
        source = weights_benchmark(raw, document.values)
    elif isinstance(raw, dict) and "strategy" in raw:
        source = raw
    if source is None:
        got = f"no such file: {raw}" if isinstance(raw, str) else f"got {as_yaml(raw)}"
        problems.append(f"{at}: {got}; {_BENCHMARKS}")
        return None
    try:
        if isinstance(source, dict):
            loaded = load_document(Document(source, path=document.path, data=data), data, with_benchmark=False)
        else:
            loaded = load_config(source, data=data, with_benchmark=False)
        return loaded.model_copy(update=_OF_THE_RUN)
    except ConfigError as failure:
        in_file = isinstance(source, Path)
        problems += failure.problems if in_file else [_of_benchmark(line, at) for line in failure.problems]
    except DataError as failure:
        problems.append(f"{at}: {failure}")
    return None


def _named_benchmark(name: str, folder: Path, document: Document) -> Path | dict[str, Any] | None:
    """Return the file or the settings that a benchmark's name stands for; None for a file that does not exist."""
    files = [folder / name, folder / f"{name}.yaml"]
    for file in files:
        if os.path.isfile(file):  # noqa: PTH113 - Path raises if the name is too long
            return file
    path = PurePath(name)
    if path.suffix in _ENDINGS or len(path.parts) > 1 or name.startswith("~") or len(name) > _LONGEST:
        return None
    if name in strategy_files(folder):
        return strategy_benchmark(name, document.values)
    return series_benchmark(name, document.values)


def _of_benchmark(line: str, at: str) -> str:
    """Return a line about settings that a benchmark implies, at the place of the benchmark."""
    return f"{at}: {line.removeprefix('settings: ').removeprefix('data.assets[0]: ')}"
